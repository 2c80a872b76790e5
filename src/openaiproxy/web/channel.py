"""HTTP/1.1 as this proxy reads it: Twisted's own parser, with everything lenient refused.

Two sides of a proxy that frame a message differently are how requests are smuggled, so whatever can be read in
two ways is answered with 400 and the connection is closed: folded fields, bare CR or LF, NUL, two lengths, a
length beside ``chunked``, any coding but ``chunked``, a chunk's size beyond 63 bits, no ``Host`` or two of them.
Heads have a size, a number of fields and a time. A target that is no plain path is refused by the exchange; that
no request follows it on the connection is seen to here.

Requests are handed on when their head is complete; the body is fed while it arrives. Bytes that follow a
refusal are read and dropped for a moment (so that the client sees the answer rather than a reset) and never
reach the parser. A connection ends in steps: its last answer is written; what still arrives is dropped for
:data:`LINGER_SECONDS`; it is closed when all is flushed, and cut if that takes more than :data:`FLUSH_SECONDS`.
"""

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IHalfCloseableDescriptor
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel

from openaiproxy.errors import BadRequest
from openaiproxy.web.answers import protocol_answer
from openaiproxy.web.chunks import Chunks
from openaiproxy.web.framing import (
    FLUSH_SECONDS,
    HEAD_BYTES,
    HEAD_FIELDS,
    HEAD_SECONDS,
    IDLE_SECONDS,
    LINE_BYTES,
    LINGER_SECONDS,
    bad_framing,
    check_head,
    head_too_large,
    head_too_late,
    is_chunked,
    is_length,
    stays,
    target_too_long,
)
from openaiproxy.wire.headers import is_token

__all__ = ["Channel"]

_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
# Of a line that isn't complete: what can't become part of a valid one.
_BROKEN_LINE = re.compile(rb"[\x00\n]|\r[\x00-\xff]")


