"""Tools, and how free the model is to call them, in today's words and in those of before tools."""

from collections.abc import Iterable
from typing import Any

from openaiproxy.dialects.chat.fields import FUNCTION, NAME
from openaiproxy.dialects.chat.objects import merge, rest
from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.names import shorten
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Extra, HostedKind, JsonObject
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

__all__ = ["parse_choice", "parse_tools", "render_choice", "render_tools"]

_WORDS = {"auto": Choose.AUTO, "none": Choose.NONE, "required": Choose.REQUIRED}
_NAMED = ("function", "custom")


def parse_tools(body: JsonObject) -> tuple[Tool, ...]:
    """The tools of a request: ``tools``, ``functions`` and ``web_search_options``.

    :raises BadRequest: if one can't be read.
    """
    tools: list[Tool] = [
        _parse_tool(found, f"tools[{number}]") for number, found in _listed(body, "tools")
    ]
    for number, found in _listed(body, "functions"):
        tools.append(_parse_function(found, found, f"functions[{number}]", legacy=True))
    search = body.get("web_search_options")
    if isinstance(search, dict):
        tools.append(_parse_search(search))
    return tuple(tools)


def _listed(body: JsonObject, name: str) -> Iterable[tuple[int, Any]]:
    found = body.get(name) or []
    if not isinstance(found, list):
        raise bad_field(name, "must be a list")
    for number, one in enumerate(found):
        if not isinstance(one, dict):
            raise bad_field(f"{name}[{number}]", "must be an object")
    return enumerate(found)


def _parse_tool(found: JsonObject, path: str) -> Tool:
    kind = found.get("type", "function")
    if kind == "function" and isinstance(found.get("function"), dict):
        return _parse_function(found, found["function"], path, legacy=False)
    if kind == "custom" and isinstance(found.get("custom"), dict):
        return _parse_custom(found, found["custom"], path)
    if not isinstance(kind, str) or kind in _NAMED:
        raise bad_field(path, "must be a function or of another known type")
    return OpaqueTool(NAME, kind, found)


def _name(inner: JsonObject, path: str) -> str:
    name = inner.get("name")
    if not isinstance(name, str) or not name:
        raise bad_field(f"{path}.name", "must be a string")
    return name


def _parse_function(found: JsonObject, inner: JsonObject, path: str, legacy: bool) -> FunctionTool:
    parameters = inner.get("parameters")
    return FunctionTool(
        _name(inner, path),
        inner.get("description"),
        parameters if isinstance(parameters, dict) else None,
        inner.get("strict"),
        legacy,
        rest(FUNCTION, found, FUNCTION, ("function",)),
    )


def _parse_custom(found: JsonObject, inner: JsonObject, path: str) -> CustomTool:
    shape = inner.get("format")
    grammar = shape.get("grammar") if isinstance(shape, dict) else None
    grammar = grammar if isinstance(grammar, dict) else {}
    return CustomTool(
        _name(inner, path),
        inner.get("description"),
        grammar.get("syntax"),
        grammar.get("definition"),
        rest(FUNCTION, found, FUNCTION, ("custom",)),
    )


def _parse_search(found: JsonObject) -> HostedTool:
    place = found.get("user_location")
    near = place.get("approximate") if isinstance(place, dict) else None
    return HostedTool(
        HostedKind.WEB_SEARCH,
        Extra(NAME, found),
        "web_search",
        location={"type": "approximate", **near} if isinstance(near, dict) else None,
        context=found.get("search_context_size"),
    )


def render_tools(tools: Iterable[Tool], losses: Losses) -> dict[str, Any]:
    """The same, written; only those fields that have something in them."""
    body: dict[str, Any] = {}
    for number, tool in enumerate(tools):
        path = f"tools[{number}]"
        match tool:
            case FunctionTool(legacy=True):
                found = _render_function(tool)
                own = losses.extra(tool.extra, path, FUNCTION.hints)
                body.setdefault("functions", []).append({**own, **found})
            case FunctionTool():
                found = {"type": "function", "function": _render_function(tool)}
                own = losses.extra(tool.extra, path, FUNCTION.hints)
                body.setdefault("tools", []).append(merge(own, found))
            case CustomTool():
                own = losses.extra(tool.extra, path, FUNCTION.hints)
                body.setdefault("tools", []).append(merge(own, _render_custom(tool)))
            case HostedTool(kind=HostedKind.WEB_SEARCH):
                body["web_search_options"] = _render_search(tool, path, losses)
            case OpaqueTool(dialect="chat"):
                body.setdefault("tools", []).append(tool.raw)
            case HostedTool():
                losses.note(path, f"Chat Completions has no tool of kind {tool.kind.value}")
            case _:
                losses.note(path, f"only {tool.dialect} has a word for it")
    return body


