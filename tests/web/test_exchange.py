"""One request's life, through a real Site on a fake connection, with a scripted upstream."""

import json

import pytest
from twisted.web.client import ResponseFailed
from twisted.web.http import PotentialDataLoss

from openaiproxy.errors import BadUpstream
from openaiproxy.profile import ClientAuth, ClientKey, Credential, Limits, Timeouts
from tests.web.wiring import request, wire

pytestmark = pytest.mark.usefixtures("on_wire")

CHAT = b'{"model": "gpt-4.1", "messages": []}'
STREAM = [(b"Content-Type", b"text/event-stream")]
EVENT = b'data: {"a": 1}\n\n'


def head_and_body(received: bytes) -> tuple[bytes, bytes]:
    head, _, body = received.partition(b"\r\n\r\n")
    return head, body


def code_of(received: bytes) -> str:
    return str(json.loads(head_and_body(received)[1])["error"]["code"])


def test_a_request_reaches_the_upstream_as_it_was_sent() -> None:
    wired = wire()
    target = "/v1/files%2Fx?a=1&a=2&empty=&"
    wired.client().send(request("POST", target, "X-One: 1", "X-One: 2", "Cookie: a=b", body=CHAT))
    asked = wired.upstream.asked[0]
    assert (asked.method, asked.target) == (b"POST", target.encode())
    assert bytes(asked.upload.data) == CHAT
    assert asked.upload.finished
    assert asked.header(b"x-one") == [b"1", b"2"]
    assert asked.header(b"cookie") == [b"a=b"]


@pytest.mark.parametrize(
    "target", ["/v1/files?", "/v1/files/", "/v1/x?q=%2F%3f&b", "/x?[]=1&include[]=a&include[]=b"]
)
def test_path_and_query_are_kept_exactly_row_91(target: str) -> None:
    wired = wire()
    wired.client().send(request("GET", target))
    assert wired.upstream.asked[0].target == target.encode()


def test_the_gateway_adds_v1_where_it_is_left_out_row_18() -> None:
    wired = wire("gateway")
    wired.client().send(request("GET", "/models?x=1") + request("GET", "/v1/files"))
    assert wired.upstream.asked[0].target == b"/v1/models?x=1"


def test_hop_by_hop_fields_stay_on_their_hop_row_93() -> None:
    wired = wire()
    client = wired.client().send(
        request(
            "GET",
            "/v1/files",
            "Connection: keep-alive, X-Mine",
            "X-Mine: 1",
            "TE: trailers",
            "Keep-Alive: 1",
            "Upgrade: h2c",
            "Proxy-Authorization: x",
        )
    )
    asked = wired.upstream.asked[0]
    assert [name for name, _ in asked.headers] == []
    answer = asked.answer(
        headers=[
            (b"Content-Type", b"text/plain"),
            (b"Set-Cookie", b"a=1"),
            (b"Set-Cookie", b"b=2"),
        ],
        length=2,
    )
    answer.send(b"ok")
    answer.end()
    head, body = head_and_body(client.received())
    assert head.count(b"Set-Cookie: ") == 2
    assert body == b"ok"


def test_an_answer_streams_down_as_it_comes() -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/chat/completions", body=CHAT))
    answer = wired.upstream.asked[0].answer(
        headers=[*STREAM, (b"x-ratelimit-remaining-requests", b"9"), (b"Retry-After", b"3")]
    )
    head, _ = head_and_body(client.received())
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    for field in (
        b"Cache-Control: no-cache, no-transform",
        b"X-Accel-Buffering: no",
        b"X-Ratelimit-Remaining-Requests: 9",
        b"Retry-After: 3",
        b"Transfer-Encoding: chunked",
    ):
        assert field.lower() in head.lower()
    answer.send(EVENT)
    assert client.received().endswith(b"10\r\n" + EVENT + b"\r\n")
    answer.end()
    assert client.received().endswith(b"\r\n0\r\n\r\n")
    line = wired.lines[-1]
    assert (line["ending"], line["status"], line["model"], line["bytes_in"], line["bytes_out"]) == (
        "complete",
        200,
        "gpt-4.1",
        len(CHAT),
        len(EVENT),
    )


