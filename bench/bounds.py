"""What the proxy holds and how soon it lets go, against a real ``twistd`` process.

``python bench/bounds.py [stall upload streams abort]`` prints what was seen and PASS or FAIL for each bound, and exits
1 when one failed. Each check starts its own proxy (profile ``passthrough``), upstream and clients on 127.0.0.1.

* ``stall``: a client that stops reading a 64 MB stream holds the upstream below 8 MB, and the process grows by less
  than 32 MB; when it reads on it gets every byte.
* ``upload``: 1 GB of multipart, chunked and with a length: the process grows by less than 64 MB, opens no temporary
  file, and the upstream gets every byte.
* ``streams``: 1,000 streams at once of one chunk a second, the proxy on one core and its soft limit of open files at
  1,024: none lost, all chunks in order, under 250 MB.
* ``abort``: a client that leaves in any phase has the upstream connection closed within 100 ms.
"""

import asyncio
import resource
import sys
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path

from crowds import abort, streams
from processes import LOAD_CORE, PROXY_CORE, Household, free_port, ours, pin_self, versions_of
from scene import Report, Scene
from transfers import stall, upload

SOFT_DESCRIPTORS = 1_024

CHECKS: dict[str, Callable[[Scene], Coroutine[object, object, None]]] = {
    "stall": stall,
    "upload": upload,
    "streams": streams,
    "abort": abort,
}


def check(name: str, report: Report) -> None:
    """Run one check against a proxy of its own."""
    print(f"\n{name}: {(CHECKS[name].__doc__ or '').strip()}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Household(Path(folder)) as household:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        port, upstream = free_port(), free_port()
        command = ours(port, f"http://127.0.0.1:{upstream}/v1")
        environment = {"TMPDIR": str(temporary)}
        proxy = household.start(
            "openaiproxy", command, port, PROXY_CORE, environment, SOFT_DESCRIPTORS
        )
        asyncio.run(CHECKS[name](Scene(proxy, port, upstream, temporary, report)))


def main(names: list[str]) -> int:
    """:returns: the exit code."""
    unknown = set(names) - set(CHECKS)
    if unknown:
        print(
            f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}", file=sys.stderr
        )
        return 2
    print(
        versions_of("Twisted", "treq"),
        "-",
        "one core each for proxy and load" if LOAD_CORE else "a single core",
    )
    pin_self(LOAD_CORE)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    for name in names or CHECKS:
        check(name, report)
    print(f"\n{len(report.failed)} bounds failed" if report.failed else "\nall bounds hold")
    return 1 if report.failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
