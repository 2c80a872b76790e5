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
from functools import partial
from hashlib import sha256

from attrs import define, evolve, field
from twisted.internet.interfaces import IDelayedCall

from openaiproxy.asking import PATHS, Asking, Attempt
from openaiproxy.codex.completing import Completing
from openaiproxy.codex.refusals import stream_refusal
from openaiproxy.codex.requests import fit_request
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadUpstream, ProxyError
from openaiproxy.hub.events import Fault, FaultKind, Usage
from openaiproxy.learning import Remedy
from openaiproxy.ops.payloads import DOWNSTREAM_RESPONSE, UPSTREAM_REQUEST, UPSTREAM_RESPONSE
from openaiproxy.translation import Answer as Whole
from openaiproxy.translation import Stream, Translation, fault_of
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.gather import gather
from openaiproxy.upstream.outgoing import Outgoing
from openaiproxy.web.exchange import Course, Exchange
from openaiproxy.web.fields import (
    dropped_field,
    translated_answer_fields,
    with_fields,
)
from openaiproxy.web.pump import Pump
from openaiproxy.web.reading import read_body
from openaiproxy.web.refusing import REFUSAL_BYTES, tell_refusal
from openaiproxy.web.relay import pass_on
from openaiproxy.web.spending import Spending, spend
from openaiproxy.web.translated import Beginning, Translated
from openaiproxy.wire.headers import Field

__all__ = ["bridge"]

_JSON, _EVENTS = b"application/json", b"text/event-stream"
#: How an event stream begins, and no JSON does, whatever its upstream calls it.
_EVENT = re.compile(rb"(?:\xef\xbb\xbf)?[\r\n]*(?:data|event|id|retry)?:")
#: Statuses in which an upstream says that a request can't be put that way.
_TEACHING = frozenset((400, 403, 404, 422))
_SESSION = (b"x-claude-code-session-id", b"session-id", b"session_id", b"x-session-id")


def bridge(caller: Dialect) -> Course:
    """The course for one dialect's create call."""

    async def course(exchange: Exchange, target: bytes) -> None:
        raw = await read_body(exchange)
        spending = await exchange.port.purse.spending()
        asking = _asking(exchange, caller, raw, spending)
        crossing = _Crossing(exchange, target, asking, spending)
        try:
            await crossing.run()
        finally:
            crossing.close()

    return course


def _asking(exchange: Exchange, caller: Dialect, raw: bytes, spending: Spending) -> Asking:
    port, headers = exchange.port, exchange.request.requestHeaders
    sessions = [headers.getRawHeaders(name) for name in _SESSION]
    return Asking(
        raw,
        caller=caller,
        profile=spending.profile,
        now=port.now,
        new_id=lambda prefix: prefix + port.make_id()[:24],
        session=next((found[0].decode("utf-8", "replace") for found in sessions if found), None),
        fit=fit_request if spending.is_backend else None,
    )


