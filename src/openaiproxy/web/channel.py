"""HTTP/1.1 as this proxy reads it: Twisted's own parser, with everything lenient refused.

Two sides of a proxy that frame a message differently are how requests are smuggled, so whatever can be read in
two ways is answered with 400 and the connection is closed: folded fields, bare CR or LF, NUL, two lengths, a
length beside ``chunked``, any coding but ``chunked``, no ``Host`` or two of them. Heads have a size, a number of
fields and a time.

Requests are handed on when their head is complete; the body is fed while it arrives. Bytes that follow a
refusal are read and dropped for a moment (so that the client sees the answer rather than a reset) and never
reach the parser.
"""

import re
from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IHalfCloseableDescriptor
from twisted.internet.protocol import connectionDone
from twisted.python.failure import Failure
from twisted.web.http import HTTPChannel
from twisted.web.http_headers import Headers

from openaiproxy.errors import BadRequest
from openaiproxy.web.answers import protocol_answer

__all__ = ["FLUSH_SECONDS", "HEAD_SECONDS", "IDLE_SECONDS", "LINGER_SECONDS", "Channel"]

#: Seconds that a request's head may take, from its first byte.
HEAD_SECONDS = 20.0
#: Seconds that a connection may stay open between two requests.
IDLE_SECONDS = 75
#: Seconds for which bytes after a refusal are read and dropped.
LINGER_SECONDS = 2.0
#: Seconds that a client may take to read what was written before a close.
FLUSH_SECONDS = 30.0

_LENGTH = re.compile(rb"[0-9]{1,18}\Z")
_HOST = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=%]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?\Z")
_VALUE = re.compile(rb"[\t\x20-\x7e\x80-\xff]*\Z")
_BAD = "the request's framing is not valid HTTP/1.1: "


