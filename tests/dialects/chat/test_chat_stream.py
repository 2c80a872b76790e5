"""Streams, at the edges that recordings lack."""

import json
from typing import Any

import pytest

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Context
from openaiproxy.errors import BadUpstream
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
    PartNote,
    Reason,
    Usage,
)
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import (
    Audio,
    Citation,
    Extra,
    Hosted,
    HostedKind,
    Logprob,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from openaiproxy.hub.request import FunctionTool, Request
from openaiproxy.wire.sse import Record
from tests.dialects.chat.recorded import chunks, context, loose, strict, written

STOP = {"finish_reason": "stop"}
CALLS = {"finish_reason": "tool_calls"}


def wire(*said: Any, done: bool = True) -> bytes:
    """A stream: of a delta, of a choice with its ``delta`` or finish, or of a whole chunk."""
    lines = []
    for one in said:
        if not one.keys() & {"delta", "finish_reason", "choices", "error"}:
            one = {"delta": one}
        if not one.keys() & {"choices", "error"}:
            one = {"choices": [{"index": 0, **one}]}
        body = one if "error" in one else {"id": "c", "created": 1, "model": "m", **one}
        lines.append(b"data: " + json.dumps(body).encode() + b"\n\n")
    return b"".join(lines) + (b"data: [DONE]\n\n" if done else b"")


def call(index: int | None = None, call_id: Any = None, name: Any = None, text: Any = None) -> Any:
    entry: dict[str, Any] = {"function": {"name": name, "arguments": text}, "id": call_id}
    if index is not None:
        entry["index"] = index
    return {"tool_calls": [entry]}


MORE = call(0, None, None, "}")


def both(one: Any, other: Any) -> Any:
    return {"tool_calls": one["tool_calls"] + other["tool_calls"]}


def folded(body: bytes) -> Reply:
    reply = fold(loose(body))
    assert isinstance(reply, Reply), reply
    return reply


def calls(body: bytes) -> list[tuple[str, str, str]]:
    parts = folded(body).parts
    return [(p.call_id, p.name, p.arguments) for p in parts if isinstance(p, ToolCall)]


def entries(body: bytes) -> list[Any]:
    """The first of ``tool_calls`` in each chunk of a stream read and written again."""
    said = deltas(chunks(written(strict(body)))[:-1])
    return [one["tool_calls"][0] for one in said if "tool_calls" in one]


def told(*parts: Part, about: Context | None = None, **end: Any) -> list[Any]:
    """The chunks of an answer with these parts, ``[DONE]`` left away."""
    reply = Reply(Begin("chatcmpl-1", "m", 1), (parts,), End(**end))
    *found, done = chunks(written(walk(unfold(reply)), about))
    assert done == "[DONE]"
    return found


def deltas(found: list[Any]) -> list[Any]:
    return [one["choices"][0]["delta"] for one in found if one["choices"]]


def test_21_interleaved_arguments_each_go_to_their_own_call() -> None:
    body = wire(
        call(0, "a", "f", '{"x"'),
        call(1, "b", "g", "["),
        call(0, None, None, ":1}"),
        call(1, "", "", "]"),
        CALLS,
    )
    assert calls(body) == [("a", "f", '{"x":1}'), ("b", "g", "[]")]
    found = [
        d["tool_calls"][0] for d in deltas(chunks(written(strict(body)))[:-1]) if "tool_calls" in d
    ]
    assert [one["index"] for one in found if "id" in one] == [0, 1]
    assert "".join(o["function"]["arguments"] for o in found if o["index"] == 0) == '{"x":1}'
    assert "".join(o["function"]["arguments"] for o in found if o["index"] == 1) == "[]"


def test_20_indexes_are_dense_whatever_the_upstream_counts() -> None:
    body = wire(call(3, "a", "f", "{}"), call(7, "b", "g", "{}"), CALLS)
    found = [
        d["tool_calls"][0] for d in deltas(chunks(written(strict(body)))[:-1]) if "tool_calls" in d
    ]
    assert sorted({one["index"] for one in found}) == [0, 1]


@pytest.mark.parametrize(
    "said",
    [
        [
            {
                "tool_calls": [
                    call(None, "a", "f", "{}")["tool_calls"][0],
                    call(None, "b", "g", "{}")["tool_calls"][0],
                ]
            }
        ],
        [call(None, "a", "f", "{}"), call(None, "b", "g", "{}")],
        [call(0, "a", "f", "{}"), call(0, "b", "g", "{}")],
        [
            call(0, "a", "f", "{"),
            call(0, None, None, "}"),
            call(0, "b", "g", "{"),
            call(0, None, None, "}"),
        ],
        [call(None, "a", "f", "{"), call(None, None, None, "}"), call(None, "b", "g", "{}")],
        [call(None, "a", "f", "{"), call(None, "a", "f", "}"), call(None, "b", "g", "{}")],
        [call(0, "a"), call(0, None, "f", "{}"), call(1, "b", "g", "{}")],
        [call(0, "a", None, "{"), call(0, "", "f", "}"), call(1, "b", "g", "{}")],
        [call(0, "a", "f", {}), call(1, "b", "g", {})],
        [call(0, "a", "f", "{}"), {"content": ""}, {"content": None}, call(1, "b", "g", None)],
    ],
    ids=[
        "whole, in one chunk, no index",
        "whole, no index",
        "whole, the same index",
        "pieces, the same index",
        "pieces, no index",
        "pieces, no index, all repeated",
        "name after id",
        "arguments before name",
        "arguments as objects",
        "empty contents between",
    ],
)
def test_two_calls_are_two_calls_however_they_are_told(said: list[Any]) -> None:
    body = wire(*said, CALLS)
    assert calls(body) == [("a", "f", "{}"), ("b", "g", "{}")]
    assert strict(written(strict(body))) == strict(body)


def test_calls_without_ids_are_apart_and_are_given_ids() -> None:
    body = wire(call(None, None, "f", "{}"), call(None, None, "g", "{}"), CALLS)
    assert [name for _, name, _ in calls(body)] == ["f", "g"]
    ids = [call_id for call_id, _, _ in calls(written(strict(body)))]
    assert len(set(ids)) == 2
    assert all(one.startswith("call_") for one in ids)


def test_24_a_call_that_never_has_a_name_is_none() -> None:
    reply = folded(wire({"content": "Hi"}, call(0, "a", None, "{}"), CALLS))
    assert reply.parts == (Text("Hi"),)
    assert reply.end.finish.reason is Reason.STOP


def test_a_function_of_before_tools() -> None:
    body = wire(
        {"function_call": {"name": "f", "arguments": ""}},
        {"function_call": {"arguments": "{}"}},
        {"finish_reason": "function_call"},
    )
    assert folded(body).parts == (ToolCall("", "f", "{}", legacy=True),)
    found = chunks(written(strict(body)))
    assert found[-3]["choices"][0]["finish_reason"] == "function_call"
    assert {"function_call": {"name": "f", "arguments": ""}} in deltas(found[:-1])


def test_a_caller_of_before_tools_is_answered_in_those_words() -> None:
    asked = Request("m", tools=(FunctionTool("f", legacy=True),))
    found = told(ToolCall("c", "f", "{}"), about=context(asked))
    assert deltas(found)[1] == {"function_call": {"name": "f", "arguments": ""}}
    assert found[-1]["choices"][0]["finish_reason"] == "function_call"


def test_content_as_a_list() -> None:
    thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}
    body = wire({"content": [thinking]}, {"content": [{"type": "text", "text": "Hi"}]}, STOP)
    assert folded(body).parts == (Reasoning(text=("Hm",)), Text("Hi"))


