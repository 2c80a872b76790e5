"""How much the kernel holds of a stream: a bound on the socket buffers that it would otherwise let grow.

A client that stops reading stops its upstream only when every buffer between them is full. Left to itself, Linux lets
each socket's grow to several megabytes, for every stalled stream. Half a megabyte still carries tens of megabytes a
second over a long line.
"""

import socket
from typing import Any

__all__ = ["BYTES", "bound_receiving", "bound_sending"]

#: What is asked for; Linux gives twice that, for its own book-keeping.
BYTES = 512 * 1024


def bound_receiving(transport: Any) -> None:
    """Bound what the kernel takes from the peer ahead of us."""
    _bound(transport, socket.SO_RCVBUF)


def bound_sending(transport: Any) -> None:
    """Bound what the kernel takes from us ahead of the peer."""
    _bound(transport, socket.SO_SNDBUF)


def _bound(transport: Any, option: int) -> None:
    """Does nothing to what has no socket, as in memory."""
    carrier = getattr(transport, "transport", None) or transport  # TLS stands on a TCP transport
    handle = getattr(carrier, "getHandle", lambda: None)()
    if isinstance(handle, socket.socket):
        handle.setsockopt(socket.SOL_SOCKET, option, BYTES)
