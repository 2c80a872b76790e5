"""Tokens, counted apart on this wire and together in the hub; and the tier among them."""

from openaiproxy.dialects.messages.fields import NAME, USAGE
from openaiproxy.hub.events import Usage
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Extra, Json, JsonObject

__all__ = ["amend_usage", "amended", "parse_tier", "parse_usage", "render_usage"]

_TOOLS, _SEARCHES, _FETCHES = "server_tool_use", "web_search_requests", "web_fetch_requests"
_DETAILS, _THOUGHTS = "output_tokens_details", "thinking_tokens"


def _count(found: JsonObject, name: str) -> int | None:
    value = found.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _object(found: JsonObject, name: str) -> JsonObject:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def parse_usage(found: Json) -> Usage | None:
    """What an answer took.

    :param found: the value of ``usage``.
    """
    return _counted(found) if isinstance(found, dict) else None


def _counted(found: JsonObject) -> Usage:
    cached = _count(found, "cache_read_input_tokens")
    written = _count(found, "cache_creation_input_tokens")
    tools, details = _object(found, _TOOLS), _object(found, _DETAILS)
    extra = USAGE.rest(found)
    fields: dict[str, Json] = {**extra.fields} if extra else {}
    for name, value, known in ((_TOOLS, tools, _SEARCHES), (_DETAILS, details, _THOUGHTS)):
        rest = {k: v for k, v in value.items() if k != known and v is not None}
        if rest.get(_FETCHES) == 0:
            del rest[_FETCHES]
        if rest:
            fields[name] = rest
    return Usage(
        (_count(found, "input_tokens") or 0) + (cached or 0) + (written or 0),
        _count(found, "output_tokens") or 0,
        cached,
        written,
        _count(details, _THOUGHTS),
        searches=_count(tools, _SEARCHES),
        extra=Extra(NAME, fields, frozenset(fields))
        if fields
        else None,  # No count is of the answer.
    )


def amended(early: JsonObject, late: JsonObject) -> dict[str, Json]:
    """What two pieces of ``usage`` in one stream amount to.

    Counts are cumulative, so a later one holds over an earlier one, be it smaller; what the later
    piece leaves out, stays. Most of them leave out the shape of the cache, and some the input.
    """
    both: dict[str, Json] = {**early}
    for name, value in late.items():
        before = both.get(name)
        if isinstance(value, dict) and isinstance(before, dict):
            both[name] = amended(before, value)
        elif value is not None:
            both[name] = value
    return both


def amend_usage(early: Usage, late: JsonObject) -> Usage:
    """The same, where the earlier piece is known only by what it says."""
    return _counted(amended(render_usage(early, None, Losses(NAME)), late))


def render_usage(usage: Usage | None, tier: str | None, losses: Losses) -> JsonObject:
    """The value of ``usage``, with a number wherever the wire demands one.

    :param usage: what is known.
    :param tier: the hub's word for the service tier.
    """
    usage = usage if usage is not None else Usage(cached=0, written=0)
    body: dict[str, Json] = {**losses.extra(usage.extra, "usage", USAGE.hints)}
    body["input_tokens"] = usage.fresh
    body["cache_creation_input_tokens"] = usage.written
    body["cache_read_input_tokens"] = usage.cached
    body["output_tokens"] = usage.output
    tools = body.get(_TOOLS)
    if usage.searches is not None or tools is not None:
        body[_TOOLS] = {_FETCHES: 0, _SEARCHES: usage.searches or 0, **(tools or {})}
    details = body.get(_DETAILS)
    if usage.reasoning is not None:
        body[_DETAILS] = {**(details or {}), _THOUGHTS: usage.reasoning}
    if tier is not None:
        word = "standard" if tier == "default" else tier
        if word in ("standard", "priority", "batch"):
            body["service_tier"] = word
        else:
            losses.note("tier", "no word for it", hint=True)
    for name in ("input_audio", "output_audio", "accepted", "rejected"):
        if getattr(usage, name):
            losses.note(f"usage.{name}", "no field for it", hint=True)
    return body


def parse_tier(found: Json) -> str | None:
    """The service tier that stands in ``usage``."""
    tier = found.get("service_tier") if isinstance(found, dict) else None
    if not isinstance(tier, str):
        return None
    return "default" if tier == "standard" else tier
