"""Wrong admin tokens, counted by where they come from.

Beyond a few in a minute, nothing more from there is looked at for a while. Where several processes serve the same
ports, each hears of the tries that the others saw.
"""

from collections.abc import Callable
from math import ceil

from attrs import define, field

__all__ = ["PERIOD", "Tries"]

#: Seconds for which tries are counted together, and for which a place is not looked at.
PERIOD = 60.0
_TRIES = 5
_PLACES = 1024


@define
class _Failures:
    count: int
    until: float


@define(eq=False)
class Tries:
    """The tries of all places.

    :param seconds: the clock.
    :param tell: is told the place of each that was seen here.
    """

    _seconds: Callable[[], float]
    _tell: Callable[[str], None] = lambda place: None
    _failures: dict[str, _Failures] = field(factory=dict, init=False)

    def wait(self, place: str) -> int:
        """Seconds until a place is looked at again; 0 where it is."""
        failures, now = self._failures.get(place), self._seconds()
        if failures is None:
            return 0
        if now >= failures.until:
            del self._failures[place]
            return 0
        return max(1, ceil(failures.until - now)) if failures.count >= _TRIES else 0

    def note(self, place: str) -> None:
        """One was seen here."""
        self.hear(place)
        self._tell(place)

    def hear(self, place: str) -> None:
        """One was seen by another process."""
        now = self._seconds()
        failures = self._failures.pop(place, None)
        if failures is None or now >= failures.until:
            failures = _Failures(0, now + PERIOD)
        failures.count += 1
        if failures.count >= _TRIES:
            failures.until = now + PERIOD
        self._failures[place] = failures
        if len(self._failures) > _PLACES:
            del self._failures[next(iter(self._failures))]
