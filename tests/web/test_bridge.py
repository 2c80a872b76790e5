"""The course of translated requests, through a real Site in memory, with a scripted upstream and a fake clock."""

import gzip
import json
from typing import Any

import pytest
from attrs import evolve
from twisted.web.client import ResponseFailed

from openaiproxy.bridging import Amendments, Bridging, Mode
from openaiproxy.errors import BadUpstream
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Limits, Timeouts, Upstream
from tests.scripted import added, created, done, ended, message, response, speech, usage
from tests.web.wiring import Connection, PlayedAnswer, Wired, request, wire

pytestmark = pytest.mark.usefixtures("on_wire")

EVENTS = [(b"Content-Type", b"text/event-stream"), (b"X-Request-Id", b"req_up")]
JSON = [(b"Content-Type", b"application/json"), (b"X-Request-Id", b"req_up")]
HELLO = message("Hello")
STREAM = [created(), *speech(0, HELLO, "Hel", "lo"), ended(HELLO, usage=usage())]
ASKED = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}
PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}


def framed(*events: dict[str, Any]) -> bytes:
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode())
        for event in events
    )


def bridged(speaks: tuple[str, ...] = ("responses",), **changes: Any) -> Wired:
    bridging = Bridging(mode=Mode.BRIDGE)
    return wire("gateway", upstream=Upstream(speaks=speaks), **{"bridging": bridging, **changes})


def post(wired: Wired, body: Any, *headers: str, path: str = PATHS["chat"]) -> Connection:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return wired.client().send(
        request("POST", path, "Content-Type: application/json", *headers, body=raw)
    )


def parts(client: Connection) -> tuple[str, bytes]:
    """The head, and the body without its chunks' lines."""
    head, _, rest = client.received().partition(b"\r\n\r\n")
    if b"chunked" not in head:
        return head.decode(), rest
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return head.decode(), body


def sent(wired: Wired, number: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(bytes(wired.upstream.asked[number].upload.data))
    return found


def chunks(body: bytes) -> list[Any]:
    lines = [line[6:] for line in body.decode().splitlines() if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def texts(body: bytes) -> str:
    return "".join(
        choice["delta"].get("content") or ""
        for chunk in chunks(body)
        if chunk != "[DONE]"
        for choice in chunk.get("choices", [])
    )


def test_a_chat_stream_comes_from_a_responses_upstream() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True}, "Authorization: Bearer sk-callers")
    asked = wired.upstream.asked[0]
    assert (asked.method, asked.target) == (b"POST", b"/v1/responses")
    assert asked.header(b"authorization") == [b"Bearer sk-callers"]
    assert asked.header(b"accept") == [b"text/event-stream"]
    assert sent(wired)["input"] == [{"type": "message", "role": "user", "content": "hi"}]
    played = asked.answer(headers=EVENTS)
    for event in STREAM:
        played.send(framed(event))
    head, body = parts(client)
    assert "200 OK" in head
    assert "X-Request-Id: req_up" in head
    assert texts(body) == "Hello"
    assert chunks(body)[-1] == "[DONE]"
    assert wired.lines[0]["ending"] == "complete"
    assert wired.lines[0]["bytes_out"] == len(body)


def test_one_read_of_the_upstream_makes_one_write_to_the_client() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    writes: list[bytes] = []
    taken = client.transport.write
    client.transport.write = lambda data: (writes.append(data), taken(data))  # type: ignore[method-assign]
    client.transport.writeSequence = lambda pieces: client.transport.write(b"".join(pieces))  # type: ignore[method-assign]
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM[:4]))
    before = len(writes)
    played.send(framed(*STREAM[4:5]))
    assert len(writes) == before + 1


def test_the_head_waits_for_the_first_event_that_means_something_pitfall_25() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(created()))
    assert client.received() == b""
    failed = response(
        status="failed", error={"code": "rate_limit_exceeded", "message": "Slow down"}
    )
    played.send(framed({"type": "response.failed", "response": failed}))
    head, body = parts(client)
    assert head.startswith("HTTP/1.1 429")
    assert json.loads(body)["error"]["message"] == "Slow down"
    assert wired.lines[0]["ending"] == "upstream-fault"


