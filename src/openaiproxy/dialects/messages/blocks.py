"""Content blocks, one function to each type, for requests, whole replies and streams alike."""

from collections.abc import Callable
from typing import Any

from openaiproxy.dialects.messages.citations import parse_citations, render_citations
from openaiproxy.dialects.messages.fields import NAME, TEXT, THINKING, TOOL_USE
from openaiproxy.dialects.messages.hosted import parse_hosted, parse_hosted_result
from openaiproxy.dialects.messages.media import parse_document, parse_image
from openaiproxy.dialects.names import shorten
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import (
    Json,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Seal,
    Text,
    ToolCall,
)
from openaiproxy.wire import json

__all__ = [
    "REDACTED",
    "WIDTH",
    "parse_block",
    "render_seal",
    "render_text",
    "render_tool_use",
    "tool_input",
]

REDACTED = "redacted"
"""Kind of the seal of thoughts that were not shown."""

WIDTH = 128
"""Characters of a tool's name, and of a call's id."""


def parse_block(found: JsonObject) -> Part:
    """Any block. One of an unknown type, or that lacks what its type needs, is opaque."""
    kind = found.get("type")
    if not isinstance(kind, str):
        return Opaque(NAME, "", found)
    parse = _PARSERS.get(kind)
    if parse is not None:
        return parse(found)
    if kind.endswith("_tool_result") and isinstance(found.get("tool_use_id"), str):
        return parse_hosted_result(found)
    return Opaque(NAME, kind, found)


def _parse_text(found: JsonObject) -> Part:
    text = found.get("text")
    if not isinstance(text, str):
        return Opaque(NAME, "text", found)
    return Text(text, parse_citations(found.get("citations")), extra=TEXT.rest(found))


def render_text(part: Text, losses: Losses, *, upstream: bool) -> JsonObject:
    """A block of words.

    :param upstream: whether it goes to one who checks citations.
    """
    body: dict[str, Json] = {"type": "text", "text": part.text}
    body.update(losses.extra(part.extra, "text", TEXT.hints))
    if part.phase is not None:
        losses.note("text.phase", "no field for it", hint=True)
    if part.logprobs is not None:
        losses.note("logprobs", "no field for them", hint=True)
    if part.citations:
        written = render_citations(part.citations, losses, upstream=upstream)
        if written:
            body["citations"] = written
    return body


def _parse_thinking(found: JsonObject) -> Part:
    thinking, signature = found.get("thinking"), found.get("signature")
    summary = (thinking,) if isinstance(thinking, str) and thinking else ()
    seals = (Seal.read(signature, NAME),) if isinstance(signature, str) and signature else ()
    return Reasoning(summary, (), seals, extra=THINKING.rest(found))


def _parse_redacted(found: JsonObject) -> Part:
    data = found.get("data")
    if not isinstance(data, str):
        return Opaque(NAME, "redacted_thinking", found)
    return Reasoning(seals=(Seal(NAME, data, REDACTED),), extra=THINKING.rest(found))


def render_seal(text: str, seal: Seal | None) -> dict[str, Json]:
    """A block of thoughts, whoever sealed them.

    :param text: the thoughts, as they are shown.
    """
    if seal is None:
        return {"type": "thinking", "thinking": text, "signature": ""}
    if seal.dialect != NAME:
        return {"type": "thinking", "thinking": text, "signature": seal.packed()}
    if seal.kind == REDACTED:
        return {"type": "redacted_thinking", "data": seal.data}
    return {"type": "thinking", "thinking": text, "signature": seal.data}


def _parse_tool_use(found: JsonObject) -> Part:
    name, call_id = found.get("name"), found.get("id")
    if not isinstance(name, str) or not name:
        return Opaque(NAME, "tool_use", found)
    given = found.get("input")
    arguments = json.text(given if given is not None else {})
    identity = call_id if isinstance(call_id, str) else ""
    return ToolCall(identity, name, arguments, extra=TOOL_USE.rest(found))


def render_tool_use(call: ToolCall, losses: Losses, call_id: str) -> dict[str, Json]:
    """A call, with its arguments as an object.

    :param call_id: its id, or one made for it if it has none.
    """
    if call.namespace is not None:
        losses.note("namespace", "no field for it")
    body: dict[str, Json] = {**losses.extra(call.extra, "tool_call", TOOL_USE.hints)}
    name = shorten(call.name, WIDTH)
    body.update(type="tool_use", id=shorten(call_id, WIDTH), name=name, input=tool_input(call))
    return body


def tool_input(call: ToolCall) -> dict[str, Any]:
    """A call's arguments as the object that the wire wants; what is none is wrapped."""
    if call.custom:
        return {"input": call.arguments}
    if not call.arguments.strip():
        return {}
    try:
        return json.loads_object(call.arguments.encode("utf-8", "surrogatepass"))
    except BadUpstream:
        return {"arguments": call.arguments}


_PARSERS: dict[str, Callable[[JsonObject], Part]] = {
    "text": _parse_text,
    "thinking": _parse_thinking,
    "redacted_thinking": _parse_redacted,
    "tool_use": _parse_tool_use,
    "server_tool_use": parse_hosted,
    "mcp_tool_use": parse_hosted,
    "image": parse_image,
    "document": parse_document,
}
