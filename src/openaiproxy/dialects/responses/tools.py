"""Tools, and the choice among them.

Responses binds arguments to the schema unless told otherwise, so that what is absent is written
out on both ways: ``strict`` is ``True`` when it was not said to us, and ``False`` when nobody said
it to the hub.
"""

from collections.abc import Callable
from typing import Any

from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.names import shorten
from openaiproxy.dialects.responses.fields import CUSTOM_TOOL, FUNCTION_TOOL, NAME
from openaiproxy.dialects.responses.values import objects, said, string, thing
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Extra, HostedKind, Json, JsonObject
from openaiproxy.hub.request import (
    Choose,
    CustomTool,
    FunctionTool,
    HostedTool,
    OpaqueTool,
    Tool,
    ToolChoice,
    ToolRef,
)

__all__ = ["parse_choice", "parse_tool", "render_choice", "render_tool"]

_HOSTED = {
    "web_search": HostedKind.WEB_SEARCH,
    "web_search_2025_08_26": HostedKind.WEB_SEARCH,
    "web_search_preview": HostedKind.WEB_SEARCH,
    "web_search_preview_2025_03_11": HostedKind.WEB_SEARCH,
    "file_search": HostedKind.FILE_SEARCH,
    "code_interpreter": HostedKind.CODE,
    "image_generation": HostedKind.IMAGE,
    "mcp": HostedKind.MCP,
    "computer": HostedKind.COMPUTER,
    "computer_use_preview": HostedKind.COMPUTER,
    "local_shell": HostedKind.SHELL,
    "shell": HostedKind.SHELL,
    "apply_patch": HostedKind.APPLY_PATCH,
    "tool_search": HostedKind.TOOL_SEARCH,
}
_WORDS = {
    HostedKind.WEB_SEARCH: "web_search",
    HostedKind.CODE: "code_interpreter",
    HostedKind.IMAGE: "image_generation",
}
"""Foreign hosted tools that can be had here too."""


def parse_tool(found: JsonObject, path: str) -> Tool:
    """One of ``tools``.

    :param path: of the tool, for errors.
    :raises BadRequest: if it has no type, or no name where it needs one.
    """
    word = string(found.get("type"))
    if word is None:
        raise bad_field(f"{path}.type", "must be a string")
    if word in ("function", "custom"):
        name = string(found.get("name"))
        if not name:
            raise bad_field(f"{path}.name", "must be a string")
        return _parse_function(found, name) if word == "function" else _parse_custom(found, name)
    kind = _HOSTED.get(word)
    if kind is None:
        return OpaqueTool(NAME, word, found)
    allowed = thing(found.get("filters")).get("allowed_domains")
    location = found.get("user_location")
    return HostedTool(
        kind,
        Extra(NAME, found),
        string(found.get("server_label")),
        tuple(one for one in allowed if isinstance(one, str)) if isinstance(allowed, list) else (),
        location=location if isinstance(location, dict) else None,
        context=string(found.get("search_context_size")),
    )


def _parse_function(found: JsonObject, name: str) -> FunctionTool:
    strict = found.get("strict")
    schema = found.get("parameters")
    return FunctionTool(
        name,
        string(found.get("description")),
        schema if isinstance(schema, dict) else None,
        strict if isinstance(strict, bool) else True,
        extra=FUNCTION_TOOL.rest(found),
    )


def _parse_custom(found: JsonObject, name: str) -> CustomTool:
    shape = thing(found.get("format"))
    return CustomTool(
        name,
        string(found.get("description")),
        string(shape.get("syntax")),
        string(shape.get("definition")),
        CUSTOM_TOOL.rest(found),
    )


def render_tool(tool: Tool, losses: Losses, path: str) -> JsonObject | None:
    """One of ``tools``; ``None`` if it is lost.

    :param path: of the tool, for losses.
    """
    return _RENDER[type(tool)](tool, losses, path)


def _render_function(tool: FunctionTool, losses: Losses, path: str) -> JsonObject:
    return {
        **losses.extra(tool.extra, path, FUNCTION_TOOL.hints),
        "type": "function",
        "name": shorten(tool.name),
        **said((("description", tool.description),)),
        "parameters": tool.parameters,
        "strict": bool(tool.strict),
    }


