"""The last requests and the last hour, for people who look.

The ring holds the values of the last requests' lines, and so what a line may say and nothing else: no payload, no
header, no key. The hour is sixty minutes of sums (:mod:`openaiproxy.ops.minutes`). All of it has a size that no traffic
changes.
"""

from collections import deque
from collections.abc import Callable, Iterable

from attrs import define, field, frozen
from twisted.logger import Logger

from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.minutes import Minute, Sums, is_error

__all__ = ["Entry", "Ring"]

_log = Logger(namespace="openaiproxy.ring")
_LAST = 200
_LAST_OF_A_KIND = 50
_MINUTES = 60
_LISTENERS = 16


@frozen(slots=False)
class Entry:
    """One request.

    :param number: counts up from 1; an id for whoever wants those since.
    :param at: when it ended, in seconds since 1970.
    :param model: the label of its model, see :mod:`openaiproxy.ops.labels`; the line has the name.
    :param kept: whether another process, which told of it, keeps its bodies.
    """

    number: int
    at: float
    model: str
    said: Exchanged
    kept: bool = False


@define(eq=False)
class Ring:
    """What was lately.

    :param seconds: the clock.
    :param now: time of day, in seconds since 1970.
    """

    _seconds: Callable[[], float]
    _now: Callable[[], float]
    _entries: deque[Entry] = field(factory=lambda: deque(maxlen=_LAST), init=False)
    _well: deque[Entry] = field(factory=lambda: deque(maxlen=_LAST_OF_A_KIND), init=False)
    _badly: deque[Entry] = field(factory=lambda: deque(maxlen=_LAST_OF_A_KIND), init=False)
    _minutes: deque[Sums] = field(factory=lambda: deque(maxlen=_MINUTES), init=False)
    _listeners: list[Callable[[Entry], None]] = field(factory=list, init=False)
    _number: int = field(default=0, init=False)

    def note(self, said: Exchanged, model: str) -> None:
        """Note a request that has ended, and tell those who listen.

        :param model: the label of its model.
        """
        now = self._now()
        failed = is_error(said)
        self._minute(now).add(said, model, failed)
        self._add(Entry(self._number + 1, now, model, said), failed)

    def take(self, entries: Iterable[Entry], minutes: Iterable[Sums]) -> None:
        """Take over what was noted elsewhere, and tell those who listen.

        :param entries: later ones than those that are here.
        :param minutes: in place of those that are here by their numbers.
        """
        known = {each.number: each for each in self._minutes}
        known.update((each.number, each) for each in minutes)
        self._minutes = deque((known[number] for number in sorted(known)), maxlen=_MINUTES)
        for entry in entries:
            self._add(entry, is_error(entry.said))

    def _add(self, entry: Entry, failed: bool) -> None:
        self._number = entry.number
        self._entries.append(entry)
        (self._badly if failed else self._well).append(entry)
        for listener in tuple(self._listeners):
            try:
                listener(entry)
            except Exception:
                # Whoever looks on must not be what a request ends badly of.
                self._listeners.remove(listener)
                _log.failure("a listener to the last requests failed, and is told no more")

    def recent(self, after: int = 0) -> tuple[Entry, ...]:
        """The last requests, the oldest first.

        :param after: a number; only later ones.
        """
        return tuple(entry for entry in self._entries if entry.number > after)

    def since(self, after: int) -> tuple[Entry, ...]:
        """All that are kept for anybody, the oldest first.

        :param after: a number; only later ones.
        """
        every = {each.number: each for each in (*self._well, *self._badly, *self._entries)}
        return tuple(every[number] for number in sorted(every) if number > after)

    @property
    def minute(self) -> int:
        """The number of the minute that it is."""
        return int(self._seconds() // 60)

    @property
    def now(self) -> float:
        """The time of day, in seconds since 1970."""
        return self._now()

    @property
    def next(self) -> int:
        """The number of the next request."""
        return self._number + 1

    def infos(self) -> tuple[Entry, ...]:
        """The last 50 requests that went well, the oldest first."""
        return tuple(self._well)

    def errors(self) -> tuple[Entry, ...]:
        """The last 50 that did not."""
        return tuple(self._badly)

    def minutes(self, most: int = _MINUTES) -> tuple[Minute, ...]:
        """The minutes of the last hour in which anything ended, the oldest first.

        :param most: only the latest so many minutes.
        """
        oldest = self.minute - most
        return tuple(each.shown() for each in self._minutes if each.number > oldest)

    def sums(self, first: int) -> tuple[Sums, ...]:
        """The same, as they are counted.

        :param first: a minute's number; none that are earlier.
        """
        return tuple(each for each in self._minutes if each.number >= first)

    def subscribe(self, listener: Callable[[Entry], None]) -> Callable[[], None] | None:
        """Be told of every request that ends from now on.

        :param listener: must return soon, as it is called while the request is being let go. One that raises is told
            no more.
        :returns: ends it, and may be called again; ``None`` where too many listen already.
        """
        if len(self._listeners) >= _LISTENERS:
            return None
        # Two that compare equal are still two.
        told: Callable[[Entry], None] = lambda entry: listener(entry)  # noqa: E731
        self._listeners.append(told)

        def end() -> None:
            if told in self._listeners:
                self._listeners.remove(told)

        return end

    def _minute(self, now: float) -> Sums:
        number = self.minute
        if not self._minutes or self._minutes[-1].number != number:
            self._minutes.append(Sums(number, now - now % 60))
        return self._minutes[-1]
