"""A request as our Resources see it, whichever wire it came on.

``twisted.web`` holds a body in memory or in a temporary file before ``render``; here ``request.body`` is a
:class:`openaiproxy.web.body.Body` that streams. :class:`openaiproxy.web.light_request.LightRequest` is ours,
:class:`openaiproxy.web.twisted_request.TwistedRequest` stands on Twisted's.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol
from weakref import ref

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.web.http_headers import Headers

from openaiproxy.web.body import Body, Gate
from openaiproxy.web.presence import PERIOD, has_left

__all__ = ["Reading", "Request"]


class Request(Protocol):
    """What a Resource may ask of a request, and do with it.

    :ivar uri: the target as it was sent.
    :ivar path: the target without its query.
    :ivar clock: for the waits of this request.
    :ivar channel: its connection; ``None`` once the client is gone or the answer is finished.
    :ivar startedWriting: true once the answer's head was given.
    :ivar sentLength: bytes of the answer's body so far.
    :ivar on_gone: called once when the client goes away before its answer is finished.
    """

    method: bytes
    uri: bytes
    path: bytes
    requestHeaders: Headers
    client: Any
    clock: Any
    body: Body
    channel: Any
    startedWriting: Any
    sentLength: int
    on_gone: Callable[[], None] | None

    def start_answer(
        self, status: int, phrase: bytes, headers: Sequence[tuple[bytes, bytes]], length: int | None
    ) -> None:
        """Give an answer's head, which is sent with the first bytes of the body, or by :meth:`flush`.

        :param headers: end-to-end fields; ``Date`` is added where it is missing.
        :param length: of the body, in bytes; ``None`` sends it chunked.
        """

    def flush(self) -> None:
        """Send what was given."""

    def write(self, data: bytes) -> None:
        """Send the next bytes of the body."""

    def finish(self) -> None:
        """The body is whole."""

    def answer_whole(
        self, status: int, headers: Sequence[tuple[bytes, bytes]], body: bytes
    ) -> None:
        """Answer with a body that is at hand, and finish."""

    def break_off(self) -> None:
        """End an answer that isn't whole: the connection is closed without a proper end of the body.

        What was written is still sent, except where only a reset tells a cut body from a whole one (a body that is
        delimited by the close).
        """

    def notifyFinish(self) -> "Deferred[None]":
        """Fires with ``None`` when the answer is finished, fails when the client went away before."""

    def gone(self) -> "Deferred[None]":
        """The same."""

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        """Have who writes the body paused while the client doesn't read."""

    def unregisterProducer(self) -> None:
        """Forget it."""

    def isSecure(self) -> bool:
        """Whether the client's connection is TLS."""

    def send_continue(self) -> None:
        """Answer ``Expect: 100-continue``, if it still waits for that."""


class Reading(Gate):
    """The client's connection, as its request's body sees it.

    The request owns it, and is not held by it: what a request leaves behind goes at once, and is not left to the
    collector of cycles.
    """

    def __init__(self, request: Request) -> None:
        self._request = ref(request)
        self._look: IDelayedCall | None = None

    def pause_reading(self) -> None:
        channel = self._channel()
        if channel is not None:
            channel.pause_reading()
            self._look_later()

    def resume_reading(self) -> None:
        self.forget()
        channel = self._channel()
        if channel is not None:
            channel.resume_reading()

    def forget(self) -> None:
        """Look no more."""
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _look_later(self) -> None:
        request = self._request()
        if self._look is None and request is not None:
            self._look = request.clock.callLater(PERIOD, self._look_now)

    def _look_now(self) -> None:
        self._look = None
        channel = self._channel()
        if channel is None:
            return
        if has_left(channel.transport):
            channel.abort()
        else:
            self._look_later()

    def send_continue(self) -> None:
        request = self._request()
        if request is not None:
            request.send_continue()

    def _channel(self) -> Any:
        request = self._request()
        return None if request is None else request.channel
