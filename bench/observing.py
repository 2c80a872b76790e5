"""What it costs to note one request, and to show what was noted.

``python bench/observing.py`` prints, in processor time:

* microseconds to count one request in the metrics and the ring (judged: at most 20), and to write its line beside that;
* the same for hostile requests, each with names of its own, and how many series they leave;
* milliseconds for one scrape after that (judged: at most 20), as text and as JSON;
* what a scrape costs a process through which 1,000 streams run, and how long it holds them up (:mod:`watching`; judged:
  at most 20 milliseconds each).

The exit status is 1 if a bound is broken. Of what runs in this process the least of several rounds is judged, and of
the others the median, since a busy machine only adds.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from processes import LOAD_CORE, pin_self
from scene import Report
from twisted.logger import Logger
from watching import watch_streams

from openaiproxy.hub.events import Usage
from openaiproxy.ops.access import Exchanged, emit
from openaiproxy.ops.figures import figures
from openaiproxy.ops.routes import ROUTES
from openaiproxy.ops.watch import Watch
from openaiproxy.presets import PRESETS
from openaiproxy.profile import ClientAuth, ClientKey, Profile
from openaiproxy.web.record import Record

__all__ = ["main"]

ROUNDS, COUNT, HOSTILE = 7, 5_000, 100_000
MOST_MICROSECONDS, MOST_MILLISECONDS = 20.0, 20.0


def record(number: int = 0) -> Record:
    """A translated stream, as it stands when it has ended."""
    return Record(
        id="3f2a",
        started=0.0,
        method="POST",
        target=b"/v1/messages",
        peer="127.0.0.1",
        client="alice",
        model="gpt-5",
        status=200,
        upstream_status=200,
        upstream_id="req_1",
        bytes_in=120,
        bytes_out=5000,
        first_byte=0.4,
        route="messages",
        dialects="messages>responses",
        streamed=True,
        usage=Usage(input=800, output=95, cached=640, reasoning=64),
        sent=0.001,
        waited=0.4,
        own=0.002,
    )


def hostile(number: int) -> Exchanged:
    """A request of which everything that can be chosen is new."""
    return Exchanged(
        id=str(number),
        port=4567,
        profile="gateway",
        method="POST",
        path=f"/v1/x/{number}",
        ending="complete" if number % 2 else "upstream-failed",
        duration=1.0,
        status=200 + number % 400,
        upstream_status=200,
        client=f"key-{number}",
        model=f"model-{number}",
        code=f"code-{number}",
        first_byte=0.1,
        route=sorted(ROUTES)[number % len(ROUTES)],
        tokens_in=1,
        tokens_out=1,
        waited=0.1,
        overhead=0.001,
    )


def least(act: Callable[[], object], count: int = 1) -> float:
    """Seconds of the processor that one of them takes at best."""
    times: list[float] = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(count):
            act()
        times.append((time.process_time() - begun) / count)
    return min(times)


def profiles() -> Iterator[Profile]:
    """Those of all presets, with a client's key."""
    keys = ClientAuth(keys=(ClientKey("alice", "alices-key"),))
    for preset in PRESETS.values():
        yield preset.profile
    yield Profile("team", (), auth=keys)


def observe() -> bool:
    """Measure what runs in this process.

    :returns: whether it is within its bounds.
    """
    watch = Watch(profiles(), time.monotonic, time.time)
    watch.metrics.count_running("gateway", lambda: 1000)
    log = Logger(namespace="openaiproxy.access", observer=lambda event: None)
    said = record().close(4567, "gateway", 2.0)
    note = least(lambda: watch.note(said), COUNT) * 1e6
    line = least(lambda: emit(log, record().close(4567, "gateway", 2.0)), COUNT) * 1e6
    print(f"one request noted               {note:8.2f} us  (at most {MOST_MICROSECONDS:.0f})")
    print(f"its value made, its line written{line:8.2f} us")
    numbers = iter(range(HOSTILE))
    begun = time.process_time()
    for number in numbers:
        watch.note(hostile(number))
    spent = (time.process_time() - begun) / HOSTILE * 1e6
    series = watch.metrics.text().count(b"\n")
    print(f"one of {HOSTILE:,} hostile ones    {spent:8.2f} us, {series:,} lines of text left")
    text = least(watch.metrics.text) * 1e3
    document = least(lambda: figures(watch.metrics)) * 1e3
    print(f"one scrape, text                {text:8.2f} ms  (at most {MOST_MILLISECONDS:.0f})")
    print(f"one scrape, JSON                {document:8.2f} ms")
    return note <= MOST_MICROSECONDS and text <= MOST_MILLISECONDS


def main() -> int:
    """Measure and judge."""
    good, report = observe(), Report()
    pin_self(LOAD_CORE)
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(watch_streams(Path(folder), report, MOST_MILLISECONDS))
    return 0 if good and not report.failed else 1


if __name__ == "__main__":
    sys.exit(main())
