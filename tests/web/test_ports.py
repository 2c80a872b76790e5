"""Ports as a service, on loopback: opened together or not at all, drained together."""

from typing import Any

import pytest
import pytest_twisted
import treq
from attrs import evolve
from twisted.internet import reactor
from twisted.internet.protocol import Factory
from twisted.logger import LogEvent, Logger, globalLogPublisher
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.events import NAMESPACE, Events
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Config, Credential, Limits, Operator, Port, Upstream
from openaiproxy.web.addresses import is_loopback
from openaiproxy.web.binding import bind_hosts, resolve
from openaiproxy.web.ports import Ports
from tests.web.wiring import CHOSEN

pytestmark = pytest.mark.usefixtures("on_wire")

EMBEDDED = Upstream(base="", embedded=True)
LOOPBACK = "tcp:0:interface=127.0.0.1"
CHAT = {"model": "gpt-4.1", "stream": True, "messages": [{"role": "user", "content": "hello"}]}


def ports_of(*endpoints: str, drain: float = 5.0, **changes: Any) -> Ports:
    profile = evolve(PRESETS["gateway"].profile, upstream=EMBEDDED, **changes)
    config = Config(
        ports=tuple(Port(endpoint, profile) for endpoint in endpoints), drain=drain, wire=CHOSEN[-1]
    )
    return Ports(reactor, config, salt=b"salt", payloads=lambda profile: None)


def client() -> treq.client.HTTPClient:
    return treq.client.HTTPClient(
        Agent(reactor, pool=HTTPConnectionPool(reactor, persistent=False))
    )


@pytest_twisted.ensureDeferred
async def test_several_ports_answer_in_one_process_row_132() -> None:
    ports = ports_of(LOOPBACK, LOOPBACK)
    ports.privilegedStartService()
    try:
        for address in ports.addresses:
            answer = await client().post(
                f"http://127.0.0.1:{address.port}/v1/chat/completions", json=CHAT
            )
            assert answer.code == 200
            assert (await answer.content()).endswith(b"data: [DONE]\n\n")
    finally:
        await ports.stopService()


@pytest_twisted.ensureDeferred
async def test_stopping_lets_a_running_answer_finish() -> None:
    ports = ports_of(LOOPBACK)
    ports.privilegedStartService()
    url = f"http://127.0.0.1:{ports.addresses[0].port}/v1/chat/completions"
    slow = {**CHAT, "model": "gpt-4.1!pace=0.02"}
    answer = await client().post(url, json=slow, unbuffered=True)
    stopped = ports.stopService()
    assert not stopped.called
    assert (await answer.content()).endswith(b"data: [DONE]\n\n")
    await stopped


@pytest_twisted.ensureDeferred
async def test_what_does_not_finish_in_time_is_cut() -> None:
    ports = ports_of(LOOPBACK, drain=0.05)
    ports.privilegedStartService()
    url = f"http://127.0.0.1:{ports.addresses[0].port}/v1/chat/completions"
    answer = await client().post(url, json={**CHAT, "model": "gpt-4.1!stall=1"}, unbuffered=True)
    await ports.stopService()
    with pytest.raises(ResponseFailed):
        await answer.content()


@pytest_twisted.ensureDeferred
async def test_one_port_that_can_not_be_opened_leaves_none_open() -> None:
    held = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
    taken = f"tcp:{held.getHost().port}:interface=127.0.0.1"
    ports = ports_of(LOOPBACK, taken)
    with pytest.raises(Misconfigured, match=r"can't be opened"):
        ports.privilegedStartService()
    assert ports.addresses == []
    await held.stopListening()
    await ports.stopService()


@pytest_twisted.ensureDeferred
async def test_a_key_is_not_spent_beyond_loopback_without_client_keys_row_41() -> None:
    ports = ports_of("tcp:0", credential=Credential(key="server-key"))
    with pytest.raises(Misconfigured, match="beyond loopback"):
        ports.privilegedStartService()
    assert ports.addresses == []
    await ports.stopService()


@pytest.mark.parametrize(
    ("endpoint", "hosts"),
    [
        ("tcp:4567", [""]),
        ("tcp:4567:interface=127.0.0.1", ["127.0.0.1"]),
        ("tcp6:4567:interface=\\:\\:1", ["::1"]),
        ("haproxy:tcp:4567:interface=127.0.0.1", ["127.0.0.1"]),
        ("unix:/tmp/none.sock", ["unix"]),
    ],
)
def test_what_an_endpoint_binds_is_known_before_it_opens(endpoint: str, hosts: list[str]) -> None:
    assert bind_hosts(endpoint) == hosts


