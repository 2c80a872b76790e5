"""The head of an answer, and its body as chunks: what a request's fault makes of either is decided
here.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from attrs import frozen

from openaiproxy.upstream.embedded.calls import Answer, Binary, Events, Whole
from openaiproxy.upstream.embedded.envelopes import enveloped
from openaiproxy.upstream.embedded.faults import Fault
from openaiproxy.upstream.embedded.framing import framed, sliced, whole_bytes, whole_size
from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["Head", "body_chunks", "write_head", "written"]

_PAGE = """<html>
<head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
<hr><center>gateway</center>
</body>
</html>
"""


@frozen
class Head:
    """What an answer is written for.

    :param digest: hex digits that the request id derives from.
    :param anthropic: whether it is written as Anthropic writes.
    """

    fault: Fault
    digest: str = ""
    anthropic: bool = False

    @property
    def request_id(self) -> str:
        """The id that the answer says the request has."""
        return f"req_{self.digest[:32]}"


def written(answer: Answer | Refusal, head: Head) -> Answer:
    """What is written for an answer: itself, or the document of a refusal, or a gateway's page."""
    if head.fault.html:
        return Whole(_PAGE, kind="text/html")
    if isinstance(answer, Refusal):
        return Whole(enveloped(answer, head.anthropic, head.request_id))
    return answer


def status_of(answer: Answer | Refusal, fault: Fault) -> int:
    """The status that goes with it."""
    if fault.html:
        return fault.status or 502
    return answer.status if isinstance(answer, Refusal) else 200


def write_head(request: Any, answer: Answer | Refusal, head: Head) -> None:
    """Set status and headers.

    :param request: the :class:`~twisted.web.server.Request`.
    """
    status = status_of(answer, head.fault)
    request.setResponseCode(status, _phrase(status))
    vendor = _of_anthropic(head) if head.anthropic else _of_openai(head)
    headers = {**vendor, **_of_body(written(answer, head))}
    if isinstance(answer, Refusal):
        headers.update(answer.headers)
    for name, value in headers.items():
        request.setHeader(name, value)


def _phrase(status: int) -> bytes:
    known = {each.value: each.phrase for each in HTTPStatus}
    return known.get(status, "Unknown").encode("ascii")


def _of_openai(head: Head) -> dict[str, str]:
    return {
        "x-request-id": head.request_id,
        "openai-version": "2020-10-01",
        "openai-organization": "embedded",
        "openai-processing-ms": "1",
        **_rate_limits(head.fault.ratelimits),
    }


def _of_anthropic(head: Head) -> dict[str, str]:
    remaining = head.fault.ratelimits
    scarce = remaining is not None
    return {
        "request-id": head.request_id,
        "anthropic-organization-id": "embedded",
        "anthropic-ratelimit-requests-limit": "4000",
        "anthropic-ratelimit-requests-remaining": str(remaining) if scarce else "3999",
        "anthropic-ratelimit-requests-reset": "2026-01-01T00:00:00Z",
        "anthropic-ratelimit-tokens-limit": "2000000",
        "anthropic-ratelimit-tokens-remaining": "0" if scarce else "1999000",
        "anthropic-ratelimit-tokens-reset": "2026-01-01T00:00:00Z",
    }


def _rate_limits(remaining: int | None) -> dict[str, str]:
    scarce = remaining is not None
    return {
        "x-ratelimit-limit-requests": "10000",
        "x-ratelimit-limit-tokens": "2000000",
        "x-ratelimit-remaining-requests": str(remaining) if scarce else "9999",
        "x-ratelimit-remaining-tokens": "0" if scarce else "1999000",
        "x-ratelimit-reset-requests": "6m0s" if scarce else "6ms",
        "x-ratelimit-reset-tokens": "1m12s" if scarce else "30ms",
    }


def _of_body(answer: Answer) -> dict[str, str]:
    """The content type, and the length where it's known."""
    match answer:
        case Events():
            kind = "text/event-stream; charset=utf-8"
            return {"content-type": kind, "cache-control": "no-cache"}
        case Whole():
            return {"content-type": answer.kind, "content-length": str(whole_size(answer))}
        case Binary():
            length = {} if answer.size is None else {"content-length": str(answer.size)}
            return {"content-type": answer.kind, **length}


def body_chunks(answer: Answer | Refusal, head: Head) -> Iterator[bytes]:
    """The body as chunks that a fault can count."""
    out = written(answer, head)
    if isinstance(out, Events):
        return framed(out, head.fault)
    blocks = out.blocks if isinstance(out, Binary) else whole_bytes(out)
    return sliced(blocks) if head.fault.counts else blocks
