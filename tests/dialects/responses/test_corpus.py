"""The laws of this dialect over every recording of it. Exceptions are named, with the reason."""

from typing import Any

import jsonschema
import pytest
from attrs import evolve

from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest
from openaiproxy.hub.events import Begin, End, Fault, Usage
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import (
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
)
from openaiproxy.hub.request import FunctionTool, Request
from openaiproxy.wire import json
from openaiproxy.wire.sse import encode
from tests.dialects.responses.support import (
    SPECS,
    again,
    context,
    parse,
    recorded,
    recordings,
    records,
    render,
    said,
    streams,
    wholes,
)

pytestmark = recorded

LEAST = "asks for fewer tokens than Responses takes, and gets the least"
REFUSED = "is no request: the service refused it too"
COUNTS = "tells no details of its usage, which the schema demands"
UNNAMED = "has a call without an id, which its events need"
REQUESTS = {
    "req_llm__o1_mini_usage_0": LEAST,
    "req_llm__o1_preview_usage_0": LEAST,
    "rig__vllm_responses_api_accepts_null_metadata_0": LEAST,
    "req_llm__gpt_5_codex_object_streaming_0": REFUSED,
    "req_llm__o1_pro_tool_round_trip_2_0": REFUSED,
}
REPLIES = {
    "opentelemetry-js-contrib__mock_responses_openai_responses_records_code_interpreter_"
    "calls_0": COUNTS,
    "rig__openai_compatible_reasoning_content_tool_roundtrip_0": COUNTS,
    "rig__openai_compatible_reasoning_content_tool_roundtrip_1": COUNTS,
    "rig__responses_api_responses_api_multi_turn_replays_history_1": COUNTS,
    "rig__unmapped_surface_responses_api_0": COUNTS,
    "ruby_llm__settes_providers_bedrock_mantle_responses_chat_calls_tools_through_the_responses_"
    "surface_0": UNNAMED,
}
FAILED = "ai__fixtures_openai_error_1_chunks_0"


def test_a_request_comes_back_the_same() -> None:
    differ = set()
    for one in recordings():
        body = one["request"]["body"]
        if not isinstance(body, dict) or not one["request"].get("known", True):
            continue
        try:
            request = RESPONSES.parse_request(body)
        except BadRequest:
            assert one["response"]["status"] == 400, one["name"]
            differ.add(one["name"])
            continue
        if RESPONSES.parse_request(again(RESPONSES.render_request(request).body)) != request:
            differ.add(one["name"])
    assert differ == set(REQUESTS)


def test_a_request_loses_nothing_to_its_own_dialect() -> None:
    for one in recordings():
        if isinstance(one["request"]["body"], dict) and one["name"] not in REQUESTS:
            request = RESPONSES.parse_request(one["request"]["body"])
            assert RESPONSES.render_request(request).losses == (), one["name"]


def test_a_reply_comes_back_the_same_and_is_legal() -> None:
    differ = set()
    for name, body, _ in wholes():
        reply = RESPONSES.parse_reply(body, context())
        assert isinstance(reply, Reply), name
        assert isinstance(fold(unfold(reply)), Reply), name
        rendered = RESPONSES.render_reply(reply, context())
        assert rendered.losses == (), name
        if RESPONSES.parse_reply(again(rendered.body), context()) != reply:
            differ.add(name)
    assert differ == set(REPLIES)


def test_a_stream_is_legal_and_comes_back_the_same() -> None:
    for name, data, _ in streams():
        events = parse(data)
        last = events[-1]
        assert isinstance(last, Fault if name == FAILED else End), (name, last)
        assert getattr(last, "code", None) != "upstream_stream_malformed", name
        assert parse(render(events)) == events, name


def test_whole_replies_come_back_the_same_as_streams() -> None:
    for name, body, _ in wholes():
        if name in REPLIES:
            continue
        reply = RESPONSES.parse_reply(body, context())
        assert isinstance(reply, Reply)
        whole = fold(unfold(reply))
        assert isinstance(whole, Reply)
        streamed = fold(parse(render(walk(unfold(reply)))))
        assert isinstance(streamed, Reply), name
        assert _plain(streamed) == _plain(whole), name


