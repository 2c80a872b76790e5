"""All the waits of one connection, on one timer of the reactor.

A request starts and stops several waits, nearly all of which are cancelled long before they are due. Here that costs a
list entry: the reactor's timer stays as it is when a wait goes, rings early, and is set anew for what is left.
It goes with the connection, or with the last wait where one outlives it.
"""

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from zope.interface import implementer

__all__ = ["Timers", "Wait"]


@implementer(IDelayedCall)
class Wait:
    """One wait, as the reactor's own are."""

    __slots__ = ("_call", "_timers", "at")

    def __init__(self, timers: "Timers", at: float, call: Callable[[], object]) -> None:
        self._timers = timers
        self._call: Callable[[], object] | None = call
        self.at = at

    def getTime(self) -> float:
        """:returns: when it is due, in the clock's seconds."""
        return self.at

    def active(self) -> bool:
        """Whether it is still to come."""
        return self._call is not None

    def cancel(self) -> None:
        """Wait no more."""
        if self._call is not None:
            self._call = None
            self._timers.forget(self)

    def reset(self, secondsFromNow: float) -> None:
        """Wait that long from now."""
        self._timers.move(self, secondsFromNow)

    def delay(self, secondsLater: float) -> None:
        """Wait longer."""
        self.at += secondsLater

    def due(self) -> None:
        """The time has come."""
        call, self._call = self._call, None
        if call is not None:
            call()


@define(eq=False)
class Timers:
    """One connection's clock.

    :param clock: the reactor's.
    """

    clock: IReactorTime
    _waits: list[Wait] = field(factory=list)
    _timer: IDelayedCall | None = None
    _rings: float = 0.0
    _closed: bool = False
    seconds: Callable[[], float] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.seconds = self.clock.seconds

    def callLater(self, delay: float, callable: Callable[..., Any], *args: Any) -> Wait:
        """Call it when so many seconds have passed."""
        call = (lambda: callable(*args)) if args else callable
        wait = Wait(self, self.seconds() + delay, call)
        self._waits.append(wait)
        if self._timer is None or wait.at < self._rings:
            self._ring_by(wait.at, delay)
        return wait

    def move(self, wait: Wait, delay: float) -> None:
        """Wait that long from now."""
        wait.at = self.seconds() + delay
        self._ring_by(wait.at, delay)

    def forget(self, wait: Wait) -> None:
        """A wait was cancelled."""
        self._waits.remove(wait)
        if self._closed:
            self._rest()

    def close(self) -> None:
        """The connection is gone."""
        self._closed = True
        self._rest()

    def _rest(self) -> None:
        if self._timer is not None and not self._waits:
            timer, self._timer = self._timer, None
            timer.cancel()

    def _ring_by(self, at: float, delay: float) -> None:
        if self._timer is None:
            self._rings = at
            self._timer = self.clock.callLater(delay, self._ring)
        elif at < self._rings:
            self._rings = at
            self._timer.reset(delay)

    def _ring(self) -> None:
        self._timer = None
        now = self.seconds()
        # Sums of floats: what is due within a microsecond is due.
        due = sorted((wait for wait in self._waits if wait.at <= now + 1e-6), key=Wait.getTime)
        try:
            for wait in due:
                if wait.active():
                    self._waits.remove(wait)
                    wait.due()
        finally:
            if self._waits:
                at = min(wait.at for wait in self._waits)
                self._ring_by(at, max(at - self.seconds(), 0.0))