def test_a_failure_after_the_first_words_is_told_within_the_stream_pitfall_25() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM[:4]))
    failed = response(status="failed", error={"code": "server_error", "message": "Broke"})
    played.send(framed({"type": "response.failed", "response": failed}))
    head, body = parts(client)
    assert "200 OK" in head
    assert chunks(body)[-2]["error"]["message"] == "Broke"
    assert chunks(body)[-1] == "[DONE]"
    assert not any(
        "finish_reason" in str(chunk.get("choices")) and chunk["choices"][0]["finish_reason"]
        for chunk in chunks(body)[:-2]
        if chunk.get("choices")
    )


@pytest.mark.parametrize("caller", ["chat", "messages"])
@pytest.mark.parametrize("reason", [None, ResponseFailed([])], ids=["ended", "broken"])
@pytest.mark.parametrize("count", range(1, len(STREAM)))
def test_a_stream_without_its_end_is_an_error_and_no_answer_pitfall_26(
    caller: str, reason: BaseException | None, count: int
) -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "max_tokens": 99, "stream": True}, path=PATHS[caller])
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM[:count]))
    played.end(reason)
    head, body = parts(client)
    said = body.decode()
    assert "upstream_stream_truncated" in said or "ended before it was finished" in said
    assert '"stop"' not in said
    assert "end_turn" not in said
    assert ("502" in head.splitlines()[0]) or "error" in said
    assert wired.lines[0]["ending"] in ("upstream-fault", "upstream-cut")


def test_a_silent_upstream_makes_no_silent_proxy_pitfall_58() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    wired.clock.advance(15)
    head, body = parts(client)
    assert "text/event-stream" in head
    assert body == b": keepalive\n\n"
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    wired.clock.advance(14)
    played.send(framed(created()))
    for _ in range(3):
        wired.clock.advance(15)
    assert parts(client)[1].count(b": keepalive") == 4
    played.send(framed(*STREAM[1:]))
    assert texts(parts(client)[1]) == "Hello"


def test_a_messages_caller_is_pinged_in_its_own_words_pitfall_58() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "max_tokens": 9, "stream": True}, path=PATHS["messages"])
    wired.clock.advance(15)
    assert parts(client)[1] == b'event: ping\ndata: {"type": "ping"}\n\n'


def test_what_fails_after_a_sign_of_life_is_told_within_the_stream() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    wired.clock.advance(15)
    wired.upstream.asked[0].fail(BadUpstream(502, "upstream_closed", "it closed"))
    head, body = parts(client)
    assert "200 OK" in head
    assert chunks(body)[-2]["error"]["message"] == "it closed"
    assert chunks(body)[-1] == "[DONE]"
    assert client.received().endswith(b"0\r\n\r\n")
    assert wired.lines[0]["ending"] == "upstream-failed"


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
@pytest.mark.parametrize("early", [True, False], ids=["told", "late"])
def test_a_refusal_keeps_its_status_and_words_until_the_stream_began(
    status: int, early: bool
) -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "max_tokens": 9, "stream": True}, path=PATHS["messages"])
    if not early:
        wired.clock.advance(15)
    played = wired.upstream.asked[0].answer(
        status=status, phrase=b"", headers=[*JSON, (b"Retry-After", b"7")]
    )
    said = {"error": {"message": "No, thanks", "type": "t", "param": None, "code": "c"}}
    played.send(json.dumps(said).encode())
    played.end()
    head, body = parts(client)
    assert b"No, thanks" in body
    if early:
        assert f"HTTP/1.1 {status}" in head
        assert "Retry-After: 7" in head
        assert json.loads(body)["type"] == "error"
    else:
        assert body.count(b"event: error") == 1
        assert client.received().endswith(b"0\r\n\r\n")


