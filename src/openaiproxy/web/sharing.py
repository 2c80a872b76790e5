"""Answers that several callers may share: one of them asks, all get what comes, and it is good for a while.

It knows keys, values, sizes and times. Who may share with whom is for the maker of the keys to see to, and so is how
long a value is good.

A call under way belongs to all who wait for it. Whoever leaves takes nothing from the others; with the last of them
the call is cancelled, unless one whose patience ran out left it to go on for those who come later.
"""

from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

from attrs import define, field, frozen
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IReactorTime
from twisted.python.failure import Failure

__all__ = ["Kept", "Shared"]

T = TypeVar("T")


@frozen
class Kept(Generic[T]):
    """A value, and the clock's time at which it came."""

    value: T = field(repr=False)
    at: float
    size: int


@define(eq=False)
class _Call(Generic[T]):
    """One call under way."""

    running: "Deferred[T] | None" = None
    waiting: "list[Deferred[T | None]]" = field(factory=list)
    goes_on: bool = False


@define(eq=False)
class Shared(Generic[T]):
    """What was asked for lately, and what is being asked for.

    :param clock: for the age of values and for patience.
    :param most: values that are kept; the one that was used longest ago goes first.
    :param most_bytes: the sum of their sizes; a value larger than that is not kept.
    :param at_once: calls at once, others wait for their turn; ``None`` for any number.
    """

    _clock: IReactorTime
    _most: int
    _most_bytes: int
    _at_once: int | None = None
    _kept: dict[bytes, Kept[T]] = field(init=False, factory=dict)
    _bytes: int = field(init=False, default=0)
    _calls: dict[bytes, _Call[T]] = field(init=False, factory=dict)
    _turns: DeferredSemaphore | None = field(init=False)

    @_turns.default
    def _make_turns(self) -> DeferredSemaphore | None:
        return None if self._at_once is None else DeferredSemaphore(self._at_once)

    # What is kept.

    def find(self, key: bytes) -> Kept[T] | None:
        """What is kept under a key, whatever its age."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._kept[key] = kept
        return kept

    def put(self, key: bytes, value: T, size: int) -> None:
        """Keep a value in place of an older one."""
        self.drop(key)
        if size > self._most_bytes:
            return
        self._kept[key] = Kept(value, self._clock.seconds(), size)
        self._bytes += size
        while len(self._kept) > self._most or self._bytes > self._most_bytes:
            self.drop(next(iter(self._kept)))

    def drop(self, key: bytes) -> None:
        """Forget what is kept under a key."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.size

    # What is under way.

    def ask(
        self,
        key: bytes,
        begin: "Callable[[], Deferred[T]]",
        patience: float | None = None,
        *,
        goes_on: bool = False,
    ) -> "Deferred[T | None]":
        """Wait for the call that is under way for a key, or begin one.

        :param begin: begins it. What it fires with is handed out and not kept: that is up to the call.
        :param patience: seconds that this caller waits.
        :param goes_on: whether the call goes on when this caller's patience has run out, though nobody waits.
        :returns: fires with the call's value, or with ``None`` when patience ran out; fails as the call does.
            Cancelling it leaves the call to the others.
        """
        call = self._calls.get(key)
        if call is not None:
            return self._wait(key, call, patience, goes_on)
        call = self._calls[key] = _Call()
        waiter = self._wait(key, call, patience, goes_on)
        call.running = begin() if self._turns is None else self._turns.run(begin)
        call.running.addBoth(self._end, key, call)
        return waiter

    def close(self) -> None:
        """Cancel every call under way."""
        for key, call in list(self._calls.items()):
            self._cancel(key, call)

    def _wait(
        self, key: bytes, call: _Call[T], patience: float | None, goes_on: bool
    ) -> "Deferred[T | None]":
        waiter: Deferred[T | None] = Deferred(partial(self._leave, key, call))
        call.waiting.append(waiter)
        if patience is not None:
            timer = self._clock.callLater(patience, self._lose_patience, key, call, waiter, goes_on)

            def stop(result: T | Failure | None) -> T | Failure | None:
                if timer.active():
                    timer.cancel()
                return result

            waiter.addBoth(stop)
        return waiter

    def _lose_patience(
        self, key: bytes, call: _Call[T], waiter: "Deferred[T | None]", goes_on: bool
    ) -> None:
        call.goes_on = call.goes_on or goes_on
        self._leave(key, call, waiter)
        waiter.callback(None)

    def _leave(self, key: bytes, call: _Call[T], waiter: "Deferred[T | None]") -> None:
        if waiter in call.waiting:
            call.waiting.remove(waiter)
            if not call.waiting and not call.goes_on:
                self._cancel(key, call)

    def _cancel(self, key: bytes, call: _Call[T]) -> None:
        self._calls.pop(key, None)
        if call.running is not None:
            call.running.cancel()

    def _end(self, result: T | Failure, key: bytes, call: _Call[T]) -> None:
        """All who wait get the result. A failure that nobody waits for has been told to nobody's harm."""
        if self._calls.get(key) is call:
            del self._calls[key]
        waiting, call.waiting = call.waiting, []
        for waiter in waiting:
            if isinstance(result, Failure):
                waiter.errback(result)
            else:
                waiter.callback(result)
