"""Writes a stream.

Every chunk begins with the same bytes, written once. Around the text of a part the bytes are
written once too, so that a delta costs no more than its text: ``json.dumps(text).join(pieces)``.
"""

from collections.abc import Callable
from typing import Any

from attrs import define, field

from openaiproxy.dialects.chat.content import NO_WORD, note_rest
from openaiproxy.dialects.chat.faults import DONE, render_fault_record
from openaiproxy.dialects.chat.fields import CALL, CHUNK, NAME
from openaiproxy.dialects.chat.heads import head, legacy_names
from openaiproxy.dialects.chat.pieces import (
    render_annotation,
    render_call,
    render_detail,
    render_finish,
    render_logprobs,
)
from openaiproxy.dialects.chat.showing import INLINE, Thoughts, shown_fields
from openaiproxy.dialects.chat.speaking import InTurn, Pieces
from openaiproxy.dialects.chat.usage import render_usage
from openaiproxy.dialects.dialect import Context
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
from openaiproxy.hub.parts import (
    Audio,
    Citation,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from openaiproxy.wire import json

__all__ = ["ChatRenderer"]

_HOLE = "\0"
"""Stands for the text in a delta while the bytes around it are written. Being escaped in JSON, it
can't be mistaken for what a name or an id may hold, which never hold it themselves."""
_HOLE_BYTES = json.dumps(_HOLE)


@define(eq=False)
class ChatRenderer:
    """Writes one stream.

    :param context: of the exchange.
    """

    _context: Context
    _losses: Losses = field(factory=lambda: Losses(NAME), init=False)
    _head: dict[str, Any] = field(factory=dict, init=False)
    _first: JsonObject = field(factory=dict, init=False)
    """Fields that only the first chunk has."""
    _pieces: dict[int, Pieces] = field(factory=dict, init=False)
    """Slot to the bytes around its text, for parts that need no more thought."""
    _data: dict[int, Pieces] = field(factory=dict, init=False)
    _thoughts: dict[int, Thoughts] = field(factory=dict, init=False)
    _kinds: dict[int, tuple[type[Part], int]] = field(factory=dict, init=False)
    """Slot to its kind and choice."""
    _spoken: set[int] = field(factory=set, init=False)
    """Choices that have a role."""
    _calls: dict[int, int] = field(factory=dict, init=False)
    """Choice to the number of its calls."""
    _legacy: set[int] = field(factory=set, init=False)
    """Choices that call a function as of before tools."""
    _length: dict[int, int] = field(factory=dict, init=False)
    """Choice to the characters of its content so far, but for the open text's."""
    _thought: set[int] = field(factory=set, init=False)
    """Choices that have shown thoughts."""
    _turns: InTurn = field(factory=InTurn, init=False)

    def render(self, event: Event) -> bytes:
        """The chunks of one event."""
        if event.__class__ is PartDelta and event.logprobs is None:
            pieces = self._pieces.get(event.slot)
            if pieces is not None and event.channel is Channel.TEXT:
                return json.dumps(event.text).join(pieces)
        events = self._turns.feed(event)
        return b"".join([_RENDER[one.__class__](self, one) for one in events])

    def losses(self) -> tuple[Loss, ...]:
        """What was not written so far."""
        return self._losses.all()

    def _frame(self, choices: list[JsonObject], **more: Any) -> bytes:
        body = {**self._first, **self._head, "choices": choices}
        self._first = {}
        if self._context.request.usage:
            body["usage"] = None
        return b"data: " + json.dumps({**body, **more}) + b"\n\n"

    def _chunk(self, choice: int, delta: JsonObject, odds: JsonObject | None = None) -> bytes:
        spoken: dict[str, Any] = {}
        if choice not in self._spoken:
            self._spoken.add(choice)
            spoken = {"role": "assistant"}
        one = {
            "index": choice,
            "delta": {**spoken, **delta},
            "logprobs": odds,
            "finish_reason": None,
        }
        return self._frame([one])

    def _around(self, choice: int, delta: JsonObject) -> Pieces:
        """The bytes of a chunk around each hole in it."""
        first, self._first = self._first, {}
        pieces = self._chunk(choice, delta).split(_HOLE_BYTES)
        self._first = first
        return tuple(pieces)

    def _begin(self, event: Begin) -> bytes:
        self._head = head(event, self._context, "chat.completion.chunk")
        if event.tier:
            self._head["service_tier"] = event.tier
        extra = dict(self._losses.extra(event.extra, "", CHUNK.hints))
        if "system_fingerprint" in extra:
            self._head["system_fingerprint"] = extra.pop("system_fingerprint")
        self._first = extra
        return self._chunk(0, {"content": ""})

    def _begin_part(self, event: PartBegin) -> bytes:
        slot, part, choice = event.slot, event.part, event.choice
        self._kinds[slot] = (type(part), choice)
        spoken = b"" if choice in self._spoken else self._chunk(choice, {"content": ""})
        match part:
            case Text():
                self._pieces[slot] = self._around(choice, {"content": _HOLE})
            case Refusal():
                self._pieces[slot] = self._around(choice, {"refusal": _HOLE})
            case Reasoning():
                self._thoughts[slot] = self._reasoning(choice)
            case ToolCall():
                return spoken + self._begin_call(slot, part, choice)
            case Audio():
                self._pieces[slot] = self._around(choice, {"audio": {"transcript": _HOLE}})
                self._data[slot] = self._around(choice, {"audio": {"data": _HOLE}})
                audio_id = part.id or self._context.new_id("audio_")
                return spoken + self._chunk(choice, {"audio": {"id": audio_id}})
            case Opaque(dialect="chat"):
                return spoken + self._chunk(choice, {"content": [part.raw]})
            case _:
                self._losses.note(f"parts[] ({type(part).__name__})", NO_WORD)
        return spoken

    def _reasoning(self, choice: int) -> Thoughts:
        shown = self._context.shown.reasoning
        if shown == "off":
            return Thoughts((), choice)
        again = "\n\n" if choice in self._thought else ""
        before = INLINE[shown][0] if shown in INLINE else again
        pieces = self._around(choice, dict.fromkeys(shown_fields(shown), _HOLE))
        return Thoughts(pieces, choice, before)

    def _begin_call(self, slot: int, part: ToolCall, choice: int) -> bytes:
        legacy = part.legacy or part.name in legacy_names(self._context)
        if legacy and choice not in self._legacy:
            self._legacy.add(choice)
            self._pieces[slot] = self._around(choice, {"function_call": {"arguments": _HOLE}})
            return self._chunk(choice, {"function_call": {"name": part.name, "arguments": ""}})
        index = self._calls.get(choice, 0)
        self._calls[choice] = index + 1
        inner = {"custom": {"input": _HOLE}} if part.custom else {"function": {"arguments": _HOLE}}
        self._pieces[slot] = self._around(choice, {"tool_calls": [{"index": index, **inner}]})
        call_id = part.call_id or self._context.new_id("call_")
        call = render_call(part, call_id, part.name, "")
        own = self._losses.extra(part.extra, "tool_calls[]", CALL.hints)
        return self._chunk(choice, {"tool_calls": [{**own, "index": index, **call}]})

    def _delta(self, event: PartDelta) -> bytes:
        kind, choice = self._kinds[event.slot]
        if event.channel is Channel.DATA:
            return json.dumps(event.text).join(self._data[event.slot])
        if kind is Reasoning:
            return self._think(self._thoughts[event.slot], event)
        if event.slot not in self._pieces:
            return b""
        name = "refusal" if kind is Refusal else "content"
        odds = {"content": None, "refusal": None, name: render_logprobs(event.logprobs)}
        return self._chunk(choice, {name: event.text}, odds)

    def _think(self, thoughts: Thoughts, event: PartDelta) -> bytes:
        text = thoughts.text(event)
        if not text:
            return b""
        self._thought.add(thoughts.choice)
        self._grow(thoughts.choice, text if self._context.shown.reasoning in INLINE else "")
        return json.dumps(text).join(thoughts.pieces)

    def _grow(self, choice: int, content: str) -> None:
        self._length[choice] = self._length.get(choice, 0) + len(content)

    def _note(self, event: PartNote) -> bytes:
        _, choice = self._kinds[event.slot]
        if isinstance(event.note, Citation):
            note = render_annotation(event.note, self._length.get(choice, 0), self._losses)
            return self._chunk(choice, {"annotations": [note]}) if note else b""
        if self._context.shown.reasoning == "off":
            return b""
        return self._chunk(choice, {"reasoning_details": [render_detail(event.note)]})

    def _end_part(self, event: PartEnd) -> bytes:
        slot, part = event.slot, event.part
        note_rest(part, self._losses)
        _, choice = self._kinds.pop(slot)
        pieces = self._pieces.pop(slot, ())
        self._data.pop(slot, None)
        thoughts = self._thoughts.pop(slot, None)
        inline = INLINE.get(self._context.shown.reasoning)
        if thoughts and thoughts.begun and inline:
            self._grow(choice, inline[1])
            return json.dumps(inline[1]).join(thoughts.pieces)
        match part:
            case Text():
                self._grow(choice, part.text)
            case ToolCall(arguments="", custom=False):
                return json.dumps("{}").join(pieces)
            case Audio(expires=int()):
                return self._chunk(choice, {"audio": {"expires_at": part.expires}})
        return b""

    def _end(self, event: End) -> bytes:
        extra = self._losses.extra(event.extra, "", CHUNK.hints)
        if event.tier:
            self._head["service_tier"] = event.tier
        written = []
        for choice, finish in enumerate(event.finishes):
            said, own = render_finish(finish, choice in self._legacy, self._losses)
            spoken = b"" if choice in self._spoken else self._chunk(choice, {"content": ""})
            delta, odds = own.pop("message", {}), own.pop("logprobs", None)
            one = {**own, "index": choice, "delta": delta, "logprobs": odds, "finish_reason": said}
            last = choice == len(event.finishes) - 1
            written += [spoken, self._frame([one], **(extra if last else {}))]
        if self._context.request.usage:
            usage = render_usage(event.usage, self._losses) if event.usage else None
            written.append(self._frame([], usage=usage))
        return b"".join((*written, DONE))

    def _fault(self, event: Fault) -> bytes:
        return render_fault_record(event)

    def _idle(self, event: Idle) -> bytes:
        return b": keep-alive\n\n"

    def _other(self, event: Other) -> bytes:
        if event.dialect != NAME and not event.quiet:
            self._losses.note(f"events[] ({event.type})", NO_WORD)
        return b""


_RENDER: dict[type[Event], Callable[[ChatRenderer, Any], bytes]] = {
    Begin: ChatRenderer._begin,
    PartBegin: ChatRenderer._begin_part,
    PartDelta: ChatRenderer._delta,
    PartNote: ChatRenderer._note,
    PartEnd: ChatRenderer._end_part,
    End: ChatRenderer._end,
    Fault: ChatRenderer._fault,
    Idle: ChatRenderer._idle,
    Other: ChatRenderer._other,
}
