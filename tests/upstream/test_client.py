"""What leaves for the upstream, to the byte, and what comes back of it."""

import zlib
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import (
    ConnectError,
    ConnectionRefusedError,
    DNSLookupError,
    TCPTimedOutError,
    TimeoutError,
)
from twisted.internet.task import Clock
from twisted.python.failure import Failure
from twisted.test import iosim
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site
from twisted.web.server import Request as ServerRequest

from openaiproxy.errors import BadUpstream
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.agent import Prepared
from openaiproxy.upstream.connection import Request

from .peers import BASE, Body, Dials, Taker, Talk, client_on_wire, error, got, take

pytestmark = pytest.mark.usefixtures("nothing_unhandled", "on_wire")

EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def sent(method: bytes, target: bytes, *headers: tuple[bytes, bytes], **more: Any) -> bytes:
    talk = Talk(**more)
    talk.ask(method, target, headers)
    return talk.line.heard()


def test_exactly_what_was_given_is_sent() -> None:
    assert sent(b"GET", b"/v1/models", (b"x-One", b"1"), (b"Two", b"a"), (b"two", b"b")) == (
        b"GET /v1/models HTTP/1.1\r\nHost: upstream.test\r\nx-One: 1\r\nTwo: a\r\ntwo: b\r\n\r\n"
    )


@pytest.mark.parametrize(
    "target",
    [
        b"/",
        b"/?",
        b"/a?",
        b"/a%2Fb%2f?x=%41&x=2&x&y=",
        b"/a//b/../c;p=1?q=/?#f",
        b"/v1/files/%E2%82%AC?a+b=c%20d",
        b"/\xc3\xa9?{}|\\^",
    ],
)
def test_the_target_arrives_byte_for_byte(target: bytes) -> None:
    assert sent(b"GET", target).startswith(b"GET " + target + b" HTTP/1.1\r\n")


def test_the_path_of_the_base_comes_before_the_target() -> None:
    upstream = Upstream("https://upstream.test:8443/api/%7Ex")
    head = sent(b"GET", b"/v1?", upstream=upstream)
    assert head == b"GET /api/%7Ex/v1? HTTP/1.1\r\nHost: upstream.test:8443\r\n\r\n"


@pytest.mark.parametrize(
    ("base", "host"),
    [
        ("http://upstream.test:80", b"upstream.test"),
        ("https://upstream.test:443/", b"upstream.test"),
        ("http://upstream.test:443", b"upstream.test:443"),
        ("http://[::1]:8080", b"[::1]:8080"),
        ("https://127.0.0.1", b"127.0.0.1"),
        ("http://b\xfccher.test", b"xn--bcher-kva.test"),
    ],
)
def test_host_names_the_origin(base: str, host: bytes) -> None:
    assert b"\r\nHost: " + host + b"\r\n" in sent(b"GET", b"/", upstream=Upstream(base))


@pytest.mark.parametrize("method", [b"get", b"QUERY", b"DELETE", b"GET"])
def test_methods_are_sent_as_given(method: bytes) -> None:
    assert sent(method, b"/") == method + b" / HTTP/1.1\r\nHost: upstream.test\r\n\r\n"


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH"])
def test_methods_that_usually_have_a_body_say_when_they_have_none(method: bytes) -> None:
    assert sent(method, b"/").endswith(b"\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize(
    ("method", "target", "header"),
    [
        (b"GET", b"/a b", (b"A", b"b")),
        (b"GET", b"/a\r\nX: y", (b"A", b"b")),
        (b"GET", b"http://other.test/", (b"A", b"b")),
        (b"GET", b"*", (b"A", b"b")),
        (b"GET", b"", (b"A", b"b")),
        (b"G T", b"/", (b"A", b"b")),
        (b"", b"/", (b"A", b"b")),
        (b"GET", b"/", (b"A", b"b\r\nC: d")),
        (b"GET", b"/", (b"A", b"b\nC: d")),
        (b"GET", b"/", (b"A", b"b\0")),
        (b"GET", b"/", (b"A\r\nB", b"c")),
        (b"GET", b"/", (b"A B", b"c")),
        (b"GET", b"/", (b"", b"c")),
        (b"GET", b"/", (b"Host ", b"other.test")),
        (b"GET", b"/", (b"hOst", b"other.test")),
        (b"GET", b"/", (b"content-length", b"5")),
        (b"GET", b"/", (b"Transfer-Encoding", b"chunked")),
        (b"GET", b"/", (b"Connection", b"close")),
    ],
)
def test_what_would_be_another_request_is_never_sent(
    method: bytes, target: bytes, header: tuple[bytes, bytes]
) -> None:
    talk = Talk()
    assert isinstance(error(talk.ask(method, target, (header,))), ValueError)
    assert talk.peer.lines == []


