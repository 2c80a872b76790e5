"""Answers, by hand: what recordings lack."""

from contextlib import suppress
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.hub.events import (
    Begin,
    Channel,
    End,
    Event,
    Fault,
    FaultKind,
    Finish,
    Idle,
    Other,
    PartBegin,
    PartDelta,
    PartEnd,
    Reason,
    Usage,
)
from openaiproxy.hub.fold import Reply, fold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import (
    Audio,
    Citation,
    Extra,
    Hosted,
    HostedKind,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    WebHit,
)
from openaiproxy.hub.request import CustomTool, Request
from openaiproxy.wire import json, sse

from .recorded import context, strict, write

LONG = b'{"error":{"type":"invalid_request_error","message":"prompt is too long: 9"}}'
FOREIGN = Extra("responses", {"type": "x"})


def told(*events: Event) -> list[dict[str, Any]]:
    """The events that foreign ones are written as."""
    records = sse.Decoder().feed(write(walk([Begin("resp_1", "m"), *events])))
    return [json.loads_object(record.data) for record in records]


def stream(*events: dict[str, Any]) -> bytes:
    return b"".join(sse.encode(json.dumps(event), event["type"].encode()) for event in events)


START = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": {}}}
STOP = {"type": "message_stop"}


def finish(word: str) -> dict[str, Any]:
    return {"type": "message_delta", "delta": {"stop_reason": word}, "usage": {"output_tokens": 3}}


def block(index: int, found: dict[str, Any], *deltas: dict[str, Any]) -> list[dict[str, Any]]:
    at: dict[str, Any] = {"index": index}
    grown = [{"type": "content_block_delta", **at, "delta": delta} for delta in deltas]
    start = {"type": "content_block_start", **at, "content_block": found}
    return [start, *grown, {"type": "content_block_stop", **at}]


def types(events: list[dict[str, Any]]) -> list[str]:
    return [f"{event['type']} {event.get('index', '')}".strip() for event in events]


def test_interleaved_calls_are_told_one_after_the_other() -> None:
    """40, 41."""
    events = told(
        PartBegin(0, ToolCall("a", "f")),
        PartBegin(1, ToolCall("b", "g")),
        PartDelta(1, '{"y":'),
        PartDelta(0, '{"x":'),
        PartDelta(1, "2}"),
        PartEnd(1),
        PartBegin(2, Text()),
        PartDelta(2, "Hi"),
        PartDelta(0, "1}"),
        PartEnd(0),
        PartDelta(2, "!"),
        End((Finish(Reason.TOOL_CALLS),)),
    )
    one = [
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
    ]
    assert types(events)[1:-2] == [f"{name} {index}" for index in range(3) for name in one]
    assert events[1]["content_block"]["input"] == {}
    texts = [
        e["delta"].get("partial_json") or e["delta"].get("text") for e in events if "delta" in e
    ]
    assert texts[:-1] == ['{"x":', "1}", '{"y":', "2}", "Hi", "!"]


def test_a_thousand_waiting_parts_need_no_deep_stack() -> None:
    begun: list[Event] = [PartBegin(slot, ToolCall(str(slot), "f")) for slot in range(3000)]
    ended = [PartEnd(slot) for slot in reversed(range(3000))]
    assert types(told(*begun, *ended, End()))[-3] == "content_block_stop 2999"


def test_a_call_without_arguments_is_told_an_empty_object() -> None:
    """41."""
    events = told(PartBegin(0, ToolCall("a", "f")), PartEnd(0), End())
    assert events[2]["delta"] == {"type": "input_json_delta", "partial_json": "{}"}
    assert events[-2]["delta"]["stop_reason"] == "tool_use"
    parts = strict(stream(START, *block(0, {"type": "tool_use", "id": "a", "name": "f"}), STOP))
    assert PartEnd(0, ToolCall("a", "f", "{}")) in parts


