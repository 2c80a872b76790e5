"""Whole answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from attrs import define, field

from openaiproxy.dialects.chat.content import NO_WORD, note_rest
from openaiproxy.dialects.chat.faults import parse_error
from openaiproxy.dialects.chat.fields import CALL, CHOICE, NAME, REPLY, REPLY_MESSAGE
from openaiproxy.dialects.chat.heads import begin_of, head, legacy_names
from openaiproxy.dialects.chat.messages import parse_call
from openaiproxy.dialects.chat.objects import merge
from openaiproxy.dialects.chat.pieces import (
    arguments_text,
    count,
    details_text,
    parse_annotation,
    parse_details,
    parse_finish,
    parse_logprobs,
    reasoning_text,
    render_annotation,
    render_call,
    render_detail,
    render_finish,
    render_logprobs,
    word,
)
from openaiproxy.dialects.chat.showing import INLINE, shown_fields
from openaiproxy.dialects.chat.usage import parse_usage, render_usage
from openaiproxy.dialects.dialect import Context
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.hub.events import End, Fault, Finish
from openaiproxy.hub.fold import Reply
from openaiproxy.hub.loss import Losses, Rendered
from openaiproxy.hub.parts import (
    Audio,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from openaiproxy.wire import json

__all__ = ["parse_reply", "render_reply", "split_content"]


def parse_reply(body: JsonObject, context: Context) -> Reply | Fault:
    """A body with a good status.

    :raises BadUpstream: if it is no answer, or does not say that it is finished.
    """
    usage = parse_usage(body.get("usage"))
    if body.get("error"):
        return parse_error(body, None, usage)
    found = body.get("choices")
    choices = [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
    choices.sort(key=lambda one: count(one.get("index")) or 0)
    if not choices:
        raise BadUpstream(502, "upstream_malformed", "The upstream's answer has no choices.")
    for choice in choices:
        if choice.get("error"):
            return parse_error(choice, None, usage)
    read = [_parse_choice(choice) for choice in choices]
    end = End(tuple(finish for _, finish in read), usage)
    return Reply(begin_of(body, REPLY.rest(body)), tuple(parts for parts, _ in read), end)


def _parse_choice(found: JsonObject) -> tuple[tuple[Part, ...], Finish]:
    said, details = word(found.get("finish_reason")), found.get("finish_details")
    if not said and isinstance(details, dict):
        said = word(details.get("type"))
    if not said:
        raise BadUpstream(502, "upstream_malformed", "The upstream's answer is not finished.")
    message = found.get("message")
    message = message if isinstance(message, dict) else {}
    odds = found.get("logprobs")
    odds = odds if isinstance(odds, dict) else {}
    parts = tuple(_parse_parts(message, odds))
    more: dict[str, Any] = dict(extra.fields) if (extra := CHOICE.rest(found)) else {}
    if rest := REPLY_MESSAGE.rest(message):
        more["message"] = rest.fields
    other = {k: v for k, v in odds.items() if k not in ("content", "refusal") and v is not None}
    if other:
        more["logprobs"] = other
    if not any(isinstance(part, Text) for part in parts) and message.get("annotations"):
        more["message"] = {**more.get("message", {}), "annotations": message["annotations"]}
    return parts, parse_finish(said, more)


def split_content(found: Any) -> tuple[str, str, tuple[Opaque, ...]]:
    """Reasoning, words, and parts unknown here, of a ``content`` that may be a list or an
    object."""
    if not found or isinstance(found, str):
        return "", word(found), ()
    if not isinstance(found, list):
        return "", json.text(found), ()
    thoughts, words, others = [], [], []
    for part in found:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "thinking":
            inner = part.get("thinking")
            pieces = inner if isinstance(inner, list) else [{"text": inner}]
            thoughts += [word(one.get("text")) for one in pieces if isinstance(one, dict)]
        elif kind == "text":
            words.append(word(part.get("text")))
        elif isinstance(part, dict):
            others.append(Opaque(NAME, word(kind), part))
    return "".join(thoughts), "".join(words), tuple(others)


def _parse_parts(message: JsonObject, odds: Mapping[str, Any]) -> Iterator[Part]:
    thoughts, words, others = split_content(message.get("content"))
    thoughts = reasoning_text(message) or details_text(message) or thoughts
    seals = parse_details(message.get("reasoning_details"), every=True)
    if thoughts or seals:
        yield Reasoning(text=(thoughts,) if thoughts else (), seals=seals)
    probs = parse_logprobs(odds.get("content"))
    if words:
        found = message.get("annotations")
        notes = map(parse_annotation, found if isinstance(found, list) else ())
        yield Text(words, tuple(note for note in notes if note is not None), probs)
    yield from others
    if word(message.get("refusal")):
        yield Refusal(message["refusal"], parse_logprobs(odds.get("refusal")))
    audio = message.get("audio")
    if isinstance(audio, dict) and (audio.get("id") or audio.get("data")):
        yield Audio(
            word(audio.get("data")),
            transcript=word(audio.get("transcript")),
            id=word(audio.get("id")) or None,
            expires=count(audio.get("expires_at")),
        )
    yield from _parse_calls(message)


def _parse_calls(message: JsonObject) -> Iterator[ToolCall]:
    calls = message.get("tool_calls")
    for call in calls if isinstance(calls, list) else ():
        try:
            yield parse_call(call, "")
        except BadRequest:
            raise BadUpstream(502, "upstream_malformed", "A tool call has no name.") from None
    legacy = message.get("function_call")
    if isinstance(legacy, dict) and word(legacy.get("name")):
        yield ToolCall("", legacy["name"], arguments_text(legacy.get("arguments")), legacy=True)


@define
class _Message:
    """One choice, being written."""

    context: Context
    losses: Losses
    legacy: frozenset[str]
    body: dict[str, Any] = field(factory=lambda: {"role": "assistant", "content": None})
    words: list[str] = field(factory=list)
    thoughts: list[str] = field(factory=list)
    opaque: list[JsonObject] = field(factory=list)
    odds: dict[str, Any] = field(factory=lambda: {"content": None, "refusal": None})

    def add(self, part: Part) -> None:
        """A part, which comes after those before."""
        note_rest(part, self.losses)
        match part:
            case Text():
                self.text(part)
            case Refusal():
                self.body["refusal"] = self.body.get("refusal", "") + part.text
                self.odd("refusal", render_logprobs(part.logprobs))
            case Reasoning():
                self.reasoning(part)
            case ToolCall():
                self.call(part)
            case Audio():
                self.body["audio"] = {
                    "id": part.id or self.context.new_id("audio_"),
                    "data": part.data,
                    "expires_at": part.expires or 0,
                    "transcript": part.transcript,
                }
            case Opaque(dialect="chat"):
                self.opaque.append(part.raw)
            case _:
                self.losses.note(f"parts[] ({type(part).__name__})", NO_WORD)

    def odd(self, key: str, probs: list[JsonObject] | None) -> None:
        """Log probabilities."""
        if probs:
            self.odds[key] = (self.odds[key] or []) + probs

    def text(self, part: Text) -> None:
        """Words, their sources, their odds."""
        base = sum(map(len, self.words))
        self.words.append(part.text)
        self.odd("content", render_logprobs(part.logprobs))
        notes = [render_annotation(note, base, self.losses) for note in part.citations]
        if notes:
            self.body.setdefault("annotations", []).extend(note for note in notes if note)

    def reasoning(self, part: Reasoning) -> None:
        """Where the caller wants it."""
        shown = self.context.shown.reasoning
        if shown == "off":
            return
        if part.shown() and shown in INLINE:
            self.words.append(part.shown().join(INLINE[shown]))
        elif part.shown():
            self.thoughts.append(part.shown())
        if part.seals:
            details = [render_detail(seal) for seal in part.seals]
            self.body.setdefault("reasoning_details", []).extend(details)

    def call(self, part: ToolCall) -> None:
        """A tool's call, or a function's."""
        text = arguments_text(part.arguments, part.custom)
        if (part.legacy or part.name in self.legacy) and "function_call" not in self.body:
            self.body["function_call"] = {"name": part.name, "arguments": text}
            return
        call_id = part.call_id or self.context.new_id("call_")
        found = render_call(part, call_id, part.name, text)
        found = merge(self.losses.extra(part.extra, "tool_calls[]", CALL.hints), found)
        self.body.setdefault("tool_calls", []).append(found)

    def content(self) -> Any:
        """The words, and among them the thoughts if they are shown there."""
        words, thoughts = "".join(self.words), "\n\n".join(self.thoughts)
        if thoughts:
            self.body.update(dict.fromkeys(shown_fields(self.context.shown.reasoning), thoughts))
        if self.opaque:
            return [*([{"type": "text", "text": words}] if words else []), *self.opaque]
        called = self.body.keys() & {"tool_calls", "function_call", "refusal", "audio"}
        return words if words or not called else None

    def choice(self, number: int, finish: Finish) -> JsonObject:
        """The whole choice."""
        said, own = render_finish(finish, "function_call" in self.body, self.losses)
        content = self.content()
        message = {**own.pop("message", {}), **self.body, "content": content}
        message.setdefault("refusal", None)
        odds = {**own.pop("logprobs", {}), **self.odds}
        return {
            **own,
            "index": number,
            "message": message,
            "logprobs": odds if any(odds.values()) else None,
            "finish_reason": said,
        }


def render_reply(reply: Reply, context: Context) -> Rendered:
    """The body of a whole answer."""
    losses = Losses(NAME)
    begin, end, legacy = reply.begin, reply.end, legacy_names(context)
    choices = []
    for number, (parts, finish) in enumerate(zip(reply.choices, end.finishes, strict=True)):
        message = _Message(context, losses, legacy)
        for part in parts:
            message.add(part)
        choices.append(message.choice(number, finish))
    for other in reply.others:
        if other.dialect != NAME and not other.quiet:
            losses.note(f"events[] ({other.type})", NO_WORD)
    body = {
        **losses.extra(begin.extra, "", REPLY.hints),
        **losses.extra(end.extra, "", REPLY.hints),
        **head(begin, context, "chat.completion"),
        "choices": choices,
    }
    if tier := end.tier or begin.tier:
        body["service_tier"] = tier
    if end.usage is not None:
        body["usage"] = render_usage(end.usage, losses)
    return Rendered(body, losses.all())
