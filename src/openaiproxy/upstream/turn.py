"""Writes of one turn of the reactor, let out together when that pays.

A write wakes up who reads it, at the other end of a loopback or in the kernel's own queues, and wakes it anew for each
write that comes after it has gone to sleep again. While many requests are under way, a turn of the reactor makes many
writes, with our own work between them; let out one after the other at the turn's end, they cost a sixth less CPU
time a request (16 connections). With one request at a time there is nothing to gain, and a timer to pay for.

So a turn learns which it is: where the last ones had more than one write, writes wait for the end of theirs, which
delays none of them by more than the turn; where they hadn't, writes leave at once, but for one now and then that asks
how it stands.
"""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

__all__ = ["HELD", "Turn", "turn_of"]

#: Bytes that one connection may have waiting for the end of a turn.
HELD = 65_536

_log = Logger(namespace="openaiproxy.turn")
#: Writes of which one asks, while it doesn't pay; a prime, so that it isn't always the last one of a turn.
_ASKS = 29
#: Writes of a turn, as a mean of the last few, from which on it pays.
_PAYS = 1.5


class Turn:
    """The present turn of one reactor.

    :param clock: the reactor.
    """

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._calls: list[Callable[[], None]] = []
        self._mean = 1.0
        self._until_asked = _ASKS

    def waits(self, call: Callable[[], None]) -> bool:
        """Whether a write is to wait for the turn's end.

        :param call: is made then, if so.
        """
        if self._calls:
            self._calls.append(call)
            return True
        if self._mean < _PAYS:
            self._until_asked -= 1
            if self._until_asked:
                return False
            self._until_asked = _ASKS
        self._calls.append(call)
        self._clock.callLater(0, self._end)
        return True

    def _end(self) -> None:
        calls, self._calls = self._calls, []
        self._mean = (3 * self._mean + len(calls)) / 4
        for call in calls:
            try:
                call()
            except Exception:
                _log.failure("a write failed")


_turns: "WeakKeyDictionary[Any, Turn]" = WeakKeyDictionary()


def turn_of(reactor: Any) -> Turn | None:
    """The one turn of a reactor; ``None`` where there is no reactor, as with transports in memory."""
    if reactor is None:
        return None
    turn = _turns.get(reactor)
    if turn is None:
        turn = _turns[reactor] = Turn(reactor)
    return turn