def test_empty_text_opens_no_block() -> None:
    """42."""
    call = PartBegin(1, ToolCall("a", "f"))
    events = told(PartBegin(0, Text(id="i")), PartDelta(0, ""), call, PartEnd(0), PartEnd(1), End())
    starts = [event["content_block"]["type"] for event in events if "content_block" in event]
    assert starts == ["tool_use"]


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.STOP, "end_turn"),
        (Reason.STOP_SEQUENCE, "stop_sequence"),
        (Reason.LENGTH, "max_tokens"),
        (Reason.CONTEXT, "model_context_window_exceeded"),
        (Reason.CONTENT_FILTER, "refusal"),
        (Reason.REFUSAL, "refusal"),
        (Reason.PAUSE, "pause_turn"),
        (Reason.OTHER, "max_tokens"),
    ],
)
def test_each_reason_has_its_word(reason: Reason, word: str) -> None:
    """43."""
    assert told(End((Finish(reason, word="odd"),)))[-2]["delta"]["stop_reason"] == word


def test_a_word_of_its_own_comes_back() -> None:
    events = strict(stream(START, finish("compaction"), STOP))
    assert isinstance(events[-1], End)
    assert events[-1].finish.word == "compaction"
    assert b'"stop_reason":"compaction"' in write(events)


def test_a_refusal_is_words_and_a_finish() -> None:
    events = told(PartBegin(0, Refusal()), PartDelta(0, "No."), End())
    assert events[2]["delta"] == {"type": "text_delta", "text": "No."}
    assert events[-2]["delta"]["stop_reason"] == "refusal"


def test_usage_is_whole_at_the_start_and_true_at_the_end() -> None:
    """44, 46."""
    asked = evolve(context(), input_estimate=77)
    renderer = MESSAGES.renderer(asked)
    begun = json.loads_object(renderer.render(Begin("x", "m")).split(b"data: ")[1])
    assert begun["message"]["usage"] == {
        "input_tokens": 77,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": 0,
    }
    assert begun["message"]["id"].startswith("msg_")
    ended = told(End(usage=Usage(100, 5, cached=60, written=10)))[-2]["usage"]
    assert ended == {
        "input_tokens": 30,
        "cache_creation_input_tokens": 10,
        "cache_read_input_tokens": 60,
        "output_tokens": 5,
    }


def test_thoughts_are_told_as_they_come_and_sealed_at_their_end() -> None:
    seals = (Seal("responses", "abc"), Seal("responses", "def"))
    events = told(
        PartBegin(0, Reasoning()),
        PartDelta(0, "a", Channel.SUMMARY, 0),
        PartDelta(0, "b", Channel.SUMMARY, 1),
        PartDelta(0, "raw", Channel.TEXT, 0),
        PartEnd(0, Reasoning(("a", "b"), ("raw",), seals)),
        End(),
    )
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert "".join(delta.get("thinking", "") for delta in deltas) == "a\n\nb"
    assert [d["signature"] for d in deltas if "signature" in d] == [s.packed() for s in seals]
    assert types(events)[-3] == "content_block_stop 1"


def test_a_seal_alone_is_a_thinking_block_of_its_own() -> None:
    seal = Seal("responses", "abc")
    events = told(PartBegin(0, Reasoning(seals=(seal,))), End())
    assert types(events)[1:4] == [
        "content_block_start 0",
        "content_block_delta 0",
        "content_block_stop 0",
    ]
    assert events[2]["delta"] == {"type": "signature_delta", "signature": seal.packed()}


def test_the_last_signature_holds() -> None:
    signs = [{"type": "signature_delta", "signature": text} for text in ("a", "b")]
    events = strict(
        stream(START, *block(0, {"type": "thinking"}, *signs), finish("end_turn"), STOP)
    )
    assert PartEnd(0, Reasoning(seals=(Seal("messages", "b"),))) in events


def test_a_tool_for_free_text_is_asked_for_an_object_and_told_as_text() -> None:
    request = Request("m", tools=(CustomTool("p"),))
    given = {"type": "tool_use", "id": "a", "name": "p", "input": {}}
    pieces = [{"type": "input_json_delta", "partial_json": x} for x in ('{"inp', 'ut":"a\\nb"}')]
    events = strict(stream(START, *block(0, given, *pieces), finish("tool_use"), STOP), request)
    call = ToolCall("a", "p", "a\nb", custom=True)
    assert PartEnd(0, call) in events
    body = {"content": [{**given, "input": {"input": "a\nb"}}], "stop_reason": "tool_use"}
    reply = MESSAGES.parse_reply(body, context(request))
    assert isinstance(reply, Reply)
    assert reply.parts == (call,)
    again = [json.loads_object(r.data) for r in sse.Decoder().feed(write(events))]
    text = "".join(event["delta"].get("partial_json", "") for event in again if "delta" in event)
    assert json.loads(text.encode()) == {"input": "a\nb"}


