"""One connection to an upstream: a request goes out, its answer comes in, then perhaps the next.

A :class:`Connection` goes through ::

    IDLE --send--> HEAD --the answer's head--> BODY --the answer's end--> IDLE, or CLOSED
      any of them --close, abort, cancel, loss, malformed input--> CLOSED

and has at most one request at a time. It goes back to ``IDLE`` only if the answer ended where its
own framing says, nothing followed it, the request was sent whole and neither side wants to close.
In every other case it is aborted, not "lost": an abort waits neither for unsent bytes nor for the
peer's part of a TLS farewell.

An answer may begin while the request's body is still being sent. One that refuses (4xx, 5xx) stops
the body; any other lets it go on until the answer ends, since an upstream may well answer while it
reads.

Why Twisted's ``HTTP11ClientProtocol`` isn't used: it delivers no answer
before the request is sent, drops bytes that follow an answer and keeps the connection, accepts a
length beside chunks, and has unbounded heads.
"""

from collections.abc import Callable
from enum import Enum, auto
from typing import Protocol as Interface
from typing import cast

from attrs import frozen
from twisted.internet.defer import Deferred, fail
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone, ResponseFailed
from twisted.web.http import PotentialDataLoss
from twisted.web.iweb import IBodyProducer

from openaiproxy.upstream.bodies import BodyReader, Endless
from openaiproxy.upstream.buffers import bound_receiving
from openaiproxy.upstream.heads import Head, InvalidAnswer
from openaiproxy.upstream.incoming import Incoming
from openaiproxy.upstream.outlet import Outlet
from openaiproxy.upstream.reading import PlainReader, Reading
from openaiproxy.upstream.transport import Transport
from openaiproxy.upstream.turn import turn_of
from openaiproxy.upstream.upload import Upload

__all__ = ["Connection", "CutShort", "Keeper", "Phase", "Request", "Unanswered"]


_DONE = Failure(ResponseDone())


class Unanswered(Exception):
    """The connection was closed before any byte of an answer came."""


class CutShort(Exception):
    """The connection was closed within the answer's head."""


@frozen(repr=False)
class Request:
    """What is sent, to the byte.

    :param head: request line, fields and the blank line.
    :param body: produces what follows; its framing is in ``head``.
    """

    method: bytes
    head: bytes
    body: IBodyProducer | None


class Keeper(Interface):
    """Who is told when a connection can serve again, and when it is gone."""

    def keep(self, connection: "Connection", seconds: int | None) -> None:
        """It is idle; ``seconds`` is how long the upstream says that it stays open."""

    def forget(self, connection: "Connection") -> None:
        """It is closed."""


class Phase(Enum):
    """What a connection waits for."""

    IDLE = auto()
    HEAD = auto()
    BODY = auto()
    CLOSED = auto()


