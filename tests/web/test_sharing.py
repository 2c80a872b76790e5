"""One asks, all get the answer, and it is good for a while."""

from typing import Any

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from openaiproxy.web.sharing import Shared


@define
class Calls:
    """Calls that the test answers."""

    begun: list["Deferred[str]"] = field(factory=list)
    cancelled: list[int] = field(factory=list)

    def begin(self) -> "Deferred[str]":
        number = len(self.begun)
        self.begun.append(Deferred(lambda _: self.cancelled.append(number)))
        return self.begun[-1]


def _shared(clock: Clock | None = None, **limits: Any) -> "Shared[str]":
    return Shared(clock or Clock(), **{"most": 3, "most_bytes": 100, **limits})


def _outcome(waiter: "Deferred[Any]") -> Any:
    found: list[Any] = []
    waiter.addBoth(found.append)
    return found[0] if found else "still waiting"


def test_many_who_ask_at_once_make_one_call() -> None:
    shared, calls = _shared(), Calls()
    waiters = [shared.ask(b"a", calls.begin) for _ in range(5)]
    other = shared.ask(b"b", calls.begin)
    assert len(calls.begun) == 2
    calls.begun[0].callback("answer")
    assert [_outcome(waiter) for waiter in waiters] == ["answer"] * 5
    assert _outcome(other) == "still waiting"
    shared.ask(b"a", calls.begin)
    assert len(calls.begun) == 3, "the next one asks anew"


def test_a_failure_is_everybodys() -> None:
    shared, calls = _shared(), Calls()
    waiters = [shared.ask(b"a", calls.begin) for _ in range(2)]
    calls.begun[0].errback(KeyError("x"))
    assert [type(_outcome(waiter).value) for waiter in waiters] == [KeyError, KeyError]


def test_who_leaves_takes_nothing_from_the_others_and_the_last_one_ends_it_pitfall_60() -> None:
    shared, calls = _shared(), Calls()
    first, second = shared.ask(b"a", calls.begin), shared.ask(b"a", calls.begin)
    first.cancel()
    assert isinstance(_outcome(first).value, CancelledError)
    assert calls.cancelled == []
    second.cancel()
    assert isinstance(_outcome(second).value, CancelledError)
    assert calls.cancelled == [0]
    third = shared.ask(b"a", calls.begin)
    calls.begun[1].callback("anew")
    assert _outcome(third) == "anew"


def test_patience_runs_out_for_one_and_the_call_goes_on_where_it_may() -> None:
    clock = Clock()
    shared, calls = _shared(clock), Calls()
    hasty = shared.ask(b"a", calls.begin, 2.0, goes_on=True)
    clock.advance(2.0)
    assert _outcome(hasty) is None
    late = shared.ask(b"a", calls.begin)
    assert len(calls.begun) == 1
    calls.begun[0].callback("late")
    assert _outcome(late) == "late"
    assert clock.getDelayedCalls() == []


def test_patience_ends_a_call_that_may_not_go_on() -> None:
    clock = Clock()
    shared, calls = _shared(clock), Calls()
    hasty = shared.ask(b"a", calls.begin, 2.0)
    clock.advance(2.0)
    assert _outcome(hasty) is None
    assert calls.cancelled == [0]


def test_patience_is_forgotten_when_the_answer_comes_or_the_caller_goes() -> None:
    clock = Clock()
    shared, calls = _shared(clock), Calls()
    answered, gone = shared.ask(b"a", calls.begin, 2.0), shared.ask(b"b", calls.begin, 2.0)
    calls.begun[0].callback("soon")
    gone.cancel()
    assert _outcome(answered) == "soon"
    assert isinstance(_outcome(gone).value, CancelledError)
    assert clock.getDelayedCalls() == []


def test_closing_ends_what_goes_on_for_nobody() -> None:
    clock = Clock()
    shared, calls = _shared(clock), Calls()
    hasty = shared.ask(b"a", calls.begin, 2.0, goes_on=True)
    clock.advance(2.0)
    assert _outcome(hasty) is None
    shared.close()
    assert calls.cancelled == [0]


def test_a_failure_that_nobody_waits_for_is_no_unhandled_error() -> None:
    clock = Clock()
    shared, calls = _shared(clock), Calls()
    shared.ask(b"a", calls.begin, 1.0, goes_on=True)
    clock.advance(1.0)
    calls.begun[0].errback(KeyError("x"))
    found: list[object] = []
    calls.begun[0].addErrback(found.append)
    assert found == []


def test_as_many_calls_at_once_as_may_be() -> None:
    shared, calls = _shared(at_once=2), Calls()
    waiters = [shared.ask(b"%d" % number, calls.begin) for number in range(4)]
    assert len(calls.begun) == 2
    calls.begun[0].callback("first")
    assert len(calls.begun) == 3
    waiters[3].cancel()
    assert isinstance(_outcome(waiters[3]).value, CancelledError)
    calls.begun[1].callback("second")
    calls.begun[2].callback("third")
    assert [_outcome(waiter) for waiter in waiters[:3]] == ["first", "second", "third"]
    assert len(calls.begun) == 3, "the fourth has left before its turn"


def test_values_are_kept_with_their_time_and_dropped() -> None:
    clock = Clock()
    clock.advance(7.0)
    shared = _shared(clock)
    assert shared.find(b"a") is None
    shared.put(b"a", "one", 10)
    clock.advance(5.0)
    kept = shared.find(b"a")
    assert kept is not None
    assert (kept.value, kept.at) == ("one", 7.0)
    assert "one" not in repr(kept)
    shared.drop(b"a")
    assert shared.find(b"a") is None


def test_the_one_that_was_used_longest_ago_goes_first() -> None:
    shared = _shared()
    for name in (b"a", b"b", b"c"):
        shared.put(name, "x", 10)
    shared.find(b"a")
    shared.put(b"d", "x", 10)
    assert [shared.find(name) is not None for name in (b"a", b"b", b"c", b"d")] == [
        True,
        False,
        True,
        True,
    ]


def test_sizes_are_bounded_and_counted_once() -> None:
    shared = _shared()
    for _ in range(20):
        shared.put(b"a", "x", 60)
    shared.put(b"b", "x", 40)
    assert shared.find(b"a") is not None
    assert shared.find(b"b") is not None
    shared.put(b"c", "x", 50)
    assert shared.find(b"a") is None
    assert shared.find(b"b") is not None
    shared.put(b"b", "x", 101)
    assert shared.find(b"b") is None
    assert shared.find(b"c") is not None
