"""Stop sequences that the upstream has no field for (pitfall 10)."""

import pytest

from openaiproxy.hub.events import (
    Begin,
    End,
    Event,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    Reason,
    Usage,
)
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import Reasoning, Text, ToolCall
from openaiproxy.hub.stops import Stops

END = End((Finish(Reason.STOP),), Usage(3, 4))


def cut(*pieces: str, stops: tuple[str, ...] = ("END", "E!")) -> list[Event]:
    told = [PartDelta(0, piece) for piece in pieces]
    machine = Stops(stops)
    events = walk([Begin(), PartBegin(0, Text()), *told, PartEnd(0), END])
    return [out for event in events for out in machine.feed(event)]


def text(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, PartDelta))


@pytest.mark.parametrize(
    "pieces",
    [("one END two",), ("one E", "ND two"), ("one ", "E", "N", "D", " two"), tuple("one END")],
)
def test_text_ends_before_the_sequence_10(pieces: tuple[str, ...]) -> None:
    events = cut(*pieces)
    assert text(events) == "one "
    assert events[-2:] == [
        PartEnd(0, Text("one ")),
        End((Finish(Reason.STOP_SEQUENCE, sequence="END"),)),
    ]


def test_the_first_of_several_sequences_counts_10() -> None:
    assert text(cut("one E! END")) == "one "


@pytest.mark.parametrize("last", ["E", "EN", "x"])
def test_what_only_looks_like_a_sequence_is_told_10(last: str) -> None:
    events = cut("EEE", "N ", last)
    assert text(events) == "EEEN " + last
    assert events[-1] == END


def test_nothing_but_text_is_searched_10() -> None:
    machine = Stops(("END",))
    events = walk(
        [
            Begin(),
            PartBegin(0, Reasoning()),
            PartDelta(0, "END"),
            PartBegin(1, ToolCall("c", "f")),
            PartDelta(1, "END"),
            END,
        ]
    )
    assert [out for event in events for out in machine.feed(event)] == events


def test_nothing_follows_a_cut_10() -> None:
    machine = Stops(("x",))
    for event in (Begin(), PartBegin(0, Text()), PartDelta(0, "ax")):
        machine.feed(event)
    assert machine.over
    assert machine.feed(END) == []


def test_an_answer_that_is_cut_is_no_larger_than_the_limit() -> None:
    stops = Stops(("END",), 1000)
    events = walk([Begin(), PartBegin(0, Text()), PartDelta(0, "x" * 2000), End()])
    last = [cut for event in events for cut in stops.feed(event)][-1]
    assert isinstance(last, Fault)
    assert last.code == "upstream_too_large"
