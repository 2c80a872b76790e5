"""A page of our own: answered without a client key, and with a line in the log.

Most are answered at once. One that has to ask somebody first says so by giving a coroutine, which is cancelled when
the caller leaves. One that has no end until the caller leaves is :class:`Streamed`, through the same pump as every
stream's.
"""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from attrs import field, frozen
from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from openaiproxy.errors import BadRequest, ProxyError
from openaiproxy.profile import Timeouts
from openaiproxy.web.answers import envelope_for, error_body, error_headers, error_status
from openaiproxy.web.fields import id_fields
from openaiproxy.web.flow import Flow
from openaiproxy.web.gate import same_origin
from openaiproxy.web.port import OpenPort
from openaiproxy.web.pump import Pump, Pumped, Source
from openaiproxy.web.record import Record
from openaiproxy.web.request import Request
from openaiproxy.wire.headers import Field
from openaiproxy.wire.json import dumps

__all__ = [
    "NO_STORE",
    "Page",
    "Said",
    "Say",
    "Streamed",
    "asked_methods",
    "json_said",
    "peer_of",
    "refuse_other_sites",
    "values_of",
]

NO_STORE: Field = (b"Cache-Control", b"no-store")
_METHODS = "GET, HEAD, OPTIONS"
_MOST_FIELDS = 32
_log = Logger(namespace="openaiproxy.page")


@frozen
class Said:
    """What a page says.

    :param code: of its error, if it is one.
    """

    status: int
    fields: Sequence[Field] = ()
    body: bytes = field(default=b"", repr=False)
    code: str | None = None


@frozen
class Streamed:
    """What a page goes on saying, as an event stream. That the caller leaves is its end as it should be.

    :param source: where it comes from.
    :param flow: what becomes of it.
    :param timeouts: signs of life, and how long it may stay unread.
    """

    source: Source
    flow: Flow
    timeouts: Timeouts
    fields: Sequence[Field] = ()


Say = Callable[
    [OpenPort, Request],
    "Said | Streamed | Coroutine[Any, Any, Said] | Coroutine[Any, Any, Streamed]",
]


class Page(Resource):
    """A page.

    :param say: what it says to a request; may raise ``ProxyError``.
    :param route: what metrics call it.
    """

    isLeaf = True

    def __init__(self, port: OpenPort, say: Say, route: str = "page") -> None:
        super().__init__()
        self._port = port
        self._say = say
        self._route = route

    def render(self, request: Request) -> int:
        """Answer, and write the request's line."""
        record = self._port.open_record(request)
        record.route = self._route
        try:
            said = self._say(self._port, request)
        except ProxyError as error:
            said = _refused(self._port, request, record, error)
        if isinstance(said, Said | Streamed):
            self._say_it(request, record, said)
        else:
            self._wait(request, record, said)
        return NOT_DONE_YET

    def _say_it(self, request: Request, record: Record, said: Said | Streamed | None) -> None:
        if isinstance(said, Streamed):
            self._stream(request, record, said)
        else:
            self._answer(request, record, said)

    def _wait(
        self, request: Request, record: Record, saying: "Coroutine[Any, Any, Said | Streamed]"
    ) -> None:
        port, waiting = self._port, Deferred.fromCoroutine(saying)
        request.gone().addErrback(lambda _: waiting.cancel())

        def fail(failure: Failure) -> Said | Streamed | None:
            error = failure.value
            if isinstance(error, ProxyError):
                return _refused(port, request, record, error)
            if not isinstance(error, CancelledError):
                _log.failure("a page could not be made", failure=failure)
                broken = ProxyError(500, "internal_error", "the proxy failed to make this page")
                return _refused(port, request, record, broken)
            record.ending = "client-gone"
            return None

        waiting.addErrback(fail)
        waiting.addCallback(lambda said: self._say_it(request, record, said))

    def _answer(self, request: Request, record: Record, said: Said | None) -> None:
        port = self._port
        if said is None or request.channel is None:
            record.ending = "client-gone"
            port.write_line(record)
            return
        record.status, record.code = said.status, said.code
        fields = self._full(request, record, said.fields)
        request.answer_whole(said.status, fields, said.body)
        record.bytes_out = request.sentLength
        port.write_line(record)

    def _full(self, request: Request, record: Record, fields: Sequence[Field]) -> list[Field]:
        """A page's fields, with those that every page has."""
        port, named = self._port, record.id.encode("ascii")
        cors = port.gate.cors_headers(request.requestHeaders)
        return [(b"X-Request-Id", named), *id_fields(record, port.profile), *cors, *fields]

    def _stream(self, request: Request, record: Record, said: Streamed) -> None:
        fields = [(b"Content-Type", b"text/event-stream"), NO_STORE, *said.fields]
        record.status, record.streamed = 200, True
        request.start_answer(200, b"", self._full(request, record, fields), None)
        pump = Pump(request, said.source, self._port.clock, said.timeouts, said.flow)
        pump.run().addCallback(partial(self._streamed, record))
        request.gone().addErrback(lambda _: pump.stopProducing())

    def _streamed(self, record: Record, how: Pumped) -> None:
        record.bytes_out, record.first_byte = how.bytes_out, how.first_byte
        record.ending = how.ending
        self._port.write_line(record)