def test_a_compressed_answer_passes_as_it_is_row_94() -> None:
    wired = wire()
    client = wired.client().send(request("GET", "/v1/files", "Accept-Encoding: gzip"))
    assert wired.upstream.asked[0].header(b"accept-encoding") == [b"gzip"]
    answer = wired.upstream.asked[0].answer(headers=[(b"Content-Encoding", b"gzip")], length=4)
    answer.send(b"\x1f\x8b\x00\x00")
    answer.end()
    assert b"Content-Encoding: gzip" in client.received()
    assert client.received().endswith(b"\x1f\x8b\x00\x00")


@pytest.mark.parametrize("reason", [ResponseFailed([]), PotentialDataLoss()])
def test_an_answer_cut_upstream_is_left_without_an_end(reason: Exception) -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/responses", body=CHAT))
    answer = wired.upstream.asked[0].answer(headers=STREAM)
    answer.send(EVENT + b"data: {")
    answer.end(reason)
    assert client.transport.disconnecting
    assert not client.received().endswith(b"0\r\n\r\n")
    assert wired.lines[-1]["ending"] == "upstream-cut"


def test_a_body_that_ends_with_the_close_is_whole_between_events() -> None:
    wired = wire()
    client = wired.client().send(request("GET", "/v1/responses/x?stream=true"))
    answer = wired.upstream.asked[0].answer(headers=STREAM)
    answer.send(EVENT)
    answer.end(PotentialDataLoss())
    assert client.received().endswith(b"0\r\n\r\n")


def test_a_cut_answer_to_http_1_0_ends_with_a_reset() -> None:
    wired = wire()
    client = wired.client().send(b"GET /v1/files HTTP/1.0\r\n\r\n")
    answer = wired.upstream.asked[0].answer()
    answer.send(b"half")
    answer.end(ResponseFailed([]))
    assert client.transport.aborted


def test_a_silent_stream_gets_comments_between_events_only_row_85() -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/responses", body=CHAT))
    answer = wired.upstream.asked[0].answer(headers=STREAM)
    wired.clock.pump([14.0, 0.9])
    assert b": keepalive" not in client.received()
    wired.clock.advance(0.2)
    assert client.received().endswith(b": keepalive\n\n\r\n")
    answer.send(b"data: half")
    before = client.received()
    wired.clock.pump([15.1] * 3)
    assert client.received() == before
    answer.send(b"\n\n")
    wired.clock.pump([15.1])
    assert client.received().count(b": keepalive") == 2
    assert b": ping" not in client.received()


@pytest.mark.parametrize(
    "headers", [[(b"Content-Type", b"application/json")], [*STREAM, (b"Content-Encoding", b"gzip")]]
)
def test_nothing_is_put_into_other_bodies(headers: list[tuple[bytes, bytes]]) -> None:
    wired = wire()
    client = wired.client().send(request("GET", "/v1/files"))
    wired.upstream.asked[0].answer(headers=headers)
    before = client.received()
    wired.clock.pump([20.0] * 5)
    assert client.received() == before


def test_a_stalled_client_stops_the_upstream_and_is_cut_in_the_end_row_88() -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/responses", body=CHAT))
    answer = wired.upstream.asked[0].answer(headers=STREAM)
    client.transport.producer.pauseProducing()
    assert answer.paused
    client.transport.producer.resumeProducing()
    assert not answer.paused
    client.transport.producer.pauseProducing()
    wired.clock.pump([599.0])
    assert not client.transport.disconnecting
    wired.clock.pump([2.0])
    assert client.transport.disconnecting
    assert answer.aborted
    assert wired.lines[-1]["ending"] == "timeout-client-write"


@pytest.mark.parametrize("phase", ["waiting", "streaming"])
def test_a_client_that_leaves_takes_its_call_with_it_row_89(phase: str) -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/responses", body=CHAT))
    asked = wired.upstream.asked[0]
    answer = asked.answer(headers=STREAM) if phase == "streaming" else None
    client.lose()
    assert asked.cancelled if answer is None else answer.aborted
    assert [line["ending"] for line in wired.lines] == ["client-gone"]
    assert not wired.clock.getDelayedCalls()


