"""What whole answers, streams and histories spell alike: calls, reasoning, odds, sources, counts,
ends."""

from contextlib import suppress
from typing import Any

from openaiproxy.dialects.chat.fields import CALL, CHOICE, NAME
from openaiproxy.dialects.chat.objects import rest
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Finish, Reason
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Citation, Extra, JsonObject, Logprob, Seal, ToolCall
from openaiproxy.wire import json

__all__ = [
    "arguments_text",
    "call_extra",
    "count",
    "details_text",
    "parse_annotation",
    "parse_details",
    "parse_finish",
    "parse_logprobs",
    "reasoning_text",
    "render_annotation",
    "render_call",
    "render_detail",
    "render_finish",
    "render_logprobs",
    "word",
]


def word(value: Any) -> str:
    """A string, or an empty one for anything else."""
    return value if isinstance(value, str) else ""


def count(value: Any) -> int | None:
    """A number, or nothing for anything else."""
    if type(value) is int:
        return value
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def arguments_text(value: Any, custom: bool = False) -> str:
    """Arguments as text, whatever they are; none at all are an empty object."""
    text = value if isinstance(value, str) else "" if value is None else json.text(value)
    return text if text or custom else "{}"


def render_call(call: ToolCall, call_id: str, name: str, arguments: str) -> JsonObject:
    """One of ``tool_calls``, without extras."""
    if call.custom:
        return {"id": call_id, "type": "custom", "custom": {"name": name, "input": arguments}}
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def reasoning_text(found: JsonObject) -> str:
    """The reasoning's words, in whichever of its own fields."""
    return word(found.get("reasoning_content")) or word(found.get("reasoning"))


def details_text(found: JsonObject) -> str:
    """The words in ``reasoning_details``, which mostly repeat those of the reasoning's own
    field."""
    details = found.get("reasoning_details")
    entries = [one for one in details if isinstance(one, dict)] if isinstance(details, list) else []
    return "".join(word(one.get("text")) or word(one.get("summary")) for one in entries)


def _sealed(entry: JsonObject) -> bool:
    return bool(entry.get("signature") or entry.get("data"))


def parse_details(details: Any, every: bool) -> tuple[Seal, ...]:
    """The seals in ``reasoning_details``.

    :param every: whether, if any entry is sealed, all are wanted back; else only the sealed. Texts
        without a seal say what the reasoning's own field says.
    """
    if not isinstance(details, list):
        return ()
    entries = [entry for entry in details if isinstance(entry, dict)]
    if not any(map(_sealed, entries)):
        return ()
    return tuple(_parse_detail(entry) for entry in entries if every or _sealed(entry))


def _parse_detail(entry: JsonObject) -> Seal:
    seal = Seal.read(word(entry.get("data")), NAME)
    if seal.dialect != NAME:
        return seal
    return Seal(NAME, json.text(entry), word(entry.get("type")).removeprefix("reasoning."))


def render_detail(seal: Seal) -> JsonObject:
    """An entry of ``reasoning_details``; a foreign seal is packed into one."""
    if seal.dialect == NAME:
        with suppress(BadUpstream):  # A caller may hand back anything.
            entry: JsonObject = json.loads_object(seal.data.encode("utf-8", "surrogatepass"))
            return entry
    return {"type": "reasoning.encrypted", "data": seal.packed(), "format": "openaiproxy"}


def parse_logprobs(value: Any) -> tuple[Logprob, ...] | None:
    """Tokens and their odds; nothing for an empty list."""
    if not isinstance(value, list):
        return None
    return tuple(_parse_token(one) for one in value if isinstance(one, dict)) or None


def _parse_token(found: JsonObject) -> Logprob:
    raw, odds = found.get("bytes"), found.get("logprob")
    numbers = isinstance(raw, list) and all(isinstance(one, int) for one in raw)
    return Logprob(
        word(found.get("token")),
        odds if isinstance(odds, int | float) else 0.0,
        tuple(raw) if isinstance(raw, list) and numbers else None,
        parse_logprobs(found.get("top_logprobs")) or (),
    )


