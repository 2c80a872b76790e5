"""A client's connection: its times, its order, its ends. Fake time, a real Site, a scripted upstream."""

import json
from typing import Any

import pytest
from twisted.internet.interfaces import ISSLTransport
from zope.interface import directlyProvides, providedBy

from openaiproxy.profile import ClientAuth, ClientKey, Credential, Limits
from openaiproxy.web.framing import FLUSH_SECONDS, HEAD_SECONDS, IDLE_SECONDS, LINGER_SECONDS
from openaiproxy.web.site import FRESH_SECONDS
from tests.web.connections import Transport, answers, connect
from tests.web.wiring import Connection, Wired, request, wire

pytestmark = pytest.mark.usefixtures("on_wire")

GET = request("GET", "/x")
KEYS = ClientAuth(keys=(ClientKey("alice", "alices-key"),))
SERVER = Credential(key="server-key")
EXPECTING = request("POST", "/x", "Expect: 100-continue", "Content-Length: 5")
CHUNKED = request("POST", "/x", "Transfer-Encoding: chunked")
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


def answer(wired: Wired, index: int = -1, body: bytes = b"{}", **fields: Any) -> None:
    """Have the upstream answer one request whole."""
    played = wired.upstream.asked[index].answer(length=len(body), **fields)
    played.send(body)
    played.end()


def targets(wired: Wired) -> list[bytes]:
    return [asked.target for asked in wired.upstream.asked]


def status(client: Connection) -> int:
    [(status, *_)] = answers(client.received())
    return status


def code(client: Connection) -> str:
    [(_, _, body)] = answers(client.received())
    return str(json.loads(body)["error"]["code"])


def state(client: Connection) -> tuple[bool, bool, bool]:
    """Whether the connection was closed on the way out, closed, and cut."""
    transport: Any = client.transport
    return transport.write_closed, transport.disconnecting, transport.aborted


OPEN = (False, False, False)
HALF = (True, False, False)
CLOSED = (False, True, False)


def assert_nothing_is_left(wired: Wired, client: Connection) -> None:
    client.lose()
    assert not wired.clock.getDelayedCalls()


def held(client: Connection) -> int:
    """Bytes that were read off the connection and not looked at."""
    return sum(map(len, [client.protocol._buffer, *getattr(client.protocol, "_dataBuffer", ())]))


# Time.


def test_a_head_of_one_byte_a_second_is_answered_408() -> None:
    wired = wire()
    client = connect(wired)
    for byte in GET[:30]:
        client.send(bytes([byte]))
        wired.clock.advance(1)
        if client.received():
            break
    assert wired.clock.seconds() == HEAD_SECONDS
    assert (status(client), code(client)) == (408, "head_timeout")
    assert state(client) == HALF
    assert_nothing_is_left(wired, client)


def test_a_head_that_stops_is_answered_408_even_behind_another_request() -> None:
    wired = wire()
    client = connect(wired).send(request("GET", "/health") + b"GET /x HTT")
    wired.clock.advance(HEAD_SECONDS)
    assert [status for status, *_ in answers(client.received())] == [200, 408]
    later = connect(wired).send(GET + b"GET /y HT")
    wired.clock.advance(HEAD_SECONDS * 3)
    answer(wired)
    wired.clock.advance(HEAD_SECONDS - 1)
    assert [status for status, *_ in answers(later.received())] == [200]
    wired.clock.advance(1)
    assert [status for status, *_ in answers(later.received())] == [200, 408]


def test_the_time_of_a_head_begins_anew_with_every_request() -> None:
    wired = wire()
    client = connect(wired)
    for _ in range(3):
        client.send(GET[:20])
        wired.clock.advance(HEAD_SECONDS - 1)
        client.send(GET[20:])
        answer(wired)
        wired.clock.advance(HEAD_SECONDS - 1)
    assert [status for status, *_ in answers(client.received())] == [200] * 3
    assert state(client) == OPEN


