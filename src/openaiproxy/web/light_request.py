"""Our own wire's request: what our Resources use of Twisted's, and little more.

An answer's head is made once, and leaves in one piece with the first bytes of the body. Found and rendered like any
request of ``twisted.web``; a Resource may return bytes from ``render``, after ``setHeader`` and ``setResponseCode``.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote_to_bytes

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import ISSLTransport
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.error import UnsupportedMethod
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET

from openaiproxy.errors import ProxyError
from openaiproxy.web.answers import error_body, error_headers
from openaiproxy.web.body import Body
from openaiproxy.web.head import Head
from openaiproxy.web.request import Reading

__all__ = ["LightRequest"]

_log = Logger(namespace="openaiproxy.request")
_NO_BODY = frozenset((204, 304))
_PHRASES = {int(status): status.phrase.encode("ascii") for status in HTTPStatus}
_CLOSE = b"Connection: close\r\n"
_CHUNKED = b"Transfer-Encoding: chunked\r\n"


class LightRequest:
    """One request and the way to answer it. See :class:`openaiproxy.web.request.Request`.

    :param channel: its :class:`openaiproxy.web.connection.Connection`.
    :param head: as it was read.
    """

    startedWriting = False
    finished = False
    chunked = False
    sentLength = 0
    on_gone: Callable[[], None] | None = None
    producer: Any = None
    site: Any = None
    code = 200
    #: A head that waits for the first bytes of its body.
    _held = b""
    #: Whether the body's bytes are sent: not to HEAD, nor with a status that has none.
    _bodied = True
    #: Whether the answer has a length or is chunked, so that a cut one can be told from a whole one.
    _delimited = False
    _begun = False

    def __init__(self, channel: Any, head: Head) -> None:
        self.channel = channel
        self.method, self.uri, self.clientproto = head.method, head.target, head.version
        self.path = b"/" if head.target == b"*" else head.target.partition(b"?")[0]
        self.requestHeaders: Headers = head.fields
        self.client = channel.peer
        self.clock = channel.clock
        self._stays = head.stays
        self._reading = Reading(self)
        length = UNKNOWN_LENGTH if head.length is None else head.length
        self.body = Body(length, self._reading, self.clock)
        expects = head.version == b"HTTP/1.1" and head.fields.hasHeader(b"expect")
        self._continue_wanted = expects
        self._waiting: list[Deferred[None]] = []
        self._set: list[tuple[bytes, bytes]] = []

    # What the connection calls.

    def process(self) -> None:
        """Find its Resource, and have it rendered."""
        self._begun = True
        self.prepath: list[bytes] = []
        self.postpath = self.path[1:].split(b"/")
        if b"%" in self.path:
            self.postpath = list(map(unquote_to_bytes, self.postpath))
        try:
            self._render(self.channel.factory.getResourceFor(self))
        except Exception:
            self.processingFailed(Failure())

    def _render(self, resource: IResource) -> None:
        try:
            body = resource.render(self)
        except UnsupportedMethod as error:
            allowed = b", ".join(sorted(error.allowedMethods))
            refusal = ProxyError(405, "method_not_allowed", "that method is not offered here")
            fields = [*error_headers(refusal), (b"Allow", allowed)]
            self.answer_whole(405, fields, error_body(refusal))
            return
        if body is not NOT_DONE_YET:
            self.answer_whole(self.code, self._set, body)

    def feed(self, data: bytes) -> None:
        """The next bytes of its body."""
        self._continue_wanted = False
        self.body.feed(data)

    def body_ended(self) -> None:
        """The last byte of its body has arrived."""
        self.body.end()
        if not self._begun:
            self.process()

    def client_gone(self, reason: Failure) -> None:
        """The connection is lost: nothing more comes, and nothing more goes."""
        producer, self.producer = self.producer, None
        if producer is not None:
            producer.stopProducing()
        self.body.stop()
        self._reading.forget()
        self.channel = None
        if self.finished:
            return
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.errback(reason)
        if self.on_gone is not None:
            self.on_gone()

    # What Resources call.

    def setHeader(self, name: bytes, value: bytes) -> None:
        """Set a field for an answer that ``render`` returns."""
        self._set.append((name, value))

    def setResponseCode(self, code: int, message: bytes | None = None) -> None:
        """Set the status of an answer that ``render`` returns."""
        self.code = code

    def isSecure(self) -> bool:
        """Whether the client's connection is TLS."""
        return self.channel is not None and ISSLTransport.providedBy(self.channel.transport)

    def send_continue(self) -> None:
        if self._continue_wanted and not self.startedWriting and self.channel is not None:
            self._continue_wanted = False
            self.channel.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def start_answer(
        self, status: int, phrase: bytes, headers: Sequence[tuple[bytes, bytes]], length: int | None
    ) -> None:
        channel = self.channel
        if channel is None:
            return
        self.startedWriting = True
        fields = [b"%b: %b\r\n" % field for field in headers]
        head = b"".join(fields)
        if head.count(b"\n") != len(fields) or head.count(b"\r") != len(fields):
            head = b"".join(_mended(name, value) for name, value in headers)
        self._bodied = self.method != b"HEAD" and status not in _NO_BODY
        self.chunked = length is None and self._bodied and self.clientproto == b"HTTP/1.1"
        self._delimited = self.chunked or length is not None
        parts = [_status_line(self.clientproto, status, phrase), head]
        if length is not None:
            parts.append(b"Content-Length: %d\r\n" % length)
        elif self.chunked:
            parts.append(_CHUNKED)
        if b"\ndate:" not in b"\n%b" % head.lower():
            parts.append(channel.factory.date())
        if not self._stays or not self.body.whole or channel.factory.draining:
            parts.append(_CLOSE)
            channel.persistent = False
        parts.append(b"\r\n")
        self._held = b"".join(parts)

    def flush(self) -> None:
        held, self._held = self._held, b""
        if held and self.channel is not None:
            self.channel.write(held)

    def write(self, data: bytes) -> None:
        if self.finished:
            raise RuntimeError("an answer can't be added to when it is finished")
        channel = self.channel
        if channel is None:
            return
        if not self.startedWriting:
            self.start_answer(self.code, b"", self._set, None)
        if not self._bodied or not data:
            self.flush()
            return
        self.sentLength += len(data)
        if self.chunked:
            data = b"%b%x\r\n%b\r\n" % (self._held, len(data), data)
        elif self._held:
            data = self._held + data
        self._held = b""
        channel.write(data)

    def finish(self) -> None:
        channel = self.channel
        if channel is None:
            raise RuntimeError("an answer can't be finished when its client is gone")
        if not self.startedWriting:
            self.start_answer(self.code, b"", self._set, 0)
        if self.chunked:
            channel.write(self._held + b"0\r\n\r\n")
            self._held = b""
        elif self._held:
            self.flush()
        self.finished = True
        self.channel = None
        channel.request_done()
        if self._waiting:
            waiting, self._waiting = self._waiting, []
            for each in waiting:
                each.callback(None)

    def answer_whole(
        self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> None:
        self.start_answer(status, b"", headers, None if status in _NO_BODY else len(body))
        if body:
            self.write(body)
        if self.channel is not None:
            self.finish()

    def break_off(self) -> None:
        if self.channel is None:
            return
        self.flush()
        if self._delimited:
            self.channel.loseConnection()
        else:
            self.channel.abort()

    def notifyFinish(self) -> "Deferred[None]":
        self._waiting.append(Deferred())
        return self._waiting[-1]

    def gone(self) -> "Deferred[None]":
        return self.notifyFinish()

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """:raises ValueError: for a pull producer, which no Resource of ours is."""
        if not streaming:
            raise ValueError("only push producers write answers here")
        self.producer = producer
        if self.channel is not None and self.channel.stalled:
            producer.pauseProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def processingFailed(self, reason: Failure) -> None:
        """A bug of ours: logged, and answered in JSON."""
        _log.failure("a request could not be handled", failure=reason)
        if self.startedWriting:
            self.break_off()
        elif self.channel is not None:
            error = ProxyError(500, "internal_error", "the proxy failed to handle this request")
            self.answer_whole(500, error_headers(error), error_body(error))


def _status_line(version: bytes, status: int, phrase: bytes) -> bytes:
    words = phrase or _PHRASES.get(status, b"Unknown")
    if b"\r" in words or b"\n" in words:
        words = b" ".join(words.splitlines())
    return b"%b %d %b\r\n" % (version, status, words)


def _mended(name: bytes, value: bytes) -> bytes:
    """A field of which no line end is left."""
    return b"%b: %b\r\n" % (b"".join(name.splitlines()), b" ".join(value.splitlines()))
