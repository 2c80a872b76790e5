"""The balancers' files are what the balancers themselves take, and what they promise is seen where one is installed."""

import json
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import DeferredList, ensureDeferred
from twisted.internet.task import deferLater

from openaiproxy.config.settings import SETTINGS
from tests.e2e.processes import Twistd
from tests.e2e.test_process import Start, chat, start
from tests.e2e.test_workers import asked

__all__ = ["start"]

BALANCER = Path(__file__).parents[2] / "deploy" / "balancer"
pytestmark = pytest.mark.skipif(not BALANCER.exists(), reason="deploy/ stands beside the tests")
needs_haproxy = pytest.mark.skipif(shutil.which("haproxy") is None, reason="needs haproxy")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def balancer(tmp_path: Path) -> Iterator[Any]:
    """Starts HAProxy before some ports; gives its own port."""
    running: list[subprocess.Popen[bytes]] = []

    def begin(*ports: int) -> int:
        own = free_port()
        text = (BALANCER / "haproxy.cfg").read_text()
        text = re.sub(r"    bind .*", f"    bind 127.0.0.1:{own}", text)
        text = re.sub(r"    server .*\n", "", text).replace("maxconn 20000", "maxconn 100")
        text += "".join(f"    server s{port} 127.0.0.1:{port}\n" for port in ports)
        path = tmp_path / "haproxy.cfg"
        path.write_text(text)
        running.append(subprocess.Popen(["haproxy", "-db", "-f", str(path)]))
        return own

    yield begin
    for each in running:
        each.kill()
        each.wait()


@needs_haproxy
@pytest_twisted.ensureDeferred
async def test_of_two_behind_haproxy_one_stops_and_starts_and_no_request_is_lost(
    start: Start, real_reactor: Any, balancer: Any
) -> None:
    ports = [free_port(), free_port()]

    def begin(port: int) -> Twistd:
        listen = f"gateway=haproxy:tcp:{port}:interface=127.0.0.1"
        return start("--listen", listen, "--upstream", "embedded")

    first, second = begin(ports[0]), begin(ports[1])
    await DeferredList([process.wrote(" listens on ") for process in (first, second)])
    own = balancer(*ports)
    for _ in range(200):  # it is starting
        found = await asked(real_reactor, own, chat())
        if found[0] == 200:
            break
        await deferLater(real_reactor, 0.05)
    assert found[0] == 200, found

    slow = chat("chunks=30,pace=0.03", stream=True)
    statuses: list[tuple[int, bool]] = []

    async def load(until: Any) -> None:
        while not until.called:
            status, whole, _ = await asked(real_reactor, own, chat())
            statuses.append((status, whole))

    streams = DeferredList([ensureDeferred(asked(real_reactor, own, slow)) for _ in range(8)])
    first.signal("TERM")
    ended = first.ended()
    await DeferredList([ensureDeferred(load(ended)) for _ in range(4)], fireOnOneErrback=True)
    again = begin(ports[0]).wrote(" listens on ")
    await DeferredList([ensureDeferred(load(again)) for _ in range(4)], fireOnOneErrback=True)
    for _, (status, whole, data) in await streams:
        assert (status, whole, data[-14:]) == (200, True, b"data: [DONE]\n\n")
    assert set(statuses) == {(200, True)}
    assert len(statuses) > 8


@needs_haproxy
def test_haproxy_takes_its_file(tmp_path: Path) -> None:
    text = (BALANCER / "haproxy.cfg").read_text()
    path = tmp_path / "haproxy.cfg"
    path.write_text(text.replace(" ssl crt /etc/haproxy/proxy.pem alpn h2,http/1.1", ""))
    ended = subprocess.run(
        ["haproxy", "-c", "-f", str(path)], capture_output=True, text=True, timeout=20, check=False
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")
def test_nginx_takes_its_file(tmp_path: Path) -> None:
    text = (BALANCER / "nginx.conf").read_text()
    text = re.sub(r"    ssl_certificate.*\n", "", text).replace("443 ssl", "127.0.0.1:44300")
    path = tmp_path / "nginx.conf"
    path.write_text(f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{text}}}\n")
    command = ["nginx", "-t", "-e", "stderr", "-p", str(tmp_path), "-c", str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 0, ended.stderr


def test_the_manifests_variables_exist_and_its_patience_is_longer_than_the_drain() -> None:
    text = (BALANCER / "kubernetes.yaml").read_text()
    pairs = dict(re.findall(r"name: (OPENAIPROXY_\w+), value: \"?([^\"}]+)", text))
    assert set(pairs) <= {setting.variable for setting in SETTINGS}
    grace = int(re.findall(r"terminationGracePeriodSeconds: (\d+)", text)[0])
    waits = int(json.loads(re.findall(r"command: (\[.*?\])", text)[0])[1])
    assert grace > int(pairs["OPENAIPROXY_DRAIN"]) + waits
