"""One choice of a stream, while it grows."""

from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from attrs import define, evolve, field

from openaiproxy.dialects.chat.fields import CHOICE, REPLY_MESSAGE
from openaiproxy.dialects.chat.pieces import (
    arguments_text,
    call_extra,
    count,
    details_text,
    parse_annotation,
    parse_details,
    parse_finish,
    parse_logprobs,
    reasoning_text,
    word,
)
from openaiproxy.dialects.chat.replies import split_content
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Channel, Event, Finish, PartBegin, PartDelta, PartEnd, PartNote
from openaiproxy.hub.parts import (
    Audio,
    Citation,
    JsonObject,
    Logprob,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)

__all__ = ["Choice"]

_Probs: TypeAlias = tuple[Logprob, ...] | None
_FRESH: dict[type[Part], Callable[[], Part]] = {
    Text: Text,
    Refusal: Refusal,
    Reasoning: Reasoning,
}
_CALLS = 1024
"""Most calls of one choice. A call without a name is told to nobody, so that no limit on what is
told would ever stop them; the most that a recorded answer makes is 5."""
_HELD = 1 << 16
"""Most characters of arguments that came before their names, in one choice. The name comes with the
first piece; no recorded answer needs this at all."""
_PLAIN = frozenset({"role", "content"})
_QUIET = frozenset({"index", "delta", "logprobs", "finish_reason"})


@define(eq=False)
class _Call:
    """A tool's call that has been heard of.

    :param slot: once its name is known.
    :param held: arguments that came before the name.
    """

    call_id: str
    custom: bool
    slot: int | None = None
    held: list[str] = field(factory=list)
    told: bool = False


