"""One worker, as its parent sees it: a process on a leash of four pipes.

What it writes becomes lines of twistd's log at the parent, with its number in front; a process that is killed loses at
most the line that it was writing. Our own log file is none of theirs: each worker writes to it by itself.
"""

import os
import pickle
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProcessTransport
from twisted.internet.protocol import ProcessProtocol
from twisted.logger import Logger
from twisted.python.failure import Failure

from openaiproxy.profile import Config
from openaiproxy.workers.link import Link
from openaiproxy.workers.sockets import Opened
from openaiproxy.workers.worker import FIRST_SOCKET, TO_PARENT

__all__ = ["Hand", "Stage", "hire", "orders"]

_LONGEST_LINE = 1 << 20
# No name of ours, or the log file would have all that a worker wrote there once more.
_log = Logger(namespace="workers")


class Stage(Enum):
    """How far a worker has come."""

    STARTING = auto()
    SERVING = auto()
    LEAVING = auto()
    GONE = auto()


class _Leash:
    """The parent's end of the pair of pipes, as a transport for its link."""

    disconnecting = False

    def __init__(self, process: Any) -> None:
        self._process = process

    def write(self, data: bytes) -> None:
        self._process.writeToChild(0, data)

    def writeSequence(self, data: list[bytes]) -> None:
        self.write(b"".join(data))

    def loseConnection(self) -> None:
        self._process.loseConnection()


class Hand(ProcessProtocol):
    """A worker.

    :param number: its place, which its successors have after it.
    :param begin: the first object that it is told.
    :param answers: what it may ask.
    :param now: the clock.
    :param tell: takes what all other workers are to hear.
    :ivar ready: fires with ``None`` when it serves; fails with ``RuntimeError`` when it ended before.
    :ivar closed: fires with ``None`` when it takes no more callers.
    :ivar farewell: what it left behind: ``metrics`` and ``seen``; empty as long as it is not gone in order.
    :ivar why: how it ended, for people.
    :ivar ended: fires with ``None`` when it is gone.
    """

    transport: IProcessTransport

    def __init__(
        self,
        number: int,
        generation: int,
        begin: Mapping[str, object],
        answers: Mapping[str, Callable[[dict[str, Any]], Any]],
        now: Callable[[], float],
        tell: Callable[[dict[str, Any]], None],
    ) -> None:
        self.number = number
        self.generation = generation
        self.stage = Stage.STARTING
        self.since = now()
        self.why = ""
        self.farewell: Mapping[str, Any] = {}
        self.ready: Deferred[None] = Deferred()
        self.closed: Deferred[None] = Deferred()
        self.ended: Deferred[None] = Deferred()
        self.link = Link(self._heard, answers)
        self._begin = begin
        self._tell = tell
        self._written = b""

    def connectionMade(self) -> None:
        """It runs; tell it what to do."""
        leash: Any = _Leash(self.transport)
        self.link.makeConnection(leash)
        self.link.say("begin", **self._begin)
        self._begin = {}  # it holds keys

    def leave(self) -> None:
        """Have it finish its answers and end."""
        if self.stage in (Stage.STARTING, Stage.SERVING):
            self.stage = Stage.LEAVING
            self.link.say("drain")

    def kill(self) -> None:
        """End it at once."""
        if self.stage is not Stage.GONE:
            self.transport.signalProcess("KILL")

    def childDataReceived(self, childFD: int, data: bytes) -> None:
        """From the leash, or lines for the log."""
        if childFD == TO_PARENT:
            self.link.dataReceived(data)
            return
        *lines, self._written = (self._written + data).split(b"\n")
        if len(self._written) > _LONGEST_LINE:
            lines, self._written = [*lines, self._written], b""
        for line in lines:
            self._say(line)

    def processEnded(self, reason: Failure) -> None:
        """It is gone, and all that it wrote has been read."""
        if self._written:
            self._say(self._written)
        self.stage, self.why = Stage.GONE, reason.getErrorMessage()
        self.link.connectionLost(reason)
        if not self.ready.called:
            self.ready.errback(RuntimeError(f"worker {self.number} ended before it served"))
        self._close()
        self.ended.callback(None)

    def _close(self) -> None:
        if not self.closed.called:
            self.closed.callback(None)

    def _heard(self, word: str, message: dict[str, Any]) -> None:
        if word == "tidings":
            self._tell(message)
        if word == "farewell":
            self.farewell = message
        if word == "closed":
            self._close()
        if word == "ready" and self.stage is Stage.STARTING:
            self.stage = Stage.SERVING
            self.ready.callback(None)

    def _say(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        _log.info("{number}: {line}", number=self.number, line=text)


def hire(reactor: Any, hand: Hand, sockets: list[Opened]) -> None:
    """Start a worker's process."""
    descriptors: dict[int, int | str] = {0: "w", 1: "r", 2: "r", TO_PARENT: "r"}
    for place, opened in enumerate(sockets):
        descriptors[FIRST_SOCKET + place] = opened.descriptor
    # -P: what lies in the working directory is not ours to import.
    command = [sys.executable, "-P", "-m", "openaiproxy.workers.worker"]
    reactor.spawnProcess(hand, command[0], command, env=dict(os.environ), childFDs=descriptors)


def orders(
    config: Config, sockets: list[Opened], embedded: int | None, salt: bytes
) -> dict[str, object]:
    """The first object that a worker is told.

    :param salt: the same for all workers, since whoever signed in at one is to be known to the others.
    """
    return {
        "config": b64encode(pickle.dumps(config)).decode("ascii"),
        "sockets": [(opened.endpoint, opened.family) for opened in sockets],
        "embedded": embedded,
        "salt": b64encode(salt).decode("ascii"),
    }
