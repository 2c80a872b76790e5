"""Pitfalls 25, 26, 45 and 54: what fails, in the words of the caller's dialect.

Of 25, whether headers are still held back is the shell's to know; here are the two forms that it
chooses between, and the flag by which it chooses.
"""

from typing import Any

import pytest

from openaiproxy.hub.events import FaultKind
from openaiproxy.wire import json
from tests.exchange import (
    CHAT,
    MESSAGES,
    RESPONSES,
    Found,
    between,
    frames,
    opened,
    said,
    told,
    whole,
)
from tests.scripted import added, arguments, call, created, done, ended, message, response, speech
from tests.wires import WIRES

ALL = [CHAT, RESPONSES, MESSAGES]
HELLO = message("Hello")
FIRST = call("f", '{"a":1}')
BUSY = "We are busy. Try again later."


def failing(code: str, words: str) -> Found:
    """A stream's last event, when the answer failed."""
    return ended(kind="failed", error={"code": code, "message": words})


def error(code: str, words: str) -> Found:
    return {"type": "error", "code": code, "message": words, "param": None}


@pytest.mark.parametrize("caller", ALL)
@pytest.mark.parametrize("form", [failing, error])
def test_pitfall_25_before_the_first_part_a_fault_can_be_a_status(caller: Any, form: Any) -> None:
    made = between(caller, RESPONSES, {"stream": True})
    stream = made.stream()
    stream.feed(frames(created(), form("server_is_overloaded", BUSY)))
    assert (stream.begun, stream.over) == (False, True)
    assert stream.fault is not None
    answer = made.failure(stream.fault)
    assert answer.status == (529 if caller is MESSAGES else 503)
    assert opened(answer)["error"]["message"] == BUSY


@pytest.mark.parametrize("form", [failing, error])
def test_pitfall_25_amid_a_stream_it_is_an_event_and_the_end(form: Any) -> None:
    events = (created(), *speech(0, HELLO, "Hel")[:3], form("server_is_overloaded", BUSY))
    made = between(CHAT, RESPONSES, {"stream": True})
    *_, last, end = said(made, *events)
    assert (last["error"]["message"], end) == (BUSY, "[DONE]")
    *_, last = said(between(MESSAGES, RESPONSES, {"stream": True}), *events)
    assert (last["type"], last["error"]["type"]) == ("error", "overloaded_error")
    assert last["error"]["message"] == BUSY
    *_, last = said(between(RESPONSES, RESPONSES, {"stream": True}), *events)
    assert last["type"] in ("error", "response.failed")
    assert BUSY in str(last)


@pytest.mark.parametrize("caller", ALL)
def test_pitfall_25_nothing_is_told_after_a_fault(caller: Any) -> None:
    stream = between(caller, RESPONSES, {"stream": True}).stream()
    stream.feed(frames(created(), *speech(0, HELLO, "Hel")[:3], error("server_error", BUSY)))
    assert stream.begun
    assert stream.feed(frames(*speech(1, HELLO, "Hello"), ended(HELLO))) + stream.eof() == b""


@pytest.mark.parametrize("caller", ALL)
def test_pitfall_25_an_overload_under_a_good_status_is_no_answer(caller: Any) -> None:
    replies = {
        RESPONSES: response(
            status="failed", error={"code": "server_is_overloaded", "message": BUSY}
        ),
        CHAT: {"error": {"type": "server_error", "code": "service_unavailable", "message": BUSY}},
        MESSAGES: {"type": "error", "error": {"type": "overloaded_error", "message": BUSY}},
    }
    for upstream in ALL:
        answer = whole(between(caller, upstream, {}), replies[upstream])
        assert answer.status >= 500
        assert answer.fault is not None
        assert (answer.fault.kind, answer.fault.message) == (FaultKind.OVERLOADED, BUSY)


def chunk(finish: str | None = None, **delta: Any) -> Found:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "m"}
    return {**head, "choices": [choice]}


