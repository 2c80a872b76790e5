"""Create requests, both ways.

It reads what it knows and keeps the rest; what is of the wrong type is the caller's mistake. Of
what the hub can ask and Responses can't, each is a loss: nothing is left out in silence.
"""

from typing import Any

from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.names import shorten_all
from openaiproxy.dialects.responses.fields import (
    NAME,
    REQUEST,
    STREAM_OPTIONS,
    TEXT,
)
from openaiproxy.dialects.responses.messages import Pen
from openaiproxy.dialects.responses.settings import (
    parse_format,
    parse_reasoning,
    render_reasoning,
    render_text,
)
from openaiproxy.dialects.responses.tools import (
    parse_choice,
    parse_tool,
    render_choice,
    render_tool,
)
from openaiproxy.dialects.responses.turns import (
    parse_input,
    parse_instructions,
    render_input_items,
    render_instructions,
)
from openaiproxy.dialects.responses.values import said, string
from openaiproxy.hub.loss import Losses, Rendered
from openaiproxy.hub.parts import Extra, HostedKind, JsonObject, ToolCall
from openaiproxy.hub.request import (
    Cache,
    Choose,
    CustomTool,
    FunctionTool,
    HostedTool,
    Request,
    Sampling,
    Tool,
    Turn,
)

__all__ = ["parse_request", "render_request"]

_LOGPROBS = "message.output_text.logprobs"
_LEAST = 16
"""The smallest ``max_output_tokens`` that Responses takes."""


def parse_request(found: JsonObject) -> Request:
    """The request of a body.

    :raises BadRequest: for what can't be read.
    """
    text = _get(found, "text", dict, "an object") or {}
    options = _get(found, "stream_options", dict, "an object") or {}
    include = tuple(_get(found, "include", list, "a list") or ())
    choice = found.get("tool_choice")
    return Request(
        model=_get(found, "model", str, "a string") or "",
        turns=_parse_turns(found),
        tools=_parse_tools(found),
        tool_choice=parse_choice(choice) if choice is not None else None,
        parallel=_get(found, "parallel_tool_calls", bool, "a boolean"),
        format=parse_format(text.get("format")),
        verbosity=string(text.get("verbosity")),
        reasoning=parse_reasoning(_get(found, "reasoning", dict, "an object")),
        sampling=Sampling(
            temperature=_get(found, "temperature", (int, float), "a number"),
            top_p=_get(found, "top_p", (int, float), "a number"),
            logprobs=True if _LOGPROBS in include else None,
            top_logprobs=_get(found, "top_logprobs", int, "an integer"),
        ),
        max_tokens=_get(found, "max_output_tokens", int, "an integer"),
        max_calls=_get(found, "max_tool_calls", int, "an integer"),
        stream=_get(found, "stream", bool, "a boolean"),
        obfuscation=_get(options, "include_obfuscation", bool, "a boolean"),
        metadata=_get(found, "metadata", dict, "an object"),
        user=_get(found, "user", str, "a string"),
        safety_id=_get(found, "safety_identifier", str, "a string"),
        cache=_parse_cache(found),
        tier=_get(found, "service_tier", str, "a string"),
        store=_get(found, "store", bool, "a boolean"),
        previous=_get(found, "previous_response_id", str, "a string"),
        include=include,
        truncation=_get(found, "truncation", str, "a string"),
        moderation=_get(found, "moderation", dict, "an object"),
        extra=_rest(found, text, options),
    )


def _parse_turns(found: JsonObject) -> tuple[Turn, ...]:
    top = parse_instructions(found.get("instructions"))
    return top + parse_input(found.get("input"), stored=found.get("store") is not False)


def _parse_cache(found: JsonObject) -> Cache:
    return Cache(
        _get(found, "prompt_cache_key", str, "a string"),
        _get(found, "prompt_cache_retention", str, "a string"),
        _get(found, "prompt_cache_options", dict, "an object"),
    )


def _get(found: JsonObject, name: str, kind: Any, what: str) -> Any:
    value = found.get(name)
    if value is None:
        return None
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise bad_field(name, f"must be {what}")
    return value


def _rest(found: JsonObject, text: JsonObject, options: JsonObject) -> Extra | None:
    """What has no word, with that of objects within at the place where it stood."""
    fields = dict(rest.fields) if (rest := REQUEST.rest(found)) else {}
    shape = text.get("format")
    inner = dict(rest.fields) if (rest := TEXT.rest(text)) else {}
    if isinstance(shape, dict) and parse_format(shape) is None:
        inner["format"] = shape
    if inner:
        fields["text"] = inner
    if rest := STREAM_OPTIONS.rest(options):
        fields["stream_options"] = rest.fields
    return Extra(NAME, fields, REQUEST.hints) if fields else None


