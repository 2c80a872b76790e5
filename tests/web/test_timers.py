"""All waits of one connection on one timer of the reactor."""

from twisted.internet.task import Clock

from openaiproxy.web.timers import Timers


def test_waits_end_in_their_order_and_on_time() -> None:
    clock, called = Clock(), []
    timers = Timers(clock)
    timers.callLater(3, called.append, "late")
    timers.callLater(1, called.append, "early")
    timers.callLater(1, called.append, "early too")
    assert len(clock.getDelayedCalls()) == 1
    clock.advance(0.9)
    assert called == []
    clock.advance(0.1)
    assert called == ["early", "early too"]
    clock.advance(2)
    assert called == ["early", "early too", "late"]
    assert not clock.getDelayedCalls()


def test_a_wait_that_was_cancelled_never_ends() -> None:
    clock, called = Clock(), []
    timers = Timers(clock)
    wait = timers.callLater(1, called.append, "no")
    timers.callLater(2, called.append, "yes")
    assert wait.active()
    wait.cancel()
    wait.cancel()
    assert not wait.active()
    clock.advance(5)
    assert called == ["yes"]


def test_a_wait_can_be_moved_both_ways() -> None:
    clock, called = Clock(), []
    timers = Timers(clock)
    later, sooner = timers.callLater(2, called.append, "a"), timers.callLater(9, called.append, "b")
    later.reset(5)
    sooner.reset(1)
    assert (later.getTime(), sooner.getTime()) == (5, 1)
    clock.advance(1)
    assert called == ["b"]
    clock.advance(3.9)
    assert called == ["b"]
    clock.advance(0.1)
    assert called == ["b", "a"]


def test_one_that_ends_may_cancel_another_that_is_due() -> None:
    clock, called = Clock(), []
    timers = Timers(clock)
    timers.callLater(1, lambda: other.cancel())
    other = timers.callLater(1, called.append, "no")
    clock.advance(1)
    assert called == []


def test_one_that_raises_does_not_hold_up_the_rest() -> None:
    clock, called = Clock(), []
    timers = Timers(clock)
    timers.callLater(1, lambda: 1 / 0)
    timers.callLater(1, called.append, "still")
    try:
        clock.advance(1)
    except ZeroDivisionError:
        clock.advance(0)
    assert called == ["still"]


def test_a_closed_connection_leaves_no_timer_but_for_what_outlives_it() -> None:
    clock, called = Clock(), []
    timers = Timers(clock)
    wait = timers.callLater(1, called.append, "outlives")
    timers.close()
    clock.advance(1)
    assert called == ["outlives"]
    other = Timers(clock)
    other.callLater(1, called.append, "no").cancel()
    assert clock.getDelayedCalls()
    other.close()
    assert not clock.getDelayedCalls()
    assert not wait.active()


def test_the_last_wait_of_a_closed_connection_takes_the_timer_along() -> None:
    clock = Clock()
    timers = Timers(clock)
    wait = timers.callLater(1, lambda: None)
    timers.close()
    assert clock.getDelayedCalls()
    wait.cancel()
    assert not clock.getDelayedCalls()
