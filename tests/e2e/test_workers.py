"""Several processes on one port: the load is theirs, the port is the parent's, and none of it is lost on the way."""

import contextlib
import http.client
import json
import os
import re
import select
import signal
from pathlib import Path
from threading import Event
from typing import Any

import pytest_twisted
from twisted.internet.defer import DeferredList, ensureDeferred
from twisted.internet.threads import deferToThread

from tests.e2e.processes import Twistd, ask
from tests.e2e.test_process import EMBEDDED, JSON, Start, chat, start, stop, stopped
from tests.e2e.test_reloading import CONFIG

__all__ = ["start"]


async def ready(process: Twistd, count: int) -> int:
    """Wait until all workers serve; the port."""
    for number in range(1, count + 1):
        await process.wrote(f"{number}: [openaiproxy.ports#info] gateway listens on ")
    return process.ports()[0]


def children(process: Twistd) -> list[int]:
    pid = process.pid
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def connections(pid: int, port: int) -> int:
    """How many of a port's connections a process has."""
    ours = {
        fields[9]
        for fields in map(str.split, Path("/proc/net/tcp").read_text().splitlines()[1:])
        if fields[1].endswith(f":{port:04X}") and fields[3] == "01"
    }
    links = (os.readlink(each) for each in Path(f"/proc/{pid}/fd").iterdir())
    return sum(link.removeprefix("socket:[").removesuffix("]") in ours for link in links)


async def asked(reactor: Any, port: int, question: bytes) -> tuple[int, bool, bytes]:
    try:
        status, body = await ask(reactor, port, "/v1/chat/completions", JSON, question)
        return status, await body.whole(), body.data
    except Exception as error:
        return 0, False, repr(error).encode()


def begin(reactor: Any, port: int, question: bytes, times: int) -> "DeferredList":
    return DeferredList(
        [ensureDeferred(asked(reactor, port, question)) for _ in range(times)],
        fireOnOneErrback=True,
    )