def test_an_answer_is_handed_on_as_it_came() -> None:
    answer, taker = Talk().answered(
        b"HTTP/1.1 429 Slow Down\r\nRetry-After: 3\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\n"
        b"Connection: x-hop\r\nX-Hop: 1\r\nContent-Length: 4\r\n\r\nbusy"
    )
    assert (answer.status, answer.phrase, answer.length) == (429, b"Slow Down", 4)
    assert answer.headers == [
        (b"Retry-After", b"3"),
        (b"Set-Cookie", b"a=1"),
        (b"set-cookie", b"b=2"),
    ]
    assert (taker.body, taker.ending) == (b"busy", "done")


def test_a_compressed_answer_is_not_decoded() -> None:
    packed = zlib.compress(b"text", wbits=31)
    answer, taker = Talk().answered(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b"
        % (len(packed), packed)
    )
    assert answer.headers == [(b"Content-Encoding", b"gzip")]
    assert (taker.body, answer.length) == (packed, len(packed))


def test_no_encoding_is_asked_for_that_the_caller_did_not_ask_for() -> None:
    assert b"ccept-" not in sent(b"GET", b"/")
    assert sent(b"GET", b"/", (b"accept-encoding", b"br")).count(b"ccept-") == 1


def test_no_cookie_is_kept_or_sent() -> None:
    talk = Talk()
    talk.answered(EMPTY[:-2] + b"Set-Cookie: secret=1; Path=/\r\n\r\n")
    talk.ask()
    assert b"ookie" not in talk.line.heard()


def test_the_callers_cookies_pass() -> None:
    assert b"\r\nCookie: a=1\r\n" in sent(b"GET", b"/", (b"Cookie", b"a=1"))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_answers_like_any_other(status: int) -> None:
    talk = Talk()
    answer, _ = talk.answered(
        b"HTTP/1.1 %d Moved\r\nLocation: http://other.test/\r\nContent-Length: 0\r\n\r\n" % status
    )
    assert answer.status == status
    assert (b"Location", b"http://other.test/") in answer.headers
    assert len(talk.peer.lines) == 1
    assert talk.line.heard() == b""


@pytest.mark.parametrize(
    ("method", "said", "length"),
    [
        (b"HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", 9),
        (b"HEAD", b"HTTP/1.1 200 OK\r\n\r\n", None),
        (b"GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", 9),
        (b"GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n", None),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 0),
    ],
)
def test_answers_without_a_body_end_at_once(method: bytes, said: bytes, length: int | None) -> None:
    talk = Talk()
    answer, taker = talk.answered(said, method)
    assert (answer.length, taker.body, taker.ending) == (length, b"", "done")
    assert not talk.line.aborted


def test_a_407_of_the_upstream_itself_is_an_answer_like_any_other() -> None:
    answer, _ = Talk().answered(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")
    assert answer.status == 407


def test_an_unknown_length_is_none() -> None:
    for fields in (b"", b"Transfer-Encoding: chunked\r\n"):
        answer, _ = Talk().answered(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
        assert answer.length is None


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"", "upstream_closed"),
        (b"HTTP/1.1 200 OK\r\nA: b", "upstream_closed"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "upstream_closed"),
        (b"nonsense\r\n\r\n", "upstream_invalid_answer"),
        (b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "upstream_invalid_answer"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",) * 2,
        (b"HTTP/1.1 200 OK\r\n" + b"A: secret\r\n" * 40_000, "upstream_invalid_answer"),
        (b"HTTP/1.1 100 C\r\n\r\n" * 20_000, "upstream_invalid_answer"),
    ],
)
@pytest.mark.parametrize("how", ["close", "reset"])
def test_no_answer_or_an_invalid_one_is_the_upstreams_fault(
    said: bytes, code: str | bytes, how: str
) -> None:
    talk = Talk()
    asked = talk.ask(headers=((b"Authorization", b"Bearer secret"),))
    if said:
        talk.line.say(said)
    getattr(talk.line, how)()
    problem = error(asked)
    assert isinstance(problem, BadUpstream)
    assert problem.status == 502
    assert problem.code == (code if isinstance(code, str) else "upstream_invalid_answer")
    assert "upstream.test:80" in problem.message
    assert "secret" not in str(problem)


def test_an_invalid_answer_closes_the_connection_at_once() -> None:
    talk = Talk()
    asked = talk.ask()
    talk.line.say(b"nonsense")
    assert talk.line.aborted
    assert isinstance(error(asked), BadUpstream)
    talk.turn()


@pytest.mark.parametrize(
    ("reason", "status", "code"),
    [
        (ConnectionRefusedError(), 502, "upstream_unreachable"),
        (DNSLookupError(), 502, "upstream_unreachable"),
        (ConnectError(), 502, "upstream_unreachable"),
        (TimeoutError(), 504, "upstream_connect_timeout"),
        (TCPTimedOutError(), 504, "upstream_connect_timeout"),
    ],
)
def test_a_failed_dial_names_its_kind_and_the_peer(
    reason: Exception, status: int, code: str
) -> None:
    dials = Dials()
    client = client_on_wire(Clock(), Upstream(BASE), Timeouts(), dials)
    asked = client.fetch(b"GET", b"/", [])
    dials.waiting[0].errback(Failure(reason))
    problem = error(asked)
    assert isinstance(problem, BadUpstream)
    assert (problem.status, problem.code) == (status, code)
    assert "upstream.test:80" in problem.message


