"""The open ports of a process, as one service: opened together, drained together.

When the service stops, the ports close first, so that new callers go elsewhere; running answers get the configured
time to finish; what still runs then is cut. Connections are closed when their last byte was taken, not before.
"""

import ipaddress
from collections.abc import Callable
from typing import Any

from attrs import define
from twisted.application.service import Service
from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.endpoints import TCP4ClientEndpoint, serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IListeningPort,
    IStreamClientEndpoint,
)
from twisted.logger import Logger
from twisted.python.failure import Failure

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.payloads import PayloadLog
from openaiproxy.ops.watch import Watch
from openaiproxy.profile import Config, Port, Profile, Timeouts, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.embedded.door import site as embedded_site
from openaiproxy.web.admin import Admin
from openaiproxy.web.gate import Gate
from openaiproxy.web.port import OpenPort
from openaiproxy.web.purses import Purses
from openaiproxy.web.site import Site
from openaiproxy.web.tree import build_operator_tree, build_tree

__all__ = ["ACCESS", "Ports", "is_loopback"]

#: The namespace of requests' lines.
ACCESS = "openaiproxy.access"
_LOOPBACK = "127.0.0.1"
_OPERATOR = Profile("operator", ())
_log = Logger(namespace="openaiproxy.ports")


@define(eq=False)
class _Open:
    """One open port with all that belongs to it."""

    listening: IListeningPort
    site: Site
    port: OpenPort


