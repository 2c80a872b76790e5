"""The image of all processes in one of them."""

from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from openaiproxy.ops.mirror import Mirror
from openaiproxy.ops.ring import Entry
from openaiproxy.ops.seen import Seen
from openaiproxy.ops.watch import Watch
from openaiproxy.presets import PRESETS
from tests.ops.test_metrics import said


class Scene:
    """Another process, and its mirror here."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.watch = Watch((PRESETS["gateway"].profile,), self.clock.seconds, self.clock.seconds)
        self.asked: list[tuple[int, int]] = []
        self.gone = False
        self.mirror = Mirror(self._ask, self._ask_bodies, self.clock, self.clock.seconds)

    def _ask(self, after: int, minute: int) -> "Deferred[Any]":
        self.asked.append((after, minute))
        return succeed(None if self.gone else self.watch.seen(after, minute))

    def _ask_bodies(self, number: int, name: str) -> "Deferred[Any]":
        return succeed(None)

    def refresh(self) -> None:
        Deferred.fromCoroutine(self.mirror.refresh())


def test_it_shows_what_it_was_told_and_asks_for_what_is_new() -> None:
    scene = Scene()
    scene.clock.advance(600)
    scene.watch.note(said(id="a"))
    scene.refresh()
    scene.watch.note(said(id="b", status=500))
    scene.refresh()
    ring = scene.mirror.ring
    assert [entry.said.id for entry in ring.recent()] == ["a", "b"]
    assert [entry.said.id for entry in ring.errors()] == ["b"]
    assert [minute.requests for minute in ring.minutes()] == [2]
    assert scene.mirror.tally.requests == 2
    assert scene.asked == [(0, 0), (1, 9)]
    assert scene.mirror.uptime() == scene.watch.uptime()


def test_it_asks_twice_a_second_while_pages_watch_and_not_at_all_otherwise() -> None:
    scene = Scene()
    told: list[Entry] = []
    scene.clock.advance(5)
    assert scene.asked == []
    ends = [scene.mirror.subscribe(told.append), scene.mirror.subscribe(told.append)]
    scene.watch.note(said())
    scene.clock.pump([0.5] * 4)
    assert len(scene.asked) == 4
    assert len(told) == 2
    for end in ends:
        assert end is not None
        end()
        end()
    scene.clock.pump([0.5] * 4)
    assert len(scene.asked) == 4
    assert scene.clock.getDelayedCalls() == []


def test_with_nobody_to_ask_it_shows_what_it_knows() -> None:
    scene = Scene()
    scene.watch.note(said())
    scene.refresh()
    scene.gone = True
    scene.refresh()
    assert scene.mirror.tally.requests == 1


def test_two_that_ask_at_once_show_nothing_twice() -> None:
    scene = Scene()
    later: list[Deferred[Seen | None]] = []

    def ask(after: int, minute: int) -> "Deferred[Seen | None]":
        later.append(Deferred())
        return later[-1]

    mirror = Mirror(ask, lambda number, name: succeed(None), scene.clock, scene.clock.seconds)
    scene.watch.note(said())
    for _ in range(2):
        Deferred.fromCoroutine(mirror.refresh())
    for each in later:
        each.callback(scene.watch.seen(0, 0))
    assert len(mirror.ring.recent()) == 1


def test_bodies_are_kept_as_was_told() -> None:
    scene = Scene()
    scene.watch.note(said())
    [entry] = scene.watch.seen(0, 0).entries
    assert not scene.mirror.keeps(entry)