def test_a_dial_that_takes_too_long_is_called_off() -> None:
    clock, dials = Clock(), Dials()
    client = client_on_wire(clock, Upstream(BASE), Timeouts(connect=3), dials)
    asked = client.fetch(b"GET", b"/", [])
    clock.advance(2.9)
    assert dials.cancelled == 0
    clock.advance(0.2)
    assert dials.cancelled == 1
    problem = error(asked)
    assert isinstance(problem, BadUpstream)
    assert (problem.status, problem.code) == (504, "upstream_connect_timeout")
    assert clock.getDelayedCalls() == []


def test_waiting_for_the_answer_has_no_limit_here() -> None:
    talk = Talk(connect=3)
    asked = talk.ask()
    talk.clock.advance(10_000)
    talk.line.say(EMPTY)
    assert got(asked).status == 200


def test_cancelling_a_dial_calls_it_off() -> None:
    clock, dials = Clock(), Dials()
    client = client_on_wire(clock, Upstream(BASE), Timeouts(), dials)
    asked = client.fetch(b"GET", b"/", [])
    asked.cancel()
    assert dials.cancelled == 1
    assert isinstance(error(asked), CancelledError)
    assert clock.getDelayedCalls() == []


def test_cancelling_while_the_answer_is_awaited_closes_the_connection() -> None:
    talk = Talk()
    asked = talk.ask()
    asked.cancel()
    assert talk.line.aborted
    assert isinstance(error(asked), CancelledError)
    talk.turn()


def test_cancelling_within_a_head_closes_the_connection() -> None:
    talk = Talk()
    asked = talk.ask()
    talk.line.say(b"HTTP/1.1 200 OK\r\nA:")
    asked.cancel()
    assert talk.line.aborted
    assert isinstance(error(asked), CancelledError)
    talk.turn()


def test_cancelling_while_the_body_is_sent_stops_it_and_closes_the_connection() -> None:
    talk, body = Talk(), Body(10)
    asked = talk.ask(b"POST", body=body)
    body.write(b"abc")
    asked.cancel()
    assert talk.line.aborted
    assert body.calls == ["start", "stop"]
    assert isinstance(error(asked), CancelledError)
    talk.turn()


def test_cancelling_after_the_answer_came_does_nothing() -> None:
    talk = Talk()
    asked = talk.ask()
    talk.line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
    asked.cancel()
    _, taker = take(asked)
    talk.line.say(b"ok")
    assert (taker.body, taker.ending) == (b"ok", "done")


class Slow(Resource):
    """Answers when told to."""

    isLeaf = True
    pending: ServerRequest

    def render(self, request: ServerRequest) -> int:
        self.pending = request
        return NOT_DONE_YET


def test_a_real_site_understands_the_requests_and_its_answers_are_understood() -> None:
    clock, resource = Clock(), Slow()
    site = Site(resource, reactor=clock)
    server = site.buildProtocol(None)
    pumps = []

    class Joined(Dials):
        def connect(self, protocolFactory: Any) -> "Deferred[Any]":
            dial = super().connect(protocolFactory)
            client = protocolFactory.buildProtocol(None)
            pumps.append(iosim.connect(server, iosim.makeFakeServer(server), client,
                                       iosim.makeFakeClient(client)))  # fmt: skip
            dial.callback(client)
            return dial

    client = client_on_wire(clock, Upstream(BASE), Timeouts(), Joined())
    body = Body()
    asked = client.fetch(b"POST", b"/v1/x?a=%2F", [(b"X-A", b"1")], body)
    body.write(b"hello ")
    body.write(b"world")
    body.done.callback(None)
    pumps[0].flush()
    request = resource.pending
    assert (request.method, request.uri, request.content.read()) == (
        b"POST",
        b"/v1/x?a=%2F",
        b"hello world",
    )
    request.write(b"one ")
    pumps[0].flush()
    answer, taker = take(asked)
    request.write(b"two")
    request.finish()
    pumps[0].flush()
    assert (answer.status, taker.body, taker.ending) == (200, b"one two", "done")
    assert not pumps[0].clientIO.disconnecting


def test_no_answer_shows_secrets_in_its_repr() -> None:
    answer, _ = Talk().answered(EMPTY)
    assert "Incoming" not in repr(answer)


def test_a_taker_hears_nothing_before_it_takes() -> None:
    talk = Talk()
    asked = talk.ask()
    talk.line.say(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nab")
    assert talk.line.paused
    taker = Taker()
    got(asked).deliver(taker)
    assert (taker.body, talk.line.paused) == (b"ab", False)


def test_what_treq_is_given_for_headers_shows_no_key() -> None:
    request = Request(b"GET", b"GET / HTTP/1.1\r\nAuthorization: Bearer sk-1\r\n\r\n", None)
    shown = repr(Prepared(request))
    assert "sk-1" not in shown
    assert "prepared" in shown