def test_a_whole_answer_is_translated_whole_row_72() -> None:
    wired = bridged()
    client = post(wired, ASKED)
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(json.dumps(response(HELLO, usage=usage())).encode())
    played.end()
    head, body = parts(client)
    answer = json.loads(body)
    assert "Content-Type: application/json" in head
    assert answer["choices"][0]["message"]["content"] == "Hello"
    assert answer["usage"]["total_tokens"] == 15


def test_a_stream_is_collected_for_a_caller_who_wants_a_whole_answer_row_83() -> None:
    wired = bridged()
    client = post(wired, ASKED)
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM))
    played.end()
    assert json.loads(parts(client)[1])["choices"][0]["message"]["content"] == "Hello"


def test_a_whole_answer_is_replayed_as_a_stream_row_82() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    wired.clock.advance(15)
    played = wired.upstream.asked[0].answer(headers=JSON)
    wired.clock.advance(15)
    played.send(json.dumps(response(HELLO, usage=usage())).encode())
    played.end()
    body = parts(client)[1]
    assert body.count(b": keepalive") == 2
    assert texts(body) == "Hello"
    assert chunks(body)[-1] == "[DONE]"
    assert wired.lines[0]["bytes_out"] == len(body)


@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_is_none_is_an_error_in_the_callers_dialect(stream: bool) -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": stream})
    played = wired.upstream.asked[0].answer(headers=[(b"Content-Type", b"text/html")])
    played.send(b"<html>busy</html>")
    played.end()
    head, body = parts(client)
    assert "HTTP/1.1 502" in head
    assert b"<html>" not in body
    assert json.loads(body)["error"]["code"]


def test_a_whole_answer_has_a_limit() -> None:
    wired = bridged(limits=Limits(answer=100))
    client = post(wired, ASKED)
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(b" " * 101)
    assert "HTTP/1.1 502" in parts(client)[0]
    assert played.aborted


def test_an_event_has_a_limit() -> None:
    wired = bridged(limits=Limits(event=1000))
    client = post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(b"data: " + b"x" * 2000)
    assert "HTTP/1.1 502" in parts(client)[0]


def test_an_idle_stream_ends_with_an_error_that_names_the_timer_pitfall_66() -> None:
    wired = bridged(timeouts=Timeouts(idle=40.0))
    client = post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM[:4]))
    for _ in range(5):
        wired.clock.advance(10)
    body = parts(client)[1]
    assert chunks(body)[-2]["error"]["code"] == "upstream_idle_timeout"
    assert played.aborted


def phase_before_the_head(wired: Wired) -> PlayedAnswer | None:
    return None


def phase_held(wired: Wired) -> PlayedAnswer | None:
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(created()))
    return played


def phase_streaming(wired: Wired) -> PlayedAnswer | None:
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM[:4]))
    return played


def phase_whole(wired: Wired) -> PlayedAnswer | None:
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(b"{")
    return played


@pytest.mark.parametrize("caller", ["chat", "messages", "responses"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("phase", [phase_before_the_head, phase_held, phase_streaming, phase_whole])
def test_a_caller_that_leaves_takes_its_call_with_it_pitfall_60(
    caller: str, stream: bool, phase: Any
) -> None:
    speaks = ("chat",) if caller == "responses" else ("responses",)
    body = {"model": "gpt-5", "stream": stream, "max_tokens": 9, "messages": ASKED["messages"]}
    if caller == "responses":
        body = {"model": "gpt-5", "stream": stream, "input": "hi"}
    wired = bridged(speaks)
    client = post(wired, body, path=PATHS[caller])
    played = phase(wired)
    client.lose()
    assert wired.upstream.asked[0].cancelled or (played is not None and played.aborted)
    assert wired.lines[0]["ending"] == "client-gone"
    wired.clock.advance(1)
    assert not wired.clock.getDelayedCalls()


def test_a_slow_reader_slows_the_upstream_pitfall_61() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM[:4]))
    client.protocol.pauseProducing()
    assert played.paused
    client.protocol.resumeProducing()
    assert not played.paused


