"""A port of the preset ``codex`` over loopback: a login in a file, and a double of all that is behind it.

::

    SDK -> port (codex) -> the double: token endpoint, backend of ChatGPT, OpenAI's API
                 auth.json
"""

import http.client
import json
import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, frozen
from twisted.internet.task import deferLater
from twisted.internet.threads import blockingCallFromThread
from twisted.protocols.policies import WrappingFactory
from twisted.web.server import NOT_DONE_YET, Site

from openaiproxy.config.load import load
from openaiproxy.ops.access import ACCESS, emit
from openaiproxy.web.binding import bind_hosts, resolve
from openaiproxy.web.ports import Ports
from tests.e2e.house import Reply
from tests.scripted import (
    added,
    arguments,
    call,
    created,
    done,
    ended,
    message,
    reasoning,
    speech,
    thinking,
    usage,
)
from tests.upstream.login.backend import Backend
from tests.upstream.login.home import HOUR, jwt, login_of

__all__ = ["LIMITS", "CodexHouse", "Double", "Seen", "framed", "open_codex"]

LIMITS = {"type": "codex.rate_limits", "rate_limits": {"primary": {"used_percent": 12.5}}}
MODELS = [
    {"slug": "gpt-5.5", "visibility": "list", "supported_in_api": True, "display_name": "GPT-5.5"},
    {"slug": "gpt-5.4", "visibility": "list"},
    {"slug": "hidden", "visibility": "hide"},
    {"slug": "not-in-api", "visibility": "list", "supported_in_api": False},
]


@frozen
class Seen:
    """One request that arrived behind the port."""

    method: str
    target: str
    headers: dict[str, str]
    body: Any


def framed(*events: dict[str, Any], end: str = "\n") -> bytes:
    """Events as a stream."""
    frames = (f"event: {event['type']}{end}data: {json.dumps(event)}{end}{end}" for event in events)
    return "".join(frames).encode()


class Double(Backend):
    """The double of the login's tests, with something to say.

    :ivar seen: every request but those for tokens.
    :ivar say: events in place of the usual ones, or a whole answer: status, headers, body.
    :ivar end: the line end of its streams.
    """

    def __init__(self, access: str) -> None:
        super().__init__(access=access)
        self.seen: list[Seen] = []
        self.say: Callable[[dict[str, Any]], Any] | None = None
        self.refuse: tuple[int, dict[str, str], bytes] | None = None
        self.end = "\n"
        self.proxied: list[str] = []

    def render(self, request: Any) -> Any:
        request.setHeader(b"connection", b"close")
        if request.uri.startswith(b"http://"):
            self.proxied.append(request.uri.decode())
            request.uri = b"/" + request.uri.split(b"/", 3)[3]
            request.path = request.uri.partition(b"?")[0]
        if request.path == b"/oauth/token":
            return super().render(request)
        raw = request.content.getvalue()
        fields = request.requestHeaders.getAllRawHeaders()
        headers = {name.decode().lower(): values[0].decode() for name, values in fields}
        found = json.loads(raw) if raw[:1] == b"{" else raw
        self.seen.append(Seen(request.method.decode(), request.uri.decode(), headers, found))
        if request.path.startswith(b"/backend-api/"):
            return self._at_the_backend(request)
        return self._at_the_api(request, found)

    def _at_the_backend(self, request: Any) -> Any:
        good = request.getHeader(b"authorization") == b"Bearer " + self.access.encode()
        request.setHeader(b"x-codex-primary-used-percent", b"12.5")
        request.setHeader(b"set-cookie", b"__cf_bm=secret; Path=/")
        if good and self.refuse is not None:
            return _refused(request, *self.refuse)
        if request.path.endswith((b"/models", b"/usage")) and not good:
            return _json(request, {"detail": "Unauthorized"}, 401)
        if request.path == b"/backend-api/codex/models" and request.method == b"GET":
            return _json(request, {"models": MODELS})
        if request.path == b"/backend-api/wham/usage":
            return _json(request, {"plan_type": "plus"})
        if request.path == b"/backend-api/codex/responses/compact" and good:
            return _json(request, {"output": []})
        return super().render(request)

    def _at_the_api(self, request: Any, found: Any) -> Any:
        if self.refuse is not None:
            return _refused(request, *self.refuse)
        if request.path == b"/v1/chat/completions":
            said = {"role": "assistant", "content": "From the API"}
            choice = {"index": 0, "message": said, "finish_reason": "stop"}
            head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1}
            return _json(request, {**head, "model": found["model"], "choices": [choice]})
        if request.path == b"/v1/responses":
            item = message("From the API")
            last = ended(item, usage=usage())
            if found.get("stream"):
                request.setHeader(b"content-type", b"text/event-stream")
                return framed(created(), *speech(0, item, "From the API"), last)
            return _json(request, last["response"])
        if request.path == b"/v1/models":
            data = [{"id": "gpt-5", "object": "model", "created": 1, "owned_by": "openai"}]
            return _json(request, {"object": "list", "data": data})
        return _json(request, {"error": {"message": "none"}}, 404)

    def told(self, request: Any, body: dict[str, Any]) -> Any:
        say = self.say or answer_to
        events = say(body)
        if events is None:
            request.write(b"")
            return NOT_DONE_YET
        return events if isinstance(events, bytes) else framed(*events, end=self.end)