@pytest.mark.parametrize("before", [b"", GET, GET + b"\r\n"])
def test_an_idle_connection_is_closed_without_a_word(before: bytes) -> None:
    wired = wire()
    client = connect(wired).send(before) if before else connect(wired)
    if before:
        answer(wired)
    received = client.received()
    wired.clock.advance(IDLE_SECONDS - 1)
    assert state(client) == OPEN
    wired.clock.advance(1)
    assert state(client) == CLOSED
    assert client.received() == received
    wired.clock.advance(FLUSH_SECONDS)
    assert client.transport.aborted
    assert_nothing_is_left(wired, client)


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x00",
        b"\x00",
        b"\n",
        b" ",
        b"(GET",
        b"GET /x HTTP/1.1\n",
        b"GET /x\rHTTP",
        GET[:-2] + b"X: a\x00",
        GET[:-2] + b"X: a\n",
        GET[:-2] + b"X: a\r\r",
    ],
)
def test_what_cannot_become_a_head_is_refused_at_once(sent: bytes) -> None:
    wired = wire()
    client = connect(wired).send(sent)
    assert (status(client), code(client)) == (400, "bad_framing")
    assert_nothing_is_left(wired, client)


@pytest.mark.parametrize("sent", [b"\r", b"G", b"\r\nG", GET[:-2] + b"X: a\r", GET[:-1], b"GET "])
def test_what_can_still_become_a_head_is_waited_for(sent: bytes) -> None:
    wired = wire()
    client = connect(wired).send(sent)
    wired.clock.advance(HEAD_SECONDS - 1)
    assert not client.received()
    wired.clock.advance(1)
    assert status(client) == 408


def test_an_upload_that_the_upstream_holds_back_is_not_idle() -> None:
    wired = wire()
    client = connect(wired).send(request("POST", "/x", "Content-Length: 5") + b"he")
    wired.upstream.asked[0].body.pauseProducing()
    wired.clock.advance(IDLE_SECONDS * 2)
    assert state(client) == OPEN
    wired.upstream.asked[0].body.resumeProducing()
    client.send(b"llo")
    answer(wired)
    assert status(client) == 200
    wired.clock.advance(IDLE_SECONDS)
    assert state(client) == CLOSED


def test_no_timer_of_the_connection_runs_while_an_answer_is_awaited() -> None:
    wired = wire()
    client = connect(wired).send(GET)
    wired.clock.advance(IDLE_SECONDS * 3)
    assert state(client) == OPEN
    answer(wired)
    assert status(client) == 200


def test_a_body_that_stops_is_answered_408() -> None:
    wired = wire()
    client = connect(wired).send(request("POST", "/x", "Content-Length: 5") + b"he")
    wired.clock.advance(19.9)
    client.send(b"l")
    wired.clock.advance(19.9)
    assert not client.received()
    wired.clock.advance(0.1)
    assert (status(client), code(client)) == (408, "body_timeout")
    assert wired.upstream.asked[0].cancelled


# Order.


def test_pipelined_requests_are_answered_in_order_one_at_a_time() -> None:
    wired = wire()
    client = connect(wired).send(request("GET", "/1") + request("POST", "/2", body=b"two") + GET)
    assert targets(wired) == [b"/1"]
    answer(wired, body=b"one")
    assert targets(wired) == [b"/1", b"/2"]
    assert bytes(wired.upstream.asked[1].upload.data) == b"two"
    answer(wired, body=b"two")
    answer(wired, body=b"three")
    assert [body for *_, body in answers(client.received())] == [b"one", b"two", b"three"]
    assert state(client) == OPEN


def test_pipelined_requests_that_are_answered_here_are_answered_in_order() -> None:
    wired = wire()
    refused = request("GET", "/health?x") + request("DELETE", "/health")
    client = connect(wired).send(refused + request("GET", "/health"))
    assert [status for status, *_ in answers(client.received())] == [200, 405, 200]


def test_a_request_behind_a_body_that_is_answered_at_once_is_served() -> None:
    class Prompt:
        """An upload whose end is answered before the call that brought it returns."""

        def __setattr__(self, name: str, value: object) -> None:
            answer(wired)

    wired = wire()
    client = connect(wired).send(request("POST", "/x", "Content-Length: 5"))
    wired.upstream.asked[0].upload = Prompt()  # type: ignore[assignment]
    client.send(b"hello" + request("GET", "/2") + GET[:9])
    assert targets(wired) == [b"/x", b"/2"]
    answer(wired)
    client.send(GET[9:])
    answer(wired)
    assert [status for status, *_ in answers(client.received())] == [200] * 3


