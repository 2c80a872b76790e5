"""Writes of one turn: at once where there are few, together at its end where there are many."""

import pytest
from twisted.internet.task import Clock

from openaiproxy.upstream.outlet import Outlet as UpstreamOutlet
from openaiproxy.upstream.turn import HELD, Turn, turn_of
from openaiproxy.web.outlet import Outlet as ClientOutlet
from tests.upstream.test_outlet import Socket
from tests.web.test_outlet import Tcp


def nothing() -> None:
    pass


def busy(clock: Clock) -> Turn:
    """A turn after several that had many writes."""
    turn = Turn(clock)
    for _ in range(40):
        for _ in range(8):
            turn.waits(nothing)
        clock.advance(0)
    return turn


def test_one_write_a_turn_leaves_at_once_but_for_one_that_asks() -> None:
    clock = Clock()
    turn = Turn(clock)
    waited = 0
    for _ in range(290):
        waited += turn.waits(nothing)
        clock.advance(0)
    assert waited == 10


def test_where_turns_have_many_they_wait_for_its_end_in_order() -> None:
    clock = Clock()
    turn = busy(clock)
    said: list[int] = []
    assert all(turn.waits(lambda number=number: said.append(number)) for number in range(3))  # type: ignore[misc]
    assert said == []
    clock.advance(0)
    assert said == [0, 1, 2]


def test_it_learns_that_there_are_few_again() -> None:
    clock = Clock()
    turn = busy(clock)
    for _ in range(20):
        turn.waits(nothing)
        clock.advance(0)
    assert not turn.waits(nothing)


def test_a_write_that_fails_takes_no_other_with_it() -> None:
    clock = Clock()
    turn = busy(clock)
    said: list[str] = []

    def fail() -> None:
        raise RuntimeError

    turn.waits(fail)
    turn.waits(lambda: said.append("written"))
    clock.advance(0)
    assert said == ["written"]


def test_a_reactor_has_one_turn_and_no_reactor_none() -> None:
    clock = Clock()
    assert turn_of(clock) is turn_of(clock)
    assert turn_of(clock) is not turn_of(Clock())
    assert turn_of(None) is None


def client_outlet(transport: Tcp, turn: Turn) -> ClientOutlet:
    return ClientOutlet(transport, transport.writeSomeData, nothing, nothing, turn)


def test_what_a_client_is_written_in_one_turn_leaves_in_order_at_its_end() -> None:
    clock = Clock()
    transport = Tcp()
    outlet = client_outlet(transport, busy(clock))
    outlet.write(b"one")
    outlet.write(b"two")
    assert transport.sent == b""
    clock.advance(0)
    assert transport.sent == b"onetwo"


def test_what_the_kernel_does_not_take_at_the_end_of_a_turn_is_left_to_the_transport() -> None:
    clock = Clock()
    transport = Tcp(room=2)
    outlet = client_outlet(transport, busy(clock))
    outlet.write(b"one")
    clock.advance(0)
    outlet.write(b"two")
    clock.advance(0)
    assert (transport.sent, transport.held) == (b"on", b"etwo")


@pytest.mark.parametrize(("ends", "sent"), [("close", b"last"), ("drop", b"")])
def test_a_connection_that_closes_sends_what_waits_and_one_that_is_lost_does_not(
    ends: str, sent: bytes
) -> None:
    clock = Clock()
    transport = Tcp()
    outlet = client_outlet(transport, busy(clock))
    outlet.write(b"last")
    getattr(outlet, ends)()
    assert transport.sent == sent
    outlet.write(b"more")
    clock.advance(0)
    assert transport.sent == sent


def test_what_an_upstream_is_sent_waits_likewise_and_later_bytes_stay_behind_it() -> None:
    clock = Clock()
    socket = Socket()
    outlet = UpstreamOutlet(socket, busy(clock))
    outlet.send(b"head")
    outlet.write(b"body")
    assert socket.sent == []
    clock.advance(0)
    assert socket.sent == [b"headbody"]
    outlet.send(b"next")
    outlet.flush()
    assert socket.sent[-1] == b"next"


def test_a_request_that_is_given_up_within_its_turn_is_not_sent() -> None:
    clock = Clock()
    socket = Socket()
    outlet = UpstreamOutlet(socket, busy(clock))
    outlet.send(b"request")
    outlet.drop()
    clock.advance(0)
    assert socket.sent == []


def test_no_more_than_a_bound_waits_so_that_who_writes_until_told_is_told() -> None:
    clock = Clock()
    transport = Tcp(room=HELD)
    paused: list[bool] = []
    outlet = ClientOutlet(
        transport, transport.writeSomeData, lambda: paused.append(True), nothing, busy(clock)
    )
    pieces = 0
    while not paused and pieces < 100:
        outlet.write(b"x" * 10_000)
        pieces += 1
    assert pieces == HELD // 10_000 + 1
    assert len(transport.sent) == HELD


def test_a_large_piece_does_not_wait() -> None:
    clock = Clock()
    transport = Tcp()
    outlet = client_outlet(transport, busy(clock))
    outlet.write(b"x" * (HELD + 1))
    assert len(transport.sent) == HELD + 1
