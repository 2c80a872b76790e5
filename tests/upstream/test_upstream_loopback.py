"""The same over real sockets on 127.0.0.1: TLS, proxies, backpressure, and how soon an end is noticed."""

from base64 import b64encode
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.endpoints import SSL4ServerEndpoint, TCP4ClientEndpoint, TCP4ServerEndpoint
from twisted.internet.interfaces import IPushProducer
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface import implementer

from openaiproxy.errors import BadUpstream
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.client import Answer, UpstreamClient

from .certificates import Authority
from .peers import Body, Taker, client_on_wire

pytestmark = pytest.mark.usefixtures("nothing_unhandled", "on_wire")
reactor: Any = global_reactor
AUTHORIZATION = b"Basic " + b64encode(b"user:p@ss")


class Upstreams(Resource):
    """Answers at once; keeps what it was asked, and by which connection."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[bytes, bytes | None, object]] = []

    def render(self, request: Request) -> bytes:
        self.seen.append((request.uri, request.getHeader(b"host"), request.channel.transport))
        self.authorizations = request.requestHeaders.getRawHeaders(b"proxy-authorization")
        if request.path.endswith(b"/407"):
            request.setResponseCode(407)
        return b"body of " + request.path


class Silent(Protocol):
    """Accepts and never answers. ``made`` and ``gone`` are its factory's Deferreds."""

    def connectionMade(self) -> None:
        self.transport.write(self.factory.greeting)  # type: ignore[union-attr, attr-defined]

    def dataReceived(self, data: bytes) -> None:
        if not self.factory.heard.called:  # type: ignore[attr-defined]
            self.factory.heard.callback(data)  # type: ignore[attr-defined]

    def connectionLost(self, reason: Any = None) -> None:
        self.factory.gone.callback(None)  # type: ignore[attr-defined]


def silent(greeting: bytes = b"") -> Any:
    factory: Any = Factory.forProtocol(Silent)
    factory.greeting, factory.heard, factory.gone = greeting, Deferred(), Deferred()
    return factory


