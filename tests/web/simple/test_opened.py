"""An open port with the simplified endpoints: its two upstreams, and its idle connections."""

from typing import Any

import pytest
import pytest_twisted
import treq
from attrs import evolve
from twisted.internet import reactor
from twisted.web.client import Agent, HTTPConnectionPool

from openaiproxy.presets import PRESETS
from openaiproxy.profile import ClientAuth, ClientKey, Config, Port, Simple, Upstream
from openaiproxy.upstream.embedded.door import site as stand_in
from openaiproxy.web.ports import Ports
from openaiproxy.web.site import Site
from tests.web.simple.asked import KEY, OWN
from tests.web.wiring import request, wire

LOOPBACK = "tcp:0:interface=127.0.0.1"


@pytest_twisted.ensureDeferred
async def test_openai_and_anthropic_are_two_upstreams_row_22() -> None:
    sites = [stand_in(reactor) for _ in range(2)]
    listening: list[Any] = [reactor.listenTCP(0, each, interface="127.0.0.1") for each in sites]
    openai, anthropic = (Upstream(f"http://127.0.0.1:{at.getHost().port}") for at in listening)
    profile = evolve(
        PRESETS["simple"].profile,
        auth=ClientAuth((ClientKey("alice", KEY),)),
        upstream=openai,
        simple=Simple(anthropic=anthropic, anthropic_key="sk-ant"),
    )
    config = Config((Port(LOOPBACK, profile), Port(LOOPBACK, profile)))
    ports = Ports(reactor, config, salt=b"salt", payloads=lambda profile: None)
    ports.privilegedStartService()
    agent = Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False))
    client = treq.client.HTTPClient(agent)
    message = {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": []}
    message["messages"] = [{"role": "user", "content": "Hi"}]
    try:
        for address in ports.addresses:
            base = f"http://127.0.0.1:{address.port}"
            own = {**OWN, "openai_api_key": "sk-mine", "model": "gpt-4.1", "input": "Hi"}
            for path, body in (("/openai2", own), ("/anthropic", {**OWN, **message})):
                answer = await client.post(base + path, json=body)
                assert (answer.code, bool(await answer.content())) == (200, True)
    finally:
        await ports.stopService()
        for at in listening:
            await at.stopListening()
    seen = [[each.target for each in site.tally.recent] for site in sites]
    assert seen == [["/v1/responses"] * 2, ["/v1/messages"] * 2]


@pytest.mark.parametrize(("seconds", "closed"), [(64, False), (66, True)])
def test_an_idle_connection_is_closed_after_its_own_time_row_102(
    seconds: int, closed: bool
) -> None:
    wired = wire("simple")
    idle = wired.profile.timeouts.client_idle
    wired.site = Site(wired.site.resource, wired.clock, idle=idle)
    client = wired.client().send(request("GET", "/health"))
    assert b"200 OK" in client.received()
    wired.clock.advance(seconds)
    assert client.transport.disconnecting is closed
