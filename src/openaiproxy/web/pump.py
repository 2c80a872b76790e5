"""An answer's body on its way down: what the upstream sends is written to the client, and nothing else owns the end.

Upstream side: an ``IProtocol`` for ``deliverBody``. Client side: a push producer registered on the request, so that
a client that stops reading stops the upstream. There are three ways to learn that the client is gone and four in
which the upstream may end; all lead to one ``_end``, which acts once.

Only ``ResponseDone``, and ``PotentialDataLoss`` where the close is the delimiter, end an answer properly. Everything
else leaves it visibly unfinished: the connection closes without the body's end.

An event stream that falls silent between two events gets a comment now and then, so that no hop in between
takes silence for death. The comment doesn't begin with ``: ping``, at which one client's parser stops reading.
"""

from collections.abc import Callable
from typing import Any

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from zope.interface import implementer

from openaiproxy.profile import Timeouts
from openaiproxy.upstream.client import Answer
from openaiproxy.web.request import Request
from openaiproxy.wire.boundary import Boundary

__all__ = ["KEEPALIVE", "Pump", "Pumped"]

KEEPALIVE = b": keepalive\n\n"


@frozen
class Pumped:
    """How it went.

    :param ending: ``complete``, ``upstream-cut``, ``client-gone``, ``timeout-idle``, ``timeout-client-write``, ``cut``.
    :param bytes_out: bytes of the body that were written.
    :param first_byte: the clock's time of the first of them.
    """

    ending: str
    bytes_out: int
    first_byte: float | None


@implementer(IPushProducer)
class Pump(Protocol):
    """One answer's way down.

    :param request: the client's; its head is written already.
    :param answer: the upstream's, not yet delivered.
    :param boundary: follows the events of an event stream; ``None`` for any other body.
    :param on_piece: sees each piece, for the payload log.
    """

    transport: Any

    def __init__(
        self,
        request: Request,
        answer: Answer,
        clock: IReactorTime,
        timeouts: Timeouts,
        boundary: Boundary | None = None,
        on_piece: Callable[[bytes], None] | None = None,
    ) -> None:
        self._request = request
        self._answer = answer
        self._clock = clock
        self._timeouts = timeouts
        self._boundary = boundary
        self._on_piece = on_piece
        self._done: Deferred[Pumped] | None = None
        self._over = False
        self._paused_at: float | None = None
        self._heard = self._wrote = clock.seconds()
        self._bytes_out = 0
        self._first_byte: float | None = None
        self._timer: IDelayedCall | None = None

    def run(self) -> "Deferred[Pumped]":
        """Let it flow.

        :returns: fires with a :class:`Pumped` when both sides are done with; cancelling it ends both at once.
        """
        self._done = done = Deferred[Pumped](lambda _: self._end("cut"))
        self._request.registerProducer(self, True)
        self._answer.deliver(self)
        if not self._over:
            self._arm()
        return done

    # The upstream's side.

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            return
        self._heard = self._wrote = now = self._clock.seconds()
        if self._first_byte is None:
            self._first_byte = now
        self._bytes_out += len(data)
        if self._boundary is not None:
            self._boundary.feed(data)
        if self._on_piece is not None:
            self._on_piece(data)
        self._request.write(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if reason.check(ResponseDone) or (
            reason.check(PotentialDataLoss) and self._ends_properly()
        ):
            self._end("complete")
        else:
            self._end("upstream-cut")

    def _ends_properly(self) -> bool:
        return self._boundary is None or self._boundary.between_events()

    # The client's side.

    def pauseProducing(self) -> None:
        if self._paused_at is None and not self._over:
            self._paused_at = self._clock.seconds()
            self.transport.pauseProducing()
            self._arm()

    def resumeProducing(self) -> None:
        if self._paused_at is not None and not self._over:
            self._paused_at = None
            self._heard = self._clock.seconds()
            self.transport.resumeProducing()
            self._arm()

    def stopProducing(self) -> None:
        self._end("client-gone")

    # Time.

    def _arm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._clock.callLater(
            max(self._due() - self._clock.seconds(), 0.01), self._tick
        )

    def _due(self) -> float:
        if self._paused_at is not None:
            return self._paused_at + self._timeouts.client_write
        due = self._heard + self._timeouts.idle
        if self._boundary is not None and self._timeouts.keepalive is not None:
            due = min(due, self._wrote + self._timeouts.keepalive)
        return due

    def _tick(self) -> None:
        self._timer = None
        now = self._clock.seconds()
        if self._paused_at is not None:
            if now >= self._paused_at + self._timeouts.client_write:
                self._end("timeout-client-write")
                return
        elif now >= self._heard + self._timeouts.idle:
            self._end("timeout-idle")
            return
        elif now >= self._due():
            self._keep_alive(now)
        self._arm()

    def _keep_alive(self, now: float) -> None:
        self._wrote = now
        if self._boundary is not None and self._boundary.between_events():
            self._request.write(KEEPALIVE)

    # The end.

    def _end(self, ending: str) -> None:
        if self._over:
            return
        self._over = True
        if self._timer is not None:
            self._timer.cancel()
        if self._request.channel is not None:
            self._request.unregisterProducer()
            if ending == "complete":
                self._request.finish()
            else:
                self._request.break_off()
        if ending != "complete":
            self._answer.abort()
        if self._done is not None:
            done, self._done = self._done, None
            if not done.called:
                done.callback(Pumped(ending, self._bytes_out, self._first_byte))