def test_a_part_of_an_unknown_type_is_kept() -> None:
    body = wire({"content": [{"type": "odd", "x": 1}]}, STOP)
    assert folded(body).parts == (Opaque("chat", "odd", {"type": "odd", "x": 1}),)
    assert strict(written(strict(body))) == strict(body)


def test_a_repeated_role_and_ids_that_vary_are_of_no_concern() -> None:
    body = wire(
        {"choices": [], "id": "", "model": "", "created": 0, "prompt_filter_results": [1]},
        {"role": "assistant", "content": "a"},
        {"id": "other", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "b"}}]},
        STOP,
    )
    reply = folded(body)
    assert reply.parts == (Text("ab"),)
    assert reply.begin == Begin("c", "m", 1, extra=Extra("chat", {"prompt_filter_results": [1]}))


def test_usage_in_the_finish_chunk_and_after_it() -> None:
    counts = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    at = wire({"choices": [{"delta": {"content": "a"}, **STOP}], "usage": counts})
    after = wire({"content": "a"}, STOP, {"choices": [], "usage": counts})
    groq = wire({"content": "a"}, {"choices": [{"delta": {}, **STOP}], "x_groq": {"usage": counts}})
    for body in (at, after, groq):
        assert folded(body).end.usage == Usage(3, 4)
        assert folded(body).parts == (Text("a"),)