def test_a_foreign_search_is_a_call_and_its_result() -> None:
    """51."""
    hits = (WebHit("https://a", "A"),)
    search = Hosted(HostedKind.WEB_SEARCH, "web_search", FOREIGN, queries=("q",), hits=hits)
    cited = Text("A.", (Citation("url", url="https://a", title="A", start=0, end=2),))
    events = told(PartBegin(0, search), PartEnd(0, search), PartBegin(1, cited), End())
    blocks = [event["content_block"]["type"] for event in events if "content_block" in event]
    assert blocks == ["server_tool_use", "web_search_tool_result", "text"]
    assert json.loads(events[2]["delta"]["partial_json"].encode()) == {"query": "q"}
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert deltas[-1]["citation"]["url"] == "https://a"


def test_what_has_no_word_in_an_answer_is_a_loss() -> None:
    parts: tuple[Part, ...] = (
        Opaque("chat", "odd", {}),
        Hosted(HostedKind.CODE, "c", FOREIGN),
        Audio(transcript="a"),
    )
    begun = [PartBegin(slot, part) for slot, part in enumerate(parts)]
    events = walk([Begin(), *begun, Other("chat", "x", {}), Other("chat", "y", {}, True), End()])
    renderer = MESSAGES.renderer(context())
    for event in events:
        renderer.render(event)
    expected = {"odd", "hosted.code", "audio", "x"}
    assert {loss.path for loss in renderer.losses()} == expected
    reply = fold(events)
    assert isinstance(reply, Reply)
    rendered = MESSAGES.render_reply(reply, context())
    assert {loss.path for loss in rendered.losses} == expected
    assert rendered.body["content"] == [{"type": "text", "text": "a"}]


def test_a_fault_ends_the_stream_as_it_is_and_closes_nothing() -> None:
    events = told(PartBegin(0, Text()), PartDelta(0, "Hi"), Fault(FaultKind.RATE, "Slow down."))
    assert types(events)[-2:] == ["content_block_delta 0", "error"]
    assert events[-1]["error"] == {"type": "rate_limit_error", "message": "Slow down."}
    first = MESSAGES.renderer(context()).render(Fault(FaultKind.SERVER, "x"))
    assert first.startswith(b"event: error\n")


def test_a_ping_is_a_sign_of_life_both_ways() -> None:
    assert strict(stream(START, {"type": "ping"}, finish("end_turn"), STOP))[1] == Idle()
    assert told(Idle(), End())[1] == {"type": "ping"}


def test_a_finish_that_was_read_is_an_end_and_none_is_none() -> None:
    assert isinstance(strict(stream(START, finish("end_turn")))[-1], End)
    assert isinstance(strict(stream(START, STOP))[-1], Fault)
    assert isinstance(strict(stream(START))[-1], Fault)


def test_a_cut_block_is_closed_by_the_finish() -> None:
    """43."""
    cut = block(0, {"type": "tool_use", "id": "a", "name": "f", "input": {}})[:1]
    cut += [{"type": "content_block_delta", "index": 0}]
    cut[1]["delta"] = {"type": "input_json_delta", "partial_json": '{"x'}
    events = strict(stream(START, *cut, finish("max_tokens"), STOP))
    assert PartEnd(0, ToolCall("a", "f", '{"x')) in events
    assert isinstance(events[-1], End)
    assert events[-1].finish.reason is Reason.LENGTH


def test_an_input_told_at_the_start_is_told_once() -> None:
    whole = {"type": "tool_use", "id": "a", "name": "f", "input": {"n": 2**70}}
    events = strict(stream(START, *block(0, whole), finish("tool_use"), STOP))
    assert PartEnd(0, ToolCall("a", "f", f'{{"n":{2**70}}}')) in events
    piece = {"type": "input_json_delta", "partial_json": "{}"}
    events = strict(stream(START, *block(0, whole, piece), finish("tool_use"), STOP))
    assert PartEnd(0, ToolCall("a", "f", "{}")) in events


def test_unknown_events_and_blocks_come_back() -> None:
    odd = {"type": "hologram", "x": 1}
    event = {"type": "aurora", "y": 2}
    data = stream(START, *block(0, odd), event, finish("end_turn"), STOP)
    events = strict(data)
    assert PartEnd(0, Opaque("messages", "hologram", odd)) in events
    assert strict(write(events)) == events