@define(eq=False)
class Choice:
    """Gives the events of one choice.

    :param slots: numbers of parts, shared by all choices.
    """

    number: int
    slots: Iterator[int]
    _kind: type[Part] | None = field(default=None, init=False)
    """Of the one part that grows by words; ``None`` if there is none."""
    _slot: int = field(default=-1, init=False)
    _plain: bool = field(default=False, init=False)
    """Whether reasoning has a field of its own, and what its details say is a repetition."""
    _calls: dict[object, _Call] = field(factory=dict, init=False)
    _held: int = field(default=0, init=False)
    """Characters of arguments that came before their names."""
    _last: object = field(default=None, init=False)
    """The key of the call that was last heard of."""
    _audio: int | None = field(default=None, init=False)
    _sound: dict[str, Any] = field(factory=dict, init=False)
    _length: int = field(default=0, init=False)
    """Characters of text so far, and (:attr:`_base`) before the text that is open."""
    _base: int = field(default=0, init=False)
    _said: str = field(default="", init=False)
    _rest: dict[str, Any] = field(factory=dict, init=False)
    _message: dict[str, Any] = field(factory=dict, init=False)

    def feed(self, found: JsonObject) -> list[Event]:
        """The events of what a chunk says of this choice."""
        delta = found.get("delta")
        if not isinstance(delta, dict):
            delta = {}
        odds = found.get("logprobs")
        odds = odds if isinstance(odds, dict) else {}
        content = delta.get("content")
        events: list[Event] = []
        if self._kind is Text and content.__class__ is str and content and not odds:
            if delta.keys() <= _PLAIN:
                self._length += len(content)
                events.append(PartDelta(self._slot, content))
            else:
                self._delta(delta, odds, events)
        elif delta:
            self._delta(delta, odds, events)
        if not found.keys() <= _QUIET or odds:
            self._keep(found, odds)
        said = word(found.get("finish_reason"))
        if said:
            self._finish(said, events)
        return events

    def fields(self, slot: int) -> tuple[tuple[bytes, ...], Callable[[str], None] | None]:
        """The fields that a part's words are read in, the first that has any, and what counts words that were read
        elsewhere."""
        if slot == self._slot and self._kind is Text:
            return (b"content",), self._count
        if slot == self._slot and self._kind is Reasoning:
            return (b"reasoning_content", b"reasoning"), None
        called = any(call.slot == slot and not call.custom for call in self._calls.values())
        return ((b"arguments",) if called else ()), None

    def _count(self, words: str) -> None:
        self._length += len(words)

    def end(self) -> Finish | None:
        """How the choice ended, if it did."""
        if not self._said:
            return None
        more = {**self._rest, **({"message": self._message} if self._message else {})}
        return parse_finish(self._said, more)

    def _keep(self, found: JsonObject, odds: JsonObject) -> None:
        if rest := CHOICE.rest(found):
            self._rest.update(rest.fields)
        other = {k: v for k, v in odds.items() if k not in ("content", "refusal") and v}
        if other:
            self._rest["logprobs"] = other

    def _delta(self, delta: JsonObject, odds: JsonObject, events: list[Event]) -> None:
        if rest := REPLY_MESSAGE.rest(delta):
            self._message.update(rest.fields)
        thoughts, words, others = split_content(delta.get("content"))
        if plain := reasoning_text(delta):
            self._plain, thoughts = True, plain
        elif not self._plain:
            thoughts = details_text(delta) or thoughts
        self._grow(Reasoning, thoughts, None, events)
        for seal in parse_details(delta.get("reasoning_details"), every=False):
            self._open(Reasoning, events)
            events.append(PartNote(self._slot, seal))
        self._grow(Text, words, parse_logprobs(odds.get("content")), events)
        for other in others:
            self._close(events)
            slot = next(self.slots)
            events += (PartBegin(slot, other, self.number), PartEnd(slot))
        refusal = word(delta.get("refusal"))
        self._grow(Refusal, refusal, parse_logprobs(odds.get("refusal")), events)
        sources = delta.get("annotations")
        for found in sources if isinstance(sources, list) else ():
            note = parse_annotation(found)
            if note is not None:
                self._open(Text, events)
                events.append(PartNote(self._slot, self._within(note)))
        if isinstance(delta.get("audio"), dict):
            self._hear(delta["audio"], events)
        calls = delta.get("tool_calls")
        for found in calls if isinstance(calls, list) else ():
            if isinstance(found, dict):
                self._call(found, events)
        if isinstance(delta.get("function_call"), dict):
            self._function(delta["function_call"], events)

    def _grow(self, kind: type[Part], text: str, probs: _Probs, events: list[Event]) -> None:
        if text or probs:
            self._open(kind, events)
            self._length += len(text) if kind is Text else 0
            events.append(PartDelta(self._slot, text, logprobs=probs))

    def _open(self, kind: type[Part], events: list[Event]) -> None:
        if self._kind is not kind:
            self._close(events)
            self._kind, self._slot, self._base = kind, next(self.slots), self._length
            events.append(PartBegin(self._slot, _FRESH[kind](), self.number))

    def _within(self, note: Citation) -> Citation:
        """The source with its place in the open text, as it was told in the whole content."""
        start, end, base = note.start, note.end, self._base
        if not base or start is None or end is None or start < base:
            return note
        return evolve(note, start=start - base, end=end - base)

    def _close(self, events: list[Event]) -> None:
        if self._kind is not None:
            events.append(PartEnd(self._slot))
            self._kind = None

    def _hear(self, found: JsonObject, events: list[Event]) -> None:
        if self._audio is None:
            self._close(events)
            self._audio = next(self.slots)
            self._sound["id"] = word(found.get("id")) or None
            events.append(PartBegin(self._audio, Audio(id=self._sound["id"]), self.number))
        events.append(PartDelta(self._audio, word(found.get("transcript"))))
        events.append(PartDelta(self._audio, word(found.get("data")), Channel.DATA))
        self._sound["expires"] = count(found.get("expires_at")) or self._sound.get("expires")

    def _key(self, found: JsonObject, call_id: str, name: str) -> object:
        """Which call an entry is of. Some give no index, or the same one to every call."""
        index = found.get("index")
        if isinstance(index, int):
            known = self._calls.get(index)
            if known and name and call_id and known.call_id and call_id != known.call_id:
                return (index, call_id) if known.slot is not None else index
            last = self._last
            return last if isinstance(last, tuple) and last[0] == index else index
        if call_id:
            return call_id if call_id in self._calls or name or not self._calls else self._last
        return len(self._calls) + 0.5 if name or self._last is None else self._last

    def _call(self, found: JsonObject, events: list[Event]) -> None:
        custom = isinstance(found.get("custom"), dict)
        inner = found.get("custom" if custom else "function")
        inner = inner if isinstance(inner, dict) else {}
        call_id, name = word(found.get("id")), word(inner.get("name"))
        self._last = self._key(found, call_id, name)
        call = self._known(self._last, call_id, custom)
        call.call_id = call.call_id or call_id
        if call.slot is None and name:
            part = ToolCall(call.call_id, name, custom=custom, extra=call_extra(found))
            self._begin_call(call, part, events)
        self._argue(call, inner.get("input" if custom else "arguments"), events)

    def _function(self, found: JsonObject, events: list[Event]) -> None:
        call = self._known("function_call")
        name = word(found.get("name"))
        if call.slot is None and name:
            self._begin_call(call, ToolCall("", name, legacy=True), events)
        self._argue(call, found.get("arguments"), events)

    def _known(self, key: object, call_id: str = "", custom: bool = False) -> _Call:
        call = self._calls.get(key)
        if call is None:
            if len(self._calls) >= _CALLS:
                raise BadUpstream(502, "upstream_too_large", "An answer makes too many calls.")
            call = self._calls[key] = _Call(call_id, custom)
        return call

    def _begin_call(self, call: _Call, part: ToolCall, events: list[Event]) -> None:
        self._close(events)
        call.slot = next(self.slots)
        events.append(PartBegin(call.slot, part, self.number))

    def _argue(self, call: _Call, found: Any, events: list[Event]) -> None:
        text = "" if found is None else arguments_text(found, custom=True)
        if call.slot is None:
            self._hold(call, text)
            return
        if call.held:
            text = "".join((*call.held, text))
            call.held.clear()
        if text:
            call.told = True
            events.append(PartDelta(call.slot, text))

    def _hold(self, call: _Call, text: str) -> None:
        self._held += len(text)
        if self._held > _HELD:
            raise BadUpstream(502, "upstream_too_large", "A tool call goes on without a name.")
        if text:
            call.held.append(text)

    def _finish(self, said: str, events: list[Event]) -> None:
        again, self._said = bool(self._said), said
        if again:
            return
        for call in self._calls.values():
            if call.slot is not None and not call.told and not call.custom:
                call.told = True
                events.append(PartDelta(call.slot, "{}"))
        if self._audio is not None:
            sound = Audio(id=self._sound["id"], expires=self._sound["expires"])
            events.append(PartEnd(self._audio, sound))
