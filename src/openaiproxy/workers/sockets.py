"""Listening sockets that one process opens and others accept on.

The parent opens every endpoint as it would for itself, and then doesn't accept. A worker gets the sockets by number,
and each endpoint once more, as text: what the endpoint does beside listening (TLS, another proxy's greeting) is done
where connections are accepted. There an endpoint is built on :class:`Adopting` in the reactor's place, which takes the
handed socket wherever one would be opened.
"""

import os
import re
from typing import Any

from attrs import define, frozen
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IAddress, IListeningPort, IStreamServerEndpoint
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory
from zope.interface import implementer

from openaiproxy.web.binding import listen_now

__all__ = ["Adopting", "Opened", "adopted", "open_socket"]

_HANDED = re.compile(r"systemd:.*$", re.DOTALL)


class _Nobody(Factory):
    """Serves nobody: nothing is accepted here."""

    noisy = False


@define(eq=False)
class Opened:
    """A socket that listens, and that this process doesn't accept on."""

    endpoint: str
    port: Any

    @property
    def descriptor(self) -> int:
        """Its number in this process."""
        return int(self.port.fileno())

    @property
    def family(self) -> int:
        """Its address family, as the system counts them."""
        return int(self.port.socket.family)

    def close(self) -> Any:
        """Stop listening, as far as this process is concerned.

        :returns: what ``stopListening`` does.
        """
        return self.port.stopListening()


def open_socket(reactor: Any, endpoint: str) -> Opened:
    """Open an endpoint's socket.

    :raises Misconfigured: when it can't be opened.
    """
    port: Any = listen_now(serverFromString(reactor, endpoint), endpoint, _Nobody())
    port.stopReading()
    return Opened(endpoint, port)


@implementer(IListeningPort)
@frozen
class _Staying:
    """A port on a socket file. Its own end would take the file away, which others still accept on."""

    _port: Any

    def startListening(self) -> None:
        """It does already."""

    def stopListening(self) -> None:
        """Accept no more."""
        self._port.stopReading()

    def getHost(self) -> IAddress:
        """Where the file lies."""
        address: IAddress = self._port.getHost()
        return address


@frozen
class Adopting:
    """Stands in a reactor's place for one endpoint, and listens on a socket that is open already."""

    _reactor: Any
    _descriptor: int
    _family: int

    def listenTCP(self, port: int, factory: Any, *_: Any, **__: Any) -> IListeningPort:
        """Listen."""
        listening: IListeningPort = self._reactor.adoptStreamPort(
            self._descriptor, self._family, factory
        )
        os.close(self._descriptor)
        return listening

    def listenUNIX(self, address: str, factory: Any, *_: Any, **__: Any) -> IListeningPort:
        """Listen."""
        return _Staying(self.listenTCP(0, factory))

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, *_: Any, **__: Any
    ) -> IListeningPort:
        """Listen, and speak TLS."""
        return self.listenTCP(0, TLSMemoryBIOFactory(contextFactory, False, factory))


def adopted(reactor: Any, endpoint: str, descriptor: int, family: int) -> IStreamServerEndpoint:
    """An endpoint that takes a handed socket.

    :param endpoint: its description. A socket that the parent was handed itself has a number of the parent's in it,
        which means nothing here.
    """
    described = _HANDED.sub("tcp:0", endpoint)
    made: IStreamServerEndpoint = serverFromString(Adopting(reactor, descriptor, family), described)
    return made