def test_an_upstream_may_bring_its_body_to_an_end_after_the_last_event() -> None:
    wired = bridged()
    post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM))
    assert wired.lines
    assert not played.aborted
    played.end()
    wired.clock.advance(5)
    assert not played.aborted


def test_an_upstream_that_stays_after_the_last_event_is_let_go() -> None:
    wired = bridged()
    post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*STREAM))
    wired.clock.advance(1)
    assert played.aborted


NOT_CHAT = {
    "error": {
        "message": "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean "
        "to use v1/completions?",
        "type": "invalid_request_error",
        "param": "model",
        "code": None,
    }
}


def refuse(wired: Wired, number: int, status: int, said: Any) -> None:
    played = wired.upstream.asked[number].answer(status=status, phrase=b"", headers=JSON)
    played.send(json.dumps(said).encode())
    played.end()


def test_an_exact_refusal_teaches_once_and_is_remembered_pitfalls_1_2() -> None:
    wired = wire("gateway")
    client = post(wired, {**ASKED, "model": "strange-model"})
    assert wired.upstream.asked[0].target == b"/v1/chat/completions"
    assert (
        bytes(wired.upstream.asked[0].upload.data)
        == json.dumps({**ASKED, "model": "strange-model"}).encode()
    )
    refuse(wired, 0, 404, NOT_CHAT)
    assert wired.upstream.asked[1].target == b"/v1/responses"
    played = wired.upstream.asked[1].answer(headers=JSON)
    played.send(json.dumps(response(HELLO)).encode())
    played.end()
    assert json.loads(parts(client)[1])["choices"][0]["message"]["content"] == "Hello"
    post(wired, {**ASKED, "model": "strange-model"})
    assert wired.upstream.asked[2].target == b"/v1/responses"
    post(wired, {**ASKED, "model": "strange-model"}, "Authorization: Bearer another")
    assert wired.upstream.asked[3].target == b"/v1/chat/completions"


def test_a_refusal_of_the_second_try_is_the_answer() -> None:
    wired = wire("gateway")
    client = post(wired, {**ASKED, "model": "strange-model"})
    refuse(wired, 0, 404, NOT_CHAT)
    refuse(
        wired,
        1,
        404,
        {"error": {"message": "No such model", "type": "t", "code": "model_not_found"}},
    )
    head, body = parts(client)
    assert "HTTP/1.1 404" in head
    assert json.loads(body)["error"]["message"] == "No such model"
    assert len(wired.upstream.asked) == 2


def test_another_refusal_passes_as_it_came() -> None:
    wired = wire("gateway")
    client = post(wired, {**ASKED, "model": "gpt-4.1"})
    said = {"error": {"message": "Bad in a way of its own", "type": "t", "param": "x", "code": "y"}}
    refuse(wired, 0, 400, said)
    head, body = parts(client)
    assert "HTTP/1.1 400" in head
    assert body == json.dumps(said).encode()
    assert len(wired.upstream.asked) == 1


def test_what_the_upstream_takes_passes_byte_for_byte() -> None:
    wired = wire("gateway")
    raw = b'{ "model" : "gpt-4.1",  "messages":[{"role":"user","content":"h\\u00ef"}] , "unknown": 1e3 }'
    client = post(wired, raw)
    assert wired.upstream.asked[0].target == b"/v1/chat/completions"
    assert bytes(wired.upstream.asked[0].upload.data) == raw
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(b'{"odd" :  1}')
    played.end()
    assert parts(client)[1] == b'{"odd" :  1}'


