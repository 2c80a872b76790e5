"""Two real processes that share one login, and are told what they need by the customary variables."""

import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.task import deferLater
from twisted.protocols.policies import WrappingFactory
from twisted.web.server import Site

from tests.e2e.codexhouse import Double
from tests.e2e.processes import Twistd, ask
from tests.upstream.login.home import jwt, login_of

ASKED = {"model": "gpt-5.5", "messages": [{"role": "user", "content": "Hi"}]}
FIELDS = {"Content-Type": "application/json", "X-Api-Key": "a-local-key"}


@asynccontextmanager
async def served(reactor: Any, double: Double) -> AsyncIterator[str]:
    behind = WrappingFactory(Site(double))
    port = reactor.listenTCP(0, behind, interface="127.0.0.1")
    try:
        yield f"http://127.0.0.1:{port.getHost().port}"
    finally:
        await port.stopListening()
        while behind.protocols:
            await deferLater(reactor, 0)


async def answered(reactor: Any, port: int) -> str:
    body = json.dumps(ASKED).encode()
    status, answer = await ask(reactor, port, "/v1/chat/completions", FIELDS, body)
    await answer.whole()
    assert status == 200, answer.data
    text: str = json.loads(answer.data)["choices"][0]["message"]["content"]
    return text


async def running(reactor: Any, port: int) -> int:
    """How many requests are under way at a proxy."""
    shown = {"Authorization": "Bearer an-admin-token"}
    _, answer = await ask(reactor, port, "/metrics/prometheus", shown)
    await answer.whole()
    [count] = re.findall(rb'requests_in_flight\{profile="codex"\} ([0-9.]+)', answer.data)
    return int(float(count))


@pytest_twisted.ensureDeferred
@pytest.mark.parametrize("left", [-1, 60], ids=["expired", "expiring"])
async def test_two_proxies_over_one_login_make_one_refresh_rows_38_and_40_defects_5_10_5_and_8(
    real_reactor: Any, tmp_path: Path, left: int
) -> None:
    """Issue 6, proof 1: 200 requests at once. Until all of them are under way, the token endpoint doesn't answer."""
    double = Double(jwt("0", time.time() + left))
    double.slow = True
    file = tmp_path / "auth.json"
    file.write_text(json.dumps(login_of(double.access)))
    file.chmod(0o600)
    empty = tmp_path / "empty"
    empty.mkdir()
    async with served(real_reactor, double) as origin:
        environment = {
            "CODEX_HOME": str(tmp_path),
            "CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{origin}/oauth/token",
            "CODEX_PROXY_PORT": "0",
            "CODEX_PROXY_API_KEY": "a-local-key",
            "CODEX_PROXY_SERVICE_TIER": "priority",
            "OPENAIPROXY_ADMIN_TOKEN": "an-admin-token",
        }
        told = ["openaiproxy", "--profile", "codex", "--backend", f"{origin}/backend-api/codex"]
        proxies = [Twistd(real_reactor, told, environment, empty) for _ in range(2)]
        try:
            ports = await gatherResults([Deferred.fromCoroutine(one.ready()) for one in proxies])
            asked = [
                Deferred.fromCoroutine(answered(real_reactor, port))
                for _ in range(100)
                for port in ports
            ]
            await double.asked
            # While the token is still good, nobody waits for the next one.
            while left < 0 and sum([await running(real_reactor, port) for port in ports]) < 200:
                pass
            double.slow = False
            double.go_on()
            assert await gatherResults(asked) == ["Hello there."] * 200
            assert not any(b"a-local-key" in one.command_line for one in proxies)
        finally:
            for one in proxies:
                one.signal("TERM")
            await gatherResults([one.ended() for one in proxies])
    assert (double.refreshes, double.calls) == (1, 1)
    assert json.loads(file.read_text())["tokens"]["refresh_token"] == "rt-1"
    assert {seen.body["service_tier"] for seen in double.seen} == {"priority"}
    assert not any(double.access in one.output for one in proxies)
