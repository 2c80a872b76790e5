"""The lines of the table: what is measured, under which load, and what this proxy may take at most.

A bound is a figure, or so many times what another takes in the same round; found is the median of the rounds' ratios,
which a noisy machine moves least.
"""

import statistics
from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen
from peers import CODEX, LITELLM, NGINX, NODE
from subjects import Subject, Suite, shown

__all__ = [
    "ADDED",
    "BRIDGE_LINES",
    "BRIDGE_SUITES",
    "DIRECT",
    "FIRST",
    "IDLE",
    "PEAK",
    "RELAY_LINES",
    "RELAY_SUITES",
    "SHARE",
    "START",
    "Bound",
    "Line",
    "Verdict",
    "judge",
    "ratio",
    "rest_table",
]

DIRECT = "no proxy"
FIRST, ADDED = "first event", "relay: added to the first event, ms"
PEAK, SHARE = "1,000 streams: memory at most, MiB", "1,000 streams: share of one core, %"
START, IDLE = "start to first answer, s", "idle memory, MiB"

_PACED = ("-c", "10", "-r", "137")
RELAY_SUITES = (
    Suite("relay, whole, 16 connections, us/request", "whole", ("-c", "16"), "requests"),
    Suite("relay, whole, 1 connection, us/request", "whole", ("-c", "1"), "requests"),
    Suite("relay, stream, fast, us/chunk", "fast", ("-c", "4"), "events"),
    Suite("relay, stream, paced, us/chunk", "paced", _PACED, "events", False, FIRST),
)
BRIDGE_SUITES = (
    Suite("Responses->Chat, fast, us/event", "fast", ("-c", "4"), "events"),
    Suite("Responses->Chat, whole, 16 connections, us/request", "text", ("-c", "16"), "requests"),
    Suite("Responses->Chat, paced, us/event", "paced", _PACED, "events", False),
)


@frozen
class Bound:
    """At most so many times what a peer takes; without a peer, at most that."""

    most: float
    peer: str | None = None

    @property
    def text(self) -> str:
        if self.peer is None:
            return f"{self.most:g}"
        return f"{_times(self.most)} {'x' if self.most > 0.5 else 'of'} {self.peer}"


@frozen
class Line:
    """A figure, and its bounds."""

    title: str
    bounds: tuple[Bound, ...] = ()


@frozen
class Verdict:
    """What was found of one bound; ``holds`` is ``None`` where the peer is absent."""

    title: str
    bound: str
    found: str
    holds: bool | None

    @property
    def row(self) -> tuple[str, ...]:
        word = {True: "PASS", False: "FAIL", None: "not measured"}[self.holds]
        return (self.title, self.bound, self.found, word)


_WHOLE_16, _WHOLE_1, _FAST, _PACED_RELAY = (suite.title for suite in RELAY_SUITES)
_EVENT, _ANSWER, _PACED_EVENT = (suite.title for suite in BRIDGE_SUITES)
RELAY_LINES = (
    Line(_WHOLE_16, (Bound(1.25, NODE), Bound(1 / 12, CODEX), Bound(1 / 80, LITELLM))),
    Line(_WHOLE_1, (Bound(1.0, NODE),)),
    Line(_FAST, (Bound(1.5, NGINX),)),
    Line(_PACED_RELAY, (Bound(2.0, NGINX),)),
    Line(ADDED, (Bound(0.5),)),
    Line(PEAK, (Bound(120),)),
    Line(SHARE, (Bound(12),)),
    Line(START, (Bound(0.5),)),
    Line(IDLE, (Bound(60),)),
)
BRIDGE_LINES = (
    Line(_EVENT, (Bound(1 / 5, CODEX), Bound(1 / 50, LITELLM))),
    Line(_ANSWER, (Bound(1 / 25, CODEX), Bound(1 / 70, LITELLM))),
    Line(_PACED_EVENT),
    Line(f"Responses->Chat, {START}", (Bound(0.5),)),
    Line(f"Responses->Chat, {IDLE}", (Bound(60),)),
)


def judge(lines: Sequence[Line], own: Subject, others: Mapping[str, Subject]) -> Iterator[Verdict]:
    """Every bound of every line.

    :param others: by their names.
    """
    for line in lines:
        for bound in line.bounds:
            yield _verdict(line.title, bound, own, others.get(bound.peer or ""))


def _verdict(title: str, bound: Bound, own: Subject, peer: Subject | None) -> Verdict:
    found: float | None
    if bound.peer is None:
        found = own.median(title)
        text = shown(found)
    else:
        found = ratio(title, own, peer) if peer else None
        text = "-" if found is None else f"{_times(found)}{' x' if found > 0.5 else ''}"
    return Verdict(title, bound.text, text, None if found is None else found <= bound.most)


def ratio(title: str, one: Subject, other: Subject) -> float | None:
    """How many times another's figure one's is: the median of the rounds' ratios."""
    pairs = zip(one.figures.get(title, []), other.figures.get(title, []), strict=False)
    return statistics.median(ratios) if (ratios := [mine / its for mine, its in pairs]) else None


def _times(factor: float) -> str:
    return f"{factor:.2f}" if factor > 0.5 else f"1/{1 / factor:.3g}"


def rest_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A simple table of reStructuredText."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    rule = "  ".join("=" * width for width in widths)
    text = [_padded(row, widths) for row in (head, *rows)]
    return "\n".join([rule, text[0], rule, *text[1:], rule])


def _padded(row: Sequence[str], widths: Sequence[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