def test_a_client_that_pipelines_on_and_on_is_held_back() -> None:
    wired = wire()
    client = connect(wired).send(GET)
    sent = 0
    while client.transport.producerState == "producing":
        client.send(GET * 10)
        sent += 10
        assert sent < 10_000
    assert held(client) < 32_768
    assert len(wired.upstream.asked) == 1
    for _ in range(sent + 1):
        answer(wired)
    assert len(answers(client.received())) == sent + 1
    assert client.transport.producerState == "producing"
    assert_nothing_is_left(wired, client)


def test_a_connection_serves_one_request_after_another() -> None:
    wired = wire()
    client = connect(wired)
    for number in range(1, 4):
        client.send(GET)
        answer(wired)
        assert len(answers(client.received())) == number
    assert b"Connection:" not in client.received()
    assert state(client) == OPEN


@pytest.mark.parametrize(
    "raw",
    [
        request("GET", "/x", "Connection: close"),
        request("GET", "/x", "connection: Keep-Alive,Close"),
        GET.replace(b"HTTP/1.1", b"HTTP/1.0"),
        request("GET", "/x", "Connection: keep-alive").replace(b"HTTP/1.1", b"HTTP/1.0"),
    ],
)
def test_the_last_request_of_a_connection_closes_it(raw: bytes) -> None:
    wired = wire()
    client = connect(wired).send(raw + GET)
    assert state(client) == OPEN
    answer(wired)
    [(_, fields, _)] = answers(client.received())
    assert fields[b"connection"] == b"close"
    assert state(client) == CLOSED
    client.send(GET * 3)
    assert len(targets(wired)) == 1
    wired.clock.advance(FLUSH_SECONDS)
    assert client.transport.aborted
    assert_nothing_is_left(wired, client)


def test_http_1_0_gets_an_answer_without_chunks_that_the_close_ends() -> None:
    wired = wire()
    client = connect(wired).send(GET.replace(b"HTTP/1.1", b"HTTP/1.0"))
    played = wired.upstream.asked[0].answer()
    played.send(b"hello")
    played.end()
    head, _, body = client.received().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200 ")
    assert b"chunked" not in head
    assert body == b"hello"
    assert state(client) == CLOSED


def test_a_cut_answer_to_http_1_0_ends_with_a_reset() -> None:
    wired = wire()
    client = connect(wired).send(GET.replace(b"HTTP/1.1", b"HTTP/1.0"))
    played = wired.upstream.asked[0].answer()
    played.send(b"hel")
    played.end(ConnectionError())
    assert client.transport.aborted


# Expectations.


def test_100_continue_is_sent_once_the_upstream_wants_the_body() -> None:
    wired = wire()
    client = connect(wired).send(EXPECTING)
    assert client.received() == CONTINUE
    client.send(b"hello")
    assert wired.upstream.asked[0].header(b"expect") == []
    assert wired.upstream.asked[0].upload.finished
    answer(wired)
    assert status_after_continue(client) == 200
    assert state(client) == OPEN


def status_after_continue(client: Connection) -> int:
    assert client.received().count(CONTINUE) == 1
    [(status, *_)] = answers(client.received().removeprefix(CONTINUE))
    return status


@pytest.mark.parametrize(
    ("changes", "headers", "status"),
    [
        ({"auth": KEYS, "credential": SERVER}, (), 401),
        ({"credential": SERVER}, ("Origin: https://evil.example",), 403),
        ({"limits": Limits(body=4)}, (), 413),
        ({"limits": Limits(requests=0)}, (), 503),
    ],
)
def test_100_continue_is_never_sent_to_a_refused_request(
    changes: dict[str, Any], headers: tuple[str, ...], status: int
) -> None:
    wired = wire("gateway", **changes)
    raw = request("POST", "/v1/x", "Expect: 100-continue", "Content-Length: 5", *headers)
    client = connect(wired).send(raw)
    [(answered, fields, _)] = answers(client.received())
    assert (answered, fields[b"connection"]) == (status, b"close")
    client.send(b"hello" + GET)
    assert not wired.upstream.asked
    assert len(answers(client.received())) == 1


