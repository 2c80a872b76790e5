"""A port of ours in memory: a real Site on fake transports, a scripted upstream, and one fake clock.

Bytes go in at :meth:`Wired.client`, and what the client would have received comes out; the upstream side is a
scripted stand-in for ``UpstreamClient`` that notes what it is asked and lets the test play the answer.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from attrs import Factory, define, evolve, field
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone

from openaiproxy.ops.access import ACCESS, emit
from openaiproxy.ops.console import Console
from openaiproxy.ops.events import NAMESPACE as EVENTS
from openaiproxy.ops.events import Events
from openaiproxy.ops.payloads import PayloadLog
from openaiproxy.presets import PRESETS
from openaiproxy.profile import WIRE, Profile
from openaiproxy.web.admin import Admin
from openaiproxy.web.gate import Gate
from openaiproxy.web.port import OpenPort
from openaiproxy.web.site import Site
from openaiproxy.web.tree import build_tree
from openaiproxy.wire.media import Media, media_of

SALT = b"salt for the tests only, 32 bytes"[:32]

#: The wires that tests asked for, see the fixture ``on_wire``; the first is the default of the code under test.
CHOSEN = [WIRE]


class ClientTransport(StringTransport):
    """A client's connection that remembers how it was ended."""

    aborted = False

    def abortConnection(self) -> None:
        self.aborted = True
        self.disconnecting = True


@define(eq=False)
class Upload:
    """What the scripted upstream read of a request's body."""

    data: bytearray = field(factory=bytearray)
    finished: bool = False
    failure: Failure | None = None

    def write(self, data: bytes) -> None:
        self.data += data


@define(eq=False)
class PlayedAnswer:
    """An ``Answer`` that the test plays; also the transport of whoever takes its body."""

    status: int = 200
    phrase: bytes = b"OK"
    headers: list[tuple[bytes, bytes]] = Factory(lambda: [(b"Content-Type", b"application/json")])
    length: int | None = None
    protocol: IProtocol | None = None
    paused: bool = False
    aborted: bool = False

    @property
    def named(self) -> dict[bytes, bytes]:
        return {name.lower(): value for name, value in reversed(self.headers)}

    @property
    def media(self) -> Media:
        return media_of(self.named.get(b"content-type"), self.named.get(b"content-encoding"))

    def deliver(self, protocol: IProtocol) -> None:
        self.protocol = protocol
        protocol.makeConnection(self)

    def abort(self) -> None:
        self.aborted = True

    def pauseProducing(self) -> None:
        self.paused = True

    def resumeProducing(self) -> None:
        self.paused = False

    def stopProducing(self) -> None:
        self.aborted = True

    def send(self, data: bytes) -> None:
        assert self.protocol is not None
        self.protocol.dataReceived(data)

    def end(self, reason: BaseException | None = None) -> None:
        assert self.protocol is not None
        self.protocol.connectionLost(Failure(reason or ResponseDone()))


@define(eq=False)
class Asked:
    """One call of the upstream."""

    method: bytes
    target: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: Any
    upload: Upload
    cancelled: bool = False
    waiting: "Deferred[Any] | None" = None

    def answer(self, **fields: Any) -> PlayedAnswer:
        """Let the answer's head arrive."""
        assert self.waiting is not None
        played = PlayedAnswer(**fields)
        self.waiting.callback(played)
        return played

    def fail(self, error: BaseException) -> None:
        assert self.waiting is not None
        self.waiting.errback(Failure(error))

    def header(self, name: bytes) -> list[bytes]:
        return [value for key, value in self.headers if key.lower() == name.lower()]


class ScriptedUpstream:
    """Stands where ``UpstreamClient`` would, asks nobody, and notes everything."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []

    def fetch(
        self, method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]], body: Any
    ) -> "Deferred[Any]":
        asked = Asked(method, target, headers, body, Upload())

        def cancel(_: object) -> None:
            asked.cancelled = True
            if body is not None:
                body.stopProducing()

        asked.waiting = Deferred(cancel)
        self.asked.append(asked)
        if body is not None:
            produced = body.startProducing(asked.upload)
            produced.addCallbacks(
                lambda _: setattr(asked.upload, "finished", True),
                lambda failure: setattr(asked.upload, "failure", failure),
            )
        return asked.waiting


@define(eq=False)
class Connection:
    """One client connection."""

    protocol: Any
    transport: ClientTransport

    def send(self, data: bytes) -> "Connection":
        self.protocol.dataReceived(data)
        return self

    def received(self) -> bytes:
        return self.transport.value()

    def lose(self) -> None:
        self.protocol.connectionLost(Failure(ConnectionDone()))


@define(eq=False)
class Wired:
    """A port in memory.

    :param on_wire: the wire of its connections; the last of :data:`CHOSEN` where none is named.
    :param lines: the values of the lines that were written.
    :param token: the admin token, if there is one.
    :param events: those that were told.
    :param console: what stands on the console.
    """

    profile: Profile
    loopback: bool = True
    payloads: PayloadLog | None = None
    clock: Clock = field(factory=Clock)
    upstream: ScriptedUpstream = field(factory=ScriptedUpstream)
    lines: list[dict[str, Any]] = field(factory=list)
    token: str | None = None
    events: list[dict[str, Any]] = field(factory=list)
    console: list[str] = field(factory=list)
    on_wire: str = field(factory=lambda: CHOSEN[-1])
    port: OpenPort = field(init=False)
    site: Site = field(init=False)

    def __attrs_post_init__(self) -> None:
        from twisted.logger import Logger

        gate = Gate(self.profile, loopback=self.loopback, salt=SALT)
        client: Any = self.upstream
        self.port = OpenPort(
            self.profile,
            4567,
            self.clock,
            client,
            gate,
            access=partial(emit, Logger(namespace=ACCESS, observer=self.lines.append)),
            payloads=self.payloads,
            admin=Admin(self.token, self.clock.seconds),
            console=Console(self.console.append),
            events=Events(Logger(namespace=EVENTS, observer=self.events.append)),
        )
        self.port.watch.ports = [self.port.seen()]
        self.site = Site(build_tree(self.port), self.clock, self.port.note_refused, self.on_wire)

    def client(self) -> Connection:
        """A new connection."""
        peer = IPv4Address("TCP", "127.0.0.1", 40000)
        protocol = self.site.buildProtocol(peer)
        transport = ClientTransport(peerAddress=peer)
        protocol.makeConnection(transport)
        return Connection(protocol, transport)


def wire(
    preset: str = "passthrough",
    *,
    loopback: bool = True,
    payloads: Any = None,
    token: str | None = None,
    clock: Clock | None = None,
    on_wire: str | None = None,
    **changes: Any,
) -> Wired:
    """A port of a preset, with changes to its profile."""
    profile = evolve(PRESETS[preset].profile, **changes)
    return Wired(
        profile, loopback, payloads, clock or Clock(), token=token, on_wire=on_wire or CHOSEN[-1]
    )


def request(
    method: str = "GET", target: str = "/v1/files", *headers: str, body: bytes | None = None
) -> bytes:
    """The bytes of a request; with a body, also its length."""
    lines = [f"{method} {target} HTTP/1.1", "Host: localhost:4567", *headers]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (body or b"")
