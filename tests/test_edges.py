"""Streams at the edge of what an upstream may do, each in every direction from Responses.

Some edges have tests of their own elsewhere: interleaved arguments (pitfalls 21 and 40), streams of
final values alone and an end without output (22), a stop for tools without a call (24), empty texts
between the pieces of a call (42).
"""

import sys
from typing import Any

import pytest

from tests.exchange import CHAT, RESPONSES, Found, between, frames, said, told
from tests.oracle import facts
from tests.scripted import added, arguments, call, created, done, ended, message, speech
from tests.wires import WIRES, read

each = pytest.mark.parametrize("name", WIRES)

FIRST = call("f", '{"a":1}')


def streamed(name: str, *events: Found | str) -> Any:
    """What the vendor's client makes of a stream that Responses gave."""
    stream = between(WIRES[name].dialect, RESPONSES, {"stream": True}).stream()
    return facts(name, stream.feed(frames(*events)) + stream.eof(), True)


@each
def test_an_event_and_an_item_that_nobody_knows_take_nothing_away(name: str) -> None:
    odd = {"type": "juggling_call", "id": "jc_1", "balls": 3}
    item, words = "response.output_item", message("Hi")
    events = (
        created(),
        {"type": "response.juggling.started", "balls": 3},
        {"type": f"{item}.added", "output_index": 0, "item": odd},
        {"type": "response.juggling_call.thrown", "output_index": 0, "item_id": "jc_1"},
        done(0, odd),
        *speech(1, words, "Hi"),
        ended(odd, words),
    )
    found = streamed(name, *events)
    assert (found.text, found.finish, found.failed) == ("Hi", "stop", "")


@each
def test_a_call_that_is_cut_by_the_limit_is_cut_and_not_called_43(name: str) -> None:
    events = (
        created(),
        added(0, FIRST),
        arguments(0, FIRST, '{"a":'),
        ended(kind="incomplete", incomplete_details={"reason": "max_output_tokens"}),
    )
    found = streamed(name, *events)
    assert (found.finish, found.failed) == ("length", "")
    whole = between(WIRES[name].dialect, RESPONSES, {}).collect(frames(*events))
    assert facts(name, whole.body, False).finish == "length"


@each
def test_a_call_that_is_cut_by_the_end_of_input_is_an_error_26(name: str) -> None:
    found = streamed(name, created(), added(0, FIRST), arguments(0, FIRST, '{"a":'))
    assert found.failed not in ("", "unfinished")
    assert found.finish == ""


@each
def test_parts_that_never_end_are_ended_with_the_answer(name: str) -> None:
    words = message("Hi")
    open_words = [
        event
        for event in speech(0, words, "Hi")
        if not event["type"].endswith((".done", "_part.done"))
    ]
    events = (created(), *open_words, added(1, FIRST), arguments(1, FIRST, '{"a":1}'), ended())
    found = streamed(name, *events)
    assert (found.text, found.finish) == ("Hi", "tool")
    assert [(kind, given) for _, kind, given in found.calls] == [("f", {"a": 1})]


@each
def test_ten_megabytes_in_one_event_are_told_whole(name: str) -> None:
    text = "ten megabytes " * 750_000
    words = message(text)
    events = (created(), *speech(0, words, text), ended(words))
    data = frames(*events)
    stream = between(WIRES[name].dialect, RESPONSES, {"stream": True}).stream()
    pieces = [data[at : at + 65_536] for at in range(0, len(data), 65_536)]
    said = read(b"".join([*map(stream.feed, pieces), stream.eof()]))
    assert text in strings(said)
    assert WIRES[name].finish(said) is not None
    assert not WIRES[name].failed(said)


def strings(value: Any) -> set[str]:
    """Every text within a value."""
    if isinstance(value, dict | list):
        inner = value.values() if isinstance(value, dict) else value
        return {text for one in inner for text in strings(one)}
    return {value} if isinstance(value, str) else set()


@each
def test_an_event_beyond_the_limit_is_a_fault_and_not_kept(name: str) -> None:
    stream = between(WIRES[name].dialect, RESPONSES, {"stream": True}).stream()
    piece = b"x" * (1 << 20)
    fed = stream.feed(frames(created()) + b'data: {"type":"')
    for _ in range(200):
        fed += stream.feed(piece)
        if stream.over:
            break
    assert stream.fault is not None
    assert stream.fault.code == "upstream_too_large"
    assert WIRES[name].failed([one for one in told(fed) if isinstance(one, dict)])


def calls_made(name: str, count: int) -> int:
    """How many functions are called, of Python's and ours, for a stream of so many deltas."""
    words = message("ab" * count)
    stream = between(WIRES[name].dialect, RESPONSES, {"stream": True}).stream()
    chunks = [frames(event) for event in (created(), *speech(0, words, *["ab"] * count), ended())]
    made = 0

    def counting(frame: Any, event: str, argument: Any) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(counting)
    try:
        for chunk in chunks:
            stream.feed(chunk)
        stream.eof()
    finally:
        sys.setprofile(None)
    assert stream.end is not None
    return made


@each
def test_the_work_for_twenty_thousand_deltas_is_twenty_times_that_for_a_thousand(name: str) -> None:
    """Counted, and not timed: the calls of functions for each further delta are the same."""
    few, more, many = (calls_made(name, count) for count in (1_000, 2_000, 20_000))
    assert many - few == 19 * (more - few)


def test_a_stream_is_collected_to_a_whole_reply_for_a_backend_that_only_streams_74() -> None:
    words = message("Hello")
    events = (created(), *speech(0, words, "Hel", "lo"), done(1, FIRST), ended())
    whole = between(CHAT, RESPONSES, {}).collect(frames(*events))
    found = facts("chat", whole.body, False)
    assert (found.text, found.finish) == ("Hello", "tool")


@each
def test_a_call_whose_name_comes_late_is_told_once_it_is_known(name: str) -> None:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "m-1"}

    def chunk(reason: str | None = None, **call: Any) -> Found:
        delta = {"tool_calls": [{"index": 0, **call}]} if call else {}
        return {**head, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    events = (
        chunk(id="c", type="function", function={"arguments": '{"a"'}),
        chunk(function={"arguments": ":1"}),
        chunk(function={"name": "f", "arguments": "}"}),
        chunk("tool_calls"),
        "[DONE]",
    )
    stream = between(WIRES[name].dialect, CHAT, {"stream": True}).stream()
    found = facts(name, stream.feed(frames(*events)) + stream.eof(), True)
    assert [(call, given) for _, call, given in found.calls] == [("f", {"a": 1})]
    assert said(between(WIRES[name].dialect, CHAT, {"stream": True}), *events)
