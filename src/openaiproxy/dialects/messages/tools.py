"""Tools, and the choice among them."""

from typing import Any

from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.messages.blocks import WIDTH
from openaiproxy.dialects.messages.fields import NAME, TOOL, TOOL_CHOICE
from openaiproxy.dialects.messages.hosted import kind_of
from openaiproxy.dialects.names import shorten
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Extra, HostedKind, Json, JsonObject
from openaiproxy.hub.request import (
    Choose,
    CustomTool,
    FunctionTool,
    HostedTool,
    OpaqueTool,
    Request,
    Tool,
    ToolChoice,
    ToolRef,
)

__all__ = ["parse_choice", "parse_tools", "render_choice", "render_tools"]

_EXECUTED = {
    HostedKind.WEB_SEARCH: ("web_search_20250305", "web_search"),
    HostedKind.WEB_FETCH: ("web_fetch_20250910", "web_fetch"),
    HostedKind.CODE: ("code_execution_20250825", "code_execution"),
}
"""Kind of a foreign hosted tool to the type and name of the one that we ask for in its place."""

_EMPTY = {"type": "object", "properties": {}}

_CHOICES = {
    "auto": Choose.AUTO,
    "any": Choose.REQUIRED,
    "none": Choose.NONE,
    "tool": Choose.ONE,
}
_CHOICE_WORDS = {choose: word for word, choose in _CHOICES.items()}


def parse_tools(found: Json) -> tuple[Tool, ...]:
    """The value of ``tools``."""
    if found is None:
        return ()
    if not isinstance(found, list):
        raise bad_field("tools", "must be a list")
    return tuple(_parse_tool(tool, f"tools[{place}]") for place, tool in enumerate(found))


def _parse_tool(found: Json, path: str) -> Tool:
    if not isinstance(found, dict):
        raise bad_field(path, "must be an object")
    kind, name = found.get("type"), found.get("name")
    if kind is None or kind == "custom":
        if not isinstance(name, str) or not name:
            raise bad_field(f"{path}.name", "must be a string")
        return _parse_function(found, name, path)
    if not isinstance(kind, str):
        raise bad_field(f"{path}.type", "must be a string")
    hosted = kind_of(kind)
    if hosted in (HostedKind.OTHER, HostedKind.MCP):
        return OpaqueTool(NAME, kind, found)
    return HostedTool(
        hosted,
        Extra(NAME, found),
        name if isinstance(name, str) else None,
        _strings(found.get("allowed_domains")),
        _strings(found.get("blocked_domains")),
        location if isinstance(location := found.get("user_location"), dict) else None,
        max_uses=uses if isinstance(uses := found.get("max_uses"), int) else None,
    )


def _parse_function(found: JsonObject, name: str, path: str) -> FunctionTool:
    schema, description = found.get("input_schema"), found.get("description")
    if schema is not None and not isinstance(schema, dict):
        raise bad_field(f"{path}.input_schema", "must be an object")
    strict = found.get("strict")
    return FunctionTool(
        name,
        description if isinstance(description, str) else None,
        schema,
        strict if isinstance(strict, bool) else None,
        extra=TOOL.rest(found),
    )


def _strings(found: Json) -> tuple[str, ...]:
    items = found if isinstance(found, list) else []
    return tuple(item for item in items if isinstance(item, str))


def render_tools(request: Request, losses: Losses) -> list[JsonObject]:
    """The tools that may be called at all."""
    choice = request.tool_choice
    allowed = None if choice is None or choice.allowed is None else choice.allowed
    names = None if allowed is None else {ref.name or ref.type for ref in allowed}
    written: list[JsonObject] = []
    for place, tool in enumerate(request.tools):
        if names is not None and _name(tool) not in names:
            continue
        body = _render_tool(tool, losses, f"tools[{place}]")
        if body is not None:
            written.append(body)
    return written


def _name(tool: Tool) -> str:
    match tool:
        case HostedTool():
            return tool.name or tool.kind.value
        case OpaqueTool():
            return str(tool.raw.get("name") or tool.type)
        case _:
            return tool.name


