"""Answers of the proxy's own making, in the caller's dialect; never HTML, never empty.

OpenAI's envelope (https://platform.openai.com/docs/guides/error-codes)::

    {"error": {"message": "...", "type": "invalid_request_error", "param": null, "code": "path_not_offered"}}

Anthropic's (https://docs.anthropic.com/en/api/errors)::

    {"type": "error", "error": {"type": "not_found_error", "message": "..."}, "request_id": "..."}

That of the simplified endpoints is :mod:`openaiproxy.simple.faults`'.
"""

import enum
from collections.abc import Mapping
from http import HTTPStatus

from openaiproxy.errors import ProxyError
from openaiproxy.profile import Profile
from openaiproxy.simple.faults import fault_body, fault_of
from openaiproxy.simple.waiting import origin_fields
from openaiproxy.wire.json import dumps

__all__ = [
    "Envelope",
    "envelope_for",
    "error_body",
    "error_headers",
    "error_status",
    "protocol_answer",
]


class Envelope(enum.Enum):
    """The shapes of an error body."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    SIMPLE = "simple"


_REFUSAL = (
    b"Content-Type: application/json\r\nX-Request-Id: %s\r\nX-OpenAIProxy-Request-Id: %s\r\n"
    b"Content-Length: %d\r\nConnection: close\r\n\r\n"
)
_OPENAI_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    500: "server_error",
    502: "upstream_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}


def envelope_for(path: str, anthropic_version: bool, profile: Profile | None = None) -> Envelope:
    """The envelope that a caller expects, by what it asks for, and where.

    :param path: the target's path.
    :param profile: of the port that it came to.
    :param anthropic_version: whether the request carries that header, as all of Anthropic's clients do.
    """
    if profile is not None and profile.simple is not None:
        return Envelope.SIMPLE
    segments = path.strip("/").split("/")
    return (
        Envelope.ANTHROPIC if anthropic_version or "messages" in segments[-2:] else Envelope.OPENAI
    )


def error_body(
    error: ProxyError,
    envelope: Envelope = Envelope.OPENAI,
    request_id: str = "",
    fixed: Mapping[int, bytes] | None = None,
    incoming: str | None = None,
) -> bytes:
    """The body for an error.

    :param fixed: whole bodies by status, where a profile's contract has its own.
    :param incoming: the caller's own name for the request, where an envelope has it, too.
    """
    if fixed and error.status in fixed:
        return fixed[error.status]
    if envelope is Envelope.SIMPLE:
        return fault_body(fault_of(error), request_id, incoming)
    if envelope is Envelope.ANTHROPIC:
        kind = _ANTHROPIC_TYPES.get(
            error.status, "api_error" if error.status >= 500 else "invalid_request_error"
        )
        inner: dict[str, object] = {"type": kind, "message": error.message, "code": error.code}
        if error.details is not None:
            inner["details"] = dict(error.details)
        return dumps({"type": "error", "error": inner, "request_id": request_id or None})
    kind = _OPENAI_TYPES.get(error.status, "invalid_request_error")
    return dumps(
        {"error": {"message": error.message, "type": kind, "param": None, "code": error.code}}
    )


def error_status(error: ProxyError, envelope: Envelope) -> int:
    """The status for an error, which an envelope may have its own of."""
    return fault_of(error).status if envelope is Envelope.SIMPLE else error.status


def error_headers(
    error: ProxyError, envelope: Envelope = Envelope.OPENAI
) -> list[tuple[bytes, bytes]]:
    """The header fields for an error, those that it brings along included."""
    fields = [(b"Content-Type", b"application/json"), *error.headers]
    return [*fields, *origin_fields(error)] if envelope is Envelope.SIMPLE else fields


def protocol_answer(error: ProxyError, request_id: str) -> list[bytes]:
    """The bytes of a whole answer to what never became a request; the connection closes after it."""
    body = error_body(error)
    phrase = HTTPStatus(error.status).phrase.encode("ascii")
    named = request_id.encode("ascii")
    return [
        b"HTTP/1.1 %d %s\r\n" % (error.status, phrase),
        _REFUSAL % (named, named, len(body)),
        body,
    ]
