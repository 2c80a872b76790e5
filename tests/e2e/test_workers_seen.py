"""Whichever worker shows a page, it shows the requests of all, and whoever guesses at one is known to the others."""

import contextlib
import io
import json
import os
import re
import select
import signal
from typing import Any

import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol
from twisted.internet.threads import deferToThread
from twisted.web.client import Agent, FileBodyProducer
from twisted.web.http_headers import Headers

from openaiproxy.wire.sse import Decoder
from tests.e2e.processes import Twistd, ask
from tests.e2e.test_process import EMBEDDED, JSON, Start, chat, start, stop
from tests.e2e.test_workers import begin, children, connections, ready

__all__ = ["start"]

TOKEN = "token-of-mine"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}


class Page(Protocol):
    """A page that watches, over a connection of its own."""

    def __init__(self, reactor: Any, port: int) -> None:
        self._reactor = reactor
        self._decoder = Decoder(1 << 24)
        self._wanted: list[tuple[Any, Deferred[None]]] = []
        self.requests: list[dict[str, Any]] = []
        self.states: list[dict[str, Any]] = []
        agent = Agent(reactor)
        url = f"http://127.0.0.1:{port}/status/events".encode()
        fields = Headers({name: [value] for name, value in ADMIN.items()})
        asked = agent.request(b"GET", url, fields)
        asked.addCallback(lambda answer: answer.deliverBody(self))

    def dataReceived(self, data: bytes) -> None:
        for record in self._decoder.feed(data):
            found = json.loads(record.data)
            if record.event == b"requests":
                self.requests += found
            elif record.event == b"state":
                self.states.append(found)
        for row in list(self._wanted):
            condition, seen = row
            if condition():
                self._wanted.remove(row)
                seen.callback(None)

    def until(self, condition: Any) -> "Deferred[None]":
        seen: Deferred[None] = Deferred()
        self._wanted.append((condition, seen))
        self.dataReceived(b"")
        return seen.addTimeout(20, self._reactor)

    @property
    def ids(self) -> list[str]:
        return [each["id"] for each in self.requests]

    def leave(self) -> None:
        assert self.transport is not None
        self.transport.loseConnection()


async def serve(start: Start, reactor: Any, *more: str) -> tuple[Twistd, int]:
    process = start(*EMBEDDED, "--workers", "2", *more, OPENAIPROXY_ADMIN_TOKEN=TOKEN)
    return process, await ready(process, 2)


async def shown(reactor: Any, port: int, path: str) -> str:
    status, body = await ask(reactor, port, path, ADMIN)
    assert (status, await body.whole()) == (200, True)
    return body.data.decode()


