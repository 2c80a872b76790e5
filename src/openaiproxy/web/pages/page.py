"""A page of our own: answered at once, without a key and without the upstream, and with a line in the log."""

from collections.abc import Callable, Sequence

from attrs import field, frozen
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from openaiproxy.errors import BadRequest
from openaiproxy.web.answers import envelope_for, error_body, error_headers, error_status
from openaiproxy.web.fields import id_fields
from openaiproxy.web.port import OpenPort
from openaiproxy.web.record import Record
from openaiproxy.web.request import Request
from openaiproxy.wire.headers import Field

__all__ = ["Page", "Said"]


@frozen
class Said:
    """What a page says.

    :param code: of its error, if it is one.
    """

    status: int
    fields: Sequence[Field] = ()
    body: bytes = field(default=b"", repr=False)
    code: str | None = None


class Page(Resource):
    """A page.

    :param say: what it says to a request; may raise ``BadRequest``.
    """

    isLeaf = True

    def __init__(self, port: OpenPort, say: Callable[[OpenPort, Request], Said]) -> None:
        super().__init__()
        self._port = port
        self._say = say

    def render(self, request: Request) -> int:
        """Answer, and write the request's line."""
        port = self._port
        record = port.open_record(request)
        try:
            said = self._say(port, request)
        except BadRequest as error:
            said = _refusal(port, request, error, record)
            record.ending = "refused"
        fields = [
            (b"X-Request-Id", record.id.encode("ascii")),
            *id_fields(record, port.profile),
            *port.gate.cors_headers(request.requestHeaders),
            *said.fields,
        ]
        record.status, record.code = said.status, said.code
        request.answer_whole(said.status, fields, said.body)
        record.bytes_out = request.sentLength
        port.write_line(record)
        return NOT_DONE_YET


def _refusal(port: OpenPort, request: Request, error: BadRequest, record: Record) -> Said:
    """An error in the envelope of who asks; our pages are in no profile's contract."""
    version = request.requestHeaders.hasHeader(b"anthropic-version")
    envelope = envelope_for(request.path.decode("latin-1"), version, port.profile)
    body = error_body(error, envelope, record.id, incoming=record.incoming)
    return Said(error_status(error, envelope), error_headers(error, envelope), body, error.code)
