"""Whole answers and errors, at the edges that recordings lack."""

import json
from typing import Any

import pytest

from openaiproxy.dialects.chat.content import NO_WORD
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Begin, End, Fault, FaultKind, Finish, Other, Reason, Usage
from openaiproxy.hub.fold import Reply, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.loss import Loss
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
    Text,
    ToolCall,
)
from openaiproxy.hub.request import FunctionTool, Request
from tests.dialects.chat.recorded import chunks, context


def reply(message: Any, **choice: Any) -> Reply:
    body = {"id": "c", "choices": [{"message": message, "finish_reason": "stop", **choice}]}
    found = CHAT.parse_reply(body, context())
    assert isinstance(found, Reply)
    return found


NAMED = Begin("c", "m", 1)
HINT = frozenset({"mark"})


def rendered(*parts: Part, begin: Begin = NAMED, **end: Any) -> Any:
    return CHAT.render_reply(Reply(begin, (parts,), End(**end)), context()).body


def message(*parts: Part) -> Any:
    return rendered(*parts)["choices"][0]["message"]


def test_an_empty_answer() -> None:
    assert reply({"content": ""}).parts == ()
    assert message() == {"role": "assistant", "content": "", "refusal": None}


def test_12_a_call_alone_has_no_content() -> None:
    assert message(ToolCall("a", "f")) == {
        "role": "assistant",
        "content": None,
        "refusal": None,
        "tool_calls": [
            {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        ],
    }


def test_content_as_an_object_is_its_json() -> None:
    assert reply({"content": {"a": 1}}).parts == (Text('{"a":1}'),)


def test_32_citations_count_from_the_head_of_the_content() -> None:
    notes = (Citation("url", "https://a", "A", 0, 1), Citation("page", start=1, end=2))
    made = CHAT.render_reply(Reply(Begin(), ((Text("ab"), Text("cd", notes)),), End()), context())
    found = made.body["choices"][0]["message"]
    assert found["content"] == "abcd"
    [note] = found["annotations"]
    assert (note["url_citation"]["start_index"], note["url_citation"]["end_index"]) == (2, 3)
    assert [loss.path for loss in made.losses] == ["citations[]"]


def test_sound_refusals_and_parts_of_other_types() -> None:
    sound = Audio("AAAA", transcript="Hey", id="s", expires=9)
    assert reply({"audio": message(sound)["audio"]}).parts == (sound,)
    assert message(Refusal("no"))["refusal"] == "no"
    odd = Opaque("chat", "odd", {"type": "odd"})
    assert reply({"content": message(Text("a"), odd)["content"]}).parts == (Text("a"), odd)


def test_a_caller_of_before_tools_is_answered_in_those_words() -> None:
    about = context(Request("m", tools=(FunctionTool("f", legacy=True),)))
    end = End((Finish(Reason.TOOL_CALLS),))
    made = CHAT.render_reply(Reply(Begin(), ((ToolCall("a", "f", "[]"),),), end), about)
    [choice] = made.body["choices"]
    assert choice["message"]["function_call"] == {"name": "f", "arguments": "[]"}
    assert choice["finish_reason"] == "function_call"


def test_what_has_no_word_is_a_loss() -> None:
    hosted = Hosted(HostedKind.CODE, "code", Extra("responses", {}))
    others = (Other("responses", "loud", {}), Other("responses", "quiet", {}, quiet=True))
    made = CHAT.render_reply(Reply(Begin(), ((hosted,),), End(), others), context())
    assert [loss.path for loss in made.losses] == ["parts[] (Hosted)", "events[] (loud)"]
    assert all(isinstance(loss, Loss) and not loss.hint for loss in made.losses)


def test_30_usage_with_all_its_details() -> None:
    usage = Usage(10, 20, 3, 4, 5, 6, 7, 8, 9, 99, extra=Extra("chat", {"cost": 1}))
    body = rendered(usage=usage)
    assert body["usage"]["total_tokens"] == 99
    found = CHAT.parse_reply(body, context())
    assert isinstance(found, Reply)
    assert found.end.usage == usage
    cached = {"prompt_tokens": 5, "completion_tokens": 1, "prompt_cache_hit_tokens": 2}
    read = CHAT.parse_reply({"choices": [{"finish_reason": "stop"}], "usage": cached}, context())
    assert isinstance(read, Reply)
    assert read.end.usage is not None
    assert read.end.usage.cached == 2


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        (Reason.STOP, "stop"),
        (Reason.STOP_SEQUENCE, "stop"),
        (Reason.LENGTH, "length"),
        (Reason.CONTEXT, "length"),
        (Reason.TOOL_CALLS, "tool_calls"),
        (Reason.CONTENT_FILTER, "content_filter"),
        (Reason.REFUSAL, "content_filter"),
        (Reason.PAUSE, "length"),
        (Reason.OTHER, "length"),
    ],
)
def test_23_finishes(reason: Reason, word: str) -> None:
    assert rendered(finishes=(Finish(reason),))["choices"][0]["finish_reason"] == word


