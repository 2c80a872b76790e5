"""A body on its way up: fed by the channel, pulled by the upstream, in every order."""

from typing import Any

import pytest
from attrs import define, field
from twisted.internet.task import Clock
from twisted.web.iweb import UNKNOWN_LENGTH

from openaiproxy.errors import BadRequest, ProxyError
from openaiproxy.web.body import HELD, Body, Gate


@define(eq=False)
class Reading(Gate):
    """The client's connection, noting what it is told."""

    paused: bool = False
    continues: int = 0

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def send_continue(self) -> None:
        self.continues += 1


@define(eq=False)
class Consumer:
    """The upstream's transport."""

    written: list[bytes] = field(factory=list)

    def write(self, data: bytes) -> None:
        self.written.append(data)


def make(
    length: Any = UNKNOWN_LENGTH, limit: int | None = None, wait: float = 20.0
) -> tuple[Body, Reading, Clock]:
    gate, clock = Reading(), Clock()
    body = Body(length, gate, clock)
    body.limit(limit, wait)
    return body, gate, clock


def test_pieces_pass_while_they_arrive() -> None:
    body, gate, clock = make()
    consumer, fired = Consumer(), []
    body.feed(b"early ")
    body.startProducing(consumer).addCallback(fired.append)
    assert consumer.written == [b"early "]
    assert gate.continues == 1
    body.feed(b"late")
    assert not fired
    body.end()
    assert (b"".join(consumer.written), fired, body.received) == (b"early late", [None], 10)
    assert not clock.getDelayedCalls()


def test_a_body_that_is_whole_before_it_is_wanted_goes_up_in_one_piece() -> None:
    body, _, _ = make()
    body.feed(b"a")
    body.feed(b"b")
    body.end()
    consumer, fired = Consumer(), []
    body.startProducing(consumer).addCallback(fired.append)
    assert (consumer.written, fired) == ([b"ab"], [None])


def test_more_than_is_held_stops_the_client_until_it_is_wanted() -> None:
    body, gate, clock = make()
    body.feed(b"x" * HELD)
    assert not gate.paused
    body.feed(b"x")
    assert gate.paused
    assert not clock.getDelayedCalls(), "the client isn't the one who is waited for"
    body.startProducing(Consumer())
    assert not gate.paused
    assert clock.getDelayedCalls()


def test_a_slow_upstream_slows_its_client() -> None:
    body, gate, clock = make()
    consumer = Consumer()
    body.startProducing(consumer)
    body.pauseProducing()
    assert gate.paused
    gate.paused = False  # the channel reads again for reasons of its own
    body.feed(b"more")
    assert gate.paused
    assert consumer.written == [b"more"]
    clock.advance(100.0)
    body.resumeProducing()
    assert not gate.paused


@pytest.mark.parametrize("started", [True, False])
def test_a_body_that_stops_coming_fails(started: bool) -> None:
    body, _, clock = make()
    told: list[ProxyError] = []
    failed: list[Any] = []
    body.on_failure = told.append
    if started:
        body.startProducing(Consumer()).addErrback(failed.append)
    clock.advance(19.0)
    body.feed(b"x")
    clock.advance(19.0)
    assert not told
    clock.advance(1.1)
    assert [error.code for error in told] == ["body_timeout"]
    assert len(failed) == started
    body.feed(b"ignored")
    body.end()
    assert not body.whole


def test_a_promise_that_is_too_large_is_refused_at_once() -> None:
    with pytest.raises(BadRequest, match="413"):
        make(length=11, limit=10)


def test_a_body_that_grows_too_large_fails() -> None:
    body, _, _ = make(limit=3)
    told: list[ProxyError] = []
    body.on_failure = told.append
    body.feed(b"abc")
    body.feed(b"d")
    assert [error.status for error in told] == [413]


def test_an_unwanted_body_is_counted_and_dropped() -> None:
    body, gate, clock = make()
    consumer, pieces = Consumer(), []
    body.on_piece = pieces.append
    body.startProducing(consumer)
    body.pauseProducing()
    body.stopProducing()
    assert not gate.paused
    body.feed(b"rest")
    body.end()
    assert (consumer.written, pieces, body.received) == ([], [], 4)
    assert not clock.getDelayedCalls()


def test_progress_is_told_for_each_piece_and_the_end() -> None:
    body, _, _ = make()
    beats: list[int] = []
    body.on_progress = lambda: beats.append(1)
    body.startProducing(Consumer())
    body.feed(b"a")
    body.feed(b"b")
    body.end()
    body.end()
    assert len(beats) == 3
