"""An upstream at the other end of connections in memory, which says what a test makes it say.

:class:`Peer` is an endpoint. Each dial makes a :class:`Line`, whose transport behaves as a socket's does where
it matters: it tells a registered producer that the connection is gone, and reports an abort a turn later.
"""

from importlib.util import find_spec
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.error import (
    ConnectingCancelledError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
)
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.protocol import Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from openaiproxy.profile import WIRE, Timeouts, Upstream
from openaiproxy.upstream.client import Answer, UpstreamClient

T = TypeVar("T")
BASE = "http://upstream.test"
#: The parsers that can be tested here.
INSTALLED = ("twisted",) if find_spec("httptools") is None else ("ours", "twisted")
#: The wires that the fixture ``on_wire`` has chosen; the last is the one that clients are made for.
CHOSEN: list[str] = [WIRE]


def client_on_wire(*arguments: Any) -> UpstreamClient:
    """An :class:`UpstreamClient` whose answers are read by the parser that is being tested."""
    return UpstreamClient(*arguments, wire=CHOSEN[-1])


class Line(StringTransport):
    """One connection, seen from the upstream."""

    aborted = False
    gone = False

    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self._clock = clock
        self.protocol: IProtocol | None = None

    @property
    def paused(self) -> bool:
        return self.producerState == "paused"

    def abortConnection(self) -> None:
        assert not self.gone, "aborted after its end"
        self.aborted = True
        self._clock.callLater(0, self._end, Failure(ConnectionAborted()))

    def loseConnection(self) -> None:
        assert self.gone, "a connection to an upstream is aborted, never left to linger"

    def heard(self) -> bytes:
        """What the upstream has got since the last time."""
        value = self.value()
        self.clear()
        return bytes(value)

    def say(self, data: bytes) -> None:
        assert self.protocol is not None
        self.protocol.dataReceived(data)

    def close(self) -> None:
        """The upstream closes in good order."""
        self._end(Failure(ConnectionDone()))

    def reset(self) -> None:
        """The upstream is gone."""
        self._end(Failure(ConnectionLost()))

    def _end(self, reason: Failure) -> None:
        if self.gone:
            return
        self.gone = True
        if self.producer is not None:
            self.producer.stopProducing()
            self.producer = None
        assert self.protocol is not None
        self.protocol.connectionLost(reason)


@implementer(IStreamClientEndpoint)
class Peer:
    """An endpoint whose dials succeed at once.

    :ivar lines: the connections, in the order of the dials.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.lines: list[Line] = []

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        line = Line(self.clock)
        self.lines.append(line)
        protocol = protocolFactory.buildProtocol(None)
        assert protocol is not None
        line.protocol = protocol
        protocol.makeConnection(line)
        return succeed(protocol)


@implementer(IStreamClientEndpoint)
class Dials:
    """An endpoint whose dials end when and how a test says.

    :ivar waiting: the dials' Deferreds.
    """

    def __init__(self) -> None:
        self.waiting: list[Deferred[IProtocol]] = []
        self.cancelled = 0

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        dial: Deferred[IProtocol] = Deferred(self._cancel)
        self.waiting.append(dial)
        return dial

    def _cancel(self, dial: "Deferred[IProtocol]") -> None:
        self.cancelled += 1
        dial.errback(ConnectingCancelledError(None))  # as Twisted's endpoints do


class Taker(Protocol):
    """Takes an answer's body.

    :ivar ended: the failure that the body ended with.
    """

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.ended: Failure | None = None

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def ending(self) -> str:
        if self.ended is None:
            return "open"
        if self.ended.check(ResponseDone):
            return "done"
        return "by close" if self.ended.check(PotentialDataLoss) else "broken"

    def dataReceived(self, data: bytes) -> None:
        assert self.ended is None
        self.pieces.append(data)

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]
        assert self.ended is None, "told twice"
        self.ended = reason


@implementer(IBodyProducer)
class Body:
    """A request's body that a test writes piece by piece."""

    def __init__(self, length: Any = UNKNOWN_LENGTH) -> None:
        self.length = length
        self.calls: list[str] = []
        self.done: Deferred[None] = Deferred()
        self.consumer: Any = None

    def startProducing(self, consumer: Any) -> "Deferred[None]":
        self.calls.append("start")
        self.consumer = consumer
        return self.done

    def write(self, data: bytes) -> None:
        self.consumer.write(data)

    def pauseProducing(self) -> None:
        self.calls.append("pause")

    def resumeProducing(self) -> None:
        self.calls.append("resume")

    def stopProducing(self) -> None:
        self.calls.append("stop")


class Talk:
    """A client, its upstream and their clock."""

    def __init__(self, upstream: Upstream | None = None, **timeouts: float) -> None:
        self.clock = Clock()
        self.peer = Peer(self.clock)
        self.client = client_on_wire(
            self.clock, upstream or Upstream(BASE), Timeouts(**timeouts), self.peer
        )

    @property
    def line(self) -> Line:
        """The newest connection."""
        return self.peer.lines[-1]

    def ask(
        self,
        method: bytes = b"GET",
        target: bytes = b"/",
        headers: tuple[tuple[bytes, bytes], ...] = (),
        body: Body | None = None,
    ) -> "Deferred[Answer]":
        return self.client.fetch(method, target, headers, body)

    def answered(self, said: bytes, method: bytes = b"GET") -> tuple[Answer, Taker]:
        """Ask, have this answered, and take the body."""
        asked = self.ask(method)
        self.line.heard()
        self.line.say(said)
        return take(asked)

    def turn(self) -> None:
        """Let the reactor's next turn come."""
        self.clock.advance(0)


def take(asked: "Deferred[Answer]") -> tuple[Answer, Taker]:
    """Take the body of an answer that is there."""
    answer = got(asked)
    taker = Taker()
    answer.deliver(taker)
    return answer, taker


def got(deferred: "Deferred[T]") -> T:
    """What a Deferred has fired with."""
    results: list[T] = []
    failures: list[Failure] = []
    deferred.addCallbacks(results.append, failures.append)
    if failures:
        failures[0].raiseException()
    assert results, "nothing yet"
    return results[0]


def error(deferred: "Deferred[Any]") -> BaseException:
    """What a Deferred has failed with."""
    results: list[Any] = []
    deferred.addBoth(results.append)
    assert results, "nothing yet"
    assert isinstance(results[0], Failure), results
    assert results[0].value is not None
    return results[0].value
