"""Reading a stream of named events.

Blocks have indexes of the wire; slots are ours. What a later event of the wire may replace is held
until its block stops: the signature of thoughts, the input that a tool's block began with, the
whole of a hosted tool's block, whose input comes in pieces, and of a block that we do not know.
"""

from collections.abc import Callable, Iterable

from attrs import define, evolve, field

from openaiproxy.dialects.dialect import Context, Parser
from openaiproxy.dialects.messages.blocks import parse_block
from openaiproxy.dialects.messages.citations import parse_citation
from openaiproxy.dialects.messages.faults import parse_error
from openaiproxy.dialects.messages.fields import NAME
from openaiproxy.dialects.messages.hosted import parse_hosted
from openaiproxy.dialects.messages.replies import customs, parse_begin, parse_finish, uncustom
from openaiproxy.dialects.messages.usage import parse_tier, parse_usage
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import (
    Channel,
    End,
    Event,
    Finish,
    Idle,
    Other,
    PartBegin,
    PartDelta,
    PartEnd,
    PartNote,
)
from openaiproxy.hub.growth import bare
from openaiproxy.hub.parts import Extra, Hosted, Json, JsonObject, Opaque, Part, Seal, ToolCall
from openaiproxy.wire import json
from openaiproxy.wire.sse import Record

__all__ = ["parser"]


@define(eq=False)
class _Block:
    """An open block.

    :param part: as it began, without what grows.
    :param found: the wire's block.
    :param given: the input that it began with.
    :param custom: whether its input holds the text for a tool that takes free text.
    """

    slot: int
    part: Part
    found: JsonObject
    given: str = ""
    custom: bool = False
    signature: str = ""
    told: bool = False
    pieces: list[str] = field(factory=list)

    @property
    def held(self) -> bool:
        """Whether its input has to be whole before it can be told, or ended."""
        return self.custom or isinstance(self.part, Hosted)


@define(eq=False)
class _Parser:
    """Reads one stream.

    :param free: names of tools that take free text.
    """

    free: frozenset[str]
    _slots: int = field(default=0, init=False)
    _open: dict[Json, _Block] = field(factory=dict, init=False)
    _usage: dict[str, Json] = field(factory=dict, init=False)
    _finishes: tuple[Finish, ...] = field(default=(), init=False)
    _early: tuple[Finish, ...] = field(default=(), init=False)
    """A finish that the beginning told, of an answer that was whole by then."""
    _extra: dict[str, Json] = field(factory=dict, init=False)

    def feed(self, record: Record) -> Iterable[Event]:
        """See :class:`~openaiproxy.dialects.dialect.Parser`."""
        if record.data == b"[DONE]":
            return ()
        found = json.loads_record(record.data)
        if not isinstance(found, dict):
            raise _malformed("an event that is no object")
        kind = found.get("type") or record.event.decode("utf-8", "replace")
        if kind == "content_block_start":
            found = json.loads(record.data)
        read = _EVENTS.get(kind) if isinstance(kind, str) else None
        if read is None:
            return (Other(NAME, str(kind), found),)
        return read(self, found)

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
        events: list[Event] = [evolve(parse_begin(message), usage=parse_usage(usage))]
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
        return self._begin(index, block)

    def _begin(self, index: Json, found: JsonObject) -> Iterable[Event]:
        part = parse_block(found)
        block = self._open[index] = _Block(self._slots, part, found)
        if isinstance(part, Opaque):
            return ()
        if isinstance(part, ToolCall | Hosted):
            block.given = part.arguments
            part = block.part = bare(parse_block({**found, "input": {}}))
            if isinstance(part, ToolCall) and part.name in self.free:
                block.custom = True
                part = block.part = evolve(part, custom=True)
        self._slots += 1
        return (PartBegin(block.slot, part),)

    def _delta(self, found: JsonObject) -> Iterable[Event]:
        index, delta = found.get("index"), found.get("delta")
        block = self._open.get(index) if isinstance(index, int) else None
        if block is None or not isinstance(delta, dict):
            raise _malformed("a delta of no open block")
        kind = delta.get("type")
        if kind == "text_delta":
            return (PartDelta(block.slot, _text(delta, "text")),)
        grow = _DELTAS.get(kind) if isinstance(kind, str) else None
        if grow is not None:
            return grow(block, delta)
        if isinstance(block.part, Opaque):
            block.found = {**block.found, **{k: v for k, v in delta.items() if k != "type"}}
            return ()
        return (Other(NAME, "content_block_delta", found),)

    def _end_block(self, found: JsonObject) -> Iterable[Event]:
        index = found.get("index")
        if not isinstance(index, int) or index not in self._open:
            raise _malformed("a stop of no open block")
        return self._end(index)

    def _end(self, index: Json) -> Iterable[Event]:
        block = self._open.pop(index)
        if isinstance(block.part, Opaque):
            self._slots += 1
            whole = evolve(block.part, raw=block.found)
            return (PartBegin(self._slots - 1, whole), PartEnd(self._slots - 1, whole))
        part: Part | None = None
        events: list[Event] = []
        if block.signature:
            events.append(PartNote(block.slot, Seal.read(block.signature, NAME)))
        if isinstance(block.part, ToolCall | Hosted):
            given = "".join(block.pieces) or block.given
            if block.custom:
                events.append(PartDelta(block.slot, _uncustom(given)))
            elif not block.told:
                events.append(PartDelta(block.slot, given))
            if isinstance(block.part, Hosted):
                part = _ended(block.part, block.found, given)
        return (*events, PartEnd(block.slot, part))

    def _message_delta(self, found: JsonObject) -> Iterable[Event]:
        delta, usage = found.get("delta"), found.get("usage")
        if isinstance(usage, dict):
            self._usage.update({k: v for k, v in usage.items() if v is not None})
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
        extra = Extra(NAME, self._extra) if self._extra else None
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


def _text(found: JsonObject, name: str) -> str:
    value = found.get(name)
    return value if isinstance(value, str) else ""


def _uncustom(arguments: str) -> str:
    try:
        return uncustom(arguments)
    except BadUpstream:
        return arguments


def _ended(part: Hosted, found: JsonObject, arguments: str) -> Part:
    """A hosted call with the input that its pieces amount to, if that can be read."""
    try:
        given = json.loads(arguments.encode("utf-8", "surrogatepass"))
    except BadUpstream:
        return evolve(part, arguments=arguments)
    whole = parse_hosted({**found, "input": given})
    return evolve(whole, arguments=arguments) if isinstance(whole, Hosted) else part


def _think(block: _Block, delta: JsonObject) -> Iterable[Event]:
    text = _text(delta, "thinking")
    return (PartDelta(block.slot, text, Channel.SUMMARY),) if text else ()


def _sign(block: _Block, delta: JsonObject) -> Iterable[Event]:
    block.signature = _text(delta, "signature")
    return ()


def _input(block: _Block, delta: JsonObject) -> Iterable[Event]:
    text = _text(delta, "partial_json")
    if not text:
        return ()
    if block.held:
        block.pieces.append(text)
        if block.custom:
            return ()
    block.told = True
    return (PartDelta(block.slot, text),)


def _cite(block: _Block, delta: JsonObject) -> Iterable[Event]:
    citation = delta.get("citation")
    return (PartNote(block.slot, parse_citation(citation)),) if isinstance(citation, dict) else ()


_DELTAS: dict[str, Callable[[_Block, JsonObject], Iterable[Event]]] = {
    "thinking_delta": _think,
    "signature_delta": _sign,
    "input_json_delta": _input,
    "citations_delta": _cite,
}

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