@pytest.mark.parametrize(
    "raw",
    [
        EXPECTING + b"h",
        EXPECTING.replace(b"HTTP/1.1", b"HTTP/1.0"),
        request("POST", "/x", "Expect: 100-continue", body=b""),
    ],
)
def test_100_continue_is_not_sent_where_nobody_waits_for_it(raw: bytes) -> None:
    wired = wire()
    client = connect(wired)
    asked_first = raw.endswith(b"h")
    client.send(raw)
    assert (CONTINUE in client.received()) is asked_first
    assert client.received().count(CONTINUE) <= 1


# Answers before the body is there.


def early(wired: Wired, client: Connection) -> None:
    client.send(request("POST", "/x", "Content-Length: 100000") + b"x" * 1000)
    answer(wired, body=b"no", status=429)


def test_an_early_answer_closes_our_side_and_reads_on_for_a_moment() -> None:
    wired = wire()
    client = connect(wired)
    early(wired, client)
    [(status, fields, _)] = answers(client.received())
    assert (status, fields[b"connection"]) == (429, b"close")
    assert state(client) == HALF
    assert client.transport.producerState == "producing"
    client.send(b"x" * 9000)
    assert len(wired.upstream.asked[0].upload.data) == 1000
    wired.clock.advance(LINGER_SECONDS - 0.1)
    assert state(client) == HALF
    wired.clock.advance(0.1)
    assert state(client) == (True, True, False)
    wired.clock.advance(FLUSH_SECONDS - 0.1)
    assert not client.transport.aborted
    wired.clock.advance(0.1)
    assert client.transport.aborted
    assert_nothing_is_left(wired, client)


def test_a_body_that_comes_to_its_end_after_its_answer_closes_the_connection() -> None:
    wired = wire()
    client = connect(wired)
    early(wired, client)
    client.send(b"x" * 98_999)
    assert state(client) == HALF
    client.send(b"x" + GET)
    assert state(client) == (True, True, False)
    client.send(GET)
    assert len(wired.upstream.asked) == len(answers(client.received())) == 1
    assert_nothing_is_left(wired, client)


def test_a_chunked_body_that_ends_after_its_answer_may_be_followed_by_anything() -> None:
    wired = wire()
    client = connect(wired).send(CHUNKED + b"5\r\nhello\r\n")
    answer(wired)
    client.send(b"0\r\n\r\n" + GET).send(GET).send(b"\x00")
    assert state(client) == (True, True, False)
    assert len(answers(client.received())) == 1


def test_a_malformed_chunk_after_the_answer_changes_nothing_of_it() -> None:
    wired = wire()
    client = connect(wired).send(CHUNKED + b"5\r\nhello\r\n")
    answer(wired)
    client.send(b"zz\r\n" + GET)
    assert status(client) == 200
    wired.clock.advance(LINGER_SECONDS)
    assert client.transport.disconnecting
    assert_nothing_is_left(wired, client)


def test_an_early_answer_that_lasts_until_the_body_has_come_closes_at_its_end() -> None:
    wired = wire()
    client = connect(wired).send(CHUNKED + b"5\r\nhello\r\n")
    played = wired.upstream.asked[0].answer(length=4)
    played.send(b"ab")
    client.send(b"0\r\n\r\n" + GET)
    played.send(b"cd")
    played.end()
    [(_, fields, body)] = answers(client.received())
    assert (fields[b"connection"], body) == (b"close", b"abcd")
    assert state(client) == CLOSED
    assert len(wired.upstream.asked) == 1


def test_an_early_answer_over_tls_leaves_the_way_out_open_for_its_alert() -> None:
    wired = wire()
    client = connect(wired)
    directlyProvides(client.transport, ISSLTransport, providedBy(client.transport))
    early(wired, client)
    assert state(client) == OPEN
    wired.clock.advance(LINGER_SECONDS)
    assert state(client) == CLOSED


def test_a_malformed_chunk_ends_the_exchange_with_400_where_no_answer_has_begun() -> None:
    wired = wire()
    client = connect(wired).send(CHUNKED + b"5\r\nhello\r\n")
    assert not client.received()
    client.send(b"5\r\nhelloXX" + GET)
    assert (status(client), code(client)) == (400, "bad_framing")
    asked = wired.upstream.asked[0]
    assert asked.cancelled
    assert not asked.upload.finished
    assert state(client) == HALF
    wired.clock.advance(LINGER_SECONDS)
    assert client.transport.disconnecting
    assert_nothing_is_left(wired, client)


