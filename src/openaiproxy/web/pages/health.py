"""``GET /health``: the process lives. It touches nothing, needs no key and stands on every port."""

from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET

from openaiproxy.errors import BadRequest
from openaiproxy.web.answers import error_body, error_headers
from openaiproxy.web.fields import REQUEST_ID
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request

__all__ = ["Health"]

_METHODS = b"GET, HEAD, OPTIONS"


class Health(Resource):
    """The page."""

    isLeaf = True

    def __init__(self, port: OpenPort) -> None:
        super().__init__()
        self._port = port

    def render(self, request: Request) -> int:
        """Answer, and write the request's line."""
        headers = request.requestHeaders
        record = self._port.open_record(request)
        fields = [
            (b"X-Request-Id", record.id.encode("ascii")),
            (REQUEST_ID, record.id.encode("ascii")),
            *self._port.gate.cors_headers(headers),
        ]
        if request.method in (b"GET", b"HEAD"):
            record.status, body = 200, b'{"ok":true}'
            fields += [(b"Content-Type", b"application/json"), (b"Cache-Control", b"no-store")]
        elif request.method == b"OPTIONS":
            record.status, body = 204, b""
            fields += self._port.gate.preflight_headers(headers, _METHODS.decode())
        else:
            error = BadRequest(
                405, "method_not_allowed", "health is for GET", headers=((b"Allow", _METHODS),)
            )
            record.status, record.code, record.ending = 405, error.code, "refused"
            body, fields = error_body(error), fields + error_headers(error)
        request.answer_whole(record.status, fields, body)
        record.bytes_out = request.sentLength
        self._port.write_line(record)
        return NOT_DONE_YET
