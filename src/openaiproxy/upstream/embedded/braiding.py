"""Several streams as one, turn by turn: how calls that are made at once come when they interleave."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import TypeVar

__all__ = ["braided", "chained"]

T = TypeVar("T")


def braided(strands: Iterable[Iterator[T]]) -> Iterator[T]:
    """One of each in turn, while they last; each keeps its own order."""
    waiting = deque(strands)
    while waiting:
        strand = waiting.popleft()
        for thing in strand:
            yield thing
            waiting.append(strand)
            break


def chained(strands: Iterable[Iterator[T]]) -> Iterator[T]:
    """One after the other."""
    for strand in strands:
        yield from strand
