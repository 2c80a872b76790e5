"""Writes that leave at once, instead of in the reactor's next turn.

A transport of Twisted's keeps what is written and asks the reactor to be told when the socket can
take it. It nearly always can, so that asking costs two changes of the reactor's set, one event and
one turn, for nothing. An :class:`Outlet` tries first, and leaves to the transport whatever the
socket did not take, with all that follows from it: order, backpressure, the loss of the connection.

Only a TCP transport is treated so, through its public methods. Any other is written to as usual.
"""

from typing import Any

from twisted.internet.tcp import Connection

__all__ = ["Outlet"]


class Outlet:
    """The way out of one connection. All that is written to the transport goes through it.

    :param transport: one on which nothing is waiting to be written.
    """

    __slots__ = ("_clear", "_direct", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._direct = isinstance(transport, Connection) and not transport.TLS
        self._clear = self._direct  # whether the transport holds nothing

    def write(self, data: bytes) -> None:
        """Write with the next turn, together with what else is written until then."""
        self._clear = False
        self._transport.write(data)

    def send(self, data: bytes) -> None:
        """Write at once."""
        if self._clear and self._transport.connected:
            sent = self._transport.writeSomeData(data)
            if sent == len(data):
                return
            if isinstance(sent, int) and sent > 0:
                data = data[sent:]
        self.write(data)

    def flush(self) -> None:
        """Let out what was written and is still held, as far as the socket takes it."""
        transport = self._transport
        if self._direct and not self._clear and transport.connected:
            # What goes wrong here goes wrong again in the reactor's turn, and is dealt with there.
            transport.doWrite()
            self._clear = not transport.dataBuffer
