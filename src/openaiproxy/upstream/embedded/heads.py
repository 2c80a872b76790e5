"""The head of an answer, and its body as chunks: what a request's fault makes of either is decided
here.
"""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from openaiproxy.upstream.embedded.calls import Answer, Binary, Events, Whole
from openaiproxy.upstream.embedded.faults import Fault
from openaiproxy.upstream.embedded.framing import framed, sliced, whole_bytes, whole_size
from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["body_chunks", "write_head", "written"]

_PAGE = """<html>
<head><title>502 Bad Gateway</title></head>
<body>
<center><h1>502 Bad Gateway</h1></center>
<hr><center>gateway</center>
</body>
</html>
"""


def written(answer: Answer | Refusal, fault: Fault) -> Answer:
    """What is written for an answer: itself, or the document of a refusal, or a gateway's page."""
    if fault.html:
        return Whole(_PAGE, kind="text/html")
    if isinstance(answer, Refusal):
        return Whole({"error": answer.document()})
    return answer


def status_of(answer: Answer | Refusal, fault: Fault) -> int:
    """The status that goes with it."""
    if fault.html:
        return fault.status or 502
    return answer.status if isinstance(answer, Refusal) else 200


def write_head(request: Any, answer: Answer | Refusal, fault: Fault, digest: str) -> None:
    """Set status and headers.

    :param request: the :class:`~twisted.web.server.Request`.
    :param digest: hex digits that the request id derives from.
    """
    status = HTTPStatus(status_of(answer, fault))
    request.setResponseCode(status, status.phrase.encode("ascii"))
    headers = {
        "x-request-id": f"req_{digest[:32]}",
        "openai-version": "2020-10-01",
        "openai-organization": "embedded",
        "openai-processing-ms": "1",
        **_rate_limits(fault.ratelimits),
        **_of_body(written(answer, fault)),
    }
    if isinstance(answer, Refusal):
        headers.update(answer.headers)
    for name, value in headers.items():
        request.setHeader(name, value)


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


def body_chunks(answer: Answer | Refusal, fault: Fault) -> Iterator[bytes]:
    """The body as chunks that a fault can count."""
    out = written(answer, fault)
    if isinstance(out, Events):
        return framed(out, fault)
    blocks = out.blocks if isinstance(out, Binary) else whole_bytes(out)
    return sliced(blocks) if fault.counts else blocks