def test_26_a_finish_without_done_is_an_end_and_done_without_a_finish_is_none() -> None:
    assert isinstance(strict(wire({"content": "a"}, STOP, done=False))[-1], End)
    for body in (wire({"content": "a"}), wire({"content": "a"}, done=False), wire(), b""):
        last = strict(body)[-1]
        assert isinstance(last, Fault)
        assert last.kind is FaultKind.TRUNCATED


def test_26_every_choice_needs_its_finish() -> None:
    two = {"choices": [{"index": 1, "delta": {"content": "b"}}]}
    assert isinstance(strict(wire({"content": "a"}, two, STOP))[-1], Fault)
    whole = folded(wire({"content": "a"}, two, STOP, {"choices": [{"index": 1, **STOP}]}))
    assert whole.choices == ((Text("a"),), (Text("b"),))
    lone = {"choices": [{"index": 1, "delta": {"content": "b"}, **STOP}]}
    assert isinstance(strict(wire(lone))[-1], Fault)


def test_several_choices_are_written_each_with_a_role_and_a_finish() -> None:
    reply = Reply(
        Begin("c", "m", 1),
        ((Text("a"),), (ToolCall("x", "f", "{}"),), ()),
        End((Finish(Reason.STOP), Finish(Reason.TOOL_CALLS), Finish(Reason.LENGTH))),
    )
    body = written(walk(unfold(reply)))
    found = [one for chunk in chunks(body)[:-1] for one in chunk["choices"]]
    assert sorted(one["index"] for one in found if "role" in one["delta"]) == [0, 1, 2]
    assert [(o["index"], o["finish_reason"]) for o in found if o["finish_reason"]] == [
        (0, "stop"),
        (1, "tool_calls"),
        (2, "length"),
    ]
    assert folded(body).choices == reply.choices


def test_28_usage_is_told_if_it_was_asked_for_and_only_then() -> None:
    end = {"usage": Usage(3, 4, cached=1)}
    asked = told(Text("a"), about=context(Request("m", usage=True)), **end)
    assert [one["usage"] for one in asked[:-1]] == [None] * (len(asked) - 1)
    assert asked[-1]["choices"] == []
    assert asked[-1]["usage"]["prompt_tokens_details"] == {"cached_tokens": 1}
    for usage in (None, False):
        found = told(Text("a"), about=context(Request("m", usage=usage)), **end)
        assert all("usage" not in one for one in found)
        assert found[-1]["choices"][0]["finish_reason"] == "stop"


TWO = Reasoning(("One", "Two"), ("raw",))


@pytest.mark.parametrize(
    ("shown", "field", "text"),
    [
        ("reasoning_content", "reasoning_content", "One\n\nTwo"),
        ("reasoning", "reasoning", "One\n\nTwo"),
        ("both", "reasoning", "One\n\nTwo"),
        ("both", "reasoning_content", "One\n\nTwo"),
        ("think", "content", "<think>\nOne\n\nTwo\n</think>\n\nHi"),
        ("off", "content", "Hi"),
    ],
)
def test_27_reasoning_is_shown_where_it_is_wanted(shown: str, field: str, text: str) -> None:
    about = context(reasoning=shown)
    said = deltas(told(TWO, Text("Hi"), about=about))
    assert "".join(one.get(field) or "" for one in said) == text
    reply = Reply(Begin(), ((TWO, Text("Hi")),), End())
    message = CHAT.render_reply(reply, about).body["choices"][0]["message"]
    assert message[field] == text
    for other in {"reasoning", "reasoning_content"} - {field}:
        assert (other in message) == (shown == "both")