@pytest_twisted.ensureDeferred
async def test_workers_answer_share_what_is_embedded_and_end_with_their_answers(
    start: Start, real_reactor: Any, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    process = start(*EMBEDDED, "--workers", "2", "--log-file", str(log), "--log-format", "json")
    port = await ready(process, 2)
    assert len(children(process)) == 2
    for _ in range(8):
        body = json.dumps({"model": "gpt-4.1", "input": "hi"}).encode()
        status, answer = await ask(real_reactor, port, "/v1/responses", JSON, body)
        assert (status, await answer.whole()) == (200, True)
        found = json.loads(answer.data)["id"]
        status, answer = await ask(real_reactor, port, f"/v1/responses/{found}", {})
        assert (status, await answer.whole()) == (200, True), "whichever worker is asked"
    slow = chat("chunks=20,pace=0.02", stream=True)
    _, running = await ask(real_reactor, port, "/v1/chat/completions", JSON, slow)
    await running.begun()
    process.signal("TERM")
    assert await running.whole()
    assert running.data.endswith(b"data: [DONE]\n\n")
    await stopped(process)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert sum(line.get("path", "").startswith("/v1/responses") for line in lines) == 16
    events = [line["event"] for line in lines if line["from"] == "openaiproxy.events"]
    assert events.count("proxy.server.started") == 2
    told = [line["message"] for line in lines if "proxy.server." in line.get("message", "")]
    assert told == [], "each worker's events stand there once"


@pytest_twisted.ensureDeferred
async def test_a_killed_worker_takes_its_own_requests_only_and_is_replaced(
    start: Start, real_reactor: Any
) -> None:
    process = start(*EMBEDDED, "--workers", "2")
    port = await ready(process, 2)
    slow, running = chat("chunks=40,pace=0.05", stream=True), []
    for _ in range(12):
        _, body = await ask(real_reactor, port, "/v1/chat/completions", JSON, slow)
        await body.begun()
        running.append(body)
    shares = {worker: connections(worker, port) for worker in children(process)}
    assert sum(shares.values()) == 12
    victim, survivor = sorted(shares, key=lambda worker: shares[worker], reverse=True)
    os.kill(victim, signal.SIGKILL)
    await process.wrote("another starts in 0.0 s")
    ends = [await body.whole() for body in running]
    assert ends.count(False) == shares[victim] > 0
    quick = [row for _, row in await begin(real_reactor, port, chat(), 12)]
    assert [(status, whole) for status, whole, _ in quick] == [(200, True)] * 12
    assert survivor in children(process)
    assert len(children(process)) == 2
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_a_rolling_replacement_under_load_loses_nothing(
    start: Start, real_reactor: Any
) -> None:
    process = start(*EMBEDDED, "--workers", "2")
    port = await ready(process, 2)
    before = set(children(process))
    long = begin(real_reactor, port, chat("chunks=40,pace=0.05", stream=True), 4)
    process.signal("HUP")
    reloaded = process.wrote("the configuration is reloaded")
    statuses = []
    while not reloaded.called:
        statuses += [row for _, row in await begin(real_reactor, port, chat(), 4)]
    await reloaded
    assert {(status, whole) for status, whole, _ in statuses} == {(200, True)}
    for _, (status, whole, data) in await long:
        assert (status, whole, data[-14:]) == (200, True, b"data: [DONE]\n\n")
    assert len(set(children(process)) - before) == 2
    await stop(process)


def keep_asking(port: int, over: Event) -> list[str]:
    """One caller that keeps its connection as long as it is kept: what went wrong, of all that it asked."""
    wrong, connection = [], http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    while not over.is_set():
        try:
            connection.request("POST", "/v1/chat/completions", chat(stream=True), JSON)
            response = connection.getresponse()
            whole = response.read().endswith(b"data: [DONE]\n\n")
            if response.status != 200 or not whole:
                wrong.append(f"{response.status}, whole: {whole}")
        except Exception as error:
            wrong.append(repr(error))
            connection.close()
    connection.close()
    return wrong


@pytest_twisted.ensureDeferred
async def test_a_rolling_replacement_loses_nothing_on_connections_that_are_kept(
    start: Start, real_reactor: Any
) -> None:
    process, over = start(*EMBEDDED, "--workers", "2"), Event()
    port = await ready(process, 2)
    before = set(children(process))
    callers = DeferredList([deferToThread(keep_asking, port, over) for _ in range(4)])
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    for worker in before:
        with contextlib.suppress(ProcessLookupError):  # it is gone already
            descriptor = os.pidfd_open(worker)
            await deferToThread(select.select, [descriptor], [], [], 20)
            os.close(descriptor)
    over.set()
    assert [wrong for _, wrong in await callers] == [[]] * 4
    lines = process.output.count("POST /v1/chat/completions 200 complete")
    assert lines > 16, "under load"
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_without_their_parent_workers_end(start: Start, real_reactor: Any) -> None:
    process = start(*EMBEDDED, "--workers", "1")
    port = await ready(process, 1)
    [worker] = children(process)
    slow = chat("chunks=10,pace=0.02", stream=True)
    _, running = await ask(real_reactor, port, "/v1/chat/completions", JSON, slow)
    await running.begun()
    os.kill(process.pid, signal.SIGKILL)
    await process.ended()
    await running.whole()
    with contextlib.suppress(ProcessLookupError):  # it is gone already
        descriptor = os.pidfd_open(worker)
        assert select.select([descriptor], [], [], 20)[0], "it ends after its answers"
        os.close(descriptor)


@pytest_twisted.ensureDeferred
async def test_keys_are_in_no_workers_arguments_or_lines(start: Start, real_reactor: Any) -> None:
    process = start(*EMBEDDED, "--workers", "1", OPENAIPROXY_CLIENT_KEYS="me = never-to-be-shown")
    await ready(process, 1)
    [worker] = children(process)
    assert b"never-to-be-shown" not in Path(f"/proc/{worker}/cmdline").read_bytes()
    await stop(process)
    assert "never-to-be-shown" not in process.output
    assert re.search(r"listens on 127\.0\.0\.1:\d+", process.output)


@pytest_twisted.ensureDeferred
async def test_metrics_are_those_of_all_workers_also_after_they_were_replaced(
    start: Start, real_reactor: Any
) -> None:
    process = start(*EMBEDDED, "--workers", "2", OPENAIPROXY_ADMIN_TOKEN="token-of-mine")
    port = await ready(process, 2)

    async def total() -> int:
        headers = {"Authorization": "Bearer token-of-mine"}
        status, body = await ask(real_reactor, port, "/metrics", headers)
        assert (status, await body.whole()) == (200, True)
        return int(json.loads(body.data)["requests_total"])

    await begin(real_reactor, port, chat(), 10)
    assert [await total() for _ in range(6)] == [10] * 6, "whichever worker is asked"
    before = set(children(process))
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    for worker in before:
        with contextlib.suppress(ProcessLookupError):  # it is gone already
            descriptor = os.pidfd_open(worker)
            await deferToThread(select.select, [descriptor], [], [], 20)
            os.close(descriptor)
    assert await total() == 10
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_what_workers_could_not_open_keeps_the_parent_from_starting(
    start: Start, tmp_path: Path
) -> None:
    process = start(*EMBEDDED, "--workers", "1", "--payload-log", str(tmp_path / "none" / "log"))
    assert await process.ended() == 1
    assert "payload file" in process.output
    assert "Traceback" not in process.output


@pytest_twisted.ensureDeferred
async def test_a_reload_gives_all_workers_the_new_keys_and_refuses_a_bad_file(
    start: Start, real_reactor: Any, tmp_path: Path
) -> None:
    keys, config = tmp_path / "keys", tmp_path / "proxy.toml"
    keys.write_text("one = the-first-key")
    keys.chmod(0o600)
    config.write_text("workers = 2\n" + CONFIG.format(keys=keys))
    process = start("--config", str(config))
    await process.wrote("2: [openaiproxy.ports#info] team listens on ")
    port = process.ports()[0]

    async def statuses(key: str) -> set[int]:
        caller = {**JSON, "X-API-Key": key}
        found = set()
        for _ in range(6):
            code, body = await ask(real_reactor, port, "/v1/chat/completions", caller, chat())
            await body.whole()
            found.add(code)
        return found

    assert await statuses("the-first-key") == {200}
    keys.write_text("two = the-second-key")
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    assert await statuses("the-second-key") == {200}
    before = children(process)
    for count in ("0", "3"):
        config.write_text(f"workers = {count}\n" + CONFIG.format(keys=keys))
        process.signal("HUP")
        await process.wrote(f"stays: workers: from 2 to {count} takes a restart")
    assert await statuses("the-second-key") == {200}
    assert children(process)[-2:] == before[-2:]
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_a_reload_that_does_not_reach_every_worker_says_so(
    start: Start, real_reactor: Any
) -> None:
    process = start(*EMBEDDED, "--workers", "2")
    port = await ready(process, 2)
    before = set(children(process))
    process.signal("HUP")
    while not (successors := set(children(process)) - before):
        await (await ask(real_reactor, port, "/health", {}))[1].whole()
    os.kill(successors.pop(), signal.SIGKILL)
    await process.wrote("not reloaded at every worker; the next reload tries again")
    assert "the configuration is reloaded" not in process.output
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    process.signal("TERM")
    await process.ended()


@pytest_twisted.ensureDeferred
async def test_a_reload_while_workers_start_leaves_none_of_them_behind(
    start: Start, real_reactor: Any
) -> None:
    process = start(*EMBEDDED, "--workers", "2")
    await process.wrote("[openaiproxy.workers#info] gateway listens on ")
    port = process.ports()[0]
    process.signal("HUP")
    while len(started := children(process)) < 3:
        pass  # nobody answers yet
    os.kill(max(started), signal.SIGKILL)
    await process.wrote("not reloaded at every worker")
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    for _ in range(1000):
        if len(children(process)) == 2:
            break
        await (await ask(real_reactor, port, "/health", {}))[1].whole()
    assert len(children(process)) == 2
    process.signal("TERM")
    await process.ended()
