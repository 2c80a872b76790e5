"""Another configuration is taken over while requests run."""

import os
import socket
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet import reactor
from twisted.internet.endpoints import AdoptedStreamServerEndpoint
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.protocol import Factory
from twisted.web.client import ResponseFailed

from openaiproxy.errors import Misconfigured
from openaiproxy.presets import PRESETS
from openaiproxy.profile import (
    ClientAuth,
    ClientKey,
    Config,
    Credential,
    LogPolicy,
    Operator,
    Port,
    Profile,
)
from openaiproxy.web.binding import _Recorder
from openaiproxy.web.ports import Ports
from tests.web.test_ports import CHAT, EMBEDDED, LOOPBACK, client

GATEWAY = evolve(PRESETS["gateway"].profile, upstream=EMBEDDED)
LOCKED = evolve(GATEWAY, auth=ClientAuth(keys=(ClientKey("me", "the-key-of-mine"),)))
OTHER = "tcp:0:interface=127.0.0.2"


def config_of(*ports: tuple[str, Profile], drain: float = 5.0) -> Config:
    return Config(ports=tuple(Port(*each) for each in ports), drain=drain)


@pytest.fixture
def opened() -> Any:
    ports = Ports(
        reactor, config_of((LOOPBACK, GATEWAY)), salt=b"salt", payloads=lambda profile: None
    )
    ports.privilegedStartService()
    yield ports
    pytest_twisted.blockon(ports.stopService())


def url_of(ports: Ports, number: int = 0) -> str:
    address: Any = ports.addresses[number]
    return f"http://{address.host}:{address.port}/v1/chat/completions"


async def status_of(url: str) -> int:
    answer = await client().post(url, json=CHAT)
    await answer.content()
    return int(answer.code)


@pytest_twisted.ensureDeferred
async def test_a_request_under_way_goes_on_and_the_next_one_meets_the_new_values(
    opened: Ports,
) -> None:
    url = url_of(opened)
    slow = {**CHAT, "model": "gpt-4.1!pace=0.02"}
    running = await client().post(url, json=slow, unbuffered=True)
    opened.reload(config_of((LOOPBACK, LOCKED)))
    assert url_of(opened) == url, "the socket stays"
    assert await status_of(url) == 401
    assert (await running.content()).endswith(b"data: [DONE]\n\n")


@pytest_twisted.ensureDeferred
async def test_a_port_that_is_named_no_more_drains(opened: Ports) -> None:
    url = url_of(opened)
    slow = {**CHAT, "model": "gpt-4.1!pace=0.02"}
    running = await client().post(url, json=slow, unbuffered=True)
    opened.reload(config_of((OTHER, GATEWAY)))
    assert await status_of(url_of(opened)) == 200
    with pytest.raises(ConnectionRefusedError):
        await status_of(url)
    assert (await running.content()).endswith(b"data: [DONE]\n\n")


@pytest_twisted.ensureDeferred
async def test_what_drains_too_long_is_cut(opened: Ports) -> None:
    opened.reload(config_of((LOOPBACK, GATEWAY), drain=0.05))
    stalled = {**CHAT, "model": "gpt-4.1!stall=1"}
    running = await client().post(url_of(opened), json=stalled, unbuffered=True)
    opened.reload(config_of((OTHER, GATEWAY), drain=0.05))
    with pytest.raises(ResponseFailed):
        await running.content()


@pytest_twisted.ensureDeferred
async def test_stopping_waits_for_former_ports_too(opened: Ports) -> None:
    slow = {**CHAT, "model": "gpt-4.1!pace=0.02"}
    running = await client().post(url_of(opened), json=slow, unbuffered=True)
    opened.reload(config_of((OTHER, GATEWAY)))
    stopped = opened.stopService()
    assert not stopped.called
    assert (await running.content()).endswith(b"data: [DONE]\n\n")
    await stopped


@pytest_twisted.ensureDeferred
async def test_of_a_configuration_that_can_not_be_opened_nothing_is_taken(opened: Ports) -> None:
    url = url_of(opened)
    held = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
    taken = f"tcp:{held.getHost().port}:interface=127.0.0.1"
    with pytest.raises(Misconfigured, match="can't be opened"):
        opened.reload(config_of((OTHER, LOCKED), (LOOPBACK, LOCKED), (taken, LOCKED)))
    assert [url_of(opened, number) for number in range(len(opened.addresses))] == [url]
    assert await status_of(url) == 200
    await held.stopListening()


