"""What all workers say together, with workers that are scripted."""

from typing import Any

import pytest
from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from openaiproxy.ops.adding import Added
from openaiproxy.ops.seen import Seen, packed, unpacked
from openaiproxy.ops.watch import Watch
from openaiproxy.presets import PRESETS
from openaiproxy.workers.chorus import Chorus
from openaiproxy.workers.hand import Stage
from tests.ops.test_metrics import said


@frozen
class Asked:
    """One question to a worker, to be answered by the test."""

    what: str
    more: dict[str, Any]
    answer: "Deferred[Any]"


@define(eq=False)
class Worker:
    """A worker that answers when the test lets it."""

    clock: Clock
    generation: int = 0
    stage: Stage = Stage.SERVING
    farewell: dict[str, Any] = field(factory=dict)
    asked: list[Asked] = field(factory=list)
    watch: Watch = field(init=False)

    @watch.default
    def _watch_alone(self) -> Watch:
        profile = PRESETS["gateway"].profile
        return Watch((profile,), self.clock.seconds, self.clock.seconds)

    @property
    def link(self) -> "Worker":
        return self

    def ask(self, what: str, **more: Any) -> "Deferred[Any]":
        self.asked.append(Asked(what, more, Deferred()))
        return self.asked[-1].answer

    def serve(self, *names: str) -> None:
        for name in names:
            self.clock.advance(0.001)
            self.watch.note(said(id=name, tokens_in=1, first_byte=0.1))

    def see(self, after: int = 0, minute: int = 0) -> str:
        return packed(self.watch.seen(after, minute))

    def answer(self) -> None:
        """Answer what was asked last."""
        asked = self.asked.pop()
        if asked.what == "seen":
            asked.answer.callback(self.see(**asked.more))
        else:
            asked.answer.callback([["calls", "", "counter", [["calls_total", {}, 3.0]]]])


class Room:
    """Workers and their chorus."""

    def __init__(self, count: int = 2) -> None:
        self.clock = Clock()
        self.clock.advance(1000)
        self.workers = [Worker(self.clock) for _ in range(count)]
        hands: Any = self.workers
        self.chorus = Chorus(self.clock, lambda: hands, self.clock.seconds)

    def look(self, after: int = 0, *silent: Worker) -> Seen:
        """What is seen, once all have answered but those that are silent."""
        self.clock.advance(1)
        seen = self.chorus.seen(after, 0)
        for worker in self.workers:
            if worker not in silent and worker.asked:
                worker.answer()
        if silent:
            self.clock.advance(2)
        return seen.result  # type: ignore[no-any-return]

    def part(self, worker: Worker, *, in_order: bool) -> None:
        worker.stage = Stage.GONE
        if in_order:
            worker.farewell = {"metrics": [], "seen": worker.see()}
        self.workers.remove(worker)
        hand: Any = worker
        self.chorus.part(hand)


def names(seen: Seen) -> list[str]:
    return [entry.said.id for entry in seen.entries]


def test_requests_of_all_stand_in_one_order_with_numbers_of_their_own() -> None:
    room = Room()
    one, other = room.workers
    one.serve("a", "b")
    other.serve("c")
    one.serve("d")
    seen = room.look()
    assert names(seen) == ["a", "b", "c", "d"]
    assert [entry.number for entry in seen.entries] == [1, 2, 3, 4]
    assert seen.tally.requests == 4
    assert [sums.whole.requests for sums in seen.minutes] == [4]
    assert seen.minutes[0].shown().tokens.input == 4
    other.serve("e")
    assert names(room.look(4)) == ["e"]


def test_what_was_told_is_not_asked_for_again() -> None:
    room = Room(1)
    [worker] = room.workers
    worker.serve("a", "b")
    room.look()
    room.clock.advance(1)
    room.chorus.seen(0, 0)
    assert worker.asked[0].more["after"] == 2
    assert worker.asked[0].more["minute"] >= 15


def test_however_many_look_workers_are_asked_four_times_a_second() -> None:
    room = Room(1)
    [worker] = room.workers
    asked = 0
    for _ in range(100):
        for _ in range(16):
            room.chorus.seen(0, 0)
        asked += len(worker.asked)
        while worker.asked:
            worker.answer()
        room.clock.advance(0.01)
    assert 3 <= asked <= 4


