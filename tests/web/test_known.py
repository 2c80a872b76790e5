"""What is known of a request when it has ended, relayed or translated."""

import json
from typing import Any

import pytest
from twisted.internet.task import Clock
from twisted.web.client import ResponseFailed

from openaiproxy.bridging import Bridging, Mode
from openaiproxy.profile import Limits, Upstream
from tests.scripted import created, ended, message, response, speech, usage
from tests.web.wiring import Connection, Wired, request, wire

EVENTS = [(b"Content-Type", b"text/event-stream")]
JSON = [(b"Content-Type", b"application/json")]
HELLO = message("Hello")
RESPONSE = [created(), *speech(0, HELLO, "Hel", "lo"), ended(HELLO, usage=usage())]
PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses"}
ASKED = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}


def framed(*events: dict[str, Any]) -> bytes:
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode())
        for event in events
    )


def chunk(**fields: Any) -> bytes:
    whole = {
        "id": "c",
        "object": "chat.completion.chunk",
        "created": 1,
        "model": "gpt-4.1",
        **fields,
    }
    return b"data: %s\n\n" % json.dumps(whole).encode()


def delta(text: str) -> bytes:
    return chunk(choices=[{"index": 0, "delta": {"content": text}, "finish_reason": None}])


STOP = chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
SPENT = chunk(
    choices=[],
    usage={
        "prompt_tokens": 20,
        "completion_tokens": 7,
        "total_tokens": 27,
        "prompt_tokens_details": {"cached_tokens": 16},
        "completion_tokens_details": {"reasoning_tokens": 3},
    },
)
DONE = b"data: [DONE]\n\n"


def post(wired: Wired, path: str, body: Any = ASKED) -> Connection:
    raw = json.dumps(body).encode()
    return wired.client().send(request("POST", path, "Content-Type: application/json", body=raw))


def body_of(client: Connection) -> bytes:
    rest = client.received().partition(b"\r\n\r\n")[2]
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        body, rest = body + rest[: int(size, 16)], rest[int(size, 16) + 2 :]
    return body


def is_whole(client: Connection) -> bool:
    return client.received().endswith(b"\r\n0\r\n\r\n")


def truncated(wired: Wired) -> float:
    name = "openaiproxy_truncated_total"
    labels = {"profile": wired.profile.name}
    return wired.port.watch.metrics.registry.get_sample_value(name, labels) or 0.0