def answer_to(body: dict[str, Any]) -> list[dict[str, Any]]:
    """What the backend answers: a call if there are tools, and words once they were called. The last
    event has an empty output, as the backend's has."""
    last: dict[str, Any] = body["input"][-1]
    outputs = [item for item in body["input"] if item.get("type") == "function_call_output"]
    if body.get("tools") and not outputs:
        thought, asked = reasoning("I look.", seal="sealed-1"), call("weather", '{"city":"Paris"}')
        before = message("Let me look.", number=2)
        return [
            created(),
            LIMITS,
            *thinking(0, thought),
            *speech(1, before, "Let me look."),
            added(2, asked),
            arguments(2, asked, '{"city":'),
            arguments(2, asked, '"Paris"}'),
            done(2, asked),
            ended(usage=usage(21, 9)),
        ]
    said = f"It is {last.get('output')}." if last.get("output") else "Hello there."
    item = message(said)
    deltas = (said[:5], said[5:])
    return [created(), LIMITS, *speech(0, item, *deltas), ended(usage=usage(11, 7))]


def _json(request: Any, found: Any, status: int = 200) -> bytes:
    request.setResponseCode(status)
    request.setHeader(b"content-type", b"application/json")
    return json.dumps(found).encode()


def _refused(request: Any, status: int, headers: dict[str, str], body: bytes) -> bytes:
    request.setResponseCode(status)
    for name, value in headers.items():
        request.setHeader(name.encode(), value.encode())
    return body


@define(eq=False)
class CodexHouse:
    """All of it, running."""

    backend: Double
    path: Path
    _lines: list[dict[str, Any]]
    number: int
    ports: Ports
    _behind: WrappingFactory
    _upstream: Any
    _reactor: Any

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Those of the requests that were answered so far. Blocks until the reactor has done with what it is at."""
        blockingCallFromThread(self._reactor, lambda: None)
        return self._lines

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.number}"

    @property
    def behind(self) -> int:
        """The double's TCP port."""
        number: int = self._upstream.getHost().port
        return number

    def read(self) -> dict[str, Any]:
        """What stands in ``auth.json``."""
        found: dict[str, Any] = json.loads(self.path.read_text())
        return found

    def plain(
        self,
        method: str,
        target: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """A request with nothing but what is given. Blocks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.number, timeout=20)
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        fields = {"Content-Type": "application/json", **(headers or {})}
        try:
            connection.request(method, target, raw, fields)
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, found, response.read())
        finally:
            connection.close()

    async def close(self) -> None:
        await self.ports.stopService()
        await self._upstream.stopListening()
        while self._behind.protocols:
            await deferLater(self._reactor, 0)


def open_codex(
    reactor: Any,
    folder: Path,
    *,
    left: float = HOUR,
    login: dict[str, Any] | None = None,
    by_proxy: bool = False,
    environ: dict[str, str] | None = None,
    **flags: Any,
) -> CodexHouse:
    """Open it on ports that the system chooses.

    :param left: seconds that the access token is still good for.
    :param by_proxy: whether the token endpoint is behind a proxy, and the backend is not.
    :param login: what stands in ``auth.json`` in place of tokens.
    """
    access = jwt("0", time.time() + left)
    backend, path = Double(access), folder / "auth.json"
    path.write_text(json.dumps(login or login_of(access), indent=2))
    path.chmod(0o600)
    behind = WrappingFactory(Site(backend))
    upstream = reactor.listenTCP(0, behind, interface="127.0.0.1")
    origin = f"http://127.0.0.1:{upstream.getHost().port}"
    if by_proxy:
        flags |= {"proxy": origin, "no_proxy": ["localhost"]}
    there = origin.replace("127.0.0.1", "localhost") if by_proxy else origin
    config = load(
        {
            "profile": "codex",
            "port": "0",
            "upstream": origin,
            "backend": f"{there}/backend-api/codex",
            **{name.replace("_", "-"): value for name, value in flags.items()},
        },
        {
            "CODEX_HOME": str(folder),
            "CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{origin}/oauth/token",
            **(environ or {}),
        },
        _no_file,
        Path("/nowhere"),
        bind_hosts,
        resolve,
        lambda path: 0o600,
    )
    lines: list[dict[str, Any]] = []
    from twisted.logger import Logger

    ports = Ports(
        reactor,
        config,
        salt=os.urandom(32),
        payloads=lambda profile: None,
        access=partial(emit, Logger(namespace=ACCESS, observer=lines.append)),
    )
    ports.privilegedStartService()
    ports.startService()
    number: int = ports.addresses[0].port  # type: ignore[attr-defined]
    return CodexHouse(backend, path, lines, number, ports, behind, upstream, reactor)


def _no_file(path: Path) -> str:
    raise FileNotFoundError(path)
