"""The whole body of an upstream's answer, or the reason why there is none."""

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionLost
from twisted.internet.task import Clock
from twisted.web.http import PotentialDataLoss

from openaiproxy.errors import BadUpstream
from openaiproxy.upstream.gather import gather
from tests.web.wiring import PlayedAnswer


def _gathering(answer: Any, clock: Clock, *, limit: int = 100) -> "Deferred[bytes]":
    return Deferred.fromCoroutine(gather(answer, clock, limit=limit, idle=5.0))


def _outcome(gathering: "Deferred[bytes]") -> Any:
    found: list[Any] = []
    gathering.addBoth(found.append)
    assert found, "nothing came of it yet"
    return found[0] if isinstance(found[0], bytes) else found[0].value


def test_the_pieces_are_joined_when_the_body_ends() -> None:
    played, clock = PlayedAnswer(), Clock()
    gathering = _gathering(played, clock)
    played.send(b"one ")
    played.send(b"two")
    assert not gathering.called
    played.end()
    assert _outcome(gathering) == b"one two"
    assert not played.aborted
    assert clock.getDelayedCalls() == []


def test_a_body_that_the_close_ends_is_left_to_its_reader() -> None:
    played, clock = PlayedAnswer(), Clock()
    gathering = _gathering(played, clock)
    played.send(b"{}")
    played.end(PotentialDataLoss())
    assert _outcome(gathering) == b"{}"


def test_a_broken_body_is_no_answer() -> None:
    played, clock = PlayedAnswer(), Clock()
    gathering = _gathering(played, clock)
    played.send(b'{"whole": "looking"}')
    played.end(ConnectionLost())
    error = _outcome(gathering)
    assert isinstance(error, BadUpstream)
    assert (error.status, error.code) == (502, "upstream_cut")
    assert clock.getDelayedCalls() == []


def test_as_many_bytes_as_may_be_are_taken_and_no_more() -> None:
    played, clock = PlayedAnswer(), Clock()
    fits = _gathering(played, clock, limit=4)
    played.send(b"1234")
    played.end()
    assert _outcome(fits) == b"1234"
    played = PlayedAnswer()
    larger = _gathering(played, clock, limit=4)
    played.send(b"1234")
    played.send(b"5")
    error = _outcome(larger)
    assert (error.status, error.code) == (502, "upstream_answer_too_large")
    assert played.aborted
    played.send(b"6")
    played.end(ConnectionLost())
    assert clock.getDelayedCalls() == []


def test_a_body_that_promises_too_much_is_not_begun() -> None:
    played = PlayedAnswer(length=5)
    error = _outcome(_gathering(played, Clock(), limit=4))
    assert error.code == "upstream_answer_too_large"
    assert played.aborted
    assert played.protocol is None


def test_silence_ends_it_and_every_piece_is_a_sign_of_life() -> None:
    played, clock = PlayedAnswer(), Clock()
    gathering = _gathering(played, clock)
    clock.advance(4.9)
    played.send(b"1")
    clock.advance(4.9)
    assert not gathering.called
    clock.advance(0.2)
    error = _outcome(gathering)
    assert (error.status, error.code) == (504, "upstream_idle_timeout")
    assert played.aborted


@pytest.mark.parametrize("sent", [b"", b"some"])
def test_cancelling_lets_go_of_the_upstream_pitfall_60(sent: bytes) -> None:
    played, clock = PlayedAnswer(), Clock()
    gathering = _gathering(played, clock)
    if sent:
        played.send(sent)
    gathering.cancel()
    assert isinstance(_outcome(gathering), CancelledError)
    assert played.aborted
    assert clock.getDelayedCalls() == []
    played.end(ConnectionLost())
