"""What pages show where several processes serve the same ports: the requests of all of them.

Nothing comes here by itself. It asks when somebody looks: once before a page is made, and twice a second as long as
pages watch. What it has been told it keeps, as a ring keeps it, and so it asks for what is new.
"""

from collections.abc import Callable, Sequence

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from openaiproxy.ops.ring import Entry, Ring
from openaiproxy.ops.seen import Port, Row, Seen
from openaiproxy.ops.tally import Tally

__all__ = ["Mirror"]

_EVERY = 0.5
#: The last minute still grows, and one before it may have grown since it was told.
_GROWING = 1


@define(eq=False)
class Mirror:
    """The image of all processes in one of them.

    :param ask: asks for the requests after a number and the minutes from a number on; fires with ``None`` where there
        is nobody to ask any more.
    :param ask_bodies: asks for the bodies of a request, by its number and its id; fires with ``None`` where they are
        not kept.
    :param now: time of day, in seconds since 1970.
    """

    _ask: "Callable[[int, int], Deferred[Seen | None]]"
    ask_bodies: "Callable[[int, str], Deferred[Sequence[str] | None]]"
    _clock: IReactorTime
    _now: Callable[[], float]
    ring: Ring = field(init=False)
    tally: Tally = field(factory=Tally, init=False)
    ports: Sequence[Port] = field(default=(), init=False)
    draining: bool = field(default=False, init=False)
    _started: float = field(default=0.0, init=False)
    _minute: int = field(default=0, init=False)
    _watching: int = field(default=0, init=False)
    _polling: LoopingCall | None = field(default=None, init=False)

    @ring.default
    def _make_ring(self) -> Ring:
        return Ring(self._clock.seconds, self._now)

    def uptime(self) -> float:
        """Seconds since the start of the first process."""
        return self._clock.seconds() - self._started

    def keeps(self, entry: Entry) -> bool:
        """Whether the bodies of a request were kept when it was told."""
        return entry.kept

    def subscribe(self, listener: Callable[[Entry], None]) -> Callable[[], None] | None:
        """Be told of every request that ends from now on, soon after; see :meth:`Ring.subscribe`."""
        end = self.ring.subscribe(listener)
        if end is None:
            return None
        self._watch(1)
        over = False

        def leave() -> None:
            nonlocal over
            end()
            if not over:
                over = True
                self._watch(-1)

        return leave

    async def refresh(self) -> None:
        """Ask for what is new, and have it."""
        seen = await self._ask(self.ring.next - 1, self._minute)
        if seen is None:
            return
        after = self.ring.next - 1
        self._minute = max((each.number - _GROWING for each in seen.minutes), default=self._minute)
        self.tally, self.draining = seen.tally, seen.draining
        self.ports = [_port(row) for row in seen.ports]
        self._started = self._clock.seconds() - seen.uptime
        # Two that asked at once are told the same.
        self.ring.take((each for each in seen.entries if each.number > after), seen.minutes)

    def _watch(self, more: int) -> None:
        self._watching += more
        if self._watching and self._polling is None:
            self._polling = LoopingCall(lambda: Deferred.fromCoroutine(self.refresh()))
            self._polling.clock = self._clock
            self._polling.start(_EVERY, now=False)
        elif not self._watching and self._polling is not None:
            self._polling.stop()
            self._polling = None


def _port(row: Row) -> Port:
    number, profile, limit, running = row
    return Port(number, profile, limit, lambda: running)
