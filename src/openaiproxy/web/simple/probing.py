"""Two courses that ask no upstream: the stream that tests the hops to the caller, and the port's own state."""

from urllib.parse import parse_qsl

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall

from openaiproxy.errors import BadRequest
from openaiproxy.simple.pretty import pretty
from openaiproxy.simple.probe import Probe, parse_probe
from openaiproxy.simple.runtime import runtime_body
from openaiproxy.web.admin import bearer_tokens
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.pages.page import peer_of
from openaiproxy.web.simple.admitting import admit
from openaiproxy.web.simple.asking import read_request
from openaiproxy.wire.headers import Field
from openaiproxy.wire.json import loads

__all__ = ["probe", "show_runtime"]

_EVENTS: Field = (b"Content-Type", b"text/event-stream")
_JSON: Field = (b"Content-Type", b"application/json")


async def probe(exchange: Exchange, target: bytes) -> None:
    """The course of ``POST /openai2/diagnostics/sse-cap``."""
    own, body, _ = await read_request(exchange, target)
    admit(exchange, own)
    asked = parse_probe(body)
    exchange.bound(None)
    exchange.open_answer(200, b"", [_EVENTS, *asked.fields], None)
    exchange.request.flush()
    probing = _Probing(exchange, asked)
    try:
        await probing.run()
    finally:
        probing.stop()


@define(eq=False)
class _Probing:
    """One such stream."""

    _exchange: Exchange
    _probe: Probe
    _beats: LoopingCall | None = None
    _begun: float = 0.0
    _number: int = field(default=0)

    async def run(self) -> None:
        clock = self._exchange.port.clock
        self._begun = clock.seconds()
        self._beats = LoopingCall(self._beat)
        self._beats.clock = clock
        self._beats.start(self._probe.interval, now=False)
        done: Deferred[None] = Deferred(lambda _: later.cancel())
        later = clock.callLater(self._probe.duration, done.callback, None)
        await done
        self.stop()
        self._write(self._probe.end())
        self._exchange.request.finish()

    def stop(self) -> None:
        if self._beats is not None and self._beats.running:
            self._beats.stop()

    def _beat(self) -> None:
        self._number += 1
        elapsed = self._exchange.port.clock.seconds() - self._begun
        self._write(self._probe.beat(self._number, elapsed))

    def _write(self, data: bytes) -> None:
        record, request = self._exchange.record, self._exchange.request
        if request.channel is not None and data:
            record.first_byte = record.first_byte or self._exchange.port.clock.seconds()
            record.bytes_out += len(data)
            request.write(data)


async def show_runtime(exchange: Exchange, target: bytes) -> None:
    """The course of ``GET /debug/runtime``."""
    port = exchange.port
    query = dict(parse_qsl(target.partition(b"?")[2].decode("ascii")))
    shown = query.get("access_token", "").encode("utf-8", "surrogatepass")
    try:
        headers = exchange.request.requestHeaders
        port.admin.check(peer_of(exchange.request), [shown, *bearer_tokens(headers)])
    except BadRequest as error:
        # As ever; only who has tried too often is told so.
        raise BadRequest(403, "forbidden", "Forbidden") if error.status == 401 else error from None
    body = pretty(loads(runtime_body(port.profile, port.running)))
    exchange.answer(200, [_JSON, (b"Cache-Control", b"no-store")], body)
