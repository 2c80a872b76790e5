"""The laws, over every recorded exchange."""

from typing import Any

import pytest
from attrs import evolve

from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.errors import BadRequest
from openaiproxy.hub.events import End, Event, Fault, FaultKind, Idle
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.wire import json, sse

from .recorded import Exchange, context, corpus, read, schema, strict, write


def asked() -> list[Exchange]:
    return [e for e in corpus() if isinstance(e.asked, dict) and "messages" in e.asked]


def senseless(exchange: Exchange) -> bool:
    try:
        MESSAGES.parse_request(exchange.asked)
    except BadRequest:
        return True
    return False


def requests() -> list[Exchange]:
    return [exchange for exchange in asked() if not senseless(exchange)]


def replies() -> list[Exchange]:
    return [e for e in corpus() if e.status == 200 and e.op == "create" and not e.stream]


def streams() -> list[Exchange]:
    return [e for e in corpus() if e.status == 200 and e.op == "create" and e.stream]


def faults() -> list[Exchange]:
    return [e for e in corpus() if e.status != 200]


def whole(exchange: Exchange) -> Reply | Fault:
    found = MESSAGES.parse_reply(json.loads_object(exchange.answer.encode()), context())
    return fold(unfold(found)) if isinstance(found, Reply) else found


def test_only_requests_that_the_api_refused_are_refused() -> None:
    """A message that is a string, and a tool whose schema is no object."""
    refused = [exchange for exchange in asked() if senseless(exchange)]
    assert {exchange.status for exchange in refused} == {400}, [e.name for e in refused]
    assert len(refused) == 2


def test_every_request_is_the_same_after_a_round_trip() -> None:
    found = requests()
    assert len(found) > 400
    for exchange in found:
        asked = MESSAGES.parse_request({"max_tokens": 1, **exchange.asked})
        rendered = MESSAGES.render_request(asked)
        assert not rendered.losses, exchange.name
        assert MESSAGES.parse_request(rendered.body) == asked, exchange.name


def plain(value: Any) -> Any:
    """A request without what means nothing: nulls, empty lists, two ways to write text."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {k: plain(v) for k, v in value.items() if v is not None}
    for name in ("content", "system"):
        match kept.get(name):
            case [{"type": "text", "text": str(text), **rest}] if not rest:
                kept[name] = text
    if kept.get("type") == "custom":
        del kept["type"]
    for name in ("tools", "system"):
        if kept.get(name) == []:
            del kept[name]
    return kept


def test_every_request_is_written_as_it_was_sent() -> None:
    for exchange in requests():
        body = MESSAGES.render_request(MESSAGES.parse_request(exchange.asked)).body
        if "max_tokens" not in exchange.asked:
            body = {k: v for k, v in body.items() if k != "max_tokens"}
        assert plain(body) == plain(exchange.asked), exchange.name


def test_every_reply_is_the_same_after_a_round_trip() -> None:
    found = replies()
    assert len(found) > 230
    for exchange in found:
        reply = whole(exchange)
        assert isinstance(reply, Reply), exchange.name
        rendered = MESSAGES.render_reply(reply, context())
        assert not rendered.losses, exchange.name
        again = MESSAGES.parse_reply(rendered.body, context())
        assert isinstance(again, Reply)
        assert fold(unfold(again)) == reply, exchange.name


def test_every_reply_can_be_told_as_a_stream() -> None:
    for exchange in replies():
        reply = whole(exchange)
        assert isinstance(reply, Reply)
        told = read(write(strict_of(reply)))
        assert isinstance(told, Reply), exchange.name
        assert told.choices == reply.choices, exchange.name
        assert told.end.finishes == reply.end.finishes, exchange.name


def strict_of(reply: Reply) -> list[Any]:
    return walk(unfold(reply))


def test_every_stream_is_legal_and_finished() -> None:
    found = streams()
    assert len(found) >= 185
    for exchange in found:
        events = strict(exchange.answer.encode())
        if "overloaded" in exchange.name:
            assert isinstance(events[-1], Fault)
            assert events[-1].kind is FaultKind.OVERLOADED
        else:
            assert isinstance(events[-1], End), (exchange.name, events[-1])


def test_every_stream_is_the_same_events_after_a_round_trip() -> None:
    for exchange in streams():
        events = strict(exchange.answer.encode())
        assert told(strict(write(events))) == told(events), exchange.name


def told(events: list[Event]) -> list[Event]:
    """The answer's own events: when somebody said that he is still there is no part of it."""
    return [event for event in events if not isinstance(event, Idle)]