def test_27_raw_reasoning_is_shown_if_there_is_no_summary() -> None:
    said = deltas(told(Reasoning((), ("raw", "more"))))
    assert "".join(one.get("reasoning_content", "") for one in said) == "raw\n\nmore"


def test_seals_of_others_are_carried_and_come_back() -> None:
    seal = Seal("responses", "secret", "x")
    said = deltas(told(Reasoning(("a",), seals=(seal,)), Text("b")))
    [entry] = [one["reasoning_details"][0] for one in said if "reasoning_details" in one]
    assert entry["data"] == seal.packed()
    message = {"role": "assistant", "content": "b", "reasoning_details": [entry]}
    turn = CHAT.parse_request({"model": "m", "messages": [message]}).turns[0]
    assert turn.parts == (Reasoning(seals=(seal,)), Text("b"))


def test_details_that_repeat_the_reasoning_are_read_once() -> None:
    entry = {"type": "reasoning.text", "text": "Hm", "index": 0}
    signed = {"type": "reasoning.text", "signature": "s", "index": 0, "text": "Hm"}
    body = wire(
        {"reasoning": "Hm", "reasoning_details": [entry]},
        {"reasoning_details": [signed]},
        {"content": "Hi"},
        STOP,
    )
    thoughts, words = folded(body).parts
    assert isinstance(thoughts, Reasoning)
    assert (thoughts.text, words) == (("Hm",), Text("Hi"))
    assert [seal.kind for seal in thoughts.seals] == ["text"]
    assert strict(written(strict(body))) == strict(body)
    lone = folded(wire({"reasoning_details": [entry]}, STOP))
    assert lone.parts == (Reasoning(text=("Hm",)),)


def test_31_a_refusal_is_told_as_one() -> None:
    body = wire({"refusal": "I "}, {"refusal": "won't"}, STOP)
    assert folded(body).parts == (Refusal("I won't"),)
    said = deltas(chunks(written(strict(body)))[:-1])
    assert "".join(one.get("refusal") or "" for one in said) == "I won't"


def test_32_citations_are_annotations_and_hosted_calls_are_no_tool_calls() -> None:
    note = Citation("url", "https://a", "A", 0, 2)
    hosted = Hosted(HostedKind.WEB_SEARCH, "web_search", Extra("responses", {}))
    events = walk(unfold(Reply(Begin("c", "m", 1), ((hosted, Text("Hi", (note,))),), End())))
    renderer = CHAT.renderer(context())
    body = b"".join(map(renderer.render, events))
    assert list(folded(body).parts) == [Text("Hi", (note,))]
    assert b"tool_calls" not in body
    assert [loss.path for loss in renderer.losses()] == ["parts[] (Hosted)"]


def test_logprobs_come_with_their_words() -> None:
    probs = (Logprob("Hi", -0.5, (72, 105), (Logprob("Hi", -0.5, (72, 105)),)),)
    body = written(walk(unfold(Reply(Begin("c", "m", 1), ((Text("Hi", (), probs),),), End()))))
    assert folded(body).parts == (Text("Hi", (), probs),)


def test_sound() -> None:
    body = wire(
        {"audio": {"id": "audio_1", "transcript": "He"}},
        {"audio": {"transcript": "y", "data": "AAAA"}},
        {"audio": {"data": "BBBB", "expires_at": 9}},
        STOP,
    )
    sound = Audio("AAAABBBB", None, "Hey", "audio_1", 9)
    assert folded(body).parts == (sound,)
    assert strict(written(strict(body))) == strict(body)


def test_a_custom_tool() -> None:
    part = ToolCall("a", "f", "free text", custom=True)
    body = written(walk(unfold(Reply(Begin("c", "m", 1), ((part,),), End()))))
    assert folded(body).parts == (part,)


GROQ = (
    b'event: error\ndata: {"error":{"message":"no","code":"tool_use_failed",'
    b'"type":"invalid_request_error"}}'
)
BESIDE = (
    b'data: {"id":"g","choices":[{"index":0,"delta":{"content":""},"finish_reason":"error"}],'
    b'"error":{"code":429,"message":"no"}}'
)
WITHIN = (
    b'data: {"choices":[{"index":0,"delta":{},"finish_reason":null,'
    b'"error":{"code":502,"message":"no"}}]}'
)


