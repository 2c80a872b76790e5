"""The dialogue with a proxy, in memory."""

import pytest
from twisted.internet.defer import CancelledError
from twisted.internet.task import Clock

from openaiproxy.errors import BadUpstream
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.connect import TunnelEndpoint

from .peers import BASE, Peer, client_on_wire, error, got, take

pytestmark = pytest.mark.usefixtures("nothing_unhandled", "on_wire")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
OPEN = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Tunnelled:
    """A client whose only way leads through a proxy."""

    def __init__(self, authorization: bytes | None = None) -> None:
        self.clock = Clock()
        self.peer = Peer(self.clock)
        tunnel = TunnelEndpoint(self.peer, "proxy.test:3128", "upstream.test:443", authorization)
        self.client = client_on_wire(self.clock, Upstream(BASE), Timeouts(connect=3), tunnel)
        self.asked = self.client.fetch(b"GET", b"/x", [])
        self.line = self.peer.lines[0]

    def refusal(self) -> BadUpstream:
        problem = error(self.asked)
        assert isinstance(problem, BadUpstream)
        assert "proxy.test:3128" in problem.message
        assert "secret" not in str(problem)
        self.clock.advance(0)
        assert self.line.gone
        return problem


def test_the_proxy_is_asked_for_the_origin_and_shown_the_password() -> None:
    assert Tunnelled(b"Basic secret").line.heard() == (
        b"CONNECT upstream.test:443 HTTP/1.1\r\nHost: upstream.test:443\r\n"
        b"Proxy-Authorization: Basic secret\r\n\r\n"
    )


@pytest.mark.parametrize(
    "said",
    [
        OPEN,
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 Fine\r\nContent-Length: 5\r\n\r\n",
    ],
)
def test_nothing_is_sent_before_the_proxy_agrees_and_then_all_goes_through(said: bytes) -> None:
    talk = Tunnelled()
    talk.line.heard()
    talk.line.say(said[:-1])
    assert talk.line.heard() == b""
    talk.line.say(said[-1:])
    assert talk.line.heard().startswith(b"GET /x HTTP/1.1\r\nHost: upstream.test\r\n")
    talk.line.say(OK)
    assert take(talk.asked)[1].ending == "done"
    talk.client.fetch(b"GET", b"/y", [])
    assert talk.line.heard().startswith(b"GET /y ")
    talk.line.close()
    assert len(talk.peer.lines) == 2


def test_bytes_after_the_proxys_answer_belong_to_the_connection() -> None:
    talk = Tunnelled()
    talk.line.heard()
    talk.line.say(OPEN + b"unasked")
    assert talk.line.aborted
    assert talk.line.heard() == b""
    problem = error(talk.asked)
    assert isinstance(problem, BadUpstream)
    assert problem.code == "upstream_closed"
    talk.clock.advance(0)


@pytest.mark.parametrize("status", [199 + 102, 400, 403, 407, 502])
def test_a_proxy_that_refuses_is_named_with_its_status(status: int) -> None:
    talk = Tunnelled(b"Basic secret")
    talk.line.say(b"HTTP/1.1 %d secret\r\nProxy-Authenticate: Basic\r\n\r\n" % status)
    problem = talk.refusal()
    assert (problem.status, problem.code) == (502, "proxy_refused")
    assert str(status) in problem.message


@pytest.mark.parametrize(
    "said",
    [
        b"<html>",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000,
    ],
)
def test_a_proxy_that_speaks_something_else_or_without_end_is_refused(said: bytes) -> None:
    talk = Tunnelled()
    talk.line.say(said)
    assert talk.line.aborted
    assert talk.refusal().code == "proxy_refused"


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\n"])
def test_a_proxy_that_closes_is_refused(said: bytes) -> None:
    talk = Tunnelled()
    if said:
        talk.line.say(said)
    talk.line.close()
    assert talk.refusal().code == "proxy_refused"


def test_a_silent_proxy_is_bounded_by_the_time_for_the_connection() -> None:
    talk = Tunnelled()
    talk.clock.advance(3)
    assert talk.line.aborted
    problem = error(talk.asked)
    assert isinstance(problem, BadUpstream)
    assert (problem.status, problem.code) == (504, "upstream_connect_timeout")
    talk.clock.advance(0)
    assert talk.clock.getDelayedCalls() == []


def test_cancelling_within_the_dialogue_closes_at_once() -> None:
    talk = Tunnelled()
    talk.line.say(b"HTTP/1.1 ")
    talk.asked.cancel()
    assert talk.line.aborted
    assert isinstance(error(talk.asked), CancelledError)
    talk.line.say(OPEN)  # too late
    talk.clock.advance(0)
    assert talk.clock.getDelayedCalls() == []


def test_a_connection_lost_after_the_dialogue_is_the_upstreams() -> None:
    talk = Tunnelled()
    talk.line.say(OPEN)
    talk.line.close()
    problem = error(talk.asked)
    assert isinstance(problem, BadUpstream)
    assert problem.code == "upstream_closed"


def test_an_answer_through_the_tunnel_may_be_aborted() -> None:
    talk = Tunnelled()
    talk.line.say(OPEN)
    talk.line.say(OK[:-1])
    got(talk.asked).abort()
    assert talk.line.aborted
    talk.clock.advance(0)