@pytest.mark.parametrize("preset", ["passthrough", "gateway"])
def test_a_relayed_stream_is_read_as_it_passes(preset: str) -> None:
    wired = wire(preset, upstream=Upstream(speaks=("chat", "responses")))
    client = post(wired, PATHS["chat"], {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    for piece in (delta("Hel"), delta("lo"), STOP, SPENT, DONE):
        played.send(piece)
    played.end()
    assert body_of(client) == delta("Hel") + delta("lo") + STOP + SPENT + DONE
    line = wired.lines[0]
    assert (line["ending"], line["fault"], line["streamed"]) == ("complete", None, True)
    assert (line["route"], line["dialects"]) == ("chat_completions", "chat>chat")
    assert (line["tokens_in"], line["tokens_cached"]) == (20, 16)
    assert (line["tokens_out"], line["tokens_reasoning"]) == (7, 3)
    assert " dialects=chat>chat streamed tokens=20/16/7/3" in str(line["line"])


def test_a_relayed_whole_answer_is_read_as_it_passes() -> None:
    wired = wire("passthrough")
    body = json.dumps(response(status="completed", output=[HELLO], usage=usage())).encode()
    post(wired, PATHS["responses"], {"model": "gpt-5", "input": "hi"})
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(body[:50])
    played.send(body[50:])
    played.end()
    line = wired.lines[0]
    told = usage()
    assert (line["tokens_in"], line["tokens_out"]) == (told["input_tokens"], told["output_tokens"])
    assert (line["ending"], line["fault"], line["streamed"]) == ("complete", None, False)


@pytest.mark.parametrize("preset", ["passthrough", "gateway"])
@pytest.mark.parametrize("cut", range(3))
def test_a_relayed_stream_that_stops_before_its_finish_is_told_so_pitfall_26(
    preset: str, cut: int
) -> None:
    wired = wire(preset, upstream=Upstream(speaks=("chat", "responses")))
    client = post(wired, PATHS["chat"], {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    passed = b"".join((delta("Hel"), delta("lo"), delta("!"))[:cut])
    if passed:
        played.send(passed)
    played.end()
    body = body_of(client)
    assert body.startswith(passed)
    assert b'"error"' in body[len(passed) :]
    assert b"upstream_stream_truncated" in body[len(passed) :]
    assert is_whole(client)
    line = wired.lines[0]
    assert (line["ending"], line["fault"]) == ("upstream-truncated", "truncated")
    assert truncated(wired) == 1


@pytest.mark.parametrize(
    ("path", "preset", "events"),
    [
        (PATHS["messages"], "passthrough", b"event: message_start\ndata: {}\n\n"),
        ("/v1/threads/t/runs", "passthrough", b"event: thread.run.created\ndata: {}\n\n"),
        (PATHS["chat"], "passthrough", b"data: something of its own\n\n"),
        (PATHS["chat"], "passthrough", b": nothing but a comment\n\n"),
        (PATHS["chat"], "passthrough", delta("x") + DONE),
    ],
    ids=["not-spoken", "other-path", "not-json", "comment", "done"],
)
def test_what_is_no_stream_of_a_known_dialect_passes_untouched(
    path: str, preset: str, events: bytes
) -> None:
    wired = wire(preset)
    client = post(wired, path, {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(events)
    played.end()
    assert body_of(client) == events
    assert is_whole(client)
    assert (wired.lines[0]["ending"], wired.lines[0]["fault"]) == ("complete", None)
    assert truncated(wired) == 0


def test_a_stream_of_a_promised_length_is_only_counted() -> None:
    wired = wire("passthrough")
    client = post(wired, PATHS["chat"], {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS, length=len(delta("x")))
    played.send(delta("x"))
    played.end()
    assert client.received().endswith(delta("x"))
    assert wired.lines[0]["ending"] == "upstream-truncated"
    assert truncated(wired) == 1


def test_a_stream_that_ends_within_an_event_is_left_unfinished() -> None:
    wired = wire("passthrough")
    client = post(wired, PATHS["chat"], {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(delta("x") + b'data: {"cho')
    played.end()
    assert not is_whole(client)
    assert client.transport.disconnecting
    assert truncated(wired) == 1


def test_a_compressed_stream_is_not_judged() -> None:
    wired = wire("passthrough")
    client = post(wired, PATHS["chat"], {**ASKED, "stream": True})
    coded = [*EVENTS, (b"Content-Encoding", b"gzip")]
    played = wired.upstream.asked[0].answer(headers=coded)
    played.send(b"\x1f\x8b...")
    played.end()
    assert is_whole(client)
    assert wired.lines[0]["ending"] == "complete"


def test_an_event_too_large_to_be_read_makes_a_stream_not_judged() -> None:
    wired = wire("passthrough", limits=Limits(event=300))
    client = post(wired, PATHS["chat"], {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(delta("x"))
    played.send(b"data: " + b"y" * 1000)
    played.send(b"\n\n")
    played.end()
    assert is_whole(client)
    assert (wired.lines[0]["ending"], wired.lines[0]["fault"]) == ("complete", None)


def test_an_error_within_a_relayed_stream_is_known() -> None:
    wired = wire("passthrough")
    post(wired, PATHS["chat"], {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    error = {"message": "Slow down", "type": "rate_limit_error", "code": "rate_limit_exceeded"}
    played.send(delta("x"))
    played.send(b"data: %s\n\n" % json.dumps({"error": error}).encode())
    played.end()
    assert wired.lines[0]["fault"] == "rate"


def bridged(clock: Clock | None = None) -> Wired:
    return wire(
        "gateway",
        clock=clock,
        upstream=Upstream(speaks=("responses",)),
        bridging=Bridging(mode=Mode.BRIDGE),
    )


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("streams", [True, False], ids=["events", "whole"])
def test_a_translated_answer_is_known_with_both_dialects(stream: bool, streams: bool) -> None:
    wired = bridged()
    post(wired, PATHS["chat"], {**ASKED, "stream": stream})
    played = wired.upstream.asked[0].answer(headers=EVENTS if streams else JSON)
    whole = json.dumps(response(status="completed", output=[HELLO], usage=usage())).encode()
    played.send(framed(*RESPONSE) if streams else whole)
    played.end()
    line, told = wired.lines[0], usage()
    assert (line["dialects"], line["streamed"]) == ("chat>responses", stream)
    assert (line["tokens_in"], line["tokens_out"]) == (told["input_tokens"], told["output_tokens"])
    assert line["ending"] == "complete"


@pytest.mark.parametrize("reason", [None, ResponseFailed([])], ids=["ended", "broken"])
def test_a_translated_stream_that_stops_is_counted_as_truncated_pitfall_26(
    reason: BaseException | None,
) -> None:
    wired = bridged()
    post(wired, PATHS["chat"], {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*RESPONSE[:4]))
    played.end(reason)
    assert wired.lines[0]["fault"] == "truncated"
    assert truncated(wired) == 1


NOT_CHAT = {
    "error": {
        "message": "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you mean "
        "to use v1/completions?",
        "type": "invalid_request_error",
        "param": "model",
        "code": None,
    }
}


def test_a_second_try_is_counted_and_its_answer_is_what_counts() -> None:
    wired = wire("gateway")
    post(wired, PATHS["chat"], {**ASKED, "model": "strange-model"})
    played = wired.upstream.asked[0].answer(status=404, headers=JSON)
    played.send(json.dumps(NOT_CHAT).encode())
    played.end()
    played = wired.upstream.asked[1].answer(headers=JSON)
    played.send(json.dumps(response(HELLO, usage=usage())).encode())
    played.end()
    line = wired.lines[0]
    assert (line["retries"], line["fault"], line["upstream_status"]) == (1, None, 200)
    assert line["dialects"] == "chat>responses"
    assert line["tokens_in"] == usage()["input_tokens"]
    assert " retries=1" in str(line["line"])
    found = wired.port.watch.metrics.registry.get_sample_value(
        "openaiproxy_retried_total", {"profile": "gateway"}
    )
    assert found == 1


@pytest.mark.parametrize(
    ("status", "kind"), [(400, "invalid"), (401, "authentication"), (429, "rate")]
)
def test_a_refusal_that_passes_has_its_kind(status: int, kind: str) -> None:
    wired = wire("gateway", upstream=Upstream(speaks=("chat",)))
    post(wired, PATHS["chat"], {**ASKED, "model": "gpt-4.1"})
    played = wired.upstream.asked[0].answer(status=status, headers=JSON)
    played.send(b'{"error": {"message": "No.", "type": "t", "param": null, "code": null}}')
    played.end()
    assert wired.lines[0]["status"] == status
    found = wired.port.watch.metrics.registry.get_sample_value(
        "openaiproxy_upstream_errors_total", {"profile": "gateway", "kind": kind}
    )
    assert found == 1


class Ticking(Clock):
    """A clock that goes on by a millisecond whenever it is looked at."""

    def seconds(self) -> float:
        self.rightNow += 0.001
        return self.rightNow


@pytest.mark.parametrize("path", [PATHS["chat"], PATHS["responses"]])
def test_the_proxys_own_time_is_neither_the_callers_nor_the_upstreams_pitfall_72(
    path: str,
) -> None:
    wired = bridged(Ticking())
    raw = json.dumps({**ASKED, "input": "hi", "stream": True}).encode()
    client = wired.client()
    client.send(request("POST", path, "Content-Type: application/json", body=raw)[: -len(raw)])
    wired.clock.advance(10)
    client.send(raw)
    wired.clock.advance(5)
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    wired.clock.advance(3)
    for event in RESPONSE:
        played.send(framed(event))
    played.end()
    line = wired.lines[0]
    assert 0.001 < line["overhead"] < 0.05
    assert 5 < line["waited"] < 5.05
    assert 18 < line["first_byte"] < 18.2


def test_a_gathered_answer_is_own_time_from_its_end_on_pitfall_72() -> None:
    wired = bridged(Ticking())
    post(wired, PATHS["chat"])
    played = wired.upstream.asked[0].answer(headers=JSON)
    wired.clock.advance(7)
    played.send(json.dumps(response(status="completed", output=[HELLO], usage=usage())).encode())
    played.end()
    assert 0.001 < wired.lines[0]["overhead"] < 0.05


def test_a_sign_of_life_is_no_first_byte() -> None:
    wired = bridged()
    client = post(wired, PATHS["chat"], {**ASKED, "stream": True})
    wired.clock.advance(15)
    assert b"keepalive" in client.received()
    wired.clock.advance(5)
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(framed(*RESPONSE))
    assert wired.lines[0]["first_byte"] == 20


def test_a_request_that_nobody_was_asked_about_has_no_such_times() -> None:
    wired = wire("o1")
    wired.client().send(request("GET", "/nowhere"))
    assert (wired.lines[0]["overhead"], wired.lines[0]["waited"]) == (None, None)


@pytest.mark.parametrize("path", list(PATHS.values()))
@pytest.mark.parametrize("when", ["before-head", "before-body", "mid-stream"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_caller_who_leaves_is_counted_as_cancelled_pitfall_60(
    path: str, when: str, stream: bool
) -> None:
    wired = wire("gateway", upstream=Upstream(speaks=("responses", "chat", "messages")))
    body = {**ASKED, "input": "hi", "max_tokens": 9, "stream": stream}
    client = post(wired, path, body)
    if when != "before-head":
        played = wired.upstream.asked[0].answer(headers=EVENTS if stream else JSON)
        if when == "mid-stream":
            played.send(b"data: {}\n\n")
    client.lose()
    assert wired.lines[0]["ending"] == "client-gone"
    found = wired.port.watch.metrics.registry.get_sample_value(
        "openaiproxy_cancelled_total", {"profile": "gateway"}
    )
    assert found == 1


def test_what_was_left_out_is_in_the_ring() -> None:
    wired = bridged()
    post(wired, PATHS["chat"], {**ASKED, "logit_bias": {"50256": -100}, "seed": 3})
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(json.dumps(response(status="completed", output=[HELLO], usage=usage())).encode())
    played.end()
    [entry] = wired.port.watch.ring.recent()
    assert entry.said.dropped
    assert entry.model == "gpt-5"


def test_a_question_for_models_is_a_hit_or_a_miss() -> None:
    wired = wire("gateway")
    wired.client().send(request("GET", "/v1/models"))
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(b'{"object": "list", "data": [{"id": "gpt-5", "object": "model"}]}')
    played.end()
    wired.client().send(request("GET", "/v1/models"))
    for result in ("hit", "miss"):
        found = wired.port.watch.metrics.registry.get_sample_value(
            "openaiproxy_models_cache_total", {"profile": "gateway", "result": result}
        )
        assert found == 1


def test_a_relay_adds_nothing_where_the_broken_connection_says_it() -> None:
    wired = wire("passthrough")
    client = post(wired, PATHS["chat"], {**ASKED, "stream": True})
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(delta("x"))
    played.end(ResponseFailed([]))
    assert body_of(client) == delta("x")
    assert not is_whole(client)
    assert wired.lines[0]["ending"] == "upstream-cut"
    assert truncated(wired) == 1


def test_a_body_that_comes_slowly_is_nobodys_own_time_when_tokens_are_counted() -> None:
    wired = wire("gateway", clock=Ticking(), upstream=Upstream(speaks=("messages",)))
    raw = json.dumps(ASKED).encode()
    client = wired.client()
    head = request("POST", "/v1/messages/count_tokens", body=raw)[: -len(raw)]
    client.send(head)
    wired.clock.advance(10)
    client.send(raw)
    played = wired.upstream.asked[0].answer(headers=JSON)
    played.send(b'{"input_tokens": 3}')
    played.end()
    assert wired.lines[0]["overhead"] < 0.1
