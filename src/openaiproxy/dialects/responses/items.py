"""Items, of ``input`` and of ``output``, to parts and back.

A message of the assistant's is as many parts as it has contents; all else is one. An item without
a word in the hub is an ``Opaque``.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

from openaiproxy.dialects.dialect import Context
from openaiproxy.dialects.names import shorten
from openaiproxy.dialects.responses.content import parse_content, render_input
from openaiproxy.dialects.responses.fields import (
    CALL,
    CUSTOM_CALL,
    CUSTOM_RESULT,
    NAME,
    REASONING,
    RESULT,
)
from openaiproxy.dialects.responses.hosted import (
    CALLS,
    RESULTS,
    parse_hosted,
    parse_hosted_result,
    render_hosted,
)
from openaiproxy.dialects.responses.messages import (
    Pen,
    message_key,
    parse_message,
    render_message,
)
from openaiproxy.dialects.responses.values import objects, said, string
from openaiproxy.hub.parts import (
    Audio,
    Extra,
    Hosted,
    HostedResult,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.values import changed

__all__ = ["parse_item", "render_item", "render_items", "shown"]

NO_ITEM = "Responses has no item for {}"


def parse_item(item: JsonObject) -> tuple[Part, ...]:
    """The parts of one item.

    :param item: of any type.
    """
    word = string(item.get("type")) or ("message" if "role" in item else "")
    parse = _PARSE.get(word)
    if parse is None:
        return (Opaque(NAME, word, item),)
    return parse(item)


def _parse_call(item: JsonObject) -> tuple[Part, ...]:
    custom = item.get("type") == "custom_tool_call"
    call = ToolCall(
        string(item.get("call_id")) or "",
        string(item.get("name")) or "",
        string(item.get("input" if custom else "arguments")) or "",
        custom,
        namespace=string(item.get("namespace")),
        id=string(item.get("id")),
        status=string(item.get("status")),
        extra=(CUSTOM_CALL if custom else CALL).rest(item),
    )
    return (call,)


def _parse_result(item: JsonObject) -> tuple[Part, ...]:
    custom = item.get("type") == "custom_tool_call_output"
    output = item.get("output")
    if isinstance(output, str):
        output = [{"type": "input_text", "text": output}] if output else []
    result = ToolResult(
        string(item.get("call_id")) or "",
        tuple(parse_content(found) for found in objects(output)),  # type: ignore[misc]
        custom=custom,
        id=string(item.get("id")),
        status=string(item.get("status")),
        extra=(CUSTOM_RESULT if custom else RESULT).rest(item),
    )
    return (result,)


def _parse_reasoning(item: JsonObject) -> tuple[Part, ...]:
    sealed = string(item.get("encrypted_content"))
    extra = REASONING.rest(item) or Extra(NAME, {})  # Ours, and good for an upstream unsealed.
    thoughts = Reasoning(
        tuple(string(one.get("text")) or "" for one in objects(item.get("summary"))),
        tuple(string(one.get("text")) or "" for one in objects(item.get("content"))),
        (Seal.read(sealed, NAME),) if sealed is not None else (),
        string(item.get("id")),
        string(item.get("status")),
        extra,
    )
    return (thoughts,)


_PARSE: dict[str, Callable[[JsonObject], tuple[Part, ...]]] = {
    "message": parse_message,
    "function_call": _parse_call,
    "custom_tool_call": _parse_call,
    "function_call_output": _parse_result,
    "custom_tool_call_output": _parse_result,
    "reasoning": _parse_reasoning,
    **dict.fromkeys(CALLS, lambda item: (parse_hosted(item),)),
    **dict.fromkeys(RESULTS, lambda item: (parse_hosted_result(item),)),
}


def render_items(
    parts: Iterable[Part], pen: Pen, path: Callable[[int], str]
) -> Iterator[dict[str, Any]]:
    """The items of an assistant's parts, or of results.

    :param path: of a part by its number, for losses.
    """
    numbered = [(number, _words(part, pen, path(number))) for number, part in enumerate(parts)]
    for key, group in groupby(numbered, lambda pair: message_key(pair[1])):
        if key is None:
            for number, part in group:
                item = render_item(part, pen, path(number))
                if item is not None:
                    yield item
        else:
            yield render_message(list(group), pen, path)


def _words(part: Part, pen: Pen, path: str) -> Part:
    """Of a sound, what is heard, if that is known."""
    if not isinstance(part, Audio) or not part.transcript:
        return part
    pen.losses.note(path, NO_ITEM.format("Audio"))
    return Text(part.transcript)


def render_item(part: Part, pen: Pen, path: str) -> dict[str, Any] | None:
    """The item of a part of no message; ``None`` if it is lost.

    :param path: of the part, for losses.
    """
    render = _RENDER.get(type(part))
    if render is None:
        pen.losses.note(path, NO_ITEM.format(type(part).__name__))
        return None
    return render(part, pen, path)


def _render_call(part: ToolCall, pen: Pen, path: str) -> dict[str, Any]:
    table = CUSTOM_CALL if part.custom else CALL
    arguments = part.arguments if part.custom else part.arguments or "{}"
    fields = (
        ("id", pen.id(part.id, "ctc_" if part.custom else "fc_")),
        ("status", part.status or ("completed" if pen.new_id else None)),
        ("namespace", part.namespace),
    )
    return {
        **pen.losses.extra(part.extra, path, table.hints),
        "type": "custom_tool_call" if part.custom else "function_call",
        **said(fields),
        "call_id": shorten(part.call_id),
        "name": part.name if pen.new_id else shorten(part.name),
        "input" if part.custom else "arguments": arguments,
    }


def _render_result(part: ToolResult, pen: Pen, path: str) -> dict[str, Any]:
    parts = list(part.parts)
    if part.error:
        texts = [at for at, one in enumerate(parts) if isinstance(one, Text)]
        if texts:
            told = parts[texts[0]]
            assert isinstance(told, Text)
            parts[texts[0]] = changed(told, text=f"[tool error] {told.text}")
        else:
            parts.insert(0, Text("[tool error] "))
    output: Any = [
        content
        for number, one in enumerate(parts)
        if (content := render_input(one, pen.losses, f"{path}.parts[{number}]")) is not None
    ]
    if not output:
        output = ""
    elif len(output) == 1 and output[0].keys() == {"type", "text"} and output[0]["text"]:
        output = output[0]["text"]
    return {
        **pen.losses.extra(part.extra, path, RESULT.hints),
        "type": "custom_tool_call_output" if part.custom else "function_call_output",
        **said((("id", part.id), ("status", part.status))),
        "call_id": shorten(part.call_id),
        "output": output,
    }


def _render_reasoning(part: Reasoning, pen: Pen, path: str) -> dict[str, Any] | None:
    own = [seal for seal in part.seals if seal.dialect == NAME]
    marked = part.extra is not None and part.extra.dialect == NAME
    ours = bool(own) or (marked and not part.seals)
    if pen.new_id is None and not ours:
        pen.losses.note(path, "only its maker can read this reasoning", hint=True)
        return None
    if not pen.stored and not own and not part.text:
        pen.losses.note(path, "only its id tells it, and nothing is stored", hint=True)
        return None
    if len(part.seals) > 1:
        pen.losses.note(f"{path}.seals", "Responses has room for one seal", hint=True)
    seals = [seal.data for seal in own] or [seal.packed() for seal in part.seals]
    content = [{"type": "reasoning_text", "text": text} for text in part.text] or None
    fields = (
        ("id", pen.id(part.id, "rs_")),
        ("status", part.status),
        ("content", content),
        ("encrypted_content", seals[0] if seals else None),
    )
    return {
        **pen.losses.extra(part.extra, path, REASONING.hints),
        "type": "reasoning",
        "summary": [{"type": "summary_text", "text": text} for text in part.summary],
        **said(fields),
    }


def shown(part: Part, context: Context) -> Part:
    """A part of an answer, as its caller is to see it."""
    if not isinstance(part, Reasoning) or part.summary:
        return part
    if context.shown.thoughts_as_summary:
        return changed(part, summary=part.text, text=())
    return part


def _render_hosted(part: Hosted | HostedResult, pen: Pen, path: str) -> dict[str, Any] | None:
    if part.raw.dialect == NAME:
        return dict(part.raw.fields)
    if isinstance(part, Hosted) and pen.new_id is not None:
        item = render_hosted(part, pen.new_id("ws_"))
        if item is not None:
            return item
    hint = isinstance(part, HostedResult) and pen.new_id is not None
    pen.losses.note(path, f"a hosted tool of {part.raw.dialect}", hint=hint)
    return None


def _render_opaque(part: Opaque, pen: Pen, path: str) -> dict[str, Any] | None:
    if part.dialect == NAME:
        return dict(part.raw)
    pen.losses.note(path, f"only {part.dialect} has a word for {part.type}")
    return None


_RENDER: dict[type[Any], Callable[[Any, Pen, str], dict[str, Any] | None]] = {
    ToolCall: _render_call,
    ToolResult: _render_result,
    Reasoning: _render_reasoning,
    Hosted: _render_hosted,
    HostedResult: _render_hosted,
    Opaque: _render_opaque,
}
