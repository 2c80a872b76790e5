"""The courses for unchanged SDKs: bytes pass, once the caller is let in; and what ``/v1/responses`` looks at first."""

from collections.abc import Sequence
from functools import partial

from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.ops.payloads import UPSTREAM_REQUEST, UPSTREAM_RESPONSE
from openaiproxy.simple.faults import fault_of
from openaiproxy.simple.files import check_files
from openaiproxy.simple.stock import check_media, upstream_stock_fields
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.outgoing import Outgoing
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.flow import Passing
from openaiproxy.web.pump import Pump
from openaiproxy.web.reading import read_body
from openaiproxy.web.simple.admitting import admit, simple_of, wait_as
from openaiproxy.web.simple.answering import refuse, tell_fault
from openaiproxy.web.simple.looking import look_at
from openaiproxy.wire.boundary import Boundary
from openaiproxy.wire.headers import Field
from openaiproxy.wire.json import dumps, loads

__all__ = ["pass_chat", "pass_responses"]

_IDENTITY: Field = (b"Accept-Encoding", b"identity")
_WITHOUT = frozenset((b"accept-encoding",))
_CUT = BadUpstream(502, "upstream_stream_truncated", "the upstream's stream broke off")
_SILENT = BadUpstream(504, "upstream_idle_timeout", "the upstream fell silent within its answer")


_OWN = frozenset(("security_key", "openai_api_key", "anthropic_api_key"))


async def pass_chat(exchange: Exchange, target: bytes) -> None:
    """The course of ``POST /v1/chat/completions``."""
    await _pass(exchange, b"/v1/chat/completions", files=False)


async def pass_responses(exchange: Exchange, target: bytes) -> None:
    """The course of ``POST /v1/responses``."""
    at_most = simple_of(exchange.port.profile).responses_body
    await _pass(exchange, b"/v1/responses", at_most, files=True)


async def _pass(
    exchange: Exchange, path: bytes, at_most: int | None = None, *, files: bool
) -> None:
    headers, profile = exchange.request.requestHeaders, exchange.port.profile
    admit(exchange, status=401)
    sent = [(name, value) for name, values in headers.getAllRawHeaders() for value in values]
    fields = upstream_stock_fields(sent, profile.auth.places)
    check_media(_text(headers.getRawHeaders(b"content-type")))
    seconds = wait_as(exchange, None)
    raw = await read_body(exchange, at_most)
    body = _object(raw)
    if (
        _OWN & body.keys()
    ):  # Keys for this proxy have their place in headers here, and go no further anyhow.
        body = {name: value for name, value in body.items() if name not in _OWN}
        raw = dumps(body)
    masked = check_files(body) if files else False
    stream = body.get("stream") is True
    fields = [each for each in fields if each[0].lower() not in _WITHOUT] + [_IDENTITY]
    piece = exchange.keep(UPSTREAM_REQUEST, [(name, [value]) for name, value in fields])
    exchange.bound(None if stream else seconds)
    answer = await exchange.fetch(b"POST", path, fields, Outgoing(raw, piece))
    if answer.status >= 400:
        await refuse(exchange, answer, masked=masked)
    else:
        await _pass_on(exchange, answer, path.decode("ascii"))


def _object(raw: bytes) -> dict[str, object]:
    if not raw.strip():
        raise BadRequest(400, "bad_request", "Request body is required")
    body = loads(raw, BadRequest)
    if not isinstance(body, dict):
        raise BadRequest(400, "bad_request", "Request body must be a JSON object")
    return body


async def _pass_on(exchange: Exchange, answer: Answer, target: str) -> None:
    """Hand an answer on as it is; a caller is told when a stream broke off."""
    port, streams = exchange.port, answer.media.is_events
    if streams:
        exchange.bound(None)
    piece = exchange.keep(UPSTREAM_RESPONSE, [(name, [value]) for name, value in answer.headers])
    look = look_at(exchange, target, stream=streams)

    tap = look.tap if streams else None  # It is fed by whoever ends the stream.

    def see(data: bytes) -> None:
        if tap is None:
            look.feed(data)
        if piece is not None:
            piece(data)

    told = partial(_told_cut, exchange) if streams else None
    commentable = streams and answer.length is None
    flow = Passing(Boundary() if commentable else None, see, told, tap)
    exchange.open_answer(answer.status, answer.phrase, answer.headers, answer.length)
    pump = Pump(exchange.request, answer, port.clock, exchange.timeouts, flow)
    exchange.pumped(await pump.run())
    look.end()


def _told_cut(exchange: Exchange, ending: str) -> bytes:
    return tell_fault(exchange, fault_of(_SILENT if ending == "timeout-idle" else _CUT))


def _text(values: Sequence[bytes] | None) -> str | None:
    return values[0].decode("latin-1") if values else None
