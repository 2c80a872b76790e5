"""What is noted of one request while it runs, for the line that is written when it has ended.

Time is told apart by whose it is. While the proxy has what it needs and nobody has yet been asked, or while the
upstream's word is here and has not been handed on, the time is the proxy's own; :attr:`Record.since` then says since
when. All other time is spent waiting for others.

The marks say what happened when. There are never more of them than :data:`_MOST_MARKS`, however often an upstream is
asked again.
"""

from attrs import define, field

from openaiproxy.dialects.dialect import Seen
from openaiproxy.hub.events import Fault, Usage
from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.console import Lines

__all__ = ["Record"]

_MOST_MARKS = 32


@define
class Record:
    """Notes on one request. Times are the clock's seconds.

    :param id: the request's id.
    :param started: when its head was complete.
    :param incoming: the caller's own name for it, where it isn't the request's id.
    :param route: what is asked for, a word of :mod:`openaiproxy.ops.routes`.
    :param dialects: the caller's and the upstream's, such as ``chat>responses``.
    :param retries: how often the upstream was asked again.
    :param sent: when the request went up for the first time.
    :param waited: seconds from that until the head of an answer came.
    :param since: since when time is the proxy's own; ``None`` while it is not.
    :param own: seconds that were, so far.
    :param lines: those on the console, where there are any.
    :param read: when the last byte of its body had arrived, if it has one.
    :param marks: what happened when, in the words that people read; seconds since ``started``.
    :param bodies: those that are kept for who looks at this request, as entries of a payload log.
    """

    id: str
    started: float
    method: str = ""
    target: bytes = b""
    peer: str = ""
    client: str = ""
    model: str | None = None
    status: int | None = None
    upstream_status: int | None = None
    upstream_id: str | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    first_byte: float | None = None
    code: str | None = None
    incoming: str | None = None
    dropped: tuple[str, ...] = ()
    ending: str = "complete"
    route: str = "other"
    dialects: str | None = None
    streamed: bool = False
    retries: int = 0
    fault: str | None = None
    usage: Usage | None = None
    sent: float | None = None
    waited: float | None = None
    since: float | None = None
    own: float = 0.0
    lines: Lines | None = None
    read: float | None = None
    marks: list[tuple[str, float]] = field(factory=list)
    bodies: list[str] = field(factory=list, repr=False)

    def mark(self, word: str, now: float) -> None:
        """Note that something happened."""
        if len(self.marks) < _MOST_MARKS:
            self.marks.append((word, now - self.started))

    def work(self, now: float) -> None:
        """From now on, time is the proxy's own."""
        self.since = now

    def rest(self, now: float) -> None:
        """From now on, it is not."""
        if self.since is not None:
            self.own += now - self.since
            self.since = None

    def note_fault(self, fault: Fault | None) -> None:
        """Note what the upstream did wrong, or said that went wrong."""
        if fault is not None:
            self.fault = fault.kind.value[1]
            self.usage = fault.usage or self.usage

    def note_seen(self, seen: Seen) -> None:
        """Note what was read of an answer that passed."""
        self.model = self.model or seen.model
        self.usage = seen.usage or self.usage
        self.note_fault(seen.fault)

    def close(self, port: int | str, profile: str, now: float) -> Exchanged:
        """The request's one line, as a value."""
        usage = self.usage
        return Exchanged(
            id=self.id,
            port=port,
            profile=profile,
            method=self.method,
            path=self.target.decode("latin-1"),
            peer=self.peer,
            client=self.client,
            model=self.model,
            status=self.status,
            upstream_status=self.upstream_status,
            upstream_id=self.upstream_id,
            bytes_in=self.bytes_in,
            bytes_out=self.bytes_out,
            first_byte=None if self.first_byte is None else self.first_byte - self.started,
            duration=now - self.started,
            code=self.code,
            dropped=",".join(self.dropped) or None,
            ending=self.ending,
            route=self.route,
            dialects=self.dialects,
            streamed=self.streamed,
            retries=self.retries,
            fault=self.fault,
            tokens_in=None if usage is None else usage.input,
            tokens_cached=None if usage is None else usage.cached,
            tokens_out=None if usage is None else usage.output,
            tokens_reasoning=None if usage is None else usage.reasoning,
            waited=self.waited,
            overhead=None if self.sent is None else self.own,
            marks=tuple(self._all_marks(now)),
        )

    def _all_marks(self, now: float) -> list[tuple[str, float]]:
        marks, started = self.marks, self.started
        if self.read is not None:
            marks.insert(0, ("body read", self.read - started))
        if self.first_byte is not None:
            marks.append(("first byte", self.first_byte - started))
        marks.append((self.ending, now - started))
        return marks