def test_a_client_that_leaves_before_its_body_is_whole_takes_its_call_with_it() -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/files", "Content-Length: 1000") + b"some")
    client.lose()
    assert wired.upstream.asked[0].cancelled
    assert wired.lines[-1]["ending"] == "client-gone"
    assert not wired.clock.getDelayedCalls()


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (BadUpstream(502, "upstream_unreachable", "no way"), 502, "upstream_unreachable"),
        (BadUpstream(504, "upstream_connect_timeout", "slow"), 504, "upstream_connect_timeout"),
        (RuntimeError("a bug"), 500, "internal_error"),
    ],
)
def test_failures_before_the_head_are_answered_in_json_rows_107_109(
    error: Exception, status: int, code: str
) -> None:
    wired = wire()
    client = wired.client().send(request("GET", "/v1/files", "X-Request-Id: mine"))
    wired.upstream.asked[0].fail(error)
    head, _ = head_and_body(client.received())
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"Content-Type: application/json" in head
    assert b"X-Request-Id: mine" in head
    assert code_of(client.received()) == code


def test_an_anthropic_caller_gets_its_own_error_shape() -> None:
    wired = wire()
    client = wired.client().send(
        request("POST", "/v1/messages?beta=true", "anthropic-version: 2023-06-01", body=b"{}")
    )
    wired.upstream.asked[0].fail(BadUpstream(502, "upstream_unreachable", "no way"))
    body = json.loads(head_and_body(client.received())[1])
    assert body["type"] == "error"
    assert body["error"]["type"] == "api_error"
    assert body["request_id"]


@pytest.mark.parametrize(
    ("timeouts", "advance", "code"),
    [
        (Timeouts(first_byte=5.0), 5.1, "upstream_first_byte_timeout"),
        (Timeouts(total=3.0), 3.1, "upstream_total_timeout"),
    ],
)
def test_a_timeout_says_which_timer_fired_pitfall_66(
    timeouts: Timeouts, advance: float, code: str
) -> None:
    wired = wire(timeouts=timeouts)
    client = wired.client().send(request("GET", "/v1/files"))
    wired.clock.advance(advance)
    assert client.received().startswith(b"HTTP/1.1 504 ")
    assert code_of(client.received()) == code
    assert wired.upstream.asked[0].cancelled
    assert not wired.clock.getDelayedCalls() or all(
        call.func.__name__ != "_timed_out" for call in wired.clock.getDelayedCalls()
    )


@pytest.mark.parametrize(
    ("timeouts", "ending"),
    [(Timeouts(idle=4.0), "timeout-idle"), (Timeouts(total=4.0), "timeout-total")],
)
def test_a_timeout_in_the_answer_cuts_it(timeouts: Timeouts, ending: str) -> None:
    wired = wire(timeouts=timeouts)
    client = wired.client().send(request("GET", "/v1/files"))
    answer = wired.upstream.asked[0].answer()
    answer.send(b"x")
    wired.clock.advance(4.1)
    assert client.transport.disconnecting
    assert answer.aborted
    assert not client.received().endswith(b"0\r\n\r\n")
    assert wired.lines[-1]["ending"] == ending


def test_the_first_byte_is_awaited_from_the_last_byte_sent() -> None:
    wired = wire(timeouts=Timeouts(first_byte=5.0, client_body=100.0))
    client = wired.client().send(request("POST", "/v1/files", "Content-Length: 6") + b"abc")
    wired.clock.advance(4.0)
    client.send(b"def")
    wired.clock.advance(4.0)
    assert not client.received()
    wired.clock.advance(1.1)
    assert code_of(client.received()) == "upstream_first_byte_timeout"


