"""A request body that is at hand, as an ``IBodyProducer``."""

from collections.abc import Callable

from attrs import define
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IConsumer
from twisted.web.iweb import IBodyProducer
from zope.interface import implementer

__all__ = ["Outgoing"]


@implementer(IBodyProducer)
@define(eq=False)
class Outgoing:
    """Bytes for the upstream, given at once: they are held here anyway.

    :param on_piece: sees them, for the payload log.
    """

    _data: bytes
    _on_piece: Callable[[bytes], None] | None = None

    @property
    def length(self) -> int:
        """Bytes in all."""
        return len(self._data)

    def startProducing(self, consumer: IConsumer) -> "Deferred[None]":
        """:returns: has fired with ``None``."""
        if self._on_piece is not None:
            self._on_piece(self._data)
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Nothing is left to pause."""

    def resumeProducing(self) -> None:
        """Nothing is left to resume."""

    def stopProducing(self) -> None:
        """Nothing is left to stop."""