def _plain(reply: Reply) -> object:
    """What a reply says, without what a stream may tell at another time, and without seals, which
    are made anew for each event."""
    extra = {**(reply.begin.extra.fields if reply.begin.extra else {})}
    extra.update(reply.end.extra.fields if reply.end.extra else {})
    tier = reply.end.tier or reply.begin.tier
    parts = [_unsealed(part) for part in reply.parts]
    begin = (reply.begin.model, reply.begin.created)
    return begin, extra, tier, parts, reply.end.finishes, reply.end.usage


def _unsealed(part: Part) -> Part:
    match part:
        case Reasoning():
            return evolve(part, seals=tuple(evolve(seal, data="") for seal in part.seals))
        case Opaque():
            return evolve(part, raw={k: v for k, v in part.raw.items() if k != "encrypted_content"})
    return part


ROTATES = "the ids change on every event"
FINGERPRINT = "an item that the hub keeps whole has a fingerprint that changes on every event"
FOLDS_APART = {
    "ai__fixtures_github_copilot_id_rotation_1_chunks_0": ROTATES,
    "rig__reasoning_roundtrip_streaming_1": ROTATES,
    "ai__fixtures_programmatic_tool_calling_1_chunks_0": FINGERPRINT,
}


def test_a_stream_folds_to_the_response_in_its_last_event() -> None:
    apart = set()
    tried = 0
    for name, data, _ in streams():
        finals = [found for found in said(_json_only(data)) if "response" in found]
        last = finals[-1]["response"]
        if name == FAILED or not last.get("output"):
            continue
        reply = RESPONSES.parse_reply(last, context())
        assert isinstance(reply, Reply), name
        whole, streamed = fold(unfold(reply)), fold(parse(data))
        assert isinstance(whole, Reply)
        assert isinstance(streamed, Reply)
        tried += 1
        if _said_by_items(whole) != _said_by_items(streamed):
            apart.add(name)
    assert tried > 180
    assert apart == set(FOLDS_APART)


def _json_only(data: bytes) -> bytes:
    kept = [record for record in records(data) if record.data != b"[DONE]"]
    return b"".join(encode(record.data, record.event) for record in kept)


def _said_by_items(reply: Reply) -> object:
    _, _, tier, parts, finishes, usage = _plain(reply)  # type: ignore[misc]
    return tier, parts, finishes, usage


