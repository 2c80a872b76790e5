"""An answer from its head on, and the delivery of its body.

:class:`Incoming` is the transport of the protocol that the body is delivered to. It holds what
arrives before there is one, and knows how the body ended: ``ResponseDone``, ``PotentialDataLoss``
(a body ended by the close alone), or anything else, which means that it is broken.
"""

from typing import Protocol

from twisted.internet.error import ConnectionAborted
from twisted.internet.interfaces import IProtocol, IPushProducer
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import UNKNOWN_LENGTH, IResponse
from zope.interface import implementer

from openaiproxy.upstream.heads import Head

__all__ = ["Incoming", "Source"]


class Source(Protocol):
    """Where an answer comes from."""

    def pause(self) -> None:
        """Read no more of it for now."""

    def resume(self) -> None:
        """Read on."""

    def close(self) -> None:
        """Give it up, at once."""


@implementer(IResponse, IPushProducer)
class Incoming:
    """An answer whose head is there. The ``headers`` that treq sees are empty: it decodes nothing.

    :ivar head: what there is to know.
    :ivar paused: whether its protocol wants no more bytes for now.
    """

    headers = Headers()
    version = (b"HTTP", 1, 1)
    length = UNKNOWN_LENGTH
    request = None
    previousResponse = None

    def __init__(self, head: Head, source: Source) -> None:
        self.head = head
        self.code = head.status
        self.phrase = head.phrase
        self.paused = False
        self._source: Source | None = source
        self._protocol: IProtocol | None = None
        self._taken = False
        self._early: list[bytes] = []
        self._ending: Failure | None = None

    @property
    def waiting(self) -> bool:
        """Whether a body is still coming in and nobody takes it yet."""
        return self._protocol is None and self._ending is None

    def deliverBody(self, protocol: IProtocol) -> None:
        """``IResponse``: give the body to a protocol, once."""
        assert not self._taken
        self._taken = True
        protocol.makeConnection(self)  # type: ignore[arg-type]
        while self._early:
            protocol.dataReceived(self._early.pop(0))
        self._protocol = protocol  # not before, so that pieces and the end keep their order
        if self._ending is not None:
            self._protocol = None
            protocol.connectionLost(self._ending)
        elif not self.paused:
            self.resumeProducing()

    def setPreviousResponse(self, response: object) -> None:
        """``IResponse``: redirects are not followed, so that there is none."""

    def receive(self, data: bytes) -> None:
        """A piece of the body came."""
        if self._protocol is None:
            self._early.append(data)
        else:
            self._protocol.dataReceived(data)

    def end(self, reason: Failure) -> None:
        """No more of the body comes. Called once."""
        self._source = None
        self._ending = reason
        if self._protocol is not None:
            protocol, self._protocol = self._protocol, None  # lest the two hold one another
            protocol.connectionLost(reason)

    def pauseProducing(self) -> None:
        """``IPushProducer``: read no more for now; what was read already may still come."""
        self.paused = True
        if self._source is not None:
            self._source.pause()

    def resumeProducing(self) -> None:
        """``IPushProducer``: read on."""
        self.paused = False
        if self._source is not None:
            self._source.resume()

    def stopProducing(self) -> None:
        """``IPushProducer``: the same as :meth:`abort`."""
        self.abort()

    def abort(self) -> None:
        """Close the connection at once, unless the answer is whole. The body is broken then."""
        self._early.clear()
        if self._source is not None:
            self._source.close()
        elif not self._taken:
            self._ending = Failure(ConnectionAborted())
