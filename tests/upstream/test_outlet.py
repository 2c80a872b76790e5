"""Writes that leave at once: in order whatever the socket takes, and as ever where there is no socket."""

from typing import Any

import pytest
from twisted.internet import reactor as global_reactor
from twisted.internet.error import ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.internet.tcp import Connection
from twisted.internet.testing import StringTransport

from openaiproxy.upstream.outlet import Outlet


class Descriptor:
    """What a transport's constructor asks of a socket."""

    def setblocking(self, flag: bool) -> None:
        assert not flag

    def fileno(self) -> int:
        return -1


class Socket(Connection):
    """A TCP transport whose socket takes as many bytes at a time as a test says.

    :ivar takes: for each attempt; an exception is a lost connection. All when used up.
    :ivar asked: whether the reactor was asked to tell when the socket has room.
    """

    def __init__(self, *takes: int | Exception) -> None:
        super().__init__(Descriptor(), Protocol(), global_reactor)  # type: ignore[arg-type]
        self.connected = 1
        self.takes = list(takes)
        self.sent: list[bytes] = []
        self.asked = False

    def writeSomeData(self, data: Any) -> Any:
        took = self.takes.pop(0) if self.takes else len(data)
        if isinstance(took, int):
            self.sent.append(bytes(data[:took]))
            return min(took, len(data))
        return took

    def startWriting(self) -> None:
        self.asked = True

    def stopWriting(self) -> None:
        self.asked = False


def test_what_the_socket_takes_asks_nothing_of_the_reactor() -> None:
    socket = Socket()
    outlet = Outlet(socket)
    outlet.send(b"one")
    outlet.send(b"two")
    assert (socket.sent, socket.asked) == ([b"one", b"two"], False)


@pytest.mark.parametrize("took", [0, 2])
def test_what_it_does_not_take_follows_in_order(took: int) -> None:
    socket = Socket(took)
    outlet = Outlet(socket)
    outlet.send(b"first")
    assert socket.asked
    outlet.send(b"second")
    assert b"".join(socket.sent) == b"first"[:took]
    socket.doWrite()
    assert (b"".join(socket.sent), socket.asked) == (b"firstsecond", False)


def test_bytes_after_a_full_socket_leave_at_once_again_when_it_was_emptied() -> None:
    socket = Socket(0)
    outlet = Outlet(socket)
    outlet.send(b"first")
    outlet.flush()
    assert (b"".join(socket.sent), socket.asked) == (b"first", False)
    outlet.send(b"second")
    assert (socket.sent[-1], socket.asked) == (b"second", False)


def test_a_flush_that_empties_half_keeps_the_order() -> None:
    socket = Socket(3)
    outlet = Outlet(socket)
    outlet.write(b"head")
    outlet.write(b"body")
    outlet.flush()
    assert socket.asked
    outlet.send(b"more")
    assert b"".join(socket.sent) == b"hea"
    socket.doWrite()
    assert b"".join(socket.sent) == b"headbodymore"


def test_what_is_written_waits_for_what_is_written_beside_it() -> None:
    socket = Socket()
    outlet = Outlet(socket)
    outlet.write(b"head")
    outlet.write(b"body")
    assert socket.sent == []
    outlet.flush()
    assert (socket.sent, socket.asked) == ([b"headbody"], False)


def test_a_lost_connection_is_left_for_the_reactor_to_find() -> None:
    socket = Socket(ConnectionLost())
    Outlet(socket).send(b"bytes")
    assert (socket.sent, socket.asked) == ([], True)


def test_nothing_is_sent_on_a_connection_that_is_closed() -> None:
    socket = Socket()
    outlet = Outlet(socket)
    socket.connected = 0
    outlet.send(b"bytes")
    outlet.flush()
    assert socket.sent == []


def test_another_transport_is_written_to_as_ever() -> None:
    transport = StringTransport()
    outlet = Outlet(transport)
    outlet.write(b"head")
    outlet.flush()
    outlet.send(b"body")
    assert transport.value() == b"headbody"


def test_tls_that_was_started_on_a_connection_is_not_passed_by() -> None:
    socket = Socket()
    socket.TLS = True
    written: list[bytes] = []
    socket.write = written.append  # type: ignore[method-assign]
    Outlet(socket).send(b"secret")
    assert (written, socket.sent) == ([b"secret"], [])
