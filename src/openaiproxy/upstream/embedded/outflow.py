"""The way out of an answer: chunks in, writes out, no faster than the reader reads and no faster
than the fault says.

An :class:`Outflow` is the push producer of one request. It takes a chunk from its iterator only
when it may write, so that what isn't sent doesn't exist. After :data:`BURST` bytes it lets the
reactor take its turn. Its states::

    started -> flowing <-> waiting (for the reader, or for the pace)
                  |-> silent   (``stall``)     ends only when the client goes
                  |-> over     finished, dropped (``cut``), or the client went
"""

import socket
import struct
from collections.abc import Iterator
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IPushProducer, IReactorTime
from twisted.logger import Logger
from twisted.web.server import Request
from zope.interface import implementer

from openaiproxy.upstream.embedded.faults import Fault

__all__ = ["BURST", "Outflow", "drop"]

_log = Logger()

BURST = 64 * 1024


@implementer(IPushProducer)
@define(eq=False)
class Outflow:
    """The producer of one answer's body.

    :param request: the :class:`~twisted.web.server.Request`; Twisted leaves its methods untyped.
    :param chunks: the body.
    :param sent: how many chunks were written.
    """

    request: Any
    chunks: Iterator[bytes] = field(repr=False)
    clock: IReactorTime
    fault: Fault
    sent: int = 0
    _paused: bool = False
    _over: bool = False
    _turn: IDelayedCall | None = None

    def start(self) -> None:
        """Register with the request, whose head is ready, and begin to write."""
        if self.fault.cut is not None:
            self.chunks = _cut_off(self.chunks, self.fault.cut)
        self.request.registerProducer(self, True)
        # The head goes out even if nothing follows it.
        self.request.write(b"")
        self._flow()

    def pauseProducing(self) -> None:
        """The reader is behind."""
        self._paused = True
        self._rest()

    def resumeProducing(self) -> None:
        """The reader has caught up."""
        self._paused = False
        if self._turn is None and not self._over:
            self._turn = self.clock.callLater(self.fault.pace, self._flow)

    def stopProducing(self) -> None:
        """The client went."""
        self._over = True
        self._rest()

    def _rest(self) -> None:
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def _flow(self) -> None:
        self._turn = None
        written = 0
        while not (self._paused or self._over or self.sent == self.fault.stall):
            chunk = self._take()
            if chunk is None:
                return
            self.sent += 1
            written += len(chunk)
            self.request.write(chunk)
            if self.fault.pace or written >= BURST:
                break
        if not (self._paused or self._over or self.sent == self.fault.stall):
            self._turn = self.clock.callLater(self.fault.pace, self._flow)

    def _take(self) -> bytes | None:
        """The next chunk; or the end, which happens here."""
        try:
            chunk = next(self.chunks, None)
        except Exception:
            # The head is out: a bug of ours can only be told by a broken connection.
            _log.failure("an answer broke while it was made")
            self._end(broken=True)
            return None
        if chunk is None:
            self._end(broken=self.fault.cut is not None)
        return chunk

    def _end(self, broken: bool) -> None:
        self._over = True
        self.request.unregisterProducer()
        if broken:
            drop(self.request, self.fault.reset)
        else:
            self.request.finish()


def _cut_off(chunks: Iterator[bytes], count: int) -> Iterator[bytes]:
    """The first chunks, and never the last one."""
    held = next(chunks, None)
    for _ in range(count):
        following = next(chunks, None)
        if held is None or following is None:
            return
        yield held
        held = following


def drop(request: Request, reset: bool) -> None:
    """Drop a request's connection without a proper end to the answer.

    :param reset: at once, with a TCP reset where it's a TCP connection; else after what was written
        has gone out.
    """
    channel: Any = request.channel
    if channel is None:
        return
    if not reset:
        channel.loseConnection()
        return
    transport = channel.transport
    handle = getattr(transport, "getHandle", lambda: None)()
    if isinstance(handle, socket.socket):
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abortConnection()
