"""The last event of the backend's streams gets the output that the events before it told."""

import json
from typing import Any

import pytest

from openaiproxy.codex.completing import Completing
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.translation import Translation
from openaiproxy.wire.sse import Decoder
from tests.scripted import created, ended, message, reasoning, speech, thinking

FIRST, SECOND = reasoning("I think.", seal="s"), message("Hello")
EVENTS = [created(), *thinking(0, FIRST), *speech(1, SECOND, "Hel", "lo"), ended(usage=None)]


def framed(*events: dict[str, Any], end: str = "\n") -> bytes:
    frames = (f"event: {one['type']}{end}data: {json.dumps(one)}{end}{end}" for one in events)
    return "".join(frames).encode()


def through(data: bytes, size: int | None = None, limit: int = 1 << 20) -> bytes:
    made = Completing(limit)
    size = size or len(data)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return b"".join([*(made.feed(piece) for piece in pieces), made.eof()])


def last(data: bytes) -> Any:
    return json.loads(list(Decoder().feed(data))[-1].data)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("size", [None, 1, 7])
def test_the_items_that_were_done_are_the_output(end: str, size: int | None) -> None:
    data = framed(*EVENTS, end=end)
    passed = through(data, size)
    assert last(passed)["response"]["output"] == [FIRST, SECOND]
    before = framed(*EVENTS[:-1], end=end)
    assert passed.startswith(before)


def test_a_whole_event_passes_at_once() -> None:
    made = Completing(1 << 20)
    for event in EVENTS[:-1]:
        assert made.feed(framed(event)) == framed(event)


@pytest.mark.parametrize(
    "events",
    [
        [*EVENTS[:-1], ended(SECOND)],
        [created(), ended()],
        [*EVENTS[:-1], {"type": "response.failed", "response": {"output": []}}],
        [{"type": "response.output_item.done"}, {"type": "response.completed", "response": 3}],
        EVENTS[:-1],
    ],
)
def test_what_needs_nothing_passes_byte_for_byte(events: list[dict[str, Any]]) -> None:
    assert through(framed(*events), 5) == framed(*events)


@pytest.mark.parametrize("tail", [b"", b"data: {", b"data: \xff\n\n", b": x\n\n", b"\n"])
def test_what_is_cut_or_no_event_passes_too(tail: bytes) -> None:
    data = framed(*EVENTS[:-1]) + tail
    assert through(data, 3) == data


def test_too_much_to_hold_passes_as_it_is() -> None:
    data = framed(*EVENTS)
    assert through(data, 64, limit=300) == data
    long = b"data: " + b"x" * 500
    assert Completing(100).feed(long) == long


def test_what_it_makes_is_the_same_answer() -> None:
    asked = {"model": "gpt-5.5", "input": "Hi"}
    made = Translation.of(
        json.dumps(asked).encode(),
        caller=RESPONSES,
        upstream=RESPONSES,
        now=lambda: 1.0,
        new_id=lambda prefix: f"{prefix}1",
    )
    whole = made.collect(framed(*EVENTS))
    assert made.collect(through(framed(*EVENTS))).body == whole.body
    assert [item["id"] for item in json.loads(whole.body)["output"]] == ["rs_1", "msg_1"]