def test_an_id_of_another_world_is_made_anew_unless_it_was_read_here() -> None:
    assert rendered(begin=Begin("resp_1"))["id"] == "chatcmpl-1"
    assert rendered(begin=Begin(""))["id"] == "chatcmpl-1"
    assert rendered(begin=Begin("gen-1-x_y"))["id"] == "gen-1-x_y"
    body = {"id": "msg_1", "choices": [{"finish_reason": "stop"}]}
    found = CHAT.parse_reply(body, context())
    assert isinstance(found, Reply)
    assert CHAT.render_reply(found, context()).body["id"] == "msg_1"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"choices": []},
        {"choices": [{"message": {"content": "a"}}]},
        {"choices": [{"finish_reason": "stop", "message": {"tool_calls": [{}]}}]},
    ],
)
def test_what_is_no_finished_answer_is_refused(body: Any) -> None:
    with pytest.raises(BadUpstream):
        CHAT.parse_reply(body, context())


def test_an_error_under_a_good_status_is_a_fault() -> None:
    for body in (
        {"error": {"message": "no", "code": 429}},
        {"choices": [{"error": {"message": "no", "code": 429}}]},
    ):
        fault = CHAT.parse_reply(body, context())
        assert isinstance(fault, Fault)
        assert (fault.kind, fault.message, fault.status) == (FaultKind.RATE, "no", 429)


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (
            400,
            b'{"error":{"message":"m","code":"context_length_exceeded"}}',
            FaultKind.CONTEXT,
            "m",
        ),
        (400, b'{"error":{"message":"m","type":"invalid_request_error"}}', FaultKind.INVALID, "m"),
        (
            404,
            b'{"error":{"message":"m","type":"invalid_request_error"}}',
            FaultKind.NOT_FOUND,
            "m",
        ),
        (429, b'{"error":{"message":"m","type":"insufficient_quota"}}', FaultKind.QUOTA, "m"),
        (429, b'{"error":{"message":"m","type":"tokens"}}', FaultKind.RATE, "m"),
        (401, b'{"detail":"m"}', FaultKind.AUTHENTICATION, "m"),
        (400, b'{"code":"c","error":"m"}', FaultKind.INVALID, "m"),
        (422, b'{"detail":[{"loc":1}]}', FaultKind.INVALID, '[{"loc":1}]'),
        (400, b'[{"error":{"code":400,"message":"m"}}]', FaultKind.INVALID, "m"),
        (502, b"<html>Bad Gateway</html>", FaultKind.SERVER, "<html>Bad Gateway</html>"),
        (503, b"", FaultKind.OVERLOADED, "The upstream failed with status 503."),
        (504, b"\xff", FaultKind.TIMEOUT, "\ufffd"),
        (500, b"null", FaultKind.SERVER, "The upstream failed with status 500."),
        (500, b'"m"', FaultKind.SERVER, "m"),
    ],
)
def test_any_error_is_read(status: int, body: bytes, kind: FaultKind, message: str) -> None:
    fault = CHAT.parse_fault(status, body)
    assert (fault.kind, fault.message, fault.status) == (kind, message, status)
    again, found = CHAT.render_fault(fault)
    assert CHAT.parse_fault(again, json.dumps(found).encode()) == fault


