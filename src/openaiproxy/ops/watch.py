"""What a process knows of the requests that it has served: one value for all of its ports.

Metrics count every request. What people look at (the ring, the hour, the tally) leaves out those for pages of our own,
lest health checks and scrapes push out everything else.

Where several processes serve the same ports, each watches for itself, and what pages show is a
:class:`~openaiproxy.ops.mirror.Mirror` of all of them.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from attrs import evolve

from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.adding import Collected
from openaiproxy.ops.metrics import Metrics
from openaiproxy.ops.minutes import is_error
from openaiproxy.ops.mirror import Mirror
from openaiproxy.ops.ring import Entry, Ring
from openaiproxy.ops.routes import OURS
from openaiproxy.ops.seen import Port, Seen, Shown
from openaiproxy.ops.shelf import Shelf
from openaiproxy.ops.tally import Tally
from openaiproxy.profile import Profile

__all__ = ["Watch"]


class Watch:
    """Metrics, and what people look at.

    :param profiles: those of all ports.
    :param seconds: the clock.
    :param now: time of day, in seconds since 1970.
    :ivar ports: those that serve callers.
    :ivar shelves: the last bodies, by profile, of those that keep any.
    :ivar gather: gives the metrics of all processes that serve the same ports, where there are several.
    :ivar mirror: shows the requests of all of these.
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
        self.mirror: Mirror | None = None
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

    @property
    def shown(self) -> Shown:
        """What pages show."""
        return self.mirror or self

    @property
    def draining(self) -> bool:
        """Whether the process takes no more requests."""
        return self.metrics.draining

    def uptime(self) -> float:
        """Seconds since the start."""
        return self.metrics.uptime()

    def keeps(self, entry: Entry) -> bool:
        """Whether the bodies of a request are kept."""
        return any(entry.number in shelf for shelf in self.shelves.values())

    def subscribe(self, listener: Callable[[Entry], None]) -> Callable[[], None] | None:
        """Be told of every request that ends from now on; see :meth:`Ring.subscribe`."""
        return self.ring.subscribe(listener)

    def seen(self, after: int, minute: int) -> Seen:
        """What is to be seen here, for another process to show.

        :param after: the number of a request; only later ones.
        :param minute: the number of a minute; none that are earlier.
        """
        return Seen(
            tuple((each.number, each.profile, each.limit, each.running()) for each in self.ports),
            self.tally,
            self.ring.sums(minute),
            tuple(evolve(each, kept=self.keeps(each)) for each in self.ring.since(after)),
            self.uptime(),
            self.draining,
        )

    def bodies(self, number: int, name: str) -> tuple[str, ...] | None:
        """The bodies of a request; ``None`` where there are none.

        :param number: in the ring.
        :param name: the request's id, since another process has other requests by the same numbers.
        """
        if not any(each.number == number and each.said.id == name for each in self.ring.recent()):
            return None
        found = (shelf.of(number) for shelf in self.shelves.values())
        return next((each for each in found if each is not None), None)
