"""The parent of several workers, as one service.

It opens the ports and accepts nothing; its workers do. One that dies is replaced, at once the first time and later
after pauses that grow, so that a configuration that kills workers doesn't keep the machine busy. A reload replaces them
one after the other: the successor serves before the old one stops accepting, and the old one ends with its last answer.
When the service stops, all of them do that at once.

The embedded upstream remembers conversations, so it lives here, once for all workers.

What workers know together stands in :mod:`openaiproxy.workers.chorus`, and what one tells all others in
:mod:`openaiproxy.workers.tidings`.
"""

import secrets
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from twisted.application.service import Service
from twisted.internet.defer import Deferred, DeferredList, gatherResults, maybeDeferred, succeed
from twisted.internet.interfaces import IAddress, IDelayedCall
from twisted.logger import Logger

from openaiproxy.errors import Misconfigured
from openaiproxy.profile import Config, Profile
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.embedded.door import site as embedded_site
from openaiproxy.web.addresses import check_reach, describe, urls_of
from openaiproxy.web.binding import tls_of
from openaiproxy.web.purses import check_logins
from openaiproxy.workers.chorus import Chorus
from openaiproxy.workers.hand import Hand, Stage, hire, orders
from openaiproxy.workers.sockets import Opened, open_socket
from openaiproxy.workers.tidings import Tidings

__all__ = ["Crew"]

_START_SECONDS = 60.0
_AFTER_CUT = 5.0
_LIVED_LONG = 60.0
_LONGEST_PAUSE = 30.0
_HERE = (Stage.STARTING, Stage.SERVING)
_log = Logger(namespace="openaiproxy.workers")
T = TypeVar("T")


