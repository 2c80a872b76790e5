"""HTTP/1.1 on our own wire: one client's connection, its order, its times, its ends.

Requests are read one after the other: a head (:mod:`openaiproxy.web.head`), then its body, by length or by chunks
(:mod:`openaiproxy.web.chunks`, as on Twisted's wire: llhttp neither bounds a chunk's line nor says where a body ended).
What follows a request whose answer isn't finished is held, up to :data:`AHEAD` bytes, and then not read. A head that is
refused is answered, and nothing behind it is looked at. The rules, the bounds and the steps in which a connection ends
are those of :class:`openaiproxy.web.channel.Channel`.
"""

from typing import Any

from twisted.internet.interfaces import IDelayedCall, IHalfCloseableDescriptor, ISSLTransport
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.http import _MalformedChunkedDataError

from openaiproxy.errors import BadRequest
from openaiproxy.upstream.turn import turn_of
from openaiproxy.web.answers import protocol_answer
from openaiproxy.web.chunks import Chunks
from openaiproxy.web.framing import (
    FLUSH_SECONDS,
    HEAD_SECONDS,
    LINGER_SECONDS,
    bad_framing,
    head_too_late,
)
from openaiproxy.web.head import check_begun, read_head
from openaiproxy.web.light_request import LightRequest
from openaiproxy.web.outlet import Outlet, way_out
from openaiproxy.web.timers import Timers

__all__ = ["AHEAD", "Connection"]

#: Bytes of later requests that are held while one is answered.
AHEAD = 16_384