def test_a_truncated_stream_is_a_fault_and_never_complete() -> None:
    for name, data, _ in list(streams())[::6]:
        whole = records(data)
        ends = [n for n, record in enumerate(whole) if b"[DONE]" not in record.data]
        for cut in sorted({1, 2, len(ends) // 3, len(ends) // 2, len(ends) - 1} - {0}):
            if cut >= len(ends):
                continue
            part = b"".join(encode(record.data, record.event) for record in whole[:cut])
            events = parse(part)
            assert isinstance(events[-1], Fault), (name, cut)
            words = {found["type"] for found in said(render(events))}
            assert not words & {"response.completed", "response.incomplete"}, (name, cut)
            assert "error" in words


def _schema(name: str) -> jsonschema.Draft202012Validator:
    found = json.loads((SPECS / f"sdk-3.52.0-{name}.schema.json").read_bytes())
    return jsonschema.Draft202012Validator(found)


@pytest.mark.skipif(not SPECS.is_dir(), reason=f"no schemas at {SPECS}")
def test_rendered_replies_of_openai_are_valid_where_the_recorded_are() -> None:
    valid = _schema("Response").is_valid
    wrong = set()
    for name, body, one in wholes():
        if one["provider"] == "openai" and valid(body):
            reply = RESPONSES.parse_reply(body, context())
            assert isinstance(reply, Reply)
            if not valid(again(RESPONSES.render_reply(reply, context()).body)):
                wrong.add(name)
    assert wrong == set()


@pytest.mark.skipif(not SPECS.is_dir(), reason=f"no schemas at {SPECS}")
def test_rendered_events_of_openai_are_valid_where_the_recorded_are() -> None:
    unknown = {
        "keepalive",
        "response.apply_patch_call_operation_diff.delta",
        "response.apply_patch_call_operation_diff.done",
    }
    tried = 0
    schema = json.loads((SPECS / "sdk-3.52.0-ResponseStreamEvent.schema.json").read_bytes())
    kinds = {}
    for found in schema["$defs"].values():
        word = found.get("properties", {}).get("type", {})
        for value in word.get("enum", [word.get("const")]):
            if isinstance(value, str) and "sequence_number" in found.get("properties", {}):
                own = {**found, "$defs": schema["$defs"]}
                kinds[value] = jsonschema.Draft202012Validator(own).is_valid
    wrong = set()
    for name, data, one in list(streams())[::4]:
        if one["provider"] != "openai" or name == FAILED:
            continue
        unsound = set(unknown)
        for found in said(data):
            if found["type"] not in kinds or not kinds[found["type"]](found):
                unsound.add(_sort(found))
        seen = set()
        for found in said(render(parse(data))):
            sort = _sort(found)
            if sort in unsound or (sort in seen and "delta" in sort):
                continue
            seen.add(sort)
            tried += 1
            if not kinds[found["type"]](found):
                wrong.add((name, sort))
    assert tried > 200
    assert wrong == set()


def _sort(found: dict[str, Any]) -> str:
    """What an event is about: its type, and that of its item."""
    return " ".join(filter(None, (found["type"], found.get("item", {}).get("type"))))


def test_hosted_calls_come_back_as_they_were() -> None:
    seen = 0
    for _, body, _ in wholes():
        reply = RESPONSES.parse_reply(body, context())
        assert isinstance(reply, Reply)
        output = RESPONSES.render_reply(reply, context()).body["output"]
        raws = [part.raw.fields for part in reply.parts if isinstance(part, Hosted)]
        seen += len(raws)
        assert all(raw in output for raw in raws)
    assert seen > 30


def test_text_of_a_stream_is_all_of_its_deltas() -> None:
    for name, data, _ in streams():
        wire = "".join(
            found["delta"]
            for found in said(_json_only(data))
            if found["type"] == "response.output_text.delta"
        )
        reply = fold(parse(data))
        if isinstance(reply, Reply):
            texts = "".join(part.text for part in reply.parts if isinstance(part, Text))
            assert texts == wire or not wire, name


@pytest.mark.skipif(not SPECS.is_dir(), reason=f"no schemas at {SPECS}")
def test_an_answer_from_elsewhere_is_valid_whole_and_streamed() -> None:
    parts = (
        Reasoning(("Hm",), ("raw",), (Seal("messages", "s"),)),
        Text("Hi", (Citation("char", url="u"),)),
        Refusal("no"),
        ToolCall("c", "f", "{}"),
        ToolCall("d", "g", "x", custom=True),
        Hosted(HostedKind.WEB_SEARCH, "web_search", Extra("messages", {}), queries=("q",)),
    )
    asked = Request("m", tools=(FunctionTool("f", parameters={"type": "object"}),))
    reply = Reply(Begin("msg_1", "claude"), (parts,), End(usage=Usage(1, 2)))
    whole = again(RESPONSES.render_reply(reply, context(asked)).body)
    assert list(_schema("Response").iter_errors(whole)) == []
    valid = _schema("ResponseStreamEvent").is_valid
    events = said(render(walk(unfold(reply)), asked))
    assert [found["type"] for found in events if not valid(found)] == []
    assert events[-1]["response"]["output"][2]["arguments"] == "{}"


def test_every_recorded_error_is_a_fault_in_the_upstreams_words() -> None:
    tried = 0
    for one in recordings():
        status, body = one["response"]["status"], one["response"]["body"]
        if status >= 400:
            tried += 1
            data = body.encode() if isinstance(body, str) else json.dumps(body)
            fault = RESPONSES.parse_fault(status, data)
            assert fault.status == status, one["name"]
            assert json.text(fault.message)[1:-1] in json.text(json.loads(data)), one["name"]
            again_status, said_body = RESPONSES.render_fault(fault)
            assert RESPONSES.parse_fault(again_status, json.dumps(said_body)).kind is fault.kind
    assert tried > 30
