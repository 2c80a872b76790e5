"""``/status``: who is let in, and what is shown there.

A person types the admin token into a form once; from then on the browser shows a session. Its cookie is out of reach
of scripts, goes along with no other site's requests and to no other path, and to nobody over an open line where the
page came over a closed one. Nothing here changes anything but the session itself.

Programs may show the token as a Bearer token, as everywhere. Where there is no token, the operator's own port on
loopback lets everybody in.
"""

from collections.abc import Awaitable, Coroutine, Sequence
from typing import Any

from openaiproxy.errors import BadRequest, Unavailable
from openaiproxy.ops.mirror import Mirror
from openaiproxy.web.pages.figures import admit_operator
from openaiproxy.web.pages.page import (
    NO_STORE,
    Said,
    Streamed,
    asked_methods,
    json_said,
    peer_of,
    refuse_other_sites,
    values_of,
)
from openaiproxy.web.pages.status.assets import FIELDS, PAGE, SIGN_IN, sign_in
from openaiproxy.web.pages.status.live import TIMEOUTS, Live, Telling
from openaiproxy.web.port import OpenPort
from openaiproxy.web.reading import read_whole
from openaiproxy.web.request import Request
from openaiproxy.web.sessions import LIFETIME
from openaiproxy.wire.headers import Field

__all__ = ["nothing_here", "show_bodies", "show_live", "show_status", "sign_out"]

_FORM_BYTES = 4096
_DIGITS = 20
_FORM_SECONDS = 10.0
_WORDS = {
    "admin_token_missing": "",
    "admin_token_invalid": "That is not the admin token.",
    "admin_token_not_set": "No admin token is set.",
    "too_many_tries": "Too many wrong tokens came from there. Wait a minute.",
}


def show_status(port: OpenPort, request: Request) -> "Said | Coroutine[Any, Any, Said]":
    """Show the page, or the form to those who may not see it; take the form.

    :raises BadRequest: to whoever can't be a person with a browser.
    """
    if request.method == b"POST":
        return _sign_in(port, request)
    early = asked_methods(port, request)
    if early is not None:
        return early
    try:
        _admit(port, request)
    except BadRequest as error:
        return _asked_again(error)
    return Said(200, FIELDS, PAGE)


def show_live(
    port: OpenPort, request: Request
) -> "Said | Streamed | Coroutine[Any, Any, Streamed]":
    """Tell what happens, until the page leaves.

    :raises BadRequest: to those who may not see it.
    :raises Unavailable: 503, where too many watch.
    """
    early = asked_methods(port, request)
    if early is not None:
        return early
    _admit(port, request)
    if request.method == b"HEAD":
        return Said(200, [(b"Content-Type", b"text/event-stream"), NO_STORE])
    mirror = port.watch.mirror
    return _begin(port, request) if mirror is None else _begin_mirrored(mirror, port, request)


async def _begin_mirrored(mirror: Mirror, port: OpenPort, request: Request) -> Streamed:
    await mirror.refresh()
    return _begin(port, request)


def _begin(port: OpenPort, request: Request) -> Streamed:
    values, factory = _sessions_of(port, request), request.channel.factory
    was_session = port.admin.sessions.admits(values)

    def lasts() -> bool:
        if factory.draining or port.admin.retired:
            return False
        return not was_session or port.admin.sessions.admits(values)

    live = Live(port.watch.shown, port.clock, lasts)
    if not live.subscribe():
        retry = ((b"Retry-After", b"10"),)
        raise Unavailable(503, "too_many_watchers", "too many pages watch already", headers=retry)
    return Streamed(live, Telling(), TIMEOUTS, [(b"X-Accel-Buffering", b"no")])


