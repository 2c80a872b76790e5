"""What is measured, under which load, and the figures that are kept of it.

A subject is a process with a port; a suite is a load with what its CPU time is divided by. Rounds are interleaved,
every subject under one suite before the next suite begins, so that a noisy machine disturbs all alike.
"""

import statistics
import time
from collections.abc import Sequence

from attrs import define, field, frozen
from processes import MIB, Process
from tools import Tools

__all__ = ["Subject", "Suite", "hold_streams", "play_round", "shown", "warm"]


@frozen
class Suite:
    """A load, and what its CPU time is divided by.

    :param title: of the figure.
    :param shape: of the answers, a name in :data:`tools.SHAPES`.
    :param options: of the load generator; ``-T`` is added where it runs for a time, else ``-n``.
    :param per: the attribute of :class:`tools.Seen` that is divided by.
    :param first: title for the median delay from the upstream's write of a first event to its arrival.
    """

    title: str
    shape: str
    options: tuple[str, ...]
    per: str
    timed: bool = True
    first: str | None = None


@define
class Subject:
    """Something that is measured: figures by their titles, one of each round, and requests that failed or were cut."""

    name: str
    process: Process
    port: int
    figures: dict[str, list[float]] = field(factory=dict)
    wrong: int = 0

    def note(self, title: str, figure: float | None) -> None:
        """Keep a figure."""
        if figure is not None:
            self.figures.setdefault(title, []).append(figure)

    def median(self, title: str) -> float | None:
        """Of the figures kept."""
        kept = self.figures.get(title)
        return statistics.median(kept) if kept else None


def shown(figure: float | None) -> str:
    """A figure with as many digits as matter."""
    if figure is None:
        return "-"
    digits = 2 if abs(figure) < 10 else 1 if abs(figure) < 100 else 0
    return f"{figure:,.{digits}f}"


def _measure(tools: Tools, subject: Subject, suite: Suite, limits: Sequence[str]) -> None:
    """Put one subject under one load, and keep what was seen."""
    before = subject.process.cpu()
    seen = tools.end(tools.begin(subject.port, suite.shape, *suite.options, *limits))
    used = subject.process.cpu() - before
    subject.wrong += seen.wrong
    subject.note(suite.title, used / max(1, getattr(seen, suite.per)) * 1e6)
    if suite.first is not None:
        subject.note(suite.first, seen.first_ms)


def warm(
    tools: Tools, suites: Sequence[Suite], subjects: Sequence[Subject], seconds: float
) -> None:
    """Put each under each load that has no end of its own, unmeasured: a compiler in the process needs some thousands
    of requests until it has done its work."""
    for subject in subjects:
        for suite in (suite for suite in suites if suite.timed):
            tools.end(tools.begin(subject.port, suite.shape, *suite.options, "-T", str(seconds)))


def play_round(
    tools: Tools,
    suites: Sequence[Suite],
    subjects: Sequence[Subject],
    seconds: float,
    streams: int,
    number: int,
) -> None:
    """Every suite against every subject."""
    for suite in suites:
        limits = ["-T", str(seconds)] if suite.timed else ["-n", str(streams)]
        # Each begins a round once, so that none is always the one after the same neighbour.
        for index in range(len(subjects)):
            _measure(tools, subjects[(index + number) % len(subjects)], suite, limits)


def hold_streams(tools: Tools, subject: Subject, count: int, titles: tuple[str, str]) -> None:
    """Open many slow streams, 200 a second, and read them to their ends.

    :param titles: for the most memory meanwhile, in MiB, and for the percentage of one core that was used.
    """
    peak, share = titles
    subject.process.forget_peak()
    before, began = subject.process.cpu(), time.monotonic()
    many = ("-c", str(count), "-n", str(count), "-r", "200")
    seen = tools.end(tools.begin(subject.port, "slow", *many))
    took, used = time.monotonic() - began, subject.process.cpu() - before
    subject.wrong += seen.wrong
    subject.note(peak, subject.process.peak_rss() / MIB)
    subject.note(share, used / took * 100)
