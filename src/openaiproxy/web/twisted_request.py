"""Twisted's request, begun when its head is complete and fed while its body arrives.

``request.content`` and ``request.args`` stay empty: see :mod:`openaiproxy.web.request`.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH
from twisted.web.server import Request as FullRequest

from openaiproxy.errors import ProxyError
from openaiproxy.web.answers import error_body, error_headers
from openaiproxy.web.body import Body
from openaiproxy.web.request import Reading

__all__ = ["TwistedRequest"]


class TwistedRequest(FullRequest):
    """A request as our Resources see it, on Twisted's."""

    defaultContentType = None
    body: Body
    #: A :class:`openaiproxy.web.channel.Channel`; ``None`` once the client is gone or the answer is finished.
    channel: Any = None

    def __init__(self, channel: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(channel, *args, **kwargs)
        self._begun = False
        self._continue_wanted = False
        self.on_gone: Callable[[], None] | None = None

    # What the channel calls.

    def head_received(
        self, method: bytes, target: bytes, version: bytes, length: int | None
    ) -> None:
        """The head is complete; ``length`` is the body's, ``None`` when it is chunked."""
        self.method, self.uri, self.clientproto = method, target, version
        # Twisted answers "*" by itself where it sees it as the path; ours is answered like any other target.
        self.path = b"/" if target == b"*" else target.partition(b"?")[0]
        self.args = {}
        self._reading = Reading(self)
        self.clock = self.channel.factory.clock
        self.body = Body(UNKNOWN_LENGTH if length is None else length, self._reading, self.clock)
        expect = self.requestHeaders.getRawHeaders(b"Expect")
        self._continue_wanted = bool(expect) and version == b"HTTP/1.1"
        if length != 0:
            self._begin()

    def handleContentChunk(self, data: bytes) -> None:
        self._continue_wanted = False
        self.body.feed(data)

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """The last byte of the request has arrived."""
        self.body.end()
        if not self._begun:
            self._begin()

    def client_gone(self) -> None:
        """The connection is lost: a body that was still coming never will be whole."""
        if hasattr(self, "body"):
            self.body.stop()
            self._reading.forget()

    def connectionLost(self, reason: Failure) -> None:
        """The connection is lost before the answer was finished."""
        super().connectionLost(reason)
        if self.on_gone is not None:
            self.on_gone()

    def _begin(self) -> None:
        self._begun = True
        self.process()

    # What Resources call.

    def send_continue(self) -> None:
        """Answer ``Expect: 100-continue``, if it still waits for that."""
        if self._continue_wanted and not self.startedWriting and self.channel is not None:
            self._continue_wanted = False
            self.channel._send100Continue()

    def start_answer(
        self, status: int, phrase: bytes, headers: Sequence[tuple[bytes, bytes]], length: int | None
    ) -> None:
        """Send an answer's head.

        :param headers: end-to-end fields; ``Date`` and ``Server`` are added where they are missing.
        :param length: of the body, in bytes; ``None`` sends it chunked.
        """
        ours = self.responseHeaders
        connection = ours.getRawHeaders(b"Connection")
        date = ours.getRawHeaders(b"Date", [])
        self.responseHeaders = fresh = Headers()
        for name, value in headers:
            fresh.addRawHeader(name, value)
        if length is not None:
            fresh.setRawHeaders(b"Content-Length", [b"%d" % length])
        if not fresh.hasHeader(b"Date"):
            fresh.setRawHeaders(b"Date", date)
        if connection or not self.body.whole or self.channel.factory.draining:
            fresh.setRawHeaders(b"Connection", [b"close"])
            self.channel.persistent = False
        self.setResponseCode(status, phrase or _phrase(status))
        self.write(b"")

    def answer_whole(
        self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Answer with a body that is at hand, and finish."""
        self.start_answer(status, b"", headers, None if status in (204, 304) else len(body))
        if body:
            self.write(body)
        self.finish()

    def break_off(self) -> None:
        """End an answer that isn't whole: the connection is closed without a proper end of the body.

        What was written is still sent, except where only a reset tells a cut body from a whole one (a body that is
        delimited by the close).
        """
        if self.channel is None:
            return
        if self.chunked or self.responseHeaders.hasHeader(b"Content-Length"):
            self.channel.loseConnection()
        else:
            self.channel.abort()

    def gone(self) -> "Deferred[None]":
        deferred: Deferred[None] = self.notifyFinish()
        return deferred

    def flush(self) -> None:
        """Nothing: Twisted's transports write in their next turn."""

    def processingFailed(self, reason: Failure) -> Failure:
        """A bug of ours: logged, and answered in JSON."""
        self._log.failure("a request could not be handled", failure=reason)
        if self.startedWriting:
            self.break_off()
        elif self.channel is not None:
            error = ProxyError(500, "internal_error", "the proxy failed to handle this request")
            self.answer_whole(500, error_headers(error), error_body(error))
        return reason


def _phrase(status: int) -> bytes:
    """What a status of ours is called."""
    try:
        return HTTPStatus(status).phrase.encode("ascii")
    except ValueError:
        return b"Unknown"