class Ports(Service):
    """The ports of a configuration.

    :param reactor: a real reactor, or one that listens in memory.
    :param salt: random bytes, for the comparison of client keys.
    :param payloads: opens the payload log of a profile.
    :param access: where the line of each request goes; twistd's log by default.
    :param now: time of day, in seconds since 1970, for the embedded upstream and the last requests; the reactor's
        where there is none.
    :param on_stopping: called with :meth:`cut` when draining begins.
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
        access: Logger | None = None,
        now: Callable[[], float] | None = None,
        on_stopping: Callable[[Callable[[], None]], None] = lambda cut: None,
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._salt = salt
        self._payloads = payloads
        self._access = access or Logger(namespace=ACCESS)
        self._now = now
        self._on_stopping = on_stopping
        profiles = (*{port.profile.name: port.profile for port in config.ports}.values(), _OPERATOR)
        self.watch = Watch(profiles, reactor.seconds, now or reactor.seconds)
        self.admin = Admin(config.operator.token, reactor.seconds, salt)
        self._open: list[_Open] = []
        self._operator: _Open | None = None
        self._embedded: IListeningPort | None = None
        self._clients: dict[str, UpstreamClient] = {}
        self._purses = Purses(reactor, self._note_refresh)
        self._cut_later: IDelayedCall | None = None

    def privilegedStartService(self) -> None:
        """Open every port, or none.

        :raises Misconfigured: when one can't be opened, or turns out to be reachable by others without a key.
        """
        try:
            for port in self._config.ports:
                self._open_port(port)
            if self._config.operator.listen is not None:
                self._open_operator(self._config.operator.listen)
        except Misconfigured:
            opened, self._open = self._open, []
            if self._operator is not None:
                opened.append(self._operator)
            for each in opened:
                each.listening.stopListening()
            embedded, self._embedded = self._embedded, None
            if embedded is not None:
                embedded.stopListening()
            raise

    @property
    def addresses(self) -> list[IAddress]:
        """Where the ports listen, in the order of the configuration."""
        return [each.listening.getHost() for each in self._open]

    @property
    def operator_address(self) -> IAddress | None:
        """Where the operator's own port listens, if there is one."""
        return None if self._operator is None else self._operator.listening.getHost()

    def _open_port(self, port: Port) -> None:
        profile = port.profile
        site = Site(None, self._reactor, idle=profile.timeouts.client_idle)
        listening = self._listen(port.endpoint, site)
        address = listening.getHost()
        host = getattr(address, "host", None)
        loopback = host is not None and is_loopback(host)
        number = getattr(address, "port", port.endpoint)
        open_port = self._port_of(profile, number, loopback=loopback)
        site.resource = build_tree(open_port)
        site.on_refused = open_port.note_refused
        self._open.append(_Open(listening, site, open_port))
        if (
            host is not None
            and not loopback
            and profile.credential.is_ours
            and not profile.auth.keys
        ):
            raise Misconfigured(
                f"{port.endpoint}: listens beyond loopback and would spend a key or a login for anyone"
            )
        _log.info(
            "{profile} listens on {host}:{number}",
            profile=profile.name,
            host=host or "",
            number=number,
        )

    def _open_operator(self, endpoint: str) -> None:
        """The operator's own port, which has no upstream: no path leads to the one that is named here."""
        site = Site(None, self._reactor)
        try:
            listening = self._listen(endpoint, site)
        except Misconfigured as mistake:
            # Callers are served all the same.
            _log.error("there is no port for the operator: {why}", why=str(mistake))
            return
        address = listening.getHost()
        host = getattr(address, "host", None)
        loopback = host is None or is_loopback(host)
        nobody = UpstreamClient(self._reactor, Upstream("http://127.0.0.1:9"), Timeouts())
        port = OpenPort(
            _OPERATOR,
            getattr(address, "port", endpoint),
            self._reactor,
            nobody,
            Gate(_OPERATOR, loopback=loopback, salt=self._salt, guarded=not self.admin.has_token),
            self._access,
            watch=self.watch,
            admin=self.admin,
        )
        site.resource = build_operator_tree(port, [each.port for each in self._open])
        site.on_refused = port.note_refused
        self._operator = _Open(listening, site, port)
        if not loopback and not self.admin.has_token:
            raise Misconfigured(f"{endpoint}: listens beyond loopback, and there is no admin token")
        _log.info("the operator's port listens on {endpoint}", endpoint=endpoint)

    def _port_of(self, profile: Profile, number: int | str, *, loopback: bool) -> OpenPort:
        client = self._client_of(profile)
        purse = self._purses.open(profile, client)
        return OpenPort(
            profile,
            number,
            self._reactor,
            client,
            Gate(profile, loopback=loopback, salt=self._salt),
            self._access,
            self._payloads(profile),
            anthropic=self._anthropic_of(profile),
            purse=purse,
            watch=self.watch,
            admin=self.admin,
            checks=(purse.fault,),
        )

    def _note_refresh(self, profile: str, ok: bool) -> None:
        self.watch.metrics.note_refresh(profile, ok=ok)

    def _listen(self, endpoint: str, site: Site) -> IListeningPort:
        """All of Twisted's server endpoints listen at once; one that doesn't is of no use here."""
        outcome: list[IListeningPort | Failure] = []
        serverFromString(self._reactor, endpoint).listen(site).addBoth(outcome.append)
        if not outcome:
            raise Misconfigured(f"{endpoint}: did not open at once")
        if isinstance(outcome[0], Failure):
            error = outcome[0].value
            why = error.socketError if isinstance(error, CannotListenError) else error
            raise Misconfigured(f"{endpoint}: can't be opened: {why}")
        return outcome[0]

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
            client = UpstreamClient(self._reactor, upstream, profile.timeouts, endpoint)
            self._clients[name] = client
        return client

    def _embedded_endpoint(self) -> IStreamClientEndpoint:
        """The embedded upstream, on a loopback port of its own that the system chooses."""
        if self._embedded is None:
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
        for each in self._open:
            await maybeDeferred(each.listening.stopListening)
        self._on_stopping(self.cut)
        self._cut_later = self._reactor.callLater(self._config.drain, self.cut)
        for each in self._open:
            each.site.drain()
        await gatherResults([each.site.emptied() for each in self._open])
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
        _log.info("all answers are finished, the ports are closed")

    def cut(self) -> None:
        """End what still runs, now."""
        for each in self._open:
            each.port.cut_all("drained")
            each.site.cut()


def is_loopback(host: str) -> bool:
    """Whether an address, as a listening port tells it, is reached from this machine only."""
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)
