"""The order of events: what passes, what is filled in, what is a fault."""

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.hub.events import (
    Begin,
    Channel,
    End,
    Event,
    Fault,
    FaultKind,
    Finish,
    Idle,
    Other,
    PartBegin,
    PartDelta,
    PartEnd,
    PartNote,
    Reason,
    Usage,
)
from openaiproxy.hub.grammar import LEGAL, Grammar, State, walk
from openaiproxy.hub.parts import (
    Audio,
    Citation,
    Image,
    Logprob,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)

STOP = End((Finish(Reason.STOP),))
CALLED = End((Finish(Reason.TOOL_CALLS),))
SEAL = Seal("responses", "secret")
PROBS = (Logprob("a", -0.1),)


def ending(*events: Event, end: Event = STOP) -> list[Event]:
    """The strict events of a begun answer, without its begin and end."""
    strict = walk([Begin(), *events, end])
    assert strict[0] == Begin()
    assert isinstance(strict[-1], End)
    return strict[1:-1]


def fault(*events: Event) -> Fault:
    last = walk(events)[-1]
    assert isinstance(last, Fault)
    return last


def test_a_plain_answer_passes_as_it_is() -> None:
    told = [
        Begin("r"),
        Idle(),
        PartBegin(0, Text()),
        PartDelta(0, "Hel"),
        PartDelta(0, "lo"),
        PartEnd(0, Text("Hello")),
        STOP,
    ]
    assert walk(told) == told


def test_an_end_without_a_value_gets_what_was_told_22() -> None:
    told = [PartBegin(0, Text(phase="final")), PartDelta(0, "Hel"), PartDelta(0, "lo")]
    assert ending(*told, PartEnd(0))[-1] == PartEnd(0, Text("Hello", phase="final"))


def test_a_stream_of_final_values_alone_is_told_once_22() -> None:
    call = ToolCall("c", "f", '{"a":1}')
    assert ending(PartBegin(0, ToolCall("c", "f")), PartEnd(0, call), end=CALLED) == [
        PartBegin(0, ToolCall("c", "f")),
        PartDelta(0, '{"a":1}'),
        PartEnd(0, call),
    ]


def test_what_is_missing_of_a_text_is_told_before_its_end() -> None:
    events = ending(PartBegin(0, Refusal()), PartDelta(0, "No"), PartEnd(0, Refusal("No way")))
    assert events[2:] == [PartDelta(0, " way"), PartEnd(0, Refusal("No way"))]


def test_what_was_told_is_not_taken_back_by_a_final_value() -> None:
    events = ending(PartBegin(0, Text()), PartDelta(0, "told"), PartEnd(0, Text("other", id="m")))
    assert events[2:] == [PartEnd(0, Text("told", id="m"))]


def test_a_part_that_begins_with_content_begins_bare() -> None:
    thought = Reasoning(summary=("one", "two"), seals=(SEAL,))
    assert ending(PartBegin(0, thought), PartEnd(0)) == [
        PartBegin(0, Reasoning()),
        PartDelta(0, "one", Channel.SUMMARY, 0),
        PartDelta(0, "two", Channel.SUMMARY, 1),
        PartNote(0, SEAL),
        PartEnd(0, thought),
    ]


def test_empty_deltas_vanish_42() -> None:
    assert ending(PartBegin(0, Text()), PartDelta(0, ""), PartEnd(0)) == [
        PartBegin(0, Text()),
        PartEnd(0, Text()),
    ]


def test_an_empty_delta_begins_a_summary_part() -> None:
    told = [PartBegin(0, Reasoning()), PartDelta(0, "", Channel.SUMMARY)]
    again = PartDelta(0, "", Channel.SUMMARY)
    assert ending(*told, again, PartEnd(0)) == [*told, PartEnd(0, Reasoning(summary=("",)))]


