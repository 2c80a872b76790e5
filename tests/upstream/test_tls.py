"""TLS in memory: who is believed, what an early end means, and how long a handshake may take."""

from pathlib import Path

import pytest
from twisted.internet.defer import CancelledError, Deferred, succeed
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.ssl import CertificateOptions
from twisted.internet.task import Clock
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.test import iosim
from zope.interface import implementer

from openaiproxy.errors import BadUpstream
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.tls import TlsEndpoint, client_options, trust

from .certificates import Authority
from .peers import Peer, client_on_wire, error, take

pytestmark = pytest.mark.usefixtures("nothing_unhandled", "on_wire")


class Server(Protocol):
    """An upstream behind TLS."""

    def __init__(self) -> None:
        self.heard = b""

    def dataReceived(self, data: bytes) -> None:
        self.heard += data


@implementer(IStreamClientEndpoint)
class Wire:
    """An endpoint in memory with a TLS server behind it."""

    def __init__(self, clock: Clock, options: CertificateOptions) -> None:
        self.clock = clock
        self.options = options
        self.server = Server()

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        client = protocolFactory.buildProtocol(None)
        assert client is not None
        factory = Factory.forProtocol(lambda: self.server)
        self.secure = TLSMemoryBIOFactory(self.options, False, factory, self.clock).buildProtocol(
            None  # type: ignore[arg-type]
        )
        self.pump = iosim.connect(
            self.secure,
            iosim.makeFakeServer(self.secure),
            client,
            iosim.makeFakeClient(client),
            clock=self.clock,
        )
        return succeed(client)


class Secured:
    """A client that talks TLS to a :class:`Wire`."""

    def __init__(self, bundle: str | None, options: CertificateOptions, host: str) -> None:
        self.clock = Clock()
        self.wire = Wire(self.clock, options)
        peer = f"{host}:443"
        endpoint = TlsEndpoint(self.wire, client_options(host, trust(bundle)), peer, self.clock)
        self.client = client_on_wire(
            self.clock, Upstream("https://upstream.test"), Timeouts(connect=3), endpoint
        )

    def ask(self) -> "Deferred[Answer]":
        asked = self.client.fetch(b"GET", b"/", [])
        self.flush()
        return asked

    def say(self, data: bytes) -> None:
        assert self.wire.server.transport is not None
        self.wire.server.transport.write(data)
        self.flush()

    def flush(self) -> None:
        self.wire.pump.flush()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def bundle(authority: Authority, tmp_path: Path) -> str:
    return authority.write(tmp_path / "bundle.pem")


@pytest.mark.parametrize("host", ["upstream.test", "127.0.0.1", "::1"])
def test_an_upstream_with_the_right_certificate_is_believed(
    authority: Authority, bundle: str, host: str
) -> None:
    talk = Secured(bundle, authority.server(host), host)
    asked = talk.ask()
    assert talk.wire.server.heard.startswith(b"GET / HTTP/1.1\r\n")
    talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    assert take(asked)[1].ending == "done"


def test_http_1_1_is_agreed_on_and_the_name_is_sent(authority: Authority, bundle: str) -> None:
    talk = Secured(bundle, authority.server("upstream.test"), "upstream.test")
    talk.ask()
    tls = talk.wire.secure
    assert tls.negotiatedProtocol == b"http/1.1"
    assert tls.getHandle().get_servername() == b"upstream.test"


@pytest.mark.parametrize(
    ("served", "host"),
    [("other.test", "upstream.test"), ("127.0.0.2", "127.0.0.1"), ("127.0.0.1", "localhost")],
)
def test_a_certificate_for_somebody_else_is_refused(
    authority: Authority, bundle: str, served: str, host: str
) -> None:
    refused(Secured(bundle, authority.server(served), host), host)


def test_an_unknown_authority_is_refused(bundle: str) -> None:
    other = Authority("another authority").server("upstream.test")
    problem = refused(Secured(bundle, other, "upstream.test"), "upstream.test")
    assert "certificate" in problem.message


def test_a_bundle_is_trusted_instead_of_the_platform_and_never_by_default(
    authority: Authority,
) -> None:
    refused(Secured(None, authority.server("upstream.test"), "upstream.test"), "upstream.test")


def refused(talk: Secured, host: str) -> BadUpstream:
    asked = talk.ask()
    assert talk.wire.server.heard == b""
    problem = error(asked)
    assert isinstance(problem, BadUpstream)
    assert (problem.status, problem.code) == (502, "upstream_tls_failed")
    assert f"{host}:443" in problem.message
    assert talk.wire.pump.clientIO.disconnecting
    return problem


@pytest.mark.parametrize(
    ("head", "ending"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\n", "by close"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "broken"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "broken"),
    ],
)
def test_a_farewell_ends_a_body_that_has_no_other_end(
    authority: Authority, bundle: str, head: bytes, ending: str
) -> None:
    talk = Secured(bundle, authority.server("upstream.test"), "upstream.test")
    asked = talk.ask()
    talk.say(head)
    _, taker = take(asked)
    assert talk.wire.server.transport is not None
    talk.wire.server.transport.loseConnection()
    talk.flush()
    assert taker.ending == ending


def test_a_tcp_close_without_a_farewell_is_a_truncation(authority: Authority, bundle: str) -> None:
    talk = Secured(bundle, authority.server("upstream.test"), "upstream.test")
    asked = talk.ask()
    talk.say(b"HTTP/1.1 200 OK\r\n\r\nhalf of i")
    _, taker = take(asked)
    talk.wire.pump.serverIO.loseConnection()
    talk.flush()
    assert (taker.body, taker.ending) == (b"half of i", "broken")


def test_aborting_reaches_through_tls(authority: Authority, bundle: str) -> None:
    talk = Secured(bundle, authority.server("upstream.test"), "upstream.test")
    asked = talk.ask()
    talk.say(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    answer, taker = take(asked)
    answer.abort()
    assert talk.wire.pump.clientIO.disconnecting
    talk.flush()
    assert taker.ending == "broken"
    answer.abort()


class Stalled:
    """A client whose upstream accepts connections and says nothing of TLS."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.peer = Peer(self.clock)
        options = client_options("upstream.test", trust(None))
        endpoint = TlsEndpoint(self.peer, options, "upstream.test:443", self.clock)
        self.client = client_on_wire(
            self.clock, Upstream("https://upstream.test"), Timeouts(connect=3), endpoint
        )
        self.asked = self.client.fetch(b"GET", b"/", [])
        self.line = self.peer.lines[0]


def test_a_silent_handshake_is_bounded_by_the_time_for_the_connection() -> None:
    talk = Stalled()
    assert talk.line.heard()[:1] == b"\x16"  # a greeting, and nothing of the request
    talk.clock.advance(3)
    assert talk.line.aborted
    problem = error(talk.asked)
    assert isinstance(problem, BadUpstream)
    assert (problem.status, problem.code) == (504, "upstream_connect_timeout")
    talk.clock.advance(0)
    assert talk.clock.getDelayedCalls() == []


def test_cancelling_within_the_handshake_closes_at_once() -> None:
    talk = Stalled()
    talk.asked.cancel()
    assert talk.line.aborted
    assert isinstance(error(talk.asked), CancelledError)
    talk.clock.advance(0)


def test_a_close_within_the_handshake_is_a_failure_of_tls() -> None:
    talk = Stalled()
    talk.line.close()
    problem = error(talk.asked)
    assert isinstance(problem, BadUpstream)
    assert problem.code == "upstream_tls_failed"