class Channel(HTTPChannel):
    """One client connection. ``factory`` is our :class:`openaiproxy.web.site.Site`."""

    maxHeaders = HEAD_FIELDS
    totalHeadersSize = HEAD_BYTES
    MAX_LENGTH = LINE_BYTES
    timeOut = IDLE_SECONDS

    #: A TCP or TLS connection.
    transport: Any
    _networkProducer: Any
    #: Whether nothing that arrives is looked at any more.
    _deaf = False
    #: Whether the answer was written before its request's body had come, which is now read to its end.
    _lingering = False
    _body_coming = False
    _head_timer: IDelayedCall | None = None
    _linger_timer: IDelayedCall | None = None
    _flush_timer: IDelayedCall | None = None

    # Reading.

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.opened(self)

    def dataReceived(self, data: bytes) -> None:
        if self._deaf:
            return
        super().dataReceived(data)
        # Called from within itself (by setLineMode), it only adds to what the outer call is taking.
        if not (self._busyReceiving or self._deaf or self._handlingRequest or self._body_coming):
            self._watch_head()

    def _watch_head(self) -> None:
        """A head that has begun must end in time; what can't become one needn't be waited for."""
        begun = self._buffer
        if not begun and not self._in_head:
            return
        is_head = self._in_head or begun == b"\r" or is_token(begun[:1])
        if not is_head or _BROKEN_LINE.search(begun):
            self.refuse(bad_framing("a byte that no head can hold"))
        elif self._head_timer is None:
            self._head_timer = self._later(HEAD_SECONDS, self._head_timed_out)

    def lineReceived(self, line: bytes) -> None:
        if self._deaf:
            return
        if b"\r" in line or b"\n" in line:
            self.refuse(bad_framing("a bare CR or LF in its head"))
        elif line[:1] in (b" ", b"\t"):
            self.refuse(bad_framing("a line that begins with white space"))
        elif not self._in_head and len(line) > self.MAX_LENGTH // 2:
            self.refuse(target_too_long())
        elif self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            self.refuse(head_too_large())
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(head_too_large() if self._in_head else target_too_long())

    @property
    def _in_head(self) -> bool:
        """Whether the request line was read already."""
        return hasattr(self, "_command")

    def headerReceived(self, line: bytes) -> bool:
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        if self._receivedHeaderCount >= self.maxHeaders:
            self.refuse(head_too_large())
        elif not colon or not _VALUE.match(value):
            self.refuse(bad_framing("a field that is none"))
        elif name.lower() == b"content-length" and not is_length(value):
            self.refuse(bad_framing("a length that is no number"))
        elif name.lower() == b"transfer-encoding" and not is_chunked(value):
            self.refuse(bad_framing("a transfer coding other than chunked"))
        elif super().headerReceived(line) and not self._deaf:
            if name.lower() == b"transfer-encoding":
                feed = self.requests[-1].handleContentChunk
                self._transferDecoder = Chunks(feed, self._finishRequestBody)
            return True
        return False

    def rawDataReceived(self, data: bytes) -> None:
        if not self._deaf:
            super().rawDataReceived(data)

    def allHeadersReceived(self) -> None:
        self._stop_timers()
        request = self.requests[-1]
        try:
            headers = request.requestHeaders
            check_head(
                self._version,
                headers.getRawHeaders(b"Host", []),
                headers.getRawHeaders(b"Expect", []),
                chunked=headers.hasHeader(b"Transfer-Encoding"),
            )
        except BadRequest as error:
            self.refuse(error)
            return
        self.persistent = self.checkPersistence(request, self._version)
        self._body_coming = self.length != 0
        if self._body_coming:
            # The idle timer is for the time between requests; the body has a timer of its own.
            self._savedTimeOut = self.setTimeout(None)
        request.head_received(self._command, self._path, self._version, self.length)

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """HTTP/1.1 without ``Connection: close``, with a sound target. (A port that closes says so in the answer.)"""
        values = request.requestHeaders.getRawHeaders(b"Connection", [])
        if stays(self._command, self._path, version, values):
            return True
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return False

    def allContentReceived(self) -> None:
        if self._deaf:
            return
        self._body_coming = False
        if self._lingering:
            self.loseConnection()
            return
        super().allContentReceived()

    # Answering.

    def requestDone(self, request: Any) -> None:
        """A request was answered; if its body is still coming, the rest is read for a moment and dropped."""
        if not self._body_coming:
            super().requestDone(request)
            return
        self._lingering = True
        self.persistent = False
        self._linger()

    def refuse(self, error: BadRequest) -> None:
        """Answer an invalid request and close; nothing of it, nor what follows it, is served."""
        if self._deaf:
            return
        self._deaf = True
        if self._body_coming:
            # Its exchange runs and owns the answer, or has given it and the connection lingers.
            self.requests[-1].body.fail(error)
            return
        self._stop_timers()
        self.setTimeout(None)
        request_id = self.factory.refused(self, error)
        self.transport.writeSequence(protocol_answer(error, request_id))
        self._linger()

    def pause_reading(self) -> None:
        """Take no more bytes from the client for now."""
        self._networkProducer.pauseProducing()

    def resume_reading(self) -> None:
        """Take bytes again."""
        self._networkProducer.resumeProducing()

    def abort(self) -> None:
        """Close the connection at once, whatever is still to be written."""
        if self.transport is not None:
            self.transport.abortConnection()

    def close_idle(self) -> None:
        """Close the connection if no request is under way on it; one that is ending ends as it would."""
        if not (self._deaf or self._handlingRequest or self._body_coming):
            self.loseConnection()
        else:
            self.persistent = False

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(bad_framing("it can't be read"))

    # Ending.

    def _linger(self) -> None:
        self._networkProducer.unregisterProducer()
        # TLS ends with an alert of its own, for which the way out must stay open.
        transport: Any = self.transport
        if IHalfCloseableDescriptor.providedBy(self.transport) and not self.isSecure():
            transport.loseWriteConnection()
        self._networkProducer.resumeProducing()
        self._linger_timer = self._later(LINGER_SECONDS, self.loseConnection)

    def loseConnection(self) -> None:
        """Close when all is written, and in any case after :data:`FLUSH_SECONDS`."""
        if self._flush_timer is not None:
            return
        self._deaf = True
        if self._linger_timer is None:
            self._networkProducer.unregisterProducer()
        self._stop_timers()
        self.setTimeout(None)
        # First, as the connection may be lost within the call.
        self._flush_timer = self._later(FLUSH_SECONDS, self.transport.abortConnection)
        self.transport.loseConnection()

    def timeoutConnection(self) -> None:
        """Nothing was asked for :data:`IDLE_SECONDS`."""
        self.loseConnection()

    def _head_timed_out(self) -> None:
        self.refuse(head_too_late())

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._deaf = True
        self._stop_timers()
        for request in self.requests:
            request.client_gone()
        super().connectionLost(reason)
        # Last, as letting go of the requests may close what is closed already.
        if self._flush_timer is not None and self._flush_timer.active():
            self._flush_timer.cancel()
        self.factory.closed(self)

    def _stop_timers(self) -> None:
        """All but the one that cuts."""
        for timer in (self._head_timer, self._linger_timer):
            if timer is not None and timer.active():
                timer.cancel()
        self._head_timer = self._linger_timer = None

    def _later(self, seconds: float, call: Callable[[], object]) -> IDelayedCall:
        later: IDelayedCall = self.callLater(seconds, call)
        return later
