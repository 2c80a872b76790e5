"""The ports that the clients meet: ``gateway``, before an upstream of each dialect.

::

    client -> gateway -> the stand-in, as one that speaks Responses
                         ... Chat ... Messages ... Responses and Chat

The stand-in speaks everything; which part of it a port asks is what its profile says.
"""

import os
from typing import Any

from attrs import define, evolve, frozen
from twisted.internet.task import deferLater
from twisted.protocols.policies import WrappingFactory

from openaiproxy.bridging import Amendments
from openaiproxy.presets import GATEWAY
from openaiproxy.profile import Config, Port, Profile, Upstream
from openaiproxy.upstream.embedded.door import site
from openaiproxy.web.ports import Ports

__all__ = ["SPEAKS", "House", "Place", "open_house"]

SPEAKS: dict[str, tuple[str, ...]] = {
    "responses": ("responses",),
    "chat": ("chat",),
    "messages": ("messages",),
    "both": ("responses", "chat"),
}
"""What the upstreams speak, by the name of the column."""


@frozen
class Place:
    """One upstream, as clients meet it.

    :param url: of ``gateway`` as it comes, without ``/v1``.
    :param shown: of one that asks for summaries of what models think, as Chat's callers can't.
    """

    name: str
    url: str
    shown: str

    def thinker(self, caller: str) -> str:
        """A model that shows its thoughts there. OpenAI's don't in Chat, other makers' do."""
        asked = caller if caller in SPEAKS[self.name] else SPEAKS[self.name][0]
        names = {"responses": "gpt-5", "chat": "deepseek-reasoner", "messages": "claude-a"}
        return names[asked]


@define(eq=False)
class House:
    """All of it, running."""

    places: dict[str, Place]
    _ports: Ports
    _behind: WrappingFactory
    _listening: Any
    _reactor: Any

    async def close(self) -> None:
        """Stop it, from the callers' side on."""
        await self._ports.stopService()
        await self._listening.stopListening()
        while self._behind.protocols:
            await deferLater(self._reactor, 0)


def open_house(reactor: Any) -> House:
    """Open it, on ports that the system chooses."""
    behind = WrappingFactory(site(reactor))
    listening = reactor.listenTCP(0, behind, interface="127.0.0.1")
    base = f"http://127.0.0.1:{listening.getHost().port}"
    profiles = [
        profile
        for name, speaks in SPEAKS.items()
        for profile in _profiles(name, Upstream(base, speaks=speaks))
    ]
    opened = tuple(Port("tcp:0:interface=127.0.0.1", profile) for profile in profiles)
    ports = Ports(
        reactor, Config(opened, drain=0.0), salt=os.urandom(32), payloads=lambda profile: None
    )
    ports.privilegedStartService()
    ports.startService()
    urls = [f"http://127.0.0.1:{address.port}" for address in ports.addresses]
    pairs = zip(urls[::2], urls[1::2], strict=True)
    places = {n: Place(n, url, shown) for n, (url, shown) in zip(SPEAKS, pairs, strict=True)}
    return House(places, ports, behind, listening, reactor)


def _profiles(name: str, upstream: Upstream) -> tuple[Profile, Profile]:
    plain = evolve(GATEWAY.profile, name=f"gateway-{name}", upstream=upstream)
    bridging = evolve(plain.bridging, amendments=Amendments(summary="auto"))
    return plain, evolve(plain, name=f"shown-{name}", bridging=bridging)
