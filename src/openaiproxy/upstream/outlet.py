"""Writes that leave at once, instead of in the reactor's next turn.

A transport of Twisted's keeps what is written and asks the reactor to be told when the socket can
take it. It nearly always can, so that asking costs two changes of the reactor's set, one event and
one turn, for nothing. An :class:`Outlet` tries first, and leaves to the transport whatever the
socket did not take, with all that follows from it: order, backpressure, the loss of the connection.

While many requests are under way, what would leave at once waits for the end of the present turn instead
(:mod:`openaiproxy.upstream.turn`).

Only a TCP transport is treated so, through its public methods. Any other is written to as usual.
"""

from typing import Any

from twisted.internet.tcp import Connection

from openaiproxy.upstream.turn import HELD, Turn

__all__ = ["Outlet"]


class Outlet:
    """The way out of one connection. All that is written to the transport goes through it.

    :param transport: one on which nothing is waiting to be written.
    :param turn: knows when writes are better let out together; ``None`` where they never are.
    """

    __slots__ = ("_clear", "_direct", "_held", "_transport", "_turn")

    def __init__(self, transport: Any, turn: Turn | None = None) -> None:
        self._transport = transport
        self._direct = isinstance(transport, Connection) and not transport.TLS
        self._clear = self._direct  # whether the transport holds nothing
        self._turn = turn if self._direct else None
        self._held = b""  # what waits for the turn's end

    def write(self, data: bytes) -> None:
        """Write with the next turn, together with what else is written until then."""
        if self._held:
            self._hold(data)
            return
        self._clear = False
        self._transport.write(data)

    def send(self, data: bytes) -> None:
        """Write at once, or at the end of the turn where that pays."""
        if self._held or (len(data) <= HELD and self._may_wait()):
            self._hold(data)
        else:
            self._send(data)

    def _hold(self, data: bytes) -> None:
        self._held += data
        if len(self._held) > HELD:
            self._release()

    def _may_wait(self) -> bool:
        return self._turn is not None and self._clear and self._turn.waits(self._release)

    def _release(self) -> None:
        data, self._held = self._held, b""
        if data:
            self._send(data)

    def _send(self, data: bytes) -> None:
        if self._clear and self._transport.connected:
            sent = self._transport.writeSomeData(data)
            if sent == len(data):
                return
            if isinstance(sent, int) and sent > 0:
                data = data[sent:]
        self.write(data)

    def drop(self) -> None:
        """The connection is given up: what waits for the turn's end stays here."""
        self._held = b""

    def flush(self) -> None:
        """Let out what was written and is still held, as far as the socket takes it."""
        self._release()
        transport = self._transport
        if self._direct and not self._clear and transport.connected:
            # What goes wrong here goes wrong again in the reactor's turn, and is dealt with there.
            transport.doWrite()
            self._clear = not transport.dataBuffer
