"""A tap on a wire: a TCP relay that passes every byte on and reads along.

One stands between the SDK and a port of ours, another between us and the upstream. What each of
them read is compared; neither side knows that it is there. It reads with h11, so that a mistake of
ours in framing can't hide behind code of ours.
"""

from typing import Any

import h11
from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IHalfCloseableProtocol
from twisted.internet.protocol import connectionDone
from twisted.protocols.portforward import ProxyClient, ProxyClientFactory, ProxyFactory, ProxyServer
from twisted.python.failure import Failure
from zope.interface import implementer

__all__ = ["Answer", "Exchange", "Field", "Wiretap"]

Field = tuple[bytes, bytes]


@frozen
class Answer:
    """An answer as it was on the wire.

    :param whole: whether its body came to a proper end.
    """

    status: int
    headers: list[Field]
    body: bytes
    whole: bool


@define(eq=False)
class Exchange:
    """A request as it was on the wire, and the bytes that came back.

    :param whole: whether the request's last byte was read.
    """

    method: bytes
    target: bytes
    headers: list[Field]
    body: bytearray = field(factory=bytearray)
    whole: bool = False
    answered: bytearray = field(factory=bytearray)

    def values(self, name: bytes) -> list[bytes]:
        """The values of a field, by its lower-case name."""
        return [value for key, value in self.headers if key.lower() == name]

    def answer(self) -> Answer:
        """Read the answer."""
        reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        reader.send(h11.Request(method=self.method, target=b"/", headers=[(b"Host", b"x")]))
        reader.send(h11.EndOfMessage())
        reader.receive_data(bytes(self.answered))
        head: Any = None
        body = b""
        while True:
            event: Any = reader.next_event()
            match event:
                case h11.Response():
                    head = event
                case h11.Data():
                    body += event.data
                case h11.InformationalResponse():
                    continue
                case _:
                    assert head is not None, "no answer came"
                    whole = isinstance(event, h11.EndOfMessage)
                    return Answer(head.status_code, list(head.headers.raw_items()), body, whole)


class _Reader:
    """Reads the requests of one connection while they pass."""

    def __init__(self, exchanges: list[Exchange]) -> None:
        self._exchanges = exchanges
        self._h11 = h11.Connection(h11.SERVER)
        self._current: Exchange | None = None

    def sent(self, data: bytes) -> None:
        """Bytes of the caller."""
        self._h11.receive_data(data)
        while True:
            event: Any = self._h11.next_event()
            match event:
                case h11.Request():
                    headers = list(event.headers.raw_items())
                    self._current = Exchange(event.method, event.target, headers)
                    self._exchanges.append(self._current)
                case h11.Data():
                    assert self._current is not None
                    self._current.body += event.data
                case h11.EndOfMessage():
                    assert self._current is not None
                    self._current.whole = True
                    rest, self._h11 = self._h11.trailing_data[0], h11.Connection(h11.SERVER)
                    self._h11.receive_data(rest) if rest else None
                case _:
                    return

    def answered(self, data: bytes) -> None:
        """Bytes for the caller."""
        if self._current is not None:
            self._current.answered += data


@implementer(IHalfCloseableProtocol)
class _Side:
    """Either side of the tap: an end in one direction is passed on as just that."""

    transport: Any
    peer: Any
    _heard = _said = False

    def readConnectionLost(self) -> None:
        """It will send no more."""
        self._heard = True
        if self.peer is not None:
            self.peer.transport.loseWriteConnection()
        self._close_if_over()

    def writeConnectionLost(self) -> None:
        """The other side will send no more."""
        self._said = True
        self._close_if_over()

    def _close_if_over(self) -> None:
        if self._heard and self._said:
            self.transport.loseConnection()


class _There(_Side, ProxyClient):
    """The side of the tap that calls on."""

    def dataReceived(self, data: bytes) -> None:
        self.peer.reader.answered(data)
        super().dataReceived(data)


class _ThereFactory(ProxyClientFactory):
    protocol = _There
    noisy = False


class _Here(_Side, ProxyServer):
    """The side of the tap that is called."""

    clientProtocolFactory = _ThereFactory

    def connectionMade(self) -> None:
        self.reader = _Reader(self.factory.exchanges)
        self.reactor = self.factory.reactor
        self.factory.joined(self)
        super().connectionMade()

    def dataReceived(self, data: bytes) -> None:
        self.reader.sent(data)
        super().dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        super().connectionLost(reason)
        self.factory.left(self)


class Wiretap(ProxyFactory):
    """A tap before a TCP port on 127.0.0.1.

    :ivar exchanges: what passed, in the order in which requests began.
    """

    protocol = _Here
    noisy = False

    def __init__(self, reactor: Any, there: IAddress) -> None:
        super().__init__("127.0.0.1", there.port)
        self.reactor = reactor
        self.exchanges: list[Exchange] = []
        self._connections: set[_Here] = set()
        self._emptied: Deferred[None] | None = None
        self._listening = reactor.listenTCP(0, self, interface="127.0.0.1")

    @property
    def number(self) -> int:
        """The TCP port where it listens."""
        return int(self._listening.getHost().port)

    def joined(self, connection: _Here) -> None:
        """A caller came."""
        self._connections.add(connection)

    def left(self, connection: _Here) -> None:
        """A caller went."""
        self._connections.discard(connection)
        if self._emptied is not None and not self._connections:
            emptied, self._emptied = self._emptied, None
            emptied.callback(None)

    async def stop(self) -> None:
        """Stop listening, and close what is still open."""
        await self._listening.stopListening()
        if self._connections:
            self._emptied = emptied = Deferred()
            for connection in list(self._connections):
                connection.transport.loseConnection()
            await emptied
