"""A client that leaves while its upload is held back is noticed all the same."""

import socket
from collections.abc import Iterator

import pytest
from attrs import define, frozen
from twisted.internet.testing import StringTransport

from openaiproxy.web.body import HELD
from openaiproxy.web.presence import PERIOD, has_left
from tests.web.wiring import request, wire

pytestmark = pytest.mark.usefixtures("on_wire")


@frozen
class Carrier:
    """A TCP transport, as far as its socket goes."""

    handle: socket.socket

    def getHandle(self) -> socket.socket:
        return self.handle


@define
class Pair:
    """Both ends of a connection on loopback."""

    ours: socket.socket
    theirs: socket.socket


@pytest.fixture
def pair() -> Iterator[Pair]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        theirs = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
        yield Pair(ours, theirs)
        ours.close()
        theirs.close()


def test_a_peer_that_closed_behind_unread_bytes_has_left(pair: Pair) -> None:
    pair.theirs.sendall(b"unread")
    assert not has_left(Carrier(pair.ours))
    pair.theirs.close()
    assert has_left(Carrier(pair.ours))


def test_what_has_no_tcp_socket_is_taken_to_be_there() -> None:
    assert not has_left(StringTransport())
    one, other = socket.socketpair()
    with one, other:
        other.close()
        assert not has_left(Carrier(one))


def test_a_held_back_upload_ends_when_its_client_has_left(pair: Pair) -> None:
    wired = wire()
    client = wired.client()
    client.transport.getHandle = lambda: pair.ours
    client.transport.abortConnection = client.lose
    client.send(request("POST", "/v1/files", f"Content-Length: {HELD * 9}"))
    wired.upstream.asked[0].body.pauseProducing()
    wired.clock.advance(PERIOD)
    assert not wired.lines
    pair.theirs.close()
    wired.clock.advance(PERIOD)
    assert [line["ending"] for line in wired.lines] == ["client-gone"]
    assert wired.upstream.asked[0].cancelled
    assert not wired.clock.getDelayedCalls()
