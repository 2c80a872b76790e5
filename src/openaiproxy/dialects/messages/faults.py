"""Errors: bodies, and events in a stream."""

import re

from openaiproxy.dialects.messages.fields import NAME
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Fault, FaultKind
from openaiproxy.hub.parts import Extra, Json, JsonObject
from openaiproxy.wire import json, sse

__all__ = ["parse_error", "parse_fault", "render_error", "render_fault", "render_fault_record"]

_KINDS = {
    "invalid_request_error": FaultKind.INVALID,
    "authentication_error": FaultKind.AUTHENTICATION,
    "billing_error": FaultKind.BILLING,
    "permission_error": FaultKind.PERMISSION,
    "not_found_error": FaultKind.NOT_FOUND,
    "conflict_error": FaultKind.CONFLICT,
    "request_too_large": FaultKind.TOO_LARGE,
    "rate_limit_error": FaultKind.RATE,
    "timeout_error": FaultKind.TIMEOUT,
    "overloaded_error": FaultKind.OVERLOADED,
    "api_error": FaultKind.SERVER,
}

_TYPES = {
    **{kind: word for word, kind in _KINDS.items()},
    FaultKind.CONTEXT: "invalid_request_error",
    FaultKind.CONTENT: "invalid_request_error",
    FaultKind.QUOTA: "rate_limit_error",
    FaultKind.MALFORMED: "api_error",
    FaultKind.TRUNCATED: "api_error",
}

_STATUSES = {
    400: FaultKind.INVALID,
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

_OVERLOADED = 529
"""This wire's own status of an upstream with too much to do."""

_TOO_LONG = re.compile(r"prompt is too long|exceed context limit|context window", re.IGNORECASE)
_PROMPT = "prompt is too long"
_LIMIT = re.compile(r"(?:maximum context length|context window)\D{0,40}?(\d+)", re.IGNORECASE)
_GIVEN = re.compile(r"(?:resulted in|requested|input of|contains?)\D{0,40}?(\d+)", re.IGNORECASE)


def parse_fault(status: int, body: bytes) -> Fault:
    """What a bad answer says. Whatever is no error of this wire is told as it stands.

    :param body: any bytes.
    """
    try:
        found = json.loads(body)
    except BadUpstream:
        found = None
    if isinstance(found, dict):
        return parse_error(found, status)
    return _fault(status, None, body.decode("utf-8", "replace").strip(), None)


def parse_error(found: JsonObject, status: int | None = None) -> Fault:
    """What an error object says.

    :param found: as it stands in a body, or in an event of a stream.
    :param status: the answer's, unless it was good.
    """
    error = found.get("error")
    if isinstance(error, dict):
        kind, message = error.get("type"), error.get("message")
    else:
        kind, message = None, error if error is not None else found.get("message")
    rest = {k: v for k, v in found.items() if k not in ("type", "error") and v is not None}
    words = message if isinstance(message, str) else json.text(found)
    return _fault(status, kind if isinstance(kind, str) else None, words, rest)


def _fault(status: int | None, word: str | None, message: str, rest: JsonObject | None) -> Fault:
    by_status = FaultKind.SERVER
    if status is not None:
        by_status = _STATUSES.get(status, FaultKind.INVALID if status < 500 else FaultKind.SERVER)
    kind = _KINDS.get(word or "", by_status)
    if kind in (FaultKind.INVALID, FaultKind.TOO_LARGE) and _TOO_LONG.search(message):
        kind = FaultKind.CONTEXT
    return Fault(
        kind,
        message or f"The upstream answered with status {status}.",
        type=word,
        status=status,
        dialect=NAME,
        extra=Extra(NAME, rest) if rest else None,
    )


def render_error(fault: Fault) -> JsonObject:
    """The error object of a fault."""
    own = fault.dialect == NAME
    word = fault.type if own and fault.type else _TYPES[fault.kind]
    message = fault.message
    if fault.kind is FaultKind.CONTEXT and not own:
        message = _worded(message)
    body: dict[str, Json] = {"type": "error", "error": {"type": word, "message": message}}
    if fault.extra is not None and fault.extra.dialect == NAME:
        body.update(fault.extra.fields)
    return body


def _worded(message: str) -> str:
    """The message behind the words by which clients know that they have to shorten a prompt."""
    if _PROMPT in message:
        return message
    limit, given = _LIMIT.search(message), _GIVEN.search(message)
    if limit is not None and given is not None:
        return f"{_PROMPT}: {given[1]} tokens > {limit[1]} maximum. {message}"
    return f"{_PROMPT}: {message}"


def render_fault(fault: Fault) -> tuple[int, JsonObject]:
    """Status and body."""
    status = _OVERLOADED if fault.kind is FaultKind.OVERLOADED else fault.kind.status
    return fault.status or status, render_error(fault)


def render_fault_record(fault: Fault) -> bytes:
    """The bytes that end a stream."""
    return sse.encode(json.dumps(render_error(fault)), b"error")
