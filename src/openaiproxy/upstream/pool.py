"""The connections to one peer: idle ones are kept for the next request, new ones are dialled.

There is no limit on connections in use: whoever admits requests limits those. Idle ones are bounded
in number and in time, by the upstream's own ``Keep-Alive: timeout`` where it names one, and the
freshest is used first, as it is the least likely to be closed at this moment. One timer serves them
all.

A dial ends within its time, all of it: name look-up, TCP, a proxy's ``CONNECT``, TLS. What goes
wrong there becomes a :class:`~openaiproxy.errors.BadUpstream` that names the peer and the kind, and
nothing else.
"""

from collections.abc import Callable
from typing import cast

from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.error import (
    ConnectError,
    ConnectingCancelledError,
    ConnectionRefusedError,
    DNSLookupError,
    TCPTimedOutError,
    TimeoutError,
)
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.python.failure import Failure

from openaiproxy.errors import BadUpstream
from openaiproxy.upstream.connection import Connection
from openaiproxy.upstream.reading import PlainReader, Reading

__all__ = ["IDLE_LIMIT", "IDLE_SECONDS", "Pool"]

IDLE_LIMIT = 256
IDLE_SECONDS = 60.0


class _Dialled(Factory[Connection]):
    noisy = False

    def __init__(self, make: Callable[[], Connection]) -> None:
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> Connection:
        return self._make()


class Pool:
    """See the module's text.

    :param clock: for the dial's limit and the age of idle connections.
    :param endpoint: reaches the peer.
    :param peer: its ``host:port``, for messages.
    :param connect_timeout: seconds for a whole dial.
    :param reading: makes a reader for each answer.
    """

    def __init__(
        self,
        clock: IReactorTime,
        endpoint: IStreamClientEndpoint,
        peer: str,
        connect_timeout: float,
        reading: Callable[[], Reading] = PlainReader,
    ) -> None:
        self._clock = clock
        self._endpoint = endpoint
        self._peer = peer
        self._connect_timeout = connect_timeout
        self._factory = _Dialled(lambda: Connection(self, reading))
        self._idle: dict[
            Connection, float
        ] = {}  # until when; in the order in which they became idle
        self._sweep: IDelayedCall | None = None
        self._closing = False

    def take(self) -> Connection | None:
        """An idle connection, now the caller's; ``None`` where there is none."""
        now = self._clock.seconds()
        while self._idle:
            connection, until = self._idle.popitem()
            if until > now:
                return connection
            connection.close()
        return None

    async def dial(self) -> Connection:
        """Open a connection.

        :raises BadUpstream: 502 or 504.
        :raises CancelledError: when cancelled; nothing stays open then.
        """
        dialled = cast("Deferred[Connection]", self._endpoint.connect(self._factory))
        dialled.addTimeout(self._connect_timeout, self._clock, self._late)
        try:
            return await dialled
        except ConnectingCancelledError:
            raise CancelledError from None
        except (ConnectError, DNSLookupError) as error:
            raise self._unreachable(error) from None

    def keep(self, connection: Connection, seconds: int | None) -> None:
        """``Keeper``: keep an idle connection for the next request."""
        # A second less than the upstream says, or a request could cross its farewell on the way.
        stay = IDLE_SECONDS if seconds is None else min(IDLE_SECONDS, seconds - 1)
        if self._closing or stay <= 0:
            connection.close()
            return
        if len(self._idle) >= IDLE_LIMIT:
            next(iter(self._idle)).close()
        until = self._clock.seconds() + stay
        self._idle[connection] = until
        if self._sweep is None or self._sweep.getTime() > until:
            self._sweep_at(until)

    def forget(self, connection: Connection) -> None:
        """``Keeper``: a connection is gone."""
        self._idle.pop(connection, None)

    def close(self) -> "Deferred[None]":
        """Close what is idle; what is in use closes after its answer.

        :return: fires when the idle ones are gone.
        """
        self._closing = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        idle = list(self._idle)
        for connection in idle:
            connection.close()
        return DeferredList([connection.lost for connection in idle]).addCallback(lambda _: None)

    def _sweep_at(self, when: float) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
        self._sweep = self._clock.callLater(max(0.0, when - self._clock.seconds()), self._swept)

    def _swept(self) -> None:
        self._sweep = None
        now = self._clock.seconds()
        for connection in [idle for idle, until in self._idle.items() if until <= now]:
            connection.close()
        if self._idle:
            self._sweep_at(min(self._idle.values()))

    def _late(self, outcome: object, seconds: float) -> object:
        """The dial was called off for its length. Whatever came of it, it took too long."""
        if isinstance(outcome, Connection):
            outcome.close()
        return Failure(self._timed_out())

    def _timed_out(self) -> BadUpstream:
        message = f"no connection to {self._peer} within {self._connect_timeout:g} seconds"
        return BadUpstream(504, "upstream_connect_timeout", message)

    def _unreachable(self, error: Exception) -> BadUpstream:
        match error:
            case TimeoutError() | TCPTimedOutError():
                return self._timed_out()
            case DNSLookupError():
                message = f"the name of {self._peer} can't be resolved"
            case ConnectionRefusedError():
                message = f"{self._peer} refuses connections"
            case _:
                message = f"{self._peer} can't be reached"
        return BadUpstream(502, "upstream_unreachable", message)
