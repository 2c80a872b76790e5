"""The last requests and the last hour, for people who look.

The ring holds the values of the last requests' lines, and so what a line may say and nothing else: no payload, no
header, no key. The hour is sixty minutes of sums, each with its waits in bins that grow by a fifth, so that a quantile
is right within a tenth. All of it has a size that no traffic changes.

Minutes are counted by the clock that never jumps; the time of day is noted beside each as it begins.
"""

from collections import deque
from collections.abc import Callable, Mapping
from math import log

from attrs import define, field, frozen
from twisted.logger import Logger

from openaiproxy.ops.access import Exchanged

__all__ = ["ByModel", "Entry", "Minute", "Ring", "Tokens", "is_error"]

_log = Logger(namespace="openaiproxy.ring")
_LAST = 200
_LAST_OF_A_KIND = 50
_MINUTES = 60
_LISTENERS = 16
_FIRST_BIN = 0.001
_GROWTH = 1.2
_LOG_GROWTH = log(_GROWTH)
_BINS = 80


@frozen
class Tokens:
    """Sums of tokens, as :class:`~openaiproxy.hub.events.Usage` has them."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0


@frozen
class Entry:
    """One request.

    :param number: counts up from 1; an id for whoever wants those since.
    :param at: when it ended, in seconds since 1970.
    :param model: the label of its model, see :mod:`openaiproxy.ops.labels`; the line has the name.
    """

    number: int
    at: float
    model: str
    said: Exchanged


@frozen
class ByModel:
    """What one model had to do with a minute."""

    requests: int = 0
    errors: int = 0
    tokens: Tokens = Tokens()


@frozen
class Minute:
    """One minute, as far as it has come.

    :param at: its beginning, in seconds since 1970, as the time of day was then.
    :param errors: requests that were answered 400 or above, or not to their end by the upstream's fault.
    :param cancelled: requests whose caller went away.
    :param p50: seconds to the first byte that half of the requests did not need; ``None`` where there were none.
    :param p95: the same of nineteen in twenty.
    :param models: by label.
    :param number: counts minutes by the clock, those without a request too.
    """

    at: float
    requests: int = 0
    errors: int = 0
    cancelled: int = 0
    p50: float | None = None
    p95: float | None = None
    tokens: Tokens = Tokens()
    models: Mapping[str, ByModel] = field(factory=dict)
    number: int = 0


@define(eq=False)
class _Sum:
    """What requests come to, being counted."""

    requests: int = 0
    errors: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0

    def add(self, said: Exchanged, failed: bool) -> None:
        self.requests += 1
        self.errors += failed
        if said.tokens_in is not None or said.tokens_out is not None:
            self.input += said.tokens_in or 0
            self.cached += said.tokens_cached or 0
            self.output += said.tokens_out or 0
            self.reasoning += said.tokens_reasoning or 0

    def shown(self) -> ByModel:
        tokens = Tokens(self.input, self.cached, self.output, self.reasoning)
        return ByModel(self.requests, self.errors, tokens)


@define(eq=False)
class _Sums:
    """A minute being counted."""

    number: int
    at: float
    cancelled: int = 0
    whole: _Sum = field(factory=_Sum)
    waits: list[int] = field(factory=lambda: [0] * _BINS)
    models: dict[str, _Sum] = field(factory=dict)

    def add(self, said: Exchanged, model: str, failed: bool) -> None:
        self.whole.add(said, failed)
        self.cancelled += said.ending == "client-gone"
        if said.first_byte is not None:
            self.waits[_bin(said.first_byte)] += 1
        by_model = self.models.get(model)
        if by_model is None:
            by_model = self.models[model] = _Sum()
        by_model.add(said, failed)

    def shown(self) -> Minute:
        whole = self.whole.shown()
        return Minute(
            self.at,
            whole.requests,
            whole.errors,
            self.cancelled,
            _quantile(self.waits, 0.5),
            _quantile(self.waits, 0.95),
            whole.tokens,
            {label: each.shown() for label, each in self.models.items()},
            self.number,
        )


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
    _minutes: deque[_Sums] = field(factory=lambda: deque(maxlen=_MINUTES), init=False)
    _listeners: list[Callable[[Entry], None]] = field(factory=list, init=False)
    _number: int = field(default=0, init=False)

    def note(self, said: Exchanged, model: str) -> None:
        """Note a request that has ended, and tell those who listen.

        :param model: the label of its model.
        """
        self._number += 1
        now = self._now()
        entry = Entry(self._number, now, model, said)
        self._entries.append(entry)
        failed = is_error(said)
        (self._badly if failed else self._well).append(entry)
        self._minute(now).add(said, model, failed)
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

    def _minute(self, now: float) -> _Sums:
        number = self.minute
        if not self._minutes or self._minutes[-1].number != number:
            self._minutes.append(_Sums(number, now - now % 60))
        return self._minutes[-1]


def is_error(said: Exchanged) -> bool:
    """Whether a request counts as failed. One whose caller went away has not."""
    if said.ending == "client-gone":
        return False
    return (said.status or 500) >= 400 or said.fault is not None or said.ending != "complete"


def _bin(seconds: float) -> int:
    if seconds <= _FIRST_BIN:
        return 0
    return min(_BINS - 1, int(log(seconds / _FIRST_BIN) / _LOG_GROWTH) + 1)


def _quantile(waits: list[int], share: float) -> float | None:
    """The middle of the bin, by ratio, in which the quantile lies."""
    wanted = sum(waits) * share
    seen = 0
    for number, count in enumerate(waits):
        seen += count
        if count and seen >= wanted:
            return _FIRST_BIN * float(_GROWTH ** (number - 0.5))
    return None
