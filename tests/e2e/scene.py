"""A caller, a port of ours and an upstream, all real, in memory and with one clock.

::

    caller (Twisted's Agent) -> our Site, by a preset and flags -> our upstream client -> the stand-in's Site

Nothing is scripted but what the stand-in can't say (:class:`Front`); what reached the upstream is noted. Time goes by
when a test says so.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IStreamClientEndpoint
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.test import iosim
from twisted.web.client import Agent, ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IBodyProducer
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET
from zope.interface import implementer

from openaiproxy.config.load import load
from openaiproxy.ops.access import ACCESS, emit
from openaiproxy.profile import Profile
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.embedded.door import site as embedded_site
from openaiproxy.web.binding import bind_hosts, resolve
from openaiproxy.web.gate import Gate
from openaiproxy.web.port import OpenPort
from openaiproxy.web.site import Site
from openaiproxy.web.tree import build_tree

__all__ = ["CHAT", "MESSAGES", "PATHS", "RESPONSES", "Call", "Played", "Scene", "Sent", "asking"]

CHAT, RESPONSES, MESSAGES = "/v1/chat/completions", "/v1/responses", "/v1/messages"
PATHS = {"chat": CHAT, "responses": RESPONSES, "messages": MESSAGES}
_ADDRESS = IPv4Address("TCP", "127.0.0.1", 4567)
_SERVER_KEY = "sk-the-servers-own"


def asking(path: str, model: str = "gpt-4.1", text: str = "hello", **more: Any) -> dict[str, Any]:
    """The simplest body of a create call, and more."""
    if path == RESPONSES:
        return {"model": model, "input": text, **more}
    body = {"model": model, "messages": [{"role": "user", "content": text}], **more}
    return {"max_tokens": 500, **body} if path == MESSAGES else body


@implementer(IStreamClientEndpoint)
@define(eq=False)
class Wire:
    """Dials a server factory in memory.

    :ivar pumps: one for each connection so far.
    """

    factory: Any
    pumps: list[Any] = field(factory=list)

    def connect(self, protocolFactory: Factory) -> "Deferred[Any]":
        server = self.factory.buildProtocol(_ADDRESS)
        client: Any = protocolFactory.buildProtocol(_ADDRESS)
        transports = iosim.FakeTransport(server, True), iosim.FakeTransport(client, False)
        self.pumps.append(iosim.connect(server, transports[0], client, transports[1]))
        return succeed(client)


@frozen
class Sent:
    """A request as the upstream saw it."""

    method: str
    target: str
    headers: dict[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def json(self) -> Any:
        """Its body, read."""
        return json.loads(self.body)


@frozen
class Played:
    """An answer that a test gives in the stand-in's place, all at once.

    :param silent: whether none is given at all.
    """

    status: int = 200
    body: Any = b""
    media: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()
    cookies: tuple[str, ...] = ()
    silent: bool = False

    @classmethod
    def events(cls, *events: dict[str, Any], named: bool = True) -> "Played":
        """A stream.

        :param named: whether the events have names; Chat's have none.
        """
        frames = [
            (f"event: {event['type']}\n" if named else "") + f"data: {json.dumps(event)}\n\n"
            for event in events
        ]
        return cls(body="".join(frames).encode(), media="text/event-stream")


class Front(Resource):
    """The stand-in, whose visitors are noted, behind what a test plays."""

    isLeaf = True

    def __init__(self, behind: Any) -> None:
        super().__init__()
        self._behind = behind
        self.sent: list[Sent] = []
        self.played: list[Played] = []

    def render(self, request: Any) -> Any:
        body = request.content.read()
        request.content.seek(0)
        headers = {
            name.decode().lower(): b", ".join(values).decode("latin-1")
            for name, values in request.requestHeaders.getAllRawHeaders()
        }
        self.sent.append(Sent(request.method.decode(), request.uri.decode(), headers, body))
        if not self.played:
            return self._behind.render(request)
        played = self.played.pop(0)
        if played.silent:
            return NOT_DONE_YET
        request.setResponseCode(played.status)
        request.setHeader("content-type", played.media)
        for name, value in played.headers:
            request.setHeader(name, value)
        for cookie in played.cookies:
            request.responseHeaders.addRawHeader("set-cookie", cookie)
        return played.body if isinstance(played.body, bytes) else json.dumps(played.body).encode()


@define(eq=False)
class Call:
    """One request of the caller's, and what came of it so far."""

    _scene: "Scene"
    waiting: "Deferred[Any] | None" = None
    response: Any = None
    failure: Failure | None = None
    ended: bool = False
    whole: bool = False
    transport: Any = None
    pieces: list[bytes] = field(factory=list)

    # Of the body: what Agent wants of a protocol.

    def makeConnection(self, transport: Any) -> None:
        self.transport = transport

    def dataReceived(self, data: bytes) -> None:
        self.pieces.append(data)

    def connectionLost(self, reason: Failure) -> None:
        self.ended, self.whole = True, reason.check(ResponseDone) is not None

    def answered(self, response: Any) -> None:
        self.response = response
        response.deliverBody(self)

    def failed(self, failure: Failure) -> None:
        self.failure = failure

    def leave(self) -> None:
        """Go, wherever the answer is."""
        if self.response is None:
            assert self.waiting is not None
            self.waiting.cancel()
        else:
            self.transport.loseConnection()
        self._scene.run()

    # What tests ask.

    @property
    def status(self) -> int:
        assert self.response is not None, self.failure or "there is no answer yet"
        return int(self.response.code)

    @property
    def headers(self) -> dict[str, str]:
        return {
            name.decode().lower(): b", ".join(values).decode("latin-1")
            for name, values in self.response.headers.getAllRawHeaders()
        }

    @property
    def body(self) -> bytes:
        return b"".join(self.pieces)

    @property
    def json(self) -> Any:
        """The whole answer's body, read."""
        assert self.ended, "it is not over"
        return json.loads(self.body)

    def events(self) -> list[Any]:
        """The data of a stream's events so far, read but for Chat's last word."""
        return list(self._events())

    def _events(self) -> Iterator[Any]:
        for line in self.body.decode().split("\n"):
            if line.startswith("data: "):
                data = line[6:]
                yield data if data == "[DONE]" else json.loads(data)

    def deltas(self, name: str = "content") -> list[str]:
        """What the first choice of a Chat stream was given under a name, piece by piece."""
        return [
            choice["delta"][name]
            for event in self.events()
            if event != "[DONE]"
            for choice in event.get("choices", [])
            if choice["index"] == 0 and choice["delta"].get(name)
        ]

    def finishes(self) -> list[str]:
        """Every finish that a Chat stream tells."""
        return [
            choice["finish_reason"]
            for event in self.events()
            if event != "[DONE]"
            for choice in event.get("choices", [])
            if choice["finish_reason"]
        ]


