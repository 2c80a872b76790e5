"""How OpenAI says no: one JSON object, ``{"error": {"message", "type", "param", "code"}}``, under a
4xx or 5xx.

A :class:`Refusal` is raised by whatever part of the stand-in finds the fault; only the resource
answers it.
"""

from typing import Any

from attrs import field, frozen

__all__ = ["Refusal", "missing", "not_found", "troubled"]


@frozen
class Refusal(Exception):
    """A request that is answered with an error.

    :param status: the HTTP status.
    :param message: a sentence for a person.
    :param type: OpenAI's error type.
    :param param: the field at fault, where one is.
    :param code: a stable word, where OpenAI has one.
    :param headers: response headers to send beside it.
    :param details: what Anthropic's errors may say for programs.
    """

    status: int
    message: str
    type: str = "invalid_request_error"
    param: str | None = None
    code: str | None = None
    headers: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    details: dict[str, Any] | None = field(default=None, kw_only=True)

    def document(self) -> dict[str, Any]:
        """The error object, without the envelope around it."""
        return {
            "message": self.message,
            "type": self.type,
            "param": self.param,
            "code": self.code,
        }


def missing(param: str) -> Refusal:
    """The refusal of a request that lacks a required field."""
    message = f"Missing required parameter: '{param}'."
    return Refusal(400, message, param=param, code="missing_required_parameter")


def not_found(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """The refusal of a request for a thing that isn't there."""
    return Refusal(404, message, param=param, code=code)


_SERVER = "The server had an error while processing your request. Sorry about that!"

_TROUBLES = {
    401: Refusal(401, "Incorrect API key provided.", code="invalid_api_key"),
    429: Refusal(
        429,
        "Rate limit reached for requests. Please try again later.",
        "requests",
        code="rate_limit_exceeded",
    ),
    500: Refusal(500, _SERVER, "server_error"),
    503: Refusal(
        503,
        "The engine is currently overloaded, please try again later.",
        "server_error",
        code="server_overloaded",
    ),
}


def troubled(status: int, retry_after: float | None = None) -> Refusal:
    """The refusal that a fault asked for.

    :param status: any status from 400 to 599.
    :param retry_after: seconds for the ``retry-after`` header, or ``None`` for none.
    """
    kind = "server_error" if status >= 500 else "invalid_request_error"
    plain = _TROUBLES.get(status) or Refusal(status, f"A status of {status} was asked for.", kind)
    if retry_after is None:
        return plain
    headers = (("retry-after", f"{retry_after:g}"),)
    return Refusal(
        plain.status, plain.message, plain.type, plain.param, plain.code, headers=headers
    )
