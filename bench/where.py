"""Where the time of a request goes: this proxy under four loads, sampled by py-spy.

``python bench/where.py [--seconds 5]`` needs ``py-spy`` beside this interpreter and the right to look into a process of
one's own. It prints a table in reStructuredText: the share of each part in the samples of each load. A sample belongs
to the Python function that runs, with what it calls in C: a system call to who makes it, llhttp and orjson to who calls
them. Waiting for events is left out.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from lines import BRIDGE_SUITES, RELAY_SUITES, rest_table
from peers import OURS, own
from processes import Household, free_port
from subjects import Suite
from tools import Tools, find_tools

__all__ = ["main"]

#: The first whose pattern is found in a file's path is the part.
_PARTS: Mapping[str, str] = {
    r"openaiproxy/(web|upstream)/outlet": "writing past the transports",
    r"twisted/internet/(tcp|abstract|fdesc)|twisted/python/util": "transports: reading and writing sockets",
    r"openaiproxy/web/(connection|head|chunks|light_request|timers|framing)": "our server's protocol",
    r"openaiproxy/web/": "web: gate, exchange, pump",
    r"openaiproxy/upstream/": "upstream: agent, pool, connections",
    r"openaiproxy/ops/": "ops: counting, the log line",
    r"openaiproxy/wire/": "wire: JSON, SSE, headers",
    r"openaiproxy/dialects/": "dialects",
    r"openaiproxy/hub/": "hub: grammar, events, fold",
    r"openaiproxy/": "planning, amending, translation",
    r"twisted/internet/defer": "Deferreds",
    r"twisted/internet/": "reactor",
    r"twisted/web/": "twisted.web: Headers, Resource, Site",
    r"twisted/": "twisted.python, twisted.logger",
    r"/treq/": "treq",
}
_SUITES = (RELAY_SUITES[0], RELAY_SUITES[2], BRIDGE_SUITES[1], BRIDGE_SUITES[0])
_HEADS = ("relay, whole", "relay, fast", "translated, whole", "translated, fast")
_LEAF = re.compile(r"\(([^()]*?)(?::\d+)?\) (\d+)$")
_SAMPLES_A_SECOND = "250"


def _sampled(
    tools: Tools, suite: Suite, pid: int, port: int, seconds: int, out: Path
) -> Counter[str]:
    """Samples of each part under a load, once what happens but once has happened."""
    tools.end(tools.begin(port, suite.shape, *suite.options, "-T", "1.5"))
    load = tools.begin(port, suite.shape, *suite.options, "-T", str(seconds + 2))
    spy = [str(Path(sys.executable).with_name("py-spy")), "record", "-p", str(pid), "-f", "raw"]
    spy += ["--full-filenames", "-r", _SAMPLES_A_SECOND, "-d", str(seconds), "-o", str(out)]
    subprocess.run(spy, check=True, capture_output=True)
    tools.end(load)
    return count(out.read_text())


def count(collapsed: str) -> Counter[str]:
    """Samples of each part, from lines of frames with a number behind them."""
    found: Counter[str] = Counter()
    for line in collapsed.splitlines():
        leaf = _LEAF.search(line)
        # Threads of the pool, which wait.
        if leaf and not leaf[1].endswith("/threading.py"):
            file = leaf[1]
            part = next(
                (part for what, part in _PARTS.items() if re.search(what, file)), "the rest"
            )
            found[part] += int(leaf[2])
    return found


def _share(samples: Counter[str], part: str) -> str:
    return f"{samples[part] / max(1, samples.total()) * 100:.0f} %"


def main() -> int:
    """:returns: the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=5, help="of sampling, for each load")
    options = parser.parse_args()
    columns: list[Counter[str]] = []
    with tempfile.TemporaryDirectory() as name, Household(Path(name)) as household:
        folder = Path(name)
        tools, upstream = find_tools(folder), free_port()
        tools.start_upstream(household, upstream)
        candidate = own(OURS)
        for suite in _SUITES:
            start = candidate.relay if suite in RELAY_SUITES else candidate.bridge
            assert start is not None
            port = free_port()
            process = start(household, upstream, port)
            pid = process.popen.pid
            columns.append(_sampled(tools, suite, pid, port, options.seconds, folder / "samples"))
            process.end()
    parts = sorted({*_PARTS.values(), "the rest"}, key=lambda part: -columns[0][part])
    rows = [[part, *(_share(column, part) for column in columns)] for part in parts]
    print("\n" + rest_table(["part", *_HEADS], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