class ConnectProxy(Protocol):
    """A proxy that speaks CONNECT to those who know the password."""

    def __init__(self, asked: list[bytes]) -> None:
        self.asked = asked
        self.held = b""
        self.other: Protocol | None = None

    def dataReceived(self, data: bytes) -> None:
        if self.other is not None:
            self.other.transport.write(data)  # type: ignore[union-attr]
            return
        self.held += data
        if b"\r\n\r\n" not in self.held:
            return
        self.asked.append(self.held)
        if AUTHORIZATION not in self.held:
            self.transport.write(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n")  # type: ignore[union-attr]
            return
        port = int(self.held.split(b" ")[1].rsplit(b":", 1)[1])
        far: Any = Protocol()
        far.dataReceived = self.transport.write  # type: ignore[union-attr]
        far.connectionLost = lambda reason: self.transport.loseConnection()  # type: ignore[union-attr]
        dial = TCP4ClientEndpoint(reactor, "127.0.0.1", port).connect(
            Factory.forProtocol(lambda: far)
        )
        dial.addCallback(self.opened)

    def opened(self, far: Any) -> None:
        self.other = far
        self.transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")  # type: ignore[union-attr]

    def connectionLost(self, reason: Any = None) -> None:
        if self.other is not None:
            self.other.transport.loseConnection()  # type: ignore[union-attr]


@asynccontextmanager
async def listening(factory: Factory, options: Any = None) -> AsyncIterator[int]:
    """Serve on a port of 127.0.0.1, with TLS where options are given."""
    if options is None:
        endpoint: Any = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    else:
        endpoint = SSL4ServerEndpoint(reactor, 0, options, interface="127.0.0.1")
    port = await endpoint.listen(factory)
    try:
        yield port.getHost().port
    finally:
        await port.stopListening()


@asynccontextmanager
async def client(base: str, **settings: Any) -> AsyncIterator[UpstreamClient]:
    made = client_on_wire(reactor, Upstream(base, **settings), Timeouts(connect=5))
    try:
        yield made
    finally:
        await made.close()


class Reading(Taker):
    """A taker whose end can be awaited."""

    def __init__(self) -> None:
        super().__init__()
        self.over: Deferred[None] = Deferred()

    def connectionLost(self, reason: Any) -> None:
        super().connectionLost(reason)
        self.over.callback(None)


async def whole(answer: Answer) -> bytes:
    reading = Reading()
    answer.deliver(reading)
    await reading.over
    assert reading.ending == "done"
    return reading.body


async def fails(call: "Deferred[Answer]") -> BadUpstream:
    with pytest.raises(BadUpstream) as caught:
        await call
    assert "p@ss" not in str(caught.value)
    return caught.value


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def bundle(authority: Authority, tmp_path: Path) -> str:
    return authority.write(tmp_path / "bundle.pem")


@pytest_twisted.ensureDeferred
async def test_a_connection_is_reused_over_tcp() -> None:
    resource = Upstreams()
    async with listening(Site(resource)) as port, client(f"http://127.0.0.1:{port}") as asking:
        for target in (b"/a%2Fb?", b"/b?x=&x="):
            assert await whole(await asking.fetch(b"GET", target, [])) != b""
    assert [uri for uri, _, _ in resource.seen] == [b"/a%2Fb?", b"/b?x=&x="]
    assert resource.seen[0][2] is resource.seen[1][2]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
@pytest_twisted.ensureDeferred
async def test_a_connection_is_reused_over_tls(
    authority: Authority, bundle: str, host: str
) -> None:
    resource = Upstreams()
    async with (
        listening(Site(resource), authority.server(host)) as port,
        client(f"https://{host}:{port}", ca_bundle=bundle) as asking,
    ):
        for _ in range(2):
            assert await whole(await asking.fetch(b"GET", b"/x", [])) == b"body of /x"
    assert resource.seen[0][1] == f"{host}:{port}".encode()
    assert resource.seen[0][2] is resource.seen[1][2]


@pytest_twisted.ensureDeferred
async def test_tls_to_a_server_that_speaks_none_fails() -> None:
    factory = silent(b"220 smtp.test ESMTP\r\n")
    async with listening(factory) as port, client(f"https://127.0.0.1:{port}") as asking:
        problem = await fails(asking.fetch(b"GET", b"/", []))
        await factory.gone
    assert problem.code == "upstream_tls_failed"


@pytest_twisted.ensureDeferred
async def test_a_port_where_nobody_listens_is_unreachable() -> None:
    async with listening(silent()) as port:
        pass
    async with client(f"http://127.0.0.1:{port}") as asking:
        problem = await fails(asking.fetch(b"GET", b"/", []))
    assert (problem.status, problem.code) == (502, "upstream_unreachable")
    assert f"127.0.0.1:{port}" in problem.message


@pytest_twisted.ensureDeferred
async def test_a_name_that_does_not_exist_is_unreachable() -> None:
    async with client("http://nothing.invalid") as asking:
        problem = await fails(asking.fetch(b"GET", b"/", []))
    assert (problem.status, problem.code) == (502, "upstream_unreachable")


@pytest.mark.parametrize("secure", [False, True])
@pytest_twisted.ensureDeferred
async def test_cancelling_closes_the_upstream_connection(
    authority: Authority, bundle: str, secure: bool
) -> None:
    factory = silent()
    options = authority.server("127.0.0.1") if secure else None
    base = "https" if secure else "http"
    async with (
        listening(factory, options) as port,
        client(f"{base}://127.0.0.1:{port}", ca_bundle=bundle) as asking,
    ):
        body = Body()
        call = asking.fetch(b"POST", b"/", [], body)
        await factory.heard
        call.cancel()
        with pytest.raises(CancelledError):
            await call
        await factory.gone
    assert body.calls == ["start", "stop"]


@pytest_twisted.ensureDeferred
async def test_aborting_an_answer_closes_the_upstream_connection() -> None:
    factory = silent(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")

    class Polite(Silent):
        def connectionMade(self) -> None:
            self.factory.heard.addCallback(lambda _: Silent.connectionMade(self))  # type: ignore[attr-defined]

    factory.protocol = Polite
    async with listening(factory) as port, client(f"http://127.0.0.1:{port}") as asking:
        answer = await asking.fetch(b"GET", b"/", [])
        reading = Reading()
        answer.deliver(reading)
        answer.abort()
        await factory.gone
        await reading.over
    assert reading.ending == "broken"


@pytest.mark.parametrize("proxy_scheme", ["http", "https"])
@pytest_twisted.ensureDeferred
async def test_https_goes_through_a_proxy_that_sees_only_where_to(
    authority: Authority, bundle: str, proxy_scheme: str
) -> None:
    resource, asked = Upstreams(), list[bytes]()
    proxies = Factory.forProtocol(lambda: ConnectProxy(asked))
    secure = authority.server("localhost") if proxy_scheme == "https" else None
    async with (
        listening(Site(resource), authority.server("127.0.0.1")) as port,
        listening(proxies, secure) as proxy_port,
        client(
            f"https://127.0.0.1:{port}",
            ca_bundle=bundle,
            proxy=f"{proxy_scheme}://user:p%40ss@localhost:{proxy_port}",
        ) as asking,
    ):
        for _ in range(2):
            answer = await asking.fetch(b"GET", b"/x", [(b"Authorization", b"Bearer k")])
            assert await whole(answer) == b"body of /x"
    assert len(asked) == 1
    assert b"Bearer" not in asked[0]
    assert asked[0].startswith(b"CONNECT 127.0.0.1:%d HTTP/1.1\r\n" % port)
    assert resource.authorizations is None


@pytest_twisted.ensureDeferred
async def test_a_proxy_that_wants_another_password_is_named() -> None:
    proxies = Factory.forProtocol(lambda: ConnectProxy([]))
    async with (
        listening(proxies) as port,
        client("https://h.test", proxy=f"http://u:p%40ss2@127.0.0.1:{port}") as asking,
    ):
        problem = await fails(asking.fetch(b"GET", b"/", []))
    assert (problem.status, problem.code) == (502, "proxy_refused")
    assert "407" in problem.message


@pytest_twisted.ensureDeferred
async def test_http_through_a_proxy_asks_it_for_the_whole_url_and_shows_it_the_password() -> None:
    resource = Upstreams()
    async with (
        listening(Site(resource)) as port,
        client("http://h.test:81/p", proxy=f"http://user:p%40ss@127.0.0.1:{port}") as asking,
    ):
        await whole(await asking.fetch(b"GET", b"/a%2Fb?", []))
        assert resource.authorizations == [AUTHORIZATION]
        problem = await fails(
            client_on_wire(
                reactor,
                Upstream("http://h.test", proxy=f"http://127.0.0.1:{port}"),
                Timeouts(),
            ).fetch(b"GET", b"/407", [])
        )
    assert resource.seen[0][:2] == (b"http://h.test:81/p/a%2Fb?", b"h.test:81")
    assert problem.code == "proxy_refused"


@implementer(IPushProducer)
class Flood(Resource):
    """Writes as fast as the connection lets it, up to a total."""

    isLeaf = True
    total = 64 << 20
    piece = b"x" * 65536

    def render(self, request: Request) -> int:
        self.request = request
        self.written = 0
        self.going = True
        request.registerProducer(self, True)
        self.pour()
        return NOT_DONE_YET

    def pour(self) -> None:
        while self.going and self.written < self.total:
            self.written += len(self.piece)
            self.request.write(self.piece)
        if self.going:
            self.going = False
            self.request.unregisterProducer()
            self.request.finish()

    def pauseProducing(self) -> None:
        self.going = False

    def resumeProducing(self) -> None:
        self.going = True
        reactor.callLater(0, self.pour)

    def stopProducing(self) -> None:
        self.going = False


async def settled(value: Callable[[], int]) -> int:
    """Wait until a number has stayed the same for a hundred turns of the reactor."""
    last, turns = value(), 0
    while turns < 100:
        await deferLater(reactor, 0, lambda: None)
        turns = turns + 1 if value() == last else 0
        last = value()
    return last


@pytest.mark.parametrize("secure", [False, True])
@pytest_twisted.ensureDeferred
async def test_a_taker_that_pauses_stops_the_upstream_and_then_gets_every_byte(
    authority: Authority, bundle: str, secure: bool
) -> None:
    flood = Flood()
    options = authority.server("127.0.0.1") if secure else None
    base = "https" if secure else "http"
    async with (
        listening(Site(flood), options) as port,
        client(f"{base}://127.0.0.1:{port}", ca_bundle=bundle) as asking,
    ):
        answer = await asking.fetch(b"GET", b"/", [])
        held = await settled(lambda: flood.written)
        assert held < 8 << 20
        reading = Reading()
        answer.deliver(reading)
        assert reading.transport is not None
        reading.transport.pauseProducing()  # type: ignore[attr-defined]
        taken = sum(map(len, reading.pieces))
        assert await settled(lambda: flood.written) < 8 << 20
        assert sum(map(len, reading.pieces)) <= taken + (1 << 20)
        reading.transport.resumeProducing()  # type: ignore[attr-defined]
        await reading.over
    assert (sum(map(len, reading.pieces)), reading.ending) == (flood.total, "done")