def test_a_passing_stream_that_breaks_off_says_so_in_the_callers_dialect() -> None:
    wired = wire("gateway")
    client = post(wired, {**ASKED, "model": "gpt-4.1", "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(b'data: {"choices":[]}\n\n')
    played.end(ResponseFailed([]))
    received = client.received()
    assert b"upstream_stream_truncated" in received
    assert not received.endswith(b"0\r\n\r\n")
    assert client.transport.disconnecting


def test_a_compressed_body_is_read_pitfall_62() -> None:
    wired = bridged()
    post(wired, gzip.compress(json.dumps(ASKED).encode()), "Content-Encoding: gzip")
    assert sent(wired)["model"] == "gpt-5"
    assert not wired.upstream.asked[0].header(b"content-encoding")


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [("gzip", b"no gzip", 400), ("snappy", b"x", 415), ("gzip", gzip.compress(b"x" * 5000), 413)],
)
def test_a_body_that_cant_be_read_is_refused_pitfall_62(
    coding: str, body: bytes, status: int
) -> None:
    wired = bridged(limits=Limits(read=1000))
    client = post(wired, body, f"Content-Encoding: {coding}")
    assert f"HTTP/1.1 {status}" in parts(client)[0]
    assert not wired.upstream.asked


@pytest.mark.parametrize("caller", ["chat", "messages", "responses"])
@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b'{"model": 5}', b"\xff"])
def test_a_body_that_is_no_request_is_refused_in_the_callers_dialect(
    caller: str, body: bytes
) -> None:
    wired = bridged(("chat",) if caller == "responses" else ("responses",))
    client = post(wired, body, path=PATHS[caller])
    head, answer = parts(client)
    assert "HTTP/1.1 400" in head
    found = json.loads(answer)
    assert found["error"]["type"] == "invalid_request_error"
    assert ("type" in found) == (caller == "messages")
    assert not wired.upstream.asked


def test_a_responses_shaped_body_on_chats_path_is_answered_as_chat_pitfall_3() -> None:
    wired = wire("gateway")
    client = post(wired, {"model": "gpt-4.1", "input": "hi", "stream": True, "user": "u"})
    assert wired.upstream.asked[0].target == b"/v1/responses"
    wired.upstream.asked[0].answer(headers=EVENTS).send(framed(*STREAM))
    assert texts(parts(client)[1]) == "Hello"


def test_what_was_dropped_is_named() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "seed": 5})
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(json.dumps(response(HELLO)).encode())
    played.end()
    head, _ = parts(client)
    assert "x-openaiproxy-dropped: " in head.lower()
    assert "seed" in head.lower().split("x-openaiproxy-dropped: ")[1].splitlines()[0]
    assert "seed" in wired.lines[0]["dropped"]


def test_a_profile_may_refuse_to_lose_anything() -> None:
    wired = bridged(bridging=Bridging(mode=Mode.BRIDGE, refuse_losses=True))
    client = post(wired, {**ASKED, "seed": 5})
    head, body = parts(client)
    assert "HTTP/1.1 400" in head
    assert "seed" in json.loads(body)["error"]["message"]


def test_a_part_that_cant_be_sent_is_refused_and_not_left_out_pitfall_16() -> None:
    wired = bridged()
    odd = [{"type": "text", "text": "see"}, {"type": "hologram", "hologram": {}}]
    client = post(wired, {"model": "gpt-5", "messages": [{"role": "user", "content": odd}]})
    assert "HTTP/1.1 400" in parts(client)[0]
    assert not wired.upstream.asked


@pytest.mark.parametrize(
    ("speaks", "headers", "name", "value"),
    [
        (("responses",), ["x-api-key: k1"], b"authorization", b"Bearer k1"),
        (("messages",), ["Authorization: Bearer k1"], b"x-api-key", b"k1"),
        (("messages",), ["Authorization: Bearer k1"], b"anthropic-version", b"2023-06-01"),
    ],
)
def test_a_callers_key_goes_where_the_upstream_looks_for_it(
    speaks: tuple[str, ...], headers: list[str], name: bytes, value: bytes
) -> None:
    wired = bridged(speaks)
    path = PATHS["messages"] if speaks == ("responses",) else PATHS["chat"]
    post(wired, {**ASKED, "max_tokens": 5}, *headers, path=path)
    assert wired.upstream.asked[0].header(name) == [value]
    others = {b"authorization", b"x-api-key"} - {name}
    assert name == b"anthropic-version" or not any(
        wired.upstream.asked[0].header(o) for o in others
    )


