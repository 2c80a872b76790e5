"""Both wires over real sockets on 127.0.0.1, bare and within TLS: large answers, large bodies, in their order."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import SSL4ServerEndpoint, TCP4ServerEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.web.request import Request
from openaiproxy.web.site import Site
from tests.upstream.certificates import Authority

reactor: Any = global_reactor
PIECE = bytes(range(256)) * 256
PIECES = 96


class Pouring(Resource):
    """Answers with many pieces, as fast as it may.

    :ivar stalled: fires when a writer is told to wait for the first time.
    """

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.stalled: Deferred[None] = Deferred()

    def render(self, request: Request) -> int:
        Writer(self, request)
        return NOT_DONE_YET


class Writer:
    """One answer's producer."""

    def __init__(self, pouring: Pouring, request: Request) -> None:
        self.pouring, self.request, self.left, self.going = pouring, request, PIECES, True
        request.registerProducer(self, True)
        request.start_answer(200, b"", [], None)
        self.resumeProducing()

    def resumeProducing(self) -> None:
        self.going = True
        while self.going and self.left:
            self.left -= 1
            self.request.write(PIECE)
        if not self.left and self.request.channel is not None:
            self.request.unregisterProducer()
            self.request.finish()

    def pauseProducing(self) -> None:
        self.going = False
        if not self.pouring.stalled.called:
            self.pouring.stalled.callback(None)

    def stopProducing(self) -> None:
        self.going = False


class SlowReader(Protocol):
    """Reads an answer's first piece, and the rest once its writer was told to wait."""

    def __init__(self, pouring: Pouring) -> None:
        self.pouring = pouring
        self.body = bytearray()
        self.over: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        if not self.body:
            self.transport.pauseProducing()  # type: ignore[union-attr]
            self.pouring.stalled.addCallback(lambda _: self.transport.resumeProducing())  # type: ignore[union-attr]
        self.body += data

    def connectionLost(self, reason: Any = connectionDone) -> None:
        self.over.callback(None)


@asynccontextmanager
async def served(resource: Resource, on: str, options: Any) -> AsyncIterator[int]:
    site = Site(resource, reactor, wire=on)
    if options is None:
        endpoint: Any = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    else:
        endpoint = SSL4ServerEndpoint(reactor, 0, options, interface="127.0.0.1")
    port = await endpoint.listen(site)
    try:
        yield port.getHost().port
    finally:
        await port.stopListening()
        site.drain()
        await site.emptied()


@pytest.mark.parametrize("secure", [False, True], ids=["bare", "tls"])
@pytest_twisted.ensureDeferred
async def test_a_large_answer_is_whole_though_its_client_is_slow(
    on_wire: str, secure: bool, tmp_path: Path
) -> None:
    authority = Authority()
    bundle = authority.write(tmp_path / "bundle.pem") if secure else None
    options = authority.server("127.0.0.1") if secure else None
    pouring = Pouring()
    async with served(pouring, on_wire, options) as port:
        base = f"{'https' if secure else 'http'}://127.0.0.1:{port}"
        client = UpstreamClient(reactor, Upstream(base, ca_bundle=bundle), Timeouts())
        for _ in range(2):
            answer = await client.fetch(b"GET", b"/x", [])
            reader = SlowReader(pouring)
            answer.deliver(reader)
            await reader.over
            assert bytes(reader.body) == PIECE * PIECES
            assert pouring.stalled.called
        await client.close()
