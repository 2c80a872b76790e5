"""The table: this proxy with everything on beside others, one interleaved run, and a verdict on each bound.

``python bench/table.py [--quick] [--rounds N] [--litellm PYTHON] [--codex PYTHON] [--fastapi PYTHON]`` starts one
upstream, this proxy and every peer that can be had, as a relay and as a translation from Chat clients to an upstream
that speaks Responses; all on 127.0.0.1, the proxies on one core and the load on another where there are two. It prints
two tables in reStructuredText: every figure (medians of the rounds), and every bound with what was found.

``python bench/table.py --reactors`` puts this proxy on Twisted's reactors in place of the peers, and judges nothing.

CPU time is that of the whole process tree, user and system. The exit status is 1 where a bound is broken or a request
of this proxy's failed or was cut; a bound whose peer is absent is not judged.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

from attrs import define, field
from lines import (
    ADDED,
    BRIDGE_LINES,
    BRIDGE_SUITES,
    DIRECT,
    FIRST,
    IDLE,
    PEAK,
    RELAY_LINES,
    RELAY_SUITES,
    SHARE,
    START,
    Line,
    Verdict,
    judge,
    ratio,
    rest_table,
)
from peers import CODEX, LITELLM, OURS, PEERS, Candidate, Starter, find_candidates, own
from processes import LOAD_CORE, MIB, Household, free_port, versions_of
from subjects import Subject, hold_streams, play_round, shown, warm
from tools import Tools, find_tools

_STREAMS = 1_000
#: Those of whom 1,000 streams at once are not asked: one completes 400 of them, the other comes late.
_NOT_HELD = (CODEX, LITELLM)


@define
class Run:
    """One run: its candidates, and as what they are measured.

    :ivar relays: the upstream itself first.
    """

    tools: Tools
    household: Household
    upstream: int
    quick: bool
    relays: list[Subject] = field(factory=list)
    bridges: list[Subject] = field(factory=list)

    def start(self, candidate: Candidate) -> None:
        """Start it as what it can be."""
        if candidate.relay is not None:
            self.relays.append(self._started(candidate.name, candidate.relay, ""))
        if candidate.bridge is not None:
            self.bridges.append(
                self._started(candidate.name, candidate.bridge, "Responses->Chat, ")
            )

    def _started(self, name: str, starter: Starter, prefix: str) -> Subject:
        """Start it several times, and leave the last one running."""
        figures: dict[str, list[float]] = {prefix + START: [], prefix + IDLE: []}
        for number in reversed(range(3 if self.quick else 5)):
            port = free_port()
            process = starter(self.household, self.upstream, port)
            self._first_answer(port)
            figures[prefix + START].append(time.monotonic() - process.began)
            time.sleep(0.5)
            figures[prefix + IDLE].append(process.rss() / MIB)
            if number == 0:
                break
            process.end()
        return Subject(name, process, port, figures)

    def _first_answer(self, port: int) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.tools.text(port, "whole")
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.005)

    def play(self, rounds: int) -> None:
        """All rounds of all suites."""
        seconds, streams = (0.4, 10) if self.quick else (2.0, 40)
        groups = ((RELAY_SUITES, self.relays), (BRIDGE_SUITES, self.bridges))
        for suites, subjects in groups:
            # The generator in Python asks less often.
            warm(self.tools, suites, subjects, 1.5 if self.tools.compiled else 5.0)
        for number in range(rounds):
            print(f"round {number + 1}", flush=True)
            for suites, subjects in groups:
                play_round(self.tools, suites, subjects, seconds, streams, number)
        direct, *proxies = self.relays
        for subject in proxies:
            pairs = zip(subject.figures[FIRST], direct.figures[FIRST], strict=True)
            subject.figures[ADDED] = [mine - bare for mine, bare in pairs]

    def hold(self) -> None:
        """1,000 streams at once, of one after another; briefly, of this proxy alone."""
        print(f"{_STREAMS:,} streams", flush=True)
        for subject in self.relays[1:]:
            if subject.name not in _NOT_HELD and not (self.quick and subject.name in PEERS):
                hold_streams(self.tools, subject, _STREAMS, (PEAK, SHARE))

    def agree(self) -> bool:
        """Whether all who translate give the same text: what does nothing is fast."""
        # codex-api-proxy strips what it gives.
        texts = {self.tools.text(subject.port, "text").strip() for subject in self.bridges}
        return len(texts) == 1 and "" not in texts


def _figures(run: Run) -> str:
    """The table of all figures: a column for each candidate."""
    names = list(dict.fromkeys(subject.name for subject in (*run.relays[1:], *run.bridges)))
    columns = [*names, DIRECT]
    rows = []
    for lines, subjects in ((RELAY_LINES, run.relays), (BRIDGE_LINES, run.bridges)):
        found = {subject.name: subject for subject in subjects}
        rows += [_row(line, [found.get(name) for name in columns]) for line in lines]
    wrong = dict.fromkeys(columns, 0)
    for subject in (*run.relays, *run.bridges):
        wrong[subject.name] += subject.wrong
    rows.append(["requests that failed or were cut", *map(str, wrong.values())])
    # A cell that is empty in the first column would continue the row above.
    return rest_table(["\\", *columns], rows)


def _row(line: Line, subjects: Sequence[Subject | None]) -> list[str]:
    return [line.title, *(shown(each.median(line.title) if each else None) for each in subjects)]


def _against_first(run: Run) -> str:
    """How many times that of the first candidate each other's figures are."""
    rows = []
    for lines, subjects in ((RELAY_LINES, run.relays[1:]), (BRIDGE_LINES, run.bridges)):
        first, *others = subjects
        rows += [
            [line.title, *(shown(ratio(line.title, each, first)) for each in others)]
            for line in lines
        ]
    return rest_table([f"times that of {first.name}", *(each.name for each in others)], rows)