def test_logprobs_of_deltas_are_those_of_the_part() -> None:
    told = [
        PartBegin(0, Text()),
        PartDelta(0, "a", logprobs=PROBS),
        PartDelta(0, "", logprobs=PROBS),
    ]
    assert ending(*told, PartEnd(0)) == [*told, PartEnd(0, Text("a", logprobs=PROBS * 2))]


def test_logprobs_given_only_at_the_end_are_told() -> None:
    whole = Text("ab", logprobs=PROBS * 2)
    told = [PartBegin(0, Text()), PartDelta(0, "a", logprobs=PROBS)]
    assert ending(*told, PartEnd(0, whole)) == [
        *told,
        PartDelta(0, "b", logprobs=PROBS),
        PartEnd(0, whole),
    ]


def test_logprobs_of_a_final_value_hold_over_those_told() -> None:
    better = (Logprob("a", -0.5),)
    told = [PartBegin(0, Text()), PartDelta(0, "a", logprobs=PROBS)]
    assert ending(*told, PartEnd(0, Text("a", logprobs=better)))[-1] == PartEnd(
        0, Text("a", logprobs=better)
    )


def test_a_seal_that_comes_late_is_noted_before_the_end() -> None:
    whole = Reasoning(text=("hm",), seals=(SEAL,))
    assert ending(PartBegin(0, Reasoning()), PartDelta(0, "hm"), PartEnd(0, whole))[2:] == [
        PartNote(0, SEAL),
        PartEnd(0, whole),
    ]


def test_notes_are_part_of_the_whole() -> None:
    cite = Citation("url", url="https://example.com")
    told = [PartBegin(0, Text()), PartNote(0, cite)]
    assert ending(*told, PartEnd(0)) == [*told, PartEnd(0, Text(citations=(cite,)))]


def test_sound_grows_in_two_channels() -> None:
    told = [PartBegin(0, Audio()), PartDelta(0, "hi"), PartDelta(0, "QUJD", Channel.DATA)]
    assert ending(*told, PartEnd(0))[-1] == PartEnd(0, Audio("QUJD", transcript="hi"))


def test_a_part_that_does_not_grow_ends_as_it_began() -> None:
    picture = Image(url="https://example.com/a.png")
    assert ending(PartBegin(0, picture), PartEnd(0)) == [PartBegin(0, picture), PartEnd(0, picture)]


def test_the_end_closes_what_is_open_in_order() -> None:
    events = ending(PartBegin(0, Text()), PartBegin(1, ToolCall("c", "f")), PartDelta(1, "{"))
    assert events[-2:] == [PartEnd(0, Text()), PartEnd(1, ToolCall("c", "f", "{"))]


def test_interleaved_calls_keep_their_own_arguments_21() -> None:
    events = ending(
        PartBegin(0, ToolCall("a", "f")),
        PartBegin(1, ToolCall("b", "g")),
        PartDelta(1, "1"),
        PartDelta(0, "0"),
        PartDelta(1, "1"),
        end=CALLED,
    )
    assert events[-2:] == [
        PartEnd(0, ToolCall("a", "f", "0")),
        PartEnd(1, ToolCall("b", "g", "11")),
    ]


def test_a_stop_after_a_call_is_a_tool_stop_23() -> None:
    assert walk([Begin(), PartBegin(0, ToolCall("c", "f")), STOP])[-1] == CALLED


@pytest.mark.parametrize("reason", [Reason.LENGTH, Reason.CONTENT_FILTER, Reason.OTHER])
def test_other_reasons_stay_after_a_call_43(reason: Reason) -> None:
    end = End((Finish(reason, "word"),), Usage(1, 2))
    assert walk([Begin(), PartBegin(0, ToolCall("c", "f")), end])[-1] == end


@pytest.mark.parametrize("events", [[], [PartBegin(0, ToolCall("c", ""))], [PartBegin(0, Text())]])
def test_a_tool_stop_without_a_named_call_is_a_stop_24(events: list[Event]) -> None:
    assert walk([Begin(), *events, CALLED])[-1] == STOP