def test_a_vendors_own_fields_stay_with_the_vendor() -> None:
    wired = bridged()
    post(
        wired,
        {**ASKED, "max_tokens": 5},
        "anthropic-version: 2023-06-01",
        "anthropic-beta: x",
        path=PATHS["messages"],
    )
    assert not [
        name for name, _ in wired.upstream.asked[0].headers if name.lower().startswith(b"anthropic")
    ]


def test_usage_is_asked_for_and_shown_only_to_who_wants_it_pitfall_28() -> None:
    wired = bridged(("chat",))
    client = post(wired, {"model": "m", "input": "hi", "stream": True}, path=PATHS["responses"])
    assert sent(wired)["stream_options"] == {"include_usage": True}
    assert client.received() == b""


def test_no_stream_options_go_up_without_a_stream_pitfall_29() -> None:
    wired = bridged(("chat",))
    post(
        wired,
        {"model": "m", "max_tokens": 5, "messages": ASKED["messages"]},
        path=PATHS["messages"],
    )
    assert "stream_options" not in sent(wired)


def test_presets_that_relay_never_read_a_body() -> None:
    for name in ("passthrough", "keyed"):
        assert PRESETS[name].profile.bridging.mode is Mode.RELAY


def test_an_alias_is_resolved_also_where_nothing_else_is_translated() -> None:
    from openaiproxy.bridging import Alias

    gateway = PRESETS["gateway"].profile.bridging
    aliases = Amendments(aliases=(Alias("mine", "gpt-4.1"),))
    wired = wire("gateway", bridging=evolve(gateway, amendments=aliases))
    post(wired, {**ASKED, "model": "mine"})
    assert wired.upstream.asked[0].target == b"/v1/chat/completions"
    assert sent(wired)["model"] == "gpt-4.1"


def test_items_that_begin_and_end_without_words_are_held_like_none() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(created(), added(0, HELLO)))
    first = client.received()
    played.send(framed(done(0, HELLO), ended(HELLO)))
    assert texts(parts(client)[1]) == "Hello"
    assert len(first) <= len(client.received())


@pytest.mark.parametrize("stream", [True, False])
def test_a_stream_is_known_whatever_its_upstream_calls_it(stream: bool) -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": stream})
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(framed(*STREAM))
    played.end()
    body = parts(client)[1]
    said = texts(body) if stream else json.loads(body)["choices"][0]["message"]["content"]
    assert said == "Hello"


UNVERIFIED = {
    "error": {
        "message": "Your organization must be verified to generate reasoning summaries.",
        "type": "invalid_request_error",
        "param": "reasoning.summary",
        "code": "unsupported_value",
    }
}


def summarised() -> Wired:
    bridging = Bridging(mode=Mode.AUTO, amendments=Amendments(summary="auto"))
    return bridged(("responses", "chat"), bridging=bridging)


