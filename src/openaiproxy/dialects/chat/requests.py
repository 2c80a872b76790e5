"""The request as a whole: settings here, and the conversation and the tools by their modules."""

from typing import Any

from openaiproxy.dialects.chat.fields import NAME, REQUEST
from openaiproxy.dialects.chat.messages import parse_messages, render_messages
from openaiproxy.dialects.chat.tools import parse_choice, parse_tools, render_choice, render_tools
from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.names import shorten_all
from openaiproxy.hub.loss import Losses, Rendered
from openaiproxy.hub.parts import Extra, JsonObject, ToolCall
from openaiproxy.hub.request import (
    AudioOut,
    Cache,
    CustomTool,
    Format,
    FormatKind,
    FunctionTool,
    ReasoningSettings,
    Request,
    Sampling,
)

__all__ = ["parse_request", "render_request"]

_NUMBER = (int, float)
_PLAIN: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "parallel_tool_calls": ("parallel", bool),
    "verbosity": ("verbosity", str),
    "n": ("n", int),
    "stream": ("stream", bool),
    "metadata": ("metadata", dict),
    "user": ("user", str),
    "safety_identifier": ("safety_id", str),
    "service_tier": ("tier", str),
    "store": ("store", bool),
    "moderation": ("moderation", dict),
}
"""Wire field to the request's, and what it must be."""

_SAMPLING: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "temperature": ("temperature", _NUMBER),
    "top_p": ("top_p", _NUMBER),
    "presence_penalty": ("presence", _NUMBER),
    "frequency_penalty": ("frequency", _NUMBER),
    "seed": ("seed", int),
    "logit_bias": ("bias", dict),
    "logprobs": ("logprobs", bool),
    "top_logprobs": ("top_logprobs", int),
}
_CACHE: dict[str, tuple[str, type | tuple[type, ...]]] = {
    "prompt_cache_key": ("key", str),
    "prompt_cache_retention": ("retention", str),
    "prompt_cache_options": ("options", dict),
}
_NAMES: dict[type | tuple[type, ...], str] = {
    bool: "a boolean",
    str: "a string",
    int: "a whole number",
    dict: "an object",
    list: "a list",
    _NUMBER: "a number",
}


def _read(found: JsonObject, name: str, kind: type | tuple[type, ...]) -> Any:
    """A field's value, ``None`` if it is not said."""
    value = found.get(name)
    if value is None or (isinstance(value, kind) and (kind is bool or value is not True)):
        return None if value is False and kind is not bool else value
    raise bad_field(name, f"must be {_NAMES[kind]}")


def _read_all(
    found: JsonObject, rows: dict[str, tuple[str, type | tuple[type, ...]]]
) -> dict[str, Any]:
    """The values that are there, by the names that the hub has for them."""
    return {hub: _read(found, name, kind) for name, (hub, kind) in rows.items() if name in found}


def parse_request(body: JsonObject) -> Request:
    """A body of ``POST /chat/completions``.

    :raises BadRequest: if a field that we read can't be read.
    """
    model = _read(body, "model", str)
    if not model:
        raise bad_field("model", "must be a string")
    most, newer = (_read(body, name, int) for name in ("max_tokens", "max_completion_tokens"))
    shape, unknown = _parse_format(_read(body, "response_format", dict))
    reasoning, left = _parse_reasoning(body)
    turns, tools = parse_messages(body.get("messages")), parse_tools(body)
    request: dict[str, Any] = {
        "tool_choice": parse_choice(body),
        "format": shape,
        "reasoning": reasoning,
        "sampling": Sampling(**_read_all(body, _SAMPLING)),
        "cache": Cache(**_read_all(body, _CACHE)),
        "max_tokens": most if newer is None else newer,
        "stop": _parse_stop(body.get("stop")),
        "modalities": tuple(_read(body, "modalities", list) or ()),
        "audio": _parse_audio(_read(body, "audio", dict)),
        **_read_all(body, _PLAIN),
    }
    if not tools:
        request["tool_choice"] = request["parallel"] = None
    options, unread = _parse_options(_read(body, "stream_options", dict), request.get("stream"))
    extra = REQUEST.rest(body)
    more = {**(extra.fields if extra else {}), **unknown, **left, **unread}
    rest = Extra(NAME, more, REQUEST.hints) if more else None
    return Request(model, turns, tools, extra=rest, **request, **options)