def test_each_choice_has_its_own_finish() -> None:
    end = End((Finish(Reason.STOP), Finish(Reason.TOOL_CALLS)))
    events = walk([Begin(), PartBegin(0, ToolCall("c", "f"), 1), PartBegin(1, Text(), 0), end])
    assert events[-1] == end


@pytest.mark.parametrize("finishes", [(), (Finish(Reason.STOP),)])
def test_a_choice_without_a_finish_is_truncated_26(finishes: tuple[Finish, ...]) -> None:
    assert fault(Begin(), PartBegin(0, Text(), 1), End(finishes)).kind is FaultKind.TRUNCATED


COMPLETE = [
    Begin(),
    PartBegin(0, Reasoning()),
    PartDelta(0, "hm", Channel.SUMMARY),
    PartNote(0, SEAL),
    PartEnd(0),
    PartBegin(1, Text()),
    PartDelta(1, "hello"),
    PartEnd(1),
]


@pytest.mark.parametrize("count", range(len(COMPLETE) + 1))
def test_no_cut_before_the_end_is_an_end_26(count: int) -> None:
    events = walk(COMPLETE[:count])
    assert isinstance(events[-1], Fault)
    assert events[-1].code == "upstream_stream_truncated"
    assert not any(isinstance(event, End) for event in events)


ILLEGAL: dict[str, list[Event]] = {
    "PartBegin before its beginning": [PartBegin(0, Text())],
    "Begin open": [Begin(), Begin()],
    "End before its beginning": [STOP],
    "slot 1 begun where 0 is next": [Begin(), PartBegin(1, Text())],
    "slot 0 begun where 1 is next": [Begin(), PartBegin(0, Text()), PartBegin(0, Text())],
    "a delta of slot 0, which is not open": [Begin(), PartDelta(0, "x")],
    "a delta of slot 1, which is not open": [Begin(), PartDelta(1, "")],
    "a note to slot 0, which is not open": [Begin(), PartNote(0, SEAL)],
    "an end of slot 0, which is not open": [Begin(), PartEnd(0)],
    "a delta of summary 0 in a Text": [
        Begin(),
        PartBegin(0, Text()),
        PartDelta(0, "x", Channel.SUMMARY),
    ],
    "a delta of text 1 in a Text": [Begin(), PartBegin(0, Text()), PartDelta(0, "x", index=1)],
    "a delta of summary 1 in a Reasoning": [
        Begin(),
        PartBegin(0, Reasoning()),
        PartDelta(0, "x", Channel.SUMMARY, 1),
    ],
    "a delta of text 0 in a ToolCall": [
        Begin(),
        PartBegin(0, ToolCall("c", "f")),
        PartDelta(0, "x", logprobs=PROBS),
    ],
    "a delta of text 0 in a Image": [Begin(), PartBegin(0, Image()), PartDelta(0, "x")],
    "a Seal noted in a Text": [Begin(), PartBegin(0, Text()), PartNote(0, SEAL)],
    "a Citation noted in a Image": [Begin(), PartBegin(0, Image()), PartNote(0, Citation("url"))],
    "a Text that ends as a Refusal": [Begin(), PartBegin(0, Text()), PartEnd(0, Refusal())],
}


@pytest.mark.parametrize("what", ILLEGAL)
def test_what_is_out_of_order_is_a_fault(what: str) -> None:
    assert fault(*ILLEGAL[what]) == Fault(
        FaultKind.MALFORMED,
        f"The upstream's answer is out of order: {what}.",
        code="upstream_stream_malformed",
    )


def test_nothing_follows_a_fault_or_an_end() -> None:
    for last in (Fault(FaultKind.SERVER, "broken"), STOP):
        assert walk([Begin(), last, PartBegin(0, Text()), STOP, last]) == [Begin(), last]


def test_quiet_events_may_come_before_the_beginning() -> None:
    other = Other("chat", "prompt_filter_results", {})
    assert walk([Idle(), other, Begin(), other, STOP]) == [Idle(), other, Begin(), other, STOP]


