"""What the backend refuses with, and what that is to a caller.

Three refusals mean something else than their status says, or than a caller could guess:

* ``{"error": {"type": "usage_limit_reached", "resets_at": 1790000000, "resets_in_seconds": 600}}``:
  429, and the time to wait as ``Retry-After``.
* ``Selected model is at capacity. Please try a different model.``: 503, whatever it came with.
* A web page, mostly a challenge of the network in front (``cf-mitigated: challenge``): it is no
  answer of an API, and says nothing of the login.

All else is what it is, and is left to the dialect.
"""

import math
from collections.abc import Sequence
from typing import Any

from attrs import field, frozen

from openaiproxy.codex.limits import number
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Fault, FaultKind
from openaiproxy.wire import json
from openaiproxy.wire.headers import Field, first
from openaiproxy.wire.sse import Decoder

__all__ = ["Refusal", "error_refusal", "is_page", "refusal", "stream_refusal"]

USAGE = "usage_limit_reached"
_CAPACITY = "model is at capacity"
_FAILING = frozenset(("error", "response.failed"))
_LONGEST = 366 * 86_400
_CHALLENGE = b"/cdn-cgi/challenge-platform/"
_PAGES = (b"<!doctype html", b"<html")


@frozen
class Refusal:
    """One refusal that is understood.

    :param status: to answer with.
    :param headers: fields to answer with beside those of the upstream, in place of ones of the same
        name.
    :param fault: what to tell in the caller's dialect. A caller of Responses may be given the body
        as it came, unless it is a ``page``.
    """

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    fault: Fault
    page: bool = field(default=False, kw_only=True)

    def error(self) -> BadUpstream:
        """The same to raise, where no dialect is at hand."""
        code = self.fault.code or "upstream_refused"
        return BadUpstream(self.status, code, self.fault.message, headers=self.headers)


def refusal(status: int, headers: Sequence[Field], body: bytes, now: float) -> Refusal | None:
    """Understand an answer with a bad status.

    :param body: decoded.
    :param now: seconds since 1970.
    :return: ``None`` where it is nothing special.
    """
    if is_page(headers, body):
        return _page(status, headers, body)
    try:
        found = json.loads(body)
    except BadUpstream:
        found = body.decode("utf-8", "replace")
    return error_refusal(found, now, status)


def error_refusal(found: Any, now: float, status: int | None = None) -> Refusal | None:
    """Understand whatever stands for an error: a body, an event of a stream (``error``,
    ``response.failed``), the object within, or a sentence.

    :param now: seconds since 1970.
    :return: ``None`` where it is nothing special.
    """
    error = _innermost(found)
    words = {error.get("type"), error.get("code")}
    message = error.get("message") or error.get("detail")
    message = message if isinstance(message, str) else ""
    if USAGE in words:
        fault = Fault(
            FaultKind.QUOTA,
            message or "The usage limit has been reached.",
            USAGE,
            USAGE,
            status=429,
        )
        return Refusal(429, _retry_after(error, now), fault)
    if _CAPACITY in message.lower():
        code = error.get("code")
        fault = Fault(
            FaultKind.OVERLOADED,
            message,
            code if isinstance(code, str) else "server_is_overloaded",
            status=503,
        )
        return Refusal(503, _retry_after(error, now), fault)
    return None


def stream_refusal(data: bytes, now: float) -> Refusal | None:
    """Understand a stream that failed.

    :param data: its beginning at least, up to where it failed.
    :param now: seconds since 1970.
    :return: ``None`` where it is nothing special.
    """
    try:
        for record in Decoder(len(data) + 1).feed(data):
            found = json.loads_record(record.data)
            if isinstance(found, dict) and found.get("type") in _FAILING:
                return error_refusal(found, now)
    except BadUpstream:
        pass
    return None


def is_page(headers: Sequence[Field], body: bytes) -> bool:
    """Whether an answer is a web page rather than an API's.

    :param body: its beginning is enough.
    """
    media = (first(headers, b"content-type") or b"").partition(b";")[0].strip().lower()
    return media in (b"text/html", b"application/xhtml+xml") or body.lstrip(b"\xef\xbb\xbf\r\n\t ")[
        :14
    ].lower().startswith(_PAGES)


def _page(status: int, headers: Sequence[Field], body: bytes) -> Refusal:
    challenge = first(headers, b"cf-mitigated") is not None or _CHALLENGE in body
    what = "a challenge page of Cloudflare" if challenge else "a web page"
    message = (
        f"The backend answered with {what} (status {status}) where an API's answer was due. It may "
        "not take requests from this network, or from a client of this name; the login itself was "
        "not judged."
    )
    fault = Fault(FaultKind.MALFORMED, message, code="upstream_web_page", status=502)
    return Refusal(502, (), fault, page=True)


def _innermost(found: Any) -> dict[str, Any]:
    """The object that holds type, code and message."""
    for name in ("response", "error", "detail"):
        inner = found.get(name) if isinstance(found, dict) else None
        if isinstance(inner, dict):
            found = inner
        elif isinstance(inner, str) and name == "error" and "message" not in found:
            found = {**found, "message": inner}
    if isinstance(found, str):
        return {"message": found}
    return found if isinstance(found, dict) else {}


def _retry_after(error: dict[str, Any], now: float) -> tuple[tuple[bytes, bytes], ...]:
    """Only what was told is told: nothing is invented where the backend names no time (pitfall 67)."""
    wait = number(error.get("resets_in_seconds"))
    at = number(error.get("resets_at"))
    if wait is None and at is not None:
        wait = at - now
    if wait is None or wait > _LONGEST:
        return ()
    return ((b"Retry-After", b"%d" % max(1, math.ceil(wait))),)
