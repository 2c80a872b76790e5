"""The course of most requests: bytes pass, both ways, as they come."""

from collections.abc import Callable

from openaiproxy.ops.payloads import UPSTREAM_REQUEST, UPSTREAM_RESPONSE
from openaiproxy.upstream.client import Answer
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.fields import is_event_stream, upstream_fields
from openaiproxy.web.flow import Passing
from openaiproxy.web.pump import Pump
from openaiproxy.wire.boundary import Boundary

__all__ = ["pass_on", "relay"]


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


async def pass_on(
    exchange: Exchange, answer: Answer, on_cut: Callable[[str], bytes] | None = None
) -> None:
    """Hand an answer on as it is.

    :param on_cut: the record that tells the caller, in its dialect, that an event stream broke off.
    """
    port = exchange.port
    # Nothing can be put into a body of a promised length.
    commentable = answer.length is None and is_event_stream(answer.headers)
    piece = exchange.keep(UPSTREAM_RESPONSE, [(name, [value]) for name, value in answer.headers])
    flow = Passing(Boundary() if commentable else None, piece, on_cut)
    exchange.open_answer(answer.status, answer.phrase, answer.headers, answer.length)
    pump = Pump(exchange.request, answer, port.clock, port.profile.timeouts, flow)
    exchange.pumped(await pump.run())
