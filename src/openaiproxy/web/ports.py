"""The open ports of a process, as one service: opened together, drained together.

When the service stops, the ports close first, so that new callers go elsewhere; running answers get the configured
time to finish; what still runs then is cut. Connections are closed when their last byte was taken, not before.

Another configuration can be taken over while requests run. Sockets are told apart by their endpoints: one that both
configurations name stays open, and nobody who connects notices; a new one is opened; one that is gone drains. A
request keeps the port that it began with, and so every value of it. Whatever is wrong with the new configuration shows
before anything changes.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IStreamClientEndpoint,
    IStreamServerEndpoint,
)
from twisted.logger import Logger

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.access import ACCESS, Tell, emit
from openaiproxy.ops.buckets import Buckets, buckets_of
from openaiproxy.ops.console import Console
from openaiproxy.ops.events import Events
from openaiproxy.ops.payloads import PayloadLog
from openaiproxy.ops.watch import Watch
from openaiproxy.profile import Config, Limits, Port, Profile, Timeouts, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.web.addresses import check_reach, describe, is_loopback, urls_of
from openaiproxy.web.admin import Admin
from openaiproxy.web.binding import listen_now
from openaiproxy.web.certificates import Certificates
from openaiproxy.web.gate import Gate
from openaiproxy.web.open_socket import OpenSocket
from openaiproxy.web.pages.health import own_version
from openaiproxy.web.port import OpenPort
from openaiproxy.web.purses import Purses
from openaiproxy.web.site import Site
from openaiproxy.web.tree import build_operator_tree

__all__ = ["Ports"]

_LOOPBACK = "127.0.0.1"
_OPERATOR = Profile("operator", ())
_log = Logger(namespace="openaiproxy.ports")


class Ports(Service):
    """The ports of a configuration.

    :param reactor: a real reactor, or one that listens in memory.
    :param salt: random bytes, for the comparison of client keys.
    :param payloads: opens the payload log of a profile.
    :param access: takes the line of each request; by default it goes to twistd's log.
    :param now: time of day, in seconds since 1970, for the embedded upstream and the last requests; the reactor's
        where there is none.
    :param on_stopping: called with :meth:`cut` when draining begins.
    :param console: where the lines for people go, of profiles that have them.
    :param events: is told of starts, stops, and what is more than a request's line; twistd's log by default.
    :param endpoints: finds an endpoint by its description; the reactor's own by default.
    :param embedded: reaches an embedded upstream that others use, too, in place of one of its own.
    :param tell: is told what other processes on these ports are to hear; see :class:`Admin`.
    :ivar watch: what is known of the requests of all ports.
    :ivar admin: who may see that.
    """

    def __init__(
        self,
        reactor: Any,
        config: Config,
        *,
        salt: bytes,
        payloads: Callable[[Profile], PayloadLog | None],
        access: Tell | None = None,
        now: Callable[[], float] | None = None,
        on_stopping: Callable[[Callable[[], None]], None] = lambda cut: None,
        console: Console | None = None,
        events: Events | None = None,
        endpoints: Callable[[str], IStreamServerEndpoint] | None = None,
        embedded: IStreamClientEndpoint | None = None,
        tell: Callable[[str, str], None] = lambda kind, value: None,
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._salt = salt
        self._payloads = payloads
        self._access = access or partial(emit, Logger(namespace=ACCESS))
        self._now = now
        self._on_stopping = on_stopping
        self._console = console
        self._events = events or Events()
        self._buckets: dict[str, tuple[Limits, Buckets | None]] = {}
        self._certificates = Certificates(reactor)
        self._endpoints = endpoints or self._certificates.endpoint
        self._embedded_elsewhere = embedded
        self._open: list[OpenSocket] = []
        self._leaving: list[OpenSocket] = []
        self._operator: OpenSocket | None = None
        self.watch = Watch((_OPERATOR,), reactor.seconds, now or reactor.seconds)
        self.admin = Admin(config.operator.token, reactor.seconds, salt, tell=tell)
        self._embedded: IListeningPort | None = None
        self._clients: dict[str, UpstreamClient] = {}
        self._purses = Purses(reactor, self._note_refresh, config.wire)
        self._cut_later: IDelayedCall | None = None

    def privilegedStartService(self) -> None:
        """Open every port, or none.

        :raises Misconfigured: when one can't be opened, or turns out to be reachable by others without a key.
        """
        self.reload(self._config)
        self._events.tell("proxy.server.started", version=own_version(), ports=len(self._open))

    @property
    def addresses(self) -> list[IAddress]:
        """Where the ports listen, in the order of the configuration."""
        return [each.listening.getHost() for each in self._open]

    @property
    def operator_address(self) -> IAddress | None:
        """Where the operator's own port listens, if there is one."""
        return None if self._operator is None else self._operator.listening.getHost()

    @property
    def under_way(self) -> int:
        """Requests that run."""
        return sum(each.running for each in (*self._open, *self._leaving))

    def urls(self) -> list[str]:
        """Where the ports can be asked, as :func:`urls_of` has it."""
        return urls_of((each.endpoint, each.listening.getHost()) for each in self._open)

    def describe(self) -> str:
        """The ports in a line, for people."""
        return describe(self._config, self.addresses)

    def reload(self, config: Config) -> "Deferred[bool]":
        """Go over to a configuration. What runs goes on under the one it began with.

        :returns: has fired with ``True``: from now on, requests meet the new one.
        :raises Misconfigured: as at the start, and then everything is as it was before.
        """
        former = (self._clients, self.admin, self._embedded)
        self._purses.prepare([port.profile for port in config.ports])
        show_anew = [self._certificates.read(each) for each in self._kept_by(config)]
        free, came = list(self._open), list[OpenSocket]()
        self.watch.metrics.learn([port.profile for port in config.ports])
        if config.operator.token != self._config.operator.token:
            self.admin = self.admin.succeeded_by(config.operator.token)
        self._clients = self._unchanged_clients(config)
        try:
            given = [self._find_port(port, free, came) for port in config.ports]
            operator = self._find_operator(config, came)
        except Misconfigured:
            for opened in came:
                opened.listening.stopListening()
            if self._embedded is not None and self._embedded is not former[2]:
                self._embedded.stopListening()
            self._clients, self.admin, self._embedded = former
            raise
        self._config = config
        for show in show_anew:
            show()
        self._take(given, free, operator)
        self.watch.keep(port.profile for port in config.ports)
        if former[1] is not self.admin:
            former[1].retire()
        for name, client in former[0].items():
            if self._clients.get(name) is not client:
                client.close()
        return succeed(True)

    def _take(
        self,
        given: list[tuple[OpenSocket, OpenPort]],
        free: list[OpenSocket],
        operator: OpenSocket | None,
    ) -> None:
        """Go over to sockets and what they are to do. Nothing can go wrong any more."""
        new = [opened for opened, _ in given if opened.port is None]
        for opened, port in given:
            opened.give(port)
        self._open = [opened for opened, _ in given]
        self.watch.ports = [opened.seen(port) for opened, port in given]
        for opened in new:
            self._say(opened)
        for opened in free:
            self._leave(opened)
        former, self._operator = self._operator, operator
        if former is not None and former is not operator:
            maybeDeferred(former.listening.stopListening)
            former.site.cut()
        if operator is not None:
            port = self._make_operator_port(operator)
            ports = [each.port for each in self._open if each.port is not None]
            operator.give(port, build_operator_tree(port, ports))

    def _kept_by(self, config: Config) -> set[str]:
        """The endpoints that are open and stay so."""
        named = {port.endpoint for port in config.ports} | {config.operator.listen}
        every = (*self._open, *([] if self._operator is None else [self._operator]))
        return {each.endpoint for each in every if each.endpoint in named}

    def _unchanged_clients(self, config: Config) -> dict[str, UpstreamClient]:
        after = {port.profile.name: port.profile for port in config.ports}
        before = {port.profile.name: port.profile for port in self._config.ports}
        same = {name for name in before if _is_unchanged(before[name], after.get(name))}
        # A profile's second client has its name and a word more.
        return {
            name: client for name, client in self._clients.items() if name.partition(" ")[0] in same
        }

    def _find_port(
        self, port: Port, free: list[OpenSocket], came: list[OpenSocket]
    ) -> tuple[OpenSocket, OpenPort]:
        """The socket of a port, open already or opened now, and what it is to do."""
        opened = next((each for each in free if each.endpoint == port.endpoint), None)
        if opened is None:
            site = Site(None, self._reactor, wire=self._config.wire)
            opened = OpenSocket(
                port.endpoint, listen_now(self._endpoints(port.endpoint), port.endpoint, site), site
            )
            came.append(opened)
        else:
            free.remove(opened)
            if (
                opened.port is not None
                and opened.port.admin is self.admin
                and _is_unchanged(opened.port.profile, port.profile)
            ):
                return opened, opened.port
        return opened, self._make_port(port, opened.listening.getHost())

    def _make_port(self, port: Port, address: Any) -> OpenPort:
        profile, host = port.profile, getattr(address, "host", None)
        loopback = host is not None and is_loopback(host)
        check_reach(port, address)
        client = self._client_of(profile)
        purse = self._purses.open(profile, client)
        return OpenPort(
            profile,
            getattr(address, "port", port.endpoint),
            self._reactor,
            client,
            Gate(profile, loopback=loopback, salt=self._salt),
            self._access,
            self._payloads(profile),
            anthropic=self._anthropic_of(profile),
            purse=purse,
            watch=self.watch,
            admin=self.admin,
            buckets=self._buckets_of(profile),
            checks=(purse.fault,),
            console=self._console,
            events=self._events,
        )

    def _buckets_of(self, profile: Profile) -> Buckets | None:
        """A caller has one bucket, whichever of a profile's ports it comes to, as long as its limits stay."""
        limits, buckets = self._buckets.get(profile.name, (None, None))
        if limits != profile.limits:
            buckets = buckets_of(profile.limits, self._reactor.seconds)
            self._buckets[profile.name] = (profile.limits, buckets)
        return buckets

    def _note_refresh(self, profile: str, ok: bool) -> None:
        self.watch.metrics.note_refresh(profile, ok=ok)
        self._events.tell("proxy.login.refresh", profile=profile, ok=ok)

    def _find_operator(self, config: Config, came: list[OpenSocket]) -> OpenSocket | None:
        """The socket of the operator's own port, open already or opened now."""
        endpoint, opened = config.operator.listen, self._operator
        if endpoint is None:
            return None
        if opened is None or opened.endpoint != endpoint:
            site = Site(None, self._reactor, wire=self._config.wire)
            try:
                listening = listen_now(self._endpoints(endpoint), endpoint, site)
            except Misconfigured as mistake:
                # Callers are served all the same.
                _log.error("there is no port for the operator: {why}", why=str(mistake))
                return None
            opened = OpenSocket(endpoint, listening, site)
            came.append(opened)
            _log.info("the operator's port listens on {endpoint}", endpoint=endpoint)
        if not opened.is_near and not self.admin.has_token:
            raise Misconfigured(f"{endpoint}: listens beyond loopback, and there is no admin token")
        return opened

    def _make_operator_port(self, opened: OpenSocket) -> OpenPort:
        """What the operator's port does. It has no upstream: no path leads to the one that is named here."""
        nobody = UpstreamClient(self._reactor, Upstream("http://127.0.0.1:9"), Timeouts())
        return OpenPort(
            _OPERATOR,
            getattr(opened.listening.getHost(), "port", opened.endpoint),
            self._reactor,
            nobody,
            Gate(
                _OPERATOR,
                loopback=opened.is_near,
                salt=self._salt,
                guarded=not self.admin.has_token,
            ),
            self._access,
            watch=self.watch,
            admin=self.admin,
        )

    def _say(self, opened: OpenSocket) -> None:
        if opened.port is not None:
            _log.info(
                "{profile} listens on {host}:{number}",
                profile=opened.port.profile.name,
                host=getattr(opened.listening.getHost(), "host", ""),
                number=opened.port.number,
            )

    def _leave(self, opened: OpenSocket) -> None:
        """Close a port that the configuration no longer names, and let its answers end."""
        _log.info("{endpoint} is closed, its answers go on", endpoint=opened.endpoint)
        self._leaving.append(opened)
        cut_later = self._reactor.callLater(self._config.drain, opened.cut)

        def gone(_: object) -> None:
            self._leaving.remove(opened)
            if cut_later.active():
                cut_later.cancel()

        maybeDeferred(opened.listening.stopListening)
        opened.site.drain()
        opened.site.emptied().addCallback(gone)

    def _client_of(self, profile: Profile) -> UpstreamClient:
        return self._client(profile.name, profile.upstream, profile)

    def _anthropic_of(self, profile: Profile) -> UpstreamClient | None:
        if profile.simple is None:
            return None
        # No profile's own name has a blank.
        return self._client(f"{profile.name} anthropic", profile.simple.anthropic, profile)

    def _client(self, name: str, upstream: Upstream, profile: Profile) -> UpstreamClient:
        client = self._clients.get(name)
        if client is None:
            endpoint = self._embedded_endpoint() if upstream.embedded else None
            wire = self._config.wire
            client = UpstreamClient(self._reactor, upstream, profile.timeouts, endpoint, wire=wire)
            self._clients[name] = client
        return client

    def _embedded_endpoint(self) -> IStreamClientEndpoint:
        """The embedded upstream, on a loopback port of its own that the system chooses."""
        if self._embedded_elsewhere is not None:
            return self._embedded_elsewhere
        if self._embedded is None:
            # Some forty modules, which few processes need.
            from openaiproxy.upstream.embedded.door import site as embedded_site

            site = embedded_site(self._reactor, self._now)
            self._embedded = self._reactor.listenTCP(0, site, interface=_LOOPBACK)
        address: Any = self._embedded.getHost()
        return TCP4ClientEndpoint(self._reactor, _LOOPBACK, address.port)

    def stopService(self) -> "Deferred[None]":
        """Drain.

        :returns: fires with ``None`` when nothing is left.
        """
        super().stopService()
        return Deferred.fromCoroutine(self._drain())

    async def _drain(self) -> None:
        self.watch.metrics.draining = True
        self._events.tell("proxy.server.stopping", running=self.under_way)
        for each in self._open:
            await maybeDeferred(each.listening.stopListening)
        self._on_stopping(self.cut)
        self._cut_later = self._reactor.callLater(self._config.drain, self.cut)
        for each in self._open:
            each.site.drain()
        every = (*self._open, *self._leaving)
        await gatherResults([each.site.emptied() for each in every])
        if self._cut_later.active():
            self._cut_later.cancel()
        await self._purses.close()
        for client in self._clients.values():
            await client.close()
        if self._embedded is not None:
            await maybeDeferred(self._embedded.stopListening)
        if self._operator is not None:
            # Until now it could be asked how far the draining has come.
            await maybeDeferred(self._operator.listening.stopListening)
            self._operator.site.cut()
            await self._operator.site.emptied()
        self._events.tell("proxy.server.stopped")

    def cut(self) -> None:
        """End what still runs, now."""
        for each in (*self._open, *self._leaving):
            each.cut()


def _is_unchanged(before: Profile, after: Profile | None) -> bool:
    """Whether a profile is the same. Of a file of authorities only the name is known here."""
    return before == after and before.upstream.ca_bundle is None
