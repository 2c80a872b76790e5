"""The course of a request to one of the three create calls, on a port that translates.

The body is read, and put to the upstream as :mod:`openaiproxy.asking` says: in the caller's own bytes or in another
dialect, and a second time if the refusal names a remedy. Then its answer goes down:

=================  ==================================  ==========================================
caller wants       upstream streams                    upstream answers whole
=================  ==================================  ==========================================
a stream           translated as it comes              replayed as a stream
a whole answer     collected                           translated
=================  ==================================  ==========================================

A caller who wants a stream gets signs of life while the upstream is silent, also before it has begun to answer.
"""

import re
from collections.abc import Callable
from hashlib import sha256

from attrs import define, field
from twisted.internet.task import LoopingCall

from openaiproxy.asking import PATHS, Asking, Attempt
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.errors import BadUpstream, ProxyError
from openaiproxy.hub.events import Fault, FaultKind, Usage
from openaiproxy.learning import Remedy
from openaiproxy.ops.payloads import UPSTREAM_REQUEST, UPSTREAM_RESPONSE
from openaiproxy.translation import Answer as Whole
from openaiproxy.translation import Stream, Translation, fault_of
from openaiproxy.upstream.client import Answer
from openaiproxy.web.exchange import Course, Exchange
from openaiproxy.web.fields import (
    dropped_field,
    is_event_stream,
    reread_fields,
    translated_answer_fields,
    translated_fields,
)
from openaiproxy.web.gather import gather
from openaiproxy.web.outgoing import Outgoing
from openaiproxy.web.pump import Pump
from openaiproxy.web.reading import read_body
from openaiproxy.web.relay import pass_on
from openaiproxy.web.translated import Translated
from openaiproxy.wire.headers import Field

__all__ = ["bridge"]

_JSON, _EVENTS = b"application/json", b"text/event-stream"
_REFUSAL_BYTES = 1 << 20
#: How an event stream begins, and no JSON does, whatever its upstream calls it.
_EVENT = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*(?:data|event|id|retry)?:")
#: Statuses in which an upstream says that a request can't be put that way.
_TEACHING = frozenset((400, 403, 404, 422))
_SESSION = ("x-claude-code-session-id", "session-id", "session_id", "x-session-id")


def bridge(caller: Dialect) -> Course:
    """The course for one dialect's create call."""

    async def course(exchange: Exchange, target: bytes) -> None:
        raw = await read_body(exchange)
        crossing = _Crossing(exchange, target, _asking(exchange, caller, raw))
        try:
            await crossing.run()
        finally:
            crossing.close()

    return course


def _asking(exchange: Exchange, caller: Dialect, raw: bytes) -> Asking:
    port, headers = exchange.port, exchange.request.requestHeaders
    sessions = [headers.getRawHeaders(name) for name in _SESSION]
    return Asking(
        raw,
        caller=caller,
        profile=port.profile,
        now=port.now,
        new_id=lambda prefix: prefix + port.make_id()[:24],
        session=next((found[0] for found in sessions if found), None),
    )


