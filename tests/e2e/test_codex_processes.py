"""Two real processes that share one login, and are told what they need by the customary variables."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

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


@pytest_twisted.ensureDeferred
async def test_two_proxies_over_one_login_make_one_refresh_defects_5_10_5_and_8(
    real_reactor: Any, tmp_path: Path
) -> None:
    double = Double(jwt("0", time.time() - 1))
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
        }
        told = ["openaiproxy", "--profile", "codex", "--backend", f"{origin}/backend-api/codex"]
        proxies = [Twistd(real_reactor, told, environment, empty) for _ in range(2)]
        try:
            ports = await gatherResults([Deferred.fromCoroutine(one.ready()) for one in proxies])
            asked = [
                Deferred.fromCoroutine(answered(real_reactor, port))
                for _ in range(10)
                for port in ports
            ]
            assert await gatherResults(asked) == ["Hello there."] * 20
            assert not any(b"a-local-key" in one.command_line for one in proxies)
        finally:
            for one in proxies:
                one.signal("TERM")
            await gatherResults([one.ended() for one in proxies])
    assert (double.refreshes, double.calls) == (1, 1)
    assert json.loads(file.read_text())["tokens"]["refresh_token"] == "rt-1"
    assert {seen.body["service_tier"] for seen in double.seen} == {"priority"}
    assert not any(double.access in one.output for one in proxies)
