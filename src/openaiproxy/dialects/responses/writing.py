"""Writing a stream of events.

Each part is an item at the next ``output_index``, but for words that follow words of one message,
which are its next content. A message is therefore done only when something else begins, or the
answer ends. The last event says the whole response again, so the items are kept.

The bytes around the text of a delta are made once for each part.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import define, field

from openaiproxy.dialects.dialect import Context
from openaiproxy.dialects.responses import slots
from openaiproxy.dialects.responses.content import message_rest, render_output
from openaiproxy.dialects.responses.faults import error_event, failure
from openaiproxy.dialects.responses.fields import NAME
from openaiproxy.dialects.responses.items import render_item, shown
from openaiproxy.dialects.responses.marks import render_annotation, render_logprobs
from openaiproxy.dialects.responses.messages import Pen
from openaiproxy.dialects.responses.replies import OUTPUT, head, tail
from openaiproxy.dialects.responses.values import thing
from openaiproxy.hub.events import (
    Begin,
    Channel,
    End,
    Event,
    Fault,
    Idle,
    Other,
    PartBegin,
    PartDelta,
    PartEnd,
    PartNote,
)
from openaiproxy.hub.loss import Loss, Losses
from openaiproxy.hub.parts import Audio, Citation, Hosted, Part, Reasoning, Refusal, Text, ToolCall
from openaiproxy.wire import json, sse

__all__ = ["ResponsesRenderer"]


@define(eq=False)
class ResponsesRenderer:
    """Writes one stream."""

    _context: Context
    _losses: Losses = field(factory=lambda: Losses(NAME), init=False)
    _number: int = field(default=0, init=False)
    _head: dict[str, Any] | None = field(default=None, init=False)
    _output: list[dict[str, Any] | None] = field(factory=list, init=False)
    _open: dict[int, slots.Slot] = field(factory=dict, init=False)
    _message: slots.Message | None = field(default=None, init=False)

    def render(self, event: Event) -> bytes:
        """The bytes of one event."""
        if event.__class__ is PartDelta:
            slot = self._open[event.slot]
            if slot.before and event.logprobs is None:
                return self._grow(slot, event.text)
        return _RENDER[event.__class__](self, event)

    def writer(self, delta: PartDelta) -> Callable[[str], bytes] | None:
        """What writes more words, where the bytes before them are known."""
        part = self._open.get(delta.slot)
        return partial(self._grow, part) if part is not None and part.before else None

    def _grow(self, slot: slots.Slot, text: str) -> bytes:
        self._number += 1
        return slot.grow(self._number - 1, text)

    def losses(self) -> tuple[Loss, ...]:
        """What was not written so far."""
        return self._losses.all()

    def _say(self, word: str, **fields: Any) -> bytes:
        number, self._number = self._number, self._number + 1
        body = {"type": word, "sequence_number": number, **fields}
        return sse.encode(json.dumps(body), sse.label(word))

    # The answer

    def _begin(self, event: Begin) -> bytes:
        self._head = head(event, self._context, self._losses)
        words = ("response.created", "response.in_progress")
        return b"".join(self._say(word, response=self._head) for word in words)

    def _end(self, event: End) -> bytes:
        closed = self._close()
        if len(event.finishes) > 1:
            self._losses.note("choices[1]", "Responses gives one answer")
        output = [item for item in self._output if item is not None]
        response = {**(self._head or {}), **tail(event, self._losses), "output": output}
        word = "incomplete" if response["status"] == "incomplete" else "completed"
        return closed + self._say(f"response.{word}", response=response)

    def _fault(self, event: Fault) -> bytes:
        number, self._number = self._number, self._number + 1
        said = sse.encode(json.dumps(error_event(event, number)), b"error")
        if self._head is None:
            return said
        output = [item for item in self._output if item is not None]
        response = {**self._head, **failure(event), "output": output}
        return said + self._say("response.failed", response=response)

    def _idle(self, event: Idle) -> bytes:
        return self._say("keepalive")

    def _other(self, event: Other) -> bytes:
        if event.dialect == NAME:
            return self._say(event.type, **{k: v for k, v in event.raw.items() if k != "type"})
        if not event.quiet:
            self._losses.note(event.type, f"only {event.dialect} has a word for it")
        return b""

    # Parts

    def _part_begin(self, event: PartBegin) -> bytes:
        part = event.part
        if event.choice:
            self._losses.note("choices[1]", "Responses gives one answer")
            self._open[event.slot] = slots.Slot(part, -1, "", {})
            return b""
        if isinstance(part, Text | Refusal):
            return self._content_begin(event.slot, part)
        closed = self._close()
        item = self._item(part, "in_progress", None)
        if item is None:
            self._open[event.slot] = slots.Slot(part, -1, "", {}, spoken=isinstance(part, Audio))
            return closed
        index = len(self._output)
        self._output.append(None)
        id = item.get("id") or ""
        word, ids = slots.growing(part), {"item_id": id, "output_index": index}
        before = slots.before_number(word, ids)
        self._open[event.slot] = slots.Slot(part, index, id, ids, word, before)
        return closed + self._say("response.output_item.added", output_index=index, item=item)

    def _item(self, part: Part, status: str, id: str | None) -> dict[str, Any] | None:
        """An item as it begins, or with an ``id``, as it ends."""
        pen = Pen(self._losses, self._context.new_id if id is None else lambda prefix: id)
        item = render_item(part, pen, OUTPUT)
        if item is not None and isinstance(part, ToolCall):
            item["status"] = part.status or status
            if id is None:
                item["input" if part.custom else "arguments"] = ""
        return item

    def _content_begin(self, slot: int, part: Text | Refusal) -> bytes:
        message, said = self._message, b""
        if message is None or message.own != part.id:
            said = self._close()
            message, more = self._message_begin(part)
            said += more
        place = len(message.contents)
        content = message.contents[place] = render_output(part, self._losses, OUTPUT)
        message.open += 1
        ids = {"content_index": place, "item_id": message.id, "output_index": message.index}
        refusal = isinstance(part, Refusal)
        word = "response.refusal" if refusal else "response.output_text"
        fixed = ids if refusal else {**ids, "logprobs": []}
        opened = slots.Slot(part, message.index, message.id, ids, word, message=message)
        opened.before = slots.before_number(word, fixed)
        self._open[slot] = opened
        return said + self._say("response.content_part.added", **ids, part=content)

    def _message_begin(self, part: Text | Refusal) -> tuple[slots.Message, bytes]:
        index = len(self._output)
        self._output.append(None)
        id = part.id if part.id is not None else self._context.new_id("msg_")
        shell = {**message_rest(part), "id": id, "type": "message", "role": "assistant"}
        item = {**shell, "status": part.status or "in_progress", "content": []}
        if part.phase is not None:
            item["phase"] = part.phase
        self._message = message = slots.Message(index, id, part.id, shell)
        return message, self._say("response.output_item.added", output_index=index, item=item)

    def _close(self) -> bytes:
        """The end of the message that might have gone on; later, if a content is still open."""
        message, self._message = self._message, None
        if message is None:
            return b""
        message.closing = True
        return self._message_end(message) if not message.open else b""

    def _message_end(self, message: slots.Message) -> bytes:
        item = self._output[message.index] = message.whole()
        return self._say("response.output_item.done", output_index=message.index, item=item)

    def _part_delta(self, event: PartDelta) -> bytes:
        slot = self._open[event.slot]
        if isinstance(slot.part, Reasoning) and slot.index >= 0:
            return self._thought(slot, event)
        if slot.word is None:
            return b""
        slot.told = True
        probs = render_logprobs(event.logprobs)
        return self._say(f"{slot.word}.delta", **slot.ids, delta=event.text, logprobs=probs)

    def _thought(self, slot: slots.Slot, event: PartDelta) -> bytes:
        summary = event.channel is Channel.SUMMARY or self._context.shown.thoughts_as_summary
        said = b""
        index = {"summary_index" if summary else "content_index": event.index}
        if (summary, event.index) not in slot.begun:
            slot.begun.add((summary, event.index))
            if summary:
                part = {"type": "summary_text", "text": ""}
                word = "response.reasoning_summary_part.added"
                said = self._say(word, **slot.ids, **index, part=part)
        if not event.text:
            return said
        word = "reasoning_summary_text" if summary else "reasoning_text"
        return said + self._say(f"response.{word}.delta", **slot.ids, **index, delta=event.text)

    def _note(self, event: PartNote) -> bytes:
        slot = self._open[event.slot]
        if slot.index < 0 or not isinstance(event.note, Citation):
            return b""
        note = render_annotation(event.note)
        if note is None:
            return b""
        number, slot.notes = slot.notes, slot.notes + 1
        word = "response.output_text.annotation.added"
        return self._say(word, **slot.ids, annotation_index=number, annotation=note)

    def _part_end(self, event: PartEnd) -> bytes:
        slot = self._open.pop(event.slot)
        part = event.part
        if isinstance(part, Audio) and part.transcript and slot.spoken:
            return self._words(event.slot, part)
        if part is None or slot.index < 0:  # It was of no item.
            return b""
        if isinstance(part, Text | Refusal):
            return self._content_end(slot, part)
        item = self._item(shown(part, self._context), "completed", slot.id)
        said = _ENDS[type(part)](self, slot, item) if type(part) in _ENDS and item else b""
        self._output[slot.index] = item
        return said + self._say("response.output_item.done", output_index=slot.index, item=item)

    def _words(self, number: int, sound: Audio) -> bytes:
        """What is heard in a sound, at once."""
        text = sound.transcript
        began = self._part_begin(PartBegin(number, Text())) + self.render(PartDelta(number, text))
        return began + self._part_end(PartEnd(number, Text(text)))

    def _content_end(self, slot: slots.Slot, part: Text | Refusal) -> bytes:
        message = slot.message
        assert message is not None
        content = render_output(part, self._losses, OUTPUT)
        message.contents[slot.ids["content_index"]] = content
        message.shell = {**message.shell, **message_rest(part)}
        message.status = part.status or "completed"
        if part.phase is not None:
            message.shell["phase"] = part.phase
        names = ("refusal",) if isinstance(part, Refusal) else ("text", "logprobs")
        values = {name: content[name] for name in names}
        said = self._say(f"{slot.word}.done", **slot.ids, **values)
        said += self._say("response.content_part.done", **slot.ids, part=content)
        message.open -= 1
        return said + (self._message_end(message) if message.closing and not message.open else b"")

    def _call_end(self, slot: slots.Slot, item: dict[str, Any]) -> bytes:
        name = "input" if item["type"] == "custom_tool_call" else "arguments"
        untold = not slot.told and item[name]
        said = self._say(f"{slot.word}.delta", **slot.ids, delta=item[name]) if untold else b""
        more = {"name": item["name"]} if name == "arguments" else {}
        return said + self._say(f"{slot.word}.done", **slot.ids, **{name: item[name]}, **more)

    def _thoughts_end(self, slot: slots.Slot, item: dict[str, Any]) -> bytes:
        told = slots.thoughts_done(item)
        return b"".join(self._say(word, **slot.ids, **fields) for word, fields in told)

    def _hosted_end(self, slot: slots.Slot, item: dict[str, Any]) -> bytes:
        if slot.word is None or not slot.told:
            return b""
        name = slots.FINAL_NAMES[slot.word]
        value = thing(item.get("operation")).get(name) or item.get(name)
        return self._say(f"{slot.word}.done", **slot.ids, **{name: value or ""})


_R: Any = ResponsesRenderer
_RENDER: dict[type[Event], Callable[[ResponsesRenderer, Any], bytes]] = {
    Begin: _R._begin,
    PartBegin: _R._part_begin,
    PartDelta: _R._part_delta,
    PartNote: _R._note,
    PartEnd: _R._part_end,
    Idle: _R._idle,
    Other: _R._other,
    End: _R._end,
    Fault: _R._fault,
}
_ENDS: dict[type[Any], Callable[[ResponsesRenderer, slots.Slot, dict[str, Any]], bytes]] = {
    ToolCall: _R._call_end,
    Reasoning: _R._thoughts_end,
    Hosted: _R._hosted_end,
}
