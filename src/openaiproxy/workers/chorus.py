"""What all workers say together, to whichever of them is asked: figures, the last requests and the last hour, bodies.

The parent keeps what each worker said last. So a sum never falls back: one that is too busy to answer, or that was
killed, still counts with what it had said before, and one that ends in order says all of it with its farewell. What
nobody had asked of a killed worker is lost with it.

Nothing is asked unless somebody looks: for metrics at each scrape, for all else at most four times a second, however
many look. Requests get new numbers here, since each worker counts for itself.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Any

from attrs import define, evolve, field
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.interfaces import IReactorTime

from openaiproxy.ops.adding import UPTIME, Added, Told
from openaiproxy.ops.minutes import Sums
from openaiproxy.ops.ring import Entry, Ring
from openaiproxy.ops.seen import Row, Seen, packed, unpacked
from openaiproxy.ops.tally import Tally
from openaiproxy.workers.hand import Hand, Stage

__all__ = ["Chorus"]

_ANSWER_SECONDS = 2.0
_FRESH = 0.25
_HOUR = 60
_ENTRIES = 200
_GROWING = 1


@define(eq=False)
class _Heard:
    """What a worker said last.

    :param number: of its last request that was taken over.
    """

    metrics: Told = field(factory=list)
    number: int = 0
    ports: tuple[Row, ...] = ()
    tally: Tally = field(factory=Tally)
    minutes: dict[int, Sums] = field(factory=dict)


class Chorus:
    """All workers of one parent.

    :param hands: gives those that are not gone.
    :param now: time of day, in seconds since 1970.
    :ivar draining: whether no more requests are taken.
    """

    def __init__(
        self, clock: IReactorTime, hands: Callable[[], Iterable[Hand]], now: Callable[[], float]
    ) -> None:
        self._clock = clock
        self._hands = hands
        self._since = clock.seconds()
        self._heard: dict[Hand, _Heard] = {}
        self._past = _Heard()
        self._ring = Ring(clock.seconds, now)
        self._origins: dict[int, tuple[Hand, int]] = {}
        self._waiting: list[Deferred[None]] = []
        self._asked = float("-inf")
        self.draining = False

    @property
    def answers(self) -> dict[str, Callable[[dict[str, Any]], Any]]:
        """What a worker may ask."""
        return {
            "metrics": lambda _: self.metrics(),
            "seen": lambda asked: self.seen(asked["after"], asked["minute"]).addCallback(packed),
            "bodies": lambda asked: self.bodies(asked["number"], asked["id"]),
        }

    def metrics(self) -> "Deferred[list[Told]]":
        """The metrics of all, and of those that are gone.

        :returns: fires within two seconds.
        """

        def take(hand: Hand, told: Told) -> None:
            self._of(hand).metrics = told

        def every(_: object) -> list[Told]:
            # A gauge of which the largest counts: that of the parent, which is the oldest.
            return [
                *(each.metrics for each in self._heard.values()),
                self._past.metrics,
                _gauge(UPTIME, self._uptime()),
            ]

        return self._ask_all("metrics", lambda hand: {}, take).addCallback(every)

    def seen(self, after: int, minute: int) -> "Deferred[Seen]":
        """The requests of all.

        :param after: the number of a request; only later ones.
        :param minute: the number of a minute; none that are earlier.
        :returns: fires within two seconds.
        """
        return self._look().addCallback(lambda _: self._tell(after, minute))

    def bodies(self, number: int, name: str) -> "Deferred[Any]":
        """The bodies of a request, of the worker that served it.

        :param name: the request's id.
        :returns: fires with ``None`` where they are not kept, or the worker is gone.
        """
        hand, own = self._origins.get(number, (None, 0))
        if hand is None or hand not in self._heard:
            return succeed(None)
        asked = hand.link.ask("bodies", number=own, id=name)
        return asked.addTimeout(_ANSWER_SECONDS, self._clock).addErrback(lambda _: None)

    def part(self, hand: Hand) -> None:
        """A worker is gone. What it said, with its farewell or before, stays."""
        if "seen" in hand.farewell:
            self._of(hand).metrics = hand.farewell["metrics"]
            self._put(self._take_seen(hand, unpacked(hand.farewell["seen"])))
        if hand not in self._heard:
            return
        past, present = self._past, self._present()
        heard = self._heard.pop(hand)
        lasting = [family for family in heard.metrics if family[2] != "gauge"]
        past.metrics = Added([past.metrics, lasting]).told()
        past.tally = past.tally.before(heard.tally)
        past.tally.most_running = max(past.tally.most_running, present.most_running)
        _add(past.minutes, heard.minutes.values())
        _forget(past.minutes, self._ring.minute - _HOUR)
        self._origins = {key: row for key, row in self._origins.items() if row[0] is not hand}

    def _uptime(self) -> float:
        return self._clock.seconds() - self._since

    # Asking.

    def _of(self, hand: Hand) -> _Heard:
        return self._heard.setdefault(hand, _Heard())

    def _ask_all(
        self,
        what: str,
        more: Callable[[Hand], dict[str, int]],
        take: Callable[[Hand, Any], None],
    ) -> "Deferred[Any]":
        """Ask every worker that serves, and take the answers of those that give one in time."""

        def ask(hand: Hand) -> "Deferred[Any]":
            asked = hand.link.ask(what, **more(hand))
            asked.addTimeout(_ANSWER_SECONDS, self._clock)
            return asked.addCallback(lambda told: take(hand, told))

        serving = [each for each in self._hands() if each.stage in (Stage.SERVING, Stage.LEAVING)]
        return DeferredList([ask(hand) for hand in serving], consumeErrors=True)

    def _look(self) -> "Deferred[None]":
        """See what is new at all workers, unless that has just been done."""
        if not self._waiting and self._clock.seconds() - self._asked < _FRESH:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        if len(self._waiting) == 1:
            found: list[tuple[Hand, Entry]] = []

            def take(hand: Hand, told: str) -> None:
                found.extend(self._take_seen(hand, unpacked(told)))

            self._ask_all("seen", self._wanted, take).addCallback(lambda _: self._looked(found))
        return waiting

    def _wanted(self, hand: Hand) -> dict[str, int]:
        heard = self._of(hand)
        return {"after": heard.number, "minute": max(heard.minutes, default=_GROWING) - _GROWING}

    def _looked(self, found: list[tuple[Hand, Entry]]) -> None:
        self._put(found)
        self._asked = self._clock.seconds()
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            each.callback(None)

    # Taking over.

    def _take_seen(self, hand: Hand, seen: Seen) -> list[tuple[Hand, Entry]]:
        """Take what a worker tells in place of what it told; its new requests are still to be put in order."""
        heard = self._of(hand)
        heard.ports, heard.tally = seen.ports, seen.tally
        heard.minutes.update((each.number, each) for each in seen.minutes)
        _forget(heard.minutes, self._ring.minute - _HOUR)
        new = [(hand, each) for each in seen.entries if each.number > heard.number]
        heard.number = max((each.number for _, each in new), default=heard.number)
        return new

    def _put(self, found: list[tuple[Hand, Entry]]) -> None:
        """Put new requests in one order, and number them."""
        entries, number = list[Entry](), self._ring.next
        for hand, entry in sorted(found, key=lambda row: row[1].at):
            entries.append(evolve(entry, number=number))
            self._origins[number] = (hand, entry.number)
            self._origins.pop(number - _ENTRIES, None)
            number += 1
        self._ring.take(entries, ())

    # Telling.

    def _tell(self, after: int, minute: int) -> Seen:
        heard = [self._past, *self._heard.values()]
        minutes: dict[int, Sums] = {}
        for each in heard:
            _add(minutes, (sums for number, sums in each.minutes.items() if number >= minute))
        _forget(minutes, self._ring.minute - _HOUR)
        return Seen(
            self._ports(),
            self._past.tally.before(self._present()),
            tuple(minutes[number] for number in sorted(minutes)),
            self._ring.since(after),
            self._uptime(),
            self.draining,
        )

    def _present(self) -> Tally:
        return reduce(Tally.beside, (each.tally for each in self._heard.values()), Tally())

    def _ports(self) -> tuple[Row, ...]:
        """The ports as the newest workers have them; what runs at others on the same ones is counted, too."""
        newest = max((hand.generation for hand in self._heard), default=0)
        rows: dict[tuple[int | str, str], Row] = {}
        for hand in sorted(self._heard, key=lambda each: -each.generation):
            serves = hand.stage is Stage.SERVING
            for number, profile, limit, running in self._heard[hand].ports:
                key = (number, profile)
                if key in rows or hand.generation == newest:
                    *_, before, ran = rows.get(key, (*key, 0, 0))
                    rows[key] = (*key, before + limit * serves, ran + running)
        return tuple(rows.values())


def _gauge(name: str, value: float) -> Told:
    return [[name, "", "gauge", [[name, {}, value]]]]


def _add(minutes: dict[int, Sums], more: Iterable[Sums]) -> None:
    for each in more:
        there = minutes.get(each.number)
        minutes[each.number] = each if there is None else there.plus(each)


def _forget(minutes: dict[int, Sums], latest: int) -> None:
    for number in [each for each in minutes if each <= latest]:
        del minutes[number]
