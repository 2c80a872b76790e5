"""One request's life, from its head to its line in the log.

It is asked (who calls, what for, may it), takes its course, and ends: by the course, by the caller's mistake, by the
caller's leaving, by the upstream, by a timer, or by the port's closing. Whoever ends it says so through
:meth:`Exchange.cut` or by raising a :class:`openaiproxy.errors.ProxyError`; the answer, the upstream call and the log
line then follow in one place.

A *course* is how one kind of request is served: relayed, translated, answered from what is known. It is a coroutine
that is given the exchange and the target to ask the upstream for.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.web.iweb import IBodyProducer

from openaiproxy.codex.limits import header_limits
from openaiproxy.errors import BadUpstream, ProxyError
from openaiproxy.ops.payloads import Body as PayloadBody
from openaiproxy.ops.routes import route_of
from openaiproxy.upstream.client import Answer, UpstreamClient
from openaiproxy.web.answers import Envelope, envelope_for, error_body, error_headers, error_status
from openaiproxy.web.fields import answer_fields, id_fields, media_of
from openaiproxy.web.port import OpenPort
from openaiproxy.web.pump import Pumped
from openaiproxy.web.request import Request
from openaiproxy.wire.headers import Field, first
from openaiproxy.wire.target import Target, parse_target

__all__ = ["Course", "Exchange", "FindCourse"]

_TIMEOUTS = {
    "first_byte": "the upstream did not begin to answer in time",
    "total": "the whole exchange took longer than it may",
    "deadline": "the upstream's answer took longer than it may",
}
_log = Logger(namespace="openaiproxy.exchange")


class Exchange:
    """One request and its answer.

    :param request: the caller's; its body may still be arriving.
    :param port: the port that it came to.
    :param find_course: the course that a request takes, by port, method and the target for the upstream.
    :ivar timeouts: how long its waits may last: the profile's, unless its course knows better.
    :ivar beside: fields that its course wants on any answer, an error's included.
    :ivar last_words: what ends an answer that has begun, in the caller's dialect, when it fails here; without it, it
        is left visibly unfinished.
    """

    def __init__(self, request: Request, port: OpenPort, find_course: "FindCourse") -> None:
        self.request = request
        self.port = port
        self.record = port.open_record(request)
        self.timeouts = port.profile.timeouts
        self.beside: list[Field] = []
        self.last_words: Callable[[ProxyError], bytes] | None = None
        self._find_course = find_course
        self._cors: list[Field] = []
        self._running: Deferred[None] | None = None
        self._first_byte: IDelayedCall | None = None
        self._total: IDelayedCall | None = None
        self._payloads: list[PayloadBody] = []
        self._error: ProxyError | None = None
        self._cut: str | None = None

    def begin(self) -> None:
        """Start it; it ends by itself."""
        self.request.body.on_failure = self._fail
        self.request.on_gone = partial(self.cut, "client-gone")
        self._running = running = Deferred.fromCoroutine(self._run())
        if self._cut is not None or self._error is not None:
            running.cancel()
        running.addErrback(lambda failure: _log.failure("an exchange broke down", failure=failure))

    @property
    def error(self) -> ProxyError | None:
        """What it failed for, if it did."""
        return self._error

    def cut(self, ending: str) -> None:
        """End it now, without an answer: the caller is gone, or the port closes."""
        if self._cut is None:
            self._cut = ending
            if self._running is not None:
                self._running.cancel()

    def _fail(self, error: ProxyError) -> None:
        """End it now, with this answer if none has begun."""
        if self._error is None:
            self._error = error
            if self._running is not None:
                self._running.cancel()

    async def _run(self) -> None:
        try:
            await self._ask()
        except ProxyError as error:
            if self._error is None and self._cut is None:
                self._refuse(error)
            else:
                # What was cancelled may fail with an error of its own; the reason to cancel it stands.
                self._break_off()
        except CancelledError:
            self._break_off()
        except Exception:
            _log.failure("a request could not be handled")
            self._refuse(
                ProxyError(500, "internal_error", "the proxy failed to handle this request")
            )
        finally:
            self._close()

    # Asking.

    async def _ask(self) -> None:
        request, port, headers = self.request, self.port, self.request.requestHeaders
        self._cors = port.gate.cors_headers(headers)
        if request.uri == b"*" and request.method == b"OPTIONS":
            self._answer_preflight(Target("*"))
            return
        target = parse_target(request.uri)
        if request.method == b"OPTIONS":
            self._answer_preflight(target)
            return
        port.gate.check_page(headers)
        upstream_target = port.routing.upstream_target(self.record.method, target)
        self.record.route = route_of(upstream_target.decode("latin-1"))
        if port.profile.simple is None:
            self.record.client = port.gate.caller(headers)
            port.ration(self.record)
        port.admit(self)
        port.announce(self.record)
        request.body.limit(port.profile.limits.body, self.timeouts.client_body)
        if self.timeouts.total is not None:
            self._total = request.clock.callLater(self.timeouts.total, self._timed_out, "total")
        await self._find_course(port, request, upstream_target)(self, upstream_target)

    def _answer_preflight(self, target: Target) -> None:
        headers = self.port.gate.preflight_headers(
            self.request.requestHeaders, self.port.routing.methods(target.path)
        )
        self.record.status = self.port.gate.preflight_status
        self.request.answer_whole(self.record.status, [*headers, *self._ids()], b"")

    # For the courses.

    async def fetch(
        self,
        method: bytes,
        target: bytes,
        fields: Sequence[Field],
        body: IBodyProducer | None,
        client: UpstreamClient | None = None,
    ) -> Answer:
        """Ask the upstream, and wait for the head of its answer as long as the profile allows.

        :param client: another way than the port's usual one.
        :raises BadUpstream: when there is none.
        """
        record, clock = self.record, self.port.clock
        record.rest(clock.seconds())
        self.mark("sent")
        self.await_first_byte()
        try:
            answer = await (client or self.port.client).fetch(method, target, fields, body)
        finally:
            self._stop_first_byte()
        self.mark(f"upstream head {answer.status}")
        if record.waited is None and record.sent is not None:
            record.waited = clock.seconds() - record.sent
        record.upstream_status = answer.status
        record.upstream_id = _text(first(answer.headers, b"x-request-id"))
        metrics, name = self.port.watch.metrics, self.port.profile.name
        metrics.note_left(name, answer.headers)
        if self.port.login is not None:
            metrics.note_used(name, header_limits(answer.headers))
        return answer

    def work(self) -> None:
        """Note that everything is at hand: time is the proxy's own until somebody is asked or answered."""
        self.record.work(self.port.clock.seconds())

    def mark(self, word: str) -> None:
        """Note that something happened, for who looks at this request."""
        self.record.mark(word, self.port.clock.seconds())

    def await_first_byte(self) -> None:
        """(Re)start the wait for the answer's head: it counts from the last byte that went up."""
        wait, body = self.timeouts.first_byte, self.request.body
        if self.record.lines is not None and body.whole:
            self.record.lines.start(body.peek.model(), body.received)
        self.record.sent = self.port.clock.seconds()
        if self._first_byte is None:
            self._first_byte = self.request.clock.callLater(wait, self._timed_out, "first_byte")
        else:
            self._first_byte.reset(wait)

    def bound(self, seconds: float | None) -> None:
        """Give the exchange so long from now on, in place of all that it was given before.

        :param seconds: ``None`` for no end.
        """
        self._stop_total()
        if seconds is not None:
            self._total = self.port.clock.callLater(seconds, self._timed_out, "deadline")

    def open_answer(
        self, status: int, phrase: bytes, fields: Iterable[Field], length: int | None
    ) -> None:
        """Begin to answer the caller.

        :param fields: end-to-end ones; ours are added.
        """
        self.record.status = status
        fields = list(fields)
        self.record.streamed = streamed = media_of(fields).is_events
        full = answer_fields(fields, self._cors, self._ids(), streamed=streamed)
        self.request.start_answer(status, phrase, full, length)

    def answer(self, status: int, fields: Iterable[Field], body: bytes) -> None:
        """Answer the caller with a body that is at hand."""
        self.record.status = status
        fields = list(fields)
        streamed = media_of(fields).is_events
        full = answer_fields(fields, self._cors, self._ids(), streamed=streamed)
        self.request.answer_whole(status, full, body)
        self.record.first_byte = now = self.port.clock.seconds()
        self.record.rest(now)
        self.record.bytes_out = self.request.sentLength

    def pumped(self, how: Pumped) -> None:
        """Note how an answer went down."""
        record = self.record
        record.bytes_out += how.bytes_out
        record.ending = how.ending
        record.own += how.held
        record.first_byte = record.first_byte or how.first_byte

    def keep(
        self, direction: str, headers: Iterable[tuple[bytes, Sequence[bytes]]]
    ) -> Callable[[bytes], None] | None:
        """Begin an entry in the payload log and among the last bodies, where the profile keeps them."""
        log, shelf = self.port.payloads, self.port.shelf
        if log is None and shelf is None:
            return None
        of = {name.lower(): values[0].decode("latin-1") for name, values in headers}
        media, coding = of.get(b"content-type", ""), of.get(b"content-encoding", "")
        bodies = []
        if log is not None:
            number, path = self.port.number, self.request.path
            bodies.append(log.body(direction, number, path, media, coding))
        if shelf is not None:
            bodies.append(shelf.body(self.record.bodies.append, direction, media, coding))
        self._payloads += bodies
        return bodies[0].feed if len(bodies) == 1 else partial(_feed_all, bodies)

    def _stop_first_byte(self) -> None:
        if self._first_byte is not None and self._first_byte.active():
            self._first_byte.cancel()
        self._first_byte = None

    def _stop_total(self) -> None:
        if self._total is not None and self._total.active():
            self._total.cancel()

    def _timed_out(self, which: str) -> None:
        self._fail(BadUpstream(504, f"upstream_{which}_timeout", _TIMEOUTS[which]))

    # Ending.

    def _refuse(self, error: ProxyError) -> None:
        """Answer with an error, or break the answer off if one has begun."""
        record, request = self.record, self.request
        record.code, record.ending = error.code, _ending_of(error)
        if request.channel is None:
            return
        if not request.startedWriting:
            envelope, fixed = self._envelope(), self.port.profile.fixed_errors
            body = error_body(error, envelope, record.id, fixed, record.incoming)
            self.answer(error_status(error, envelope), error_headers(error, envelope), body)
        elif self.last_words is None:
            request.break_off()
        else:
            words = self.last_words(error)
            record.bytes_out += len(words)
            request.write(words)
            request.finish()

    def _envelope(self) -> Envelope:
        """What the caller expects an error in."""
        request = self.request
        anthropic = request.requestHeaders.hasHeader(b"anthropic-version")
        return envelope_for(request.path.decode("latin-1"), anthropic, self.port.profile)

    def _break_off(self) -> None:
        """The exchange was cancelled: answer with its error, if it has one, or let go of the caller."""
        if self._error is not None:
            self._refuse(self._error)
        elif self.request.channel is not None:
            self.request.break_off()
        if self._cut is not None:
            self.record.ending = self._cut

    def _close(self) -> None:
        """Everything that the exchange holds is let go, and its line is written."""
        self._stop_first_byte()
        self._stop_total()
        body = self.request.body
        body.on_progress = body.on_failure = body.on_piece = None
        self.request.on_gone = self.last_words = None
        body.stop()
        for payload in self._payloads:
            payload.close()
        self.record.read = body.ended if body.received else None
        self.record.bytes_in = body.received
        self.record.model = body.peek.model() or self.record.model
        if self._cut is not None:
            self.record.ending = self._cut
        elif self._error is not None:
            self.record.ending, self.record.code = _ending_of(self._error), self._error.code
        self.port.dismiss(self)
        self.port.write_line(self.record)

    def _ids(self) -> list[tuple[bytes, bytes]]:
        return [*id_fields(self.record, self.port.profile), *self.beside]


def _ending_of(error: ProxyError) -> str:
    if error.code.endswith("_timeout"):
        return "timeout-" + error.code.removeprefix("upstream_").removesuffix("_timeout").replace(
            "_", "-"
        )
    return "upstream-failed" if isinstance(error, BadUpstream) else "refused"


def _feed_all(bodies: Iterable[PayloadBody], data: bytes) -> None:
    for body in bodies:
        body.feed(data)


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")


Course = Callable[[Exchange, bytes], Awaitable[None]]
FindCourse = Callable[[OpenPort, Request, bytes], Course]
