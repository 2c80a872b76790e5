"""Same dialect on both sides: bytes pass, and a tap looks on.

A tap is shown what passes and changes nothing. It reads the model, the usage, the finish and an
error, at the cost of one search in each chunk: only a record that the dialect's
:class:`~openaiproxy.dialects.dialect.Spotter` marks is parsed, and the first one, which names the
    model. It keeps at most one record, or one whole answer, up to a
limit; beyond that it knows less, and never stands in the way: nothing here raises.
"""

import re

from attrs import define, field

from openaiproxy.dialects.dialect import Dialect, Seen
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Fault, FaultKind
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder

__all__ = ["Tap"]

_BOUNDARY = re.compile(rb"\n\n|\r\n\r\n|\r\r")


@define(eq=False)
class Tap:
    """Looks on while one answer passes.

    :param stream: whether it is a stream of events, or else one JSON object.
    :param limit: bytes of one record, or of a whole answer, that are kept to be read.
    """

    dialect: Dialect
    stream: bool
    limit: int = 1 << 24
    seen: Seen = field(factory=Seen, init=False)
    blind: bool = field(default=False, init=False)
    """Whether something passed that was too large to be looked at."""
    _pieces: list[bytes] = field(factory=list, init=False)
    _size: int = field(default=0, init=False)
    _first: bool = field(default=True, init=False)
    _over: bool = field(default=False, init=False)
    """Whether the limit was passed within what is being kept."""

    def feed(self, chunk: bytes) -> None:
        """Look at bytes that pass.

        :param chunk: the next, cut anywhere.
        """
        if not self.stream:
            self._keep(chunk)
            return
        cut = _last_boundary(chunk)
        if cut < 0:
            self._keep(chunk)
            return
        self._keep(chunk[:cut])
        self._look()
        self._keep(chunk[cut:])

    def eof(self) -> Seen:
        """All that was seen, once everything has passed.

        A stream that did not say that it is finished has a fault of kind ``TRUNCATED``. What it
        ended with is looked at even if the last blank line is missing.
        """
        if not self.stream:
            self._whole()
        else:
            self._keep(b"\n\n")
            self._look()
            if not self.seen.complete and self.seen.fault is None:
                cut = Fault(
                    FaultKind.TRUNCATED,
                    "The upstream's answer ended before it was finished.",
                    code="upstream_stream_truncated",
                )
                self.seen = self.seen.merged(Seen(fault=cut))
        return self.seen

    def _keep(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self.limit:
            self._over = self.blind = True
            self._pieces.clear()
        elif data:
            self._pieces.append(data)

    def _take(self) -> bytes:
        """What was kept; empty if it was too much."""
        kept = b"" if self._over else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._over = False
        return kept

    def _look(self) -> None:
        """Reads the records kept, if they are worth it."""
        kept = self._take()
        if not self._first and self.dialect.spotter.mark.search(kept) is None:
            return
        for record in Decoder(limit=self.limit + 2).feed(kept):
            if self._first or self.dialect.spotter.mark.search(record.data) is not None:
                self._first = False
                self._glance(record.data)

    def _whole(self) -> None:
        self._glance(self._take())

    def _glance(self, data: bytes) -> None:
        try:
            found = json.loads_record(data)
        except BadUpstream:
            return
        if isinstance(found, dict):
            seen = self.dialect.spotter.glance(found)
            self.seen = self.seen.merged(seen) if self.stream else seen


def _last_boundary(chunk: bytes) -> int:
    """Where the last whole record of a chunk ends; -1 if none does.

    A boundary that is cut in two is found with the next one: the tap may be late, but misses
    nothing.
    """
    end = chunk.rfind(b"\n\n")
    if end >= 0:
        return end + 2
    if b"\r" in chunk:
        ends = [found.end() for found in _BOUNDARY.finditer(chunk)]
        return ends[-1] if ends else -1
    return -1