@define(eq=False)
class _Crossing:
    """One request on its way there, and its answer on its way back.

    :ivar flow: the answer's, where the caller wants a translated stream.
    """

    _exchange: Exchange
    _target: bytes
    _asking: Asking
    _flow: Translated | None = None
    _beats: LoopingCall | None = None
    _fields: list[Field] = field(factory=list)

    async def run(self) -> None:
        """:raises ProxyError: when there is no answer, and none has begun."""
        learnt = self._remembered()
        attempt = self._asking.attempt(learnt)
        answer = await self._send(attempt)
        if answer.status in _TEACHING:
            refusal = await self._gather(answer, _REFUSAL_BYTES)
            remedy = self._asking.remedy(attempt, answer.status, refusal)
            if remedy is None or remedy in learnt:
                self._refuse(attempt, answer, refusal)
                return
            self._remember(remedy)
            self._exchange.record.retries += 1
            self._exchange.mark("asked again")
            attempt = self._asking.attempt(learnt | {remedy})
            answer = await self._send(attempt)
        if answer.status < 400 or attempt.translation is None:
            await self._deliver(attempt, answer)
        else:
            self._refuse(attempt, answer, await self._gather(answer, _REFUSAL_BYTES))

    def close(self) -> None:
        """Nothing is sent any more."""
        if self._beats is not None and self._beats.running:
            self._beats.stop()

    # Up.

    def _remembered(self) -> frozenset[Remedy]:
        return self._exchange.port.memory.learnt(self._asking.model, self._credential())

    def _remember(self, remedy: Remedy) -> None:
        self._exchange.port.memory.note(self._asking.model, self._credential(), remedy)

    def _credential(self) -> bytes:
        """What stands for whose key is spent; the key itself is nobody's to keep."""
        spent = reread_fields(self._exchange.request.requestHeaders, self._exchange.port.profile)
        keys = [value for name, value in spent if name.lower() in (b"authorization", b"x-api-key")]
        return sha256(b"\0".join(keys)).digest()

    async def _send(self, attempt: Attempt) -> Answer:
        exchange, translation = self._exchange, attempt.translation
        caller = self._asking.caller.name
        upstream = caller if translation is None else translation.upstream.name
        exchange.record.dialects = f"{caller}>{upstream}"
        exchange.mark("planned")
        headers, profile = exchange.request.requestHeaders, exchange.port.profile
        if translation is None:
            target, fields = self._target, reread_fields(headers, profile)
        else:
            self._prepare(translation)
            self._fields = dropped_field(attempt.losses)
            exchange.record.dropped = tuple(loss.path for loss in attempt.losses)
            name, stream = translation.upstream.name, bool(translation.rendered.body.get("stream"))
            target = PATHS[name].encode()
            fields = translated_fields(headers, profile, name, stream=stream)
        piece = exchange.keep(UPSTREAM_REQUEST, [(name, [value]) for name, value in fields])
        return await exchange.fetch(b"POST", target, fields, Outgoing(attempt.body, piece))

    def _prepare(self, translation: Translation) -> None:
        """Be ready to stream, if that is what the caller wants, and to give signs of life."""
        if not translation.request.stream:
            return
        committed = self._flow is not None and self._flow.committed
        self._flow = Translated(
            translation.stream(),
            translation.caller.keepalive,
            committed=committed,
            on_cut=self._why,
        )
        wait = self._exchange.port.profile.timeouts.keepalive
        if self._beats is None and wait is not None:
            self._beats = LoopingCall(self._beat)
            self._beats.clock = self._exchange.port.clock
            self._beats.start(wait, now=False)

    def _why(self) -> Fault | None:
        error = self._exchange.error
        return None if error is None else _fault(error)

    def _beat(self) -> None:
        assert self._flow is not None, "only a stream has beats"
        if not self._flow.committed:
            self._open([])
        self._put(self._flow.beat())

    # Down.

    async def _gather(self, answer: Answer, limit: int) -> bytes:
        port = self._exchange.port
        body = await gather(answer, port.clock, limit=limit, idle=port.profile.timeouts.idle)
        self._exchange.work()
        piece = self._keep(answer)
        if piece is not None:
            piece(body)
        return body

    def _keep(self, answer: Answer) -> Callable[[bytes], None] | None:
        """Where the upstream's bytes are kept, if they are."""
        headers = [(name, [value]) for name, value in answer.headers]
        return self._exchange.keep(UPSTREAM_RESPONSE, headers)

    async def _deliver(self, attempt: Attempt, answer: Answer) -> None:
        translation, streams = attempt.translation, is_event_stream(answer.headers)
        if translation is None:
            await pass_on(self._exchange, answer, self._asking.caller)
        elif self._flow is not None and streams:
            await self._stream(self._flow, translation, answer)
        else:
            limit = self._exchange.port.profile.limits.answer
            body = await self._gather(answer, limit)
            streamed = _EVENT.match(body) is not None
            if self._flow is not None:
                stream = self._flow.stream
                data = _fed(stream, body) if streamed else translation.replay(body, stream)
                self._replay(self._flow, translation, answer, data)
            else:
                whole = translation.collect(body) if streamed else translation.reply(body)
                self._answer(whole, answer.headers)

    async def _stream(self, flow: Translated, translation: Translation, answer: Answer) -> None:
        exchange, port = self._exchange, self._exchange.port
        self.close()
        flow.show(self._keep(answer))
        opening = None if flow.committed else lambda: self._open(answer.headers)
        pump = Pump(exchange.request, answer, port.clock, port.profile.timeouts, flow, opening)
        how = await pump.run()
        exchange.pumped(how)
        self._note(flow.stream.usage, flow.stream.fault)
        if not how.opened and flow.stream.fault is not None:
            self._answer(translation.failure(flow.stream.fault), answer.headers)
            exchange.record.ending = how.ending

    def _replay(
        self, flow: Translated, translation: Translation, answer: Answer, data: bytes
    ) -> None:
        fault = flow.stream.fault
        self._note(flow.stream.usage, fault)
        if fault is not None and not flow.committed and not flow.stream.begun:
            self._answer(translation.failure(fault), answer.headers)
            return
        if not flow.committed:
            self._open(answer.headers)
        self._write(data)
        self._exchange.request.finish()
        self._exchange.record.ending = "complete" if fault is None else "upstream-fault"

    def _refuse(self, attempt: Attempt, answer: Answer, body: bytes) -> None:
        """The upstream's refusal, in the caller's dialect."""
        translation = attempt.translation
        if translation is None:
            self._note(None, self._asking.caller.parse_fault(answer.status, body))
            self._exchange.answer(answer.status, answer.headers, body)
            return
        whole = translation.refusal(answer.status, body)
        self._note(whole.usage, whole.fault)
        if self._flow is None or not self._flow.committed:
            self._answer(whole, answer.headers)
        elif whole.fault is not None:
            self._write(self._flow.stream.take((whole.fault,)))
            self._exchange.request.finish()
        self._exchange.record.ending = "upstream-fault"

    def _answer(self, whole: Whole, fields: list[Field]) -> None:
        self.close()
        self._note(whole.usage, whole.fault)
        full = [*translated_answer_fields(fields, _JSON), *self._fields]
        self._exchange.answer(whole.status, full, whole.body)
        if whole.fault is not None:
            self._exchange.record.ending = "upstream-fault"

    def _open(self, fields: list[Field]) -> None:
        """Begin a stream; from here on, whatever goes wrong is told within it."""
        flow = self._flow
        assert flow is not None, "only a stream is opened"
        full = [*translated_answer_fields(fields, _EVENTS), *self._fields]
        self._exchange.open_answer(200, b"", full, None)
        self._exchange.last_words = lambda error: flow.stream.take((_fault(error),))

    def _note(self, usage: Usage | None, fault: Fault | None) -> None:
        record = self._exchange.record
        record.usage = usage or record.usage
        record.note_fault(fault)

    def _write(self, data: bytes) -> None:
        """Write what the upstream's answer has come to."""
        record, now = self._exchange.record, self._exchange.port.clock.seconds()
        self._put(data)
        record.rest(now)
        record.first_byte = record.first_byte or now

    def _put(self, data: bytes) -> None:
        request = self._exchange.request
        if request.channel is not None and data:
            self._exchange.record.bytes_out += len(data)
            request.write(data)


def _fed(stream: Stream, body: bytes) -> bytes:
    return stream.feed(body) + stream.eof()


def _fault(error: ProxyError) -> Fault:
    """An error of ours, as a fault to tell within a stream."""
    if isinstance(error, BadUpstream):
        return fault_of(error)
    return Fault(FaultKind.SERVER, error.message, code=error.code, status=error.status)