@pytest.mark.parametrize("kind", FaultKind)
def test_a_foreign_fault_is_read_as_what_it_is(kind: FaultKind) -> None:
    fault = Fault(kind, "m", code="their_code", type="their_type", dialect="messages")
    status, body = CHAT.render_fault(fault)
    assert status == kind.status
    assert set(body["error"]) == {"message", "type", "param", "code"}
    assert "their" not in json.dumps(body)
    assert CHAT.parse_fault(status, json.dumps(body).encode()).kind is kind


def test_a_fault_of_ours_keeps_its_code() -> None:
    body = CHAT.render_fault(Fault(FaultKind.TIMEOUT, "m", code="upstream_timeout"))[1]
    assert body["error"]["code"] == "upstream_timeout"


def test_a_full_window_is_worded_as_clients_look_for_it() -> None:
    fault = Fault(FaultKind.CONTEXT, "prompt is too long: 9 > 8", dialect="messages")
    error = CHAT.render_fault(fault)[1]["error"]
    assert error["code"] == "context_length_exceeded"
    assert "maximum context length" in error["message"]
    assert error["message"].endswith(fault.message)


def test_a_fault_ends_a_stream() -> None:
    error, done = chunks(CHAT.render_fault_record(Fault(FaultKind.SERVER, "m")))
    assert error["error"]["message"] == "m"
    assert done == "[DONE]"


def test_the_glance_finds_an_error() -> None:
    found = {"choices": [{"error": {"message": "m", "code": 429}, "finish_reason": "error"}]}
    seen = CHAT.spotter.glance(found)
    assert seen.fault is not None
    assert (seen.fault.kind, seen.complete) == (FaultKind.RATE, False)
    assert CHAT.spotter.mark.search(b'{"finish_reason":null,"usage":null,"error": null}') is None


FOREIGN_WORDS: list[tuple[Part, list[Loss]]] = [
    (
        Refusal("no", phase="final_answer", extra=Extra("x", {"odd": 1, "mark": 2}, HINT)),
        [
            Loss("refusal.odd", "only x has a word for it"),
            Loss("refusal.mark", "only x has a word for it", hint=True),
            Loss("refusal.phase", NO_WORD, hint=True),
        ],
    ),
    (
        Text("yes", phase="final_answer", extra=Extra("x", {"odd": 1})),
        [
            Loss("text.odd", "only x has a word for it"),
            Loss("text.phase", NO_WORD, hint=True),
        ],
    ),
    (
        Reasoning(text=("Hm",), extra=Extra("x", {"odd": 1})),
        [Loss("reasoning.odd", "only x has a word for it")],
    ),
    (
        ToolCall("a", "f", "{}", extra=Extra("x", {"odd": 1})),
        [Loss("tool_calls[].odd", "only x has a word for it")],
    ),
    (ToolCall("a", "f", "{}", namespace="n"), [Loss("tool_calls[].namespace", NO_WORD)]),
]


@pytest.mark.parametrize("shown", ["reasoning_content", "think", "off"])
@pytest.mark.parametrize(("part", "lost"), FOREIGN_WORDS, ids=lambda value: type(value).__name__)
def test_what_another_dialect_says_of_a_part_is_a_loss_in_a_stream_as_well(
    part: Part, lost: list[Loss], shown: str
) -> None:
    reply, about = Reply(NAMED, ((part,),), End()), context(reasoning=shown)
    renderer = CHAT.renderer(about)
    for event in walk(unfold(reply)):
        renderer.render(event)
    assert list(CHAT.render_reply(reply, about).losses) == lost
    assert list(renderer.losses()) == lost