def _parse_options(
    found: JsonObject | None, streams: bool | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What ``stream_options`` say of a stream, and what of them is to be passed as it is."""
    if not streams:
        return {}, {}
    options = found or {}
    unread = {k: v for k, v in options.items() if k not in _OPTIONS and v is not None}
    read = {
        "usage": bool(options.get("include_usage")),
        "obfuscation": options.get("include_obfuscation"),
    }
    return read, {"stream_options": unread} if unread else {}


def _parse_reasoning(body: JsonObject) -> tuple[ReasoningSettings | None, dict[str, Any]]:
    """How to think, also where it is said in Responses' words, and what of those is to be passed as
    it is. A summary that is ``null`` is not wanted."""
    effort, found = _read(body, "reasoning_effort", str), body.get("reasoning")
    if not isinstance(found, dict):
        settings = ReasoningSettings(effort=effort) if effort is not None else None
        return settings, {} if found is None else {"reasoning": found}
    said = {name: found[name] for name in ("effort", "summary") if isinstance(found.get(name), str)}
    left = {name: value for name, value in found.items() if name not in said and value is not None}
    if "summary" in found and found["summary"] is None:
        said["summary"] = "off"
    if effort is not None:
        said["effort"] = effort
    return (ReasoningSettings(**said) if said else None), {"reasoning": left} if left else {}


_OPTIONS = ("include_usage", "include_obfuscation")
_UNNAMED = "answer"
"""The name of a schema that has none; OpenAI demands one, others do not."""


def _parse_stop(found: Any) -> tuple[str, ...]:
    if found is None:
        return ()
    many = [found] if isinstance(found, str) else found
    if not isinstance(many, list) or not all(isinstance(one, str) for one in many):
        raise bad_field("stop", "must be a string or a list of strings")
    return tuple(one for one in many if one)


def _parse_audio(found: JsonObject | None) -> AudioOut | None:
    if found is None:
        return None
    if not isinstance(found.get("format"), str) or not isinstance(found.get("voice"), str | dict):
        raise bad_field("audio", "must have a format and a voice")
    return AudioOut(found["format"], found["voice"])


def _parse_format(found: JsonObject | None) -> tuple[Format | None, dict[str, Any]]:
    """The format, or what is to be passed as it is, for a kind that is unknown."""
    if found is None:
        return None, {}
    kind = found.get("type")
    more = {k: v for k, v in found.items() if k not in ("type", "json_schema") and v is not None}
    inner = found.get("json_schema")
    if kind == "json_schema" and isinstance(inner, dict):
        names = ("name", "schema", "strict", "description")
        left = {k: v for k, v in inner.items() if k not in names and v is not None}
        more.update({"json_schema": left} if left else {})
        said = {name: inner.get(name) for name in names}
        said["name"] = said["name"] or _UNNAMED
        extra = Extra(NAME, more) if more else None
        return Format(FormatKind.SCHEMA, **said, extra=extra), {}
    if kind in ("text", "json_object"):
        return Format(FormatKind(kind), extra=Extra(NAME, more) if more else None), {}
    return None, {"response_format": found}


def render_request(request: Request) -> Rendered:
    """The body of ``POST /chat/completions``."""
    losses = Losses(NAME)
    body: dict[str, Any] = dict(losses.extra(request.extra, "", REQUEST.hints))
    more = body.pop("stream_options", {})
    body["model"] = request.model
    body["messages"] = render_messages(request.turns, losses)
    tools = render_tools(request.tools, losses)
    body.update(tools)
    for rows, holder in ((_PLAIN, request), (_SAMPLING, request.sampling), (_CACHE, request.cache)):
        for name, (hub, _) in rows.items():
            if (value := getattr(holder, hub)) is not None:
                body[name] = value
    if tools and request.tool_choice is not None:
        body.update(render_choice(request.tool_choice, losses))
    if not tools:
        _without_tools(request, body, losses)
    if request.format is not None:
        body["response_format"] = _render_format(request.format, losses)
    if request.max_tokens is not None:
        body["max_completion_tokens"] = request.max_tokens
    if request.stop:
        body["stop"] = list(request.stop)
    if request.modalities:
        body["modalities"] = list(request.modalities)
    if request.audio is not None:
        body["audio"] = {"format": request.audio.format, "voice": request.audio.voice}
    options = _render_options(request, more)
    if options:
        body["stream_options"] = options
    _render_reasoning(request.reasoning, body, losses)
    _note_wordless(request, losses)
    return Rendered(body, losses.all(), shorten_all(_tool_names(request)))


def _without_tools(request: Request, body: dict[str, Any], losses: Losses) -> None:
    if body.pop("parallel_tool_calls", None) is not None:
        losses.note("parallel", "there are no tools", hint=True)
    if request.tool_choice is not None:
        losses.note("tool_choice", "there are no tools", hint=True)


def _tool_names(request: Request) -> list[str]:
    named = [tool.name for tool in request.tools if isinstance(tool, FunctionTool | CustomTool)]
    parts = (part for turn in request.turns for part in turn.parts)
    return named + [part.name for part in parts if isinstance(part, ToolCall)]


def _render_format(shape: Format, losses: Losses) -> JsonObject:
    own = dict(losses.extra(shape.extra, "format"))
    if shape.kind is not FormatKind.SCHEMA:
        return {**own, "type": shape.kind.value}
    inner = {
        "name": shape.name or _UNNAMED,
        "description": shape.description,
        "schema": shape.schema,
        "strict": shape.strict,
    }
    said = {key: value for key, value in inner.items() if value is not None}
    return {**own, "type": "json_schema", "json_schema": {**own.get("json_schema", {}), **said}}


def _render_options(request: Request, more: JsonObject) -> dict[str, Any]:
    """``stream_options``, of a stream only. Where the caller's wire leaves usage open, it is asked
    for."""
    if not request.stream:
        return {}
    options = dict(more)
    if request.usage is not False:
        options["include_usage"] = True
    if request.obfuscation is not None:
        options["include_obfuscation"] = request.obfuscation
    return options


_EFFORTS = ((4096, "low"), (16384, "medium"))
"""Most tokens of a budget, and the effort that it is like; above all, ``high``."""


def _render_reasoning(
    found: ReasoningSettings | None, body: dict[str, Any], losses: Losses
) -> None:
    if found is None:
        return
    body.update(losses.extra(found.extra, "reasoning"))
    effort = found.effort
    if effort is None and found.enabled is False:
        effort = "none"
    if effort is None and found.budget is not None:
        effort = next((name for most, name in _EFFORTS if found.budget <= most), "high")
    if effort is not None:
        body["reasoning_effort"] = effort
    for name in ("summary", "budget", "adaptive"):
        if getattr(found, name) is not None:
            losses.note(f"reasoning.{name}", "Chat Completions has no word for it", hint=True)


def _note_wordless(request: Request, losses: Losses) -> None:
    """What the hub has words for and this wire has none."""
    why = "Chat Completions has no word for it"
    if request.sampling.top_k is not None:
        losses.note("sampling.top_k", why)
    for name in ("previous", "max_calls"):
        if getattr(request, name) is not None:
            losses.note(name, why)
    if request.truncation is not None:
        losses.note("truncation", why, hint=True)
    for number, _ in enumerate(request.include):
        losses.note(f"include[{number}]", why, hint=True)