class Crew(Service):
    """Workers on the ports of a configuration.

    :param reactor: the real one.
    :param count: how many.
    :param now: time of day, in seconds since 1970, for the embedded upstream.
    :param payloads: opens a profile's payload log. Workers do that for themselves; here it shows whether they can.
    :param on_ready: called when all of them serve.
    :param on_stopping: called with :meth:`cut` when draining begins.
    """

    def __init__(
        self,
        reactor: Any,
        config: Config,
        count: int,
        *,
        now: Callable[[], float],
        payloads: Callable[[Profile], object] = lambda profile: None,
        on_ready: Callable[[], None] = lambda: None,
        on_stopping: Callable[[Callable[[], None]], None] = lambda cut: None,
    ) -> None:
        self._reactor = reactor
        self._config = config
        self._count = count
        self._salt = secrets.token_bytes(32)
        self._now = now
        self._payloads = payloads
        self._on_ready = on_ready
        self._on_stopping = on_stopping
        self._sockets: list[Opened] = []
        self._embedded: Any = None
        self._team: dict[int, Hand] = {}
        self._leaving: set[Hand] = set()
        self._deaths: dict[int, int] = {}
        self._later: dict[int, IDelayedCall] = {}
        self._generation = 0
        self._chorus = Chorus(reactor, self._hands, now)
        self._tidings = Tidings(reactor.seconds)
        self._is_rolling = False
        self._rolling: Deferred[bool] = succeed(True)
        self._stopping = False

    # Ports.

    def privilegedStartService(self) -> None:
        """Open every port, or none.

        :raises Misconfigured: as for one process.
        """
        self._sockets = self._open(self._config)

    @property
    def addresses(self) -> list[IAddress]:
        """Where the ports listen, in the order of the configuration."""
        return [opened.port.getHost() for opened in self._sockets[: len(self._config.ports)]]

    def urls(self) -> list[str]:
        """Where the ports can be asked."""
        ports = self._sockets[: len(self._config.ports)]
        return urls_of((each.endpoint, each.port.getHost()) for each in ports)

    def describe(self) -> str:
        """The ports in a line, for people."""
        return f"{describe(self._config, self.addresses)}; {self._count} workers"

    def _open(self, config: Config) -> list[Opened]:
        """The sockets of a configuration: open ones stay, new ones are opened, none is closed."""
        free, came, found = list(self._sockets), list[Opened](), list[Opened]()
        check_logins(port.profile for port in config.ports)
        try:
            for port in config.ports:
                self._try(port.profile)
                opened = next((each for each in free if each.endpoint == port.endpoint), None)
                if opened is None:
                    opened = open_socket(self._reactor, port.endpoint)
                    came.append(opened)
                else:
                    free.remove(opened)
                    _check_files(opened.endpoint)
                found.append(opened)
                check_reach(port, opened.port.getHost())
            found += self._open_operator(config, free)
        except Misconfigured:
            for each in came:
                each.close()
            raise
        if self._embedded is None and any(port.profile.upstream.embedded for port in config.ports):
            site = embedded_site(self._reactor, self._now)
            self._embedded = self._reactor.listenTCP(0, site, interface="127.0.0.1")
        return found

    def _try(self, profile: Profile) -> None:
        """See that workers will be able to serve a profile.

        :raises Misconfigured: where they won't.
        """
        self._payloads(profile)
        if not profile.upstream.embedded:
            UpstreamClient(self._reactor, profile.upstream, profile.timeouts)

    def _open_operator(self, config: Config, free: list[Opened]) -> list[Opened]:
        """The socket of the operator's own port, which every worker accepts on as well."""
        endpoint = config.operator.listen
        if endpoint is None:
            return []
        for opened in free:
            if opened.endpoint == endpoint:
                return [opened]
        try:
            return [open_socket(self._reactor, endpoint)]
        except Misconfigured as mistake:
            # Callers are served all the same.
            _log.error("there is no port for the operator: {why}", why=str(mistake))
            return []

    # Workers.

    def startService(self) -> None:
        """Start all workers."""
        super().startService()
        for port, address in zip(self._config.ports, self.addresses, strict=True):
            _log.info(
                "{profile} listens on {host}:{number}",
                profile=port.profile.name,
                host=getattr(address, "host", ""),
                number=getattr(address, "port", port.endpoint),
            )
        hands = [self._hire(number) for number in range(1, self._count + 1)]
        ready = DeferredList([hand.ready for hand in hands], consumeErrors=True)
        ready.addCallback(lambda _: None if self._stopping else self._on_ready())

    def _hire(self, number: int) -> Hand:
        embedded = None if self._embedded is None else self._embedded.getHost().port
        begin = orders(self._config, self._sockets, embedded, self._salt)
        begin["tidings"] = self._tidings.told()
        hand = Hand(
            number,
            self._generation,
            begin,
            self._chorus.answers,
            self._reactor.seconds,
            lambda message: self._pass_on(hand, message),
        )
        self._team[number] = hand
        hand.ended.addCallback(lambda _: self._note_end(hand))
        hire(self._reactor, hand, self._sockets)
        return hand

    def _note_end(self, hand: Hand) -> None:
        self._leaving.discard(hand)
        self._chorus.part(hand)
        if self._stopping or self._team.get(hand.number) is not hand:
            return
        lived = self._reactor.seconds() - hand.since
        deaths = 1 if lived > _LIVED_LONG else self._deaths.get(hand.number, 0) + 1
        self._deaths[hand.number] = deaths
        pause = 0.0 if deaths == 1 else min(_LONGEST_PAUSE, 0.25 * 2**deaths)
        _log.error(
            "worker {number} ended ({why}); another starts in {pause} s",
            number=hand.number,
            why=hand.why,
            pause=pause,
        )
        self._later[hand.number] = self._reactor.callLater(pause, self._replace_dead, hand.number)

    def _replace_dead(self, number: int) -> None:
        del self._later[number]
        # What goes wrong is told by its end, which brings it here again.
        self._hire(number).ready.addErrback(lambda _: None)

    def _pass_on(self, teller: Hand, message: dict[str, Any]) -> None:
        """Tell all other workers what one of them tells; one that starts hears it once it has begun."""
        kind, value = str(message["kind"]), str(message["value"])
        self._tidings.keep(kind, value)
        for hand in self._hands():
            if hand is not teller:
                hand.link.say("tidings", kind=kind, value=value)

    # Another configuration.

    def reload(self, config: Config) -> "Deferred[bool]":
        """Go over to a configuration, one worker after the other.

        :returns: fires when that is over, with whether all of them are replaced.
        :raises Misconfigured: where it can't be opened, and then everything is as it was.
        """
        former, self._sockets = self._sockets, self._open(config)
        self._config = config
        self._generation += 1
        for opened in former:
            if opened not in self._sockets:
                _log.info("{endpoint} is closed, its answers go on", endpoint=opened.endpoint)
                maybeDeferred(opened.close)
        if not self._is_rolling:
            self._rolling = Deferred.fromCoroutine(self._roll())
        return _beside(self._rolling)

    async def _roll(self) -> bool:
        """Replace every worker that is of an earlier configuration.

        :returns: whether none is left.
        """
        self._is_rolling = True
        try:
            while (number := self._outdated()) is not None and not self._stopping:
                await self._succeed(number)
        except Exception:
            # The old one goes on in its place, and the next reload tries again.
            if not self._stopping:
                _log.failure("a worker was not replaced; those that are left keep what they have")
        finally:
            self._is_rolling = False
        return self._outdated() is None

    def _outdated(self) -> int | None:
        for number, hand in self._team.items():
            if hand.generation < self._generation and number not in self._later:
                return number
        return None

    async def _succeed(self, number: int) -> None:
        old = self._team[number]
        self._leaving.add(old)
        new = self._hire(number)
        try:
            await new.ready.addTimeout(_START_SECONDS, self._reactor)
        except Exception:
            if old.stage in _HERE:
                self._leaving.discard(old)
                self._team[number] = old
            new.kill()
            raise
        # One that has not served yet would begin to, and stay.
        if old.stage in _HERE:
            old.leave()
            await old.closed

    # The end.

    def stopService(self) -> "Deferred[None]":
        """Drain.

        :returns: fires with ``None`` when all workers are gone.
        """
        super().stopService()
        self._stopping = self._chorus.draining = True
        return Deferred.fromCoroutine(self._drain())

    async def _drain(self) -> None:
        for call in self._later.values():
            call.cancel()
        for opened in self._sockets:
            await maybeDeferred(opened.close)
        hands = self._hands()
        for hand in hands:
            hand.leave()
        self._on_stopping(self.cut)
        kill_later = self._reactor.callLater(self._config.drain + _AFTER_CUT, self._kill, hands)
        await gatherResults([_beside(hand.ended) for hand in hands])
        if kill_later.active():
            kill_later.cancel()
        if self._embedded is not None:
            await maybeDeferred(self._embedded.stopListening)
        _log.info("all workers are gone")

    def cut(self) -> None:
        """End what still runs, now."""
        for hand in self._hands():
            hand.link.say("cut")

    def _hands(self) -> list[Hand]:
        every = (*self._team.values(), *self._leaving)
        return [hand for hand in every if hand.stage is not Stage.GONE]

    def _kill(self, hands: Sequence[Hand]) -> None:
        for hand in hands:
            hand.kill()


def _check_files(endpoint: str) -> None:
    """See that workers will be able to use the certificate of a port that stays open.

    :raises Misconfigured: where they won't.
    """
    if not endpoint.startswith("systemd:"):  # that is this process's alone, and reads none
        try:
            tls_of(endpoint)
        except ValueError as error:
            raise Misconfigured(f"{endpoint}: {error}") from None


def _beside(other: "Deferred[T]") -> "Deferred[T]":
    """Fires as another does, which never fails, and leaves that its result."""
    done: Deferred[T] = Deferred()

    def pass_on(result: T) -> T:
        done.callback(result)
        return result

    other.addCallback(pass_on)
    return done
