"""A worker: serves on sockets that its parent opened, with a configuration that its parent read.

::

    0   what the parent says          1, 2   lines for the parent's log
    3   what it says to the parent    4...   the listening sockets

It is started without arguments. Everything it has to know comes in the first object, ``begin``; keys are among it, so
it comes by a pipe and not in arguments or variables. It ends after ``drain``, or when its parent is gone, once its last
answer is out; ``cut`` makes that at once. The terminal's signals reach a whole group of processes, so it leaves
those to its parent.
"""

import pickle
import signal
import sys
import time
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet import stdio
from twisted.internet.defer import Deferred, TimeoutError
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.interfaces import IStreamServerEndpoint
from twisted.logger import (
    FileLogObserver,
    LogEvent,
    Logger,
    formatEvent,
    globalLogBeginner,
    globalLogPublisher,
)
from twisted.python.failure import Failure

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.adding import Added, Collected, tell
from openaiproxy.ops.collector import settle
from openaiproxy.ops.console import open_console
from openaiproxy.ops.files import LogFiles
from openaiproxy.ops.mirror import Mirror
from openaiproxy.ops.seen import Seen, packed, unpacked
from openaiproxy.profile import Config
from openaiproxy.web.ports import Ports
from openaiproxy.workers.link import Gone, Link
from openaiproxy.workers.sockets import adopted

__all__ = ["FIRST_SOCKET", "TO_PARENT", "Worker", "main"]

TO_PARENT = 3
FIRST_SOCKET = 4
_PATIENCE = 5.0
_log = Logger(namespace="openaiproxy.worker")


class Worker:
    """One worker.

    :param reactor: the real one.
    :ivar answers: what the parent may ask.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._ports: Ports | None = None
        self._ending: Deferred[None] | None = None
        self._farewell = False
        self.answers: dict[str, Callable[[dict[str, Any]], Any]] = {
            "metrics": lambda _: self._metrics(),
            "seen": lambda asked: self._seen(asked["after"], asked["minute"]),
            "bodies": self._bodies,
        }
        self.link = Link(self._heard, self.answers, self._parent_gone)

    def _heard(self, word: str, message: dict[str, Any]) -> None:
        if word == "begin":
            self._begin(message)
        elif word == "drain":
            self.drain()
        elif word == "tidings" and self._ports is not None:
            self._ports.admin.hear(message["kind"], message["value"])
        elif word == "cut" and self._ports is not None:
            self._ports.cut()

    def _begin(self, message: dict[str, Any]) -> None:
        config: Config = pickle.loads(b64decode(message["config"]))
        try:
            self._ports = self._open(
                config, message["sockets"], message["embedded"], b64decode(message["salt"])
            )
            self._ports.privilegedStartService()
        except Misconfigured as mistakes:
            _log.error("can't serve: {mistakes}", mistakes=str(mistakes))
            self._reactor.stop()
            return
        self._ports.startService()
        for kind, value in message["tidings"]:
            self._ports.admin.hear(kind, value)
        settle()
        self._ports.watch.gather = self._gather
        self._ports.watch.mirror = Mirror(self._look, self._look_inside, self._reactor, time.time)
        self.link.say("ready", ports=self._ports.urls())

    def _open(
        self,
        config: Config,
        sockets: list[tuple[str, int]],
        embedded: int | None,
        salt: bytes,
    ) -> Ports:
        files = LogFiles(config.logging, time.time, globalLogPublisher, shared=True)
        globalLogPublisher.addObserver(files)
        handed = [
            (endpoint, FIRST_SOCKET + place, family)
            for place, (endpoint, family) in enumerate(sockets)
        ]

        def find(endpoint: str) -> IStreamServerEndpoint:
            row = next((each for each in handed if each[0] == endpoint), None)
            if row is None:
                raise Misconfigured(f"{endpoint}: no socket was handed over")
            handed.remove(row)
            return adopted(self._reactor, *row)

        return Ports(
            self._reactor,
            config,
            salt=salt,
            payloads=files.payload_log,
            access=files.access,
            now=time.time,
            console=open_console(time.time),
            endpoints=find,
            embedded=TCP4ClientEndpoint(self._reactor, "127.0.0.1", embedded) if embedded else None,
            tell=lambda kind, value: self.link.say("tidings", kind=kind, value=value),
        )

    def _metrics(self, *, lasting: bool = False) -> list[list[Any]]:
        if self._ports is None:
            return []
        return tell(self._ports.watch.metrics.registry, lasting=lasting)

    async def _gather(self) -> Collected:
        return Added(await self.link.ask("metrics"))

    def _seen(self, after: int, minute: int) -> str:
        return packed(Seen() if self._ports is None else self._ports.watch.seen(after, minute))

    def _bodies(self, asked: Mapping[str, Any]) -> Sequence[str] | None:
        return (
            None if self._ports is None else self._ports.watch.bodies(asked["number"], asked["id"])
        )

    def _look(self, after: int, minute: int) -> "Deferred[Seen | None]":
        """What all workers have seen."""
        asked = self.link.ask("seen", after=after, minute=minute).addCallback(unpacked)
        return self._in_time(asked)

    def _look_inside(self, number: int, name: str) -> "Deferred[Sequence[str] | None]":
        return self._in_time(self.link.ask("bodies", number=number, id=name))

    def _in_time(self, asked: "Deferred[Any]") -> "Deferred[Any]":
        """``None`` instead of no answer: what is known already is shown then."""
        asked.addTimeout(_PATIENCE, self._reactor)

        def go_without(failure: Failure) -> None:
            failure.trap(Gone, TimeoutError)

        return asked.addErrback(go_without)

    def _parent_gone(self) -> None:
        if self._farewell:
            self._reactor.stop()
        else:
            self.drain()

    def drain(self) -> None:
        """Take no more callers, let running answers end, and end."""
        if self._ending is not None:
            return
        if self._ports is None:
            self._ending = Deferred()
            self._stop(None)
            return
        self._ending = self._ports.stopService()
        if not self.link.over:
            self.link.say("closed")
        self._ending.addBoth(self._stop)

    def _stop(self, _: object) -> None:
        """Leave behind what was counted, and end once that is out."""
        if self.link.over:
            self._reactor.stop()
            return
        self._farewell = True
        self.link.say("farewell", metrics=self._metrics(lasting=True), seen=self._seen(0, 0))
        if self.link.transport is not None:
            self.link.transport.loseConnection()


def _line(event: LogEvent) -> str:
    """A line for the parent's log, which has its own clock."""
    level = getattr(event.get("log_level"), "name", "info")
    text = formatEvent(event)
    failure = event.get("log_failure")
    if failure is not None:
        text = f"{text}\n{failure.getTraceback()}"
    return f"[{event.get('log_namespace', '-')}#{level}] {text}\n"


def main() -> None:
    """Be a worker."""
    from twisted.internet import reactor as the_reactor

    reactor: Any = the_reactor
    # The wall clock may jump, and would fire or starve every timer.
    reactor.seconds = time.monotonic
    worker = Worker(reactor)
    globalLogBeginner.beginLoggingTo(
        [FileLogObserver(sys.stdout, _line)], redirectStandardIO=False, discardBuffer=True
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: reactor.callFromThread(worker.drain))
    # Of two systems' classes, checkers of types see the one that has no numbers.
    standard_io: Any = stdio.StandardIO
    standard_io(worker.link, 0, TO_PARENT, reactor=reactor)
    reactor.run(installSignalHandlers=False)


if __name__ == "__main__":
    main()
