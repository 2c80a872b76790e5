"""Which connection a request goes out on, for how long one is kept, and what is sent again."""

import pytest

from openaiproxy.errors import BadUpstream
from openaiproxy.upstream import pool

from .peers import Body, Talk, error, got

pytestmark = pytest.mark.usefixtures("nothing_unhandled", "on_wire")

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def warm(said: bytes = OK) -> Talk:
    """A talk with one idle connection."""
    talk = Talk()
    talk.answered(said)
    return talk


def test_one_connection_serves_one_request_after_the_other() -> None:
    talk = Talk()
    for _ in range(5):
        talk.answered(OK)
    assert len(talk.peer.lines) == 1


def test_requests_at_once_have_a_connection_each_without_limit() -> None:
    talk = Talk()
    asked = [talk.ask() for _ in range(300)]
    assert len(talk.peer.lines) == 300
    for line in talk.peer.lines:
        line.say(OK)
    assert all(got(each).status == 200 for each in asked)
    assert sum(line.aborted for line in talk.peer.lines) == 300 - pool.IDLE_LIMIT


def test_the_freshest_connection_is_used_first() -> None:
    talk = Talk()
    talk.ask()
    talk.ask()
    old, new = talk.peer.lines
    old.say(OK)
    new.say(OK)
    old.heard(), new.heard()
    talk.ask()
    assert (old.heard(), new.heard() != b"") == (b"", True)


def test_idle_connections_are_closed_in_time_by_one_timer() -> None:
    talk = Talk()
    talk.ask()
    talk.ask()
    first, second = talk.peer.lines
    first.say(OK)
    talk.clock.advance(10)
    second.say(OK)
    assert len(talk.clock.getDelayedCalls()) == 1
    talk.clock.advance(pool.IDLE_SECONDS - 10)
    assert (first.aborted, second.aborted) == (True, False)
    talk.clock.advance(10)
    assert second.aborted
    talk.turn()
    assert talk.clock.getDelayedCalls() == []


def test_the_upstreams_own_limit_for_idle_connections_is_kept_with_a_margin() -> None:
    talk = warm(OK[:-2] + b"Keep-Alive: timeout=5, max=100\r\n\r\n")
    talk.clock.advance(3.9)
    assert not talk.line.aborted
    talk.clock.advance(0.2)
    assert talk.line.aborted


def test_a_shorter_limit_is_kept_beside_longer_ones() -> None:
    talk = Talk()
    talk.ask()
    talk.ask()
    long, short = talk.peer.lines
    long.say(OK)
    short.say(OK[:-2] + b"Keep-Alive: timeout=5\r\n\r\n")
    talk.clock.advance(5)
    talk.turn()
    assert (long.aborted, short.aborted) == (False, True)
    talk.clock.advance(pool.IDLE_SECONDS)
    assert long.aborted


def test_a_connection_past_its_time_is_not_used_even_where_the_timer_is_late() -> None:
    talk = warm()
    talk.clock.rightNow += pool.IDLE_SECONDS + 1  # the clock is ahead, and no timer has run yet
    talk.ask()
    assert len(talk.peer.lines) == 2
    assert talk.peer.lines[0].aborted


def test_an_idle_connection_that_the_upstream_closes_is_forgotten() -> None:
    talk = warm()
    talk.line.close()
    talk.ask()
    assert len(talk.peer.lines) == 2


@pytest.mark.parametrize("method", [b"GET", b"HEAD", b"OPTIONS"])
def test_a_harmless_request_on_a_stale_connection_is_sent_once_more_on_a_new_one(
    method: bytes,
) -> None:
    talk = warm()
    asked = talk.ask(method, b"/x")
    stale = talk.line
    stale.reset()
    assert len(talk.peer.lines) == 2
    assert talk.line.heard().startswith(method + b" /x ")
    talk.line.say(OK)
    assert got(asked).status == 200


def test_it_is_not_sent_a_third_time() -> None:
    talk = warm()
    asked = talk.ask()
    talk.line.close()
    talk.line.close()
    problem = error(asked)
    assert isinstance(problem, BadUpstream)
    assert problem.code == "upstream_closed"
    assert len(talk.peer.lines) == 2


def test_the_second_time_never_goes_out_on_another_idle_connection() -> None:
    talk = Talk()
    talk.ask()
    talk.ask()
    first, second = talk.peer.lines
    first.say(OK)
    second.say(OK)
    first.heard()
    talk.ask()
    second.close()
    assert len(talk.peer.lines) == 3
    assert first.heard() == b""


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"PATCH", b"DELETE", b"get", b"QUERY"])
def test_a_request_that_may_change_something_is_never_sent_twice(method: bytes) -> None:
    talk = warm()
    asked = talk.ask(method)
    talk.line.close()
    problem = error(asked)
    assert isinstance(problem, BadUpstream)
    assert problem.code == "upstream_closed"
    assert len(talk.peer.lines) == 1


@pytest.mark.parametrize("method", [b"POST", b"GET"])
def test_a_request_with_a_body_is_never_sent_twice(method: bytes) -> None:
    talk, body = warm(), Body()
    asked = talk.ask(method, body=body)
    talk.line.close()
    assert isinstance(error(asked), BadUpstream)
    assert len(talk.peer.lines) == 1
    assert body.calls == ["start", "stop"]


def test_a_request_whose_answer_had_begun_is_never_sent_twice() -> None:
    talk = warm()
    asked = talk.ask()
    talk.line.say(b"H")
    talk.line.close()
    assert isinstance(error(asked), BadUpstream)
    assert len(talk.peer.lines) == 1


def test_a_request_on_a_new_connection_is_never_sent_twice() -> None:
    talk = Talk()
    asked = talk.ask()
    talk.line.close()
    assert isinstance(error(asked), BadUpstream)
    assert len(talk.peer.lines) == 1


def test_a_cancelled_request_is_not_sent_again() -> None:
    talk = warm()
    asked = talk.ask()
    asked.cancel()
    talk.turn()
    assert len(talk.peer.lines) == 1
    error(asked)


def test_closing_closes_idle_connections_and_fires_when_they_are_gone() -> None:
    talk = Talk()
    talk.ask()
    asked = talk.ask()
    idle, busy = talk.peer.lines
    idle.say(OK)
    closed = talk.client.close()
    assert (idle.aborted, busy.aborted, closed.called) == (True, False, False)
    talk.turn()
    assert closed.called
    busy.say(OK)
    assert got(asked).status == 200
    assert busy.aborted
    talk.turn()
    assert talk.clock.getDelayedCalls() == []