class Scene:
    """All of it.

    :param preset: of the port.
    :param environ: of the process, beside what every preset needs.
    :param flags: as on the command line, by their names with ``_`` for ``-``.
    """

    def __init__(
        self, preset: str = "gateway", environ: dict[str, str] | None = None, **flags: Any
    ) -> None:
        self.clock = Clock()
        self.stand_in = embedded_site(self.clock)
        self.front = Front(self.stand_in.resource)
        self.stand_in.resource = self.front
        self.up = Wire(self.stand_in)
        self.profile = _profile(preset, flags, environ or {})
        self.lines: list[dict[str, Any]] = []
        client = UpstreamClient(self.clock, self.profile.upstream, self.profile.timeouts, self.up)
        gate = Gate(self.profile, loopback=True, salt=b"salt")
        access = partial(emit, Logger(namespace=ACCESS, observer=self.lines.append))
        self.port = OpenPort(self.profile, 4567, self.clock, client, gate, access)
        self.down = Wire(Site(build_tree(self.port), self.clock, self.port.note_refused))
        places: Any = type("Places", (), {"endpointForURI": lambda _, uri: self.down})()
        self._agent = Agent.usingEndpointFactory(self.clock, places)

    @property
    def sent(self) -> list[Sent]:
        """What the upstream was asked, but for the list of models."""
        return [each for each in self.front.sent if not each.target.startswith("/v1/models")]

    def play(self, *answers: Played) -> None:
        """Have the next requests upstream answered so."""
        self.front.played += answers

    def run(self, seconds: float = 0.0) -> None:
        """Let bytes and time go on."""
        until = self.clock.seconds() + seconds
        self._settle()
        while self.clock.seconds() < until:
            self.clock.advance(min(0.5, until - self.clock.seconds()))
            self._settle()

    def _settle(self) -> None:
        for _ in range(400):
            moved = [pump.pump() for wire in (self.down, self.up) for pump in wire.pumps]
            self.clock.advance(0)
            if not any(moved):
                break

    def post(self, path: str, body: Any, **headers: str) -> Call:
        """A request with a body; of the caller's headers, ``_`` stands for ``-``."""
        return self.ask("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> Call:
        """A request without one."""
        return self.ask("GET", path, None, **headers)

    def ask(self, method: str, path: str, body: Any, **headers: str) -> Call:
        """Any request."""
        fields = Headers({"Content-Type": ["application/json"]} if body is not None else {})
        for name, value in headers.items():
            fields.setRawHeaders(name.replace("_", "-"), [value])
        call = Call(self)
        said = None if body is None else Said(body if isinstance(body, bytes) else _dumps(body))
        uri = b"http://127.0.0.1:4567" + path.encode()
        call.waiting = self._agent.request(method.encode(), uri, fields, said)
        call.waiting.addCallbacks(call.answered, call.failed)
        self.run()
        return call

    @property
    def abandoned(self) -> int:
        """Answers of the upstream's that were not wanted any more."""
        return self.stand_in.tally.abandoned

    @property
    def active(self) -> int:
        """Answers of the upstream's that are being waited for or written."""
        return self.stand_in.tally.active


@implementer(IBodyProducer)
class Said:
    """A body that is at hand."""

    def __init__(self, data: bytes) -> None:
        self._data, self.length = data, len(data)

    def startProducing(self, consumer: Any) -> "Deferred[None]":
        consumer.write(self._data)
        return succeed(None)

    def stopProducing(self) -> None:
        """Nothing is left to stop."""

    pauseProducing: Callable[[], None] = stopProducing
    resumeProducing: Callable[[], None] = stopProducing


def _dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def _profile(preset: str, flags: dict[str, Any], environ: dict[str, str]) -> Profile:
    """What the command line makes of these flags."""
    given = {name.replace("_", "-"): value for name, value in flags.items()}
    config = load(
        {"listen": [f"{preset}=tcp:4567:interface=127.0.0.1"], **given},
        {
            "OPENAIPROXY_UPSTREAM": "http://127.0.0.1:9",
            "OPENAI_API_KEY": _SERVER_KEY,
            "PROXY_X_API_KEY": "key-of-a-caller",
            **environ,
        },
        Path.read_text,
        Path("/nowhere"),
        bind_hosts,
        resolve,
        lambda path: 0o600,
    )
    return config.ports[0].profile
