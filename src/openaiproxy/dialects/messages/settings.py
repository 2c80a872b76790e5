"""How to think, what shape to answer in, whom for: the settings that have objects of their own."""

from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.messages.fields import NAME, OUTPUT, REQUEST, THINKING_SETTINGS
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Extra, Json, JsonObject
from openaiproxy.hub.request import Format, FormatKind, ReasoningSettings, Request

__all__ = [
    "parse_format",
    "parse_passed",
    "parse_reasoning",
    "render_metadata",
    "render_output",
    "render_thinking",
]

_DISPLAYS = {"summarized": "auto", "omitted": "off"}

_EFFORTS = {"minimal": "low", "none": None}
"""Efforts that the wire spells otherwise, or has no word for."""

_LEAST_BUDGET = 1024


def _object(found: JsonObject, name: str) -> JsonObject:
    value = found.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise bad_field(name, "must be an object")
    return value


def parse_reasoning(found: JsonObject) -> ReasoningSettings | None:
    """``thinking`` and ``output_config.effort`` of a request."""
    thinking, effort = _object(found, "thinking"), _object(found, "output_config").get("effort")
    kind, display, budget = (thinking.get(x) for x in ("type", "display", "budget_tokens"))
    extra = THINKING_SETTINGS.rest(thinking)
    fields: dict[str, Json] = {**extra.fields} if extra else {}
    if kind not in (None, "enabled", "disabled", "adaptive"):
        fields["type"] = kind
    if display is not None and not (isinstance(display, str) and display in _DISPLAYS):
        fields["display"] = display
    settings = ReasoningSettings(
        {"enabled": True, "disabled": False}.get(str(kind)),
        effort if isinstance(effort, str) else None,
        _DISPLAYS.get(str(display)),
        budget if isinstance(budget, int) else None,
        True if kind == "adaptive" else None,
        Extra(NAME, fields, THINKING_SETTINGS.hints) if fields else None,
    )
    return None if settings == ReasoningSettings() else settings


def render_thinking(settings: ReasoningSettings, losses: Losses) -> JsonObject | None:
    """The value of ``thinking``, if there is anything to say.

    Who asks for a summary, and says nothing else, asks for thoughts.
    """
    extra = losses.extra(settings.extra, "reasoning", THINKING_SETTINGS.hints)
    kind = extra.get("type") or _kind(settings)
    if kind == "disabled" and settings.summary not in (None, "off"):
        losses.note("reasoning.summary", "of no thoughts there is none", hint=True)
    if kind is None:
        return None
    body: dict[str, Json] = {**extra, "type": kind}
    if kind == "enabled":
        body["budget_tokens"] = settings.budget
    if kind in ("enabled", "adaptive") and settings.summary is not None:
        body["display"] = "omitted" if settings.summary == "off" else "summarized"
    return body


def _kind(settings: ReasoningSettings) -> str | None:
    if settings.adaptive:
        return "adaptive"
    if settings.enabled is False or (settings.enabled is None and settings.effort == "none"):
        return "disabled"
    if settings.budget is not None:
        return "enabled" if settings.budget >= _LEAST_BUDGET or settings.enabled else "disabled"
    asks = settings.enabled or settings.summary not in (None, "off")
    return "adaptive" if asks else None


def parse_format(found: JsonObject) -> Format | None:
    """``output_config.format``, or ``output_format``, of a request."""
    value = _object(found, "output_config").get("format")
    value = found.get("output_format") if value is None else value
    if value is None:
        return None
    if not isinstance(value, dict):
        raise bad_field("output_config.format", "must be an object")
    schema = value.get("schema")
    if value.get("type") != "json_schema" or not isinstance(schema, dict):
        raise bad_field("output_config.format", "must be a JSON schema")
    rest = {k: v for k, v in value.items() if k not in ("type", "schema") and v is not None}
    return Format(FormatKind.SCHEMA, schema=schema, extra=Extra(NAME, rest) if rest else None)


def parse_passed(found: JsonObject) -> Extra | None:
    """What of a request has no word in the hub; of ``output_config`` and ``metadata`` what is left.

    Labels never change an answer, and what is left of ``output_config`` does not if none of it does.
    """
    extra = REQUEST.rest(found)
    passed: dict[str, Json] = {**extra.fields} if extra else {}
    hints = REQUEST.hints
    if output := OUTPUT.rest(_object(found, "output_config")):
        passed["output_config"] = output.fields
        hints |= {"output_config"} if output.fields.keys() <= OUTPUT.hints else set()
    metadata = _object(found, "metadata")
    if rest := {k: v for k, v in metadata.items() if k != "user_id" and v is not None}:
        passed["metadata"] = rest
        hints |= {"metadata"}
    return Extra(NAME, passed, hints) if passed else None


def render_output(request: Request, passed: JsonObject, losses: Losses) -> JsonObject:
    """The value of ``output_config``; empty if there is nothing to say.

    :param passed: what of it was kept.
    """
    body: dict[str, Json] = {**passed}
    effort = request.reasoning.effort if request.reasoning is not None else None
    effort = _EFFORTS.get(effort, effort) if effort is not None else None
    if effort is not None:
        body["effort"] = effort
    asked = request.format
    if asked is None or asked.kind is FormatKind.TEXT:
        return body
    if asked.kind is FormatKind.JSON or asked.schema is None:
        losses.note("format", "no JSON without a schema")
        return body
    for name in ("name", "strict", "description"):
        if getattr(asked, name) is not None:
            losses.note(f"format.{name}", "no field for it", hint=True)
    extra = losses.extra(asked.extra, "format")
    body["format"] = {**extra, "type": "json_schema", "schema": asked.schema}
    return body


def render_metadata(request: Request, passed: JsonObject, losses: Losses) -> JsonObject:
    """The value of ``metadata``; empty if there is nothing to say.

    :param passed: what of it was kept.
    """
    if request.metadata:
        losses.note("metadata", "labels of the caller's have no field", hint=True)
    user = request.user if request.user is not None else request.safety_id
    if request.safety_id not in (None, user):
        losses.note("safety_id", "there is one field for the user", hint=True)
    return {**passed} if user is None else {**passed, "user_id": user}
