"""The course of most requests: bytes pass, both ways, as they come."""

from collections.abc import Mapping
from functools import partial

from openaiproxy.asking import DIALECTS, PATHS
from openaiproxy.codex.completing import Completing
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.hub.events import Fault, FaultKind
from openaiproxy.ops.payloads import UPSTREAM_REQUEST, UPSTREAM_RESPONSE
from openaiproxy.passthrough import Tap
from openaiproxy.profile import Limits
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.outgoing import Outgoing
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.fields import Media, media_of
from openaiproxy.web.flow import SHORT, Flow, Passing
from openaiproxy.web.pump import Pump
from openaiproxy.web.reading import read_body
from openaiproxy.web.refusing import refuse_as_it_is
from openaiproxy.web.spending import Spending, spend
from openaiproxy.web.through import Through
from openaiproxy.wire.boundary import Boundary

__all__ = ["pass_on", "relay"]

CUT = "The upstream's answer ended before it was finished."
SILENT = "The upstream fell silent within its answer."
#: Bytes of a whole answer that are held to be looked at. Those of pictures are larger, and tell no more.
_WHOLE_BYTES = 4 << 20
_DIALECTS: Mapping[bytes, Dialect] = {
    path.encode("ascii"): DIALECTS[name] for name, path in PATHS.items()
}


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
        await pass_on(exchange, answer, _dialect(exchange, target), tells_cuts=False)


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
    *,
    tells_cuts: bool = True,
) -> None:
    """Hand an answer on as it is.

    :param dialect: the answer's, if it is known: what it took is read off it, and a caller is told in it that an event
        stream ended before it was finished.
    :param completing: makes the last event of a stream whole, where the upstream doesn't.
    :param tells_cuts: whether that is told of a stream whose connection broke, too. Where not a byte is to differ from
        the upstream's, the broken connection says it; a stream that ends well by HTTP's rules says nothing.
    """
    port, record = exchange.port, exchange.record
    # Nothing can be put into a body of a promised length.
    media = media_of(answer.headers)
    events = media.plain and media.is_events
    commentable = answer.length is None and events
    piece = exchange.keep(UPSTREAM_RESPONSE, ((name, [value]) for name, value in answer.headers))
    told = None
    if dialect is not None:
        told = partial(_told_cut if tells_cuts else _told_short, dialect)
    tap = None if dialect is None else _tap(dialect, answer.status, media, port.profile.limits)
    if dialect is not None:
        record.dialects = f"{dialect.name}>{dialect.name}"
    flow: Flow = Passing(Boundary() if commentable else None, piece, told, tap)
    if completing is not None and commentable:
        flow = Through(completing, flow)
    exchange.open_answer(answer.status, answer.phrase, answer.headers, answer.length)
    pump = Pump(exchange.request, answer, exchange.request.clock, port.profile.timeouts, flow)
    exchange.pumped(await pump.run())
    if tap is not None:
        record.note_seen(tap.seen)
        if record.ending == "complete" and record.fault == "truncated":
            # It was no stream of the dialect after all, or was not looked at whole.
            record.fault = None


def _dialect(exchange: Exchange, target: bytes) -> Dialect | None:
    """The dialect that a relayed request is answered in, where the profile says that its upstream speaks it."""
    found = _DIALECTS.get(target.partition(b"?")[0])
    if found is None or exchange.request.method != b"POST":
        return None
    return found if found.name in exchange.port.profile.upstream.speaks else None


def _tap(dialect: Dialect, status: int, media: Media, limits: Limits) -> Tap | None:
    """Looks on, if the answer can be read. Of a bad one the status says what there is to know."""
    if status >= 400 or not media.plain:
        return None
    if media.is_events:
        return Tap(dialect, stream=True, limit=limits.event)
    if media.type != b"application/json":
        return None
    return Tap(dialect, stream=False, limit=min(limits.answer, _WHOLE_BYTES))


def _told_short(dialect: Dialect, ending: str) -> bytes:
    """The record that ends a stream which nothing else shows to be cut."""
    return _told_cut(dialect, ending) if ending == SHORT else b""


def _told_cut(dialect: Dialect, ending: str) -> bytes:
    """The record that ends a stream which broke off upstream."""
    if ending == "timeout-idle":
        fault = Fault(FaultKind.TIMEOUT, SILENT, code="upstream_idle_timeout", status=504)
    else:
        fault = Fault(FaultKind.TRUNCATED, CUT, code="upstream_stream_truncated", status=502)
    return dialect.render_fault_record(fault)
