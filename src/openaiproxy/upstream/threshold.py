"""A protocol that stands before the real one while something has to be said first.

A proxy wants a ``CONNECT``, TLS wants its handshake. A :class:`Threshold` has that dialogue; once
it is over it builds the real protocol on the same transport and only passes on what it hears.
Whoever dials awaits :attr:`Threshold.ready`, so that "connected" means that the next byte sent can
be a request.
"""

from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IProtocol, IProtocolFactory
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from openaiproxy.upstream.transport import Transport

__all__ = ["Threshold", "Thresholds"]


class Threshold(Protocol):
    """One connection on the way to its real protocol. Children have the dialogue.

    :param factory: builds the real protocol.
    :ivar ready: fires with the real protocol; may be cancelled, which closes the connection at
        once.
    """

    def __init__(self, factory: IProtocolFactory) -> None:
        self.ready: Deferred[IProtocol] = Deferred(self._cancelled)
        self._factory = factory
        self._inner: IProtocol | None = None
        self._over = False

    def heard(self, data: bytes) -> None:
        """Bytes of the dialogue came."""
        raise NotImplementedError

    def lost(self, reason: Failure) -> Exception:
        """:return: what the end of the connection within the dialogue means."""
        raise NotImplementedError

    def cross(self, rest: bytes = b"") -> None:
        """The dialogue is over.

        :param rest: bytes that came after it.
        """
        if self._over:
            return
        self._over = True
        assert self.transport is not None
        inner = self._factory.buildProtocol(self.transport.getPeer())
        assert inner is not None
        self._inner = inner
        inner.makeConnection(self.transport)
        if rest:
            inner.dataReceived(rest)
        self.ready.callback(inner)

    def refuse(self, error: Exception) -> None:
        """The dialogue failed: close the connection at once."""
        if self._over:
            return
        self._over = True
        cast(Transport, self.transport).abortConnection()
        self.ready.errback(error)

    def dataReceived(self, data: bytes) -> None:
        """``IProtocol``"""
        if self._inner is not None:
            self._inner.dataReceived(data)
        elif not self._over:
            self.heard(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """``IProtocol``"""
        if self._inner is not None:
            self._inner.connectionLost(reason)
        elif not self._over:
            self._over = True
            self.ready.errback(self.lost(reason))

    def _cancelled(self, _: "Deferred[IProtocol]") -> None:
        self._over = True
        cast(Transport, self.transport).abortConnection()


class Thresholds(Factory[Threshold]):
    """Builds one threshold, which the caller made.

    :param threshold: for the one connection of this dial.
    """

    noisy = False

    def __init__(self, threshold: Threshold) -> None:
        self._threshold = threshold

    def buildProtocol(self, addr: IAddress | None) -> Threshold:
        """``IProtocolFactory``"""
        return self._threshold
