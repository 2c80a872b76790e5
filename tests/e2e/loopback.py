"""The stand-in and one port of ours before it, over loopback, in one reactor."""

from typing import Any

import pytest_twisted
from attrs import define, field
from twisted.internet.task import deferLater
from twisted.protocols.policies import WrappingFactory

from openaiproxy.presets import PRESETS
from openaiproxy.profile import Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.embedded.door import site as embedded_site
from openaiproxy.web.gate import Gate
from openaiproxy.web.port import OpenPort
from openaiproxy.web.site import Site
from openaiproxy.web.tree import build_tree

__all__ = ["Loopback"]


@define(eq=False)
class Loopback:
    """Both, running.

    :param stand_in: its site.
    :param number: the TCP port of ours.
    """

    _reactor: Any
    stand_in: Any
    number: int = 0
    _port: OpenPort = field(init=False)
    _open: list[Any] = field(factory=list, init=False)
    _factories: list[WrappingFactory] = field(factory=list, init=False)

    @classmethod
    def start(cls, reactor: Any, preset: str = "gateway") -> "Loopback":
        """Open them, on ports that the system chooses."""
        self = cls(reactor, embedded_site(reactor))
        base = f"http://127.0.0.1:{self._listen(self.stand_in)}"
        profile = PRESETS[preset].profile
        client = UpstreamClient(reactor, Upstream(base=base), profile.timeouts)
        gate = Gate(profile, loopback=True, salt=b"salt")
        self._port = OpenPort(profile, 0, reactor, client, gate)
        self.number = self._listen(Site(build_tree(self._port), reactor))
        return self

    def _listen(self, site: Any) -> int:
        self._factories.append(WrappingFactory(site))
        self._open.append(self._reactor.listenTCP(0, self._factories[-1], interface="127.0.0.1"))
        return int(self._open[-1].getHost().port)

    def stop(self) -> None:
        """Close them, and wait until nothing of them is left. Blocks."""
        for each in self._open:
            pytest_twisted.blockon(each.stopListening())
        self._port.cut_all("stopped")
        pytest_twisted.blockon(self._port.client.close())
        while any(factory.protocols for factory in self._factories):
            pytest_twisted.blockon(deferLater(self._reactor, 0))
