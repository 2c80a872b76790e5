"""Tokens counted, as Chat Completions counts them: sums, and of what they are made."""

from collections.abc import Mapping
from typing import Any

from openaiproxy.dialects.chat.fields import NAME, USAGE
from openaiproxy.dialects.chat.objects import merge
from openaiproxy.dialects.chat.pieces import count
from openaiproxy.hub.events import Usage
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Extra, JsonObject

__all__ = ["parse_usage", "render_usage"]

_PROMPT = {
    "cached_tokens": "cached",
    "cache_write_tokens": "written",
    "audio_tokens": "input_audio",
}
_COMPLETION = {
    "reasoning_tokens": "reasoning",
    "audio_tokens": "output_audio",
    "accepted_prediction_tokens": "accepted",
    "rejected_prediction_tokens": "rejected",
}
_DETAILS = {"prompt_tokens_details": _PROMPT, "completion_tokens_details": _COMPLETION}
_CACHED = ("prompt_cache_hit_tokens", "cached_tokens", "cache_read_input_tokens")


def parse_usage(found: Any) -> Usage | None:
    """Tokens counted. Some providers count the cache's beside the details; that is read too."""
    if not isinstance(found, dict):
        return None
    fields: dict[str, int | None] = {}
    more: dict[str, Any] = dict(extra.fields) if (extra := USAGE.rest(found)) else {}
    for key, names in _DETAILS.items():
        inner = found.get(key)
        if isinstance(inner, dict) and (left := _take_details(inner, names, fields)):
            more[key] = left
    if fields.get("cached") is None:
        fields["cached"] = _cached_beside(found)
    read, wrote = count(found.get("prompt_tokens")) or 0, count(found.get("completion_tokens")) or 0
    total = count(found.get("total_tokens"))
    return Usage(
        read,
        wrote,
        total=None if total == read + wrote else total,
        extra=Extra(NAME, more, frozenset(more)) if more else None,  # No count is of the answer.
        **fields,
    )


def _take_details(
    inner: JsonObject, names: Mapping[str, str], fields: dict[str, int | None]
) -> JsonObject:
    """Takes what has a name here, and returns the rest."""
    left = {}
    for name, value in inner.items():
        if name in names:
            fields[names[name]] = count(value)
        elif value is not None:
            left[name] = value
    return left


def _cached_beside(found: JsonObject) -> int | None:
    for name in _CACHED:
        if name in found and (number := count(found[name])) is not None:
            return number
    return None


def render_usage(usage: Usage, losses: Losses) -> JsonObject:
    """The same, written."""
    body: dict[str, Any] = {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.sum,
    }
    for key, names in _DETAILS.items():
        inner = {name: n for name, hub in names.items() if (n := getattr(usage, hub)) is not None}
        if inner:
            body[key] = inner
    if usage.searches:
        losses.note("usage.searches", "Chat Completions has no word for it", hint=True)
    every = frozenset(usage.extra.fields) if usage.extra else frozenset()
    return merge(losses.extra(usage.extra, "usage", every), body)
