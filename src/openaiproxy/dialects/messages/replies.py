"""Whole answers, and what they share with streams: how they begin, how they finish, their parts."""

from collections.abc import Iterable

from attrs import define

from openaiproxy.dialects.dialect import Context
from openaiproxy.dialects.messages.blocks import (
    WIDTH,
    parse_block,
    render_seal,
    render_text,
    render_tool_use,
)
from openaiproxy.dialects.messages.faults import parse_error
from openaiproxy.dialects.messages.fields import NAME, REPLY, THINKING
from openaiproxy.dialects.messages.hosted import render_foreign_search
from openaiproxy.dialects.messages.usage import parse_tier, parse_usage, render_usage
from openaiproxy.dialects.names import shorten
from openaiproxy.hub.events import Begin, End, Fault, Finish, Reason
from openaiproxy.hub.fold import Reply
from openaiproxy.hub.loss import Losses, Rendered
from openaiproxy.hub.parts import (
    Audio,
    Extra,
    Hosted,
    HostedResult,
    Json,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from openaiproxy.hub.request import CustomTool, Request
from openaiproxy.hub.values import changed
from openaiproxy.wire import json

__all__ = [
    "Written",
    "customs",
    "parse_begin",
    "parse_finish",
    "parse_reply",
    "render_finish",
    "render_message",
    "render_reply",
    "uncustom",
]

_REASONS = {
    "end_turn": Reason.STOP,
    "stop_sequence": Reason.STOP_SEQUENCE,
    "max_tokens": Reason.LENGTH,
    "model_context_window_exceeded": Reason.CONTEXT,
    "tool_use": Reason.TOOL_CALLS,
    "refusal": Reason.CONTENT_FILTER,
    "pause_turn": Reason.PAUSE,
}
_WORDS = {
    **{reason: word for word, reason in _REASONS.items()},
    Reason.REFUSAL: "refusal",
    Reason.OTHER: "max_tokens",
}

_PREFIX = "msg_"


def parse_begin(found: JsonObject) -> Begin:
    """How an answer begins.

    :param found: the message; its usage is left to others.
    """
    identity, model = found.get("id"), found.get("model")
    return Begin(
        identity if isinstance(identity, str) else "",
        model if isinstance(model, str) else "",
        tier=parse_tier(found.get("usage")),
        extra=REPLY.rest(found),
    )


def parse_finish(found: JsonObject) -> tuple[Finish, ...]:
    """How an answer finished; none if it does not say.

    :param found: the message, or the ``delta`` of ``message_delta``.
    """
    word, sequence = found.get("stop_reason"), found.get("stop_sequence")
    if not isinstance(word, str):
        return ()
    reason = _REASONS.get(word, Reason.OTHER)
    details = found.get("stop_details")
    fields: dict[str, Json] = {} if details is None else {"stop_details": details}
    if reason is Reason.OTHER:
        fields["stop_reason"] = word
    return (
        Finish(
            reason,
            word if reason is Reason.OTHER else None,
            sequence if isinstance(sequence, str) else None,
            Extra(NAME, fields, REPLY.hints) if fields else None,
        ),
    )


def render_finish(finish: Finish, losses: Losses, *, refused: bool) -> JsonObject:
    """``stop_reason`` and what belongs to it.

    :param refused: whether the answer's words are a refusal.
    """
    word = _WORDS[finish.reason]
    if refused and finish.reason is Reason.STOP:
        word = _WORDS[Reason.REFUSAL]
    extra = losses.extra(
        finish.extra, "finish", frozenset(finish.extra.fields if finish.extra else ())
    )
    return {"stop_reason": word, "stop_sequence": finish.sequence, **extra}


def customs(request: Request) -> frozenset[str]:
    """Names, as we send them, of the tools that take free text."""
    return frozenset(shorten(t.name, WIDTH) for t in request.tools if isinstance(t, CustomTool))


def uncustom(arguments: str) -> str:
    """The text for a tool that takes free text, out of the object that it was asked for in."""
    found = json.loads(arguments.encode("utf-8", "surrogatepass"))
    text = found.get("input") if isinstance(found, dict) else None
    return text if isinstance(text, str) else arguments


def parse_reply(found: JsonObject, context: Context) -> Reply | Fault:
    """A whole answer.

    :param found: the body of a good status.
    """
    if found.get("type") == "error" or found.get("error") is not None:
        return parse_error(found)
    content = found.get("content")
    blocks = content if isinstance(content, list) else []
    free = customs(context.request)
    parts = tuple(_parse_part(block, free) for block in blocks if isinstance(block, dict))
    end = End(parse_finish(found), parse_usage(found.get("usage")))
    return Reply(parse_begin(found), (parts,), end)


def _parse_part(found: JsonObject, free: frozenset[str]) -> Part:
    part = parse_block(found)
    if isinstance(part, ToolCall) and part.name in free:
        return changed(part, custom=True, arguments=uncustom(part.arguments))
    return part


def render_reply(reply: Reply, context: Context) -> Rendered:
    """The body of a whole answer.

    :param reply: walked through the grammar.
    """
    losses = Losses(NAME)
    written = Written(context, losses)
    for choice in range(1, len(reply.choices)):
        losses.note(f"choices[{choice}]", "one answer only")
    content = [block for part in reply.parts for block in written.blocks(part)]
    end = reply.end
    refused = any(isinstance(part, Refusal) for part in reply.parts)
    body = {
        **render_message(reply.begin, context, losses),
        **losses.extra(end.extra, "", REPLY.hints),
        "content": content,
        **render_finish(end.finish, losses, refused=refused),
        "usage": render_usage(end.usage, end.tier or reply.begin.tier, losses),
    }
    for other in reply.others:
        if other.dialect != NAME and not other.quiet:
            losses.note(other.type, f"only {other.dialect} has a word for it")
    return Rendered(body, losses)


def render_message(begin: Begin, context: Context, losses: Losses) -> dict[str, Json]:
    """The message as it begins: empty, and without usage."""
    own = begin.id.startswith(_PREFIX)
    return {
        **losses.extra(begin.extra, "", REPLY.hints),
        "id": begin.id if own else context.new_id(_PREFIX),
        "type": "message",
        "role": "assistant",
        "model": begin.model,
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


@define
class Written:
    """Writes the parts of an answer as blocks for its caller.

    :param losses: where it reports what can't be written.
    """

    context: Context
    losses: Losses

    def blocks(self, part: Part) -> Iterable[JsonObject]:
        """The blocks of a whole part."""
        match part:
            case Text():
                empty = not part.text and part.id is not None
                return [] if empty else [render_text(part, self.losses, upstream=False)]
            case Refusal():
                return [{"type": "text", "text": part.text}] if part.text else []
            case Reasoning():
                return self._reasoning(part)
            case ToolCall():
                return [render_tool_use(part, self.losses, self.call_id(part))]
            case Hosted() | HostedResult() if part.raw.dialect == NAME:
                return [part.raw.fields]
            case Hosted():
                made = self.context.new_id("srvtoolu_")
                return render_foreign_search(part, self.losses, made)
            case Opaque() if part.dialect == NAME:
                return [part.raw]
            case Audio() if part.transcript:
                self.losses.note("audio", "its words only")
                return [{"type": "text", "text": part.transcript}]
        word = part.type if isinstance(part, Opaque) else type(part).__name__.lower()
        self.losses.note(word, "no word for it in an answer")
        return []

    def call_id(self, call: ToolCall) -> str:
        """A call's id, or a fresh one if it has none."""
        return call.call_id or self.context.new_id("toolu_")

    def _reasoning(self, part: Reasoning) -> list[JsonObject]:
        extra = self.losses.extra(part.extra, "reasoning", THINKING.hints)
        text = part.shown()
        blocks: list[JsonObject] = []
        for seal in part.seals:
            block = {**extra, **render_seal(text, seal)}
            text = "" if block["type"] == "thinking" else text
            blocks.append(block)
        if text or not blocks:
            blocks.insert(0, {**extra, **render_seal(text, None)})
        return blocks
