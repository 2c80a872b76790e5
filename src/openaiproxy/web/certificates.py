"""Certificates of our own ports, which are read again when the configuration is.

Twisted reads an endpoint's key and certificate once, as it takes its description apart, and a port that stays open
would show the old certificate until the process ends. So an endpoint is built on a stand-in for the reactor, which puts
a :class:`_Shown` in the place of what holds them; that hands out whatever was read last. Connections that are open
keep what they began with.
"""

import weakref
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen
from twisted.internet.endpoints import serverFromString
from twisted.internet.interfaces import IOpenSSLContextFactory, IStreamServerEndpoint
from zope.interface import implementer

from openaiproxy.errors import Misconfigured
from openaiproxy.web.binding import tls_of

__all__ = ["Certificates"]


@implementer(IOpenSSLContextFactory)
@define(eq=False)
class _Shown:
    """What an open port shows.

    :param factory: makes contexts, from what was read last.
    """

    factory: Any

    def getContext(self) -> Any:
        """The context of a connection that begins."""
        return self.factory.getContext()


@frozen
class _Standing:
    """Stands in a reactor's place and is one, but for ports that speak TLS."""

    _reactor: Any
    _note: Callable[[_Shown], None]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, *more: Any, **named: Any
    ) -> Any:
        """Listen, and speak TLS."""
        shown = _Shown(contextFactory)
        self._note(shown)
        return self._reactor.listenSSL(port, factory, shown, *more, **named)


@define(eq=False)
class Certificates:
    """Those of all open ports.

    :param reactor: opens them.
    """

    _reactor: Any
    _shown: "dict[str, weakref.WeakSet[_Shown]]" = field(factory=dict, init=False)

    def endpoint(self, description: str) -> IStreamServerEndpoint:
        """An endpoint whose certificate can be renewed.

        :raises Exception: what Twisted raises where it is none.
        """
        shown = self._shown.setdefault(description, weakref.WeakSet())
        standing: Any = _Standing(self._reactor, shown.add)
        made: IStreamServerEndpoint = serverFromString(standing, description)
        return made

    def read(self, description: str) -> Callable[[], None]:
        """Read an open port's key and certificate again.

        :returns: has them shown from now on.
        :raises Misconfigured: where they can't be used.
        """
        shown = tuple(self._shown.get(description, ()))
        if not shown:
            return lambda: None
        try:
            [factory] = tls_of(description)
        except ValueError as error:
            raise Misconfigured(f"{description}: {error}") from None

        def show() -> None:
            for each in shown:
                each.factory = factory

        return show
