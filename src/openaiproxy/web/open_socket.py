"""One socket that is open, and the port that its next request is for: that may be another one after a reload."""

from attrs import define, evolve, field
from twisted.internet.interfaces import IListeningPort
from twisted.web.resource import Resource

from openaiproxy.ops.seen import Port
from openaiproxy.web.addresses import is_loopback
from openaiproxy.web.port import OpenPort
from openaiproxy.web.site import Site
from openaiproxy.web.tree import build_tree

__all__ = ["OpenSocket"]


@define(eq=False)
class OpenSocket:
    """One open socket with all that belongs to it.

    :ivar port: whose the next request is.
    :ivar former: ports that it had under earlier configurations, as long as requests of theirs run.
    """

    endpoint: str
    listening: IListeningPort
    site: Site
    port: OpenPort | None = None
    former: list[OpenPort] = field(factory=list)

    def give(self, port: OpenPort, root: Resource | None = None) -> None:
        """From now on, requests are this port's.

        :param root: of its tree, where it isn't that of a port for callers.
        """
        if port is self.port:
            return
        if self.port is not None:
            self.former = [each for each in (*self.former, self.port) if each.running]
        self.port = port
        self.site.resource = root or build_tree(port)
        self.site.on_refused = port.note_refused
        # Of connections that are opened from now on.
        self.site.timeOut = port.profile.timeouts.client_idle

    @property
    def is_near(self) -> bool:
        """Whether it can be reached from this machine only."""
        host = getattr(self.listening.getHost(), "host", None)
        return host is None or is_loopback(host)

    @property
    def running(self) -> int:
        """Requests under way."""
        return sum(port.running for port in (self.port, *self.former) if port is not None)

    def seen(self, port: OpenPort) -> Port:
        """The socket as somebody who looks at it sees it; what runs of its past is counted, too.

        :param port: what it does.
        """
        return evolve(port.seen(), running=lambda: self.running)

    def cut(self) -> None:
        """End what still runs, now."""
        for port in (self.port, *self.former):
            if port is not None:
                port.cut_all("drained")
        self.site.cut()
