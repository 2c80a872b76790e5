"""Both hops in memory, nothing scripted: a real Agent, our Site, our upstream client, and the embedded upstream's Site,
with one fake clock."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from attrs import define, evolve, field
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.test import iosim
from twisted.web.client import Agent, ResponseFailed, readBody
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

from openaiproxy.presets import PRESETS
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.embedded.door import site as embedded_site
from openaiproxy.web.gate import Gate
from openaiproxy.web.port import OpenPort
from openaiproxy.web.site import Site
from openaiproxy.web.tree import build_tree
from tests.web.wiring import CHOSEN

pytestmark = pytest.mark.usefixtures("on_wire")

ADDRESS = IPv4Address("TCP", "127.0.0.1", 4567)


@implementer(IStreamClientEndpoint)
@define(eq=False)
class Wire:
    """Dials a server factory in memory."""

    factory: Any
    pumps: list[Any] = field(factory=list)

    def connect(self, protocolFactory: Any) -> "Deferred[Any]":
        server = self.factory.buildProtocol(ADDRESS)
        client = protocolFactory.buildProtocol(ADDRESS)
        self.pumps.append(
            iosim.connect(
                server, iosim.makeFakeServer(server), client, iosim.makeFakeClient(client)
            )
        )
        return succeed(client)


class House:
    """A caller, the passthrough port and the embedded upstream."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.up = Wire(embedded_site(self.clock))
        profile = evolve(PRESETS["passthrough"].profile, upstream=Upstream(base="", embedded=True))
        client = UpstreamClient(self.clock, profile.upstream, Timeouts(), self.up)
        gate = Gate(profile, loopback=True, salt=b"salt")
        port = OpenPort(profile, 4567, self.clock, client, gate)
        self.down = Wire(Site(build_tree(port), self.clock, wire=CHOSEN[-1]))
        places: Any = type("Places", (), {"endpointForURI": lambda _, uri: self.down})()
        self.agent = Agent.usingEndpointFactory(self.clock, places)

    def run(self) -> None:
        """Let bytes and time go on until nothing moves."""
        for _ in range(200):
            moved = [pump.pump() for wire in (self.down, self.up) for pump in wire.pumps]
            self.clock.advance(0.001)
            if not any(moved):
                break

    def ask(self, model: str) -> "Deferred[Any]":
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "hello"}]}
        headers = Headers({"Content-Type": ["application/json"]})
        asked = self.agent.request(
            b"POST", b"http://127.0.0.1:4567/v1/chat/completions", headers, _Said(body)
        )
        self.run()
        return asked


@implementer(IBodyProducer)
class _Said:
    """A JSON body that is at hand."""

    def __init__(self, value: object) -> None:
        self._data = json.dumps(value).encode()
        self.length = len(self._data)

    def startProducing(self, consumer: Any) -> "Deferred[None]":
        consumer.write(self._data)
        return succeed(None)

    def stopProducing(self) -> None:
        """Nothing is left to stop."""

    pauseProducing: Callable[[], None] = stopProducing
    resumeProducing: Callable[[], None] = stopProducing


def taken(deferred: "Deferred[Any]") -> Any:
    found: list[Any] = []
    deferred.addBoth(found.append)
    assert found, "it has not fired"
    return found[0]


def test_a_stream_passes_both_hops_whole() -> None:
    house = House()
    answer = taken(house.ask("gpt-4.1"))
    assert answer.code == 200
    body = readBody(answer)
    house.run()
    assert taken(body).endswith(b"data: [DONE]\n\n")


def test_a_stream_that_is_cut_upstream_is_cut_at_the_caller() -> None:
    house = House()
    answer = taken(house.ask("gpt-4.1!cut=2"))
    assert answer.code == 200
    body = readBody(answer)
    house.run()
    assert taken(body).check(ResponseFailed)


def test_silence_upstream_is_filled_between_events() -> None:
    house = House()
    answer = taken(house.ask("gpt-4.1!stall=2"))
    seen: list[bytes] = []
    answer.deliverBody(type("Taker", (_Taker,), {"seen": seen})())
    house.run()
    house.clock.advance(15.1)
    house.run()
    assert b"".join(seen).endswith(b": keepalive\n\n")


class _Taker:
    """Notes what it is given."""

    seen: list[bytes]

    def makeConnection(self, transport: Any) -> None:
        """Nothing to keep."""

    def dataReceived(self, data: bytes) -> None:
        self.seen.append(data)

    def connectionLost(self, reason: Any) -> None:
        """Not awaited."""