@pytest.mark.parametrize(
    "endpoint", ["nonsense:1", "tcp", "tcp:x", "tcp:99999", "ssl:443:privateKey=/nowhere/key.pem"]
)
def test_what_is_no_endpoint_is_said(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not an endpoint"):
        bind_hosts(endpoint)


def test_an_adopted_socket_tells_its_address() -> None:
    import socket

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        from openaiproxy.web.binding import _Recorder

        recorder = _Recorder()
        recorder.adoptStreamPort(listening.fileno(), socket.AF_INET, None)
        recorder.adoptStreamPort(listening.fileno(), socket.AF_UNIX, None)
        assert recorder.hosts == ["127.0.0.1", "unix"]


def test_names_resolve_to_addresses() -> None:
    assert "127.0.0.1" in resolve("127.0.0.1")


@pytest.mark.parametrize(
    ("host", "is_one"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_addresses(host: str, is_one: bool) -> None:
    assert is_loopback(host) is is_one


def operated(listen: str, token: str | None = None) -> Ports:
    profile = evolve(PRESETS["gateway"].profile, upstream=EMBEDDED)
    config = Config(
        ports=(Port(LOOPBACK, profile), Port(LOOPBACK, profile)),
        operator=Operator(listen, token),
        drain=5.0,
    )
    return Ports(reactor, config, salt=b"salt", payloads=lambda profile: None)


@pytest_twisted.ensureDeferred
async def test_the_operators_port_sees_all_ports_and_stays_until_the_end_rows_111_114() -> None:
    ports = operated(LOOPBACK)
    ports.privilegedStartService()
    address: Any = ports.operator_address
    base = f"http://127.0.0.1:{address.port}"
    for each in ports.addresses:
        url = f"http://127.0.0.1:{each.port}/v1/chat/completions"  # type: ignore[attr-defined]
        await (await client().post(url, json={**CHAT, "stream": False})).content()
    ready = await (await client().get(f"{base}/ready")).json()
    assert ready["ok"] is True
    assert len(ready["ports"]) == 2
    assert (await (await client().get(f"{base}/metrics")).json())["requests_total"] == 2
    slow = {**CHAT, "model": "gpt-4.1!pace=0.02"}
    answer = await client().post(url, json=slow, unbuffered=True)
    stopped = ports.stopService()
    draining = await client().get(f"{base}/ready")
    assert draining.code == 503
    assert await draining.json() == {"ok": False, "error": "draining"}
    assert not stopped.called
    await answer.content()
    await stopped


@pytest_twisted.ensureDeferred
async def test_the_operators_port_beyond_loopback_without_a_token_opens_nothing() -> None:
    ports = operated("tcp:0:interface=0.0.0.0")
    with pytest.raises(Misconfigured, match="no admin token"):
        ports.privilegedStartService()
    guarded = operated("tcp:0:interface=0.0.0.0", "operators-token")
    guarded.privilegedStartService()
    address: Any = guarded.operator_address
    answer = await client().get(f"http://127.0.0.1:{address.port}/metrics")
    assert answer.code == 401
    await answer.content()
    await guarded.stopService()


@pytest_twisted.ensureDeferred
async def test_callers_are_served_where_the_operators_port_is_taken() -> None:
    taken = reactor.listenTCP(0, Factory(), interface="127.0.0.1")
    ports = operated(f"tcp:{taken.getHost().port}:interface=127.0.0.1")
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)
    try:
        ports.privilegedStartService()
    finally:
        globalLogPublisher.removeObserver(events.append)
    assert ports.operator_address is None
    assert len(ports.addresses) == 2
    assert [event for event in events if "no port for the operator" in event["log_format"]]
    await ports.stopService()
    await taken.stopListening()


@pytest_twisted.ensureDeferred
async def test_start_and_stop_are_told() -> None:
    told: list[LogEvent] = []
    profile = evolve(PRESETS["gateway"].profile, upstream=EMBEDDED)
    config = Config(ports=(Port(LOOPBACK, profile), Port(LOOPBACK, profile)))
    events = Events(Logger(namespace=NAMESPACE, observer=told.append))
    ports = Ports(reactor, config, salt=b"salt", payloads=lambda profile: None, events=events)
    ports.privilegedStartService()
    await ports.stopService()
    assert [each["event"] for each in told] == [
        "proxy.server.started",
        "proxy.server.stopping",
        "proxy.server.stopped",
    ]
    assert told[0]["fields"]["ports"] == 2
    assert told[1]["fields"]["running"] == 0


@pytest_twisted.ensureDeferred
async def test_a_caller_has_one_bucket_at_all_ports_of_a_profile_row_99() -> None:
    ports = ports_of(LOOPBACK, LOOPBACK, limits=Limits(rate=1.0, burst=1))
    ports.privilegedStartService()
    try:
        codes = []
        for address in ports.addresses:
            answer = await client().post(
                f"http://127.0.0.1:{address.port}/v1/chat/completions", json=CHAT
            )
            codes.append(answer.code)
            await answer.content()
        assert codes == [200, 429]
    finally:
        await ports.stopService()
