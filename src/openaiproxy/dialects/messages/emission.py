"""Writing a stream of named events.

The wire allows one open block at a time, so parts that begin while another is open wait for it, and
their events with them. Text and calls are told as they come. What is only known at the end of its
part (a signature, a block that comes whole) is written there; thoughts open at their first word.
"""

from collections.abc import Callable
from typing import Any

from attrs import Factory, define, field

from openaiproxy.dialects.dialect import Context, Renderer
from openaiproxy.dialects.messages.blocks import render_text, render_tool_use
from openaiproxy.dialects.messages.citations import render_citations
from openaiproxy.dialects.messages.faults import render_fault_record
from openaiproxy.dialects.messages.fields import NAME, REPLY
from openaiproxy.dialects.messages.frames import DELTA, PING, STOP, TAIL, frame, frame_whole
from openaiproxy.dialects.messages.opened import Open
from openaiproxy.dialects.messages.replies import Written, render_finish, render_message
from openaiproxy.dialects.messages.usage import render_usage
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
    Usage,
)
from openaiproxy.hub.loss import Loss, Losses
from openaiproxy.hub.parts import (
    Citation,
    Hosted,
    Json,
    JsonObject,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from openaiproxy.wire import json, sse

__all__ = ["renderer"]


@define(eq=False)
class _Renderer:
    """Writes one stream."""

    context: Context
    noted: Losses
    _written: Written = field(
        init=False, default=Factory(lambda self: Written(self.context, self.noted), takes_self=True)
    )
    _index: int = field(default=0, init=False)
    _open: Open | None = field(default=None, init=False)
    _text: int = field(default=-1, init=False)
    """Slot of the open part if a delta of it is just its text, framed."""
    _head: bytes = field(default=b"", init=False)
    _waiting: dict[int, list[Event]] = field(factory=dict, init=False)
    _refused: bool = field(default=False, init=False)
    _begin: Begin = field(factory=Begin, init=False)

    def render(self, event: Event) -> bytes:
        """See :class:`~openaiproxy.dialects.dialect.Renderer`."""
        if event.__class__ is PartDelta and event.slot == self._text:
            return self._head + json.dumps(event.text) + TAIL
        return _WRITERS[event.__class__](self, event)

    def writer(self, delta: PartDelta) -> Callable[[str], bytes] | None:
        """See :class:`~openaiproxy.dialects.dialect.Renderer`."""
        part = self._open
        if part is None or part.slot != delta.slot or not part.goes_on(delta):
            return None
        head, dumps = part.head, json.dumps
        return lambda text: head + dumps(text) + TAIL

    def losses(self) -> tuple[Loss, ...]:
        """See :class:`~openaiproxy.dialects.dialect.Renderer`."""
        return self.noted.all()

    def _message_start(self, event: Begin) -> bytes:
        self._begin = event
        usage = event.usage
        if usage is None:
            usage = Usage(self.context.input_estimate or 0, cached=0, written=0)
        message = render_message(event, self.context, self.noted)
        message["usage"] = render_usage(usage, event.tier, self.noted)
        return frame("message_start", message=message)

    def _part_begin(self, event: PartBegin) -> bytes:
        if event.choice:
            self.noted.note("choices[]", "one answer only")
            return b""
        if self._open is not None:
            self._waiting[event.slot] = [event]
            return b""
        part = self._open = Open(event.slot, event.part)
        match event.part:
            case ToolCall() as call:
                block = render_tool_use(call, self.noted, self._written.call_id(call))
                return self._start(
                    part, {**block, "input": {}}, b"input_json_delta", b"partial_json"
                )
            case Hosted() as hosted if hosted.raw.dialect == NAME:
                block = {**hosted.raw.fields, "input": {}}
                return self._start(part, block, b"input_json_delta", b"partial_json")
            case Refusal():
                self._refused = True
        return b""

    def _start(self, part: Open, block: JsonObject, kind: bytes, name: bytes) -> bytes:
        """Begins the open part's block, and remembers how its deltas are framed."""
        part.head = DELTA % (self._index, kind, name)
        begun = frame("content_block_start", index=self._index, content_block=block)
        if isinstance(part.part, Text | Refusal):
            self._text, self._head = part.slot, part.head
        elif isinstance(part.part, ToolCall) and part.part.custom:
            part.told = True
            return begun + part.head + json.dumps('{"input":"') + TAIL
        return begun

    def _wait(self, event: PartDelta | PartNote | PartEnd) -> bool:
        """Whether an event's part is not the open one; if it waits, its events do."""
        if self._open is not None and event.slot == self._open.slot:
            return False
        if event.slot in self._waiting:
            self._waiting[event.slot].append(event)
        return True

    def _part_delta(self, event: PartDelta) -> bytes:
        part = self._open
        if self._wait(event) or part is None:
            return b""
        match part.part:
            case Text() | Refusal():
                if event.logprobs is not None:
                    self.noted.note("logprobs", "no field for them", hint=True)
                return self._begin_text(part) + part.head + json.dumps(event.text) + TAIL
            case ToolCall(custom=True):
                return part.head + json.dumps(json.text(event.text)[1:-1]) + TAIL
            case ToolCall() | Hosted() if part.head:
                part.told = True
                return part.head + json.dumps(event.text) + TAIL
            case Reasoning():
                return self._thought(part, event)
        return b""

    def _begin_text(self, part: Open) -> bytes:
        if part.head:
            return b""
        words = part.part if isinstance(part.part, Text) else Text()
        block = render_text(words, self.noted, upstream=False)
        return self._start(part, block, b"text_delta", b"text")

    def _thought(self, part: Open, event: PartDelta) -> bytes:
        if event.channel is Channel.SUMMARY:
            part.summary = True
        elif part.summary:
            return b""
        text = event.text
        if event.index > part.place:
            part.place, text = event.index, f"\n\n{text}"
        if not text:
            return b""
        begun = b""
        if not part.head:
            block = {"type": "thinking", "thinking": "", "signature": ""}
            begun = self._start(part, block, b"thinking_delta", b"thinking")
        return begun + part.head + json.dumps(text) + TAIL

    def _part_note(self, event: PartNote) -> bytes:
        part = self._open
        if self._wait(event) or part is None or not isinstance(event.note, Citation):
            return b""
        begun = self._begin_text(part)
        found = render_citations((event.note,), self.noted, upstream=False)
        return begun + b"".join(self._delta(type="citations_delta", citation=c) for c in found)

    def _delta(self, **delta: Json) -> bytes:
        return frame("content_block_delta", index=self._index, delta=delta)

    def _part_end(self, event: PartEnd) -> bytes:
        part = self._open
        if self._wait(event) or part is None:
            return b""
        return self._shut(part, event) + self._next()

    def _shut(self, part: Open, event: PartEnd) -> bytes:
        written = b"" if event.part is None else self._close(part, event.part)
        self._open, self._text = None, -1
        return written

    def _close(self, part: Open, final: Part) -> bytes:
        if not part.head:
            return b"".join(self._whole(block) for block in self._written.blocks(final))
        written = b""
        if isinstance(final, ToolCall) and final.custom:
            written = part.head + json.dumps('"}') + TAIL
        elif isinstance(final, ToolCall | Hosted) and not part.told:
            written = part.head + json.dumps("{}") + TAIL
        elif isinstance(final, Reasoning):
            return self._sign(final)
        return written + self._stop()

    def _sign(self, final: Reasoning) -> bytes:
        """The signature of the open block, and a block for each further one."""
        blocks = list(self._written.blocks(final))
        shown = next((block for block in blocks if block["type"] == "thinking"), None)
        signed = b""
        if shown is not None and shown["signature"]:
            signed = self._delta(type="signature_delta", signature=shown["signature"])
        signed += self._stop()
        return signed + b"".join(self._whole(block) for block in blocks if block is not shown)

    def _whole(self, block: JsonObject) -> bytes:
        return frame_whole(self._index, block) + self._stop()

    def _stop(self) -> bytes:
        index = self._index
        self._index += 1
        return frame("content_block_stop", index=index)

    def _next(self) -> bytes:
        """Lets the parts that waited speak, until one of them stays open."""
        written: list[bytes] = []
        while self._waiting and self._open is None:
            slot = next(iter(self._waiting))
            for event in self._waiting.pop(slot):
                if isinstance(event, PartEnd) and self._open is not None:
                    written.append(self._shut(self._open, event))
                else:
                    written.append(self.render(event))
        return b"".join(written)

    def _idle(self, _event: Idle) -> bytes:
        return PING

    def _other(self, event: Other) -> bytes:
        if event.dialect == NAME:
            return sse.encode(json.dumps(event.raw), sse.label(event.type))
        if not event.quiet:
            self.noted.note(event.type, f"only {event.dialect} has a word for it")
        return b""

    def _end(self, event: End) -> bytes:
        finish = render_finish(event.finish, self.noted, refused=self._refused)
        usage = event.usage if event.usage is not None else self._begin.usage
        extra = dict(self.noted.extra(event.extra, "", REPLY.hints))
        delta = dict(finish)
        if "container" in extra:
            delta["container"] = extra.pop("container")
        counted = render_usage(usage, event.tier, self.noted)
        return frame("message_delta", delta=delta, usage=counted, **extra) + STOP

    def _fault(self, event: Fault) -> bytes:
        return render_fault_record(event)


def renderer(context: Context) -> Renderer:
    """A renderer of one stream."""
    return _Renderer(context, Losses(NAME))


_WRITERS: dict[type[Event], Callable[[_Renderer, Any], bytes]] = {
    Begin: _Renderer._message_start,
    PartBegin: _Renderer._part_begin,
    PartDelta: _Renderer._part_delta,
    PartNote: _Renderer._part_note,
    PartEnd: _Renderer._part_end,
    Idle: _Renderer._idle,
    Other: _Renderer._other,
    End: _Renderer._end,
    Fault: _Renderer._fault,
}
