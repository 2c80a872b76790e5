"""How many requests a caller may make (row 99), by a clock that stands still unless it is told."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from openaiproxy.ops.buckets import Buckets, buckets_of
from openaiproxy.profile import Limits


def test_the_burst_comes_at_once_and_the_rest_one_by_one() -> None:
    clock = Clock()
    buckets = Buckets(60, 3, clock.seconds)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 1]
    clock.advance(0.25)
    assert buckets.take("a") == 0.75
    clock.advance(0.75)
    assert [buckets.take("a") for _ in range(2)] == [0, 1]


def test_who_asks_too_early_does_not_wait_longer_for_it() -> None:
    clock = Clock()
    buckets = Buckets(60, 1, clock.seconds)
    assert buckets.take("a") == 0
    assert {buckets.take("a") for _ in range(50)} == {1.0}
    clock.advance(1)
    assert buckets.take("a") == 0


def test_one_caller_takes_nothing_from_another_row_99() -> None:
    buckets = Buckets(1, 1, Clock().seconds)
    assert buckets.take("a") == buckets.take("b") == 0
    assert buckets.take("a") == buckets.take("b") == 60


def test_a_long_rest_gives_no_more_than_the_burst() -> None:
    clock = Clock()
    buckets = Buckets(60, 2, clock.seconds)
    buckets.take("a")
    clock.advance(3600)
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]


def test_a_hundred_thousand_callers_leave_a_bounded_number_of_buckets() -> None:
    buckets = Buckets(1, 1, Clock().seconds, most=1000)
    for number in range(100_000):
        assert buckets.take(str(number)) == 0
    assert len(buckets) == 1000
    assert buckets.take("99999") > 0


def test_buckets_that_are_full_again_are_forgotten() -> None:
    clock = Clock()
    buckets = Buckets(60, 1, clock.seconds)
    for number in range(100):
        buckets.take(str(number))
    clock.advance(2)
    for number in range(200, 300):
        buckets.take(str(number))
    assert len(buckets) == 100


@given(
    rate=st.floats(0.01, 10_000),
    burst=st.integers(1, 50),
    waits=st.lists(st.floats(0, 100), max_size=200),
)
def test_no_span_of_time_holds_more_than_the_burst_and_the_rate(
    rate: float, burst: int, waits: list[float]
) -> None:
    clock = Clock()
    buckets = Buckets(rate, burst, clock.seconds)
    taken: list[float] = []
    for wait in waits:
        clock.advance(wait)
        if buckets.take("a") == 0:
            taken.append(clock.seconds())
        else:
            # It must not be refused while there is room in every span that ends now.
            now = clock.seconds()
            assert any(
                len(taken) - index + 1 > burst + (now - since) * rate / 60 - 1e-3
                for index, since in enumerate(taken)
            )
    for index, since in enumerate(taken):
        for later, until in enumerate(taken[index:], 1):
            assert later <= burst + (until - since) * rate / 60 + 1e-3


def test_a_profile_that_says_no_rate_has_no_buckets() -> None:
    assert buckets_of(Limits(burst=3), Clock().seconds) is None


def test_a_burst_that_is_not_said_is_a_minutes() -> None:
    buckets = buckets_of(Limits(rate=2.5), Clock().seconds)
    assert buckets is not None
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 24]
    slow = buckets_of(Limits(rate=0.5), Clock().seconds)
    assert slow is not None
    assert [slow.take("a") for _ in range(2)] == [0, 120]
