"""What becomes of the upstream's answer to a simplified endpoint: read whole and told, streamed, or refused."""

from collections.abc import Callable
from functools import partial

from openaiproxy.ops.payloads import DOWNSTREAM_RESPONSE, UPSTREAM_RESPONSE
from openaiproxy.simple.endpoints import Endpoint
from openaiproxy.simple.faults import Fault, fault_body, fault_record, refusal_of
from openaiproxy.simple.frames import Frames
from openaiproxy.simple.replies import kept_fields, tell
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.gather import gather
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.pump import Pump
from openaiproxy.web.simple.framed import Framed
from openaiproxy.web.simple.looking import Look, look_at
from openaiproxy.wire.headers import Field, first

__all__ = ["answer_with", "refuse", "tell_fault"]

_JSON: Field = (b"Content-Type", b"application/json")
_EVENTS: Field = (b"Content-Type", b"text/event-stream")
_REFUSAL_BYTES = 1 << 20


async def answer_with(
    exchange: Exchange, answer: Answer, endpoint: Endpoint | None, target: str
) -> None:
    """Answer the caller.

    :param endpoint: what was asked; ``None`` for a transcription.
    :param target: what the upstream was asked for.
    """
    if answer.status >= 400:
        await refuse(exchange, answer)
    elif answer.media.is_events:
        await _stream(exchange, answer, look_at(exchange, target, stream=True))
    else:
        body = await _gather(exchange, answer, exchange.port.profile.limits.answer)
        look = look_at(exchange, target, stream=False)
        look.feed(body)
        look.end()
        media = _text(first(answer.headers, b"content-type"))
        told = tell(endpoint, body, media, exchange.port.make_id())
        if endpoint is not None and endpoint.tell is not None:
            _keep_told(exchange, _JSON)(told)
        exchange.answer(answer.status, [*kept_fields(answer.headers), _JSON], told)


async def refuse(exchange: Exchange, answer: Answer, *, masked: bool = False) -> None:
    """Tell the upstream's refusal, with its status.

    :param masked: whether its words are withheld.
    """
    body = await _gather(exchange, answer, _REFUSAL_BYTES)
    fault = refusal_of(answer.status, body, exchange.record.upstream_id, masked=masked)
    data = fault_body(fault, exchange.record.id, exchange.record.incoming)
    exchange.answer(answer.status, [*kept_fields(answer.headers), _JSON], data)
    exchange.record.ending = "upstream-fault"


async def _gather(exchange: Exchange, answer: Answer, limit: int) -> bytes:
    idle = exchange.timeouts.idle
    body = await gather(answer, exchange.port.clock, limit=limit, idle=idle)
    piece = exchange.keep(UPSTREAM_RESPONSE, [(name, [value]) for name, value in answer.headers])
    if piece is not None:
        piece(body)
    return body


def tell_fault(exchange: Exchange, fault: Fault) -> bytes:
    """An error as an event of this exchange."""
    return fault_record(fault, exchange.record.id, exchange.record.incoming)


async def _stream(exchange: Exchange, answer: Answer, look: Look) -> None:
    port = exchange.port
    exchange.bound(None)
    piece = exchange.keep(UPSTREAM_RESPONSE, [(name, [value]) for name, value in answer.headers])
    frames = Frames(
        partial(tell_fault, exchange), port.profile.limits.event, exchange.record.upstream_id
    )
    exchange.open_answer(200, b"", [*kept_fields(answer.headers), _EVENTS], None)
    flow = Framed(frames, look, piece, _keep_told(exchange, _EVENTS))
    pump = Pump(exchange.request, answer, port.clock, exchange.timeouts, flow)
    exchange.pumped(await pump.run())
    look.end()


def _keep_told(exchange: Exchange, media: Field) -> Callable[[bytes], None]:
    """Keep what the caller gets, where that is another body than the upstream's."""
    name, value = media
    return exchange.keep(DOWNSTREAM_RESPONSE, [(name, [value])]) or (lambda data: None)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
