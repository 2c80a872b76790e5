"""One open block of a stream: what of it is told as it comes, and what is held until it stops.

Held is what a later event of the wire may replace: the signature of thoughts, the input that a
tool's block began with, the whole of a hosted tool's block, whose input comes in pieces, and of a
block that we do not know; and the input of a tool for free text, which is a text within an object.
"""

from collections.abc import Callable, Iterable

from attrs import define, field

from openaiproxy.dialects.messages.blocks import parse_block
from openaiproxy.dialects.messages.citations import parse_citation
from openaiproxy.dialects.messages.fields import NAME
from openaiproxy.dialects.messages.hosted import parse_hosted
from openaiproxy.dialects.messages.replies import uncustom
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Channel, Event, Other, PartBegin, PartDelta, PartEnd, PartNote
from openaiproxy.hub.growth import bare
from openaiproxy.hub.parts import Hosted, Json, JsonObject, Opaque, Part, Reasoning, Seal, ToolCall
from openaiproxy.hub.values import changed
from openaiproxy.wire import json

__all__ = ["Block", "text_of"]


@define(eq=False)
class Block:
    """An open block.

    :param part: as it began, without what grows.
    :param found: the wire's block.
    :param given: the input that it began with.
    :param custom: whether its input holds the text for a tool that takes free text.
    :param unknown: whether it is told only when it stops, since we do not know how it grows.
    :param held: whether its deltas, or copies of them, are held.
    :param size: bytes of the records that brought what is held.
    :param told: whether any of its input was told.
    :param pieces: of its input.
    :param deltas: of a block that we do not know.
    """

    slot: int
    part: Part
    found: JsonObject
    given: str = ""
    custom: bool = False
    unknown: bool = False
    held: bool = False
    size: int = 0
    signature: str = ""
    told: bool = False
    pieces: list[str] = field(factory=list)
    deltas: list[JsonObject] = field(factory=list)

    @classmethod
    def of(cls, slot: int, found: JsonObject, free: frozenset[str]) -> "Block":
        """A block as it begins.

        :param slot: the next.
        :param free: names of tools that take free text.
        """
        part = parse_block(found)
        if not isinstance(part, ToolCall | Hosted):
            unknown = isinstance(part, Opaque)
            return cls(slot, part, found, unknown=unknown, held=unknown)
        begun = bare(parse_block({**found, "input": {}}))
        custom = isinstance(begun, ToolCall) and begun.name in free
        if isinstance(begun, ToolCall):
            begun = changed(begun, custom=custom)
        held = custom or isinstance(begun, Hosted)
        return cls(slot, begun, found, part.arguments, custom, held=held)

    def begin(self) -> Iterable[Event]:
        """Its first events."""
        return () if self.unknown else (PartBegin(self.slot, self.part),)

    @property
    def field(self) -> bytes:
        """The name of what its deltas hold."""
        if isinstance(self.part, ToolCall | Hosted):
            return b"partial_json"
        return b"thinking" if isinstance(self.part, Reasoning) else b"text"

    def holds(self, kind: object) -> bool:
        """Whether a delta, or a copy of it, is held.

        :param kind: its type.
        """
        return self.held or kind == "signature_delta"

    def grow(self, kind: object, found: JsonObject) -> Iterable[Event]:
        """The events of a delta.

        :param kind: its type.
        :param found: the event that holds it.
        """
        if self.unknown:
            self.deltas.append(found["delta"])
            return ()
        grow = _DELTAS.get(kind) if isinstance(kind, str) else None
        if grow is None:
            return (Other(NAME, "content_block_delta", found),)
        return grow(self, found["delta"])

    def end(self, slot: int) -> Iterable[Event]:
        """Its last events.

        :param slot: the next, for a block that has none yet.
        """
        if isinstance(self.part, Opaque):
            whole = changed(self.part, raw=_filled(self.found, self.deltas))
            return (PartBegin(slot, whole), PartEnd(slot, whole))
        if isinstance(self.part, ToolCall | Hosted):
            return self._end_call()
        signed = (PartNote(self.slot, Seal.read(self.signature, NAME)),) if self.signature else ()
        return (*signed, PartEnd(self.slot))

    def _end_call(self) -> Iterable[Event]:
        given = "".join(self.pieces) or self.given
        told: Iterable[Event] = ()
        if self.custom:
            told = (PartDelta(self.slot, _uncustom(given)),)
        elif not self.told:
            told = (PartDelta(self.slot, given),)
        part = _ended(self.part, self.found, given) if isinstance(self.part, Hosted) else None
        return (*told, PartEnd(self.slot, part))


def _filled(found: JsonObject, deltas: list[JsonObject]) -> JsonObject:
    """A block that we do not know, with what its deltas brought: words and input in pieces, all
    else at once."""
    pieces: dict[str, list[str]] = {}
    whole: dict[str, Json] = {**found}
    for delta in deltas:
        for name, value in delta.items():
            if name in _PIECES and isinstance(value, str):
                pieces.setdefault(name, []).append(value)
            elif name != "type":
                whole[name] = value
    for name, texts in pieces.items():
        text = "".join(texts)
        if name == "partial_json":
            whole["input"] = _read(text)
        else:
            whole[name] = text_of(whole, name) + text
    return whole


def _read(text: str) -> Json:
    """What an input says; one that was cut stays a text."""
    try:
        return json.loads(text.encode("utf-8", "surrogatepass"))
    except BadUpstream:
        return text


def text_of(found: JsonObject, name: str) -> str:
    """A field's text; empty if it has none."""
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
        return changed(part, arguments=arguments)
    whole = parse_hosted({**found, "input": given})
    return changed(whole, arguments=arguments) if isinstance(whole, Hosted) else part


def _think(block: Block, delta: JsonObject) -> Iterable[Event]:
    text = text_of(delta, "thinking")
    return (PartDelta(block.slot, text, Channel.SUMMARY),) if text else ()


def _sign(block: Block, delta: JsonObject) -> Iterable[Event]:
    block.signature = text_of(delta, "signature")
    return ()


def _input(block: Block, delta: JsonObject) -> Iterable[Event]:
    text = text_of(delta, "partial_json")
    if not text:
        return ()
    if block.held:
        block.pieces.append(text)
    if block.custom:
        return ()
    block.told = True
    return (PartDelta(block.slot, text),)


def _cite(block: Block, delta: JsonObject) -> Iterable[Event]:
    citation = delta.get("citation")
    return (PartNote(block.slot, parse_citation(citation)),) if isinstance(citation, dict) else ()


_PIECES = frozenset({"partial_json", "text", "thinking"})
"""Fields of deltas that hold a piece of a text."""

_DELTAS: dict[str, Callable[[Block, JsonObject], Iterable[Event]]] = {
    "thinking_delta": _think,
    "signature_delta": _sign,
    "input_json_delta": _input,
    "citations_delta": _cite,
}