def _messages() -> list[Found]:
    usage = {"input_tokens": 3, "output_tokens": 1}
    start = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    block = {"type": "text", "text": ""}
    return [
        {"type": "message_start", "message": {**start, "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "text_delta", "text": "Hello"},
        },
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    ]


STREAMS: dict[str, list[Found | str]] = {
    "responses": [
        created(),
        *speech(0, HELLO, "Hel", "lo"),
        added(1, FIRST),
        arguments(1, FIRST, '{"a":1}'),
        done(1, FIRST),
        ended(HELLO, FIRST),
    ],
    "chat": [chunk(role="assistant", content="Hel"), chunk(content="lo"), chunk("stop"), "[DONE]"],
    "messages": [*_messages()],
}
"""Dialect to a whole stream of it."""

FINISHED = {"responses": 1, "chat": 2, "messages": 2}
"""Dialect to how many of a stream's last events a finish can be read in."""


@pytest.mark.parametrize("caller", ALL)
@pytest.mark.parametrize("upstream", ALL)
def test_pitfall_26_a_stream_cut_anywhere_is_an_error_and_never_an_end(
    caller: Any, upstream: Any
) -> None:
    events = STREAMS[upstream.name]
    data = frames(*events[: len(events) - FINISHED[upstream.name]])
    wire = WIRES[caller.name]
    for size in range(0, len(data), 7):
        stream = between(caller, upstream, {"stream": True}).stream()
        found = stream.feed(data[:size]) + stream.eof()
        assert stream.fault is not None
        assert stream.fault.kind is FaultKind.TRUNCATED
        objects = [one for one in told(found) if one != "[DONE]"]
        assert wire.finish(objects) is None
        assert wire.failed(objects)


@pytest.mark.parametrize("upstream", ALL)
def test_pitfall_26_a_cut_stream_has_a_code_and_as_a_whole_a_status(upstream: Any) -> None:
    events = STREAMS[upstream.name][:2]
    *_, last, _ = said(between(CHAT, upstream, {"stream": True}), *events)
    assert last["error"]["code"] == "upstream_stream_truncated"
    assert between(CHAT, upstream, {}).collect(frames(*events)).status == 502


@pytest.mark.parametrize("caller", ALL)
@pytest.mark.parametrize("upstream", ALL)
def test_pitfall_26_a_finish_is_enough_without_the_last_word(caller: Any, upstream: Any) -> None:
    events = STREAMS[upstream.name]
    last = 1 if upstream is not RESPONSES else 0
    stream = between(caller, upstream, {"stream": True}).stream()
    found = stream.feed(frames(*events[: len(events) - last])) + stream.eof()
    assert (stream.fault, stream.over) == (None, True)
    objects = [one for one in told(found) if one != "[DONE]"]
    assert WIRES[caller.name].finish(objects) is not None


TOO_LONG = (
    "This model's maximum context length is 128000 tokens. However, your messages resulted in "
    "130000 tokens. Please reduce the length of the messages."
)


def refused(upstream: Any, status: int, **error: Any) -> Any:
    made = between(MESSAGES, upstream, {})
    answer = made.refusal(status, json.dumps({"error": error}))
    return answer.status, opened(answer)


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_pitfall_45_a_prompt_too_long_is_said_as_claude_code_reads_it(upstream: Any) -> None:
    status, found = refused(
        upstream,
        400,
        message=TOO_LONG,
        type="invalid_request_error",
        code="context_length_exceeded",
    )
    assert (status, found["error"]["type"]) == (400, "invalid_request_error")
    assert found["error"]["message"] == (
        f"prompt is too long: 130000 tokens > 128000 maximum. {TOO_LONG}"
    )


def test_pitfall_45_so_is_one_found_while_streaming() -> None:
    made = between(MESSAGES, RESPONSES, {"stream": True})
    words = "Your input exceeds the context window of this model."
    stream = made.stream()
    stream.feed(frames(created(), failing("context_length_exceeded", words)))
    assert stream.fault is not None
    answer = made.failure(stream.fault)
    assert (answer.status, opened(answer)["error"]) == (
        400,
        {"type": "invalid_request_error", "message": f"prompt is too long: {words}"},
    )
    *_, last = said(made, created(), failing("context_length_exceeded", words))
    assert last["error"] == opened(answer)["error"]


TYPES = [
    (400, "invalid_request_error"),
    (401, "authentication_error"),
    (403, "permission_error"),
    (404, "not_found_error"),
    (413, "request_too_large"),
    (429, "rate_limit_error"),
    (500, "api_error"),
    (502, "api_error"),
    (503, "overloaded_error"),
    (529, "overloaded_error"),
]


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
@pytest.mark.parametrize(("status", "word"), TYPES)
def test_pitfall_54_a_status_has_its_type_and_the_words_are_verbatim(
    upstream: Any, status: int, word: str
) -> None:
    words = 'Exactly "so",\nand no otherwise: é.'
    got, found = refused(upstream, status, message=words, type="some_error", code=None)
    assert got == status
    assert found["type"] == "error"
    assert found["error"] == {"type": word, "message": words}


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_pitfall_54_events_are_named_and_there_is_no_done(upstream: Any) -> None:
    stream = between(MESSAGES, upstream, {"stream": True}).stream()
    data = stream.feed(frames(*STREAMS[upstream.name])) + stream.eof()
    assert b"[DONE]" not in data
    for record in data.split(b"\n\n")[:-1]:
        name, line = record.split(b"\n")
        (found,) = told(line + b"\n\n")
        assert name == b"event: " + found["type"].encode()


def test_pitfall_54_a_fault_amid_a_stream_is_named_too() -> None:
    stream = between(MESSAGES, RESPONSES, {"stream": True}).stream()
    data = stream.feed(frames(created(), error("server_error", BUSY))) + stream.eof()
    assert b"event: error\ndata: " in data
    assert b"[DONE]" not in data
