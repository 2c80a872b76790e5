"""Whether a client whose bytes aren't being read is still there.

A paused connection is taken out of the reactor's poll, so neither its end nor a reset is told until it
reads again. While an upload is held back by its upstream, the kernel is asked instead, once a second, for
the connection's state.
"""

import socket
from typing import Any

__all__ = ["PERIOD", "has_left"]

#: Seconds between two looks.
PERIOD = 1.0
# tcp_states.h: the peer has closed (or reset) its side. TCP_INFO begins with the state, one byte (tcp(7)).
_CLOSE, _CLOSE_WAIT = 7, 8


def has_left(transport: Any) -> bool:
    """Whether the kernel knows that the peer has closed; false where it can't be asked."""
    carrier = getattr(transport, "transport", None) or transport  # TLS stands on a TCP transport
    handle = getattr(carrier, "getHandle", lambda: None)()
    if not isinstance(handle, socket.socket) or not hasattr(socket, "TCP_INFO"):
        return False
    if handle.family not in (socket.AF_INET, socket.AF_INET6):
        return False
    state = handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state in (_CLOSE, _CLOSE_WAIT)
