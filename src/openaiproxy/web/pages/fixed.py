"""Pages that say the same to everybody, as rows; and what is said to those who want another protocol.

These are what clients look for before they begin, and stand where a port translates; elsewhere their paths are the
upstream's.

* ``/`` is asked for by people, and by Claude Code (``HEAD``), also below a prefix that a base URL has;
* ``/api/hello`` by Claude Code's newer versions, to see whether anybody is there;
* ``/api/claude_cli/bootstrap`` by the same, for models and settings of Anthropic's own; here are none.
"""

from collections.abc import Mapping

from attrs import frozen

from openaiproxy.bridging import Mode
from openaiproxy.errors import BadRequest
from openaiproxy.profile import Profile
from openaiproxy.web.pages.page import NO_STORE, Said, asked_methods
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request

__all__ = ["ROWS", "Row", "refuse_upgrade", "rows_for", "say", "wants_websocket"]

_ROOT = b'{"ok":true,"name":"openaiproxy"}'
_HELLO = b'{"message":"hello"}'
_BOOTSTRAP = b'{"client_data":{},"additional_model_options":[]}'


@frozen
class Row:
    """One page.

    :param path: exactly.
    :param body: JSON.
    :param media: the body's type.
    :param any_method: whether it is said to every method.
    """

    path: bytes
    body: bytes
    media: bytes = b"application/json"
    any_method: bool = False


ROWS = (
    *(
        Row(prefix + path, body)
        for prefix in (b"", b"/anthropic")
        for path, body in (
            (b"/", _ROOT),
            (b"/api/hello", _HELLO),
            (b"/api/claude_cli/bootstrap", _BOOTSTRAP),
        )
    ),
    Row(b"/anthropic", _ROOT),
)

# What stood there before. Its second page of health made a real call for anyone who asked.
SIMPLE_ROWS = (
    Row(
        b"/",
        b"<h1>Hello, World!</h1><div>31.01.2025</div>",
        media=b"text/html; charset=utf-8",
        any_method=True,
    ),
    Row(b"/health2", b'{"ok":true}'),
)


def rows_for(profile: Profile) -> Mapping[bytes, Row]:
    """The pages of a port, by their paths."""
    rows = [] if profile.bridging.mode is Mode.RELAY else list(ROWS)
    if profile.simple is not None:
        rows += SIMPLE_ROWS
    return {row.path: row for row in rows}


def say(row: Row, port: OpenPort, request: Request) -> Said:
    """What a row's page says.

    :raises BadRequest: 405.
    """
    said = Said(200, [(b"Content-Type", row.media), NO_STORE], row.body)
    if row.any_method and request.method != b"OPTIONS":
        return said
    return asked_methods(port, request) or said


def wants_websocket(request: Request) -> bool:
    """Whether a request would rather not be HTTP (RFC 6455, 4.1)."""
    if request.method != b"GET":
        return False
    offered = b",".join(request.requestHeaders.getRawHeaders(b"upgrade", []))
    return any(each.strip().lower() == b"websocket" for each in offered.split(b","))


def refuse_upgrade(port: OpenPort, request: Request) -> Said:
    """What is said to a request for a WebSocket: the same is to be had by HTTP (RFC 9110, 15.5.22).

    :raises BadRequest: 426, always. Codex goes on by HTTP at that, and at nothing else.
    """
    raise BadRequest(
        426,
        "websocket_not_offered",
        "this port offers no WebSocket; use HTTP",
        headers=((b"Upgrade", b"HTTP/1.1"), (b"Connection", b"Upgrade")),
    )
