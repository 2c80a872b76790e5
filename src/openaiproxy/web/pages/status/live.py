"""What happens, as events for those who watch it happen.

:class:`Live` plays an upstream's answer, so that the pump of every stream carries it: a page that does not read is told
nothing more until it reads again, or until it has not read for too long. Nothing waits for a slow page meanwhile: the
ring is the buffer, and what has left the ring by then is missed.

::

    event: state        {"ports": [...], "minutes": [...], ...}     at first with the whole hour, then every two seconds
    event: requests     [{"number": 7, "id": ...}, ...]             those that ended, at most twice a second

It ends when the page leaves, when its session does, and when the port closes.
"""

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IProtocol, IReactorTime
from twisted.internet.task import LoopingCall
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone

from openaiproxy.ops.ring import Entry
from openaiproxy.ops.seen import Shown
from openaiproxy.profile import Timeouts
from openaiproxy.web.flow import KEEPALIVE, Last
from openaiproxy.web.pages.status.told import request_told, state_told
from openaiproxy.wire.json import dumps
from openaiproxy.wire.sse import encode

__all__ = ["TIMEOUTS", "Live", "Telling"]

#: A page that reads nothing for a minute is let go; it asks again when it wakes.
TIMEOUTS = Timeouts(client_write=60.0, keepalive=15.0)
_STATE_EVERY = 2.0
_GATHERING = 0.5
_RETRY = b"retry: 3000\n\n"
_HOUR = 60
#: Of the last minutes one is still growing, and one may have grown since it was told.
_GROWING = 2


class Telling:
    """A :class:`openaiproxy.web.flow.Flow` of whole events."""

    beats = True
    over = False
    settled = True

    def feed(self, data: bytes) -> bytes:
        return data

    def beat(self) -> bytes:
        return KEEPALIVE

    def close(self, ending: str) -> Last:
        return Last(ending, proper=ending == "complete")


@define(eq=False)
class Live:
    """One page's events.

    :param lasts: whether it may go on.
    """

    _shown: Shown
    _clock: IReactorTime
    _lasts: Callable[[], bool]
    _protocol: Any = field(default=None, init=False)
    _unsubscribe: Callable[[], None] | None = field(default=None, init=False)
    _states: LoopingCall | None = field(default=None, init=False)
    _soon: IDelayedCall | None = field(default=None, init=False)
    _told: int = field(default=0, init=False)
    _minute: int | None = field(default=None, init=False)
    _paused: bool = field(default=False, init=False)

    def subscribe(self) -> bool:
        """Take a place among those who are told; there is an end of them.

        :returns: whether there was one.
        """
        self._unsubscribe = self._shown.subscribe(self._note)
        return self._unsubscribe is not None

    # What the pump calls.

    def deliver(self, protocol: IProtocol) -> None:
        """Begin."""
        self._protocol = protocol
        protocol.makeConnection(self)  # type: ignore[arg-type]
        # Before anything is sent, since sending may already be the end.
        self._states = LoopingCall(self._tell_state)
        self._states.clock = self._clock
        self._states.start(_STATE_EVERY, now=False)
        self._send(_RETRY)
        self._say_state()
        self._tell_requests()

    def abort(self) -> None:
        """Nobody watches any more."""
        self._protocol = None
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._states is not None and self._states.running:
            self._states.stop()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        if self._paused:
            self._paused = False
            self._tell_requests()

    def stopProducing(self) -> None:
        self.abort()

    # What is told.

    def _note(self, entry: Entry) -> None:
        if self._soon is None and self._protocol is not None and not self._paused:
            self._soon = self._clock.callLater(_GATHERING, self._tell_gathered)

    def _tell_gathered(self) -> None:
        self._soon = None
        self._tell_requests()

    def _tell_state(self) -> None:
        protocol = self._protocol
        if protocol is not None and not self._lasts():
            self.abort()
            protocol.connectionLost(Failure(ResponseDone()))
        elif not self._paused:
            self._say_state()

    def _say_state(self) -> None:
        """Say it with the minutes that may have grown since it was said last."""
        minute = self._shown.ring.minute
        missed = _HOUR if self._minute is None else minute - self._minute
        self._minute = minute
        self._say(b"state", state_told(self._shown, min(missed + _GROWING, _HOUR)))

    def _tell_requests(self) -> None:
        entries = () if self._paused else self._shown.ring.recent(self._told)
        if entries:
            self._told = entries[-1].number
            self._say(b"requests", [request_told(self._shown, entry) for entry in entries])

    def _say(self, event: bytes, found: object) -> None:
        self._send(encode(dumps(found), event))

    def _send(self, data: bytes) -> None:
        if self._protocol is not None:
            self._protocol.dataReceived(data)
