"""The laws of the dialect, over every recorded exchange.

Where a file is excepted, it is named here, with the reason.
"""

import json
import random

import jsonschema
import pytest
from attrs import evolve

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Begin, End, Event, Fault
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.request import Request
from openaiproxy.wire.sse import Decoder
from tests.dialects.chat.recorded import (
    SPECS,
    chunks,
    context,
    exchanges,
    needs_corpus,
    streams,
    strict,
    wholes,
    written,
)

pytestmark = needs_corpus

NO_ANSWER = {"json/ai__fixtures_togetherai_reranking_1_0": "a ranking, not an answer"}
FAILED = {
    "json/req_llm__nousresearch_hermes_4_405b_token_limit_0": "an error within its choice",
    "stream/req_llm__meta_llama_llama_3_3_70b_instruct_free_object_streaming_0": "an error frame",
    "stream/req_llm__meta_llama_llama_4_scout_17b_16e_instruct_object_streaming_0": "event: error",
    "stream/dd-trace-py__cassettes_completion_stream_multiple_choices_proxy_0": (
        "the second of its choices never finishes"
    ),
}
"""What is a fault, and is to be read as one."""


def made_up(begin: Begin) -> Begin:
    """What is written where the wire did not name the answer: the id, the time, the model."""
    created = 1 if begin.created is None else begin.created
    return evolve(begin, id=begin.id or "chatcmpl-1", created=created, model=begin.model or "m")


def named(events: list[Event]) -> list[Event]:
    return [made_up(event) if isinstance(event, Begin) else event for event in events]


def test_a_request_survives_its_own_dialect() -> None:
    known = [one for one in exchanges() if isinstance(one.request, dict)]
    assert len(known) > 700
    broken = []
    for one in known:
        request = CHAT.parse_request(one.request)
        rendered = CHAT.render_request(request)
        if CHAT.parse_request(rendered.body) != request or rendered.losses:
            broken.append(one.name)
    assert broken == []


def test_no_word_of_a_request_vanishes() -> None:
    """Every string of a message, a tool, or a setting is found in what is written, but for the
    type of a text that became a string, a choice of tools where there are none, and an entry of
    reasoning without a seal, which repeats the reasoning."""
    lost: set[str] = set()
    for one in exchanges():
        if isinstance(one.request, dict):
            body = CHAT.render_request(CHAT.parse_request(one.request)).body
            lost |= strings(one.request) - strings(body)
    assert lost == {"text", "auto", "reasoning.text", "unknown"}


def strings(value: object) -> set[str]:
    if isinstance(value, str):
        return {value} if value else set()
    if isinstance(value, dict):
        return set().union(*map(strings, value.values()))
    return set().union(*map(strings, value)) if isinstance(value, list) else set()


def test_a_reply_survives_its_own_dialect() -> None:
    seen, broken, failed = 0, [], []
    for one in wholes():
        if one.name in NO_ANSWER:
            continue
        seen += 1
        reply = CHAT.parse_reply(json.loads(one.body), context())
        if isinstance(reply, Fault):
            failed.append(one.name)
            continue
        whole = settled(reply)
        again = CHAT.parse_reply(CHAT.render_reply(whole, context()).body, context())
        if isinstance(again, Fault) or settled(again) != evolve(whole, begin=made_up(whole.begin)):
            broken.append(one.name)
    assert seen > 400
    assert broken == []
    assert set(failed) == {name for name in FAILED if name.startswith("json/")}


def settled(reply: Reply) -> Reply:
    whole = fold(unfold(reply))
    assert isinstance(whole, Reply)
    return whole


def test_what_is_no_answer_is_refused() -> None:
    found = [one for one in wholes() if one.name in NO_ANSWER]
    assert len(found) == len(NO_ANSWER)
    for one in found:
        with pytest.raises(BadUpstream, match="upstream_malformed"):
            CHAT.parse_reply(json.loads(one.body), context())


def test_a_whole_answer_told_as_a_stream_reads_the_same() -> None:
    broken = []
    for one in wholes():
        if one.name in NO_ANSWER or one.name in FAILED:
            continue
        reply = CHAT.parse_reply(json.loads(one.body), context())
        assert isinstance(reply, Reply)
        whole = settled(reply)
        streamed = fold(strict(written(list(strict_of(whole)))))
        if not isinstance(streamed, Reply) or meaning(streamed) != meaning(whole):
            broken.append(one.name)
    assert broken == []


