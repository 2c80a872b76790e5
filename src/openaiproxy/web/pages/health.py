"""Whether the process lives, and, if it is asked that way, whether a model answers.

``/health`` looks at nothing but the clock: no credential, no upstream. ``/health?deep=1`` makes a real call that is
paid for, a tiny one, through the upstream and with the credential of its port. It is for whoever shows the admin token,
and for one in ten seconds.
"""

from collections.abc import Coroutine
from importlib.metadata import PackageNotFoundError, version
from math import ceil, inf
from typing import Any, NoReturn
from urllib.parse import parse_qs

from twisted.internet.defer import Deferred
from twisted.web.http_headers import Headers

from openaiproxy.asking import PATHS
from openaiproxy.codex.requests import fit_request
from openaiproxy.errors import BadRequest, BadUpstream, Unavailable
from openaiproxy.hub.parts import JsonObject
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.gather import gather
from openaiproxy.upstream.outgoing import Outgoing
from openaiproxy.web.admin import bearer_tokens
from openaiproxy.web.pages.page import Said, asked_methods, json_said, peer_of
from openaiproxy.web.port import OpenPort
from openaiproxy.web.request import Request
from openaiproxy.web.spending import Spending, spend
from openaiproxy.wire.json import dumps

__all__ = ["Health", "alive", "own_version"]

_BETWEEN = 10.0
_PATIENCE = 30.0
_ANSWER_BYTES = 1 << 20
_YES = frozenset(("1", "true", "yes"))
_WORDS = "Say ok."
_BODIES = {
    "responses": {"input": _WORDS, "max_output_tokens": 16, "store": False},
    "chat": {"messages": [{"role": "user", "content": _WORDS}], "max_completion_tokens": 16},
    "messages": {"messages": [{"role": "user", "content": _WORDS}], "max_tokens": 16},
}


def own_version() -> str:
    """The version that is installed; ``unknown`` where nothing is."""
    try:
        return version("openaiproxy")
    except PackageNotFoundError:
        return "unknown"


_VERSION = own_version()


def alive(port: OpenPort, request: Request) -> Said:
    """Say that the process lives.

    :raises BadRequest: 405.
    """
    up = round(port.watch.metrics.uptime(), 3)
    return asked_methods(port, request) or json_said(
        200, {"ok": True, "version": _VERSION, "uptime_seconds": up}
    )


class Health:
    """The page of one port."""

    def __init__(self) -> None:
        self._last = -inf

    def __call__(self, port: OpenPort, request: Request) -> "Said | Coroutine[Any, Any, Said]":
        """:raises BadRequest: where the deep check is asked for by somebody else, or too soon, or can't be made."""
        query = parse_qs(request.uri.partition(b"?")[2].decode("latin-1"))
        if request.method != b"GET" or query.get("deep", ["0"])[-1].lower() not in _YES:
            return alive(port, request)
        port.admin.check(peer_of(request), bearer_tokens(request.requestHeaders))
        if not port.profile.upstream.embedded and not port.profile.credential.is_ours:
            raise BadRequest(
                409,
                "no_server_key",
                "this port spends its callers' keys and has none to check with",
            )
        self._take_turn(port.clock.seconds())
        return _deep(port)

    def _take_turn(self, now: float) -> None:
        wait = self._last + _BETWEEN - now
        if wait > 0:
            raise BadRequest(
                429,
                "too_many_checks",
                "a model is asked at most once in ten seconds",
                headers=((b"Retry-After", b"%d" % ceil(wait)),),
            )
        self._last = now


async def _deep(port: OpenPort) -> Said:
    """Ask a model. Of its answer nothing is told but the status."""
    model, started = port.profile.health_model, port.clock.seconds()
    said: dict[str, object] = {"ok": False, "model": model, "status": None}
    try:
        answer = await _ask(port, model)
        said["status"] = answer.status
        said["ok"] = answer.status == 200
    except (BadUpstream, Unavailable) as error:
        said["code"] = error.code
    said["seconds"] = round(port.clock.seconds() - started, 3)
    return json_said(200 if said["ok"] else 503, said)


async def _ask(port: OpenPort, model: str) -> Answer:
    spending = await port.purse.spending()
    dialect = spending.profile.upstream.speaks[0]
    asked: JsonObject = {"model": model, **_BODIES[dialect]}
    if spending.is_backend:
        asked = fit_request(asked).body

    def send(spending: Spending) -> "Deferred[Answer]":
        fields = spending.translated(Headers(), dialect, stream=spending.is_backend)
        target = spending.target(PATHS[dialect].encode("ascii"))
        asking = spending.client.fetch(b"POST", target, fields, Outgoing(dumps(asked)))
        return asking.addTimeout(_PATIENCE, port.clock, _too_late)

    answer = await spend(port.purse, spending, send)
    await gather(answer, port.clock, limit=_ANSWER_BYTES, idle=_PATIENCE)
    return answer


def _too_late(_: object, __: float) -> NoReturn:
    raise BadUpstream(504, "upstream_first_byte_timeout", "the upstream did not answer in time")
