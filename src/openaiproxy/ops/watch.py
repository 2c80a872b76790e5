"""What a process knows of the requests that it has served: one value for all of its ports."""

from collections.abc import Awaitable, Callable, Iterable

from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.adding import Collected
from openaiproxy.ops.metrics import Metrics
from openaiproxy.ops.ring import Ring
from openaiproxy.profile import Profile

__all__ = ["Watch"]


class Watch:
    """Metrics, and the ring of the last requests.

    :param profiles: those of all ports.
    :param seconds: the clock.
    :param now: time of day, in seconds since 1970.
    :ivar gather: gives the metrics of all processes that serve the same ports, where there are several.
    """

    def __init__(
        self,
        profiles: Iterable[Profile],
        seconds: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        self.metrics = Metrics(profiles, seconds)
        self.ring = Ring(seconds, now)
        self.gather: Callable[[], Awaitable[Collected]] | None = None

    def note(self, said: Exchanged) -> None:
        """Note a request that has ended."""
        self.ring.note(said, self.metrics.observe(said))
