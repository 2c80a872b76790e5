"""An answer's body on its way down: what the upstream sends goes through a flow to the client, and nothing else owns
the end.

Upstream side: an ``IProtocol`` for ``deliverBody``. Client side: a push producer registered on the request, so that
a client that stops reading stops the upstream. There are three ways to learn that the client is gone and four in
which the upstream may end; all lead to one ``_end``, which acts once.

Only ``ResponseDone``, and ``PotentialDataLoss`` where the close is the delimiter, end an answer properly. What the
client is told of any other end is the flow's affair; bytes that pass are left visibly unfinished: the connection
closes without the body's end.

An event stream that falls silent is given a sign of life now and then, so that no hop in between takes silence for
death.
"""

from collections.abc import Callable
from typing import Any
from typing import Protocol as Shape

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IProtocol, IPushProducer, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss
from zope.interface import implementer

from openaiproxy.profile import Timeouts
from openaiproxy.web.flow import Flow, Last
from openaiproxy.web.request import Request

__all__ = ["LINGER", "Pump", "Pumped", "Source"]

#: Seconds that an upstream has to end its body once all that matters was read; its connection can be used again then.
LINGER = 1.0


@frozen
class Pumped:
    """How it went.

    :param ending: ``complete``, ``upstream-cut``, ``upstream-fault``, ``upstream-truncated``, ``client-gone``,
        ``timeout-idle``, ``timeout-client-write``, ``cut``.
    :param bytes_out: bytes of the body that were written.
    :param first_byte: the clock's time of the first of them.
    :param held: seconds from the upstream's bytes to that first one: the proxy's own time.
    :param opened: whether the client was answered at all; if not, and it is still there, somebody else has to.
    """

    ending: str
    bytes_out: int
    first_byte: float | None
    opened: bool
    held: float = 0.0


class Source(Shape):
    """Where a body comes from: an :class:`openaiproxy.upstream.client.Answer`, or what plays one."""

    def deliver(self, protocol: IProtocol) -> None:
        """Give the body to a protocol."""

    def abort(self) -> None:
        """Nothing more is wanted."""


@implementer(IPushProducer)
class Pump(Protocol):
    """One answer's way down.

    :param request: the client's.
    :param answer: where the body comes from, not yet delivered.
    :param open_answer: writes the head to the client, before its first byte; ``None`` if that was done.
    """

    transport: Any

    def __init__(
        self,
        request: Request,
        answer: Source,
        clock: IReactorTime,
        timeouts: Timeouts,
        flow: Flow,
        open_answer: Callable[[], None] | None = None,
    ) -> None:
        self._request = request
        self._answer = answer
        self._clock = clock
        self._timeouts = timeouts
        self._flow = flow
        self._open_answer = open_answer
        self._done: Deferred[Pumped] | None = None
        self._over = False
        self._upstream_over = False
        self._paused_at: float | None = None
        self._heard = self._wrote = clock.seconds()
        self._bytes_out = 0
        self._first_byte: float | None = None
        self._held = 0.0
        self._timer: IDelayedCall | None = None

    def run(self) -> "Deferred[Pumped]":
        """Let it flow.

        :returns: fires with a :class:`Pumped` when the client's side is done with; cancelling it ends both sides at
            once.
        """
        self._done = done = Deferred[Pumped](lambda _: self._end("cut"))
        self._request.registerProducer(self, True)
        self._answer.deliver(self)
        if not self._over:
            self._request.flush()
            self._arm()
        return done

    # The upstream's side.

    def dataReceived(self, data: bytes) -> None:
        if self._over:
            return
        self._heard = now = self._clock.seconds()
        out = self._flow.feed(data)
        if out:
            self._write(out, now)
            if self._first_byte is None:
                self._first_byte = now
                self._held = self._clock.seconds() - now
        if self._flow.over:
            self._end("complete")

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._upstream_over = True
        if self._over:
            self._stop_timer()
        elif reason.check(ResponseDone) or (reason.check(PotentialDataLoss) and self._flow.settled):
            self._end("complete")
        else:
            self._end("upstream-cut")

    # The client's side.

    def pauseProducing(self) -> None:
        if self._paused_at is None and not self._over:
            self._paused_at = self._clock.seconds()
            self.transport.pauseProducing()
            self._arm()

    def resumeProducing(self) -> None:
        if self._paused_at is not None and not self._over:
            self._paused_at = None
            self._heard = self._wrote = self._clock.seconds()
            self.transport.resumeProducing()
            self._arm()

    def stopProducing(self) -> None:
        self._end("client-gone")

    def _write(self, data: bytes, now: float) -> None:
        self._wrote = now
        if self._open_answer is not None:
            opening, self._open_answer = self._open_answer, None
            opening()
        self._bytes_out += len(data)
        self._request.write(data)

    # Time.

    def _arm(self) -> None:
        self._stop_timer()
        self._timer = self._clock.callLater(
            max(self._due() - self._clock.seconds(), 0.01), self._tick
        )

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _due(self) -> float:
        if self._paused_at is not None:
            return self._paused_at + self._timeouts.client_write
        due = self._heard + self._timeouts.idle
        if self._flow.beats and self._timeouts.keepalive is not None:
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
            self._beat(now)
        self._arm()

    def _beat(self, now: float) -> None:
        self._wrote = now
        beat = self._flow.beat()
        if beat:
            self._write(beat, now)

    # The end.

    def _end(self, ending: str) -> None:
        if self._over:
            return
        self._over = True
        self._stop_timer()
        last = self._flow.close(ending)
        if self._request.channel is not None:
            self._request.unregisterProducer()
            self._end_client(last)
        if not self._upstream_over:
            self._end_upstream(ending)
        if self._done is not None:
            done, self._done = self._done, None
            if not done.called:
                opened = self._open_answer is None
                how = Pumped(last.ending, self._bytes_out, self._first_byte, opened, self._held)
                done.callback(how)

    def _end_client(self, last: Last) -> None:
        if last.data:
            now = self._clock.seconds()
            self._write(last.data, now)
            self._first_byte = self._first_byte or now
        if self._open_answer is not None:
            return
        if last.proper:
            self._request.finish()
        else:
            self._request.break_off()

    def _end_upstream(self, ending: str) -> None:
        """Nothing more is wanted of it; where all was read, it may bring its body to an end."""
        if ending != "complete":
            self._answer.abort()
            return
        if self._paused_at is not None:
            self.transport.resumeProducing()
        self._timer = self._clock.callLater(LINGER, self._give_up)

    def _give_up(self) -> None:
        self._timer = None
        self._answer.abort()