class Channel(HTTPChannel):
    """One client connection. ``factory`` is our :class:`openaiproxy.web.site.Site`."""

    maxHeaders = 100
    totalHeadersSize = 32_768
    MAX_LENGTH = 16_384
    timeOut = IDLE_SECONDS

    #: A TCP or TLS connection.
    transport: Any
    _networkProducer: Any
    _refused = False
    _lingering = False
    _body_coming = False
    _head_timer: IDelayedCall | None = None
    _closing: IDelayedCall | None = None

    # Reading.

    def connectionMade(self) -> None:
        super().connectionMade()
        self.factory.opened(self)

    def dataReceived(self, data: bytes) -> None:
        if self._refused:
            return
        between = not self._handlingRequest and not self._body_coming
        if between and self._head_timer is None and data.strip(b"\r\n"):
            self._head_timer = self._later(HEAD_SECONDS, self._head_timed_out)
        super().dataReceived(data)

    def lineReceived(self, line: bytes) -> None:
        if self._refused:
            return
        if b"\r" in line or b"\n" in line:
            self.refuse(BadRequest(400, "bad_framing", _BAD + "a bare CR or LF in its head"))
        elif line[:1] in (b" ", b"\t"):
            self.refuse(
                BadRequest(400, "bad_framing", _BAD + "a line that begins with white space")
            )
        elif not self._in_head and len(line) > self.MAX_LENGTH // 2:
            self.refuse(_target_too_long())
        elif self._receivedHeaderSize + len(line) > self.totalHeadersSize:
            self.refuse(_head_too_large())
        else:
            super().lineReceived(line)

    def lineLengthExceeded(self, line: bytes) -> None:
        self.refuse(_head_too_large() if self._in_head else _target_too_long())

    @property
    def _in_head(self) -> bool:
        """Whether the request line was read already."""
        return hasattr(self, "_command")

    def headerReceived(self, line: bytes) -> bool:
        if self._refused:
            return False
        name, colon, value = line.partition(b":")
        value = value.strip(b" \t")
        if self._receivedHeaderCount >= self.maxHeaders:
            self.refuse(_head_too_large())
        elif not colon or not _VALUE.match(value):
            self.refuse(BadRequest(400, "bad_framing", _BAD + "a field that is none"))
        elif name.lower() == b"content-length" and not _LENGTH.match(value):
            self.refuse(BadRequest(400, "bad_framing", _BAD + "a length that is no number"))
        elif name.lower() == b"transfer-encoding" and value.lower() != b"chunked":
            self.refuse(
                BadRequest(400, "bad_framing", _BAD + "a transfer coding other than chunked")
            )
        else:
            return bool(super().headerReceived(line)) and not self._refused
        return False

    def rawDataReceived(self, data: bytes) -> None:
        if not self._refused:
            super().rawDataReceived(data)

    def allHeadersReceived(self) -> None:
        if self._refused:
            return
        self._stop_head_timer()
        request = self.requests[-1]
        problem = _head_problem(request.requestHeaders, self._version)
        if problem is not None:
            self.refuse(problem)
            return
        self.persistent = self.checkPersistence(request, self._version)
        self._body_coming = self.length != 0
        if self._body_coming:
            # The idle timer is for the time between requests; the body has a timer of its own.
            self._savedTimeOut = self.setTimeout(None)
        request.head_received(self._command, self._path, self._version, self.length)

    def checkPersistence(self, request: Any, version: bytes) -> bool:
        """HTTP/1.1 without ``Connection: close``, on a port that isn't closing."""
        values = request.requestHeaders.getRawHeaders(b"Connection", [])
        tokens = {token.strip().lower() for value in values for token in value.split(b",")}
        if version == b"HTTP/1.1" and b"close" not in tokens and not self.factory.draining:
            return True
        request.responseHeaders.setRawHeaders(b"Connection", [b"close"])
        return False

    def allContentReceived(self) -> None:
        if self._refused:
            return
        self._body_coming = False
        if self._lingering:
            self.transport.loseConnection()
            return
        super().allContentReceived()

    # Answering.

    def requestDone(self, request: Any) -> None:
        """A request was answered; if its body is still coming, the rest is read for a moment and dropped."""
        if not self._body_coming or self._refused:
            super().requestDone(request)
            return
        self._lingering = True
        self.persistent = False
        self._linger()

    def refuse(self, error: BadRequest) -> None:
        """Answer an invalid request and close; nothing of it, nor what follows it, is served."""
        if self._refused:
            return
        self._refused = True
        self._stop_head_timer()
        self.setTimeout(None)
        if self._body_coming and self.requests:
            # Its exchange runs already and owns the answer.
            self.requests[-1].body.fail(error)
            return
        self.transport.writeSequence(protocol_answer(error))
        self.factory.refused(self, error)
        self._linger()

    def abort(self) -> None:
        """Close the connection at once, whatever is still to be written."""
        if self.transport is not None:
            self.transport.abortConnection()

    def close_idle(self) -> None:
        """Close the connection if no request is under way on it."""
        if not self._handlingRequest and not self._body_coming:
            self.loseConnection()
        else:
            self.persistent = False

    def _respondToBadRequestAndDisconnect(self) -> None:
        self.refuse(BadRequest(400, "bad_framing", _BAD + "it can't be read"))

    def _linger(self) -> None:
        self._networkProducer.unregisterProducer()
        transport: Any = self.transport
        if IHalfCloseableDescriptor.providedBy(self.transport):
            transport.loseWriteConnection()
        self._networkProducer.resumeProducing()
        self._close_later(LINGER_SECONDS)

    def loseConnection(self) -> None:
        """Close when all is written, and in any case after :data:`FLUSH_SECONDS`."""
        super().loseConnection()
        self._close_later(FLUSH_SECONDS)

    def _close_later(self, seconds: float) -> None:
        if self._closing is None:
            self._closing = self._later(seconds, self.transport.abortConnection)

    def _head_timed_out(self) -> None:
        self._head_timer = None
        self.refuse(
            BadRequest(
                408, "head_timeout", f"the request's head took longer than {HEAD_SECONDS:g} seconds"
            )
        )

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._stop_head_timer()
        if self._closing is not None and self._closing.active():
            self._closing.cancel()
        for request in self.requests:
            request.client_gone()
        super().connectionLost(reason)
        self.factory.closed(self)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _later(self, seconds: float, call: Callable[[], object]) -> IDelayedCall:
        later: IDelayedCall = self.callLater(seconds, call)
        return later


def _target_too_long() -> BadRequest:
    return BadRequest(414, "target_too_long", "the request line is too long")


def _head_too_large() -> BadRequest:
    return BadRequest(431, "head_too_large", "the request's head is too large")


def _head_problem(headers: Headers, version: bytes) -> BadRequest | None:
    hosts = headers.getRawHeaders(b"Host", [])
    if len(hosts) > 1 or (not hosts and version == b"HTTP/1.1"):
        return BadRequest(400, "bad_host", "a request has exactly one Host field")
    if hosts and not _HOST.match(hosts[0]):
        return BadRequest(400, "bad_host", "the Host field is no host")
    if headers.hasHeader(b"Transfer-Encoding") and version != b"HTTP/1.1":
        return BadRequest(400, "bad_framing", _BAD + "chunked before HTTP/1.1")
    expected = headers.getRawHeaders(b"Expect", [])
    if expected and [value.lower() for value in expected] != [b"100-continue"]:
        return BadRequest(
            417, "bad_expectation", "the only expectation that can be met is 100-continue"
        )
    return None
