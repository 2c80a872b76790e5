"""What it costs to give Chat clients an upstream that speaks Responses: this proxy beside codex-api-proxy 0.1.6.

``python bench/bridge.py [--quick] [--codex PYTHON] [--rounds N]``. Everything runs on 127.0.0.1: one upstream, which
streams the same events of Responses to both; the same clients; the proxies on one core and the load on another where
there are two. Rounds are interleaved and figures are medians; CPU time is the whole process tree's, kernel included.

codex-api-proxy runs in its ChatGPT mode, which translates all of Chat, with an ``auth.json`` whose token is made up. It
has no option for its upstream, so a launcher of ours sets that one URL, and nothing else, before it starts.

The exit status is 1 unless all answers were whole, and a translated event costs this proxy at most a third of what it
costs codex-api-proxy: with the log of each, and again without.
"""

import argparse
import base64
import json
import os
import statistics
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from peers import find_python, peer_versions
from processes import LOAD_CORE, PROXY_CORE, Household, free_port, ours, versions_of
from subjects import Subject, Suite, play_round, print_rows, shown
from tools import Tools, find_tools

_HERE = Path(__file__).resolve().parent
_CODEX = ("codex-api-proxy==0.1.6",)
_SHOWN_VERSIONS = ("codex-api-proxy", "fastapi", "uvicorn", "httpx")
#: An observer of twistd's that drops every event.
_NO_LOG = "twisted.logger.LogPublisher"
_LIMIT = 3.0
_FIRST, _REST, _PEAK = "first event ms", "resident MB", "peak MB"

EVENT = "fast us/event"
SUITES = (
    Suite(EVENT, "fast", ("-c", "4"), "events"),
    Suite("paced us/event", "paced", ("-c", "10", "-r", "137"), "events", timed=False),
    Suite("16 connections us/answer", "text", ("-c", "16"), "requests"),
    Suite("short us/stream", "short", ("-c", "1"), "requests", began=_FIRST),
)


def _start_ours(household: Household, upstream: int) -> Iterator[Subject]:
    base = f"http://127.0.0.1:{upstream}/v1"
    for number, (kind, logger) in enumerate((("twistd's log", None), ("no log", _NO_LOG))):
        port = free_port()
        command = ours(port, base, profile="bridge", logger=logger)
        process = household.start(f"openaiproxy-{number}", command, port, PROXY_CORE)
        yield Subject(f"openaiproxy, {kind}", process, port)


def _start_codex(household: Household, upstream: int, python: str) -> Iterator[Subject]:
    home = household.folder / "codex-home"
    home.mkdir()
    tokens = {"access_token": _made_up_token(), "account_id": "made-up"}
    (home / "auth.json").write_text(json.dumps({"auth_mode": "chatgpt", "tokens": tokens}))
    base = f"http://127.0.0.1:{upstream}/v1"
    for number, (kind, level) in enumerate((("its log", "info"), ("no log", "warning"))):
        port = free_port()
        files = [f"--{name}-file={home}/{name}-{number}" for name in ("pid", "state", "log")]
        options = ["--foreground", f"--port={port}", f"--log-level={level}", *files]
        command = [python, str(_HERE / "codex_launcher.py"), base, "start", *options]
        environment = {"CODEX_HOME": str(home), "HOME": str(home)}
        process = household.start(f"codex-{number}", command, port, PROXY_CORE, environment)
        yield Subject(f"codex-api-proxy, {kind}", process, port)


def _made_up_token() -> str:
    """A token of nobody's that says it is valid for a day."""
    parts = {"alg": "none"}, {"exp": int(time.time()) + 86_400}
    said = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode() for part in parts)
    return ".".join([*(part.rstrip("=") for part in said), "made-up"])