@pytest.mark.parametrize(
    "event",
    [
        {"type": "content_block_delta", "index": 4, "delta": {"type": "text_delta", "text": "a"}},
        {"type": "content_block_stop", "index": 4},
        {"type": "content_block_start", "index": [], "content_block": {"type": "text"}},
        {"type": "message_start", "message": 1},
    ],
)
def test_an_event_out_of_place_is_a_fault(event: dict[str, Any]) -> None:
    last = strict(stream(START, event, finish("end_turn"), STOP))[-1]
    assert isinstance(last, Fault)
    assert last.kind is FaultKind.MALFORMED


_WORDS = [
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
    "error",
    "text",
    "thinking",
    "tool_use",
    "server_tool_use",
    "x_tool_result",
    "document",
    "image",
    "user",
    "text_delta",
    "signature_delta",
    "citations_delta",
    "input_json_delta",
    "custom",
    "web_search_1",
    "enabled",
]
_KEYS = [
    "type",
    "message",
    "index",
    "content_block",
    "delta",
    "usage",
    "content",
    "text",
    "thinking",
    "signature",
    "id",
    "name",
    "input",
    "partial_json",
    "citations",
    "citation",
    "source",
    "error",
    "stop_reason",
    "messages",
    "role",
    "tools",
    "tool_choice",
    "system",
    "model",
    "input_schema",
    "output_config",
    "metadata",
    "tool_use_id",
    "stop_sequences",
    "data",
]
_LEAVES = st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(_WORDS)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
_OBJECT = st.dictionaries(st.sampled_from(_KEYS), _JSON, max_size=7)


@settings(max_examples=400, deadline=None)
@given(_OBJECT, st.lists(_OBJECT, max_size=4))
def test_nothing_but_our_errors_is_raised(found: Any, more: list[Any]) -> None:
    with suppress(BadRequest):
        MESSAGES.render_request(MESSAGES.parse_request({"model": "m", "messages": [], **found}))
    with suppress(BadUpstream):
        MESSAGES.parse_reply(found, context())
    MESSAGES.spotter.glance(found)
    MESSAGES.render_fault(MESSAGES.parse_fault(500, json.dumps(found)))
    write(strict(b"".join(sse.encode(json.dumps(event)) for event in (START, found, *more))))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (529, b'{"type":"error","error":{"type":"overloaded_error","message":"O"}}', "OVERLOADED"),
        (
            400,
            b'{"error":{"type":"invalid_request_error","message":"prompt is too long: 9"}}',
            "CONTEXT",
        ),
        (413, b"<html>", "TOO_LARGE"),
        (500, b"", "SERVER"),
        (502, b"\xff\xfe", "SERVER"),
        (418, b"[]", "INVALID"),
        (429, b'{"error":"slow"}', "RATE"),
        (401, b'{"message":"who"}', "AUTHENTICATION"),
    ],
)
def test_any_bad_answer_is_a_fault(status: int, body: bytes, kind: str) -> None:
    fault = MESSAGES.parse_fault(status, body)
    assert fault.kind is FaultKind[kind]
    assert fault.message
    assert MESSAGES.render_fault(fault)[0] == status


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        (FaultKind.INVALID, 400, "invalid_request_error"),
        (FaultKind.AUTHENTICATION, 401, "authentication_error"),
        (FaultKind.BILLING, 402, "billing_error"),
        (FaultKind.PERMISSION, 403, "permission_error"),
        (FaultKind.NOT_FOUND, 404, "not_found_error"),
        (FaultKind.TOO_LARGE, 413, "request_too_large"),
        (FaultKind.RATE, 429, "rate_limit_error"),
        (FaultKind.QUOTA, 429, "rate_limit_error"),
        (FaultKind.TRUNCATED, 502, "api_error"),
        (FaultKind.OVERLOADED, 529, "overloaded_error"),
        (FaultKind.TIMEOUT, 504, "timeout_error"),
    ],
)
def test_each_kind_of_fault_has_its_status_and_type(
    kind: FaultKind, status: int, word: str
) -> None:
    """54."""
    told = MESSAGES.render_fault(Fault(kind, "Verbatim.", code="x", type="y", dialect="chat"))
    assert told == (status, {"type": "error", "error": {"type": word, "message": "Verbatim."}})


