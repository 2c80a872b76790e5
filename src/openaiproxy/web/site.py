"""One port's HTTP server: Twisted's ``Site`` with our channel and request, and a list of open connections."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.web.resource import IResource
from twisted.web.server import Site as TwistedSite

from openaiproxy.errors import BadRequest
from openaiproxy.upstream.buffers import bound_sending
from openaiproxy.web.channel import IDLE_SECONDS, Channel
from openaiproxy.web.request import Request

__all__ = ["Site"]


class Site(TwistedSite):
    """The factory of one port's connections.

    :param resource: the root of the port's tree; may be set later, before a request comes.
    :param clock: for every timer of its connections.
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
        idle: float = IDLE_SECONDS,
    ) -> None:
        super().__init__(resource, requestFactory=Request, timeout=idle, reactor=clock)
        self.clock = clock
        #: Set when the port is closing: connections then end with their current answer.
        self.draining = False
        self._channels: set[Channel] = set()
        self.on_refused = on_refused
        self._emptied: list[Deferred[None]] = []

    def opened(self, channel: Channel) -> None:
        """A client connected."""
        self._channels.add(channel)
        bound_sending(channel.transport)

    def closed(self, channel: Channel) -> None:
        """A client's connection is gone."""
        self._channels.discard(channel)
        if not self._channels:
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

    def refused(self, channel: Channel, error: BadRequest) -> str:
        """A request is being refused by the channel.

        :returns: the id that it has in the log.
        """
        if self.on_refused is None:
            return "-"
        return self.on_refused(str(getattr(channel.getPeer(), "host", "")), error)

    def drain(self) -> None:
        """Close idle connections, and the others after their answers."""
        self.draining = True
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