def _parse_tools(found: JsonObject) -> tuple[Tool, ...]:
    tools = _get(found, "tools", list, "a list") or []
    for number, tool in enumerate(tools):
        if not isinstance(tool, dict):
            raise bad_field(f"tools[{number}]", "must be an object")
    return tuple(parse_tool(tool, f"tools[{number}]") for number, tool in enumerate(tools))


def render_request(request: Request) -> Rendered:
    """The body of a request."""
    losses = Losses(NAME)
    pen = Pen(losses, stored=request.store is not False)
    body = dict(losses.extra(request.extra, "", REQUEST.hints))
    items = list(render_input_items(request.turns, pen))
    tools = [
        found
        for number, tool in enumerate(request.tools)
        if (found := render_tool(tool, losses, f"tools[{number}]")) is not None
    ]
    body.update(said(_settings(request, losses).items()))
    body.update(
        said(
            (
                ("model", request.model or None),
                ("instructions", render_instructions(request.turns, pen)),
                ("input", items or None),
                ("tools", tools or None),
                ("tool_choice", _render_choice(request, bool(tools), losses)),
                ("text", render_text(request, body.get("text"), losses)),
                ("reasoning", render_reasoning(request.reasoning, losses)),
                ("include", _include(request) or None),
            )
        )
    )
    if request.obfuscation is not None:
        options = {"include_obfuscation": request.obfuscation}
        body["stream_options"] = {**body.get("stream_options", {}), **options}
    _note_lost(request, losses)
    return Rendered(body, losses.all(), shorten_all(_names(request)), request.stop)


def _settings(request: Request, losses: Losses) -> dict[str, Any]:
    most = request.max_tokens
    if most is not None and most < _LEAST:
        losses.note("max_tokens", f"Responses takes no less than {_LEAST}", hint=True)
        most = _LEAST
    return {
        "stream": request.stream,
        "max_output_tokens": most,
        "max_tool_calls": _most_calls(request, losses),
        "parallel_tool_calls": request.parallel,
        "temperature": request.sampling.temperature,
        "top_p": request.sampling.top_p,
        "top_logprobs": request.sampling.top_logprobs,
        "metadata": request.metadata,
        "user": request.user,
        "safety_identifier": request.safety_id,
        "prompt_cache_key": request.cache.key,
        "prompt_cache_retention": request.cache.retention,
        "prompt_cache_options": request.cache.options,
        "service_tier": request.tier,
        "store": request.store,
        "previous_response_id": request.previous,
        "truncation": request.truncation,
        "moderation": request.moderation,
    }


def _most_calls(request: Request, losses: Losses) -> int | None:
    """How often hosted tools may be called. The limit of a tool that is alone is that of all."""
    hosted = {
        f"tools[{number}].max_uses": tool.max_uses
        for number, tool in enumerate(request.tools)
        if isinstance(tool, HostedTool) and tool.kind is not HostedKind.WEB_FETCH
    }
    if request.max_calls is None and len(hosted) == 1:
        return next(iter(hosted.values()))
    for path, most in hosted.items():
        if most is not None:
            losses.note(path, "Responses limits all tools together")
    return request.max_calls


def _render_choice(request: Request, tools: bool, losses: Losses) -> Any:
    choice = request.tool_choice
    if choice is None:
        return None
    own = request.extra is not None and "prompt" in request.extra.fields
    if not tools and not own and choice.choose in (Choose.REQUIRED, Choose.ONE):
        losses.note("tool_choice", "there are no tools to choose from", hint=True)
        return None
    return render_choice(choice, losses)


def _include(request: Request) -> list[str]:
    include = list(request.include)
    if request.sampling.logprobs and _LOGPROBS not in include:
        include.append(_LOGPROBS)
    return include


def _names(request: Request) -> list[str]:
    tools = [tool.name for tool in request.tools if isinstance(tool, FunctionTool | CustomTool)]
    calls = [p.name for turn in request.turns for p in turn.parts if isinstance(p, ToolCall)]
    return tools + calls


def _note_lost(request: Request, losses: Losses) -> None:
    sampling = request.sampling
    asked = {
        "n": request.n if request.n != 1 else None,
        "sampling.top_k": sampling.top_k,
        "sampling.presence": sampling.presence or None,
        "sampling.frequency": sampling.frequency or None,
        "sampling.seed": sampling.seed,
        "sampling.bias": sampling.bias or None,
        "audio": request.audio,
        "modalities": [one for one in request.modalities if one != "text"] or None,
    }
    for path in said(asked.items()):
        losses.note(path, "Responses has no field for it")