def test_too_many_requests_at_once_are_told_to_come_back_row_98() -> None:
    wired = wire(limits=Limits(requests=1))
    first = wired.client().send(request("GET", "/v1/files"))
    second = wired.client().send(request("GET", "/v1/files"))
    assert second.received().startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 1" in second.received()
    assert code_of(second.received()) == "proxy_overloaded"
    wired.upstream.asked[0].answer(length=0).end()
    assert first.received().startswith(b"HTTP/1.1 200 ")
    wired.client().send(request("GET", "/v1/files"))
    assert len(wired.upstream.asked) == 2


def test_a_promised_body_that_is_too_large_never_goes_up_row_100() -> None:
    wired = wire(limits=Limits(body=10))
    client = wired.client().send(request("POST", "/v1/files", "Content-Length: 11"))
    assert client.received().startswith(b"HTTP/1.1 413 ")
    assert b"Connection: close" in client.received()
    assert not wired.upstream.asked


def test_a_chunked_body_that_grows_too_large_is_stopped() -> None:
    wired = wire(limits=Limits(body=10))
    client = wired.client().send(
        request("POST", "/v1/files", "Transfer-Encoding: chunked") + b"8\r\n12345678\r\n"
    )
    assert not client.received()
    client.send(b"8\r\n12345678\r\n")
    assert client.received().startswith(b"HTTP/1.1 413 ")
    assert wired.upstream.asked[0].cancelled


def test_a_body_that_stops_coming_is_answered_408() -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/files", "Content-Length: 100") + b"half")
    wired.clock.advance(20.1)
    assert client.received().startswith(b"HTTP/1.1 408 ")
    assert wired.upstream.asked[0].cancelled
    assert wired.lines[-1]["ending"] == "timeout-body"


def test_continue_is_sent_when_the_body_is_wanted_and_not_before_the_gate() -> None:
    keys = ClientAuth(keys=(ClientKey("alice", "alices-key"),), places=("x-api-key",))
    wired = wire(auth=keys)
    expecting = request("POST", "/v1/files", "Content-Length: 4", "Expect: 100-continue")
    assert wired.client().send(expecting).received().startswith(b"HTTP/1.1 401 ")
    allowed = request(
        "POST", "/v1/files", "Content-Length: 4", "Expect: 100-continue", "X-API-Key: alices-key"
    )
    client = wired.client().send(allowed)
    assert client.received() == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert wired.upstream.asked[0].header(b"expect") == []


def test_a_server_side_key_replaces_whatever_the_caller_sent_rows_28_29() -> None:
    keys = ClientAuth(
        keys=(ClientKey("alice", "alices-key"), ClientKey("bob", "bobs-key-1")),
        places=("x-api-key",),
    )
    wired = wire(
        "keyed",
        auth=keys,
        credential=Credential(key="server-key", organization="org", project="proj"),
    )
    wired.client().send(
        request(
            "POST",
            "/v1/responses",
            "Authorization: Bearer unused",
            "X-Api-Key: bobs-key-1",
            "OpenAI-Project: theirs",
            body=b"{}",
        )
    )
    asked = wired.upstream.asked[0]
    assert asked.header(b"authorization") == [b"Bearer server-key"]
    assert asked.header(b"x-api-key") == []
    assert asked.header(b"openai-organization") == [b"org"]
    assert asked.header(b"openai-project") == [b"theirs"]
    asked.answer(length=0).end()
    assert wired.lines[-1]["client"] == "bob"
    assert "key" not in json.dumps(
        [str(value) for value in wired.lines[-1].values() if "keyed" not in str(value)]
    )


def test_the_callers_own_key_passes_untouched_row_27() -> None:
    wired = wire()
    wired.client().send(request("GET", "/v1/files", "Authorization: Bearer sk-mine"))
    assert wired.upstream.asked[0].header(b"authorization") == [b"Bearer sk-mine"]


def test_a_client_key_of_ours_does_not_travel_on() -> None:
    keys = ClientAuth(keys=(ClientKey("alice", "alices-key"),), places=("x-api-key",))
    wired = wire(auth=keys)
    wired.client().send(
        request("GET", "/v1/files", "Authorization: Bearer sk-mine", "X-API-Key: alices-key")
    )
    asked = wired.upstream.asked[0]
    assert asked.header(b"x-api-key") == []
    assert asked.header(b"authorization") == [b"Bearer sk-mine"]


