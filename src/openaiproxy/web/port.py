"""What all requests of one open port share, and the way to end them all."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from math import ceil
from time import time
from typing import Protocol

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from openaiproxy.errors import BadRequest, Unavailable
from openaiproxy.learning import Memory
from openaiproxy.ops.access import emit
from openaiproxy.ops.buckets import Buckets, buckets_of
from openaiproxy.ops.console import Console
from openaiproxy.ops.events import Events
from openaiproxy.ops.payloads import PayloadLog
from openaiproxy.ops.request_ids import fresh_id, request_id
from openaiproxy.ops.routes import CREATES
from openaiproxy.ops.seen import Port
from openaiproxy.ops.shelf import Shelf
from openaiproxy.ops.watch import Watch
from openaiproxy.profile import Profile
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.gather import Gathered
from openaiproxy.upstream.login.login import Login
from openaiproxy.web.admin import Admin, place_of
from openaiproxy.web.gate import Gate
from openaiproxy.web.record import Record
from openaiproxy.web.request import Request
from openaiproxy.web.routing import Routing
from openaiproxy.web.sharing import Shared
from openaiproxy.web.spending import Key, Purse, Spending

__all__ = ["Check", "OpenPort", "Running"]

Check = Callable[[], "str | Awaitable[str | None] | None"]
"""Says in one word of ours what keeps a port from being ready, such as ``login_expired``, or ``None``. It neither
raises nor names a secret, a path or an account."""

_MOST_LISTS = 256
_BYTES_OF_LISTS = 16 << 20
_MOST_COUNTS = 4096
_COUNTS_AT_ONCE = 8


class Running(Protocol):
    """A request under way, as its port sees it."""

    def cut(self, ending: str) -> None:
        """End it now."""


@define(eq=False)
class OpenPort:
    """One open port.

    :param profile: what it does.
    :param number: its TCP port, or a name where its endpoint has none; for the log.
    :param clock: for every timer.
    :param client: the way to its upstream.
    :param anthropic: the way to Anthropic, where a profile has one of its own.
    :param gate: who may call.
    :param log: where the lines go.
    :param payloads: where bodies go, if the profile keeps them.
    :param make_id: makes request ids.
    :param now: time of day, in seconds since 1970.
    :param purse: where requests take what they spend; by default a key, by way of ``client``.
    :param watch: is told of every request.
    :param admin: who may see what is only the operator's to see.
    :param buckets: how many requests each caller may make; by default what the profile says, for this port alone.
    :param console: where its lines for people go, if the profile has them.
    :param events: is told of what is more than a request's line.
    :param checks: what must hold for the port to be ready, beside what it finds out by itself.
    :ivar memory: what the upstream's refusals taught.
    :ivar lists: lists of models that the upstream gave, and those that it is asked for.
    :ivar counts: tokens of requests, likewise.
    """

    profile: Profile
    number: int | str
    clock: IReactorTime
    client: UpstreamClient
    gate: Gate
    log: Logger = field(factory=lambda: Logger(namespace="openaiproxy.access"))
    payloads: PayloadLog | None = None
    make_id: Callable[[], str] = fresh_id
    now: Callable[[], float] = time
    purse: Purse = field()
    watch: Watch = field()
    admin: Admin = field()
    buckets: Buckets | None = field()
    checks: Sequence[Check] = ()
    console: Console | None = None
    events: Events = field(factory=Events)
    anthropic: UpstreamClient | None = None
    memory: Memory = field(init=False)
    routing: Routing = field(init=False)
    lists: Shared[Gathered] = field(init=False)
    counts: Shared[int] = field(init=False)
    _running: set[Running] = field(init=False, factory=set)

    @watch.default
    def _watch_alone(self) -> Watch:
        return Watch((self.profile,), self.clock.seconds, self.now)

    @admin.default
    def _admit_nobody(self) -> Admin:
        return Admin(None, self.clock.seconds)

    @buckets.default
    def _ration_alone(self) -> Buckets | None:
        return buckets_of(self.profile.limits, self.clock.seconds)

    @purse.default
    def _spend_a_key(self) -> Purse:
        return Key(Spending(self.client, self.profile))

    @property
    def login(self) -> Login | None:
        """The Codex login that is spent, if it is one."""
        return self.purse.login

    def __attrs_post_init__(self) -> None:
        # Not the port: the count is kept when the port is another configuration's past.
        running = self._running
        self.watch.metrics.count_running(self.profile.name, lambda: len(running))
        self.routing = Routing(self.profile.routes)
        self.lists = Shared(self.clock, _MOST_LISTS, _BYTES_OF_LISTS)
        self.counts = Shared(self.clock, _MOST_COUNTS, _MOST_COUNTS, _COUNTS_AT_ONCE)
        self.memory = Memory(self.clock.seconds)

    def ration(self, record: Record) -> None:
        """Count a request among those of its caller: the key that was shown, or else the address it comes from.

        :raises BadRequest: 429, when there are too many.
        """
        if self.buckets is None:
            return
        wait = self.buckets.take(record.client or place_of(record.peer))
        if wait:
            raise BadRequest(
                429,
                "proxy_rate_limited",
                "openaiproxy: this caller made too many requests in the last minute",
                headers=((b"Retry-After", b"%d" % ceil(wait)),),
            )

    def seen(self) -> Port:
        """The port as somebody who looks at it sees it."""
        limit = self.profile.limits.requests
        return Port(self.number, self.profile.name, limit, partial(len, self._running))

    @property
    def shelf(self) -> Shelf | None:
        """Where the last bodies are held, if the profile keeps them."""
        return self.watch.shelves.get(self.profile.name)

    def admit(self, running: Running) -> None:
        """Count a request in.

        :raises Unavailable: 503, when there are too many.
        """
        if len(self._running) >= self.profile.limits.requests:
            retry = ((b"Retry-After", b"1"),)
            raise Unavailable(
                503,
                "proxy_overloaded",
                "openaiproxy serves too many requests just now",
                headers=retry,
            )
        self._running.add(running)
        self.watch.note_admitted()

    def dismiss(self, running: Running) -> None:
        """Count a request out; one that was never counted in is no mistake."""
        if running in self._running:
            self._running.remove(running)
            self.watch.note_dismissed()

    def cut_all(self, ending: str) -> None:
        """End every request that is under way."""
        for running in list(self._running):
            running.cut(ending)
        self.lists.close()
        self.counts.close()

    def open_record(self, request: Request) -> Record:
        """Begin the notes on a request whose head is complete."""
        now = self.clock.seconds()
        sent = request.requestHeaders.getRawHeaders(b"x-request-id")
        chosen, incoming = request_id(sent[0] if sent else None, self.make_id), None
        if self.profile.simple is not None:
            # Its clients know two names: one of ours, never theirs again, and the one that they sent.
            incoming, chosen = request_id(sent[0] if sent else None, str) or None, self._own_id()
        return Record(
            id=chosen,
            incoming=incoming,
            started=now,
            method=request.method.decode("ascii"),
            target=request.uri,
            peer=str(getattr(request.client, "host", "") or ""),
            since=now,
        )

    def _own_id(self) -> str:
        """An id in the form of a UUID, which is how those clients have it."""
        made = self.make_id()
        return "-".join((made[:8], made[8:12], made[12:16], made[16:20], made[20:]))

    @property
    def running(self) -> int:
        """Requests that were counted in."""
        return len(self._running)

    def write_line(self, record: Record) -> None:
        """Write the line of a request that has ended."""
        exchanged = record.close(self.number, self.profile.name, self.clock.seconds())
        emit(self.log, exchanged)
        self.events.note(exchanged)
        if record.lines is not None:
            record.lines.end(exchanged)
        self.watch.note(exchanged, record.bodies)

    def announce(self, record: Record) -> None:
        """Have a request's lines on the console, where it is one to a model, and the profile has them."""
        if self.console is not None and self.profile.log.console and record.route in CREATES:
            record.lines = self.console.lines()

    def note_refused(self, peer: str, error: BadRequest) -> str:
        """Write the line of what was refused before it was a request.

        :returns: the id that it has there.
        """
        now = self.clock.seconds()
        record = Record(self.make_id(), now, method="-", target=b"-", peer=peer)
        record.status, record.code, record.ending = error.status, error.code, "refused"
        self.write_line(record)
        return record.id