def _said(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _render_function(tool: FunctionTool) -> dict[str, Any]:
    return _said(
        name=shorten(tool.name),
        description=tool.description,
        parameters=tool.parameters,
        strict=tool.strict,
    )


def _render_custom(tool: CustomTool) -> JsonObject:
    shape = None
    if tool.syntax is not None:
        grammar = {"syntax": tool.syntax, "definition": tool.definition or ""}
        shape = {"type": "grammar", "grammar": grammar}
    inner = _said(name=shorten(tool.name), description=tool.description, format=shape)
    return {"type": "custom", "custom": inner}


def _render_search(tool: HostedTool, path: str, losses: Losses) -> JsonObject:
    if tool.raw.dialect == NAME:
        return tool.raw.fields
    for name in ("allowed", "blocked", "max_uses"):
        if getattr(tool, name):
            losses.note(f"{path}.{name}", "Chat Completions has no word for it")
    near = {k: v for k, v in (tool.location or {}).items() if k != "type" and v is not None}
    place = {"type": "approximate", "approximate": near} if near else None
    return _said(user_location=place, search_context_size=tool.context)


def parse_choice(body: JsonObject) -> ToolChoice | None:
    """``tool_choice``, or else ``function_call``.

    :raises BadRequest: if it can't be read.
    """
    found, legacy = body.get("tool_choice"), False
    if found is None:
        found, legacy = body.get("function_call"), True
    if found is None:
        return None
    if isinstance(found, str):
        return _parse_word(found, legacy)
    if not isinstance(found, dict):
        raise bad_field("tool_choice", "must be a string or an object")
    if legacy:
        return ToolChoice(
            Choose.ONE, ToolRef("function", _name(found, "function_call")), None, True
        )
    if found.get("type") == "allowed_tools":
        return _parse_allowed(found)
    return ToolChoice(Choose.ONE, _parse_ref(found))


def _parse_word(found: str, legacy: bool) -> ToolChoice:
    if found in _WORDS:
        return ToolChoice(_WORDS[found], legacy=legacy)
    choose = Choose.REQUIRED if found == "any" else Choose.AUTO
    return ToolChoice(choose, legacy=legacy, extra=Extra(NAME, {"tool_choice": found}))


def _parse_allowed(found: JsonObject) -> ToolChoice:
    inner = found.get("allowed_tools")
    inner = inner if isinstance(inner, dict) else found
    tools = inner.get("tools")
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        raise bad_field("tool_choice.allowed_tools.tools", "must be a list of objects")
    mode = _WORDS.get(str(inner.get("mode")), Choose.AUTO)
    return ToolChoice(mode, allowed=tuple(_parse_ref(tool) for tool in tools))


def _parse_ref(found: JsonObject) -> ToolRef:
    kind = str(found.get("type", "function"))
    inner = found.get(kind)
    if kind in _NAMED and isinstance(inner, dict):
        return ToolRef(kind, _name(inner, f"tool_choice.{kind}"))
    if kind == "tool" and isinstance(found.get("name"), str):
        return ToolRef("function", found["name"], Extra(NAME, found))  # As Messages spells it.
    return ToolRef(kind, found.get("name"), Extra(NAME, found))


def render_choice(choice: ToolChoice, losses: Losses) -> dict[str, Any]:
    """The same, written."""
    own = losses.extra(choice.extra, "tool_choice")
    if own:
        return {"function_call" if choice.legacy else "tool_choice": own["tool_choice"]}
    if choice.choose is Choose.ONE and choice.tool is not None:
        ref = _render_ref(choice.tool, losses)
        if ref is None:
            return {}
        if choice.legacy:
            return {"function_call": ref["function"]}
        return {"tool_choice": ref}
    if choice.legacy:
        return {"function_call": choice.choose.value}
    if choice.allowed is None:
        return {"tool_choice": choice.choose.value}
    refs = [ref for tool in choice.allowed if (ref := _render_ref(tool, losses)) is not None]
    allowed = {"mode": choice.choose.value, "tools": refs}
    return {"tool_choice": {"type": "allowed_tools", "allowed_tools": allowed}}


def _render_ref(tool: ToolRef, losses: Losses) -> JsonObject | None:
    if tool.raw is not None and tool.raw.dialect == NAME:
        return tool.raw.fields
    if tool.type in _NAMED and tool.name is not None:
        return {"type": tool.type, tool.type: {"name": shorten(tool.name)}}
    losses.note("tool_choice", f"Chat Completions can't choose {tool.type}")
    return None
