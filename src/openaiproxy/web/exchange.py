"""One request's life, from its head to its line in the log.

It is asked (``READING``: who calls, what for, may it), sent, and streamed; it may end in each of these, by the
caller's mistake, by the caller's leaving, by the upstream, by a timer, or by the port's closing. Whoever ends it says
so through :meth:`Exchange.cut` or by raising a :class:`openaiproxy.errors.ProxyError`; the answer, the upstream call
and the log line then follow in one place.
"""

from collections.abc import Callable, Iterable, Sequence

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from openaiproxy.errors import BadUpstream, ProxyError
from openaiproxy.ops.payloads import UPSTREAM_REQUEST, UPSTREAM_RESPONSE
from openaiproxy.ops.payloads import Body as PayloadBody
from openaiproxy.upstream.client import Answer
from openaiproxy.web.answers import Envelope, envelope_for, error_body, error_headers
from openaiproxy.web.fields import REQUEST_ID, answer_fields, is_event_stream, upstream_fields
from openaiproxy.web.port import OpenPort
from openaiproxy.web.pump import Pump
from openaiproxy.web.request import Request
from openaiproxy.wire.boundary import Boundary
from openaiproxy.wire.headers import first
from openaiproxy.wire.target import Target, parse_target

__all__ = ["Exchange"]

_TIMEOUTS = {
    "first_byte": "the upstream did not begin to answer in time",
    "total": "the whole exchange took longer than it may",
}
_log = Logger(namespace="openaiproxy.exchange")


