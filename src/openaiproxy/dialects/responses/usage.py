"""``usage``: tokens counted. The wire demands each of its numbers, so what nobody told is 0; but
for those written to a cache, which Responses itself does not always tell."""

from typing import Any

from openaiproxy.dialects.responses.fields import NAME
from openaiproxy.dialects.responses.reply_fields import INPUT_DETAILS, OUTPUT_DETAILS, USAGE
from openaiproxy.dialects.responses.values import said, thing, whole
from openaiproxy.hub.events import Usage
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Extra

__all__ = ["parse_usage", "render_usage"]


def parse_usage(found: Any) -> Usage | None:
    """Usage; ``None`` if there is none."""
    if not isinstance(found, dict):
        return None
    read = thing(found.get("input_tokens_details"))
    written = thing(found.get("output_tokens_details"))
    rest = dict(extra.fields) if (extra := USAGE.rest(found)) else {}
    if extra := INPUT_DETAILS.rest(read):
        rest["input_tokens_details"] = extra.fields
    if extra := OUTPUT_DETAILS.rest(written):
        rest["output_tokens_details"] = extra.fields
    return Usage(
        input=whole(found.get("input_tokens")) or 0,
        output=whole(found.get("output_tokens")) or 0,
        cached=whole(read.get("cached_tokens")),
        written=whole(read.get("cache_write_tokens")),
        reasoning=whole(written.get("reasoning_tokens")),
        input_audio=whole(read.get("audio_tokens")),
        output_audio=whole(written.get("audio_tokens")),
        total=whole(found.get("total_tokens")),
        # Even if empty, so that it is known as ours; and no count is of the answer.
        extra=Extra(NAME, rest, frozenset(rest)),
    )


def render_usage(usage: Usage, losses: Losses) -> dict[str, Any]:
    """The wire's object."""
    every = frozenset(usage.extra.fields) if usage.extra else frozenset()
    extra = losses.extra(usage.extra, "usage", every)
    for name in ("accepted", "rejected", "searches"):
        if getattr(usage, name):
            losses.note(f"usage.{name}", "Responses has no field for it", hint=True)
    ours = usage.extra is not None and usage.extra.dialect == NAME
    written = usage.written if ours else usage.written or 0
    read = (("cache_write_tokens", written), ("audio_tokens", usage.input_audio))
    return {
        **extra,
        "input_tokens": usage.input,
        "input_tokens_details": {
            **extra.get("input_tokens_details", {}),
            "cached_tokens": usage.cached or 0,
            **said(read),
        },
        "output_tokens": usage.output,
        "output_tokens_details": {
            **extra.get("output_tokens_details", {}),
            "reasoning_tokens": usage.reasoning or 0,
            **said((("audio_tokens", usage.output_audio),)),
        },
        "total_tokens": usage.sum,
    }
