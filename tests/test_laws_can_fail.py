"""The laws find what they are made to find: toys that break one each."""

from collections.abc import Callable, Iterable
from typing import Any

from attrs import evolve, frozen

from openaiproxy.dialects.dialect import Dialect
from openaiproxy.hub.events import End, Event, PartDelta, Usage
from openaiproxy.hub.fold import Reply, fold
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.parts import Extra, Text
from openaiproxy.hub.request import Request, Role, Sampling, Turn
from openaiproxy.wire.sse import Record
from tests import laws
from tests.cases import Case, events
from tests.corpus import Entry, Recording
from tests.missing import differences, unaccounted
from tests.toy import ToyParser, ToyRenderer, frame, toy
from tests.wires import Wire

FRAMES = (
    frame({"begin": "r"}),
    frame({"text": "Hel"}),
    frame({"text": "lo"}),
    frame({"finish": "stop"}),
    frame({"over": [3, 4]}),
)


def first(name: str) -> Callable[[list[dict[str, Any]]], int | None]:
    return lambda found: next((n for n, one in enumerate(found) if name in one), None)


def wire(dialect: Dialect) -> Wire:
    return Wire(dialect, first("finish"), lambda found: first("error")(found) is not None)


def case(source: Dialect | None = None, target: Dialect | None = None) -> Case:
    entry = Entry("toy.json", "one", "", True, 200, 0)
    recording = Recording(entry, {"model": "m", "say": ["hi"]}, b"".join(FRAMES))
    return Case(recording, wire(source or toy("one")), wire(target or toy("two")))


@frozen
class Optimist:
    """Takes the end of input for a good end."""

    inner: ToyParser

    def feed(self, record: Record) -> Iterable[Event]:
        return self.inner.feed(record)

    def eof(self) -> Iterable[Event]:
        return [End()]


@frozen
class Stammerer:
    """Says every word twice."""

    inner: ToyRenderer

    def render(self, event: Event) -> bytes:
        said = self.inner.render(event)
        return said * 2 if isinstance(event, PartDelta) else said

    def losses(self) -> tuple[Loss, ...]:
        return self.inner.losses()


def test_honest_toys_break_no_law_of_streams() -> None:
    assert laws.truncation(case()) == []
    assert laws.chunking(case()) == []
    assert laws.legality(case()) == []


def test_an_invented_success_is_found_26() -> None:
    liar = evolve(toy("one"), parser=lambda context: Optimist(ToyParser()))
    found = laws.truncation(case(source=liar))
    assert found is not None
    assert "cut before record 1: no fault" in found
    assert "cut before record 1: a finish" in found


def test_a_word_that_is_said_twice_is_found() -> None:
    def stammering(context: Any) -> Any:
        return Stammerer(honest.renderer(context))  # type: ignore[arg-type]

    honest = toy("two")
    found = laws.folding(case(target=evolve(honest, renderer=stammering)))
    assert found
    assert "HelHello" in found[0]


def test_a_missing_fault_is_found() -> None:
    deaf = evolve(wire(toy("two")), failed=lambda found: False)
    found = laws.truncation(evolve(case(), target=deaf))
    assert found is not None
    assert "cut before record 0: no fault" in found


def test_a_loss_that_goes_untold_is_found() -> None:
    turns = (Turn(Role.USER, (Text("hello there"),)),)
    asked = Request("m", turns, sampling=Sampling(seed=7), extra=Extra("one", {"odd": 1}))
    bare = Request("m", turns)
    assert unaccounted(asked, bare, {}, (), "two") == ["Sampling.seed: 7", "only: 'odd'"]
    told = (Loss("sampling.seed", "no field"), Loss("odd", "only one has a word for it"))
    assert unaccounted(asked, bare, {}, told, "two") == []
    assert unaccounted(asked, Request("m"), {}, told, "two") == ["Text.text: 'hello there'"]


def test_where_values_differ_is_named_by_its_path() -> None:
    reply = fold(toy_events())
    assert isinstance(reply, Reply)
    other = evolve(reply, end=evolve(reply.end, usage=Usage(3, 5)))
    assert differences(reply, other) == ["end.usage.output: 4 became 5"]


def toy_events() -> list[Event]:
    return events(toy("one"), b"".join(FRAMES), case().context())


def test_a_bad_answer_without_its_message_is_found_54() -> None:
    entry = Entry("toy.json", "one", "", False, 500, 0)
    failing = evolve(case(), recording=Recording(entry, None, b"No beds left."))
    assert laws.faults(failing) == []
    mute = evolve(toy("two"), render_fault=lambda fault: (500, {"error": "Sorry."}))
    assert laws.faults(evolve(failing, target=wire(mute))) == ["the message is not in the answer"]
