"""What is measured, under which load, and how the figures become a table.

A subject is a process with a port; a suite is a load with what its CPU time is divided by. Rounds are interleaved,
every subject under one suite before the next suite begins, so that a noisy machine disturbs all alike.
"""

import statistics
from collections.abc import Sequence

from attrs import define, field, frozen
from processes import Process
from tools import Tools

__all__ = ["Subject", "Suite", "measure", "play_round", "print_rows", "shown"]


@frozen
class Suite:
    """A load, and what its CPU time is divided by.

    :param shape: of the answers, a name in :data:`tools.SHAPES`.
    :param options: of the load generator; ``-T`` is added where it runs for a time, else ``-n``.
    :param per: the attribute of :class:`tools.Seen` that is divided by.
    :param first: title for the median delay from the upstream's write of a first event to its arrival.
    :param began: title for the median time from a request to its first event; `` p99`` is added for the other.
    """

    title: str
    shape: str
    options: tuple[str, ...]
    per: str
    timed: bool = True
    first: str | None = None
    began: str | None = None


@define
class Subject:
    """Something that is measured.

    :param dialect: that its clients speak.
    """

    name: str
    process: Process
    port: int
    dialect: str = "chat"
    figures: dict[str, list[float]] = field(factory=dict)
    wrong: int = 0

    def note(self, title: str, figure: float | None) -> None:
        """Keep a figure."""
        if figure is not None:
            self.figures.setdefault(title, []).append(figure)

    def median(self, title: str) -> str:
        """Of the figures kept, as text."""
        kept = self.figures.get(title)
        return shown(statistics.median(kept)) if kept else "-"


def shown(figure: float) -> str:
    """A figure with as many digits as matter."""
    digits = 2 if abs(figure) < 10 else 1 if abs(figure) < 100 else 0
    return f"{figure:,.{digits}f}"


def measure(tools: Tools, subject: Subject, suite: Suite, limits: Sequence[str]) -> None:
    """Put one subject under one load, and keep what was seen."""
    before = subject.process.cpu()
    running = tools.begin(
        subject.port, suite.shape, *suite.options, *limits, dialect=subject.dialect
    )
    seen = tools.end(running)
    used = subject.process.cpu() - before
    subject.wrong += seen.wrong
    subject.note(suite.title, used / max(1, getattr(seen, suite.per)) * 1e6)
    if suite.first is not None:
        subject.note(suite.first, seen.first_ms)
    if suite.began is not None:
        subject.note(suite.began, seen.began_ms)
        subject.note(suite.began + " p99", seen.began_p99_ms)


def play_round(
    tools: Tools,
    suites: Sequence[Suite],
    subjects: Sequence[Subject],
    seconds: float,
    streams: int,
    number: int,
) -> None:
    """Every suite against every subject; in the first round, each is warmed up before."""
    for suite in suites:
        limits = ["-T", str(seconds)] if suite.timed else ["-n", str(streams)]
        # Each begins a round once, so that none is always the one after the same neighbour.
        for index in range(len(subjects)):
            subject = subjects[(index + number) % len(subjects)]
            if number == 0 and suite.timed:
                warm = (*suite.options, "-T", "0.2")
                tools.end(tools.begin(subject.port, suite.shape, *warm, dialect=subject.dialect))
            measure(tools, subject, suite, limits)


def print_rows(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table with titles on two lines: the last word of each, a unit as a rule, stands below the others."""
    upper, lower = zip(
        *((title.rpartition(" ")[0], title.rpartition(" ")[2]) for title in titles), strict=True
    )
    print()
    for row in (["", *upper], ["", *lower], *rows):
        print(f"{row[0]:<36}" + "".join(f"{cell:>15}" for cell in row[1:]))