def render_logprobs(probs: tuple[Logprob, ...] | None) -> list[JsonObject] | None:
    """The same, written."""
    if not probs:
        return None
    return [{**_token(one), "top_logprobs": [_token(other) for other in one.top]} for one in probs]


def _token(one: Logprob) -> JsonObject:
    raw = None if one.raw is None else list(one.raw)
    return {"token": one.token, "logprob": one.logprob, "bytes": raw}


def parse_annotation(found: Any) -> Citation | None:
    """A source."""
    if not isinstance(found, dict):
        return None
    kind = word(found.get("type"))
    inner = found.get("url_citation")
    if kind != "url_citation" or not isinstance(inner, dict):
        return Citation(kind or "annotation", extra=Extra(NAME, found))
    mapped = ("url", "title", "start_index", "end_index")
    more = {key: value for key, value in inner.items() if key not in mapped and value is not None}
    return Citation(
        "url",
        word(inner.get("url")) or None,
        word(inner.get("title")) or None,
        count(inner.get("start_index")),
        count(inner.get("end_index")),
        extra=Extra(NAME, more) if more else None,
    )


def render_annotation(note: Citation, base: int, losses: Losses) -> JsonObject | None:
    """The same, written, or nothing where this wire has no word for its kind.

    :param base: characters of the content before the text that it belongs to.
    """
    own = losses.extra(note.extra, "citations[]")
    if note.kind != "url":
        if not own:
            losses.note("citations[]", f"Chat Completions knows no citation of kind {note.kind}")
        return own or None
    said = {  # All four are demanded; not everybody tells where in the text it is.
        "url": note.url or "",
        "title": note.title or "",
        "start_index": (note.start or 0) + base,
        "end_index": (note.end or 0) + base,
    }
    return {"type": "url_citation", "url_citation": {**own, **said}}


_READ = {
    "stop": Reason.STOP,
    "length": Reason.LENGTH,
    "tool_calls": Reason.TOOL_CALLS,
    "function_call": Reason.TOOL_CALLS,
    "content_filter": Reason.CONTENT_FILTER,
    "end_turn": Reason.STOP,
    "eos": Reason.STOP,
    "max_tokens": Reason.LENGTH,
    "model_length": Reason.LENGTH,
    "tool_use": Reason.TOOL_CALLS,
}
"""Words for an end: OpenAI's, and those that other providers are known to say instead."""

_WRITTEN = {
    Reason.STOP: "stop",
    Reason.STOP_SEQUENCE: "stop",
    Reason.TOOL_CALLS: "tool_calls",
    Reason.CONTENT_FILTER: "content_filter",
    Reason.REFUSAL: "content_filter",
}
"""Every other end is ``length``: it is no good one."""


def parse_finish(said: str, found: JsonObject) -> Finish:
    """How a choice ended.

    :param said: its ``finish_reason``.
    :param found: what else was said of the choice, all that is left of its message under
        ``message``.
    """
    more = {key: value for key, value in found.items() if value is not None}
    reason = _READ.get(said, Reason.OTHER)
    if reason is Reason.OTHER:
        fields = {**more, "finish_reason": said}
        return Finish(reason, said, extra=Extra(NAME, fields, CHOICE.hints))
    return Finish(reason, extra=Extra(NAME, more, CHOICE.hints) if more else None)


def render_finish(finish: Finish, legacy: bool, losses: Losses) -> tuple[str, dict[str, Any]]:
    """The ``finish_reason``, and what :func:`parse_finish` was given as ``found``.

    :param legacy: whether the choice called a function as of before tools.
    """
    own = dict(losses.extra(finish.extra, "choices[]", CHOICE.hints))
    if finish.sequence is not None:
        losses.note("finish.sequence", "Chat Completions has no word for it", hint=True)
    said = _WRITTEN.get(finish.reason, "length")
    if legacy and finish.reason is Reason.TOOL_CALLS:
        said = "function_call"
    return own.pop("finish_reason", said), own


def call_extra(found: JsonObject) -> Extra | None:
    """What a call holds beside its fields."""
    return rest(CALL, found, CALL, ("function", "custom"))