class Exchange:
    """One request and its answer.

    :param request: the caller's; its body may still be arriving.
    :param port: the port that it came to.
    """

    def __init__(self, request: Request, port: OpenPort) -> None:
        self._request = request
        self._port = port
        self._clock = port.clock
        self._envelope = Envelope.OPENAI
        self._cors: list[tuple[bytes, bytes]] = []
        self._running: Deferred[None] | None = None
        self._first_byte: IDelayedCall | None = None
        self._total: IDelayedCall | None = None
        self._payloads: list[PayloadBody] = []
        self._error: ProxyError | None = None
        self._cut: str | None = None
        self._record = port.open_record(request)

    def begin(self) -> None:
        """Start it; it ends by itself."""
        self._request.body.on_failure = self._fail
        self._request.gone().addErrback(lambda _: self.cut("client-gone"))
        self._running = running = Deferred.fromCoroutine(self._run())
        if self._cut is not None or self._error is not None:
            running.cancel()
        running.addErrback(lambda failure: _log.failure("an exchange broke down", failure=failure))

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
            answer = await self._ask()
            if answer is not None:
                await self._stream(answer)
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

    async def _ask(self) -> Answer | None:
        request, port, headers = self._request, self._port, self._request.requestHeaders
        self._cors = port.gate.cors_headers(headers)
        self._envelope = envelope_for(
            request.path.decode("latin-1"), headers.hasHeader(b"anthropic-version")
        )
        if request.uri == b"*" and request.method == b"OPTIONS":
            self._answer_preflight(Target("*"))
            return None
        target = parse_target(request.uri)
        if request.method == b"OPTIONS":
            self._answer_preflight(target)
            return None
        port.gate.check_page(headers)
        upstream_target = port.routing.upstream_target(self._record.method, target)
        self._record.client = port.gate.caller(headers)
        port.admit(self)
        request.body.limit(port.profile.limits.body, port.profile.timeouts.client_body)
        return await self._send(upstream_target)

    def _answer_preflight(self, target: Target) -> None:
        headers = self._port.gate.preflight_headers(
            self._request.requestHeaders, self._port.routing.methods(target.path)
        )
        self._record.status = 204
        self._request.answer_whole(204, [*headers, *self._ids()], b"")

    async def _send(self, target: bytes) -> Answer:
        request, profile = self._request, self._port.profile
        if profile.timeouts.total is not None:
            self._total = self._clock.callLater(profile.timeouts.total, self._timed_out, "total")
        self._await_first_byte()
        request.body.on_progress = self._await_first_byte
        request.body.on_piece = self._keep(
            UPSTREAM_REQUEST, request.requestHeaders.getAllRawHeaders()
        )
        body = None if request.body.length == 0 else request.body
        fields = upstream_fields(request.requestHeaders, profile)
        answer = await self._port.client.fetch(request.method, target, fields, body)
        request.body.on_progress = None
        self._stop_first_byte()
        return answer

    def _await_first_byte(self) -> None:
        """(Re)start the wait for the answer's head: it counts from the last byte that went up."""
        wait = self._port.profile.timeouts.first_byte
        if self._first_byte is None:
            self._first_byte = self._clock.callLater(wait, self._timed_out, "first_byte")
        else:
            self._first_byte.reset(wait)

    def _stop_first_byte(self) -> None:
        if self._first_byte is not None and self._first_byte.active():
            self._first_byte.cancel()
        self._first_byte = None

    def _timed_out(self, which: str) -> None:
        self._fail(BadUpstream(504, f"upstream_{which}_timeout", _TIMEOUTS[which]))

    # Streaming.

    async def _stream(self, answer: Answer) -> None:
        record, profile = self._record, self._port.profile
        record.upstream_status = record.status = answer.status
        record.upstream_id = _text(first(answer.headers, b"x-request-id"))
        fields = answer_fields(answer.headers, self._cors, self._ids())
        # Nothing can be put into a body of a promised length.
        commentable = answer.length is None and is_event_stream(answer.headers)
        boundary = Boundary() if commentable else None
        self._request.start_answer(answer.status, answer.phrase, fields, answer.length)
        piece = self._keep(UPSTREAM_RESPONSE, [(name, [value]) for name, value in answer.headers])
        pump = Pump(self._request, answer, self._clock, profile.timeouts, boundary, piece)
        pumped = await pump.run()
        record.bytes_out, record.first_byte = pumped.bytes_out, pumped.first_byte
        record.ending = pumped.ending

    def _keep(
        self, direction: str, headers: Iterable[tuple[bytes, Sequence[bytes]]]
    ) -> Callable[[bytes], None] | None:
        """Begin an entry in the payload log, where the profile keeps one."""
        if self._port.payloads is None:
            return None
        of = {name.lower(): values[0].decode("latin-1") for name, values in headers}
        media, coding = of.get(b"content-type", ""), of.get(b"content-encoding", "")
        body = self._port.payloads.body(
            direction, self._port.number, self._request.path, media, coding
        )
        self._payloads.append(body)
        return body.feed

    # Ending.

    def _refuse(self, error: ProxyError) -> None:
        """Answer with an error, or break the answer off if one has begun."""
        record, request = self._record, self._request
        record.code, record.ending = error.code, _ending_of(error)
        if request.channel is None:
            return
        if request.startedWriting:
            request.break_off()
            return
        record.status = error.status
        body = error_body(error, self._envelope, record.id, self._port.profile.fixed_errors)
        fields = answer_fields(error_headers(error), self._cors, self._ids())
        request.answer_whole(error.status, fields, body)
        record.bytes_out = request.sentLength

    def _break_off(self) -> None:
        """The exchange was cancelled: answer with its error, if it has one, or let go of the caller."""
        if self._error is not None:
            self._refuse(self._error)
        elif self._request.channel is not None:
            self._request.break_off()
        if self._cut is not None:
            self._record.ending = self._cut

    def _close(self) -> None:
        """Everything that the exchange holds is let go, and its line is written."""
        self._stop_first_byte()
        if self._total is not None and self._total.active():
            self._total.cancel()
        body = self._request.body
        body.on_progress = body.on_failure = body.on_piece = None
        body.stop()
        for payload in self._payloads:
            payload.close()
        self._record.bytes_in, self._record.model = body.received, body.peek.model()
        if self._cut is not None:
            self._record.ending = self._cut
        elif self._error is not None:
            self._record.ending, self._record.code = _ending_of(self._error), self._error.code
        self._port.dismiss(self)
        self._port.write_line(self._record)

    def _ids(self) -> list[tuple[bytes, bytes]]:
        return [(REQUEST_ID, self._record.id.encode("ascii"))]


def _ending_of(error: ProxyError) -> str:
    if error.code.endswith("_timeout"):
        return "timeout-" + error.code.removeprefix("upstream_").removesuffix("_timeout").replace(
            "_", "-"
        )
    return "upstream-failed" if isinstance(error, BadUpstream) else "refused"


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode("latin-1")
