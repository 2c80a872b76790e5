"""Errors: bodies with a bad status, errors under a good one, and errors amid a stream.

OpenAI says ``{"error": {"message", "type", "param", "code"}}``. Others leave the envelope away, say
a string where the object should be, or give a status as the code; whatever holds words is read.
"""

from collections.abc import Iterable
from typing import Any

from openaiproxy.dialects.chat.fields import ERROR, NAME
from openaiproxy.dialects.chat.pieces import word
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Fault, FaultKind, Usage
from openaiproxy.hub.parts import Extra, JsonObject
from openaiproxy.wire import json, sse

__all__ = ["DONE", "parse_error", "parse_fault", "render_fault", "render_fault_record"]

DONE = b"data: [DONE]\n\n"

_WORDS = {
    "context_length_exceeded": FaultKind.CONTEXT,
    "exceed_context_size_error": FaultKind.CONTEXT,
    "content_filter": FaultKind.CONTENT,
    "content_policy_violation": FaultKind.CONTENT,
    "insufficient_quota": FaultKind.QUOTA,
    "billing_hard_limit_reached": FaultKind.BILLING,
    "billing_not_active": FaultKind.BILLING,
    "invalid_api_key": FaultKind.AUTHENTICATION,
    "authentication_error": FaultKind.AUTHENTICATION,
    "permission_error": FaultKind.PERMISSION,
    "model_not_found": FaultKind.NOT_FOUND,
    "not_found_error": FaultKind.NOT_FOUND,
    "rate_limit_exceeded": FaultKind.RATE,
    "rate_limit_error": FaultKind.RATE,
    "tokens": FaultKind.RATE,
    "requests": FaultKind.RATE,
    "overloaded_error": FaultKind.OVERLOADED,
    "engine_overloaded_error": FaultKind.OVERLOADED,
    "service_unavailable": FaultKind.OVERLOADED,
    "timeout": FaultKind.TIMEOUT,
    "upstream_malformed": FaultKind.MALFORMED,
    "upstream_stream_malformed": FaultKind.MALFORMED,
    "upstream_stream_truncated": FaultKind.TRUNCATED,
}
"""What ``code`` or ``type`` say, where it is more than a status does."""

_CLASSES = {"invalid_request_error": FaultKind.INVALID, "server_error": FaultKind.SERVER}
"""Types that say less than a status does."""

_STATUSES = {
    kind.status: kind
    for kind in FaultKind
    if kind.name not in {"CONTEXT", "CONTENT", "QUOTA", "MALFORMED", "TRUNCATED"}
} | {529: FaultKind.OVERLOADED}

_WRITTEN: dict[FaultKind, tuple[str, str | None]] = {
    FaultKind.INVALID: ("invalid_request_error", None),
    FaultKind.CONTEXT: ("invalid_request_error", "context_length_exceeded"),
    FaultKind.CONTENT: ("invalid_request_error", "content_policy_violation"),
    FaultKind.AUTHENTICATION: ("invalid_request_error", "invalid_api_key"),
    FaultKind.BILLING: ("insufficient_quota", "billing_not_active"),
    FaultKind.PERMISSION: ("permission_error", "permission_denied"),
    FaultKind.NOT_FOUND: ("invalid_request_error", "not_found"),
    FaultKind.CONFLICT: ("invalid_request_error", "conflict"),
    FaultKind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    FaultKind.RATE: ("requests", "rate_limit_exceeded"),
    FaultKind.QUOTA: ("insufficient_quota", "insufficient_quota"),
    FaultKind.SERVER: ("server_error", None),
    FaultKind.MALFORMED: ("server_error", "upstream_malformed"),
    FaultKind.TRUNCATED: ("server_error", "upstream_stream_truncated"),
    FaultKind.OVERLOADED: ("server_error", "overloaded"),
    FaultKind.TIMEOUT: ("server_error", "timeout"),
}
"""Type and code of a fault that was read in other words."""

_LONGEST = 4000
"""Characters of a body that is no JSON."""


def _kind(words: Iterable[str], status: int | None) -> FaultKind:
    said = tuple(words)
    for one in said:
        if one in _WORDS:
            return _WORDS[one]
    if status in _STATUSES:
        return _STATUSES[status]
    if status is not None and 400 <= status < 500:
        return FaultKind.INVALID
    return next((_CLASSES[one] for one in said if one in _CLASSES), FaultKind.SERVER)


def parse_error(found: JsonObject, status: int | None, usage: Usage | None = None) -> Fault:
    """The fault in an object that has an ``error``, or is one.

    :param status: of HTTP, if it says anything; else a code that is a number stands for it.
    :param usage: what was told before.
    """
    error = found.get("error")
    beside = {key: value for key, value in found.items() if key in ("user_id", "request_id")}
    if isinstance(error, dict):
        inner: JsonObject = error
    else:
        inner = {**found, "message": word(error) or found.get("message") or found.get("detail")}
        inner.pop("error", None)
        beside = {}
    code, kind, message = inner.get("code"), word(inner.get("type")), inner.get("message")
    said = str(code) if isinstance(code, str | int) and not isinstance(code, bool) else None
    number = int(said) if said is not None and said.isdecimal() and len(said) == 3 else None
    extra = ERROR.rest(inner)
    more = {**(extra.fields if extra else {}), **beside}
    return Fault(
        _kind((said or "", kind), status or number),
        _message(message, status),
        said,
        kind or None,
        word(inner.get("param")) or None,
        status or (number if number is not None and number >= 400 else None),
        NAME,
        usage,
        Extra(NAME, more) if more else None,
    )


def _message(found: Any, status: int | None) -> str:
    if isinstance(found, str) and found:
        return found
    if found:
        return json.text(found)
    return f"The upstream failed with status {status}." if status else "The upstream failed."


def parse_fault(status: int, body: bytes) -> Fault:
    """A body with a bad status. Never raises."""
    try:
        found = json.loads(body)
    except BadUpstream:
        found = body[: 4 * _LONGEST].decode("utf-8", "replace").strip()[:_LONGEST]
    if isinstance(found, list) and found:
        found = found[0]
    if not isinstance(found, dict):
        found = {"message": found}
    return parse_error(found, status)


_OPENAI = frozenset({"responses", ""})
"""Whose codes are Chat's, too: OpenAI's other dialect, and our own."""


def render_fault(fault: Fault) -> tuple[int, JsonObject]:
    """Status and body of a fault."""
    status = fault.status or fault.kind.status
    kind, code = _WRITTEN[fault.kind]
    body: dict[str, Any] = {"message": fault.message, "type": kind, "param": fault.param}
    if fault.dialect == NAME:
        own = fault.extra.fields if fault.extra and fault.extra.dialect == NAME else {}
        body = {**own, **body, "type": fault.type, "code": fault.code}
    else:
        body["code"] = (fault.code if fault.dialect in _OPENAI else None) or code
    if fault.kind is FaultKind.CONTEXT and fault.dialect not in (NAME, *_OPENAI):
        body["message"] = f"This model's maximum context length is exceeded. {fault.message}"
    return status, {"error": body}


def render_fault_record(fault: Fault) -> bytes:
    """The bytes that end a stream with a fault."""
    return sse.encode(json.dumps(render_fault(fault)[1])) + DONE