def test_a_stream_that_was_promised_is_translated_also_the_second_time_pitfall_19() -> None:
    wired = summarised()
    body = {"model": "gpt-5", "stream": True, "input": "hi", "reasoning": {"effort": "low"}}
    client = post(wired, body, path=PATHS["responses"])
    refuse(wired, 0, 400, UNVERIFIED)
    played = wired.upstream.asked[1].answer(headers=EVENTS)
    whole = framed(*STREAM)
    played.send(whole[: len(whole) // 2])
    wired.clock.advance(15)
    played.send(whole[len(whole) // 2 :])
    body_out = parts(client)[1]
    assert body_out.count(b": keepalive\n\n") <= 1
    assert all(
        b": keepalive" not in line or line == b": keepalive" for line in body_out.split(b"\n")
    )
    assert b"response.completed" in body_out


def test_a_second_try_after_a_sign_of_life_tells_its_refusal_within_the_stream() -> None:
    wired = summarised()
    body = {"model": "gpt-5", "stream": True, "input": "hi", "reasoning": {"effort": "low"}}
    client = post(wired, body, path=PATHS["responses"])
    refuse(wired, 0, 400, UNVERIFIED)
    wired.clock.advance(15)
    refuse(wired, 1, 429, {"error": {"message": "Slow down", "type": "t", "code": "c"}})
    head, body_out = parts(client)
    assert "200 OK" in head
    assert b"event: error" in body_out
    assert b"Slow down" in body_out


def test_what_did_not_help_is_not_remembered() -> None:
    wired = wire("gateway")
    post(wired, {**ASKED, "model": "strange-model"})
    refuse(wired, 0, 404, NOT_CHAT)
    refuse(wired, 1, 404, {"error": {"message": "No such model", "type": "t", "code": "x"}})
    post(wired, {**ASKED, "model": "strange-model"})
    assert wired.upstream.asked[2].target == b"/v1/chat/completions"


def test_what_was_learnt_is_of_a_model_and_of_an_account_pitfall_19() -> None:
    wired = wire("gateway")
    far = [{"role": "user", "content": "x" * 20_000}]
    post(wired, {"messages": far, "model": "strange-model", "user": "y" * 20_000})
    refuse(wired, 0, 404, NOT_CHAT)
    played = wired.upstream.asked[1].answer(headers=JSON)
    played.send(json.dumps(response(HELLO)).encode())
    played.end()
    post(wired, {"messages": far, "model": "gpt-4.1", "user": "y" * 20_000})
    assert wired.upstream.asked[2].target == b"/v1/chat/completions"
    post(wired, {**ASKED, "model": "strange-model"}, "OpenAI-Organization: another")
    assert wired.upstream.asked[3].target == b"/v1/chat/completions"
    post(wired, {**ASKED, "model": "strange-model"})
    assert wired.upstream.asked[4].target == b"/v1/responses"


def test_a_refusal_is_asked_for_in_a_form_that_can_be_read() -> None:
    wired = wire("gateway")
    post(wired, {**ASKED, "model": "gpt-4.1"}, "Accept-Encoding: gzip, br", "Idempotency-Key: k")
    assert wired.upstream.asked[0].header(b"accept-encoding") == [b"identity"]
    assert wired.upstream.asked[0].header(b"idempotency-key") == [b"k"]


def test_another_body_does_not_go_under_the_same_idempotency_key() -> None:
    wired = wire("gateway")
    post(wired, {**ASKED, "model": "strange-model"}, "Idempotency-Key: k")
    refuse(wired, 0, 404, NOT_CHAT)
    assert wired.upstream.asked[1].header(b"idempotency-key") == []


@pytest.mark.parametrize("caller", ["chat", "messages"])
def test_words_are_not_stored_unless_the_caller_says_so_row_65(caller: str) -> None:
    wired = bridged()
    post(wired, {**ASKED, "max_tokens": 9}, path=PATHS[caller])
    assert sent(wired)["store"] is False


def test_a_caller_of_responses_keeps_its_own_default() -> None:
    wired = summarised()
    post(wired, {"model": "gpt-5", "input": "hi"}, path=PATHS["responses"])
    assert "store" not in sent(wired)


def test_several_answers_are_refused_where_there_is_one_pitfall_10() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "n": 3})
    assert "HTTP/1.1 400" in parts(client)[0]
    assert not wired.upstream.asked


def test_a_refusal_of_ours_is_named_in_its_status_line() -> None:
    wired = bridged()
    client = post(wired, {**ASKED, "stream": True})
    refuse(wired, 0, 429, {"error": {"message": "Slow", "type": "t", "code": "model_not_found"}})
    head, body = parts(client)
    assert head.startswith("HTTP/1.1 429 Too Many Requests")
    assert json.loads(body)["error"]["code"] == "model_not_found"