def test_the_keyed_profile_checks_the_path_before_the_key() -> None:
    keys = ClientAuth(keys=(ClientKey("default", "the-one-key"),), places=("x-api-key",))
    wired = wire("keyed", auth=keys, credential=Credential(key="server-key"))
    assert (
        wired.client()
        .send(request("GET", "/v1/files"))
        .received()
        .endswith(b'{"detail":"Not found"}')
    )
    refused = wired.client().send(request("POST", "/v1/responses", body=b"{}")).received()
    assert refused.startswith(b"HTTP/1.1 401 ")
    assert refused.endswith(b'{"error":"unauthorized"}')
    assert (
        wired.client()
        .send(request("TRACE", "/v1/responses"))
        .received()
        .startswith(b"HTTP/1.1 405 ")
    )
    assert not wired.upstream.asked


def test_a_preflight_is_answered_before_anything_is_asked_pitfall_71() -> None:
    keys = ClientAuth(keys=(ClientKey("alice", "alices-key"),), places=("x-api-key",))
    wired = wire(
        "keyed",
        auth=keys,
        credential=Credential(key="server-key"),
        origins=frozenset({"https://app.example"}),
    )
    asked = (
        "Origin: https://app.example",
        "Access-Control-Request-Method: POST",
        "Access-Control-Request-Headers: authorization, x-stainless-os",
    )
    answer = wired.client().send(request("OPTIONS", "/v1/responses", *asked)).received()
    assert answer.startswith(b"HTTP/1.1 204 ")
    for field in (
        b"Access-Control-Allow-Origin: https://app.example",
        b"Access-Control-Allow-Methods: POST",
        b"Access-Control-Allow-Headers: authorization, x-stainless-os",
        b"Vary: Origin",
    ):
        assert field in answer
    foreign = (
        wired.client()
        .send(
            request(
                "OPTIONS",
                "/v1/responses",
                "Origin: https://evil.example",
                "Access-Control-Request-Method: POST",
            )
        )
        .received()
    )
    assert foreign.startswith(b"HTTP/1.1 204 ")
    assert b"Access-Control" not in foreign
    refused = (
        wired.client()
        .send(request("POST", "/v1/responses", "Origin: https://app.example", body=b"{}"))
        .received()
    )
    assert refused.startswith(b"HTTP/1.1 401 ")
    assert b"Access-Control-Allow-Origin: https://app.example" in refused