@pytest.mark.parametrize(
    ("frame", "kind", "status", "code"),
    [
        (GROQ, FaultKind.INVALID, None, "tool_use_failed"),
        (BESIDE, FaultKind.RATE, 429, "429"),
        (WITHIN, FaultKind.SERVER, 502, "502"),
        (b'data: {"error":"no"}', FaultKind.SERVER, None, None),
        (b'event: error\ndata: {"message":"no"}', FaultKind.SERVER, None, None),
    ],
    ids=["Groq", "OpenRouter, beside choices", "within a choice", "a string", "no envelope"],
)
def test_25_an_error_amid_a_stream(
    frame: bytes, kind: FaultKind, status: int | None, code: str | None
) -> None:
    events = strict(wire({"content": "a"}, done=False) + frame + b"\n\n" + wire(STOP))
    fault = events[-1]
    assert isinstance(fault, Fault)
    assert (fault.kind, fault.status, fault.code, fault.message) == (kind, status, code, "no")
    *_, error, done = chunks(written(events))
    assert error["error"]["message"] == "no"
    assert done == "[DONE]"


def test_what_is_no_chunk_is_refused() -> None:
    for data in (b"[1]", b"{", b'{"choices":[{"index":99999999,"delta":{}}]}'):
        with pytest.raises(BadUpstream):
            list(CHAT.parser(context()).feed(Record(data)))


def test_a_word_that_is_unknown_comes_back_and_is_no_good_end_elsewhere() -> None:
    reply = folded(wire({"content": "a"}, {"finish_reason": "odd"}))
    assert (reply.end.finish.reason, reply.end.finish.word) == (Reason.OTHER, "odd")
    assert told(Text("a"), finishes=reply.end.finishes)[-2]["choices"][0]["finish_reason"] == "odd"
    foreign = (Finish(Reason.OTHER, "weird"),)
    assert told(Text("a"), finishes=foreign)[-2]["choices"][0]["finish_reason"] == "length"


def test_keep_alives_and_foreign_events() -> None:
    renderer = CHAT.renderer(context())
    events: list[Event] = [Idle(), Other("x", "quiet", {}, quiet=True), Other("x", "loud", {})]
    assert [renderer.render(event) for event in events] == [b": keep-alive\n\n", b"", b""]
    assert [loss.path for loss in renderer.losses()] == ["events[] (loud)"]


def test_an_empty_call_is_given_an_object() -> None:
    said = deltas(told(ToolCall("a", "f")))
    assert said[-2]["tool_calls"] == [{"index": 0, "function": {"arguments": "{}"}}]


def test_text_is_escaped_and_nul_is_no_hole() -> None:
    text = 'a"\\\n\0\u2028é\ud83d'
    body = written(walk(unfold(Reply(Begin("c", "m\0", 1), ((Text(text),),), End()))))
    assert folded(body).parts == (Text(text),)


def test_fields_of_others_are_kept_where_they_stand() -> None:
    body = wire(
        {"choices": [{"index": 0, "delta": {"content": "a", "odd": 1}}], "provider": "P"},
        {"choices": [{"index": 0, "delta": {}, "native": "x", **STOP}], "cost": 2},
    )
    reply = folded(body)
    assert reply.begin.extra == Extra("chat", {"provider": "P"})
    assert reply.end.extra == Extra("chat", {"cost": 2})
    assert reply.end.finish.extra == Extra("chat", {"native": "x", "message": {"odd": 1}})
    assert strict(written(strict(body))) == strict(body)


def test_slots_are_numbered_through_all_choices_and_parts_end_when_others_begin() -> None:
    events = loose(wire({"reasoning": "r"}, {"content": "a"}, call(0, "x", "f", "{}"), CALLS))
    shape = [
        (type(e).__name__, e.slot)
        for e in events
        if isinstance(e, PartBegin | PartEnd | PartDelta | PartNote)
    ]
    assert shape == [
        ("PartBegin", 0), ("PartDelta", 0), ("PartEnd", 0),
        ("PartBegin", 1), ("PartDelta", 1), ("PartEnd", 1),
        ("PartBegin", 2), ("PartDelta", 2),
    ]  # fmt: skip


