"""The way out to one client: written at once where the kernel takes it.

While many requests are under way, that waits for the end of the present turn
(:mod:`openaiproxy.upstream.turn`).

Twisted's transports write in the reactor's next turn, and ask it to be told of that turn and to be told no more. What a
client's socket has room for is handed over in the same turn here, which saves all three. What the kernel doesn't take
is left to the transport, and so is everything after it until the transport has nothing left; meanwhile whoever
produces the answer is paused. Transports without that way (TLS, and those in memory) get everything, and tell
when they have too much.
"""

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IPullProducer
from twisted.internet.tcp import Connection
from zope.interface import implementer

from openaiproxy.upstream.turn import HELD, Turn

__all__ = ["Outlet", "way_out"]


def way_out(transport: Any) -> Callable[[bytes], Any] | None:
    """How bytes are handed to the kernel past a transport's own buffer.

    Asked of the class: what wraps a connection (TLS does) hands on attributes that it has not, and what is written
    to the one below it would leave as it is.
    """
    bare = isinstance(transport, Connection) and not transport.TLS
    return transport.writeSomeData if bare else None


@implementer(IPullProducer)
class _Emptied:
    """Told by a transport each time that it has nothing left to write."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._begun = False

    def resumeProducing(self) -> None:
        """Called once at registration, when nothing has been written yet."""
        begun, self._begun = self._begun, True
        if begun:
            self._call()

    def stopProducing(self) -> None:
        """The connection's protocol is told as well."""


class Outlet:
    """What is written to one client.

    :param transport: its connection.
    :param at_once: takes bytes and tells how many the kernel took; ``None`` where there is no such way.
    :param pause: called when nothing more should be written for now.
    :param resume: called when it may be again.
    :param turn: knows when writes are better let out together; ``None`` where they never are.
    """

    def __init__(
        self,
        transport: Any,
        at_once: Callable[[bytes], Any] | None,
        pause: Callable[[], None],
        resume: Callable[[], None],
        turn: Turn | None = None,
    ) -> None:
        self._transport = transport
        self._pause = pause
        self._resume = resume
        self._at_once = at_once
        self._turn = turn
        #: What waits for the turn's end.
        self._held = b""
        #: Whether the transport still holds bytes.
        self.behind = False
        self._closed = False

    @property
    def tells(self) -> bool:
        """Whether the transport has to be told to report when it has too much."""
        return self._at_once is None

    def write(self, data: bytes) -> None:
        """Write, in order; nothing after :meth:`close`."""
        if self._closed:
            return
        if self._held:
            self._held += data
            if len(self._held) > HELD:
                # Who writes until told to pause has to be told.
                self._release()
        elif len(data) <= HELD and self._may_wait():
            self._held = data
        else:
            self._send(data)

    def _may_wait(self) -> bool:
        turn = self._turn
        return turn is not None and not self.behind and turn.waits(self._release)

    def _release(self) -> None:
        data, self._held = self._held, b""
        if data:
            self._send(data)

    def _send(self, data: bytes) -> None:
        if self._at_once is None or self.behind:
            self._transport.write(data)
            return
        # Not a number where the connection is broken, which the transport will find out and tell.
        took = self._at_once(data)
        if took != len(data):
            self._fall_behind(data[took:] if isinstance(took, int) else data)

    def close(self) -> None:
        """Nothing is written from here on; what was is still sent."""
        self._release()
        self._closed = True
        if self.behind:
            self._transport.unregisterProducer()

    def drop(self) -> None:
        """The connection is gone: nothing of what waits here can be sent."""
        self._held = b""
        self.close()

    def _fall_behind(self, rest: bytes) -> None:
        self.behind = True
        self._transport.registerProducer(_Emptied(self._caught_up), False)
        self._transport.write(rest)
        self._pause()

    def _caught_up(self) -> None:
        self.behind = False
        self._transport.unregisterProducer()
        self._resume()