def _render_tool(tool: Tool, losses: Losses, path: str) -> JsonObject | None:
    match tool:
        case FunctionTool():
            return _render_function(tool, losses, path)
        case CustomTool():
            return _render_custom(tool, losses, path)
        case HostedTool():
            return _render_hosted(tool, losses, path)
    if tool.dialect == NAME:
        return tool.raw
    losses.note(path, f"no word for a tool of type {tool.type}")
    return None


def _render_function(tool: FunctionTool, losses: Losses, path: str) -> JsonObject:
    body: dict[str, Json] = {**losses.extra(tool.extra, path, TOOL.hints)}
    body["name"] = shorten(tool.name, WIDTH)
    if tool.description is not None:
        body["description"] = tool.description
    schema = _EMPTY if tool.parameters is None else tool.parameters
    body["input_schema"] = schema if "type" in schema else {"type": "object", **schema}
    if tool.strict is not None:
        body["strict"] = tool.strict
    return body


def _render_custom(tool: CustomTool, losses: Losses, path: str) -> JsonObject:
    """A tool that takes text, as one that takes an object with a text."""
    if tool.definition is not None:
        losses.note(f"{path}.format", "no grammars")
    body: dict[str, Json] = {**losses.extra(tool.extra, path, TOOL.hints)}
    body["name"] = shorten(tool.name, WIDTH)
    if tool.description is not None:
        body["description"] = tool.description
    body["input_schema"] = {
        "type": "object",
        "properties": {"input": {"type": "string"}},
        "required": ["input"],
    }
    return body


def _render_hosted(tool: HostedTool, losses: Losses, path: str) -> JsonObject | None:
    if tool.raw.dialect == NAME:
        return tool.raw.fields
    if tool.kind not in _EXECUTED:
        losses.note(path, f"no word for a foreign tool of kind {tool.kind.value}")
        return None
    kind, name = _EXECUTED[tool.kind]
    body: dict[str, Json] = {"type": kind, "name": name}
    if tool.allowed:
        body["allowed_domains"] = list(tool.allowed)
    if tool.blocked and not tool.allowed:
        body["blocked_domains"] = list(tool.blocked)
    if tool.location is not None and tool.kind is HostedKind.WEB_SEARCH:
        body["user_location"] = tool.location
    if tool.max_uses is not None and tool.kind is not HostedKind.CODE:
        body["max_uses"] = tool.max_uses
    if tool.context is not None:
        losses.note(f"{path}.search_context_size", "no field for it", hint=True)
    return body


def parse_choice(found: Json, tools: tuple[Tool, ...]) -> tuple[ToolChoice | None, bool | None]:
    """The choice, and whether calls may be parallel.

    :param found: the value of ``tool_choice``.
    :param tools: among which a tool is named.
    """
    if found is None:
        return None, None
    kind = found.get("type") if isinstance(found, dict) else None
    if not isinstance(kind, str) or kind not in _CHOICES:
        raise bad_field("tool_choice.type", "must be auto, any, tool or none")
    tool = None
    if kind == "tool":
        name = found.get("name")
        if not isinstance(name, str):
            raise bad_field("tool_choice.name", "must be a string")
        hosted = [t.kind.value for t in tools if isinstance(t, HostedTool) and t.name == name]
        tool = ToolRef(hosted[0] if hosted else "function", name)
    disabled = found.get("disable_parallel_tool_use")
    parallel = not disabled if isinstance(disabled, bool) else None
    return ToolChoice(_CHOICES[kind], tool, extra=TOOL_CHOICE.rest(found)), parallel


def render_choice(request: Request, losses: Losses) -> JsonObject | None:
    """The value of ``tool_choice``, if there is anything to say."""
    choice, parallel = request.tool_choice, request.parallel
    if choice is None:
        if parallel is not False or not request.tools:
            return None
        return {"type": "auto", "disable_parallel_tool_use": True}
    body: dict[str, Any] = {**losses.extra(choice.extra, "tool_choice")}
    body["type"] = _CHOICE_WORDS[choice.choose]
    if choice.choose is Choose.ONE and choice.tool is not None:
        body["name"] = shorten(choice.tool.name or choice.tool.type, WIDTH)
    if parallel is False and choice.choose is Choose.NONE:
        losses.note("parallel", "no tool may be called at all", hint=True)
    elif parallel is not None and choice.choose is not Choose.NONE:
        body["disable_parallel_tool_use"] = not parallel
    return body
