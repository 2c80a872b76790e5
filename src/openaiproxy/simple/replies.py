"""What a caller is told of a whole answer, and whether a refused question may be asked again."""

from openaiproxy.simple.endpoints import Endpoint
from openaiproxy.simple.pretty import pretty
from openaiproxy.simple.stock import is_json
from openaiproxy.wire.headers import Field, first
from openaiproxy.wire.json import loads, loads_object

__all__ = ["kept_fields", "may_help", "pause", "tell"]

_KEPT = frozenset((b"x-request-id", b"request-id", b"retry-after", b"retry-after-ms"))
_KEPT_BEGINNINGS = (b"openai-", b"x-ratelimit-", b"anthropic-ratelimit-")
_PASSING = frozenset((408, 409, 429))
_PAUSES = (0.5, 1.0)
_LONGEST_PAUSE = 60.0


def kept_fields(fields: list[Field]) -> list[Field]:
    """The upstream's headers that mean something to the caller: of limits, of times, of names."""
    return [
        (name, value)
        for name, value in fields
        if name.lower() in _KEPT or name.lower().startswith(_KEPT_BEGINNINGS)
    ]


def tell(endpoint: Endpoint | None, body: bytes, media: str | None, parent: str) -> bytes:
    """A whole answer.

    :param endpoint: what was asked; ``None`` for a transcription, whose text may be no JSON.
    :param body: the upstream's.
    :param media: its type.
    :param parent: an id for the question.
    :raises BadUpstream: 502, for what is no JSON.
    """
    if endpoint is None and not is_json(media):
        return pretty(body.decode("utf-8", "replace"))
    if endpoint is None or endpoint.tell is None:
        return pretty(loads(body))
    return pretty(endpoint.tell(loads_object(body), parent))


def may_help(status: int, fields: list[Field]) -> bool:
    """Whether to ask again, after an answer of this status."""
    said = first(fields, b"x-should-retry")
    if said in (b"true", b"false"):
        return said == b"true"
    return status in _PASSING or status >= 500


def pause(attempt: int, fields: list[Field]) -> float:
    """Seconds to wait before asking again.

    :param attempt: how many went before, from 0.
    :param fields: of the last answer, which may say when.
    """
    usual = _PAUSES[min(attempt, len(_PAUSES) - 1)]
    said = (first(fields, b"retry-after") or b"").strip()
    if said.isdigit() and len(said) < 4 and int(said) <= _LONGEST_PAUSE:
        return max(float(said), usual)
    return usual