def test_a_malformed_chunk_breaks_off_an_answer_that_has_begun() -> None:
    wired = wire()
    client = connect(wired).send(CHUNKED + b"5\r\nhello\r\n")
    played = wired.upstream.asked[0].answer()
    played.send(b"begun")
    client.send(b"zz\r\n")
    assert client.received().endswith(b"5\r\nbegun\r\n")
    assert played.aborted
    assert state(client) == CLOSED


@pytest.mark.parametrize("rest", [b"zz\r\n", b"0\r\n\r\n" + GET, b"5\r\nhello\r\n"])
def test_what_follows_in_the_same_read_on_a_broken_off_answer_is_not_looked_at(rest: bytes) -> None:
    wired = wire(limits=Limits(body=8))
    client = connect(wired).send(CHUNKED + b"5\r\nhello\r\n")
    wired.upstream.asked[0].answer().send(b"begun")
    client.send(b"5\r\nhello\r\n" + rest)
    assert client.received().endswith(b"5\r\nbegun\r\n")
    assert state(client) == CLOSED
    assert len(wired.upstream.asked) == 1
    assert_nothing_is_left(wired, client)


# Draining.


def test_draining_closes_what_is_idle_and_lets_the_rest_finish() -> None:
    wired = wire()
    fresh, used, begun = connect(wired), connect(wired).send(GET), connect(wired).send(GET[:9])
    answer(wired)
    waiting, uploading, streaming = connect(wired), connect(wired), connect(wired)
    waiting.send(GET + GET)
    uploading.send(request("POST", "/x", "Content-Length: 5") + b"he")
    streaming.send(GET)
    played = wired.upstream.asked[3].answer(length=4)
    played.send(b"ab")
    wired.site.drain()
    assert [state(each) for each in (fresh, used, begun)] == [OPEN] * 3, "a request may be coming"
    wired.clock.advance(FRESH_SECONDS)
    assert [state(each) for each in (fresh, used, begun)] == [CLOSED] * 3
    assert [state(each) for each in (waiting, uploading, streaming)] == [OPEN] * 3
    emptied: list[None] = []
    wired.site.emptied().addCallback(emptied.append)
    uploading.send(b"llo")
    played.send(b"cd")
    played.end()
    answer(wired, 1)
    answer(wired, 2)
    for each in (waiting, uploading, streaming):
        assert status(each) == 200
        assert state(each) == CLOSED
    assert b"Connection: close" in waiting.received()
    assert b"Connection: close" in uploading.received()
    assert len(wired.upstream.asked) == 4
    for each in (fresh, used, begun, waiting, uploading):
        each.lose()
    assert not emptied
    streaming.lose()
    assert emptied == [None]
    assert not wired.clock.getDelayedCalls()


def test_a_request_that_comes_while_draining_is_the_last_of_its_connection() -> None:
    wired = wire()
    client = connect(wired)
    wired.site.draining = True
    client.send(GET + GET)
    answer(wired)
    assert b"Connection: close" in client.received()
    assert state(client) == CLOSED
    assert len(wired.upstream.asked) == 1


def test_a_request_that_was_on_its_way_when_draining_began_is_served() -> None:
    wired = wire()
    client = connect(wired).send(GET[:9])
    wired.site.drain()
    client.send(GET[9:])
    answer(wired)
    assert status(client) == 200
    assert b"Connection: close" in client.received()
    assert state(client) == CLOSED
    assert_nothing_is_left(wired, client)


def test_an_idle_connections_request_that_crosses_the_end_is_served_as_its_last() -> None:
    wired = wire()
    client = connect(wired).send(GET)
    answer(wired)
    wired.site.drain()
    wired.clock.advance(FRESH_SECONDS / 2)
    client.send(GET)
    wired.clock.advance(FRESH_SECONDS)
    answer(wired, 1)
    assert client.received().count(b"HTTP/1.1 200 ") == 2
    assert client.received().count(b"Connection: close") == 1
    assert state(client) == CLOSED
    assert_nothing_is_left(wired, client)


