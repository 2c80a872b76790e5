"""The login over real sockets, with threads, and among real processes that share its file."""

import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import ProcessProtocol
from twisted.web.server import Site

import openaiproxy
from openaiproxy.codex.account import Account
from openaiproxy.codex.refusals import refusal
from openaiproxy.codex.requests import fit_request
from openaiproxy.errors import Unavailable
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.gather import gather
from openaiproxy.upstream.login.login import Login, open_login
from openaiproxy.upstream.outgoing import Outgoing

from .backend import Backend
from .home import HOUR, bearer, jwt, login_of

pytestmark = pytest.mark.usefixtures("nothing_unhandled")
reactor: Any = global_reactor
PROGRAM = Path(__file__).with_name("process.py")
PATIENCE = 60


@asynccontextmanager
async def served(backend: Backend) -> AsyncIterator[str]:
    """:return: the origin at which it is served."""
    endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
    port: Any = await endpoint.listen(Site(backend))
    try:
        yield f"http://127.0.0.1:{port.getHost().port}"
    finally:
        await port.stopListening()


def write_login(folder: Path, left: float) -> Path:
    path = folder / "auth.json"
    path.write_text(json.dumps(login_of(jwt("0", time.time() + left), "rt-0"), indent=2))
    path.chmod(0o600)
    return path


def login_at(origin: str, path: Path) -> Login:
    account = Account(
        str(path),
        refresh_url=f"{origin}/oauth/token",
        backend_base=f"{origin}/backend-api/codex",
    )
    return open_login(reactor, account, Upstream(), Timeouts())


class Child(ProcessProtocol):
    """One process over a login.

    :ivar ready: fires when it is ready for :meth:`begin`.
    :ivar asking: fires when it waits for its tokens.
    :ivar told: fires with what it said at its end; with ``None`` if it died first.
    """

    def __init__(self, origin: str, path: Path, step: str = "") -> None:
        self.ready: Deferred[None] = Deferred()
        self.asking: Deferred[None] = Deferred()
        self.told: Deferred[Any] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self.errors = b""
        self._output = b""
        source = Path(openaiproxy.__file__).parents[1]
        command = [sys.executable, str(PROGRAM), str(path), f"{origin}/oauth/token", step]
        self._process = reactor.spawnProcess(
            self, command[0], command, {"PYTHONPATH": str(source), "PYTHONDONTWRITEBYTECODE": "1"}
        )
        for waited in (self.ready, self.asking, self.told, self.ended):
            waited.addTimeout(PATIENCE, reactor)

    def begin(self) -> None:
        self._process.write(b"go\n")

    def kill(self) -> None:
        self._process.signalProcess("KILL")

    def outReceived(self, data: bytes) -> None:
        self._output += data
        for line, said in ((b"ready\n", self.ready), (b"asking\n", self.asking)):
            if line in self._output and not said.called:
                said.callback(None)

    def errReceived(self, data: bytes) -> None:
        self.errors += data

    def processEnded(self, reason: Any) -> None:
        lines = self._output.splitlines()
        assert lines[:1] == [b"ready"], self.errors
        self.told.callback(json.loads(lines[2]) if len(lines) > 2 else None)
        self.ended.callback(None)


@pytest_twisted.ensureDeferred
async def test_two_processes_make_one_refresh(tmp_path: Path) -> None:
    """Pitfall 73: 200 requests, two processes, one expired token."""
    backend = Backend()
    backend.slow = True
    path = write_login(tmp_path, left=-1)
    async with served(backend) as origin:
        children = [Child(origin, path) for _ in range(2)]
        await gatherResults([child.ready for child in children])
        for child in children:
            child.begin()
        await gatherResults([child.asking for child in children])
        await backend.asked
        backend.slow = False
        backend.go_on()
        told = await gatherResults([child.told for child in children])
    assert [one["spent"] for one in told] == [[f"Bearer {backend.access}"]] * 2
    assert sorted(one["refreshed"] for one in told) == [0, 1]
    assert (backend.calls, backend.refreshes) == (1, 1)
    found = json.loads(path.read_text())
    assert found["tokens"]["refresh_token"] == backend.refresh
    assert found["future"] == login_of("")["future"]
    assert path.stat().st_mode & 0o777 == 0o600


