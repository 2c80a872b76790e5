"""How many requests each of several callers may make in a minute: a bucket of tokens for each of them.

A bucket holds ``burst`` tokens, each request takes one, and they come back evenly, ``rate`` in a minute. What is kept
of a bucket is one number: when it will be full again. A bucket that is full says nothing, so callers who have been
quiet for long enough cost no memory; and beyond a number of buckets the one that was used longest ago is forgotten,
which gives its caller the full burst again and takes nothing from anybody.

It knows names and times, and neither keys nor requests.
"""

from collections.abc import Callable

from attrs import define, field

from openaiproxy.profile import Limits

__all__ = ["Buckets", "buckets_of"]

_MOST = 10_000
# A wait below this is a sum of roundings.
_NOTHING = 1e-6


@define(eq=False)
class Buckets:
    """The buckets of one profile's callers.

    :param rate: tokens that come back in a minute, above 0.
    :param burst: tokens in a full bucket, 1 or more.
    :param seconds: the clock.
    :param most: buckets that are kept.
    """

    _rate: float
    _burst: int
    _seconds: Callable[[], float]
    _most: int = _MOST
    _full_at: dict[str, float] = field(factory=dict, init=False)

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._full_at)

    def take(self, name: str) -> float:
        """Take a token, if there is one.

        :param name: whose.
        :returns: 0 where it was taken, else the seconds until there is one.
        """
        now, apart = self._seconds(), 60.0 / self._rate
        full_at = max(self._full_at.pop(name, now), now)
        wait = full_at + apart - now - apart * self._burst
        if wait > _NOTHING:
            self._full_at[name] = full_at
            return wait
        self._full_at[name] = full_at + apart
        self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """The bucket that was used longest ago, once it is full, or when there are too many."""
        oldest = next(iter(self._full_at))
        if self._full_at[oldest] <= now or len(self._full_at) > self._most:
            del self._full_at[oldest]


def buckets_of(limits: Limits, seconds: Callable[[], float]) -> Buckets | None:
    """The buckets that a profile's limits ask for; ``None`` where they ask for none.

    :param seconds: the clock.
    """
    if limits.rate is None:
        return None
    burst = max(1, int(limits.rate)) if limits.burst is None else limits.burst
    return Buckets(limits.rate, burst, seconds)