def _verdicts(run: Run, agreed: bool) -> Iterator[Verdict]:
    relays = {subject.name: subject for subject in run.relays}
    bridges = {subject.name: subject for subject in run.bridges}
    yield from judge(RELAY_LINES, relays[OURS], relays)
    yield from judge(BRIDGE_LINES, bridges[OURS], bridges)
    wrong = relays[OURS].wrong + bridges[OURS].wrong
    yield Verdict("requests that failed or were cut", "0", str(wrong), wrong == 0)
    yield Verdict("all translations give the same text", "yes", "yes" if agreed else "no", agreed)


def _reactors() -> Iterator[Candidate]:
    for name in ("epoll", "asyncio", "uvloop"):
        if name == "uvloop" and find_spec("uvloop") is None:
            print("uvloop: absent, it is not installed")
        else:
            yield own(name, name)


def measure(options: argparse.Namespace, folder: Path) -> bool:
    """Measure everything and print it.

    :returns: whether it passes.
    """
    tools = find_tools(folder)
    with Household(folder) as household:
        port = free_port()
        upstream = tools.start_upstream(household, port)
        run = Run(tools, household, port, options.quick, [Subject(DIRECT, upstream, port)])
        candidates: Iterable[Candidate] = (
            _reactors() if options.reactors else find_candidates(options, tools, folder)
        )
        for candidate in candidates:
            print(candidate.versions or candidate.name, flush=True)
            run.start(candidate)
        run.play(options.rounds or (3 if options.quick else 5))
        run.hold()
        agreed = run.agree()
    print("\n" + _figures(run) + "\n")
    if options.reactors:
        print(_against_first(run))
        return True
    verdicts = list(_verdicts(run, agreed))
    if tools.compiled is None:
        print("The load was made in Python: ratios are rough, and times are the load's as well.\n")
    print(rest_table(["work", "at most", "found", "verdict"], [each.row for each in verdicts]))
    return all(verdict.holds is not False for verdict in verdicts)


def main() -> int:
    """:returns: the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="three minutes, and coarser")
    parser.add_argument("--rounds", type=int, help="rounds to take the medians of")
    parser.add_argument("--reactors", action="store_true", help="this proxy alone, on each")
    parser.add_argument(
        "--litellm", metavar="PYTHON", help="an interpreter that has litellm[proxy]"
    )
    parser.add_argument("--codex", metavar="PYTHON", help="one that has codex-api-proxy")
    parser.add_argument("--fastapi", metavar="PYTHON", help="one that has FastAPI, uvicorn, httpx")
    options = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    cores = f"{os.cpu_count()} cores" + ("" if LOAD_CORE is not None else ", one of them usable")
    print(f"{versions_of('Twisted', 'treq', 'orjson', 'httptools')}; {cores}")
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)  # nginx's worker gives root away
        return 0 if measure(options, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
