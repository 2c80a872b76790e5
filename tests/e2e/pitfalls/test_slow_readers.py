"""Pitfall 61, over loopback, since only real sockets fill up: who reads slowly slows the upstream."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, Protocol, connectionDone
from twisted.internet.task import deferLater
from twisted.python.failure import Failure

from tests.e2e.loopback import Loopback
from tests.e2e.scene import PATHS, asking

#: Bytes of the text, of which a stream of Responses has several copies.
SIZE = {"chat": 60 << 20, "responses": 12 << 20, "messages": 12 << 20}
#: Bytes that may be on their way: in the buffers of four sockets, and ours.
ON_THE_WAY = 24 << 20
WHOLE = 56 << 20
#: Turns of the reactor without a byte, after which nothing moves any more.
STILL = 300


class Counting:
    """The stand-in's resource, whose written bytes are counted."""

    isLeaf = True

    def __init__(self, behind: Any) -> None:
        self._behind, self.written = behind, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._behind, name)

    def render(self, request: Any) -> Any:
        write = request.write

        def counted(data: bytes) -> None:
            self.written += len(data)
            write(data)

        request.write = counted
        return self._behind.render(request)


class Reader(Protocol):
    """A client that asks, and reads nothing until it is told to."""

    def __init__(self, said: bytes) -> None:
        self._said, self.read, self.last = said, 0, b""
        self.done, self.gone = Deferred[None](), Deferred[None]()

    def connectionMade(self) -> None:
        transport: Any = self.transport
        transport.write(self._said)
        transport.pauseProducing()

    def dataReceived(self, data: bytes) -> None:
        self.read += len(data)
        self.last = (self.last + data)[-1000:]
        if self.last.endswith(b"0\r\n\r\n") and not self.done.called:
            self.done.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.gone.callback(None)


@pytest.fixture
def counting(real_reactor: Any) -> Iterator[tuple[Counting, int]]:
    """A stand-in, and the number of a port of ours before it."""
    loopback = Loopback.start(real_reactor)
    counting = Counting(loopback.stand_in.resource)
    loopback.stand_in.resource = counting
    yield counting, loopback.number
    loopback.stop()


@pytest.mark.parametrize("dialect", list(PATHS))
@pytest_twisted.ensureDeferred
async def test_pitfall_61_who_reads_slowly_slows_the_upstream(
    dialect: str, counting: tuple[Counting, int], real_reactor: Any
) -> None:
    upstream, number = counting
    body = json.dumps(asking(PATHS[dialect], stream=True)).encode()
    said = (
        f"POST {PATHS[dialect]} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Embedded-Fault: size={SIZE[dialect]},chunks=500\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    reader = Reader(said + body)
    factory = ClientFactory.forProtocol(lambda: reader)
    real_reactor.connectTCP("127.0.0.1", number, factory)
    await _settled(upstream, real_reactor)
    assert 0 < upstream.written < ON_THE_WAY
    reader.transport.resumeProducing()  # type: ignore[union-attr]
    await reader.done
    assert upstream.written > WHOLE
    assert reader.read > SIZE[dialect]
    assert b"upstream_too_large" not in reader.last
    reader.transport.loseConnection()  # type: ignore[union-attr]
    await reader.gone


async def _settled(upstream: Counting, reactor: Any) -> None:
    still, before = 0, -1
    while still < STILL:
        await deferLater(reactor, 0)
        moved = upstream.written != before or upstream.written == 0
        still, before = (0 if moved else still + 1), upstream.written
