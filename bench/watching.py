"""Scrapes of a process through which 1,000 streams run, everything switched on.

The process takes 200 client keys, logs every request in JSON, keeps the last bodies, prints its console lines,
and shows its status page to one who watches. First every key asks for ten routes and for a model of its own each time,
which fills the metrics as far as they let themselves be filled. Then the streams run, which have an event every two
seconds each, and beside them one that has an event every five milliseconds: it shows how long any is held up.

Rounds with scrapes and without take turns, one, two, two, one, as the streams have a rhythm of their own: they begin
anew every four seconds. What a scrape costs is what the process used more in the rounds with scrapes.
"""

import asyncio
import json
import statistics
import time
from itertools import cycle
from pathlib import Path

from attrs import define, field
from http_ends import body_of, connect, head_of
from processes import PROXY_CORE, Household, Process, free_port, ours
from scene import Report
from tools import KEY, Tools, find_tools

__all__ = ["watch_streams"]

STREAMS, SECONDS, ROUNDS, SCRAPES = 1_000, 52, 5, 8
KEYS = 200
ROUTES = (
    *("chat/completions", "responses", "messages", "embeddings", "files", "batches"),
    *("images/generations", "audio/speech", "moderations", "completions"),
)
_TOKEN = "token-of-the-bench"
_ROUND = 2.0  # the period of the streams
_AROUND = 0.1


async def watch_streams(folder: Path, report: Report, most: float) -> None:
    """Run the streams, and scrape meanwhile.

    :param most: milliseconds that a scrape may cost, and hold a stream up.
    """
    with Household(folder) as household:
        tools = find_tools(folder)
        port, upstream = free_port(), free_port()
        tools.start_upstream(household, upstream)
        command = _command(port, upstream, folder)
        environment = {"OPENAIPROXY_ADMIN_TOKEN": _TOKEN, "OPENAI_API_KEY": "sk-of-the-server"}
        proxy = household.start("openaiproxy", command, port, PROXY_CORE, environment)
        await _fill(port)
        running = tools.begin(port, "idle", "-c", str(STREAMS), "-T", str(SECONDS), "-r", "1000")
        watching = asyncio.create_task(_watch_status(port))
        try:
            await asyncio.sleep(3)
            await _Scraping(port, proxy, report, most).run(tools)
        finally:
            watching.cancel()
        seen = await asyncio.to_thread(tools.end, running)
        report.bound(f"{seen.requests} streams, {seen.wrong} of them not whole", seen.wrong == 0)


def _key(number: int) -> str:
    return f"sk-test-{number:010}"


def _command(port: int, upstream: int, folder: Path) -> list[str]:
    keys = folder / "keys"
    named = [(f"caller-{number}", _key(number)) for number in range(KEYS)]
    named.append(("load", KEY))
    keys.write_text("".join(f"{name} = {key}\n" for name, key in named))
    keys.chmod(0o600)
    options = (
        *("--client-keys-file", str(keys)),
        *("--log-file", str(folder / "requests.log"), "--log-format", "json"),
        *("--payload-ring", "4MiB", "--console-lines", "yes"),
    )
    return ours(port, f"http://127.0.0.1:{upstream}/v1", *options, profile="gateway")


