"""What a parser holds back, and how much of it."""

from collections import deque
from typing import Any

import pytest

from openaiproxy.dialects.messages.stream import HELD
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import End, Fault, FaultKind, Other, PartEnd
from openaiproxy.hub.parts import Opaque, ToolCall
from openaiproxy.hub.request import CustomTool, Request
from openaiproxy.translation import Translation
from openaiproxy.wire import json
from openaiproxy.wire.sse import Record

from .recorded import context, strict
from .test_answering import START, STOP, block, finish, stream

REQUEST = Request("m", tools=(CustomTool("patch"),))
PIECE = 1 << 22
"""Bytes of one piece, so that a few fill what may be held."""

CALL = {"type": "tool_use", "id": "a", "name": "patch"}
SEARCH = {"type": "server_tool_use", "id": "a", "name": "web_search"}
LONG = {"type": "input_json_delta", "partial_json": "x" * PIECE}


def record(found: dict[str, Any]) -> Record:
    return Record(json.dumps(found))


def fed(*events: dict[str, Any], times: int = 1 + HELD // PIECE) -> None:
    """Feeds events, the last of them again and again."""
    parser = MESSAGES.parser(context(REQUEST))
    *first, last = map(record, (START, *events))
    for one in [*first, *[last] * times]:
        list(parser.feed(one))


def deltas(found: dict[str, Any], delta: dict[str, Any]) -> list[dict[str, Any]]:
    return block(0, found, delta)[:2]


@pytest.mark.parametrize(
    "events",
    [
        deltas(CALL, LONG),
        deltas(SEARCH, LONG),
        deltas({"type": "thinking"}, {"type": "signature_delta", "signature": "x" * PIECE}),
        deltas({"type": "hologram"}, {"type": "hologram_delta", "x": "x" * PIECE}),
        deltas({"type": "hologram"}, {"type": "text_delta", "text": "x" * PIECE}),
        [{"type": "message_delta", "delta": {"x": "x" * PIECE}}],
    ],
    ids=["free text", "hosted input", "signatures", "unknown block", "its words", "message_delta"],
)
def test_what_is_held_back_has_a_bound(events: list[dict[str, Any]]) -> None:
    with pytest.raises(BadUpstream, match="upstream_too_large"):
        fed(*events)


def test_unknown_blocks_that_never_stop_have_a_bound() -> None:
    parser = MESSAGES.parser(context())
    list(parser.feed(record(START)))
    opened = (
        block(index, {"type": "hologram", "x": "x" * PIECE})[0]
        for index in range(1 + HELD // PIECE)
    )
    with pytest.raises(BadUpstream, match="upstream_too_large"):
        deque(event for one in opened for event in parser.feed(record(one)))


def test_what_is_told_as_it_comes_is_not_held() -> None:
    fed(*deltas({**CALL, "name": "f"}, LONG))
    fed(*deltas({"type": "text", "text": ""}, {"type": "text_delta", "text": "x" * PIECE}))


def test_a_block_that_stops_holds_nothing_any_more() -> None:
    parser = MESSAGES.parser(context(REQUEST))
    records = [record(event) for event in block(0, CALL, LONG)]
    list(parser.feed(record(START)))
    for _ in range(2 * HELD // PIECE):
        for one in records:
            list(parser.feed(one))


def test_too_much_is_a_fault_to_the_caller_and_no_completion() -> None:
    asked = {"model": "m", "max_tokens": 9, "messages": [], "tools": []}
    translation = Translation.of(
        json.dumps(asked),
        caller=MESSAGES,
        upstream=MESSAGES,
        now=lambda: 0.0,
        new_id=lambda prefix: f"{prefix}1",
    )
    told = translation.stream()
    written = told.feed(stream(START, *deltas(SEARCH, LONG)))
    piece = stream(block(0, SEARCH, LONG)[1])
    while not told.over:
        written = told.feed(piece)
    written += told.feed(stream(*block(0, SEARCH)[-1:], finish("end_turn"), STOP)) + told.eof()
    assert told.fault is not None
    assert (told.fault.kind, told.fault.code) == (FaultKind.MALFORMED, "upstream_too_large")
    assert b"event: error" in written
    assert b"message_stop" not in written


@pytest.mark.parametrize(
    ("found", "pieces", "whole"),
    [
        (
            {"type": "hologram_use", "input": {}},
            [{"type": "input_json_delta", "partial_json": text} for text in ('{"a"', ":1}")],
            {"type": "hologram_use", "input": {"a": 1}},
        ),
        (
            {"type": "hologram_use", "input": {}},
            [{"type": "input_json_delta", "partial_json": '{"a"'}],
            {"type": "hologram_use", "input": '{"a"'},
        ),
        (
            {"type": "hologram", "text": "a"},
            [{"type": "text_delta", "text": "b"}, {"type": "odd_delta", "odd": 1}],
            {"type": "hologram", "text": "ab", "odd": 1},
        ),
        (
            {"type": "hologram"},
            [{"type": "thinking_delta", "thinking": text} for text in "ab"],
            {"type": "hologram", "thinking": "ab"},
        ),
    ],
)
def test_a_block_that_we_do_not_know_grows_by_deltas_that_we_do_49(
    found: dict[str, Any], pieces: list[dict[str, Any]], whole: dict[str, Any]
) -> None:
    events = strict(stream(START, *block(0, found, *pieces), finish("end_turn"), STOP))
    assert isinstance(events[-1], End)
    assert PartEnd(0, Opaque("messages", whole["type"], whole)) in events


def test_a_delta_that_we_do_not_know_of_a_call_is_passed_and_not_put_into_it() -> None:
    odd = {"type": "odd_delta", "odd": 1}
    events = strict(stream(START, *block(0, {**CALL, "name": "f"}, odd), finish("tool_use"), STOP))
    assert [event.raw["delta"] for event in events if isinstance(event, Other)] == [odd]
    assert PartEnd(0, ToolCall("a", "f", "{}")) in events
    assert not isinstance(events[-1], Fault)
