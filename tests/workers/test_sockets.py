"""A socket that one process opened is accepted on by another; here both are one."""

import os
import pickle
import socket
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.protocol import Factory, Protocol

from openaiproxy.config.load import load
from openaiproxy.errors import Misconfigured
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Config, Port
from openaiproxy.workers.sockets import adopted, open_socket


class Accepting(Factory):
    """Notes its first connection."""

    noisy = False

    def __init__(self) -> None:
        self.connected: Deferred[Protocol] = Deferred()

    def buildProtocol(self, addr: Any) -> Protocol:
        protocol = Protocol()
        protocol.connectionMade = lambda: self.connected.callback(protocol)  # type: ignore[method-assign]
        return protocol


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("kind", ["tcp", "unix", "systemd"])
async def test_who_connects_before_anyone_accepts_waits(kind: str, tmp_path: Path) -> None:
    endpoint = f"unix:{tmp_path / 's'}" if kind == "unix" else "tcp:0:interface=127.0.0.1"
    opened = open_socket(reactor, endpoint)
    path = tmp_path / "s"
    client = socket.socket(opened.family)
    client.connect(str(path) if kind == "unix" else ("127.0.0.1", opened.port.getHost().port))
    described = "systemd:domain=INET:index=7" if kind == "systemd" else endpoint
    factory = Accepting()
    handed = adopted(reactor, described, os.dup(opened.descriptor), opened.family)
    listening = await handed.listen(factory)
    protocol: Any = await factory.connected.addTimeout(5, reactor)
    protocol.transport.abortConnection()
    client.close()
    await maybeDeferred(listening.stopListening)
    assert path.exists() is (kind == "unix"), "others still accept on it"
    await opened.close()


def test_what_can_not_be_opened_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
        with pytest.raises(Misconfigured, match="in use"):
            open_socket(reactor, endpoint)


@pytest.mark.parametrize("preset", PRESETS)
def test_a_configuration_goes_through_a_pipe(preset: str) -> None:
    config = Config(ports=(Port("tcp:0", PRESETS[preset].profile),), workers=None)
    assert pickle.loads(pickle.dumps(config)) == config


def test_a_loaded_configuration_goes_through_a_pipe(tmp_path: Path) -> None:
    config = load(
        {"aliases": "fast=gpt-5-mini:res-low", "upstream": "embedded"},
        {"OPENAIPROXY_CLIENT_KEYS": "me = a-key-of-mine"},
        lambda path: (_ for _ in ()).throw(FileNotFoundError()),
        tmp_path,
        lambda endpoint: ["127.0.0.1"],
        lambda host: [],
        lambda path: 0o600,
    )
    assert pickle.loads(pickle.dumps(config)) == evolve(config)