def _text_through(tools: Tools, subject: Subject) -> str:
    """The text of a whole answer."""
    fields = {"Authorization": "Bearer sk-bench", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{subject.port}/v1/chat/completions"
    asked = urllib.request.Request(url, tools.body("text").read_bytes(), fields)
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(asked, timeout=20) as answer:
        return str(json.load(answer)["choices"][0]["message"]["content"])


def _agree(tools: Tools, subjects: list[Subject]) -> bool:
    """Whether all give the same whole text: what does nothing is fast."""
    # codex-api-proxy strips what it gives.
    texts = {_text_through(tools, subject).strip() for subject in subjects}
    return len(texts) == 1 and "" not in texts


def _ratios(own: Subject, theirs: Subject, title: str) -> list[float]:
    """How many times dearer theirs was than ours, one figure of each round."""
    pairs = zip(theirs.figures[title], own.figures[title], strict=True)
    return [figure / ours for figure, ours in pairs]


def _added(subject: Subject, direct: Subject, title: str) -> str:
    kept, base = subject.figures.get(title), direct.figures.get(title)
    return shown(statistics.median(kept) - statistics.median(base)) if kept and base else "-"


def _print_table(direct: Subject, subjects: list[Subject]) -> None:
    costs = [suite.title for suite in SUITES]
    memory = [_REST, _PEAK]
    rows = [
        [
            subject.name,
            *map(subject.median, costs),
            *(_added(subject, direct, title) for title in (_FIRST, f"{_FIRST} p99")),
            *map(subject.median, memory),
            str(subject.wrong),
        ]
        for subject in subjects
    ]
    print_rows([*costs, "first event, ms", "its p99, ms", *memory, "wrong"], rows)
    print(
        f"""
us: CPU time, user and system, of the whole process. event: a delta of text, at the client, in streams of 200; what goes
before and after them is paid by them. short: a stream of 5 deltas. answer: whole, of the same text; codex-api-proxy
asks for a stream of 200 deltas even then. first event: median time from a request to its first delta, one stream at a
time, less that of the upstream itself ({direct.median(_FIRST)} ms), and the same of the 99th percentiles (its own is
{direct.median(_FIRST + " p99")} ms). wrong: requests that failed or were cut."""
    )


def _judge(subjects: list[Subject], agreed: bool) -> bool:
    held = [
        _verdict("all give the same text", agreed),
        _verdict("all answers were whole", not any(subject.wrong for subject in subjects)),
    ]
    for own, theirs in zip(subjects[:2], subjects[2:], strict=True):
        print(f"     {own.name}, beside {theirs.name}:")
        for suite in SUITES:
            found = _ratios(own, theirs, suite.title)
            spread = f"{min(found):.1f} to {max(found):.1f} in {len(found)} rounds"
            print(f"     {suite.title}: {statistics.median(found):.1f} times cheaper ({spread})")
        times = statistics.median(_ratios(own, theirs, EVENT))
        held.append(
            _verdict(f"an event costs at most 1/{_LIMIT:.0f}: 1/{times:.1f}", times >= _LIMIT)
        )
    return all(held)


def _verdict(what: str, passed: bool) -> bool:
    print(f"{'PASS' if passed else 'FAIL'} {what}")
    return passed


def run(options: argparse.Namespace, folder: Path) -> bool:
    """Measure everything and print it.

    :returns: whether it passes.
    """
    python = find_python(_CODEX, options.codex, folder)
    if python is None:
        print("FAIL codex-api-proxy could not be installed; name an interpreter with --codex")
        return False
    print(f"beside {peer_versions(python, *_SHOWN_VERSIONS)}; its upstream's URL is set by us")
    tools = find_tools(folder)
    seconds, streams, rounds = (0.5, 10, 3) if options.quick else (2.0, 30, 5)
    with Household(folder) as household:
        port = free_port()
        upstream = tools.start_upstream(household, port)
        direct = Subject("no proxy", upstream, port, dialect="responses")
        subjects = [
            *_start_ours(household, port),
            *_start_codex(household, port, python),
        ]
        agreed = _agree(tools, subjects)
        for number in range(options.rounds or rounds):
            print(f"round {number + 1}", flush=True)
            play_round(tools, SUITES, [direct, *subjects], seconds, streams, number)
        for subject in subjects:
            subject.note(_REST, subject.process.rss() / 1e6)
            subject.note(_PEAK, subject.process.peak_rss() / 1e6)
    _print_table(direct, subjects)
    return _judge(subjects, agreed)


def main() -> int:
    """:returns: the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="under a minute, and coarser")
    parser.add_argument("--rounds", type=int, help="rounds to take the medians of")
    parser.add_argument("--codex", metavar="PYTHON", help="an interpreter with codex-api-proxy")
    options = parser.parse_args()
    cores = f"{os.cpu_count()} cores" + ("" if LOAD_CORE is not None else ", one of them usable")
    print(f"{versions_of('Twisted', 'treq', 'orjson')}; {cores}")
    with tempfile.TemporaryDirectory() as folder:
        return 0 if run(options, Path(folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