@pytest.mark.parametrize("in_order", [True, False])
def test_what_a_worker_had_told_outlives_it(in_order: bool) -> None:
    room = Room()
    one, other = room.workers
    one.serve("a")
    other.serve("b")
    room.look()
    one.serve("untold")
    room.part(one, in_order=in_order)
    seen = room.look()
    assert names(seen) == (["a", "b", "untold"] if in_order else ["a", "b"])
    assert seen.tally.requests == len(names(seen)) == seen.minutes[0].whole.requests


def test_what_was_at_once_is_added_up_over_workers_and_not_over_generations() -> None:
    room = Room()
    for generation in range(3):
        for worker, most in zip(room.workers, (3, 4 - generation), strict=True):
            worker.serve("a")
            worker.watch.tally.note_running(most)
        assert room.look().tally.most_running == 7
        for worker in list(room.workers):
            room.part(worker, in_order=True)
        assert room.look().tally.most_running == 7
        room.workers += [Worker(room.clock) for _ in range(2)]
    assert room.look().tally.requests == 6


def test_one_that_does_not_answer_counts_with_what_it_said_last() -> None:
    room = Room()
    one, other = room.workers
    one.serve("a")
    other.serve("b")
    room.look()
    other.serve("c")
    seen = room.look(0, one)
    assert names(seen) == ["a", "b", "c"]
    assert seen.tally.requests == 3


def test_an_hour_later_the_minutes_are_gone_and_the_sums_are_not() -> None:
    room = Room(1)
    [worker] = room.workers
    worker.serve("a")
    room.look()
    room.part(worker, in_order=True)
    room.clock.advance(3700)
    seen = room.look()
    assert seen.minutes == ()
    assert seen.tally.requests == 1


def test_metrics_that_were_told_are_told_again_and_uptime_is_the_parents() -> None:
    room = Room()
    one, other = room.workers
    room.clock.advance(7)

    def total(asking: "Deferred[Any]") -> float:
        metrics = Added(asking.result)
        [sample] = next(each for each in metrics.collect() if each.name == "calls").samples
        assert metrics.uptime() >= 7
        return float(sample.value)

    asking = room.chorus.metrics()
    one.answer()
    other.answer()
    assert total(asking) == 6
    room.part(one, in_order=False)
    asking = room.chorus.metrics()
    room.clock.advance(2)  # the other is too busy to answer
    assert total(asking) == 6


def test_bodies_are_asked_of_the_worker_that_has_them_by_its_own_number() -> None:
    room = Room()
    one, other = room.workers
    one.serve("a", "b")
    other.serve("c")
    room.look()
    asking = room.chorus.bodies(3, "c")
    [asked] = other.asked
    assert (asked.what, asked.more) == ("bodies", {"number": 1, "id": "c"})
    asked.answer.callback(["the body"])
    assert asking.result == ["the body"]
    room.part(other, in_order=True)
    assert room.chorus.bodies(3, "c").result is None
    assert room.chorus.bodies(99, "c").result is None


def test_what_traffic_can_not_grow() -> None:
    room = Room()
    for number in range(400):
        for worker in room.workers:
            worker.serve(f"{number}")
        if number % 50 == 0:
            room.look()
    seen = room.look()
    # The last 200, and the last 50 of each kind, which are among them here.
    assert len(seen.entries) == 200
    assert len(room.chorus._origins) == 200
    assert unpacked(packed(seen)).tally.requests == 800


def test_ports_are_those_of_the_newest_with_all_that_runs_on_them() -> None:
    room = Room(3)
    old, new, newer = room.workers
    new.generation = newer.generation = 1
    old.stage = Stage.LEAVING

    def seen(*ports: tuple[int, str, int, int]) -> str:
        return packed(Seen(ports))

    room.chorus.seen(0, 0)
    old.asked.pop().answer.callback(seen((1, "kept", 8, 1), (2, "closed", 8, 1)))
    new.asked.pop().answer.callback(seen((1, "kept", 8, 2), (3, "opened", 8, 0)))
    newer.asked.pop().answer.callback(seen((1, "kept", 8, 3), (3, "opened", 8, 0)))
    found = room.chorus.seen(0, 0).result
    assert found.ports == ((1, "kept", 16, 6), (3, "opened", 16, 0))