def test_27_seals_are_not_shown_where_reasoning_is_not() -> None:
    sealed = Reasoning(("a",), seals=(Seal("responses", "secret"),))
    about = context(reasoning="off")
    assert deltas(told(sealed, about=about))[1:-1] == []
    message = CHAT.render_reply(Reply(Begin(), ((sealed,),), End()), about).body["choices"][0]
    assert message["message"] == {"role": "assistant", "content": "", "refusal": None}


def test_words_of_a_hosted_call_are_not_words_of_the_answer() -> None:
    hosted = Hosted(HostedKind.CODE, "code", Extra("responses", {}), arguments="print(1)")
    assert deltas(told(hosted))[1:-1] == []


def test_searches_are_counted_elsewhere() -> None:
    renderer = CHAT.renderer(context())
    for event in walk(unfold(Reply(Begin("c", "m", 1), ((),), End(usage=Usage(searches=1))))):
        renderer.render(event)
    assert [(loss.path, loss.hint) for loss in renderer.losses()] == [("usage.searches", True)]


def test_20000_deltas_are_20000_chunks() -> None:
    body = wire(*({"content": "word "} for _ in range(20_000)), STOP)
    assert folded(body).parts == (Text("word " * 20_000),)
    assert len(chunks(written(strict(body)))) == 20_000 + 4


def test_what_stands_beside_the_choices_counts_as_it_was_said_last() -> None:
    """Chunks that repeat what the last one said are not read again; one that says what an earlier
    one did, after another said otherwise, is."""

    def chunk(fingerprint: str, text: str, **more: Any) -> Any:
        choice = {"index": 0, "delta": {"content": text}, **more}
        return {"system_fingerprint": fingerprint, "choices": [choice]}

    reply = folded(wire(chunk("A", "a"), chunk("B", "b"), chunk("A", "c", **STOP)))
    assert reply.begin.extra == Extra("chat", {"system_fingerprint": "A"})
    assert reply.end.extra is None
    reply = folded(wire(chunk("A", "a"), chunk("B", "b"), chunk("B", "c", **STOP)))
    assert reply.end.extra == Extra("chat", {"system_fingerprint": "B"})


def test_chunks_of_choices_in_turn_each_go_to_their_own_choice() -> None:
    def chunk(number: int, text: str, **more: Any) -> Any:
        return {"choices": [{"index": number, "delta": {"content": text}, **more}]}

    reply = folded(wire(chunk(0, "a"), chunk(1, "b"), chunk(0, "c", **STOP), chunk(1, "d", **STOP)))
    assert reply.choices == ((Text("ac"),), (Text("bd"),))


def test_arguments_wait_for_their_name_but_not_without_end() -> None:
    room = 1 << 16
    early = [call(0, "a", None, "x" * (room // 2)), call(1, "b", None, "y" * (room // 2))]
    names = [call(0, None, "f"), call(1, None, "g", "!")]
    assert calls(wire(*early, *names, CALLS)) == [
        ("a", "f", "x" * (room // 2)),
        ("b", "g", "y" * (room // 2) + "!"),
    ]
    last = strict(wire(*early, call(1, None, None, "z"), *names, CALLS))[-1]
    assert isinstance(last, Fault)
    assert (last.kind, last.code) == (FaultKind.MALFORMED, "upstream_too_large")


def test_a_choice_makes_no_more_calls_than_are_of_use() -> None:
    many = [call(number, f"a{number}", None, "") for number in range(1025)]
    assert isinstance(folded(wire(*many[:-1], CALLS)), Reply)
    last = strict(wire(*many, CALLS))[-1]
    assert isinstance(last, Fault)
    assert last.message == "An answer makes too many calls."


def test_27_a_thought_without_words_is_not_shown() -> None:
    events = walk(unfold(Reply(Begin("c", "m", 1), ((Reasoning(("",)), Text("Hi")),), End())))
    assert PartDelta(0, "", Channel.SUMMARY) in events
    said = deltas(told(Reasoning(("",)), Text("Hi")))
    assert not any("reasoning_content" in one for one in said)
