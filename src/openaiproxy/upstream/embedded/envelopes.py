"""The object around an error, which each vendor shapes differently.

::

    {"error": {"message", "type", "param", "code"}}                      OpenAI
    {"type": "error", "error": {"type", "message"}, "request_id"}        Anthropic
"""

from typing import Any

from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["enveloped"]

#: Anthropic's name of an error, by its status.
_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


def enveloped(refusal: Refusal, anthropic: bool, request_id: str) -> dict[str, Any]:
    """A refusal as the document that tells of it."""
    if not anthropic:
        return {"error": refusal.document()}
    usual = "api_error" if refusal.status >= 500 else "invalid_request_error"
    error: dict[str, Any] = {"type": _TYPES.get(refusal.status, usual), "message": refusal.message}
    if refusal.details:
        error["details"] = refusal.details
    return {"type": "error", "error": error, "request_id": request_id}
