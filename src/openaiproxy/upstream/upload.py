"""A request's body on its way out: framed, metered, and held back while the connection is full.

:class:`Upload` stands between an ``IBodyProducer`` and a transport, in both directions. To the
producer it is the consumer, and it neither lets through more than the producer's ``length`` nor
takes less for enough. To the transport it is the producer, so that it alone decides that the body
is told to stop, and does so once.

What a body writes while it is started leaves together with the request's head, in one piece.
"""

from collections.abc import Callable

from twisted.internet.interfaces import IConsumer, IPushProducer
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer
from zope.interface import implementer

from openaiproxy.upstream.outlet import Outlet
from openaiproxy.upstream.transport import Transport

__all__ = ["Upload", "WrongBodyLength"]


#: Bytes that wait for a body to be started.
_HELD = 64 * 1024


class WrongBodyLength(Exception):
    """A body had more or fewer bytes than its producer had promised."""


@implementer(IConsumer, IPushProducer)
class Upload:
    """One body.

    :param body: what produces it. Its ``length`` decides between a plain body and a chunked one.
    :param transport: tells when it is full.
    :param outlet: the way to it.
    :param broken: called with the failure, at most once, when the body can't be completed.
    :ivar under_way: whether bytes may still follow.
    :ivar whole: whether every byte of it was written.
    """

    __slots__ = (
        "_body",
        "_broken",
        "_held",
        "_left",
        "_outlet",
        "_transport",
        "under_way",
        "whole",
    )

    def __init__(
        self,
        body: IBodyProducer,
        transport: Transport,
        outlet: Outlet,
        broken: Callable[[Failure], None],
    ) -> None:
        self.under_way = True
        self.whole = False
        self._body = body
        self._transport = transport
        self._outlet = outlet
        self._broken = broken
        self._held: bytes | None = None
        self._left: int | None = None if body.length is UNKNOWN_LENGTH else body.length

    def start(self, head: bytes) -> None:
        """Have the body produced, until its end or until :meth:`stop`.

        :param head: what leaves before it.
        """
        self._transport.registerProducer(self, True)
        if not self.under_way:  # the connection is gone already, and said so at once
            return
        self._held = head
        try:
            produced = self._body.startProducing(self)
        except Exception:
            self._failed(Failure())
        else:
            produced.addCallbacks(self._produced, self._failed)
            self._release()

    def stop(self) -> None:
        """Have no more of the body produced. Nothing happens when it is over already."""
        if self.under_way:
            self._end()
            self._body.stopProducing()

    def write(self, data: bytes) -> None:
        """``IConsumer``: a piece of the body; dropped once the body is over."""
        if not self.under_way or not data:  # an empty chunk would end the body
            return
        if self._left is None:
            self._write(b"%x\r\n%b\r\n" % (len(data), data))
            return
        if len(data) > self._left:
            self.stop()
            self._broken(Failure(WrongBodyLength("the request's body is longer than announced")))
            return
        self._left -= len(data)
        self._write(data)

    def registerProducer(self, producer: object, streaming: bool) -> None:
        """``IConsumer``: nothing to do, since the body itself is known from the start."""

    def unregisterProducer(self) -> None:
        """``IConsumer``: nothing to do; the body's end is when its ``Deferred`` fires."""

    def pauseProducing(self) -> None:
        """``IPushProducer``: the connection is full."""
        if self.under_way:
            self._body.pauseProducing()

    def resumeProducing(self) -> None:
        """``IPushProducer``: the connection has room again."""
        if self.under_way:
            self._body.resumeProducing()

    def stopProducing(self) -> None:
        """``IPushProducer``: the connection is gone."""
        if self.under_way:
            self.under_way = False
            self._body.stopProducing()

    def _write(self, data: bytes) -> None:
        if self._held is None:
            self._outlet.write(data)
            return
        self._held += data
        if len(self._held) > _HELD:
            self._release()

    def _release(self) -> None:
        """Let out what was held, to leave with what else this turn brings."""
        held, self._held = self._held, None
        if held is not None and self.under_way:
            self._outlet.write(held)

    def _produced(self, _: object) -> None:
        if not self.under_way:
            return
        if self._left:
            self._failed(Failure(WrongBodyLength("the request's body is shorter than announced")))
            return
        if self._left is None:
            self._write(b"0\r\n\r\n")
        self.whole = True
        self._end()  # first, as a body that is over is neither paused nor resumed
        held, self._held = self._held, None
        if held is not None:
            self._outlet.send(held)
        else:
            self._outlet.flush()

    def _failed(self, reason: Failure) -> None:
        if self.under_way:
            self._end()
            self._broken(reason)

    def _end(self) -> None:
        self.under_way = False
        self._transport.unregisterProducer()