def strict_of(reply: Reply) -> list[Event]:
    return walk(unfold(reply))


def meaning(reply: Reply) -> object:
    """All but entries of reasoning without a seal, which a stream does not repeat."""
    signed = [
        [evolve(part, seals=()) if hasattr(part, "seals") else part for part in parts]
        for parts in reply.choices
    ]
    return made_up(reply.begin), signed, reply.end


def test_a_stream_survives_its_own_dialect() -> None:
    seen, broken, failed = 0, [], []
    for one in streams():
        seen += 1
        events = strict(one.body)
        assert isinstance(events[-1], End | Fault)
        if isinstance(events[-1], Fault):
            failed.append(one.name)
        renderer = CHAT.renderer(context())
        again = strict(b"".join(map(renderer.render, events)))
        same = named(events[:-1]) == again[:-1]
        if isinstance(events[-1], Fault):
            last = again[-1]
            same = same and isinstance(last, Fault) and last.message == events[-1].message
        else:
            same = same and again[-1] == events[-1]
        if not same or renderer.losses():
            broken.append(one.name)
    assert seen > 300
    assert broken == []
    assert set(failed) == {name for name in FAILED if name.startswith("stream/")}


def test_33_a_stream_is_well_formed() -> None:
    """One id, time and model; a role first, a finish before the usage, [DONE] last."""
    broken = []
    for one in streams():
        if one.name in FAILED:
            continue
        *told, done = chunks(written(strict(one.body)))
        *told, usage = told
        heads = {(chunk["id"], chunk["created"], chunk["model"]) for chunk in told}
        first, last = told[0]["choices"][0], told[-1]["choices"][0]
        ends = [c for chunk in told for c in chunk["choices"] if c["finish_reason"] is not None]
        if (
            done != "[DONE]"
            or len(heads) != 1
            or first["delta"]["role"] != "assistant"
            or last["finish_reason"] is None
            or sorted(c["index"] for c in ends) != list(range(len(ends)))
            or usage["choices"] != []
            or any(chunk["usage"] is not None for chunk in told)
        ):
            broken.append(one.name)
    assert broken == []


def test_26_a_cut_stream_is_never_complete() -> None:
    dice = random.Random(26)
    tried = 0
    for one in streams():
        if one.name in FAILED:
            continue
        for _ in range(8):
            cut = one.body[: dice.randrange(len(one.body))]
            if finished(cut):
                continue
            tried += 1
            events = strict(cut)
            assert isinstance(events[-1], Fault), one.name
            told = chunks(written(events))
            assert "error" in told[-2], one.name
            assert not any(c["finish_reason"] for x in told[:-2] for c in x["choices"]), one.name
    assert tried > 1500


def finished(body: bytes) -> bool:
    """Whether every choice that the whole records name has a finish."""
    seen: set[int] = set()
    done: set[int] = set()
    for record in Decoder().feed(body):
        found = json.loads(record.data) if record.data != b"[DONE]" else {}
        for choice in found.get("choices") or ():
            seen.add(choice.get("index", 0))
            if choice.get("finish_reason"):
                done.add(choice.get("index", 0))
    return bool(seen) and seen == done


def test_however_a_stream_is_cut_it_reads_the_same() -> None:
    for number, one in enumerate(streams()):
        if number % 20 or len(one.body) > 100_000:
            continue
        parser, decoder, events = CHAT.parser(context()), Decoder(), []
        for byte in one.body:
            for record in decoder.feed(bytes((byte,))):
                events.extend(parser.feed(record))
        events.extend(parser.eof())
        assert walk(events) == strict(one.body)


def test_an_error_survives_its_own_dialect() -> None:
    seen, broken = 0, []
    for one in exchanges():
        if one.status == 200:
            continue
        seen += 1
        fault = CHAT.parse_fault(one.status, one.body)
        status, body = CHAT.render_fault(fault)
        if CHAT.parse_fault(status, json.dumps(body).encode()) != fault or status != one.status:
            broken.append(one.name)
        assert not fault.message.startswith("The upstream failed"), one.name
    assert seen > 80
    assert broken == []


def validator(name: str) -> jsonschema.Draft202012Validator:
    path = SPECS / f"sdk-3.52.0-{name}.schema.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text()))


