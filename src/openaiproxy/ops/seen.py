"""What is seen of the requests of one process or of several: as a value to be told, and as what pages show.

A :class:`Seen` goes through a pipe between processes of one start, so it is pickled. Whoever asks again names what it
has, and is told what is new.
"""

import pickle
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence
from typing import Protocol

from attrs import field, frozen

from openaiproxy.ops.minutes import Sums
from openaiproxy.ops.ring import Entry, Ring
from openaiproxy.ops.tally import Tally

__all__ = ["Port", "Row", "Seen", "Shown", "packed", "unpacked"]

Row = tuple[int | str, str, int, int]
"""A port: its TCP port or a name, its profile, how many requests it takes at once, how many are under way."""


@frozen
class Port:
    """An open port, as somebody who looks at it sees it.

    :param number: its TCP port, or a name.
    :param limit: requests at once.
    :param running: counts those under way.
    """

    number: int | str
    profile: str
    limit: int
    running: Callable[[], int]


@frozen
class Seen:
    """What is seen.

    :param minutes: whole, of those that were asked for.
    :param entries: requests, the oldest first.
    :param uptime: seconds since the start.
    """

    ports: tuple[Row, ...] = ()
    tally: Tally = field(factory=Tally)
    minutes: tuple[Sums, ...] = ()
    entries: tuple[Entry, ...] = ()
    uptime: float = 0.0
    draining: bool = False


class Shown(Protocol):
    """What pages show."""

    @property
    def ring(self) -> Ring:
        """The last requests and the last hour."""

    @property
    def tally(self) -> Tally:
        """What it came to since the start."""

    @property
    def ports(self) -> Sequence[Port]:
        """Those that serve callers."""

    @property
    def draining(self) -> bool:
        """Whether no more requests are taken."""

    def uptime(self) -> float:
        """Seconds since the start."""

    def keeps(self, entry: Entry) -> bool:
        """Whether the bodies of a request are kept."""

    def subscribe(self, listener: Callable[[Entry], None]) -> Callable[[], None] | None:
        """Be told of every request that ends from now on; see :meth:`Ring.subscribe`."""


def packed(seen: Seen) -> str:
    """The value as text."""
    return b64encode(pickle.dumps(seen)).decode("ascii")


def unpacked(text: str) -> Seen:
    """The value that :func:`packed` made; of this process's own pipes alone."""
    seen: Seen = pickle.loads(b64decode(text))
    return seen
