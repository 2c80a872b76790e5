"""A request's body on its way up: bytes pass while they arrive, and never more than one read is held.

The channel feeds it, the upstream's transport pulls it. Three things may happen in any order: the body arrives,
the upstream starts to want it, and either side fails. Until the upstream wants it, up to :data:`HELD` bytes
wait here; past that the client's connection is paused, which is also how a slow upstream slows its client.
"""

import enum
from collections.abc import Callable

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IConsumer, IDelayedCall, IReactorTime
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from openaiproxy.errors import BadRequest, ProxyError
from openaiproxy.wire.peek import Peek

__all__ = ["HELD", "Body", "Gate"]

HELD = 65_536


class State(enum.Enum):
    """How far a body has come; the last two are ends."""

    ARRIVING = "arriving"
    WHOLE = "whole"
    FAILED = "failed"


class Gate:
    """What a body asks of the connection that it arrives on."""

    def pause_reading(self) -> None:
        """Take no more bytes from the client for now."""

    def resume_reading(self) -> None:
        """Take bytes again."""

    def send_continue(self) -> None:
        """The body is wanted: answer ``Expect: 100-continue``, if it was sent."""


@implementer(IBodyProducer)
@define(eq=False)
class Body:
    """One request's body, as an ``IBodyProducer`` for the upstream.

    :param length: bytes promised, or ``UNKNOWN_LENGTH`` for a chunked body.
    :param gate: the connection that it arrives on.
    :param clock: for the time between two pieces.
    """

    length: int | str
    _gate: Gate
    _clock: IReactorTime
    #: Bytes that have arrived.
    received: int = 0
    #: When the last of them did, by the clock.
    ended: float | None = None
    #: Both ends of what arrived.
    peek: Peek = field(factory=Peek)
    #: Called once with the reason when the body can't be completed.
    on_failure: Callable[[ProxyError], None] | None = None
    #: Called for each piece that goes up, and at the end.
    on_progress: Callable[[], None] | None = None
    #: Sees each piece, for the payload log; of those that came before it was set, when the body goes up.
    on_piece: Callable[[bytes], None] | None = None
    _limit: int | None = None
    _wait: float | None = None
    _timer: IDelayedCall | None = None
    _state: State = State.ARRIVING
    _held: list[bytes] = field(factory=list)
    _held_bytes: int = 0
    #: Bytes that came before there was an ``on_piece``.
    _unseen: int = 0
    _consumer: IConsumer | None = None
    _sent: "Deferred[None] | None" = None
    _unwanted: bool = False
    _paused: bool = False
    _paused_by_upstream: bool = False

    @property
    def whole(self) -> bool:
        """Whether the last byte has arrived."""
        return self._state is State.WHOLE

    def limit(self, size: int | None, wait: float) -> None:
        """Bound the body: bytes in all, and seconds that its next piece may take.

        :raises BadRequest: 413, when the promised length is already too much.
        """
        self._limit, self._wait = size, wait
        promised = self.length if isinstance(self.length, int) else self.received
        if size is not None and max(promised, self.received) > size:
            raise _too_large(size)
        self._watch()

    # What the channel calls.

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        self.received += len(data)
        if self._state is not State.ARRIVING or self._unwanted:
            return
        if self._limit is not None and self.received > self._limit:
            self.fail(_too_large(self._limit))
            return
        self.peek.feed(data)
        if self.on_piece is not None:
            self.on_piece(data)
        else:
            self._unseen += len(data)
        self._pass_on(data)
        self._watch()

    def end(self) -> None:
        """The last byte has arrived."""
        if self._state is not State.ARRIVING:
            return
        self._state = State.WHOLE
        self.ended = self._clock.seconds()
        self._watch()
        if self._consumer is not None:
            self._complete()

    def fail(self, error: ProxyError) -> None:
        """The body will never be whole."""
        if self._state is not State.ARRIVING:
            return
        self._state = State.FAILED
        self._watch()
        self._held.clear()
        if self.on_failure is not None:
            self.on_failure(error)
        if self._sent is not None and not self._unwanted:
            sent, self._sent = self._sent, None
            sent.errback(error)

    def stop(self) -> None:
        """Nobody wants the rest; it is counted and dropped from here on."""
        self._unwanted = True
        self._held.clear()
        self._watch()
        self._resume()

    # IBodyProducer: what the upstream's transport calls.

    def startProducing(self, consumer: IConsumer) -> "Deferred[None]":
        """:returns: fires with ``None`` when all was written, fails with a :class:`ProxyError` when it can't be."""
        self._sent = sent = Deferred[None]()
        self._consumer = consumer
        self._gate.send_continue()
        held, self._held, self._held_bytes = b"".join(self._held), [], 0
        if held:
            if self.on_piece is not None and self._unseen:
                self.on_piece(held[: self._unseen])
            consumer.write(held)
        if self._state is State.WHOLE:
            self._complete()
        elif not self._paused_by_upstream:
            self._resume()
        return sent

    def pauseProducing(self) -> None:
        """The upstream has enough for now: stop reading the client."""
        self._paused_by_upstream = True
        self._pause()

    def resumeProducing(self) -> None:
        """The upstream takes more."""
        self._paused_by_upstream = False
        self._resume()

    def stopProducing(self) -> None:
        """The upstream wants no more, because it answered early or is gone."""
        self._consumer = None
        self.stop()

    # Ours.

    def _pass_on(self, data: bytes) -> None:
        if self.on_progress is not None:
            self.on_progress()
        if self._consumer is not None:
            self._consumer.write(data)
            if self._paused_by_upstream:
                self._pause()
            return
        self._held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > HELD:
            self._pause()

    def _complete(self) -> None:
        self._consumer = None
        if self.on_progress is not None:
            self.on_progress()
        if self._sent is not None:
            sent, self._sent = self._sent, None
            sent.callback(None)

    def _pause(self) -> None:
        if self._state is State.ARRIVING:
            self._paused = True
            self._gate.pause_reading()
            self._watch()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._gate.resume_reading()
            self._watch()

    def _watch(self) -> None:
        """Keep the timer in step: it runs only while the client is the one who is waited for."""
        waiting = (
            self._state is State.ARRIVING
            and not self._paused
            and not self._unwanted
            and self._wait is not None
        )
        if waiting and self._wait is not None:
            if self._timer is None:
                self._timer = self._clock.callLater(self._wait, self._timed_out)
            else:
                self._timer.reset(self._wait)
        elif self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _timed_out(self) -> None:
        self._timer = None
        self.fail(
            BadRequest(
                408, "body_timeout", f"no byte of the request body came for {self._wait:g} seconds"
            )
        )


def _too_large(size: int) -> BadRequest:
    return BadRequest(413, "body_too_large", f"the request body is larger than {size} bytes")
