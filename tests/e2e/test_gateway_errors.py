"""An upstream that gives no answer at all: ours to tell, in JSON, with a word that says why."""

import openai
import pytest

from tests.e2e.callers import Caller
from tests.e2e.house import Place

ASKED = [{"role": "user", "content": "Hello"}]


@pytest.fixture(params=["sync", "async"])
def unanswered(place: Place, callers, request: pytest.FixtureRequest) -> Caller:
    """A caller whose answers are not the upstream's."""
    return callers[place.name, request.param]


def test_row_107_an_upstream_that_resets_before_its_answer_is_a_502(unanswered: Caller) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        unanswered.call(
            lambda c: c.chat.completions.create(
                model="gpt-4.1", messages=ASKED, extra_headers={"x-embedded-fault": "reset"}
            )
        )
    assert caught.value.status_code == 502
    assert caught.value.code == "upstream_closed"
    unanswered.place.check_requests()
    assert len(unanswered.place.passed()) == 1, "it may have been acted on, so it is sent once"


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
def test_an_upstream_that_resets_in_its_answer_never_gives_a_part(
    unanswered: Caller, stream: bool
) -> None:
    """A reset may overtake the answer's head; either way the SDK raises."""
    got: list = []
    headers = {"x-embedded-fault": "cut=2,reset"}

    def ask(client):
        return client.chat.completions.create(
            model="gpt-4.1", messages=ASKED, stream=stream, extra_headers=headers
        )

    with pytest.raises(Exception) as caught:  # noqa: PT011 - the SDK lets its HTTP library's through
        unanswered.items(ask, got) if stream else unanswered.call(ask)
    names = ("InternalServerError", "APIConnectionError", "RemoteProtocolError", "ReadError")
    assert type(caught.value).__name__ in names
    assert all(chunk.choices[0].finish_reason is None for chunk in got)
