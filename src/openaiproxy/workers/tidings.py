"""What one worker tells all others, through the parent: who tried a wrong admin token, and which session was ended.

Each of them counts and checks for itself, so that nobody waits for another process; a guesser who asks several workers
within the same millisecond may have a few tries more. Whoever starts later is told what still matters. Of a kind the
last 1,024 are kept, as long as they can matter.
"""

from collections import deque
from collections.abc import Callable

from attrs import define, field

from openaiproxy.web.admin import ENDED, TRIED
from openaiproxy.web.sessions import LIFETIME
from openaiproxy.web.tries import PERIOD

__all__ = ["Tidings"]

_LASTS = {TRIED: PERIOD, ENDED: float(LIFETIME)}
_MOST = 1024


@define(eq=False)
class Tidings:
    """Those that a later worker has to know.

    :param seconds: the clock.
    """

    _seconds: Callable[[], float]
    _kept: dict[str, deque[tuple[float, str]]] = field(init=False)

    @_kept.default
    def _make_room(self) -> dict[str, deque[tuple[float, str]]]:
        return {kind: deque(maxlen=_MOST) for kind in _LASTS}

    def keep(self, kind: str, value: str) -> None:
        """Keep one.

        :param kind: ``TRIED``, with a place, or ``ENDED``, with a session.
        """
        self._kept[kind].append((self._seconds(), value))

    def told(self) -> list[tuple[str, str]]:
        """What still matters: kinds and values, the oldest first."""
        now = self._seconds()
        return [
            (kind, value)
            for kind, kept in self._kept.items()
            for at, value in kept
            if now - at < _LASTS[kind]
        ]
