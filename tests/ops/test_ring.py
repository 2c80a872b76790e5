"""The last requests and the last hour, of a size that no traffic changes."""

import pytest
from twisted.internet.task import Clock
from twisted.logger import LogEvent, globalLogPublisher

from openaiproxy.ops.minutes import Tokens
from openaiproxy.ops.ring import Entry, Ring
from tests.ops.test_metrics import said

MIDDAY = 1_800_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ring(clock: Clock) -> Ring:
    return Ring(clock.seconds, lambda: MIDDAY + clock.seconds())


def test_the_last_200_are_kept_with_growing_numbers_row_117(ring: Ring, clock: Clock) -> None:
    for number in range(250):
        clock.advance(0.1)
        ring.note(said(id=str(number)), "other")
    kept = ring.recent()
    assert len(kept) == 200
    assert [entry.number for entry in kept] == list(range(51, 251))
    assert kept[-1].said.id == "249"
    assert kept[-1].at == pytest.approx(MIDDAY + 25)
    assert [entry.number for entry in ring.recent(after=248)] == [249, 250]


def test_a_minute_sums_up_what_ended_in_it(ring: Ring, clock: Clock) -> None:
    clock.advance(61)
    ring.note(said(tokens_in=10, tokens_cached=4, tokens_out=2, tokens_reasoning=1), "gpt-5")
    ring.note(said(tokens_in=1, tokens_out=1), "gpt-5")
    ring.note(said(status=502, ending="upstream-failed"), "other")
    ring.note(said(status=None, ending="client-gone"), "other")
    clock.advance(60)
    ring.note(said(), "other")
    first, second = ring.minutes()
    assert (first.requests, first.errors, first.cancelled) == (4, 1, 1)
    assert first.tokens == Tokens(11, 4, 3, 1)
    assert first.models["gpt-5"].requests == 2
    assert first.models["gpt-5"].tokens == Tokens(11, 4, 3, 1)
    assert (first.models["other"].requests, first.models["other"].errors) == (2, 1)
    assert first.at % 60 == 0
    assert second.at - first.at == 60
    assert (second.requests, second.p50) == (1, None)


@pytest.mark.parametrize("scale", [0.0002, 0.003, 0.4, 30.0])
def test_quantiles_are_right_within_a_tenth_or_a_millisecond(ring: Ring, scale: float) -> None:
    for number in range(1, 101):
        ring.note(said(first_byte=scale * number / 100), "other")
    [minute] = ring.minutes()
    assert minute.p50 == pytest.approx(scale * 0.5, rel=0.1, abs=0.001)
    assert minute.p95 == pytest.approx(scale * 0.95, rel=0.1, abs=0.001)


def test_an_hour_is_sixty_minutes_also_after_a_silence(ring: Ring, clock: Clock) -> None:
    for _ in range(90):
        ring.note(said(), "other")
        clock.advance(60)
    assert len(ring.minutes()) == 59
    clock.advance(3600)
    assert ring.minutes() == ()


def test_a_listener_is_told_until_it_ends_and_its_end_is_its_own(ring: Ring) -> None:
    told: list[Entry] = []
    ends = [ring.subscribe(told.append), ring.subscribe(told.append)]
    ring.note(said(), "other")
    assert len(told) == 2
    for _ in range(2):
        assert ends[0] is not None
        ends[0]()
    ring.note(said(), "other")
    assert [entry.number for entry in told] == [1, 1, 2]


def test_only_so_many_may_listen(ring: Ring) -> None:
    ends = [ring.subscribe(lambda entry: None) for _ in range(17)]
    assert ends[-1] is None
    assert ends[0] is not None
    ends[0]()
    assert ring.subscribe(lambda entry: None) is not None


def test_a_wall_clock_that_jumps_back_breaks_no_minute(clock: Clock) -> None:
    times = iter([MIDDAY, MIDDAY - 7200, MIDDAY - 7199])
    ring = Ring(clock.seconds, lambda: next(times))
    for _ in range(3):
        ring.note(said(), "other")
        clock.advance(30)
    assert [minute.requests for minute in ring.minutes()] == [2, 1]


def test_a_listener_that_fails_harms_nobody(ring: Ring) -> None:
    told: list[Entry] = []

    def fail(entry: Entry) -> None:
        raise RuntimeError("no")

    ring.subscribe(fail)
    ring.subscribe(told.append)
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)
    try:
        ring.note(said(), "other")
        ring.note(said(), "other")
    finally:
        globalLogPublisher.removeObserver(events.append)
    assert [entry.number for entry in told] == [1, 2]
    assert [event["log_namespace"] for event in events] == ["openaiproxy.ring"]
