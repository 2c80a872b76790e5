"""Errors, as a body, as the response that failed, and as the event that ends a stream.

Every shape seen is read: OpenAI's object, flat or nested in an event, a bare sentence, ``detail``,
and bodies that are no JSON at all. What is written has one shape. The event says all twice, flat as
OpenAI describes it and nested as OpenAI sends it, since clients look for either.
"""

from typing import Any

from openaiproxy.dialects.responses.fields import NAME
from openaiproxy.dialects.responses.values import string, thing
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Fault, FaultKind
from openaiproxy.hub.parts import JsonObject
from openaiproxy.wire import json, sse

__all__ = [
    "error_event",
    "failure",
    "parse_error",
    "parse_fault",
    "render_fault",
    "render_fault_record",
]

_WORDS = {
    "context_length_exceeded": FaultKind.CONTEXT,
    "content_policy_violation": FaultKind.CONTENT,
    "content_filter": FaultKind.CONTENT,
    "invalid_prompt": FaultKind.CONTENT,
    "invalid_api_key": FaultKind.AUTHENTICATION,
    "authentication_error": FaultKind.AUTHENTICATION,
    "billing_not_active": FaultKind.BILLING,
    "permission_error": FaultKind.PERMISSION,
    "model_not_found": FaultKind.NOT_FOUND,
    "not_found_error": FaultKind.NOT_FOUND,
    "request_too_large": FaultKind.TOO_LARGE,
    "rate_limit_exceeded": FaultKind.RATE,
    "rate_limit_error": FaultKind.RATE,
    "insufficient_quota": FaultKind.QUOTA,
    "usage_limit_reached": FaultKind.QUOTA,
    "server_is_overloaded": FaultKind.OVERLOADED,
    "slow_down": FaultKind.OVERLOADED,
    "overloaded_error": FaultKind.OVERLOADED,
    "server_error": FaultKind.SERVER,
    "internal_error": FaultKind.SERVER,
    "invalid_request_error": FaultKind.INVALID,
}
_STATUSES = {
    401: FaultKind.AUTHENTICATION,
    402: FaultKind.BILLING,
    403: FaultKind.PERMISSION,
    404: FaultKind.NOT_FOUND,
    408: FaultKind.TIMEOUT,
    409: FaultKind.CONFLICT,
    413: FaultKind.TOO_LARGE,
    429: FaultKind.RATE,
    503: FaultKind.OVERLOADED,
    504: FaultKind.TIMEOUT,
    529: FaultKind.OVERLOADED,
}
_CLASSES = frozenset({"invalid_request_error", "server_error"})
"""Types that say less than a status does."""

_SAID: dict[FaultKind, tuple[str, str | None]] = {
    FaultKind.INVALID: ("invalid_request_error", None),
    FaultKind.CONTEXT: ("invalid_request_error", "context_length_exceeded"),
    FaultKind.CONTENT: ("invalid_request_error", "content_policy_violation"),
    FaultKind.AUTHENTICATION: ("invalid_request_error", "invalid_api_key"),
    FaultKind.BILLING: ("insufficient_quota", "billing_not_active"),
    FaultKind.PERMISSION: ("invalid_request_error", "permission_denied"),
    FaultKind.NOT_FOUND: ("invalid_request_error", "not_found"),
    FaultKind.CONFLICT: ("invalid_request_error", "conflict"),
    FaultKind.TOO_LARGE: ("invalid_request_error", "request_too_large"),
    FaultKind.RATE: ("rate_limit_error", "rate_limit_exceeded"),
    FaultKind.QUOTA: ("insufficient_quota", "insufficient_quota"),
    FaultKind.OVERLOADED: ("server_error", "server_is_overloaded"),
}
"""Type and code of each kind, for faults that came from elsewhere; all else is the server's."""

_CONTEXT = "Your input exceeds the context window of this model. "


def parse_fault(status: int, body: bytes) -> Fault:
    """The fault of a bad answer.

    :param status: the HTTP status.
    :param body: any bytes.
    """
    try:
        found = json.loads(body)
    except BadUpstream:
        found = body.decode("utf-8", "replace").strip()
    return parse_error(found, status)


def parse_error(found: Any, status: int | None = None) -> Fault:
    """The fault of whatever stands for an error.

    :param found: a body, an event, or the ``error`` within; or a sentence.
    :param status: the HTTP status it came with, if it did.
    """
    outer = thing(found)
    inner = outer.get("error")
    error = inner if isinstance(inner, dict) else outer
    texts = (error.get("message"), inner, outer.get("detail"), found)
    message = next((text for text in texts if isinstance(text, str) and text), None)
    if message is None:
        message = json.text(found) if found else "The upstream gave no reason."
    code, word = string(error.get("code")), string(error.get("type"))
    if word in ("error", "response.failed"):
        word = None
    return Fault(
        _kind(code, word, status, message),
        message,
        code,
        word,
        string(error.get("param")),
        status,
        NAME,
    )


def _kind(code: str | None, word: str | None, status: int | None, message: str) -> FaultKind:
    if code in _WORDS:
        return _WORDS[code]
    if "context window" in message or "maximum context length" in message:
        return FaultKind.CONTEXT
    if status in _STATUSES and word in _CLASSES:
        return _STATUSES[status]
    if word in _WORDS:
        return _WORDS[word]
    if status is None:
        return FaultKind.SERVER
    coarse = FaultKind.INVALID if 400 <= status < 500 else FaultKind.SERVER
    return _STATUSES.get(status, coarse)


def _words(fault: Fault) -> dict[str, Any]:
    """``error`` of a body: message, type, param and code, as OpenAI's clients look for them."""
    if fault.dialect == NAME:
        word = fault.type or _SAID.get(fault.kind, ("server_error", None))[0]
        code, message = fault.code, fault.message
    else:
        word, code = _SAID.get(fault.kind, ("server_error", fault.code or "server_error"))
        message = fault.message
        if fault.kind is FaultKind.CONTEXT and not message.startswith(_CONTEXT):
            message = _CONTEXT + message
    return {"message": message, "type": word, "param": fault.param, "code": code}


def render_fault(fault: Fault) -> tuple[int, JsonObject]:
    """Status and body."""
    return fault.status or fault.kind.status, {"error": _words(fault)}


def error_event(fault: Fault, number: int) -> JsonObject:
    """The event that says a stream has failed.

    :param number: its ``sequence_number``.
    """
    said = _words(fault)
    flat = {name: said[name] for name in ("code", "message", "param")}
    return {"type": "error", "sequence_number": number, **flat, "error": said}


def failure(fault: Fault) -> JsonObject:
    """What a response that failed says of it."""
    said = _words(fault)
    error = {"code": said["code"] or "server_error", "message": said["message"]}
    return {"status": "failed", "error": error}


def render_fault_record(fault: Fault) -> bytes:
    """The same as bytes, by one who knows nothing of the stream so far."""
    return sse.encode(json.dumps(error_event(fault, 0)), b"error")