def _render_custom(tool: CustomTool, losses: Losses, path: str) -> JsonObject:
    shape = None
    if tool.syntax is not None:
        shape = {"type": "grammar", "syntax": tool.syntax, "definition": tool.definition or ""}
    return {
        **losses.extra(tool.extra, path, CUSTOM_TOOL.hints),
        "type": "custom",
        "name": shorten(tool.name),
        **said((("description", tool.description), ("format", shape))),
    }


def _render_hosted(tool: HostedTool, losses: Losses, path: str) -> JsonObject | None:
    if tool.raw.dialect == NAME:
        return tool.raw.fields
    word = _WORDS.get(tool.kind)
    if word is None:
        losses.note(path, f"Responses has no {tool.kind.value} of this kind")
        return None
    if tool.blocked:
        losses.note(f"{path}.blocked", "Responses has no such limit")
    if tool.kind is HostedKind.CODE:
        return {"type": word, "container": {"type": "auto"}}
    if tool.kind is HostedKind.IMAGE:
        return {"type": word}
    filters = {"allowed_domains": list(tool.allowed)} if tool.allowed else None
    fields = (
        ("filters", filters),
        ("user_location", tool.location),
        ("search_context_size", tool.context),
    )
    return {"type": word, **said(fields)}


def _render_opaque(tool: OpaqueTool, losses: Losses, path: str) -> JsonObject | None:
    if tool.dialect == NAME:
        return tool.raw
    losses.note(path, f"only {tool.dialect} has a word for {tool.type}")
    return None


_RENDER: dict[type[Tool], Callable[[Any, Losses, str], JsonObject | None]] = {
    FunctionTool: _render_function,
    CustomTool: _render_custom,
    HostedTool: _render_hosted,
    OpaqueTool: _render_opaque,
}

_CHOICES = {"auto": Choose.AUTO, "none": Choose.NONE, "required": Choose.REQUIRED}


def parse_choice(found: Json) -> ToolChoice:
    """``tool_choice``.

    :raises BadRequest: if it is neither a word nor a tool.
    """
    if isinstance(found, str) and found in _CHOICES:
        return ToolChoice(_CHOICES[found])
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise bad_field("tool_choice", "must be auto, none, required, or a tool")
    if found["type"] == "allowed_tools":
        refs = tuple(_parse_ref(one) for one in objects(found.get("tools")))
        return ToolChoice(_CHOICES.get(string(found.get("mode")) or "", Choose.AUTO), allowed=refs)
    return ToolChoice(Choose.ONE, _parse_ref(found))


def _parse_ref(found: JsonObject) -> ToolRef:
    word = string(found.get("type")) or ""
    name = string(found.get("name")) or string(found.get("server_label"))
    if word in ("function", "custom"):
        if name is None:
            raise bad_field("tool_choice.name", "must be a string")
        return ToolRef(word, name)
    kind = _HOSTED.get(word)
    return ToolRef(kind.value if kind else word, name, Extra(NAME, found))


def render_choice(choice: ToolChoice, losses: Losses) -> Json:
    """``tool_choice``."""
    losses.extra(choice.extra, "tool_choice")
    if choice.allowed is not None:
        mode = "required" if choice.choose in (Choose.REQUIRED, Choose.ONE) else "auto"
        refs = [found for ref in choice.allowed if (found := _render_ref(ref, losses)) is not None]
        return {"type": "allowed_tools", "mode": mode, "tools": refs}
    if choice.choose is Choose.ONE and choice.tool is not None:
        return _render_ref(choice.tool, losses)
    return choice.choose.value if choice.choose is not Choose.ONE else "required"


def _render_ref(ref: ToolRef, losses: Losses) -> JsonObject | None:
    if ref.raw is not None and ref.raw.dialect == NAME:
        return ref.raw.fields
    if ref.type in ("function", "custom"):
        return {"type": ref.type, "name": shorten(ref.name or "")}
    if ref.type == "mcp":
        return {"type": "mcp", "server_label": ref.name or ""}
    kinds = {kind.value: word for kind, word in _WORDS.items()}
    if ref.type not in kinds:
        losses.note("tool_choice", f"Responses can't choose {ref.type}")
        return None
    return {"type": kinds[ref.type]}