def test_a_prompt_that_is_too_long_is_said_so_that_clients_know() -> None:
    """45."""
    words = (
        "This model's maximum context length is 128000 tokens. "
        "However, your messages resulted in 150000 tokens."
    )
    _, body = MESSAGES.render_fault(Fault(FaultKind.CONTEXT, words, dialect="chat"))
    assert body["error"]["type"] == "invalid_request_error"
    assert (
        body["error"]["message"] == f"prompt is too long: 150000 tokens > 128000 maximum. {words}"
    )
    _, vague = MESSAGES.render_fault(Fault(FaultKind.CONTEXT, "Too much.", dialect="chat"))
    assert vague["error"]["message"] == "prompt is too long: Too much."


def test_a_prompt_said_to_be_too_long_is_not_said_so_twice() -> None:
    fault = Fault(FaultKind.CONTEXT, "Sorry, prompt is too long.", dialect="chat")
    assert MESSAGES.render_fault(fault)[1]["error"]["message"] == fault.message


def test_one_answer_only() -> None:
    finishes = (Finish(Reason.STOP), Finish(Reason.STOP))
    events = walk(
        [Begin(), PartBegin(0, Text("a")), PartBegin(1, Text("b"), 1), PartEnd(1), End(finishes)]
    )
    renderer = MESSAGES.renderer(context())
    data = b"".join(renderer.render(event) for event in events)
    assert data.count(b"event: content_block_start") == 1
    assert {loss.path for loss in renderer.losses()} == {"choices[]"}
    reply = fold(events)
    assert isinstance(reply, Reply)
    rendered = MESSAGES.render_reply(reply, context())
    assert [loss.path for loss in rendered.losses] == ["choices[1]"]


def test_a_record_that_is_no_object_is_a_fault_and_done_is_nothing() -> None:
    done = sse.encode(b"[DONE]")
    events = strict(stream(START) + done + stream(finish("end_turn"), STOP))
    assert isinstance(events[-1], End)
    last = strict(stream(START) + sse.encode(b"[]"))[-1]
    assert isinstance(last, Fault)
    assert last.kind is FaultKind.MALFORMED


def test_an_unknown_delta_of_a_known_block_is_passed_on() -> None:
    odd = {"type": "glow_delta", "glow": 1}
    data = stream(START, *block(0, {"type": "text", "text": ""}, odd), finish("end_turn"), STOP)
    others = [event for event in strict(data) if isinstance(event, Other)]
    assert [other.raw["delta"] for other in others] == [odd]


def test_inputs_that_can_not_be_read_stay_as_they_are() -> None:
    request = Request("m", tools=(CustomTool("p"),))
    piece = {"type": "input_json_delta", "partial_json": '{"inp'}
    called = block(0, {"type": "tool_use", "id": "a", "name": "p"}, piece)
    searched = block(1, {"type": "server_tool_use", "id": "b", "name": "web_search"}, piece)
    events = strict(stream(START, *called, *searched, finish("max_tokens"), STOP), request)
    parts = [event.part for event in events if isinstance(event, PartEnd)]
    assert [getattr(part, "arguments", None) for part in parts] == ['{"inp', '{"inp']


def test_thoughts_with_a_hidden_half_are_two_blocks() -> None:
    seals = (Seal("messages", "data", "redacted"), Seal("messages", "sig"))
    events = told(PartBegin(0, Reasoning(("a",), seals=seals)), End())
    blocks = [event["content_block"]["type"] for event in events if "content_block" in event]
    assert blocks[0] == "thinking"
    assert "redacted_thinking" in blocks
    assert json.dumps(events).count(b'"thinking":"a"') == 1
    signed = [e["index"] for e in events if "signature" in e.get("delta", {})]
    assert signed == [0]
    lone = told(PartBegin(0, Reasoning(("a",), seals=seals[:1])), End())
    assert json.dumps(lone).count(b'"thinking":"a"') == 1


def test_raw_thoughts_are_shown_if_there_is_no_summary() -> None:
    events = told(PartBegin(0, Reasoning(text=("a", "b"))), End())
    deltas = [
        event["delta"]["thinking"] for event in events if "thinking" in event.get("delta", {})
    ]
    assert "".join(deltas) == "a\n\nb"
