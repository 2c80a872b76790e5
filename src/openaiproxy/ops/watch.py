"""What a process knows of the requests that it has served: one value for all of its ports.

Metrics count every request. What people look at (the ring, the hour, the tally) leaves out those for pages of our own,
lest health checks and scrapes push out everything else.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from attrs import frozen

from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.adding import Collected
from openaiproxy.ops.metrics import Metrics
from openaiproxy.ops.ring import Ring, is_error
from openaiproxy.ops.routes import OURS
from openaiproxy.ops.shelf import Shelf
from openaiproxy.ops.tally import Tally
from openaiproxy.profile import Profile

__all__ = ["Port", "Watch"]


@frozen
class Port:
    """An open port, as somebody who looks at it sees it.

    :param number: its TCP port, or a name.
    :param limit: requests at once.
    :param running: counts those under way.
    """

    number: int | str
    profile: str
    limit: int
    running: Callable[[], int]


class Watch:
    """Metrics, and what people look at.

    :param profiles: those of all ports.
    :param seconds: the clock.
    :param now: time of day, in seconds since 1970.
    :ivar ports: those that serve callers.
    :ivar shelves: the last bodies, by profile, of those that keep any.
    :ivar gather: gives the metrics of all processes that serve the same ports, where there are several.
    """

    def __init__(
        self,
        profiles: Iterable[Profile],
        seconds: Callable[[], float],
        now: Callable[[], float],
    ) -> None:
        profiles = tuple(profiles)
        self.metrics = Metrics(profiles, seconds)
        self.ring = Ring(seconds, now)
        self.gather: Callable[[], Awaitable[Collected]] | None = None
        self.tally = Tally()
        self.ports: Sequence[Port] = ()
        self._under_way = 0
        self.shelves: dict[str, Shelf] = {}
        self.keep(profiles)

    def keep(self, profiles: Iterable[Profile]) -> None:
        """Keep the last bodies of these profiles that ask for it, and of no others."""
        kept: dict[str, Shelf] = {}
        for profile in profiles:
            policy = profile.log
            if policy.payload_ring is not None:
                shelf = self.shelves.get(profile.name) or Shelf(0, 0)
                shelf.resize(policy.payload_ring, policy.payload_chars)
                kept[profile.name] = shelf
        self.shelves = kept

    def note(self, said: Exchanged, bodies: Sequence[str] = ()) -> None:
        """Note a request that has ended.

        :param bodies: of it, where its profile keeps them.
        """
        model = self.metrics.observe(said)
        if said.route in OURS:
            return
        self.tally.note(said, failed=is_error(said))
        shelf = self.shelves.get(said.profile)
        if shelf is not None and bodies:
            shelf.put(self.ring.next, bodies)
        self.ring.note(said, model)

    def note_admitted(self) -> None:
        """Note that one more request is under way."""
        self._under_way += 1
        self.tally.note_running(self._under_way)

    def note_dismissed(self) -> None:
        """Note that one of them is over."""
        self._under_way -= 1

    def bodies(self, number: int, name: str) -> tuple[str, ...] | None:
        """The bodies of a request; ``None`` where there are none.

        :param number: in the ring.
        :param name: the request's id, since another process has other requests by the same numbers.
        """
        if not any(each.number == number and each.said.id == name for each in self.ring.recent()):
            return None
        found = (shelf.of(number) for shelf in self.shelves.values())
        return next((each for each in found if each is not None), None)
