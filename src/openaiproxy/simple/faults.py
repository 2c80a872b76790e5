"""Errors, in the words of the simplified endpoints::

    {"error": {"message": "...", "type": "upstream_api_error", "code": "OPENAI_PROXY_UPSTREAM_API_ERROR",
               "requestId": "...", "incomingRequestId": "...",
               "upstream": {"status": 429, "requestId": "req_1", "type": "...", "code": "..."}}}

Within a stream that has begun, the same is an event::

    event: error
    data: {"error": {...}}
"""

from typing import Any

from attrs import evolve, field, frozen

from openaiproxy.errors import BadUpstream, ProxyError
from openaiproxy.simple.pretty import pretty
from openaiproxy.wire.json import dumps, loads
from openaiproxy.wire.sse import encode

__all__ = ["Fault", "fault_body", "fault_of", "fault_record", "refusal_of", "told_in_stream"]

_MASKED = "The upstream API refused a request with inline files"
_MESSAGE_CHARACTERS = 8192


@frozen
class Fault:
    """An error as it is told.

    :param status: the answer's.
    :param type: the class of error.
    :param code: the word that a program tests.
    :param upstream: what the upstream said, if it was its refusal; ``None`` values are left out.
    """

    status: int
    type: str
    code: str
    message: str
    upstream: dict[str, Any] = field(factory=dict)


_VALIDATION = "validation_error"
_TRANSPORT = "upstream_transport"
_TIMEOUT = "upstream_timeout"

_BY_CODE = {
    "proxy_overloaded": Fault(
        503,
        "proxy_overloaded",
        "OPENAI_PROXY_OVERLOADED",
        "Proxy is handling too many concurrent requests. Please retry shortly.",
    ),
    "proxy_rate_limited": Fault(
        429,
        "proxy_rate_limited",
        "OPENAI_PROXY_RATE_LIMITED",
        "Too many requests of this caller. Please retry later.",
    ),
    "internal_error": Fault(500, "internal_error", "OPENAI_PROXY_INTERNAL", "Internal proxy error"),
    "path_not_offered": Fault(404, _VALIDATION, "OPENAI_PROXY_NOT_FOUND", "Not Found"),
    "upstream_total_timeout": Fault(
        504,
        _TIMEOUT,
        "OPENAI_PROXY_SOCKET_TIMEOUT",
        "Timeout while waiting for upstream response",
    ),
    "upstream_stream_truncated": Fault(
        502,
        _TRANSPORT,
        "OPENAI_PROXY_INCOMPLETE_STREAM",
        "The upstream's stream ended before it was finished",
    ),
    "upstream_malformed": Fault(
        502,
        _TRANSPORT,
        "OPENAI_PROXY_INVALID_RESPONSE",
        "The upstream's answer can't be read",
    ),
    "invalid_json": Fault(
        400, _VALIDATION, "OPENAI_PROXY_BAD_REQUEST", "Malformed JSON request body"
    ),
}
_TIMED_OUT = Fault(
    504, _TIMEOUT, "OPENAI_PROXY_TIMEOUT", "Timeout while waiting for upstream response"
)
_BROKEN = Fault(
    502,
    _TRANSPORT,
    "OPENAI_PROXY_TRANSPORT",
    "Transport failure while contacting upstream API",
)
_BY_STATUS = {
    401: ("forbidden", "OPENAI_PROXY_UNAUTHORIZED"),
    403: ("forbidden", "OPENAI_PROXY_FORBIDDEN"),
    404: (_VALIDATION, "OPENAI_PROXY_NOT_FOUND"),
    413: (_VALIDATION, "OPENAI_PROXY_PAYLOAD_TOO_LARGE"),
    415: (_VALIDATION, "OPENAI_PROXY_UNSUPPORTED_MEDIA_TYPE"),
}
_OF_ALL_OTHERS = (_VALIDATION, "OPENAI_PROXY_BAD_REQUEST")
_ALIKE = {
    "upstream_invalid_answer": "upstream_malformed",
    "upstream_answer_too_large": "upstream_malformed",
    "upstream_too_large": "upstream_malformed",
}


def fault_of(error: ProxyError) -> Fault:
    """One of our errors, as it is told."""
    known = _BY_CODE.get(_ALIKE.get(error.code, error.code))
    if known is not None:
        return known
    if isinstance(error, BadUpstream):
        return _TIMED_OUT if error.code.endswith("_timeout") else _BROKEN
    type, code = _BY_STATUS.get(error.status, _OF_ALL_OTHERS)
    if error.status >= 500:
        return evolve(_BY_CODE["internal_error"], status=error.status)
    return Fault(error.status, type, code, error.message)


def refusal_of(status: int, body: bytes, request_id: str | None, *, masked: bool = False) -> Fault:
    """The upstream's refusal, as it is told.

    :param body: the answer's, of any form.
    :param request_id: the upstream's own.
    :param masked: whether its words are withheld, as they may repeat a file.
    """
    said = _said(body)
    upstream = {
        "status": status,
        "requestId": request_id,
        "type": _text(said.get("type")),
        "code": _text(said.get("code")),
        "param": _text(said.get("param")),
    }
    message = _text(said.get("message")) or f"The upstream API answered {status}"
    return Fault(
        status,
        "upstream_api_error",
        "OPENAI_PROXY_UPSTREAM_API_ERROR",
        _MASKED if masked else message[:_MESSAGE_CHARACTERS],
        {name: value for name, value in upstream.items() if value is not None},
    )


def told_in_stream(event: dict[str, Any], request_id: str | None) -> Fault:
    """The error that a stream's own event tells.

    :param event: of the Responses API (its fields at the top) or of Anthropic's (within ``error``).
    :param request_id: the upstream's own.
    """
    inner = event.get("error")
    said = inner if isinstance(inner, dict) else {**event, "type": None}
    return refusal_of(200, dumps({"error": said}), request_id)


def _said(body: bytes) -> dict[str, Any]:
    try:
        said = loads(body)
    except BadUpstream:
        return {}
    error = said.get("error") if isinstance(said, dict) else None
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def fault_body(fault: Fault, request_id: str, incoming: str | None = None) -> bytes:
    """The body for an error, in lines as all answers of these endpoints are.

    :param request_id: ours.
    :param incoming: the caller's own, if it sent one.
    """
    return pretty(_told(fault, request_id, incoming))


def _told(fault: Fault, request_id: str, incoming: str | None) -> dict[str, Any]:
    error: dict[str, Any] = {"message": fault.message, "type": fault.type, "code": fault.code}
    error["requestId"] = request_id
    if incoming:
        error["incomingRequestId"] = incoming
    if fault.upstream:
        error["upstream"] = fault.upstream
    return {"error": error}


def fault_record(fault: Fault, request_id: str, incoming: str | None = None) -> bytes:
    """The event for an error within a stream."""
    return encode(dumps(_told(fault, request_id, incoming)), b"error")