def test_options_star_is_answered() -> None:
    assert (
        wire()
        .client()
        .send(b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .received()
        .startswith(b"HTTP/1.1 204 ")
    )


def test_the_ports_closing_cuts_what_still_runs() -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/responses", body=CHAT))
    waiting = wired.client().send(request("GET", "/v1/files"))
    answer = wired.upstream.asked[0].answer(headers=STREAM)
    wired.port.cut_all("drained")
    assert answer.aborted
    assert wired.upstream.asked[1].cancelled
    assert client.transport.disconnecting
    assert waiting.transport.disconnecting or waiting.transport.aborted
    assert {line["ending"] for line in wired.lines} == {"drained"}


def test_request_ids_go_in_and_out_row_119() -> None:
    wired = wire()
    client = wired.client().send(request("GET", "/v1/files", "X-Request-Id: abc-1"))
    wired.upstream.asked[0].answer(headers=[(b"x-request-id", b"req_1")], length=0).end()
    head, _ = head_and_body(client.received())
    assert b"x-request-id: req_1" in head.lower()
    assert b"x-openaiproxy-request-id: abc-1" in head.lower()
    assert (wired.lines[-1]["id"], wired.lines[-1]["upstream_id"]) == ("abc-1", "req_1")


def test_health_needs_no_key_and_no_upstream_row_110() -> None:
    keys = ClientAuth(keys=(ClientKey("alice", "alices-key"),))
    wired = wire("keyed", auth=keys, credential=Credential(key="server-key"))
    assert b'{"ok":true,' in wired.client().send(request("GET", "/health")).received()
    assert wired.client().send(request("HEAD", "/health")).received().startswith(b"HTTP/1.1 200 ")
    assert (
        wired.client().send(request("OPTIONS", "/health")).received().startswith(b"HTTP/1.1 204 ")
    )
    assert (
        code_of(wired.client().send(request("DELETE", "/health")).received())
        == "method_not_allowed"
    )
    assert not wired.upstream.asked
    assert [line["status"] for line in wired.lines] == [200, 200, 204, 405]


def test_an_early_answer_ends_the_upload() -> None:
    wired = wire()
    client = wired.client().send(request("POST", "/v1/files", "Content-Length: 1000") + b"some")
    asked = wired.upstream.asked[0]
    asked.body.stopProducing()
    answer = asked.answer(status=429, phrase=b"Too Many Requests", length=2)
    answer.send(b"{}")
    answer.end()
    head, body = head_and_body(client.received())
    assert head.startswith(b"HTTP/1.1 429 Too Many Requests")
    assert b"Connection: close" in head
    assert body == b"{}"
    client.send(b"more" * 100)
    assert bytes(asked.upload.data) == b"some"


@pytest.mark.parametrize("status", [204, 304])
def test_answers_without_a_body_have_none(status: int) -> None:
    wired = wire()
    client = wired.client().send(request("GET", "/v1/files"))
    wired.upstream.asked[0].answer(status=status, headers=[], length=None).end()
    assert client.received().endswith(b"\r\n\r\n")
    assert b"Transfer-Encoding" not in client.received()


def test_head_tells_the_length_and_sends_nothing() -> None:
    wired = wire()
    client = wired.client().send(request("HEAD", "/v1/files"))
    wired.upstream.asked[0].answer(length=1234).end()
    head, body = head_and_body(client.received())
    assert b"Content-Length: 1234" in head
    assert body == b""


def test_nothing_is_put_into_an_event_stream_of_a_promised_length() -> None:
    wired = wire()
    client = wired.client().send(request("GET", "/v1/responses/x?stream=true"))
    answer = wired.upstream.asked[0].answer(headers=STREAM, length=2 * len(EVENT))
    answer.send(EVENT)
    wired.clock.pump([15.1] * 3)
    answer.send(EVENT)
    answer.end()
    assert head_and_body(client.received())[1] == EVENT * 2


def test_client_keys_travel_on_from_no_place_where_they_are_accepted() -> None:
    keys = ClientAuth(keys=(ClientKey("alice", "alices-key"),), places=("x-api-key", "api-key"))
    wired = wire(auth=keys)
    wired.client().send(request("GET", "/v1/files", "Api-Key: alices-key", "X-Api-Key: alices-key"))
    assert wired.upstream.asked[0].headers == []


def test_the_reason_to_cancel_stands_whatever_the_cancelled_call_says() -> None:
    wired = wire(timeouts=Timeouts(total=3.0))
    client = wired.client().send(request("GET", "/v1/files"))
    asked = wired.upstream.asked[0]
    asked.waiting._canceller = lambda waiting: waiting.errback(
        BadUpstream(502, "upstream_unreachable", "no name")
    )
    wired.clock.advance(3.1)
    assert code_of(client.received()) == "upstream_total_timeout"
    assert wired.lines[-1]["ending"] == "timeout-total"


def test_a_refusal_by_the_channel_has_the_id_of_its_line() -> None:
    wired = wire()
    client = wired.client().send(b"GET /v1/models HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
    assert f"X-Request-Id: {wired.lines[-1]['id']}".encode() in client.received()
    assert wired.lines[-1]["status"] == 400


def test_head_counts_no_bytes_that_were_not_sent() -> None:
    wired = wire()
    wired.client().send(request("HEAD", "/health"))
    wired.client().send(request("HEAD", "/v1/../x"))
    assert [line["bytes_out"] for line in wired.lines] == [0, 0]
