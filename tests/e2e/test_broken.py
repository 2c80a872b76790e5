"""An answer that the upstream breaks off is broken off: the SDK raises, and never returns a part."""

import openai
import pytest

from tests.e2e.callers import Caller

ASKED = [{"role": "user", "content": "one two three four five six"}]


def broken(caller: Caller, ask) -> list:
    """Read a stream that must raise; what came before."""
    got: list = []
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the SDK lets its HTTP library's through
        caller.items(ask, got)
    assert type(caught.value).__name__ in ("RemoteProtocolError", "APIConnectionError", "ReadError")
    return got


def test_a_chat_stream_cut_in_its_middle_raises(caller: Caller) -> None:
    got = broken(
        caller,
        lambda c: c.chat.completions.create(
            model="gpt-4.1",
            messages=ASKED,
            stream=True,
            extra_headers={"x-embedded-fault": "cut=3"},
        ),
    )
    assert all(chunk.choices[0].finish_reason is None for chunk in got)
    assert len(got) == 3
    sent, _ = caller.place.last()
    assert not sent.answer().whole


def test_a_response_stream_cut_in_its_middle_raises(caller: Caller) -> None:
    got = broken(
        caller,
        lambda c: c.responses.create(
            model="gpt-4.1", input="x", stream=True, extra_headers={"x-embedded-fault": "cut=4"}
        ),
    )
    assert len(got) == 4
    assert got[-1].type != "response.completed"


def test_a_stream_cut_before_its_last_event_raises(caller: Caller) -> None:
    got = broken(
        caller,
        lambda c: c.chat.completions.create(
            model="gpt-4.1",
            messages=ASKED,
            stream=True,
            extra_headers={"x-embedded-fault": "cut=1000000"},
        ),
    )
    assert len(got) > 3


@pytest.mark.parametrize("fault", ["cut=2", "size=500000,cut=100"])
def test_a_whole_answer_cut_in_its_middle_raises(caller: Caller, fault: str) -> None:
    with pytest.raises(openai.APIConnectionError):
        caller.call(
            lambda c: c.chat.completions.create(
                model="gpt-4.1", messages=ASKED, extra_headers={"x-embedded-fault": fault}
            )
        )
    sent, _ = caller.place.last()
    assert not sent.answer().whole


def test_speech_cut_in_its_middle_raises(caller: Caller, tmp_path) -> None:
    with pytest.raises(Exception, match=r"(?i)peer closed|incomplete|connection error"):
        caller.save(
            lambda c: c.audio.speech.with_streaming_response.create(
                model="gpt-4o-mini-tts",
                voice="alloy",
                input="Hello",
                extra_headers={"x-embedded-fault": "size=1000000,cut=500"},
            ),
            tmp_path / "speech.mp3",
        )