def show_bodies(port: OpenPort, request: Request) -> "Said | Coroutine[Any, Any, Said]":
    """Show the bodies of one request, where its profile keeps them.

    :raises BadRequest: to those who may not see them; 404 where they are not kept.
    """
    early = asked_methods(port, request)
    if early is not None:
        return early
    _admit(port, request)
    query = request.uri.partition(b"?")[2]
    [number, *_] = values_of(query, "number") or [b""]
    [name, *_] = values_of(query, "id") or [b""]
    if not number.isdigit() or len(number) > _DIGITS:
        return _bodies(None)
    asked, mirror = (int(number), name.decode("latin-1")), port.watch.mirror
    if mirror is None:
        return _bodies(port.watch.bodies(*asked))
    return _bodies_elsewhere(mirror.ask_bodies(*asked))


async def _bodies_elsewhere(asking: Awaitable[Sequence[str] | None]) -> Said:
    return _bodies(await asking)


def _bodies(found: Sequence[str] | None) -> Said:
    if found is None:
        raise BadRequest(404, "bodies_not_kept", "the bodies of that request are not kept")
    return json_said(200, {"bodies": found})


def sign_out(port: OpenPort, request: Request) -> Said:
    """End the session.

    :raises BadRequest: 405, and to other sites.
    """
    if request.method != b"POST":
        raise BadRequest(
            405, "method_not_allowed", "sign out by POST", headers=((b"Allow", b"POST"),)
        )
    refuse_other_sites(request)
    port.admin.sessions.end(_sessions_of(port, request))
    return _to_the_page(_cookie(port, request, b"", 0))


def nothing_here(port: OpenPort, request: Request) -> Said:
    """What is said below ``/status`` where nothing is: a session is no upstream's to see.

    :raises BadRequest: 404, always.
    """
    raise BadRequest(404, "path_not_offered", "there is no such page")


def _admit(port: OpenPort, request: Request) -> None:
    port.gate.check_page(request.requestHeaders)
    if not port.admin.sessions.admits(_sessions_of(port, request)):
        admit_operator(port, request)


def _asked_again(error: BadRequest) -> Said:
    """The form, with what is wrong.

    :raises BadRequest: what no token would change.
    """
    words = _WORDS.get(error.code)
    if words is None:
        raise error
    return Said(error.status, [*SIGN_IN, *error.headers], sign_in(words), error.code)


async def _sign_in(port: OpenPort, request: Request) -> Said:
    port.gate.check_page(request.requestHeaders)
    refuse_other_sites(request)
    body = await read_whole(request, _FORM_BYTES, _FORM_SECONDS)
    try:
        port.admin.check(peer_of(request), values_of(body, "token"))
    except BadRequest as error:
        return _asked_again(error)
    return _to_the_page(_cookie(port, request, port.admin.sessions.begin(), LIFETIME))


def _to_the_page(cookie: Field) -> Said:
    return Said(303, [(b"Location", b"/status"), cookie, NO_STORE])


def _cookie_name(port: OpenPort) -> bytes:
    """Browsers keep one jar for all ports of a host, so each port has a name of its own."""
    number = port.number if isinstance(port.number, int) else 0
    return b"openaiproxy-status-%d" % number


def _cookie(port: OpenPort, request: Request, value: bytes, seconds: int) -> Field:
    forwarded = request.requestHeaders.getRawHeaders(b"x-forwarded-proto", [])
    closed = request.isSecure() or b"https" in forwarded
    parts = [
        b"%b=%b" % (_cookie_name(port), value),
        b"Path=/status",
        b"Max-Age=%d" % seconds,
        b"HttpOnly",
        b"SameSite=Strict",
        *([b"Secure"] if closed else []),
    ]
    return (b"Set-Cookie", b"; ".join(parts))


def _sessions_of(port: OpenPort, request: Request) -> list[bytes]:
    wanted = _cookie_name(port)
    pairs = (
        pair.strip().partition(b"=")
        for header in request.requestHeaders.getRawHeaders(b"cookie", [])
        for pair in header.split(b";")
    )
    return [value for name, _, value in pairs if name == wanted][:4]
