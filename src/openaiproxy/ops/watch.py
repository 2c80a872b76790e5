"""What a process knows of the requests that it has served: one value for all of its ports."""

from collections.abc import Callable, Iterable

from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.metrics import Metrics
from openaiproxy.ops.ring import Ring
from openaiproxy.profile import Profile

__all__ = ["Watch"]


class Watch:
    """Metrics, and the ring of the last requests.

    :param profiles: those of all ports.
    :param seconds: the clock.
    :param now: time of day, in seconds since 1970.
    """

    def __init__(
        self,
        profiles: Iterable[Profile],
        seconds: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self.metrics = Metrics(profiles, seconds)
        self.ring = Ring(seconds, now)

    def note(self, said: Exchanged) -> None:
        """Note a request that has ended."""
        self.ring.note(said, self.metrics.observe(said))
