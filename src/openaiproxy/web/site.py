"""One port's HTTP server: Twisted's ``Site`` on one of two wires, and a list of open connections.

``ours`` is :mod:`openaiproxy.web.connection`, on llhttp, which takes the package ``httptools``; ``twisted`` is
:mod:`openaiproxy.web.channel`, on Twisted's own parser. Resources see the same of either.
"""

from collections.abc import Callable
from email.utils import formatdate
from time import time
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IDelayedCall, IReactorTime
from twisted.web.resource import IResource, getChildForRequest
from twisted.web.server import Site as TwistedSite

from openaiproxy.errors import BadRequest
from openaiproxy.profile import WIRE
from openaiproxy.upstream.buffers import bound_sending
from openaiproxy.web.channel import Channel
from openaiproxy.web.framing import IDLE_SECONDS
from openaiproxy.web.twisted_request import TwistedRequest

__all__ = ["FRESH_SECONDS", "OURS", "TWISTED", "Site"]

#: What a connection without a request has, when its port closes, to send one.
FRESH_SECONDS = 1.0

OURS, TWISTED = "ours", "twisted"


class Site(TwistedSite):
    """The factory of one port's connections.

    :param resource: the root of the port's tree; may be set later, before a request comes.
    :param clock: for every timer of its connections.
    :param wire: ``ours`` or ``twisted``; the former by default where it can be.
    :param on_refused: called with the peer's address and the error when a request is refused before it
        is one; gives its id.
    :param idle: seconds that a connection stays open between two requests.
    """

    protocol = Channel  # type: ignore[assignment]
    noisy = False
    displayTracebacks = False

    def __init__(
        self,
        resource: IResource | None,
        clock: IReactorTime,
        on_refused: Callable[[str, BadRequest], str] | None = None,
        wire: str = WIRE,
        idle: float = IDLE_SECONDS,
    ) -> None:
        super().__init__(resource, requestFactory=TwistedRequest, timeout=idle, reactor=clock)
        self._make = _connections(wire)
        self._date_at, self._date = 0, b""
        self.clock = clock
        #: Set when the port is closing: connections then end with their current answer.
        self.draining = False
        self._channels: set[Any] = set()
        self._patience: IDelayedCall | None = None
        self.on_refused = on_refused
        self._emptied: list[Deferred[None]] = []

    def buildProtocol(self, addr: IAddress | None) -> Any:
        """One client's connection."""
        return super().buildProtocol(addr) if self._make is None else self._make(self)

    def acceptableProtocols(self) -> list[bytes]:
        """What TLS may settle on: neither wire speaks HTTP/2."""
        return [b"http/1.1"]

    def getResourceFor(self, request: Any) -> IResource:
        """Find the Resource that a request is for."""
        request.site, request.sitepath = self, []
        resource: IResource = getChildForRequest(self.resource, request)
        return resource

    def date(self) -> bytes:
        """The ``Date`` field of this second, with its line end."""
        now = int(time())
        if now != self._date_at:
            self._date_at = now
            self._date = b"Date: " + formatdate(now, usegmt=True).encode("ascii") + b"\r\n"
        return self._date

    def opened(self, channel: Any) -> None:
        """A client connected."""
        self._channels.add(channel)
        bound_sending(channel.transport)

    def closed(self, channel: Any) -> None:
        """A client's connection is gone."""
        self._channels.discard(channel)
        if not self._channels:
            if self._patience is not None and self._patience.active():
                self._patience.cancel()
            waiting, self._emptied = self._emptied, []
            for emptied in waiting:
                emptied.callback(None)

    def emptied(self) -> "Deferred[None]":
        """:returns: fires with ``None`` when no connection is open."""
        emptied: Deferred[None] = Deferred()
        if self._channels:
            self._emptied.append(emptied)
        else:
            emptied.callback(None)
        return emptied

    def refused(self, channel: Any, error: BadRequest) -> str:
        """A request is being refused by the channel.

        :returns: the id that it has in the log.
        """
        if self.on_refused is None:
            return "-"
        return self.on_refused(str(getattr(channel.getPeer(), "host", "")), error)

    def drain(self) -> None:
        """Close every connection after its answer, and those that are idle in a moment: a request may be on its way,
        and nobody would send it again. One that comes by then is answered, and closes its connection in order."""
        self.draining = True
        if self._channels:
            self._patience = self.clock.callLater(FRESH_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        for channel in list(self._channels):
            channel.close_idle()

    def cut(self) -> None:
        """Close every connection at once."""
        for channel in list(self._channels):
            channel.abort()

    # Twisted's access log and its clock aren't used: one line per request is written by ``openaiproxy.ops``.

    def startFactory(self) -> None:
        """Nothing to open."""

    def stopFactory(self) -> None:
        """Nothing to close."""

    def log(self, request: Any) -> None:
        """Nothing to write."""


def _connections(wire: str) -> "Callable[[Site], Any] | None":
    """What makes a connection on a wire; ``None`` where Twisted's factory does.

    :raises ImportError: for ours, where ``httptools`` isn't installed.
    """
    if wire == TWISTED:
        return None
    from openaiproxy.web.connection import Connection

    return Connection
