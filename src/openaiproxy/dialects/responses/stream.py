"""Reading a stream of events.

Only ``output_index`` and the indexes within an item are trusted to name things: ids may change on
every event. What an item is at its end is what ``response.output_item.done`` says; for an item
without it, the last event's response does. Parts of a message therefore end with their message, and
deltas flow at once. Seals are read at the end alone. ``[DONE]`` means nothing here.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from attrs import define, field

from openaiproxy.dialects.lane import Likeness
from openaiproxy.dialects.responses.faults import parse_error
from openaiproxy.dialects.responses.growing import REPEATED, Item, other
from openaiproxy.dialects.responses.items import parse_item
from openaiproxy.dialects.responses.marks import parse_annotation, parse_logprobs
from openaiproxy.dialects.responses.messages import content_part
from openaiproxy.dialects.responses.replies import (
    changed,
    parse_begin,
    parse_failure,
    parse_finish,
)
from openaiproxy.dialects.responses.usage import parse_usage
from openaiproxy.dialects.responses.values import objects, string, thing
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import (
    Begin,
    End,
    Event,
    Idle,
    PartBegin,
    PartDelta,
    PartEnd,
    PartNote,
)
from openaiproxy.hub.growth import bare
from openaiproxy.hub.parts import Hosted, JsonObject, Part, Reasoning, Text, ToolCall
from openaiproxy.wire import json
from openaiproxy.wire.sse import Record

__all__ = ["ResponsesParser"]


_ITEMS = 1 << 14
"""Most items of one answer, each of which is known to the end. The most recorded are 14."""


@define(eq=False)
class ResponsesParser:
    """Reads one stream."""

    _begin: Begin | None = field(default=None, init=False)
    _items: dict[int, Item] = field(factory=dict, init=False)
    _slots: int = field(default=0, init=False)

    def feed(self, record: Record) -> Iterable[Event]:
        """The events of one record."""
        data = record.data
        if data == b"[DONE]":
            return ()
        found = json.loads_record(data) if data.find(b'delta"', 0, 60) > 0 else json.loads(data)
        if not isinstance(found, dict):
            raise BadUpstream(502, "upstream_malformed", "An event of the upstream is no object.")
        word = found.get("type")
        if not isinstance(word, str):
            word = "error" if "error" in found else record.event.decode("utf-8", "replace")
        read = _READ.get(word)
        if read is None:
            return () if word in REPEATED else (other(word, found),)
        return list(read(self, found))

    def likeness(self, record: bytes, delta: PartDelta) -> Likeness | None:
        """The next delta changes nothing here: one that differs in its words, its number and its padding is read
        alike."""
        return Likeness.of(record, delta.text, (b"delta",), (b"sequence_number", b"obfuscation"))

    def eof(self) -> Iterable[Event]:
        """Nothing: no finish is held back."""
        return ()

    def _created(self, found: JsonObject) -> Iterator[Event]:
        if self._begin is None:
            self._begin = parse_begin(thing(found.get("response")))
            yield self._begin

    def _failed(self, found: JsonObject) -> Iterator[Event]:
        response = found.get("response")
        yield (parse_failure(response) if isinstance(response, dict) else None) or parse_error(
            found
        )

    def _over(self, found: JsonObject) -> Iterator[Event]:
        response = thing(found.get("response"))
        fault = parse_failure(response)
        if fault is not None:
            yield fault
            return
        yield from self._created(found)
        begin = self._begin or Begin()
        seen = [item.found.get("id") for item in self._items.values()]
        for index, item in enumerate(objects(response.get("output"))):
            known = self._items.get(index)
            id = item.get("id")
            new = id is None or id not in seen if known is None else not known.done
            if new:
                yield from self._finish(index, item)
        for index, known in list(self._items.items()):
            if not known.done:
                yield from self._finish(index, known.found)
        tier = string(response.get("service_tier"))
        if found.get("type") == "response.incomplete":
            response = {"status": "incomplete", **response}
        yield End(
            (parse_finish(response),),
            parse_usage(response.get("usage")),
            tier if tier != begin.tier else None,
            changed(begin, response),
        )

    def _idle(self, found: JsonObject) -> Iterator[Event]:
        yield Idle()

    # Items

    def _item(self, found: JsonObject) -> tuple[int, Item] | None:
        """The item that an event speaks of, while it grows."""
        index = found.get("output_index")
        item = self._items.get(index) if isinstance(index, int) else None
        return None if item is None or item.done else (found["output_index"], item)

    def _added(self, found: JsonObject) -> Iterator[Event]:
        index, item = found.get("output_index"), found.get("item")
        if isinstance(index, int) and isinstance(item, dict) and index not in self._items:
            yield from self._created({})
            yield from self._start(index, item)

    def _start(self, index: int, found: JsonObject) -> Iterator[Event]:
        if len(self._items) >= _ITEMS:
            raise BadUpstream(502, "upstream_too_large", "An answer has too many items.")
        item = self._items[index] = Item(found)
        if not item.is_message:
            part = parse_item(found)[0]
            if not isinstance(part, ToolCall) or part.name:
                yield self._open(index, item, 0, part)

    def _open(self, index: int, item: Item, content: int, part: Part) -> PartBegin:
        slot, self._slots = self._slots, self._slots + 1
        item.slots[content] = slot
        item.begun[content] = part = bare(part)
        return PartBegin(slot, part)

    def _done(self, found: JsonObject) -> Iterator[Event]:
        index, item = found.get("output_index"), found.get("item")
        if isinstance(index, int) and isinstance(item, dict):
            yield from self._created({})
            yield from self._finish(index, item)

    def _finish(self, index: int, found: JsonObject) -> Iterator[Event]:
        if index not in self._items:
            yield from self._start(index, found)
        item = self._items[index]
        if item.done:
            return
        if item.is_message and "content" not in found:
            found = {**found, "content": []}
        parts = parse_item(found)
        if item.is_message and item.slots and not objects(found.get("content")):
            parts = ()
        for place in sorted({*item.slots, *range(len(parts))}):
            if place not in item.slots:
                yield self._open(index, item, place, parts[place])
                for held in item.held:
                    yield PartDelta(item.slots[place], held)
            yield PartEnd(item.slots[place], item.final(place, found, parts))
        item.close()

    # Contents of messages

    def _content(self, found: JsonObject, make: JsonObject) -> tuple[list[Event], int | None]:
        """The slot of the content that an event speaks of, begun if need be as ``make`` is."""
        at = self._item(found)
        events: list[Event] = []
        if at is None and isinstance(found.get("output_index"), int):
            shell = {"type": "message", "role": "assistant", "id": found.get("item_id")}
            events += self._added({"output_index": found["output_index"], "item": shell})
            at = self._item(found)
        if at is None or not at[1].is_message:
            return events, None
        index, item = at
        place = item.place(found)
        if place not in item.slots:
            events.append(self._open(index, item, place, content_part(make, item.found)))
        return events, item.slots[place]

    def _part_added(self, found: JsonObject) -> Iterator[Event]:
        part = thing(found.get("part"))
        if part.get("type") != "reasoning_text":
            yield from self._content(found, part)[0]

    def _part_done(self, found: JsonObject) -> Iterator[Event]:
        at = self._item(found)
        if at is not None and at[1].is_message:
            at[1].finals[at[1].place(found)] = thing(found.get("part"))
        return iter(())

    def _text_done(self, found: JsonObject) -> Iterator[Event]:
        refusal = found.get("type") == "response.refusal.done"
        part = {**found, "type": "refusal" if refusal else "output_text"}
        kept: JsonObject = {k: v for k, v in part.items() if k in _KEPT}
        yield from self._content(found, kept)[0]
        yield from self._part_done({**found, "part": kept})

    def _text_delta(self, found: JsonObject) -> Iterator[Event]:
        refusal = found.get("type") == "response.refusal.delta"
        events, slot = self._content(found, {"type": "refusal" if refusal else "output_text"})
        yield from events
        if slot is not None:
            probs = parse_logprobs(found.get("logprobs"))
            yield PartDelta(slot, string(found.get("delta")) or "", logprobs=probs)

    def _annotated(self, found: JsonObject) -> Iterator[Event]:
        events, slot = self._content(found, {"type": "output_text"})
        yield from events
        at = self._item(found)
        if slot is not None and at and isinstance(at[1].begun[at[1].place(found)], Text):
            yield PartNote(slot, parse_annotation(thing(found.get("annotation"))))

    # Calls and reasoning

    def _grown(self, found: JsonObject) -> Iterator[Event]:
        """Arguments of a call."""
        at, delta = self._item(found), string(found.get("delta")) or ""
        if at is None:
            return
        slot = at[1].slots.get(0)
        if slot is None:
            at[1].hold(delta)
        elif isinstance(at[1].begun[0], ToolCall | Hosted):
            yield PartDelta(slot, delta)

    def _grown_up(self, found: JsonObject) -> Iterator[Event]:
        """All arguments of a call."""
        at = self._item(found)
        if at is not None and not at[1].is_message:
            names = ("arguments", "input", "code", "name")
            at[1].found = {**at[1].found, **{n: found[n] for n in names if n in found}}
        return iter(())

    def _thought(self, found: JsonObject) -> Iterator[Event]:
        at = self._item(found)
        if at is not None and isinstance(at[1].begun.get(0), Reasoning):
            yield from at[1].thought(found)


_KEPT = frozenset({"type", "text", "refusal", "logprobs"})

_Read = Callable[[ResponsesParser, JsonObject], Iterator[Event]]
_P: Any = ResponsesParser
_READ: dict[str, _Read] = {
    "response.queued": _P._created,
    "response.created": _P._created,
    "response.in_progress": _P._created,
    "response.completed": _P._over,
    "response.incomplete": _P._over,
    "response.failed": _P._failed,
    "response.cancelled": _P._failed,
    "error": _P._failed,
    "keepalive": _P._idle,
    "response.output_item.added": _P._added,
    "response.output_item.done": _P._done,
    "response.content_part.added": _P._part_added,
    "response.content_part.done": _P._part_done,
    "response.output_text.delta": _P._text_delta,
    "response.output_text.done": _P._text_done,
    "response.output_text.annotation.added": _P._annotated,
    "response.refusal.delta": _P._text_delta,
    "response.refusal.done": _P._text_done,
    "response.function_call_arguments.delta": _P._grown,
    "response.function_call_arguments.done": _P._grown_up,
    "response.custom_tool_call_input.delta": _P._grown,
    "response.custom_tool_call_input.done": _P._grown_up,
    "response.code_interpreter_call_code.delta": _P._grown,
    "response.code_interpreter_call_code.done": _P._grown_up,
    "response.mcp_call_arguments.delta": _P._grown,
    "response.mcp_call_arguments.done": _P._grown_up,
    "response.apply_patch_call_operation_diff.delta": _P._grown,
    "response.reasoning_summary_part.added": _P._thought,
    "response.reasoning_summary_text.delta": _P._thought,
    "response.reasoning_text.delta": _P._thought,
}
