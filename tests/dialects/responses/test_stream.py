"""Edges of streams that recordings lack, made by hand."""

from typing import Any

import pytest
from attrs import evolve

from openaiproxy.dialects.responses.wire import RESPONSES
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
    HostedResult,
    Opaque,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from openaiproxy.hub.request import FunctionTool, Request, Role, Turn
from openaiproxy.wire import json
from openaiproxy.wire.sse import Record
from tests.dialects.responses.support import context, parse, render, said

CREATED = {
    "type": "response.created",
    "response": {
        "id": "resp_1",
        "object": "response",
        "created_at": 7,
        "model": "m",
        "status": "in_progress",
    },
}


def completed(*output: Any, **fields: Any) -> dict[str, Any]:
    response = {"id": "resp_1", "object": "response", "model": "m", "status": "completed"}
    return {
        "type": "response.completed",
        "response": {**response, "output": list(output), **fields},
    }


def added(index: int, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.added", "output_index": index, "item": item}


def done(index: int, **item: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def call(name: str, arguments: str = "", **more: Any) -> dict[str, Any]:
    head = {"type": "function_call", "id": f"fc_{name}", "call_id": f"call_{name}", "name": name}
    return {**head, "arguments": arguments, "status": "completed", **more}


def grown(index: int, delta: str) -> dict[str, Any]:
    word = "response.function_call_arguments.delta"
    return {"type": word, "output_index": index, "item_id": "x", "delta": delta}


def words(index: int, delta: str, content: int = 0, **more: Any) -> dict[str, Any]:
    at = {"output_index": index, "content_index": content, "item_id": "x"}
    return {"type": "response.output_text.delta", **at, "delta": delta, **more}


def message(*texts: str, **more: Any) -> dict[str, Any]:
    content = [{"type": "output_text", "text": text, "annotations": []} for text in texts]
    head = {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed"}
    return {**head, "content": content, **more}


def parts(*stream: Any) -> tuple[Any, ...]:
    reply = fold(parse(*stream))
    assert isinstance(reply, Reply), reply
    return reply.parts


def test_p21_interleaved_arguments_go_each_to_its_call() -> None:
    events = parse(
        CREATED,
        added(0, **call("a")),
        added(1, **call("b")),
        grown(0, '{"x"'),
        grown(1, '{"y"'),
        grown(0, ":1}"),
        grown(1, ":2}"),
        done(0, **call("a", '{"x":1}')),
        done(1, **call("b", '{"y":2}')),
        completed(),
    )
    reply = fold(events)
    assert isinstance(reply, Reply)
    assert [part.arguments for part in reply.parts] == ['{"x":1}', '{"y":2}']
    assert reply.end.finish.reason is Reason.TOOL_CALLS
    assert parse(render(events)) == events


def test_p22_a_stream_of_final_values_alone_is_told_once() -> None:
    events = parse(CREATED, done(0, **message("Hello")), done(1, **call("a", "{}")), completed())
    deltas = [event.text for event in events if isinstance(event, PartDelta)]
    assert deltas == ["Hello", "{}"]


def test_p22_the_last_event_alone_is_enough() -> None:
    assert parts(CREATED, completed(message("Hello"), call("a", "{}")))[0].text == "Hello"


def test_p22_an_empty_output_in_the_last_event_takes_nothing_back() -> None:
    found = parts(CREATED, added(0, **message()), words(0, "Hel"), words(0, "lo"), completed())
    assert [part.text for part in found] == ["Hello"]


def test_final_values_of_single_events_are_enough() -> None:
    at = {"output_index": 0, "content_index": 0, "item_id": "msg_1"}
    found = parts(
        CREATED,
        added(0, **message()),
        {"type": "response.output_text.done", **at, "text": "Hello", "logprobs": []},
        added(1, **call("f")),
        {"type": "response.function_call_arguments.done", "output_index": 1, "arguments": "{}"},
        completed(),
    )
    assert found[0].text == "Hello"
    assert found[1].arguments == "{}"


def test_ids_that_change_on_every_event_are_not_asked() -> None:
    found = parts(
        CREATED,
        added(0, **message(id="a")),
        words(0, "Hel", item_id="b"),
        words(0, "lo", item_id="c"),
        done(0, **message("Hello", id="d")),
        completed(message("Hello", id="e"), id="resp_2"),
    )
    assert [(part.text, part.id) for part in found] == [("Hello", "a")]


def test_contents_may_be_numbered_from_one() -> None:
    found = parts(
        CREATED, added(0, **message()), words(0, "Hi", 1), done(0, **message("Hi")), completed()
    )
    assert [part.text for part in found] == ["Hi"]


def test_a_message_of_two_contents_stays_one() -> None:
    events = parse(CREATED, done(0, **message("One", "Two")), completed())
    assert [event.slot for event in events if isinstance(event, PartBegin)] == [0, 1]
    items = [one for one in said(render(events)) if one["type"] == "response.output_item.done"]
    assert [len(one["item"]["content"]) for one in items] == [2]
    assert fold(parse(render(events))) == fold(events)  # The ends come with the message's.


def test_an_unknown_event_is_kept_and_comes_back() -> None:
    events = parse(CREATED, {"type": "response.new", "sequence_number": 9, "x": 1}, completed())
    assert Other("responses", "response.new", {"type": "response.new", "x": 1}) in events
    assert {"type": "response.new", "sequence_number": 2, "x": 1} in said(render(events))


def test_progress_of_a_hosted_tool_is_no_loss() -> None:
    (event,) = parse({"type": "response.web_search_call.searching", "item_id": "x"})[:1]
    assert isinstance(event, Other)
    assert event.quiet


def test_an_unknown_item_comes_back_whole() -> None:
    item = {"type": "riddle", "id": "r", "answer": [1, {"a": None}]}
    events = parse(CREATED, added(0, type="riddle", id="r"), done(0, **item), completed())
    assert fold(events).parts == (Opaque("responses", "riddle", item),)  # type: ignore[union-attr]
    assert parse(render(events)) == events


def test_an_unknown_content_is_opaque_beside_the_words() -> None:
    odd = {"type": "hologram", "x": 1}
    item = message("Hi")
    item["content"].append(odd)
    events = parse(CREATED, done(0, **item), completed())
    reply = fold(events)
    assert isinstance(reply, Reply)
    assert isinstance(reply.parts[0], Text)
    assert isinstance(reply.parts[1], Opaque)
    assert reply.parts[1].raw["content"] == [odd]
    assert parse(render(events)) == events


def test_an_empty_message_is_opaque() -> None:
    (part,) = parts(CREATED, added(0, **message()), done(0, **message()), completed())
    assert isinstance(part, Opaque)


@pytest.mark.parametrize("nested", [True, False])
def test_p25_an_error_event_is_a_fault_flat_or_nested(nested: bool) -> None:
    error = {"code": "rate_limit_exceeded", "message": "Slow down.", "param": None}
    event = {"error": {"type": "x", **error}} if nested else error
    last = parse(CREATED, {"type": "error", "sequence_number": 2, **event})[-1]
    assert isinstance(last, Fault)
    assert (last.kind, last.message) == (FaultKind.RATE, "Slow down.")


def test_an_error_without_a_type_is_a_fault() -> None:
    assert isinstance(parse({"error": {"message": "Oh."}})[-1], Fault)


def test_a_failed_response_is_a_fault_with_its_usage() -> None:
    error = {"code": "server_error", "message": "Oh."}
    response = {"status": "failed", "error": error, "usage": {"input_tokens": 3}}
    last = parse(CREATED, {"type": "response.failed", "response": response})[-1]
    assert isinstance(last, Fault)
    assert (last.message, last.usage) == ("Oh.", Usage(3, 0, extra=Extra("responses", {})))


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_a_completion_that_says_it_failed_is_a_fault(status: str) -> None:
    assert isinstance(parse(CREATED, completed(status=status))[-1], Fault)


def test_a_keepalive_is_idle_and_comes_back() -> None:
    events = parse(CREATED, {"type": "keepalive", "sequence_number": 2}, completed())
    assert Idle() in events
    assert {"type": "keepalive", "sequence_number": 2} in said(render(events))


def test_queued_may_come_first_and_begins_once() -> None:
    events = parse({**CREATED, "type": "response.queued"}, CREATED, completed())
    assert sum(isinstance(event, Begin) for event in events) == 1


def test_done_marks_of_others_mean_nothing() -> None:
    assert isinstance(parse(CREATED, completed(), b"data: [DONE]\n\n")[-1], End)


def test_p26_a_stream_that_stops_is_no_completion() -> None:
    events = parse(CREATED, added(0, **message()), words(0, "Hel"), b"data: [DONE]\n\n")
    assert isinstance(events[-1], Fault)
    assert events[-1].kind is FaultKind.TRUNCATED


def test_a_record_that_is_no_object_is_the_upstreams_fault() -> None:
    with pytest.raises(BadUpstream):
        RESPONSES.parser(context()).feed(Record(b"[1]"))


def test_arguments_wait_for_the_name() -> None:
    shell = {"type": "function_call", "id": "fc_a", "call_id": "call_a"}
    events = parse(
        CREATED,
        added(0, **shell),
        grown(0, '{"x"'),
        grown(0, ":1}"),
        done(0, **call("a", '{"x":1}')),
        completed(),
    )
    begun = [event.part for event in events if isinstance(event, PartBegin)]
    assert [part.name for part in begun if isinstance(part, ToolCall)] == ["a"]
    deltas = [event.text for event in events if isinstance(event, PartDelta)]
    assert deltas == ['{"x"', ":1}"]


def test_summary_indexes_are_made_dense() -> None:
    def thought(index: int, delta: str) -> dict[str, Any]:
        word = "response.reasoning_summary_text.delta"
        return {"type": word, "output_index": 0, "summary_index": index, "delta": delta}

    summary = [{"type": "summary_text", "text": text} for text in ("A", "B")]
    reasoning = {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": "s"}
    events = parse(
        CREATED,
        added(0, type="reasoning", id="rs_1", summary=[], encrypted_content="early"),
        thought(1, "A"),
        thought(3, "B"),
        done(0, **reasoning),
        completed(),
    )
    (part,) = fold(events).parts  # type: ignore[union-attr]
    assert isinstance(part, Reasoning)
    assert (part.summary, part.seals) == (("A", "B"), (Seal("responses", "s"),))
    assert parse(render(events)) == events


def test_a_summary_part_that_was_skipped_is_begun() -> None:
    word = "response.reasoning_summary_part.added"
    skipped = {"type": word, "output_index": 0, "summary_index": 0}
    delta = {
        "type": "response.reasoning_summary_text.delta",
        "output_index": 0,
        "summary_index": 1,
        "delta": "B",
    }
    events = parse(
        CREATED, added(0, type="reasoning", id="r", summary=[]), skipped, delta, completed()
    )
    deltas = [(event.index, event.text) for event in events if isinstance(event, PartDelta)]
    assert deltas == [(0, ""), (1, "B")]


def test_a_refusal_without_its_part_is_begun() -> None:
    delta = {"type": "response.refusal.delta", "output_index": 0, "content_index": 0, "delta": "No"}
    (part,) = parts(CREATED, added(0, **message()), delta, completed())
    assert isinstance(part, Refusal)
    assert part.text == "No"


def test_text_without_its_item_is_begun() -> None:
    assert [part.text for part in parts(CREATED, words(0, "Hi"), completed())] == ["Hi"]


def test_logprobs_and_annotations_come_back() -> None:
    probs = [{"token": "Hi", "logprob": -0.5, "bytes": [72, 105], "top_logprobs": []}]
    note = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 2}
    at = {"output_index": 0, "content_index": 0, "annotation_index": 0}
    events = parse(
        CREATED,
        added(0, **message()),
        words(0, "Hi", logprobs=probs),
        {"type": "response.output_text.annotation.added", **at, "annotation": note},
        completed(),
    )
    (part,) = fold(events).parts  # type: ignore[union-attr]
    assert isinstance(part, Text)
    assert part.citations[0].url == "u"
    assert part.logprobs is not None
    assert parse(render(events)) == events


def test_deltas_of_nothing_known_are_harmless() -> None:
    stray = [
        {"type": "response.function_call_arguments.done", "output_index": 7, "arguments": "{}"},
        grown(7, "x"),
        {"type": "response.reasoning_text.delta", "output_index": 7},
        {"type": "response.output_item.added"},
        {"type": "response.output_item.done"},
        words("x", "y"),
        grown("x", "y"),
    ]  # type: ignore[arg-type]
    assert isinstance(parse(CREATED, *stray, completed())[-1], End)


# An answer from elsewhere, towards a caller of ours.

ASKED = Request(
    "m",
    (Turn(Role.SYSTEM, (Text("Be brief."),), top=True),),
    tools=(FunctionTool("f", parameters={"type": "object"}),),
)


def answer(*found: Any, **end: Any) -> Reply:
    return Reply(
        Begin("msg_x", "claude", usage=Usage(1, 0)), (found,), End(**{"usage": Usage(3, 4), **end})
    )


def test_a_foreign_answer_echoes_the_request_and_is_numbered() -> None:
    data = said(render(walk(unfold(answer(Text("Hi")))), ASKED))
    assert [one["sequence_number"] for one in data] == list(range(len(data)))
    first = data[0]["response"]
    assert first["instructions"] == "Be brief."
    assert [tool["name"] for tool in first["tools"]] == ["f"]
    assert first["id"].startswith("resp_")
    last = data[-1]["response"]
    assert last["usage"]["total_tokens"] == 7
    assert [item["type"] for item in last["output"]] == ["message"]


def test_foreign_parts_side_by_side_get_items_of_their_own() -> None:
    events = walk(
        [
            Begin("x", "m"),
            PartBegin(0, Text()),
            PartDelta(0, "Hi"),
            PartBegin(1, ToolCall("c", "f")),
            PartDelta(1, "{}"),
            PartDelta(0, "!"),
            End((Finish(Reason.STOP),)),
        ]
    )
    output = said(render(events))[-1]["response"]["output"]
    assert [item["type"] for item in output] == ["message", "function_call"]
    assert output[0]["content"][0]["text"] == "Hi!"


def test_a_call_without_arguments_has_an_empty_object() -> None:
    data = said(render(walk(unfold(answer(ToolCall("c", "f"))))))
    deltas = [one["delta"] for one in data if one["type"].endswith("arguments.delta")]
    assert deltas == ["{}"]
    assert data[-1]["response"]["output"][0]["arguments"] == "{}"


def test_a_custom_call_is_told_as_one() -> None:
    data = said(render(walk(unfold(answer(ToolCall("c", "f", "free", custom=True))))))
    assert "response.custom_tool_call_input.done" in {one["type"] for one in data}


def test_a_foreign_seal_is_carried_packed() -> None:
    seal = Seal("messages", "sig")
    data = said(render(walk(unfold(answer(Reasoning(("Hm",), (), (seal,)))))))
    item = data[-1]["response"]["output"][0]
    assert Seal.read(item["encrypted_content"], "responses") == seal
    assert item["id"].startswith("rs_")


def test_foreign_hosted_calls_are_items_where_there_is_one() -> None:
    raw = Extra("messages", {})
    renderer = RESPONSES.renderer(context())
    reply = answer(
        Hosted(HostedKind.WEB_SEARCH, "web_search", raw, queries=("q",)),
        Hosted(HostedKind.CODE, "code", raw, arguments="1"),
        HostedResult(HostedKind.CODE, "c", raw),
        Hosted(HostedKind.MCP, "m", raw),
        Opaque("messages", "x", {}),
        Audio("QQ=="),
        Text("Hi", (Citation("char"),)),
    )
    data = said(b"".join(renderer.render(event) for event in walk(unfold(reply))))
    output = data[-1]["response"]["output"]
    words = ["web_search_call", "code_interpreter_call", "message"]
    assert [item["type"] for item in output] == words
    assert len(renderer.losses()) >= 4


@pytest.mark.parametrize(
    ("reason", "word", "why"),
    [
        (Reason.LENGTH, "incomplete", "max_output_tokens"),
        (Reason.STOP, "completed", None),
        (Reason.REFUSAL, "incomplete", "content_filter"),
        (Reason.CONTEXT, "incomplete", "max_output_tokens"),
        (Reason.OTHER, "incomplete", "max_output_tokens"),
    ],
)
def test_p23_reasons_have_their_event(reason: Reason, word: str, why: str | None) -> None:
    end = (Finish(reason, extra=Extra("chat", {})),)
    last = said(render(walk(unfold(answer(Text("Hi"), finishes=end)))))[-1]
    assert last["type"] == f"response.{word}"
    assert (last["response"]["incomplete_details"] or {}).get("reason") == why


def test_a_fault_says_so_and_stops() -> None:
    fault = Fault(FaultKind.CONTEXT, "Too long: 9 > 8.")
    data = said(render([Begin("x", "m"), PartBegin(0, Text()), fault]))
    assert [one["type"] for one in data[-2:]] == ["error", "response.failed"]
    assert data[-2]["error"]["code"] == data[-2]["code"] == "context_length_exceeded"
    assert data[-2]["message"].endswith("Too long: 9 > 8.")
    assert data[-1]["response"]["status"] == "failed"
    assert [one["type"] for one in said(render([fault]))] == ["error"]


def test_further_choices_and_events_of_others_are_losses() -> None:
    renderer = RESPONSES.renderer(context())
    finishes = (Finish(Reason.STOP), Finish(Reason.STOP))
    reply = evolve(answer(), choices=((Text("A"),), (Text("B"),)), end=End(finishes))
    reply = evolve(reply, others=(Other("chat", "odd", {}), Other("chat", "calm", {}, quiet=True)))
    data = said(b"".join(renderer.render(event) for event in walk(unfold(reply))))
    assert len(data[-1]["response"]["output"]) == 1
    assert [loss.path for loss in renderer.losses()] == ["odd", "choices[1]"]


def test_reasoning_text_and_summary_of_others_stream() -> None:
    events = walk(
        [
            Begin("x", "m"),
            PartBegin(0, Reasoning()),
            PartDelta(0, "raw"),
            PartDelta(0, "A", Channel.SUMMARY),
            PartDelta(0, "B", Channel.SUMMARY, 1),
            End(),
        ]
    )
    found = {one["type"] for one in said(render(events))}
    assert {"response.reasoning_text.delta", "response.reasoning_summary_part.done"} <= found
    assert fold(parse(render(events))).parts[0].summary == ("A", "B")  # type: ignore[union-attr]


def test_twenty_thousand_deltas_are_one_text() -> None:
    deltas = [words(0, "x")] * 20_000
    assert len(parts(CREATED, added(0, **message()), *deltas, completed())[0].text) == 20_000


def test_arguments_wait_for_the_name_but_not_without_end() -> None:
    shell = {"type": "function_call", "id": "fc_a", "call_id": "call_a"}
    parser = RESPONSES.parser(context())

    def feed(event: dict[str, Any]) -> list[Event]:
        return list(parser.feed(Record(json.dumps(event))))

    feed(CREATED)
    feed(added(0, **shell))
    for _ in range(16):
        assert feed(grown(0, "x" * 4096)) == []
    assert feed(grown(0, "")) == []
    with pytest.raises(BadUpstream, match="without a name"):
        feed(grown(0, "x"))


def test_an_answer_has_no_more_items_than_are_of_use() -> None:
    parser = RESPONSES.parser(context())
    for index in range(1 << 14):
        parser.feed(Record(json.dumps(added(index, type="message"))))
    with pytest.raises(BadUpstream, match="too many items"):
        parser.feed(Record(json.dumps(added(1 << 14, type="message"))))


def test_events_of_an_item_that_is_done_are_late_and_tell_nothing() -> None:
    late = [
        grown(0, "x"),
        {"type": "response.function_call_arguments.done", "output_index": 0, "arguments": "x"},
        done(0, **call("a", "x")),
        words(1, "x"),
        {"type": "response.output_text.done", "output_index": 1, "content_index": 0, "text": "x"},
        done(1, **message("x")),
    ]
    items = (done(0, **call("a", "{}")), done(1, **message("Hi")))
    assert parse(CREATED, *items, *late, completed()) == parse(CREATED, *items, completed())