@pytest_twisted.ensureDeferred
async def test_row_41_a_port_that_stays_open_is_not_given_a_key_for_everyone_to_spend() -> None:
    keyed = evolve(LOCKED, credential=Credential(key="server-key"))
    ports = Ports(reactor, config_of(("tcp:0", keyed)), salt=b"salt", payloads=lambda profile: None)
    ports.privilegedStartService()
    with pytest.raises(Misconfigured, match="beyond loopback"):
        ports.reload(config_of(("tcp:0", evolve(keyed, auth=ClientAuth()))))
    assert await status_of(url_of(ports).replace("0.0.0.0", "127.0.0.1")) == 401
    await ports.stopService()


@pytest_twisted.ensureDeferred
async def test_what_did_not_change_keeps_what_it_learnt(opened: Ports) -> None:
    [before] = [each.port for each in opened._open]
    opened.reload(config_of((LOOPBACK, GATEWAY), drain=1.0))
    assert [each.port for each in opened._open] == [before]
    opened.reload(config_of((LOOPBACK, LOCKED)))
    assert [each.port for each in opened._open] != [before]


def test_asking_after_a_handed_socket_leaves_it_as_it_was() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        inode = os.fstat(listening.fileno()).st_ino
        recorder = _Recorder()
        AdoptedStreamServerEndpoint(recorder, listening.fileno(), socket.AF_INET).listen(Factory())
        recorder.restore()
        assert os.fstat(listening.fileno()).st_ino == inode
        assert recorder.hosts == ["127.0.0.1"]


@pytest_twisted.ensureDeferred
async def test_the_operators_port_and_token_come_and_go(opened: Ports) -> None:
    url = url_of(opened).replace("/v1/chat/completions", "/metrics")
    bearer = {"Authorization": "Bearer token-of-mine"}

    async def shown() -> bool:
        answer = await client().get(url, headers=bearer)
        return b"requests_total" in await answer.content()

    assert not await shown()
    one = config_of((LOOPBACK, GATEWAY))
    opened.reload(evolve(one, operator=Operator(OTHER, "token-of-mine")))
    assert await shown()
    first: Any = opened.operator_address
    answer = await client().get(f"http://127.0.0.2:{first.port}/metrics", headers=bearer)
    assert b"requests_total" in await answer.content()
    opened.reload(evolve(one, operator=Operator(OTHER, "another-token")))
    assert opened.operator_address == first
    assert not await shown()
    opened.reload(one)
    assert opened.operator_address is None
    with pytest.raises(ConnectionRefusedError):
        await client().get(f"http://127.0.0.2:{first.port}/metrics", headers=bearer)


@pytest_twisted.ensureDeferred
async def test_what_was_counted_goes_on_being_counted(opened: Ports) -> None:
    assert await status_of(url_of(opened)) == 200
    other = evolve(LOCKED, name="other")
    opened.reload(config_of((LOOPBACK, other)))
    assert await status_of(url_of(opened)) == 401
    text = opened.watch.metrics.text().decode()
    assert "openaiproxy_requests_total{" in text
    for profile in ("gateway", "other"):
        assert f'profile="{profile}"' in text


@pytest_twisted.ensureDeferred
async def test_who_looks_on_sees_the_ports_and_keeps_the_bodies_of_the_configuration_that_holds(
    opened: Ports,
) -> None:
    first, watch = opened.admin, opened.watch
    slow = {**CHAT, "model": "gpt-4.1!pace=0.02"}
    running = await client().post(url_of(opened), json=slow, unbuffered=True)
    keeping = evolve(LOCKED, log=LogPolicy(payload_ring=1000))
    with_token = Operator(token="another-token")
    opened.reload(evolve(config_of((LOOPBACK, keeping)), operator=with_token))
    assert [(port.profile, port.running()) for port in watch.ports] == [("gateway", 1)]
    assert set(watch.shelves) == {"gateway"}
    assert first.retired
    assert not opened.admin.retired
    opened.reload(config_of((LOOPBACK, GATEWAY)))
    assert watch.shelves == {}
    await running.content()
    assert [port.running() for port in watch.ports] == [0]
