"""Reading a stream of named events.

Blocks have indexes of the wire; slots are ours. A block of a type that we do not know has its slot
only when it stops. Usage, the finish, and what stands beside them come in pieces too, and are told
at the wire's last word.
"""

from collections.abc import Callable, Iterable

from attrs import define, field

from openaiproxy.dialects.dialect import Context, Parser
from openaiproxy.dialects.lane import Likeness
from openaiproxy.dialects.messages.faults import parse_error
from openaiproxy.dialects.messages.fields import NAME, REPLY
from openaiproxy.dialects.messages.growing import Block, text_of
from openaiproxy.dialects.messages.replies import customs, parse_begin, parse_finish
from openaiproxy.dialects.messages.usage import amended, parse_tier, parse_usage
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import End, Event, Finish, Idle, Other, PartDelta
from openaiproxy.hub.parts import Extra, Json, JsonObject
from openaiproxy.hub.values import changed
from openaiproxy.wire import json
from openaiproxy.wire.sse import Record

__all__ = ["HELD", "parser"]

HELD = 1 << 26
"""Bytes of records whose content is held back at one time. It is as much as one record may have, so
that a block which comes whole in its beginning is never too large; what else is held, the input of
a call, was written by a model, and is far less."""


@define(eq=False)
class _Parser:
    """Reads one stream.

    :param free: names of tools that take free text.
    """

    free: frozenset[str]
    _slots: int = field(default=0, init=False)
    _open: dict[Json, Block] = field(factory=dict, init=False)
    _usage: dict[str, Json] = field(factory=dict, init=False)
    _finishes: tuple[Finish, ...] = field(default=(), init=False)
    _early: tuple[Finish, ...] = field(default=(), init=False)
    """A finish that the beginning told, of an answer that was whole by then."""
    _extra: dict[str, Json] = field(factory=dict, init=False)
    _room: int = field(default=HELD, init=False)
    _size: int = field(default=0, init=False)
    """Bytes of the record that is being read."""

    def feed(self, record: Record) -> Iterable[Event]:
        """See :class:`~openaiproxy.dialects.dialect.Parser`."""
        if record.data == b"[DONE]":
            return ()
        found = json.loads_record(record.data)
        if not isinstance(found, dict):
            raise _malformed("an event that is no object")
        self._size = len(record.data)
        kind = found.get("type") or record.event.decode("utf-8", "replace")
        if kind == "content_block_start":
            found = json.loads(record.data)
        read = _EVENTS.get(kind) if isinstance(kind, str) else None
        if read is None:
            return (Other(NAME, str(kind), found),)
        return read(self, found)

    def likeness(self, record: bytes, delta: PartDelta) -> Likeness | None:
        """What is held back is counted, and no delta like another."""
        block = next((one for one in self._open.values() if one.slot == delta.slot), None)
        if block is None or block.held:
            return None
        return Likeness.of(record, delta.text, (block.field,))

    def eof(self) -> Iterable[Event]:
        """See :class:`~openaiproxy.dialects.dialect.Parser`."""
        return self._stop({}) if self._finishes else ()

    def _start(self, found: JsonObject) -> Iterable[Event]:
        message = found.get("message")
        if not isinstance(message, dict):
            raise _malformed("a message that is no object")
        usage = message.get("usage")
        if isinstance(usage, dict):
            self._usage = dict(usage)
        events: list[Event] = [changed(parse_begin(message), usage=parse_usage(usage))]
        self._early = parse_finish(message)
        content = message.get("content")
        for block in content if isinstance(content, list) else ():
            if isinstance(block, dict):
                key = ("begun", self._slots)
                events += (*self._begin(key, block), *self._end(key))
        return events

    def _begin_block(self, found: JsonObject) -> Iterable[Event]:
        block = found.get("content_block")
        index = found.get("index")
        if not isinstance(block, dict) or not isinstance(index, int) or index in self._open:
            raise _malformed("a block that can't begin")
        events = self._begin(index, block)
        self._hold(self._open[index])
        return events

    def _hold(self, block: Block | None = None) -> None:
        """Reckons with the record that is being read.

        :param block: with which what is held will go; ``None`` is with the answer.
        """
        self._room -= self._size
        if block is not None:
            block.size += self._size
        if self._room < 0:
            what = "more than can be held back until it is whole"
            raise BadUpstream(502, "upstream_too_large", f"The upstream's stream holds {what}.")

    def _begin(self, index: Json, found: JsonObject) -> Iterable[Event]:
        block = self._open[index] = Block.of(self._slots, found, self.free)
        self._slots += not block.unknown
        return block.begin()

    def _delta(self, found: JsonObject) -> Iterable[Event]:
        index, delta = found.get("index"), found.get("delta")
        block = self._open.get(index) if isinstance(index, int) else None
        if block is None or not isinstance(delta, dict):
            raise _malformed("a delta of no open block")
        kind = delta.get("type")
        if kind == "text_delta" and not block.unknown:
            return (PartDelta(block.slot, text_of(delta, "text")),)
        if block.holds(kind):
            self._hold(block)
        return block.grow(kind, found)

    def _end_block(self, found: JsonObject) -> Iterable[Event]:
        index = found.get("index")
        if not isinstance(index, int) or index not in self._open:
            raise _malformed("a stop of no open block")
        return self._end(index)

    def _end(self, index: Json) -> Iterable[Event]:
        block = self._open.pop(index)
        self._room += block.size
        events = block.end(self._slots)
        self._slots += block.unknown
        return events

    def _message_delta(self, found: JsonObject) -> Iterable[Event]:
        self._hold()
        delta, usage = found.get("delta"), found.get("usage")
        if isinstance(usage, dict):
            self._usage = amended(self._usage, usage)
        for name, value in found.items():
            if name not in ("type", "delta", "usage") and value is not None:
                self._extra[name] = value
        if isinstance(delta, dict):
            self._finishes = parse_finish(delta) or self._finishes
            for name, value in delta.items():
                if not name.startswith("stop_") and value is not None:
                    self._extra[name] = value
        return ()

    def _stop(self, _found: JsonObject) -> Iterable[Event]:
        events = [event for index in list(self._open) for event in self._end(index)]
        extra = Extra(NAME, self._extra, REPLY.hints) if self._extra else None
        usage = parse_usage(self._usage or None)
        tier = parse_tier(self._usage)
        return (*events, End(self._finishes or self._early, usage, tier, extra))

    def _ping(self, _found: JsonObject) -> Iterable[Event]:
        return (Idle(),)

    def _error(self, found: JsonObject) -> Iterable[Event]:
        return (parse_error(found),)


def parser(context: Context) -> Parser:
    """A parser of one stream."""
    return _Parser(customs(context.request))


def _malformed(what: str) -> BadUpstream:
    return BadUpstream(502, "upstream_malformed", f"The upstream's stream holds {what}.")


_EVENTS: dict[str, Callable[[_Parser, JsonObject], Iterable[Event]]] = {
    "message_start": _Parser._start,
    "content_block_start": _Parser._begin_block,
    "content_block_delta": _Parser._delta,
    "content_block_stop": _Parser._end_block,
    "message_delta": _Parser._message_delta,
    "message_stop": _Parser._stop,
    "ping": _Parser._ping,
    "error": _Parser._error,
}
