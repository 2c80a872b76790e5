"""The create call: what is asked, read and written."""

from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.messages.blocks import WIDTH
from openaiproxy.dialects.messages.fields import NAME, REQUEST
from openaiproxy.dialects.messages.settings import (
    parse_format,
    parse_passed,
    parse_reasoning,
    render_metadata,
    render_output,
    render_thinking,
)
from openaiproxy.dialects.messages.tools import (
    parse_choice,
    parse_tools,
    render_choice,
    render_tools,
)
from openaiproxy.dialects.messages.turns import History, parse_turns
from openaiproxy.dialects.names import shorten_all
from openaiproxy.hub.loss import Losses, Rendered
from openaiproxy.hub.parts import Json, JsonObject, ToolCall
from openaiproxy.hub.request import CustomTool, FunctionTool, Request, Sampling

__all__ = ["MOST_TOKENS", "parse_request", "render_request"]

MOST_TOKENS = 8192
"""Tokens that an answer may have, beside its thoughts, if the caller does not say."""

_HOTTEST = 1
"""Highest temperature that the wire takes; others go to 2."""

_SAMPLING = ("temperature", "top_p", "top_k")

_NO_FIELD: tuple[tuple[str, bool], ...] = (
    ("sampling.presence", False),
    ("sampling.frequency", False),
    ("sampling.seed", False),
    ("sampling.bias", False),
    ("sampling.logprobs", False),
    ("sampling.top_logprobs", False),
    ("cache.key", True),
    ("cache.retention", True),
    ("cache.options", True),
    ("verbosity", False),
    ("max_calls", False),
    ("store", True),
    ("previous", False),
    ("include", True),
    ("truncation", True),
    ("audio", False),
    ("moderation", False),
)
"""Fields of the hub without a word here, and whether the answer is the same without."""


def parse_request(found: JsonObject) -> Request:
    """A request.

    :param found: the body.
    :raises BadRequest: if it makes no sense.
    """
    model = found.get("model")
    if not isinstance(model, str):
        raise bad_field("model", "must be a string")
    tools = parse_tools(found.get("tools"))
    choice, parallel = parse_choice(found.get("tool_choice"), tools)
    user = metadata.get("user_id") if isinstance(metadata := found.get("metadata"), dict) else None
    tier = found.get("service_tier")
    return Request(
        model,
        parse_turns(found),
        tools,
        choice,
        parallel,
        parse_format(found),
        reasoning=parse_reasoning(found),
        sampling=_parse_sampling(found),
        max_tokens=_integer(found, "max_tokens"),
        stop=_stops(found.get("stop_sequences")),
        stream=stream if isinstance(stream := found.get("stream"), bool) else None,
        user=user if isinstance(user, str) else None,
        tier="default" if tier == "standard_only" else tier if isinstance(tier, str) else None,
        extra=parse_passed(found),
    )


def _number(found: JsonObject, name: str) -> float | None:
    value = found.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise bad_field(name, "must be a number")


def _integer(found: JsonObject, name: str) -> int | None:
    value = found.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    raise bad_field(name, "must be an integer")


def _parse_sampling(found: JsonObject) -> Sampling:
    return Sampling(
        temperature=_number(found, "temperature"),
        top_p=_number(found, "top_p"),
        top_k=_integer(found, "top_k"),
    )


def _stops(found: Json) -> tuple[str, ...]:
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(stop, str) for stop in found):
        raise bad_field("stop_sequences", "must be a list of strings")
    return tuple(found)


def render_request(request: Request) -> Rendered:
    """The body of a request.

    :param request: any.
    """
    losses = Losses(NAME)
    passed = losses.extra(request.extra, "", REQUEST.hints)
    history = History(losses)
    leading = history.leading(request.turns)
    system = history.system(request.turns[:leading])
    body: dict[str, Json] = {**passed, "model": request.model}
    if system is not None:
        body["system"] = system
    body["messages"] = history.messages(request.turns[leading:])
    body["max_tokens"] = _max_tokens(request)
    _add_settings(body, request, losses)
    tools = render_tools(request, losses)
    if tools or ("tools" not in body and request.tools):
        body["tools"] = tools
    choice = render_choice(request, losses)
    if choice is not None:
        body["tool_choice"] = choice
    _note_missing(request, losses)
    return Rendered(body, losses.all(), shorten_all(_names(request), WIDTH))


def _max_tokens(request: Request) -> int:
    if request.max_tokens is not None:
        return request.max_tokens
    budget = request.reasoning.budget if request.reasoning is not None else None
    return MOST_TOKENS + (budget or 0)


def _add_settings(body: dict[str, Json], request: Request, losses: Losses) -> None:
    for name in _SAMPLING:
        if (value := getattr(request.sampling, name)) is not None:
            body[name] = value
    if (request.sampling.temperature or 0) > _HOTTEST:
        body["temperature"] = _HOTTEST
        losses.note("sampling.temperature", "no higher than 1 here")
    if request.stop:
        body["stop_sequences"] = list(request.stop)
    if request.stream is not None:
        body["stream"] = request.stream
    if request.reasoning is not None:
        thinking = render_thinking(request.reasoning, losses)
        if thinking is not None:
            body["thinking"] = thinking
    if output := render_output(request, body.pop("output_config", {}), losses):
        body["output_config"] = output
    if metadata := render_metadata(request, body.pop("metadata", {}), losses):
        body["metadata"] = metadata
    if request.tier in ("auto", "default"):
        body["service_tier"] = "auto" if request.tier == "auto" else "standard_only"
    elif request.tier is not None:
        losses.note("tier", "no word for it", hint=True)


def _note_missing(request: Request, losses: Losses) -> None:
    for path, hint in _NO_FIELD:
        head, _, tail = path.partition(".")
        value = getattr(request, head)
        value = getattr(value, tail) if tail else value
        if value is not None and value is not False and value not in ((), {}):
            losses.note(path, "no field for it", hint=hint)
    if request.n is not None and request.n > 1:
        losses.note("n", "one answer only")
    if "audio" in request.modalities:
        losses.note("modalities", "no sound")


def _names(request: Request) -> list[str]:
    """Every name of a tool, in definitions and in history."""
    tools = [tool.name for tool in request.tools if isinstance(tool, FunctionTool | CustomTool)]
    parts = (part for turn in request.turns for part in turn.parts)
    return [*tools, *(part.name for part in parts if isinstance(part, ToolCall))]