class Connection(Protocol):
    """See the module's text.

    :param keeper: told of each return to ``IDLE``, and of the end.
    :param reading: makes a reader for each answer.
    :ivar phase: where it stands.
    :ivar lost: fires with ``None`` when the transport is gone.
    """

    def __init__(self, keeper: Keeper, reading: Callable[[], Reading] = PlainReader) -> None:
        self.phase = Phase.IDLE
        self.lost: Deferred[None] = Deferred()
        self._keeper = keeper
        self._method = b""
        self._new_reading = reading
        self._reading: Reading | None = None  # once a byte of the answer came
        self._paused = False
        self._promise: Deferred[Incoming] | None = None
        self._upload: Upload | None = None
        self._reader: BodyReader | None = None
        self._incoming: Incoming | None = None

    def connectionMade(self) -> None:
        """``IProtocol``: small writes leave at once."""
        self._carrier = cast(Transport, self.transport)
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)
            self.transport.setTcpKeepAlive(True)
        bound_receiving(self.transport)
        self._outlet = Outlet(self.transport, turn_of(getattr(self.transport, "reactor", None)))

    def send(self, request: Request) -> "Deferred[Incoming]":
        """Send a request on an idle connection. On any other, nothing is sent.

        :return: fires with the answer when its head is there; may be cancelled, which closes the
            connection. Fails with :class:`Unanswered`, :class:`CutShort`, ``InvalidAnswer``, or
            what the body failed with.
        """
        if self.phase is not Phase.IDLE:  # it ended, or spoke unasked, right after the dial
            return fail(Unanswered())
        self.phase = Phase.HEAD
        self._method = request.method
        self._reading = None
        promise = self._promise = Deferred(self._cancelled)
        if request.body is None:
            self._outlet.send(request.head)
        else:
            self._upload = Upload(request.body, self._carrier, self._outlet, self._break)
            self._upload.start(request.head)
        return promise

    def close(self) -> None:
        """Abort the connection. Whoever waits hears of it when the transport is gone."""
        if self.phase is Phase.CLOSED:
            return
        self.phase = Phase.CLOSED
        if self._upload is not None:
            self._upload.stop()
        self._keeper.forget(self)
        self._outlet.drop()
        self._carrier.abortConnection()

    def pause(self) -> None:
        """Read no more of the answer's body for now."""
        if self.phase is Phase.BODY and not self._paused:
            self._paused = True
            self._carrier.pauseProducing()

    def resume(self) -> None:
        """Read on."""
        if self.phase is Phase.BODY and self._paused:
            self._paused = False
            self._carrier.resumeProducing()

    def dataReceived(self, data: bytes) -> None:
        """``IProtocol``: some of the answer."""
        phase = self.phase
        if phase is Phase.BODY:
            self._read_body(data)
        elif phase is Phase.HEAD:
            self._read_head(data)
        elif phase is Phase.IDLE:  # nothing was asked, so that nothing it says can be an answer
            self.close()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """``IProtocol``: the transport is gone."""
        was, self.phase = self.phase, Phase.CLOSED
        if self._upload is not None:
            self._upload.stop()
            self._upload = None  # lest the two hold one another
        if was is not Phase.CLOSED:
            self._keeper.forget(self)
        promise, self._promise = self._promise, None
        incoming, self._incoming = self._incoming, None
        if promise is not None:
            promise.errback(Unanswered() if self._reading is None else CutShort())
        if incoming is not None:
            clean = was is Phase.BODY and reason.check(ConnectionDone) is not None
            by_close = clean and isinstance(self._reader, Endless)
            incoming.end(Failure(PotentialDataLoss() if by_close else ResponseFailed([reason])))
        self.lost.callback(None)

    def _read_head(self, data: bytes) -> None:
        reading = self._reading
        if reading is None:
            reading = self._reading = self._new_reading()
        try:
            found = reading.feed(data)
            if found is None:
                return
            head, rest = found
            self._reader = reading.body(head, self._method)
        except InvalidAnswer:
            self._break(Failure())
            return
        if self._upload is not None and head.status >= 400:
            self._upload.stop()
        self._answer(head, rest)

    def _answer(self, head: Head, rest: bytes) -> None:
        promise, self._promise = self._promise, None
        assert promise is not None
        incoming = self._incoming = Incoming(head, self)
        self.phase = Phase.BODY
        if self._reader is None:
            self._complete(excess=bool(rest))
        elif rest:
            self._read_body(rest)
        promise.callback(incoming)
        # Last, as most bodies find their protocol at once, and a pause that isn't needed costs two
        # system calls.
        if incoming.waiting:
            self.pause()

    def _read_body(self, data: bytes) -> None:
        reader, incoming = self._reader, self._incoming
        assert reader is not None
        assert incoming is not None
        piece = reader.feed(data)
        if piece:
            incoming.receive(piece)
        if self.phase is not Phase.BODY:  # whoever got the piece has closed the connection
            return
        if reader.fault is not None:
            self._break(Failure(InvalidAnswer(reader.fault)))
        elif reader.over:
            self._complete(reader.excess)

    def _complete(self, excess: bool) -> None:
        # The connection is freed first, so that whoever hears of the answer's end can use it again.
        incoming, self._incoming = self._incoming, None
        assert incoming is not None
        sent = self._upload is None or self._upload.whole
        if sent and not excess and incoming.head.persistent:
            self.resume()  # bytes may come while paused; an idle connection has to hear of its end
            self.phase = Phase.IDLE
            self._upload = None
            self._keeper.keep(self, incoming.head.idle)
        else:
            self.close()
        incoming.end(_DONE)

    def _cancelled(self, _: "Deferred[Incoming]") -> None:
        self._promise = None
        self.close()

    def _break(self, reason: Failure) -> None:
        self.close()
        promise, self._promise = self._promise, None
        incoming, self._incoming = self._incoming, None
        if promise is not None:
            promise.errback(reason)
        if incoming is not None:
            incoming.end(reason)
