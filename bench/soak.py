"""A soak: the proxy at about half of what a core can do, for long, with clients that abort, stall and vanish.

``python bench/soak.py [--minutes 20] [--seed N] [--clients N] [--growth MB]`` starts one proxy with a port that relays
and one that translates to Responses, everything switched on, and an upstream that never fails; all on 127.0.0.1. Four
loads (whole and streamed, relayed and translated) take two fifths of a core, as measured at the beginning, and some
dozens of clients (``clients.py``) do as clients do. What holds at the end:

* memory is flat: its median in the last quarter of the time is at most 3 MB (``--growth``), or 5 per cent, above that
  of the second quarter; the first is left to fill what is meant to be filled;
* after the clients have left and the connections upstream have had their minute, no more descriptors are open than
  before the first request;
* no request is under way, by the metrics;
* nothing was logged at the level error, no request ended in a way that a healthy upstream gives no cause for, and the
  process itself wrote of no error;
* every answer that was read to its end was whole.

The exit status is 1 unless all of it holds.
"""

import argparse
import asyncio
import resource
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path
from random import Random
from subprocess import Popen

from attrs import define, field, frozen
from clients import Ask, call, draw
from peers import ADMIN_TOKEN, everything_on
from processes import (
    LOAD_CORE,
    PROXY_CORE,
    Household,
    Process,
    free_port,
    pin_self,
    twistd,
    versions_of,
)
from scene import Report
from tools import Tools, find_tools
from vigil import ENDINGS, LogTail, Samples

_SHARE = 0.4
#: Until an idle connection upstream is closed, and some seconds.
_QUIET = 75
_PATIENCE = 20


@frozen
class Load:
    """What asks steadily: an even part of the share, by one of the two ports."""

    name: str
    bridge: bool
    shape: str
    options: tuple[str, ...]


_LOADS = (
    Load("relayed, whole", False, "whole", ("-c", "16")),
    Load("relayed, streamed", False, "paced", ("-c", "64")),
    # A new connection for each.
    Load("translated, whole", True, "text", ("-c", "16", "-1")),
    Load("translated, streamed", True, "fast", ("-c", "16")),
)


@define
class Soak:
    """One run of it.

    :ivar found: how the clients fared, by what they did.
    """

    tools: Tools
    proxy: Process
    ports: tuple[int, int]
    operator: int
    log: LogTail
    report: Report
    samples: Samples = field(factory=Samples)
    found: Counter[tuple[str, bool | None]] = field(factory=Counter)

    def rates(self) -> list[int]:
        """Requests a second of each load, from what one costs now."""
        found = []
        for load in _LOADS:
            before = self.proxy.cpu()
            options = (*load.options, "-n", "40")
            seen = self.tools.end(self.tools.begin(self.ports[load.bridge], load.shape, *options))
            cost = (self.proxy.cpu() - before) / seen.requests
            found.append(max(1, round(_SHARE / len(_LOADS) / cost)))
            self.report.say(f"{load.name}: {cost * 1e6:,.0f} us, so {found[-1]} a second")
        return found

    async def run(self, seconds: float, clients: int, seed: int) -> None:
        """Load it, and watch."""
        rates = self.rates()
        running = [
            self.tools.begin(
                self.ports[load.bridge],
                load.shape,
                *load.options,
                "-q",
                str(rate),
                "-T",
                f"{seconds:.0f}",
            )
            for load, rate in zip(_LOADS, rates, strict=True)
        ]
        began, cpu = time.monotonic(), self.proxy.cpu()
        ends = began + seconds
        callers = [
            asyncio.create_task(self._call_on(Random(f"{seed} {number}"), ends))
            for number in range(clients)
        ]
        await self._watch(ends)
        share = (self.proxy.cpu() - cpu) / (time.monotonic() - began)
        await asyncio.gather(*callers)
        self.report.say(f"{share:.2f} of a core")
        await self._loads_end(running)

    async def _call_on(self, random: Random, ends: float) -> None:
        while time.monotonic() < ends:
            course, shape = draw(random)
            ask = Ask.made(self.tools, random.choice(self.ports), shape)
            whole = await call(ask, course, random)
            self.found[course.__name__, whole] += 1
            await asyncio.sleep(random.expovariate(1.0))

    async def _watch(self, ends: float) -> None:
        spoken = 0
        while time.monotonic() < ends:
            await asyncio.sleep(1)
            self.samples.take(self.proxy)
            self.log.read()
            if len(self.samples.memory) // 60 > spoken:
                spoken += 1
                memory, descriptors = self.samples.memory[-1], self.samples.descriptors[-1]
                self.report.say(f"minute {spoken}: {memory:.1f} MB, {descriptors} descriptors")

    async def _loads_end(self, running: "list[Popen[str]]") -> None:
        for load, process in zip(_LOADS, running, strict=True):
            seen = await asyncio.to_thread(self.tools.end, process)
            what = f"{load.name}: {seen.requests:,} answers, {seen.wrong} failed or cut"
            self.report.bound(what, seen.requests > 0 and seen.wrong == 0)

    def fared(self) -> None:
        """What became of the clients."""
        for (name, whole), count in sorted(self.found.items(), key=str):
            word = {True: "whole", False: "NOT whole", None: "left"}[whole]
            self.report.say(f"{name}: {count:,} {word}")
        wrong = sum(count for (_, whole), count in self.found.items() if whole is False)
        right = sum(count for (_, whole), count in self.found.items() if whole)
        self.report.bound(f"{right:,} read to the end, {wrong} not whole", wrong == 0 < right)

    def memory(self, most: float) -> None:
        """Whether it is flat."""
        _, second, _, last = quarters = self.samples.quarters()
        grown = last - second
        bound = max(most, 0.05 * second)
        what = "memory by quarters " + ", ".join(f"{each:.1f}" for each in quarters)
        self.report.bound(f"{what} MB: {grown:+.1f} (bound {bound:.1f})", grown <= bound)

    async def quiet(self, idle: int) -> None:
        """Whether everything that the clients opened is closed."""
        deadline = time.monotonic() + _QUIET
        while (now := len(self.proxy.open_files())) > idle and time.monotonic() < deadline:
            await asyncio.sleep(1)
        most = max(self.samples.descriptors)
        what = f"{now} descriptors, {idle} before the first request, {most} at most"
        self.report.bound(what, now <= idle)
        running = self._in_flight()
        self.report.bound(f"requests under way: {running}", not any(running.values()))

    def _in_flight(self) -> dict[str, float]:
        lines = _page(self.operator, "/metrics/prometheus").splitlines()
        kept = [line for line in lines if line.startswith("openaiproxy_requests_in_flight{")]
        return {name: float(count) for name, _, count in (line.rpartition(" ") for line in kept)}

    def logged(self, output: str) -> None:
        """Whether anything was logged that is wrong."""
        self.log.read()
        self.report.say(f"endings: {dict(self.log.endings.most_common())}")
        odd = set(self.log.endings) - ENDINGS
        self.report.bound(f"endings that have no cause: {odd or 'none'}", not odd)
        for line in self.log.errors[:5]:
            self.report.say(line)
        self.report.bound(f"{len(self.log.errors)} lines of errors in the log", not self.log.errors)
        words = [
            word for word in ("Traceback", "Unhandled", "[critical", "#error") if word in output
        ]
        self.report.bound(f"errors on standard output: {words or 'none'}", not words)