async def gone(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it is gone already
        descriptor = os.pidfd_open(pid)
        await deferToThread(select.select, [descriptor], [], [], 20)
        os.close(descriptor)


@pytest_twisted.ensureDeferred
async def test_every_page_is_told_live_of_all_workers_requests_rows_115_117(
    start: Start, real_reactor: Any
) -> None:
    process, port = await serve(start, real_reactor)
    pages: list[Page] = []
    while not all(connections(worker, port) for worker in children(process)):
        assert len(pages) < 16, "both workers have pages"
        pages.append(Page(real_reactor, port))
        await pages[-1].until(lambda: pages[-1].states)
    slow, served = chat("chunks=50,pace=0.1", stream=True), []
    for _ in range(8):
        _, body = await ask(real_reactor, port, "/v1/chat/completions", JSON, slow)
        await body.begun()
        served.append(body)
    for page in pages:
        await page.until(lambda page=page: page.states[-1]["ports"][0]["running"] == 8)
        assert page.states[-1]["ports"][0]["limit"] == 2 * 4096
    for body in served:
        assert await body.whole()
    for page in pages:
        await page.until(lambda page=page: len(page.requests) == 8)
        await page.until(lambda page=page: page.states[-1]["since"]["requests"] == 8)
        assert [each["number"] for each in page.requests] == list(range(1, 9))
        assert page.ids == pages[0].ids
        assert sum(each["requests"] for each in page.states[-1]["minutes"]) == 8
        page.leave()
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_the_last_requests_outlive_the_workers_that_served_them(
    start: Start, real_reactor: Any
) -> None:
    process, port = await serve(start, real_reactor)
    await begin(real_reactor, port, chat(), 6)
    for _ in range(4):
        page = await shown(real_reactor, port, "/log")
        assert "Request count: 6" in page, "whichever worker is asked"
        assert len(re.findall("POST /v1/chat/completions 200", page)) == 6
    [victim, survivor] = children(process)
    os.kill(victim, signal.SIGKILL)
    await process.wrote("another starts in 0.0 s")
    for _ in range(4):
        assert "Request count: 6" in await shown(real_reactor, port, "/log"), "once told, it stays"
    assert json.loads(await shown(real_reactor, port, "/metrics"))["requests_total"] >= 0
    await begin(real_reactor, port, chat(), 2)
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    await gone(survivor)
    for _ in range(4):
        assert "Request count: 8" in await shown(real_reactor, port, "/log"), "and over a reload"
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_metrics_that_were_told_do_not_fall_back_when_a_worker_is_killed(
    start: Start, real_reactor: Any
) -> None:
    process, port = await serve(start, real_reactor)
    await begin(real_reactor, port, chat(), 10)
    before = json.loads(await shown(real_reactor, port, "/metrics"))
    for victim in children(process):
        os.kill(victim, signal.SIGKILL)
    await process.wrote("1 ended (")
    for number in (1, 2):
        await process.wrote(f"worker {number} ended")
    after = json.loads(await shown(real_reactor, port, "/metrics"))
    assert after["requests_total"] == before["requests_total"] == 10
    assert after["uptime_seconds"] > before["uptime_seconds"]
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_bodies_are_shown_by_any_worker(start: Start, real_reactor: Any) -> None:
    process, port = await serve(start, real_reactor, "--payload-ring", "1MiB")
    await begin(real_reactor, port, chat(), 4)
    page = Page(real_reactor, port)
    await page.until(lambda: len(page.requests) == 4)
    for each in page.requests:
        assert each["kept"]
        for _ in range(4):
            path = f"/status/bodies?number={each['number']}&id={each['id']}"
            assert json.loads(await shown(real_reactor, port, path))["bodies"]
    page.leave()
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_a_guesser_has_no_more_tries_for_more_workers_and_none_anew_after_a_reload(
    start: Start, real_reactor: Any
) -> None:
    process, port = await serve(start, real_reactor)
    wrong = {"Authorization": "Bearer wrong-token-of-mine"}

    async def tried(fields: dict[str, str]) -> int:
        status, body = await ask(real_reactor, port, "/metrics", fields)
        await body.whole()
        return status

    async def guessed() -> int:
        status = await tried(wrong)
        # The other worker hears of it in the time of a few questions.
        for _ in range(4):
            _, body = await ask(real_reactor, port, "/health", {})
            await body.whole()
        return status

    statuses = [await guessed() for _ in range(20)]
    assert 5 <= statuses.count(401) < 10  # 10, if each worker counted for itself
    assert set(statuses[9:]) == {429}
    assert {await tried(ADMIN) for _ in range(6)} == {429}
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    assert {await tried(ADMIN) for _ in range(6)} == {429}
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_a_session_that_was_ended_is_over_at_all_workers(
    start: Start, real_reactor: Any
) -> None:
    process, port = await serve(start, real_reactor)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    signed = await Agent(real_reactor).request(
        b"POST",
        f"http://127.0.0.1:{port}/status".encode(),
        Headers({name: [value] for name, value in form.items()}),
        FileBodyProducer(io.BytesIO(f"token={TOKEN}".encode())),
    )
    [cookie] = signed.headers.getRawHeaders("set-cookie")
    session = {"Cookie": cookie.partition(";")[0]}

    async def looks(path: str, fields: dict[str, str], data: bytes | None = None) -> int:
        code, answer = await ask(real_reactor, port, path, fields, data)
        await answer.whole()
        return code

    assert {await looks("/status", session) for _ in range(6)} == {200}
    assert await looks("/status/sign-out", {**session, **form}, b"a=b") == 303
    assert [await looks("/status", session) for _ in range(8)][1:] == [401] * 7
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    assert {await looks("/status", session) for _ in range(6)} == {401}
    await stop(process)