@define(eq=False)
class _Crossing:
    """One request on its way there, and its answer on its way back.

    :ivar flow: the answer's, where the caller wants a translated stream.
    """

    _exchange: Exchange
    _target: bytes
    _asking: Asking
    _spending: Spending
    _flow: Translated | None = None
    _beats: IDelayedCall | None = None
    _fields: list[Field] = field(factory=list)
    _begun: Beginning = field(factory=Beginning)
    _goes_down: bool = False
    _down: Callable[[bytes], None] | None = None

    async def run(self) -> None:
        """:raises ProxyError: when there is no answer, and none has begun."""
        learnt = self._remembered()
        attempt = self._asking.attempt(learnt)
        answer = await self._send(attempt)
        if answer.status in _TEACHING and (answer.length or 0) <= REFUSAL_BYTES:
            refusal = await self._gather(answer, REFUSAL_BYTES)
            remedy = self._asking.remedy(attempt, answer.status, refusal)
            if remedy is None or remedy in learnt:
                self._refuse(attempt, answer, refusal)
                return
            self._retry(answer.status)
            self._exchange.mark("asked again")
            promised = self._flow is not None
            attempt = self._asking.attempt(learnt | {remedy}, translated=promised)
            answer = await self._send(attempt)
            if answer.status < 400:
                self._remember(remedy)
        passes = attempt.translation is None and not self._spending.is_backend
        if answer.status < 400 or passes:
            await self._deliver(attempt, answer)
        else:
            self._refuse(attempt, answer, await self._gather(answer, REFUSAL_BYTES))

    def _retry(self, status: int) -> None:
        record, port = self._exchange.record, self._exchange.port
        record.retries += 1
        port.events.tell(
            "proxy.request.retry", id=record.id, profile=port.profile.name, number=1, why=status
        )

    def close(self) -> None:
        """Nothing is sent any more."""
        if self._beats is not None and self._beats.active():
            self._beats.cancel()

    # Up.

    def _remembered(self) -> frozenset[Remedy]:
        memory = self._exchange.port.memory
        if memory.blank:
            return frozenset()
        return memory.learnt(self._asking.sent_model, self._credential())

    def _remember(self, remedy: Remedy) -> None:
        self._exchange.port.memory.note(self._asking.sent_model, self._credential(), remedy)

    def _credential(self) -> bytes:
        """What stands for whose key is spent; the key itself is nobody's to keep."""
        spending = self._spending
        return sha256(
            spending.whose(spending.passed(self._exchange.request.requestHeaders))
        ).digest()

    async def _send(self, attempt: Attempt) -> Answer:
        exchange, translation = self._exchange, attempt.translation
        caller = self._asking.caller.name
        upstream = caller if translation is None else translation.upstream.name
        exchange.record.dialects = f"{caller}>{upstream}"
        exchange.mark("planned")
        if translation is not None:
            self._prepare(translation)
            if exchange.record.lines is not None:
                exchange.record.lines.settings = translation.rendered.body
        self._fields = dropped_field(attempt.losses)
        exchange.record.dropped = tuple(loss.path for loss in attempt.losses)

        async def send(spending: Spending) -> Answer:
            self._spending = spending
            target, fields = self._head(attempt, spending)
            if exchange.record.retries:  # Another body is another request.
                fields = [each for each in fields if each[0].lower() != b"idempotency-key"]
            piece = self._kept(UPSTREAM_REQUEST, fields)
            body = Outgoing(attempt.body, piece)
            return await exchange.fetch(
                b"POST", spending.target(target), fields, body, spending.client
            )

        return await spend(exchange.port.purse, self._spending, send)

    def _head(self, attempt: Attempt, spending: Spending) -> tuple[bytes, list[Field]]:
        """What is asked for, and the fields beside it."""
        headers, translation = self._exchange.request.requestHeaders, attempt.translation
        if translation is not None:
            name, stream = translation.upstream.name, bool(translation.rendered.body.get("stream"))
            fields = spending.translated(headers, name, stream=stream)
            return PATHS[name].encode(), fields
        if spending.is_backend:
            return self._target, spending.translated(headers, self._asking.caller.name, stream=True)
        return self._target, spending.reread(headers)

    def _prepare(self, translation: Translation) -> None:
        """Be ready to stream, if that is what the caller wants, and to give signs of life."""
        if not translation.request.stream:
            return
        committed = self._flow is not None and self._flow.committed
        self._begun = Beginning()
        lookers: list[Callable[[bytes], None]] = []
        if self._spending.is_backend:
            lookers.append(self._begun.keep)
        self._flow = Translated(
            translation.stream(),
            translation.caller.keepalive,
            lookers,
            committed=committed,
            on_cut=partial(_cut_by, self._exchange),
        )
        if self._beats is None:
            self._beat_later()

    def _beat_later(self) -> None:
        port = self._exchange.port
        if port.profile.timeouts.keepalive is not None:
            self._beats = port.clock.callLater(port.profile.timeouts.keepalive, self._beat)

    def _beat(self) -> None:
        assert self._flow is not None, "only a stream has beats"
        self._beat_later()
        if not self._flow.committed:
            self._open([])
        beat = self._flow.beat()
        self._see(beat)
        self._put(beat)

    # Down.

    async def _gather(self, answer: Answer, limit: int) -> bytes:
        port = self._exchange.port
        body = await gather(answer, port.clock, limit=limit, idle=port.profile.timeouts.idle)
        self._exchange.work()
        piece = self._kept(UPSTREAM_RESPONSE, answer.headers)
        if piece is not None:
            piece(body)
        return body

    def _kept(self, direction: str, fields: list[Field]) -> Callable[[bytes], None] | None:
        port = self._exchange.port
        if port.payloads is None and port.shelf is None:
            return None
        return self._exchange.keep(direction, [(name, [value]) for name, value in fields])

    def _see(self, data: bytes, media: bytes = _EVENTS) -> None:
        """Keep what goes down, which is something else than what came."""
        if data and not self._goes_down:
            self._goes_down = True
            self._down = self._kept(DOWNSTREAM_RESPONSE, [(b"Content-Type", media)])
        if data and self._down is not None:
            self._down(data)

    async def _deliver(self, attempt: Attempt, answer: Answer) -> None:
        translation, streams = attempt.translation, answer.media.is_events
        if translation is None:
            await self._pass_on(answer, streams)
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
                self._tell(translation, whole, answer.headers, body)

    async def _pass_on(self, answer: Answer, streams: bool) -> None:
        completing = None
        if self._spending.is_backend and streams:
            completing = Completing(self._exchange.port.profile.limits.event)
            answer = evolve(answer, headers=[*answer.headers, *self._fields], length=None)
        await pass_on(self._exchange, answer, self._asking.caller, completing)

    async def _stream(self, flow: Translated, translation: Translation, answer: Answer) -> None:
        exchange, port = self._exchange, self._exchange.port
        self.close()
        flow.show(self._kept(UPSTREAM_RESPONSE, answer.headers))
        if port.payloads is not None or port.shelf is not None:
            flow.told = self._see
        opening = None if flow.committed else lambda: self._open(answer.headers)
        pump = Pump(exchange.request, answer, port.clock, port.profile.timeouts, flow, opening)
        how = await pump.run()
        exchange.pumped(how)
        self._note(flow.stream.usage, flow.stream.fault)
        if not how.opened and flow.stream.fault is not None:
            whole = translation.failure(flow.stream.fault)
            self._tell(translation, whole, answer.headers, self._begun.data)
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
        translation, fields = attempt.translation, answer.headers
        found = self._spending.refusal(answer, body, self._exchange.port.now())
        if translation is None:
            self._note(None, self._asking.caller.parse_fault(answer.status, body))
            tell_refusal(self._exchange, answer, body, found)
            return
        if found is None:
            whole = translation.refusal(answer.status, body)
        else:
            whole, fields = translation.failure(found.fault), with_fields(fields, found.headers)
        self._note(whole.usage, whole.fault)
        if self._flow is None or not self._flow.committed:
            self._answer(whole, fields)
        elif whole.fault is not None:
            self._write(self._flow.stream.take((whole.fault,)))
            self._exchange.request.finish()
        self._exchange.record.ending = "upstream-fault"

    def _tell(
        self, translation: Translation, whole: Whole, fields: list[Field], data: bytes
    ) -> None:
        """Answer with what a stream has come to.

        :param data: the stream, or its beginning, in which a failure may say when it passes.
        """
        if whole.fault is not None and self._spending.is_backend:
            found = stream_refusal(data, self._exchange.port.now())
            if found is not None:
                whole = translation.failure(found.fault)
                fields = with_fields(fields, found.headers)
        self._answer(whole, fields)

    def _answer(self, whole: Whole, fields: list[Field]) -> None:
        self.close()
        self._note(whole.usage, whole.fault)
        full = [*self._made(fields, _JSON), *self._fields]
        self._see(whole.body, _JSON)
        self._exchange.answer(whole.status, full, whole.body)
        if whole.fault is not None:
            self._exchange.record.ending = "upstream-fault"

    def _open(self, fields: list[Field]) -> None:
        """Begin a stream; from here on, whatever goes wrong is told within it."""
        flow = self._flow
        assert flow is not None, "only a stream is opened"
        full = [*self._made(fields, _EVENTS), *self._fields]
        self._exchange.open_answer(200, b"", full, None)

        def tell(error: ProxyError) -> bytes:
            words = flow.stream.take((_fault(error),))
            self._see(words)
            return words

        self._exchange.last_words = tell

    def _made(self, fields: list[Field], media: bytes) -> list[Field]:
        """Fields for a body that was made here. How much of a
        login's limits is used is told to Codex, who speaks Responses, and to nobody else."""
        made = translated_answer_fields(fields, media)
        if not self._spending.is_backend or self._asking.caller is RESPONSES:
            return made
        return [each for each in made if not each[0].lower().startswith(b"x-codex-")]

    def _note(self, usage: Usage | None, fault: Fault | None) -> None:
        record = self._exchange.record
        record.usage = usage or record.usage
        record.note_fault(fault)

    def _write(self, data: bytes) -> None:
        """Write what the upstream's answer has come to."""
        self._see(data)
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


def _cut_by(exchange: Exchange) -> Fault | None:
    """What an exchange was ended by from here, if it was."""
    return None if exchange.error is None else _fault(exchange.error)


def _fault(error: ProxyError) -> Fault:
    """An error of ours, as a fault to tell within a stream."""
    if isinstance(error, BadUpstream):
        return fault_of(error)
    return Fault(FaultKind.SERVER, error.message, code=error.code, status=error.status)