def _page(port: int, path: str) -> str:
    """One of the operator's pages."""
    fields = {"Authorization": f"Bearer {ADMIN_TOKEN}"}
    asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=fields)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(asked, timeout=20) as answer:
        return str(answer.read().decode())


def _configuration(folder: Path, upstream: int, ports: tuple[int, int], operator: int) -> Path:
    """A file that opens both ports and the operator's."""
    said = ["[logging]", "rotate-size = 20000000", "keep = 2"]
    said += ["[operator]", f"port = {operator}"]
    for name, port in zip(("passthrough", "bridge"), ports, strict=True):
        said += [f"[profiles.{name}]", f'upstream = "http://127.0.0.1:{upstream}/v1"']
        said += [f"client-write-timeout = {_PATIENCE}", f"client-body-timeout = {_PATIENCE}"]
        said += [
            "[[listen]]",
            f'profile = "{name}"',
            f'endpoint = "tcp:{port}:interface=127.0.0.1"',
        ]
    path = folder / "soak.toml"
    path.write_text("\n".join(said) + "\n")
    return path


def soak(options: argparse.Namespace, folder: Path, report: Report) -> None:
    """Arrange everything, run it, and say what held."""
    tools = find_tools(folder)
    with Household(folder) as household:
        upstream, operator, ports = free_port(), free_port(), (free_port(), free_port())
        tools.start_upstream(household, upstream)
        switched, environment = everything_on(folder)
        configuration = _configuration(folder, upstream, ports, operator)
        command = [*twistd(), "openaiproxy", "--config", str(configuration), *switched]
        proxy = household.start("soak", command, operator, PROXY_CORE, environment)
        _page(operator, "/ready")
        time.sleep(0.5)
        idle = len(proxy.open_files())
        run = Soak(tools, proxy, ports, operator, LogTail(folder / "requests.log"), report)
        asyncio.run(run.run(options.minutes * 60, options.clients, options.seed))
        run.fared()
        run.memory(options.growth)
        asyncio.run(run.quiet(idle))
        run.logged((folder / "soak.log").read_text(errors="replace"))


def main() -> int:
    """:returns: the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--clients", type=int, default=40, help="at once that come and go")
    parser.add_argument("--growth", type=float, default=3.0, help="MB by which memory may grow")
    options = parser.parse_args()
    print(versions_of("Twisted", "treq", "httptools"))
    pin_self(LOAD_CORE)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        soak(options, Path(folder), report)
    print(f"\n{len(report.failed)} checks failed" if report.failed else "\nall of it holds")
    return 1 if report.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