def test_draining_leaves_a_refusal_its_moment_to_be_read() -> None:
    wired = wire()
    client = connect(wired).send(b"nonsense\r\n")
    wired.site.drain()
    assert status(client) == 400
    assert state(client) == HALF
    wired.clock.advance(LINGER_SECONDS)
    assert client.transport.disconnecting
    assert_nothing_is_left(wired, client)


def test_cutting_cuts_every_connection() -> None:
    wired = wire()
    clients = [connect(wired), connect(wired).send(GET), connect(wired).send(b"G")]
    wired.site.cut()
    assert all(client.transport.aborted for client in clients)


# Clients that leave.


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET",
        GET[:-2],
        b"nonsense\r\n",
        request("GET", "/health"),
        request("GET", "/health", "Connection: close"),
    ],
)
def test_a_client_that_leaves_before_it_asked_leaves_nothing_behind(sent: bytes) -> None:
    wired = wire()
    client = connect(wired)
    if sent:
        client.send(sent)
    assert_nothing_is_left(wired, client)
    assert not wired.upstream.asked


@pytest.mark.parametrize(
    "sent", [GET, GET + GET, EXPECTING, EXPECTING + b"he", CHUNKED + b"5\r\nhe"]
)
def test_a_client_that_leaves_before_the_answer_ends_its_call(sent: bytes) -> None:
    wired = wire()
    client = connect(wired).send(sent)
    assert_nothing_is_left(wired, client)
    assert [asked.cancelled for asked in wired.upstream.asked] == [True]
    assert [line["ending"] for line in wired.lines] == ["client-gone"]


def test_a_client_that_leaves_amid_its_answer_ends_its_call() -> None:
    wired = wire()
    client = connect(wired).send(GET)
    played = wired.upstream.asked[0].answer()
    played.send(b"some")
    client.protocol.stopProducing()  # As transports tell their producer first.
    assert_nothing_is_left(wired, client)
    assert played.aborted
    assert [line["ending"] for line in wired.lines] == ["client-gone"]


def test_a_client_that_leaves_after_an_early_answer_leaves_nothing_behind() -> None:
    wired = wire()
    client = connect(wired)
    early(wired, client)
    assert_nothing_is_left(wired, client)
    assert [line["status"] for line in wired.lines] == [429]


def test_a_client_that_leaves_while_it_is_held_back_leaves_nothing_behind() -> None:
    wired = wire()
    client = connect(wired).send(request("POST", "/x", "Content-Length: 1000000"))
    wired.upstream.asked[0].body.pauseProducing()
    assert client.transport.producerState == "paused"
    client.transport.loseConnection()
    assert_nothing_is_left(wired, client)
    assert wired.upstream.asked[0].cancelled


# Bounds.


def test_an_endless_head_is_refused_at_its_bound() -> None:
    wired = wire()
    client = connect(wired).send(GET[:-2])
    sent = 0
    while not client.received():
        client.send(b"X: " + b"y" * 1000 + b"\r\n")
        sent += 1005
    assert sent <= 33_768
    assert status(client) == 431


def test_what_follows_a_refusal_is_dropped_and_not_kept() -> None:
    wired = wire()
    client = connect(wired).send(b"nonsense\r\n")
    for _ in range(100):
        client.send(GET * 100)
    assert held(client) == 0
    assert status(client) == 400


def test_the_transport_these_tests_stand_on_can_be_told_from_a_tls_one() -> None:
    assert not ISSLTransport.providedBy(Transport())


def test_closing_twice_does_not_put_off_the_cut() -> None:
    wired = wire()
    client = connect(wired)
    client.protocol.loseConnection()
    wired.clock.advance(FLUSH_SECONDS - 1)
    client.protocol.loseConnection()
    wired.clock.advance(1)
    assert client.transport.aborted
    assert_nothing_is_left(wired, client)


def test_no_field_of_an_answer_can_become_two() -> None:
    wired = wire()
    client = connect(wired).send(GET)
    answer(wired, headers=[(b"X-Odd", b"a\r\nX-Evil: 1"), (b"X-Bare", b"b\nX-Evil: 2")])
    [(_, fields, _)] = answers(client.received())
    assert b"x-evil" not in fields
    assert (fields[b"x-odd"], fields[b"x-bare"]) == (b"a X-Evil: 1", b"b X-Evil: 2")
