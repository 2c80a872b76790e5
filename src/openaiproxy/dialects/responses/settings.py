"""The shape of the answer's words, and the thought put into it: ``text`` and ``reasoning``."""

from typing import Any

from openaiproxy.dialects.responses.fields import FORMAT, THINKING
from openaiproxy.dialects.responses.values import said, string
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import JsonObject
from openaiproxy.hub.request import Format, FormatKind, ReasoningSettings, Request

__all__ = ["parse_format", "parse_reasoning", "render_reasoning", "render_text"]

_FORMATS = {kind.value: kind for kind in FormatKind}


def parse_format(found: Any) -> Format | None:
    """``text.format``; ``None`` for a sort without a word in the hub."""
    kind = _FORMATS.get(string(found.get("type")) or "") if isinstance(found, dict) else None
    if kind is None:
        return None
    schema, strict = found.get("schema"), found.get("strict")
    return Format(
        kind,
        string(found.get("name")),
        schema if isinstance(schema, dict) else None,
        strict if isinstance(strict, bool) else None,
        string(found.get("description")),
        FORMAT.rest(found),
    )


def parse_reasoning(found: JsonObject | None) -> ReasoningSettings | None:
    """``reasoning``."""
    if found is None:
        return None
    return ReasoningSettings(
        effort=string(found.get("effort")),
        summary=string(found.get("summary")),
        extra=THINKING.rest(found),
    )


def render_text(request: Request, rest: Any, losses: Losses) -> Any:
    """``text``.

    :param rest: what the extra has of it.
    """
    text = dict(rest) if isinstance(rest, dict) else {}
    shape = request.format
    if shape is not None:
        fields = (
            ("name", shape.name),
            ("schema", shape.schema),
            ("strict", shape.strict),
            ("description", shape.description),
        )
        text["format"] = {
            **losses.extra(shape.extra, "format", FORMAT.hints),
            "type": shape.kind.value,
            **said(fields),
        }
        if shape.kind is FormatKind.SCHEMA:
            text["format"].setdefault("name", "answer")
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    return text or None


def render_reasoning(settings: ReasoningSettings | None, losses: Losses) -> Any:
    """``reasoning``."""
    if settings is None:
        return None
    effort = settings.effort
    if effort is None and settings.enabled is False:
        effort = "none"
    elif effort is None and settings.budget is not None:
        losses.note("reasoning.budget", "told as an effort", hint=True)
        effort = next((word for most, word in _EFFORTS if settings.budget <= most), "high")
    if settings.adaptive:
        losses.note("reasoning.adaptive", "Responses leaves it to the model", hint=True)
    summary = settings.summary if settings.summary != "off" else None
    extra = losses.extra(settings.extra, "reasoning", THINKING.hints)
    return {**extra, **said((("effort", effort), ("summary", summary)))}


_EFFORTS = ((4096, "low"), (16384, "medium"))
"""Tokens of a thinking budget, and the effort that comes closest."""
