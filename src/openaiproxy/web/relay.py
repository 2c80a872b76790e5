"""The course of most requests: bytes pass, both ways, as they come."""

from functools import partial

from openaiproxy.dialects.dialect import Dialect
from openaiproxy.hub.events import Fault, FaultKind
from openaiproxy.ops.payloads import UPSTREAM_REQUEST, UPSTREAM_RESPONSE
from openaiproxy.upstream.client import Answer
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.fields import is_event_stream, upstream_fields
from openaiproxy.web.flow import Passing
from openaiproxy.web.pump import Pump
from openaiproxy.wire.boundary import Boundary

__all__ = ["pass_on", "relay"]

CUT = "The upstream's answer ended before it was finished."
SILENT = "The upstream fell silent within its answer."


async def relay(exchange: Exchange, target: bytes) -> None:
    """Send the request as it arrives, and its answer likewise.

    :raises ProxyError: before an answer has begun.
    """
    request = exchange.request
    body, headers = request.body, request.requestHeaders
    body.on_progress = exchange.await_first_byte
    body.on_piece = exchange.keep(UPSTREAM_REQUEST, headers.getAllRawHeaders())
    fields = upstream_fields(headers, exchange.port.profile)
    answer = await exchange.fetch(
        request.method, target, fields, None if body.length == 0 else body
    )
    body.on_progress = None
    await pass_on(exchange, answer)


async def pass_on(exchange: Exchange, answer: Answer, dialect: Dialect | None = None) -> None:
    """Hand an answer on as it is.

    :param dialect: the answer's, if it is known: a caller is told in it that an event stream broke off.
    """
    port = exchange.port
    # Nothing can be put into a body of a promised length.
    commentable = answer.length is None and is_event_stream(answer.headers)
    piece = exchange.keep(UPSTREAM_RESPONSE, ((name, [value]) for name, value in answer.headers))
    told = None if dialect is None else partial(_told_cut, dialect)
    flow = Passing(Boundary() if commentable else None, piece, told)
    exchange.open_answer(answer.status, answer.phrase, answer.headers, answer.length)
    pump = Pump(exchange.request, answer, exchange.request.clock, port.profile.timeouts, flow)
    exchange.pumped(await pump.run())


def _told_cut(dialect: Dialect, ending: str) -> bytes:
    """The record that ends a stream which broke off upstream."""
    if ending == "timeout-idle":
        fault = Fault(FaultKind.TIMEOUT, SILENT, code="upstream_idle_timeout", status=504)
    else:
        fault = Fault(FaultKind.TRUNCATED, CUT, code="upstream_stream_truncated", status=502)
    return dialect.render_fault_record(fault)
