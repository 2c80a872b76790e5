"""The course of most requests: bytes pass, both ways, as they come."""

from functools import partial

from openaiproxy.codex.completing import Completing
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.hub.events import Fault, FaultKind
from openaiproxy.ops.payloads import UPSTREAM_REQUEST, UPSTREAM_RESPONSE
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.outgoing import Outgoing
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.fields import is_event_stream
from openaiproxy.web.flow import Flow, Passing
from openaiproxy.web.pump import Pump
from openaiproxy.web.reading import read_body
from openaiproxy.web.refusing import refuse_as_it_is
from openaiproxy.web.spending import Spending, spend
from openaiproxy.web.through import Through
from openaiproxy.wire.boundary import Boundary

__all__ = ["pass_on", "relay"]

CUT = "The upstream's answer ended before it was finished."
SILENT = "The upstream fell silent within its answer."


async def relay(exchange: Exchange, target: bytes) -> None:
    """Send the request as it arrives, and its answer likewise.

    :raises ProxyError: before an answer has begun.
    """
    spending = await exchange.port.purse.spending()
    request = exchange.request
    body, headers = request.body, request.requestHeaders
    if spending.is_backend and body.length != 0:
        answer = await _resendable(exchange, target, spending)
    else:
        body.on_progress = exchange.await_first_byte
        body.on_piece = exchange.keep(UPSTREAM_REQUEST, headers.getAllRawHeaders())

        async def send(spending: Spending) -> Answer:
            fields, there = spending.passed(headers), spending.target(target)
            sent = None if body.length == 0 else body
            return await exchange.fetch(request.method, there, fields, sent, spending.client)

        answer = await spend(exchange.port.purse, spending, send, again=body.length == 0)
        body.on_progress = None
    if spending.is_backend and answer.status >= 400:
        await refuse_as_it_is(exchange, spending, answer)
    else:
        await pass_on(exchange, answer)


async def _resendable(exchange: Exchange, target: bytes, spending: Spending) -> Answer:
    """The answer to a request whose body is read here, since it may have to be sent twice. A backend
    that takes a login takes no large ones."""
    request, raw = exchange.request, await read_body(exchange)
    headers = request.requestHeaders

    async def send(spending: Spending) -> Answer:
        fields, there = spending.reread(headers), spending.target(target)
        piece = exchange.keep(UPSTREAM_REQUEST, headers.getAllRawHeaders())
        return await exchange.fetch(
            request.method, there, fields, Outgoing(raw, piece), spending.client
        )

    return await spend(exchange.port.purse, spending, send)


async def pass_on(
    exchange: Exchange,
    answer: Answer,
    dialect: Dialect | None = None,
    completing: Completing | None = None,
) -> None:
    """Hand an answer on as it is.

    :param dialect: the answer's, if it is known: a caller is told in it that an event stream broke off.
    :param completing: makes the last event of a stream whole, where the upstream doesn't.
    """
    port = exchange.port
    # Nothing can be put into a body of a promised length.
    commentable = answer.length is None and is_event_stream(answer.headers)
    piece = exchange.keep(UPSTREAM_RESPONSE, [(name, [value]) for name, value in answer.headers])
    told = None if dialect is None else partial(_told_cut, dialect)
    flow: Flow = Passing(Boundary() if commentable else None, piece, told)
    if completing is not None and commentable:
        flow = Through(completing, flow)
    exchange.open_answer(answer.status, answer.phrase, answer.headers, answer.length)
    pump = Pump(exchange.request, answer, port.clock, port.profile.timeouts, flow)
    exchange.pumped(await pump.run())


def _told_cut(dialect: Dialect, ending: str) -> bytes:
    """The record that ends a stream which broke off upstream."""
    if ending == "timeout-idle":
        fault = Fault(FaultKind.TIMEOUT, SILENT, code="upstream_idle_timeout", status=504)
    else:
        fault = Fault(FaultKind.TRUNCATED, CUT, code="upstream_stream_truncated", status=502)
    return dialect.render_fault_record(fault)