def _request(method: str, port: int, path: str, key: str, body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", f"Authorization: Bearer {key}"]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def _fill(port: int) -> None:
    """Ask by every key, for every route, for what has a new name each time."""
    reader, writer = await connect(port)
    for number, route in zip(range(KEYS * len(ROUTES)), cycle(ROUTES), strict=False):
        asked = {"model": f"model-{number}", "input": "x", "messages": [], "max_tokens": 1}
        path, key = f"/v1/{route}?x={number}", _key(number // len(ROUTES))
        writer.write(_request("POST", port, path, key, json.dumps(asked).encode()))
        head = await head_of(reader)
        async for _ in body_of(head, reader):
            pass
        if head.fields.get("connection") == "close":
            writer.close()
            reader, writer = await connect(port)
    writer.close()


async def _watch_status(port: int) -> None:
    reader, writer = await connect(port)
    try:
        writer.write(_request("GET", port, "/status/events", _TOKEN))
        async for _ in body_of(await head_of(reader), reader):
            pass
    finally:
        writer.close()


@define
class _Silence:
    """A stream that shows how long any is held up: the longest time between two of its events."""

    longest: float = 0.0
    _last: float = field(factory=time.perf_counter)

    async def read(self, port: int, tools: Tools) -> None:
        """Read it until this is cancelled."""
        body = tools.body("probe").read_bytes()
        reader, writer = await connect(port)
        try:
            while True:
                writer.write(_request("POST", port, "/v1/chat/completions", "sk-bench", body))
                async for _ in body_of(await head_of(reader), reader):
                    now = time.perf_counter()
                    self.longest, self._last = max(self.longest, now - self._last), now
        finally:
            writer.close()

    async def around(self, act: "asyncio.Future[None] | None" = None) -> float:
        """Milliseconds of the longest silence in a moment.

        :param act: what happens in it.
        """
        self.longest = 0.0
        await asyncio.sleep(_AROUND / 2)
        if act is not None:
            await act
        await asyncio.sleep(_AROUND / 2)
        return self.longest * 1e3


@define
class _Scraping:
    """The scrapes, and what they show."""

    _port: int
    _proxy: Process
    _report: Report
    _most: float
    _lines: int = 0
    _flying: int = 0

    async def run(self, tools: Tools) -> None:
        silence = _Silence()
        reading = asyncio.create_task(silence.read(self._port, tools))
        await asyncio.sleep(0.5)
        costs: list[float] = []
        without: list[float] = []
        held: list[float] = []
        for _ in range(ROUNDS):
            more = 0.0
            for scrapes in (False, True, True, False):
                used, silences = await self._round(silence, scrapes=scrapes)
                more += used if scrapes else -used
                (held if scrapes else without).extend(silences)
            costs.append(more / SCRAPES / 2 * 1e3)
        reading.cancel()
        self._judge(costs, without, held)

    async def _round(self, silence: _Silence, *, scrapes: bool) -> tuple[float, list[float]]:
        """:returns: seconds of processor time that the process used, and the silences in it."""
        began, used, silences = time.perf_counter(), self._proxy.cpu(), []
        for _ in range(SCRAPES):
            act = asyncio.ensure_future(self._scrape()) if scrapes else None
            silences.append(await silence.around(act))
        await asyncio.sleep(max(0.0, began + _ROUND - time.perf_counter()))
        return self._proxy.cpu() - used, silences

    async def _scrape(self) -> None:
        reader, writer = await connect(self._port)
        writer.write(_request("GET", self._port, "/metrics/prometheus", _TOKEN))
        text = b"".join([piece async for piece in body_of(await head_of(reader), reader)])
        writer.close()
        lines = text.decode().splitlines()
        flying = (line.split()[-1] for line in lines if "requests_in_flight{" in line)
        self._lines = len(lines)
        self._flying = max(self._flying, sum(int(float(each)) for each in flying))

    def _judge(self, costs: list[float], without: list[float], held: list[float]) -> None:
        report, most = self._report, self._most
        report.bound(
            f"{self._flying:,} in flight, {self._lines:,} lines of text", self._flying >= STREAMS
        )
        cost, usual, delay = (statistics.median(each) for each in (costs, without, held))
        what = f"one scrape of {SCRAPES * ROUNDS * 2}: {cost:.1f} ms of processor time"
        report.bound(f"{what} (at most {most:.0f})", cost <= most)
        report.say(f"longest silence of a stream of an event in 5 ms: {usual:.1f} ms")
        what = f"with a scrape {delay:.1f} ms, {max(0.0, delay - usual):.1f} more"
        report.bound(f"{what} (at most {most:.0f} more)", delay - usual <= most)
