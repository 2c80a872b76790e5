"""What goes wrong upstream arrives as it is, and what breaks never looks whole."""

import openai
import pytest

from tests.e2e.callers import Caller

ASKED = [{"role": "user", "content": "one two three four five six"}]


def chat(caller: Caller, fault: str, **more: object):
    return lambda c: c.chat.completions.create(
        model="gpt-4.1", messages=ASKED, extra_headers={"x-embedded-fault": fault}, **more
    )


def test_a_429_passes_with_its_retry_after_untouched(caller: Caller) -> None:
    with pytest.raises(openai.RateLimitError) as caught:
        caller.call(chat(caller, "status=429,retry-after=17,ratelimits"))
    headers = caught.value.response.headers
    assert headers["retry-after"] == "17"
    assert headers["x-ratelimit-remaining-tokens"] == "0"
    assert caught.value.code == "rate_limit_exceeded"
    assert len(caller.place.passed()) == 1


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("status=400", openai.BadRequestError),
        ("status=401", openai.AuthenticationError),
        ("status=500", openai.InternalServerError),
        ("status=503,retry-after=3", openai.InternalServerError),
        ("html", openai.InternalServerError),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_error_passes_and_is_asked_once(
    caller: Caller, fault: str, kind: type[openai.APIStatusError], stream: bool
) -> None:
    with pytest.raises(kind):
        caller.call(chat(caller, fault, stream=stream))
    assert len(caller.place.passed()) == 1


def test_a_mistake_of_the_callers_is_explained_by_the_upstream(caller: Caller) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        caller.call(lambda c: c.chat.completions.create(model="gpt-4.1", messages=[]))
    assert caught.value.param == "messages"


@pytest.mark.parametrize("fault", ["error=3", "error=0"])
def test_an_error_within_a_chat_stream_is_raised(caller: Caller, fault: str) -> None:
    got: list = []
    with pytest.raises(openai.APIError, match="error while processing"):
        caller.items(chat(caller, fault, stream=True), got)
    assert len(got) == int(fault[-1])


def test_an_error_within_a_response_stream_is_seen(caller: Caller) -> None:
    got: list = []
    with pytest.raises(openai.APIError):
        caller.items(
            lambda c: c.responses.create(
                model="gpt-4.1",
                input="x",
                stream=True,
                extra_headers={"x-embedded-fault": "error=3"},
            ),
            got,
        )
    assert "response.completed" not in [event.type for event in got]


def test_a_failed_response_ends_as_failed(caller: Caller) -> None:
    events = caller.items(
        lambda c: c.responses.create(
            model="gpt-4.1", input="x", stream=True, extra_headers={"x-embedded-fault": "failed=3"}
        )
    )
    assert events[-1].type == "response.failed"
    assert "response.completed" not in [event.type for event in events]