def asked_methods(port: OpenPort, request: Request) -> Said | None:
    """What is said to a method other than ``GET`` and ``HEAD``; ``None`` to these.

    :raises BadRequest: 405.
    """
    if request.method in (b"GET", b"HEAD"):
        return None
    if request.method == b"OPTIONS":
        headers = port.gate.preflight_headers(request.requestHeaders, _METHODS)
        return Said(port.gate.preflight_status, headers)
    raise BadRequest(
        405,
        "method_not_allowed",
        "this page is for GET",
        headers=((b"Allow", _METHODS.encode("ascii")),),
    )


def json_said(status: int, found: object, code: str | None = None) -> Said:
    """Say something in JSON that nobody keeps."""
    return Said(status, [(b"Content-Type", b"application/json"), NO_STORE], dumps(found), code)


def refuse_other_sites(request: Request) -> None:
    """Refuse a POST that a page of another site may have made a browser send.

    Browsers say where a request is from: in ``Sec-Fetch-Site`` where they trust the connection, else in ``Origin``.

    :raises BadRequest: 403.
    """
    headers = request.requestHeaders
    [site, *_] = headers.getRawHeaders(b"sec-fetch-site", [b"none"])
    [origin, *_] = headers.getRawHeaders(b"origin", [b""])
    [host, *_] = headers.getRawHeaders(b"host", [b""])
    told = headers.hasHeader(b"sec-fetch-site") or not origin
    if not (site in (b"same-origin", b"none") if told else same_origin(origin, host)):
        raise BadRequest(403, "origin_not_allowed", "other sites' pages may not post to this page")


def values_of(query: bytes, name: str) -> list[bytes]:
    """What a query, or a form, gives for a name; nothing where it has more fields than anybody fills in."""
    try:
        found = parse_qs(query.decode("latin-1"), max_num_fields=_MOST_FIELDS, encoding="latin-1")
    except ValueError:
        return []
    return [value.encode("latin-1") for value in found.get(name, [])]


def peer_of(request: Request) -> str:
    """The address that a request comes from."""
    return str(getattr(request.client, "host", "") or "")


def _refused(port: OpenPort, request: Request, record: Record, error: ProxyError) -> Said:
    record.ending = "refused"
    return _refusal(port, request, record, error)


def _refusal(port: OpenPort, request: Request, record: Record, error: ProxyError) -> Said:
    """An error in the envelope of who asks; our pages are in no profile's contract."""
    version = request.requestHeaders.hasHeader(b"anthropic-version")
    envelope = envelope_for(request.path.decode("latin-1"), version, port.profile)
    body = error_body(error, envelope, record.id, incoming=record.incoming)
    return Said(error_status(error, envelope), error_headers(error, envelope), body, error.code)