class Connection(Protocol):
    """One client connection.

    :param factory: our :class:`openaiproxy.web.site.Site`.
    :ivar persistent: whether another request may follow the current one.
    :ivar clock: for the waits of its requests.
    :ivar stalled: whether the client doesn't read what was written.
    """

    #: A TCP or TLS connection.
    transport: Any
    peer: Any = None

    def __init__(self, factory: Any) -> None:
        self.factory = factory
        self.clock = Timers(factory.clock)
        self.persistent = True
        self.stalled = False
        self._outlet: Outlet | None = None
        self._buffer = b""
        self._scanned = 0
        self._blank_seen = False
        self._reading = False
        #: Whether nothing that arrives is looked at any more.
        self._deaf = False
        self._lost = False
        #: The request that is read or answered.
        self._request: LightRequest | None = None
        #: Bytes that its body lacks; ``None`` where it is chunked.
        self._missing: int | None = 0
        self._chunks: Chunks | None = None
        self._body_coming = False
        self._lingering = False
        self._paused = False
        self._idle: IDelayedCall | None = None
        self._head_wait: IDelayedCall | None = None
        self._linger_wait: IDelayedCall | None = None
        self._flush_wait: IDelayedCall | None = None

    # Reading.

    def connectionMade(self) -> None:
        transport = self.transport
        self.peer = transport.getPeer()
        if hasattr(transport, "setTcpNoDelay"):
            transport.setTcpNoDelay(True)
        at_once = way_out(transport)
        turn = None if at_once is None else turn_of(transport.reactor)
        self._outlet = Outlet(transport, at_once, self.pauseProducing, self.resumeProducing, turn)
        if self._outlet.tells:
            transport.registerProducer(self, True)
        self._wait_for_request()
        self.factory.opened(self)

    def dataReceived(self, data: bytes) -> None:
        if self._deaf:
            return
        self._buffer = self._buffer + data if self._buffer else data
        self._read_on()

    def _read_on(self) -> None:
        """Read as far as it goes. Called from within itself, it leaves that to the outer call."""
        if self._reading:
            return
        self._reading = True
        try:
            while self._buffer and not self._deaf and self._read():
                pass
        except BadRequest as error:
            self.refuse(error)
        finally:
            self._reading = False
        if len(self._buffer) > AHEAD and not self._paused and not self._body_coming:
            self.pause_reading()

    def _read(self) -> bool:
        """Take one piece of what has come.

        :returns: whether there may be more.
        """
        if self._body_coming:
            self._read_body()
            return True
        if self._request is not None or self.stalled:
            return False
        if not self._blank_seen and self._buffer.startswith(b"\r\n"):
            self._blank_seen = True
            if self._idle is not None:
                self._idle.reset(self.factory.timeOut)
            self._buffer = self._buffer[2:]
            return True
        end = self._buffer.find(b"\r\n\r\n", max(self._scanned - 3, 0))
        if end < 0:
            self._wait_for_head()
            return False
        self._take_head(end + 4)
        return True

    def _wait_for_head(self) -> None:
        """A head that has begun must end in time; what can't become one needn't be waited for."""
        check_begun(self._buffer, self._scanned)
        self._scanned = len(self._buffer)
        if self._head_wait is None:
            self._stop_waiting()
            self._head_wait = self.clock.callLater(HEAD_SECONDS, self._head_timed_out)

    def _take_head(self, size: int) -> None:
        data, rest = self._buffer[:size], self._buffer[size:]
        self._buffer, self._scanned, self._blank_seen = rest, 0, False
        head = read_head(data)
        self._stop_waiting()
        self._request = request = LightRequest(self, head)
        self.persistent = head.stays
        self._missing = length = head.length
        if length == 0:
            request.body_ended()
        elif length is not None and len(rest) >= length:
            # What has come along is given to the request before it begins, so that it goes up with its head.
            self._buffer = rest[length:]
            request.feed(rest[:length] if self._buffer else rest)
            request.body_ended()
        else:
            self._body_coming = True
            if length is None:
                self._chunks = Chunks(request.feed, self._chunks_ended)
            request.process()

    def _read_body(self) -> None:
        data, self._buffer = self._buffer, b""
        if self._chunks is not None:
            try:
                self._chunks.dataReceived(data)
            except _MalformedChunkedDataError:
                self.refuse(bad_framing("it can't be read"))
            return
        assert self._request is not None, "a body belongs to a request"
        assert self._missing is not None, "a body without chunks has a length"
        if len(data) < self._missing:
            self._missing -= len(data)
            self._request.feed(data)
            return
        missing, self._missing = self._missing, 0
        self._buffer = data[missing:]
        self._request.feed(data[:missing] if self._buffer else data)
        self._body_ended()

    def _chunks_ended(self, rest: bytes) -> None:
        self._buffer = rest
        self._body_ended()

    def _body_ended(self) -> None:
        if self._deaf:
            return
        self._chunks = None
        self._body_coming = False
        if self._lingering:
            self.loseConnection()
        elif self._request is not None:
            self._request.body_ended()

    # Answering.

    def write(self, data: bytes) -> None:
        """Send, in order."""
        if self._outlet is not None:
            self._outlet.write(data)

    def request_done(self) -> None:
        """The request was answered; if its body is still coming, the rest is read for a moment and dropped."""
        if self._lost:
            return
        if self._body_coming:
            self._lingering = True
            self.persistent = False
            self._linger()
            return
        self._request = None
        if not self.persistent:
            self.loseConnection()
            return
        self._wait_for_request()
        self.resume_reading()
        self._read_on()

    def refuse(self, error: BadRequest) -> None:
        """Answer an invalid request and close; nothing of it, nor what follows it, is served."""
        if self._deaf:
            return
        self._deaf = True
        self._buffer = b""
        if self._body_coming and self._request is not None:
            # Its exchange runs and owns the answer, or has given it and the connection lingers.
            self._request.body.fail(error)
            return
        self._stop_waiting()
        request_id = self.factory.refused(self, error)
        self.write(b"".join(protocol_answer(error, request_id)))
        self._linger()

    # The transport, as a producer sees it: both ways are bounded.

    def pauseProducing(self) -> None:
        """The client doesn't read: what writes to it waits."""
        self.stalled = True
        if self._request is not None and self._request.producer is not None:
            self._request.producer.pauseProducing()

    def resumeProducing(self) -> None:
        """It reads again."""
        self.stalled = False
        if self._request is not None and self._request.producer is not None:
            self._request.producer.resumeProducing()
        elif self._request is None and not self._deaf:
            self.resume_reading()
            self._read_on()

    def stopProducing(self) -> None:
        """It is gone; a transport says so before :meth:`connectionLost`."""
        if self._request is not None and self._request.producer is not None:
            self._request.producer.stopProducing()

    def pause_reading(self) -> None:
        """Take no more bytes from the client for now."""
        self._paused = True
        self.transport.pauseProducing()

    def resume_reading(self) -> None:
        """Take bytes again."""
        if self._paused:
            self._paused = False
            self.transport.resumeProducing()

    # Ending.

    def getPeer(self) -> Any:
        """:returns: the client's address."""
        return self.peer

    def abort(self) -> None:
        """Close the connection at once, whatever is still to be written."""
        if self._outlet is not None and not self._lost:
            self._deaf = True
            self._outlet.close()
            self.transport.abortConnection()

    def close_idle(self) -> None:
        """Close the connection if no request is under way on it; one that is ending ends as it would."""
        if self._request is None and not self._deaf:
            self.loseConnection()
        else:
            self.persistent = False

    def _linger(self) -> None:
        assert self._outlet is not None, "what lingers was open"
        self._stop_producing()
        # TLS ends with an alert of its own, for which the way out must stay open.
        transport: Any = self.transport
        secure = ISSLTransport.providedBy(self.transport)
        if IHalfCloseableDescriptor.providedBy(self.transport) and not secure:
            transport.loseWriteConnection()
        self._paused = False
        transport.resumeProducing()
        self._linger_wait = self.clock.callLater(LINGER_SECONDS, self.loseConnection)

    def _stop_producing(self) -> None:
        outlet = self._outlet
        if outlet is not None:
            outlet.close()
            if outlet.tells:
                self.transport.unregisterProducer()

    def loseConnection(self) -> None:
        """Close when all is written, and in any case after :data:`FLUSH_SECONDS`."""
        if self._flush_wait is not None or self._lost:
            return
        self._deaf = True
        self._buffer = b""
        if self._linger_wait is None:
            self._stop_producing()
        self._stop_waiting()
        # First, as the connection may be lost within the call.
        self._flush_wait = self.clock.callLater(FLUSH_SECONDS, self.transport.abortConnection)
        self.transport.loseConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._deaf = self._lost = True
        self._buffer = b""
        if self._outlet is not None:
            self._outlet.drop()
            self._outlet = None  # lest the two hold one another
        self._stop_waiting()
        request, self._request = self._request, None
        if request is not None:
            request.client_gone(reason)
        if self._flush_wait is not None:
            self._flush_wait.cancel()
        self.clock.close()
        self.factory.closed(self)

    # Waiting.

    def _wait_for_request(self) -> None:
        self._idle = self.clock.callLater(self.factory.timeOut, self.loseConnection)

    def _head_timed_out(self) -> None:
        self.refuse(head_too_late())

    def _stop_waiting(self) -> None:
        """For all but the cut."""
        for wait in (self._idle, self._head_wait, self._linger_wait):
            if wait is not None:
                wait.cancel()
        self._idle = self._head_wait = self._linger_wait = None