@pytest.mark.parametrize("text", ["x" * 2000, ""])
def test_an_answer_that_never_ends_is_cut_at_the_limit(text: str) -> None:
    grammar = Grammar(limit=1000)
    events: list[Event] = [*grammar.feed(Begin()), *grammar.feed(PartBegin(0, Text()))]
    for _ in range(20):
        events.extend(grammar.feed(PartDelta(0, text)))
    assert [event.code for event in events if isinstance(event, Fault)] == ["upstream_too_large"]


def test_the_table_knows_every_event_and_state() -> None:
    assert set(LEGAL) == set(State)
    events = set().union(*LEGAL.values())
    assert events == set(Event.__args__)  # type: ignore[attr-defined]


TEXTS = st.text("ab", max_size=3)
PARTS = st.one_of(
    st.builds(Text, TEXTS, logprobs=st.none() | st.just(PROBS), phase=st.none() | st.just("p")),
    st.builds(Refusal, TEXTS),
    st.builds(
        Reasoning, st.lists(TEXTS, max_size=2).map(tuple), st.lists(TEXTS, max_size=2).map(tuple)
    ),
    st.builds(ToolCall, st.just("c"), TEXTS, TEXTS),
    st.builds(Image),
)
SLOTS = st.integers(0, 2)
EVENTS = st.one_of(
    st.builds(PartBegin, SLOTS, PARTS),
    st.builds(PartDelta, SLOTS, TEXTS, st.sampled_from(Channel), st.integers(0, 2)),
    st.builds(PartNote, SLOTS, st.sampled_from([SEAL, Citation("url")])),
    st.builds(PartEnd, SLOTS, st.none() | PARTS),
    st.just(Idle()),
)


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Streams of which most are legal for a while."""
    events: list[Event] = [Begin()]
    slot = 0
    for event in draw(st.lists(EVENTS, max_size=8)):
        if isinstance(event, PartBegin):
            event = evolve(event, slot=slot)
            slot += 1
        events.append(event)
    return [*events, draw(st.sampled_from([STOP, CALLED, Idle()]))]


@given(streams())
def test_walking_twice_is_walking_once(events: list[Event]) -> None:
    once = walk(events)
    assert walk(once) == once


@given(streams())
def test_what_ends_is_what_was_told(events: list[Event]) -> None:
    told: dict[int, str] = {}
    for event in walk(events):
        if isinstance(event, PartDelta) and event.channel is Channel.TEXT and not event.index:
            told[event.slot] = told.get(event.slot, "") + event.text
        if isinstance(event, PartEnd) and isinstance(event.part, Text | Refusal):
            assert event.part.text == told.get(event.slot, "")


ODDS = tuple(Logprob(str(number), -1.0) for number in range(5))
LIMITED: list[tuple[str, list[Event]]] = [
    ("log probabilities", [PartDelta(0, "", logprobs=(Logprob("a", 0.0, top=ODDS),))] * 20),
    ("notes", [PartNote(0, Citation("url", quote="x" * 600))] * 2),
    ("a final value", [PartEnd(0, Text("x" * 1200))]),
    ("the end", [PartEnd(0), *[Idle()] * 20]),
    ("a part with content", [PartEnd(0), PartBegin(1, Text("x" * 1200))]),
    ("a seal", [PartEnd(0), PartBegin(1, Reasoning()), PartNote(1, Seal("x", "y" * 1200))]),
]


@pytest.mark.parametrize(("what", "events"), LIMITED, ids=[what for what, _ in LIMITED])
def test_whatever_an_answer_is_made_of_is_weighed(what: str, events: list[Event]) -> None:
    last = walk([Begin(), PartBegin(0, Text()), *events, End()], 1000)[-1]
    assert isinstance(last, Fault)
    assert last.code == "upstream_too_large"
    assert isinstance(walk([Begin(), PartBegin(0, Text()), *events, End()], 10_000)[-1], End)