def complaints(name: str, found: list[tuple[str, object]]) -> list[str]:
    check = validator(name)
    return [
        f"{where}: {error.json_path} {error.message[:200]}"
        for where, value in found
        for error in check.iter_errors(value)
    ]


def test_replies_of_openai_fit_the_schema() -> None:
    found: list[tuple[str, object]] = []
    for one in wholes():
        if one.provider == "openai":
            reply = CHAT.parse_reply(json.loads(one.body), context())
            assert isinstance(reply, Reply)
            found.append((one.name, CHAT.render_reply(settled(reply), context()).body))
    assert len(found) > 150
    assert complaints("ChatCompletion", found) == []


def test_chunks_of_openai_fit_the_schema() -> None:
    found: list[tuple[str, object]] = []
    for one in streams():
        if one.provider == "openai" and one.name not in FAILED:
            told = chunks(written(strict(one.body)))
            picked = [*told[:3], *told[-6:-1]]
            found += [(one.name, chunk) for chunk in picked]
    assert len(found) > 500
    assert complaints("ChatCompletionChunk", found) == []


def test_requests_to_openai_fit_the_schema_where_they_did() -> None:
    check = validator("ChatCompletionCreateParams")
    broken, seen = [], 0
    for one in exchanges():
        if one.provider != "openai" or not isinstance(one.request, dict) or one.status != 200:
            continue
        if any(check.iter_errors({**one.request, "stream": True})):
            continue
        seen += 1
        body = {**CHAT.render_request(CHAT.parse_request(one.request)).body, "stream": True}
        broken += [f"{one.name}: {e.json_path} {e.message[:160]}" for e in check.iter_errors(body)]
    assert seen > 200
    assert broken == []


def test_the_glance_sees_what_the_parser_sees() -> None:
    for one in streams():
        if one.name in FAILED:
            continue
        seen = None
        for record in Decoder().feed(one.body):
            if CHAT.spotter.mark.search(record.data):
                glance = CHAT.spotter.glance(json.loads(record.data))
                seen = seen.merged(glance) if seen else glance
        end = strict(one.body)[-1]
        assert isinstance(end, End)
        assert seen is not None
        assert (seen.complete, seen.usage) == (True, end.usage), one.name


def test_the_request_can_be_made_of_nothing_but_a_model() -> None:
    body = CHAT.render_request(Request("m")).body
    assert body == {"model": "m", "messages": []}


def client(body: bytes) -> object:
    """What a plain client reads: it joins what has the same index, and knows nothing of us. Where
    a tool was named, OpenAI finishes a call with ``stop``, which we call by its name (23)."""
    text: dict[int, str] = {}
    thoughts: dict[int, str] = {}
    refusal: dict[int, str] = {}
    calls: dict[tuple[int, int], list[str]] = {}
    finish: dict[int, str] = {}
    usage = None
    for chunk in chunks(body):
        if chunk == "[DONE]":
            continue
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or usage
        for choice in chunk.get("choices") or ():
            number, delta = choice["index"], choice.get("delta") or {}
            for key, texts in (("content", text), ("refusal", refusal)):
                texts[number] = texts.get(number, "") + (delta.get(key) or "")
            shown = delta.get("reasoning_content") or delta.get("reasoning") or ""
            thoughts[number] = thoughts.get(number, "") + shown
            for call in delta.get("tool_calls") or ():
                seen = calls.setdefault((number, call["index"]), ["", "", ""])
                function = call.get("function") or {}
                seen[0] = seen[0] or call.get("id") or ""
                seen[1] = seen[1] or function.get("name") or ""
                seen[2] += function.get("arguments") or ""
            finish[number] = choice.get("finish_reason") or finish.get(number) or ""
    for number, _ in calls:
        finish[number] = "tool_calls" if finish[number] == "stop" else finish[number]
    dense = {key: [*call[:2], call[2] or "{}"] for key, call in enumerate(calls.values())}
    return text, thoughts, refusal, dense, finish, usage and usage["total_tokens"]


def test_a_plain_client_reads_what_was_recorded() -> None:
    seen, broken = 0, []
    for one in streams():
        try:
            before = client(one.body)
        except (KeyError, TypeError):
            assert "istral" in one.provider + one.name, "lists, and calls without an index"
            continue
        if one.name in FAILED:
            continue
        seen += 1
        if client(written(strict(one.body))) != before:
            broken.append(one.name)
    assert seen > 290
    assert broken == []