def test_every_stream_has_an_event_name_to_each_record_and_contiguous_blocks_one_at_a_time() -> (
    None
):
    """40."""
    for exchange in streams():
        data = write(strict(exchange.answer.encode()))
        opened, following = None, 0
        for record in sse.Decoder().feed(data):
            found = json.loads_object(record.data)
            assert found["type"] == record.event.decode(), exchange.name
            match found["type"]:
                case "content_block_start":
                    assert opened is None, exchange.name
                    assert found["index"] == following, exchange.name
                    opened, following = following, following + 1
                case "content_block_delta":
                    assert opened == found["index"], exchange.name
                case "content_block_stop":
                    assert opened == found["index"], exchange.name
                    opened = None
        assert opened is None or "overloaded" in exchange.name


def test_no_cut_stream_is_told_as_complete() -> None:
    """Cut at every seventh event and at a sample of bytes, before its finish was read."""
    tried = 0
    for exchange in streams():
        data = exchange.answer.replace("\r\n", "\n").encode()
        finish = data.find(b"message_delta")
        finish = data.find(b"\n\n", finish) if finish >= 0 else len(data) - 1
        ends = [at for at in range(1, finish) if data.startswith(b"\n\n", at)]
        for cut in {*ends[::7], *range(0, finish, max(1, finish // 9)), finish}:
            events = strict(data[:cut])
            assert isinstance(events[-1], Fault), (exchange.name, cut)
            written = write(events)
            assert b"message_stop" not in written
            assert b"event: error" in written
            tried += 1
    assert tried > 2000


def test_every_reply_validates() -> None:
    validator = schema("BetaMessage")
    for exchange in replies():
        reply = whole(exchange)
        assert isinstance(reply, Reply)
        body = MESSAGES.render_reply(reply, context()).body
        assert_valid(validator, body, exchange.name)


def assert_valid(validator: Any, body: Any, name: str) -> None:
    found = [f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(body)]
    assert not found, (name, found)


def test_every_event_validates() -> None:
    validator = schema("BetaRawMessageStreamEvent")
    for exchange in streams():
        seen = set()
        for record in sse.Decoder().feed(write(strict(exchange.answer.encode()))):
            found = json.loads_object(record.data)
            kind = (found["type"], str(found.get("delta", {}).get("type")))
            if found["type"] in ("ping", "error") or (kind[0].endswith("delta") and kind in seen):
                continue
            seen.add(kind)
            assert_valid(validator, found, exchange.name)


def test_every_request_validates_that_did() -> None:
    validator = schema("BetaMessageCreateParams")
    checked = 0
    for exchange in requests():
        if validator.is_valid({**exchange.asked, "stream": True}):
            body = MESSAGES.render_request(MESSAGES.parse_request(exchange.asked)).body
            assert_valid(validator, {**body, "stream": True}, exchange.name)
            checked += 1
    assert checked > 380


def test_every_fault_is_told_with_its_status_type_and_words() -> None:
    """54."""
    assert len(faults()) >= 40
    for exchange in faults():
        found = json.loads_object(exchange.answer.encode())
        fault = MESSAGES.parse_fault(exchange.status, exchange.answer.encode())
        status, body = MESSAGES.render_fault(fault)
        assert status == exchange.status
        assert body == plain(found), exchange.name
        assert MESSAGES.parse_fault(status, json.dumps(body)) == fault


@pytest.mark.parametrize("name", ["BetaMessageCreateParams"])
def test_every_field_of_the_create_call_has_a_row(name: str) -> None:
    fields = schema(name).schema["properties"].keys()
    table = next(table for table in MESSAGES.tables if table.title == "request")
    assert not fields - table.names


def test_a_recorded_answer_is_seen_at_a_glance() -> None:
    for exchange in streams():
        seen = None
        for record in sse.Decoder().feed(exchange.answer.encode()):
            if not MESSAGES.spotter.mark.search(record.data) or record.data == b"[DONE]":
                continue
            glance = MESSAGES.spotter.glance(json.loads_object(record.data))
            seen = glance if seen is None else seen.merged(glance)
        assert seen is not None
        assert seen.model or seen.fault
        last = strict(exchange.answer.encode())[-1]
        assert seen.complete is isinstance(last, End), exchange.name


def test_events_of_a_stream_amount_to_the_same_reply_as_its_rendering() -> None:
    for exchange in streams():
        events = strict(exchange.answer.encode())
        reply = fold(event for event in events if not isinstance(event, Idle))
        if isinstance(reply, Fault):
            continue
        body = MESSAGES.render_reply(reply, context()).body
        again = MESSAGES.parse_reply(body, context())
        assert isinstance(again, Reply)
        told = fold(unfold(again))
        assert isinstance(told, Reply)
        assert [*map(shape, told.parts)] == [*map(shape, reply.parts)], exchange.name
        assert told.end.usage == reply.end.usage


def shape(part: Any) -> Any:
    """Arguments as the object that they are: blanks in them mean nothing."""
    if hasattr(part, "arguments"):
        return evolve(part, arguments=json.text(json.loads(part.arguments.encode())))
    return part