@pytest_twisted.ensureDeferred
async def test_killed_before_the_grant_nothing_was_spent(tmp_path: Path) -> None:
    """Pitfall 73: a place for the new tokens is there, and empty."""
    backend = Backend()
    backend.slow = True
    path = write_login(tmp_path, left=-1)
    before = path.read_bytes()
    async with served(backend) as origin:
        dies = Child(origin, path)
        await dies.ready
        dies.begin()
        await backend.asked
        assert len(list(tmp_path.glob(".auth.json.*.next"))) == 1
        dies.kill()
        assert await dies.told is None
        assert path.read_bytes() == before
        backend.slow = False
        login = login_at(origin, path)
        assert bearer(await login.credential()) == backend.access
        await login.close()
    assert backend.refreshes == 1
    assert sorted(os.listdir(tmp_path)) == ["auth.json", "auth.json.lock"]


@pytest.mark.parametrize("step", ["written", "fsync", "replace", "folder"])
@pytest_twisted.ensureDeferred
async def test_killed_at_a_step_of_the_rewrite_nothing_is_lost(tmp_path: Path, step: str) -> None:
    """Pitfall 73."""
    backend = Backend()
    path = write_login(tmp_path, left=-1)
    async with served(backend) as origin:
        dies = Child(origin, path, step)
        await dies.ready
        dies.begin()
        assert await dies.told is None
        assert json.loads(path.read_text())["tokens"]["refresh_token"] in ("rt-0", "rt-1")
        login = login_at(origin, path)
        spent = await login.credential()
        assert bearer(spent) == backend.access
        again = await login.renewed(spent)
        assert again is not None
        await login.close()
    assert (backend.calls, backend.refreshes) == (2, 2)
    assert json.loads(path.read_text())["tokens"]["refresh_token"] == backend.refresh
    assert sorted(os.listdir(tmp_path)) == ["auth.json", "auth.json.lock"]


@pytest_twisted.ensureDeferred
async def test_killed_within_the_writing_the_file_stays_readable(tmp_path: Path) -> None:
    """The new token was nowhere but in that process: the login is over, and says so. That one call is what remains;
    nothing that waits stands before it."""
    backend = Backend()
    path = write_login(tmp_path, left=-1)
    before = path.read_bytes()
    async with served(backend) as origin:
        dies = Child(origin, path, "write")
        await dies.ready
        dies.begin()
        assert await dies.told is None
        assert path.read_bytes() == before
        login = login_at(origin, path)
        with pytest.raises(Unavailable, match="refresh_token_reused"):
            await login.credential()
        await login.close()
    assert sorted(os.listdir(tmp_path)) == ["auth.json", "auth.json.lock"]


@pytest_twisted.ensureDeferred
async def test_a_refused_token_is_renewed_and_the_request_asked_again(tmp_path: Path) -> None:
    """Pitfalls 73 and 74, as an exchange does it."""
    backend = Backend()
    path = write_login(tmp_path, left=HOUR)
    asked = {"model": "gpt-5.4", "input": "Hi", "temperature": 0.5, "max_output_tokens": 9}
    body = json.dumps(fit_request(asked).body).encode()
    async with served(backend) as origin:
        login = login_at(origin, path)
        spent = await login.credential()
        client = UpstreamClient(reactor, Upstream(spent.origin), Timeouts())
        target = spent.prefix + b"/responses"
        answer = await client.fetch(b"POST", target, spent.over([]), Outgoing(body))
        assert answer.status == 401
        answer.abort()
        spent = await login.renewed(spent)
        assert spent is not None
        answer = await client.fetch(b"POST", target, spent.over([]), Outgoing(body))
        assert answer.status == 200
        assert b"response.completed" in await gather(answer, reactor, limit=9999, idle=9)
        backend.page = True
        answer = await client.fetch(b"POST", target, spent.over([]), Outgoing(body))
        page = await gather(answer, reactor, limit=9999, idle=9)
        understood = refusal(answer.status, answer.headers, page, time.time())
        assert understood is not None
        assert understood.page
        await client.close()
        await login.close()
    assert backend.refreshes == 1


@pytest.mark.parametrize("verdict", [(500, ""), (401, "refresh_token_expired")])
@pytest_twisted.ensureDeferred
async def test_a_token_endpoint_that_fails_is_told(tmp_path: Path, verdict: Any) -> None:
    backend = Backend()
    backend.verdict = verdict
    path = write_login(tmp_path, left=-1)
    before = path.read_bytes()
    async with served(backend) as origin:
        login = login_at(origin, path)
        with pytest.raises(Unavailable) as raised:
            await login.credential()
        await login.close()
    expected = "login_refresh_failed" if verdict[0] == 500 else "login_expired"
    assert raised.value.code == expected
    assert path.read_bytes() == before
