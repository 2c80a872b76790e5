"""Socket buffers are bounded; what has no socket is left alone."""

import socket

from attrs import frozen
from twisted.internet.testing import StringTransport

from openaiproxy.upstream.buffers import BYTES, bound_receiving, bound_sending


@frozen
class Carrier:
    """A TCP transport, as far as its socket goes."""

    handle: socket.socket

    def getHandle(self) -> socket.socket:
        return self.handle


@frozen
class Wrapped:
    """A TLS transport on it."""

    transport: Carrier

    def getHandle(self) -> object:
        return object()


def test_both_directions_are_bounded_through_tls_too() -> None:
    with socket.socket() as plain, socket.socket() as under_tls:
        bound_sending(Carrier(plain))
        bound_receiving(Wrapped(Carrier(under_tls)))
        assert BYTES <= plain.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * BYTES
        assert under_tls.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) <= 2 * BYTES


def test_a_transport_in_memory_has_nothing_to_bound() -> None:
    bound_sending(StringTransport())
    bound_receiving(object())
