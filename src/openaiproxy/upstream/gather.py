"""An upstream answer's whole body, where it has to be read before anything can be said of it.

The opposite of :mod:`openaiproxy.web.pump`: nothing flows on, all is held, so there is a limit. It knows nothing of
what the bytes mean, and takes off no content coding.
"""

from typing import Any

from attrs import field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone
from twisted.web.http import PotentialDataLoss

from openaiproxy.errors import BadUpstream
from openaiproxy.upstream.client import Answer
from openaiproxy.wire.headers import Field

__all__ = ["Gathered", "gather"]


@frozen
class Gathered:
    """An answer that is whole.

    :param headers: end-to-end fields, as :class:`~openaiproxy.upstream.client.Answer` has them.
    """

    status: int
    headers: list[Field]
    body: bytes = field(repr=False)


async def gather(answer: Answer, clock: IReactorTime, *, limit: int, idle: float) -> bytes:
    """Take an answer's whole body. Cancelling closes the upstream connection at once, and so does every error.

    A body that only the connection's close delimits counts as whole: whoever reads it finds out whether it is.

    :param answer: not yet delivered.
    :param limit: bytes that it may have.
    :param idle: seconds that it may be silent.
    :raises BadUpstream: 502 ``upstream_answer_too_large``, 502 ``upstream_cut``, 504 ``upstream_idle_timeout``.
    """
    if answer.length is not None and answer.length > limit:
        answer.abort()
        raise _too_large(limit)
    return await _Gathering(answer, clock, limit, idle).run()


class _Gathering(Protocol):
    """One body on its way in. All that can end it goes through ``_end``, which acts once."""

    transport: Any

    def __init__(self, answer: Answer, clock: IReactorTime, limit: int, idle: float) -> None:
        self._answer = answer
        self._limit = limit
        self._idle = idle
        self._pieces: list[bytes] = []
        self._size = 0
        self._done: Deferred[bytes] | None = Deferred(lambda _: self._end(None))
        self._timer: IDelayedCall | None = clock.callLater(idle, self._fell_silent)

    def run(self) -> "Deferred[bytes]":
        done = self._done
        assert done is not None
        self._answer.deliver(self)
        return done

    def dataReceived(self, data: bytes) -> None:
        if self._timer is None:
            return
        self._timer.reset(self._idle)
        self._size += len(data)
        self._pieces.append(data)
        if self._size > self._limit:
            self._end(_too_large(self._limit))

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        if reason.check(ResponseDone, PotentialDataLoss):
            self._end(b"".join(self._pieces))
        else:
            self._end(BadUpstream(502, "upstream_cut", "the upstream broke off within its answer"))

    def _fell_silent(self) -> None:
        self._timer = None
        message = "the upstream fell silent within its answer"
        self._end(BadUpstream(504, "upstream_idle_timeout", message))

    def _end(self, outcome: bytes | BadUpstream | None) -> None:
        """It is over: whole, failed, or cancelled (``None``: the Deferred fails by itself)."""
        done, self._done = self._done, None
        if done is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pieces.clear()
        if isinstance(outcome, bytes):
            done.callback(outcome)
            return
        self._answer.abort()
        if outcome is not None:
            done.errback(Failure(outcome))


def _too_large(limit: int) -> BadUpstream:
    message = f"the upstream's answer is larger than {limit} bytes"
    return BadUpstream(502, "upstream_answer_too_large", message)
