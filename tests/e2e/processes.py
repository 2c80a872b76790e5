"""``twistd`` as a real process: started, listened to, signalled, and never left behind."""

import io
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, FileBodyProducer, ResponseDone
from twisted.web.http_headers import Headers

import openaiproxy

__all__ = ["PROXY_TAC", "Body", "Twistd", "ask", "python_path"]

_SECONDS = 20
_TWISTD = "from twisted.scripts.twistd import run; run()"
_CHECKOUT = Path(__file__).parents[2]
PROXY_TAC = _CHECKOUT / "proxy.tac"


def python_path() -> list[str]:
    """The checkout, where the package under test comes from one; else what leads here already."""
    source = _CHECKOUT / "src"
    if Path(openaiproxy.__file__).is_relative_to(source):
        return [str(source), str(_CHECKOUT)]
    given = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    return [str(Path(folder).resolve()) for folder in given if folder]


class Twistd(ProcessProtocol):
    """One process.

    :param arguments: ``twistd``'s, behind ``-n``.
    :param environment: nothing but this is set, beside what Python needs.
    :param cwd: where it runs; an empty folder, lest it read somebody's ``.env``.
    """

    def __init__(
        self, reactor: Any, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path
    ) -> None:
        self._reactor = reactor
        self._output = bytearray()
        self._waiting: list[tuple[bytes, Deferred[None]]] = []
        self._ended: list[Deferred[int]] = []
        self._over = False
        self._code = 0
        command = [sys.executable, "-c", _TWISTD, "-n", "--pidfile=", *arguments]
        full = {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": os.pathsep.join(python_path())}
        full.update(PYTHONDONTWRITEBYTECODE="1", PYTHONUNBUFFERED="1", LC_ALL="C.UTF-8")
        full.update(environment)
        self._process = reactor.spawnProcess(self, command[0], command, full, str(cwd))

    @property
    def output(self) -> str:
        """All that it wrote."""
        return self._output.decode("utf-8", "replace")

    @property
    def pid(self) -> int:
        """Its number."""
        return int(self._process.pid)

    @property
    def command_line(self) -> bytes:
        """What others on this machine see of its arguments."""
        return Path(f"/proc/{self._process.pid}/cmdline").read_bytes()

    def wrote(self, words: str) -> "Deferred[None]":
        """:return: fires once the words stand in a whole line of the output; fails if it ends without them."""
        said: Deferred[None] = Deferred()
        self._waiting.append((words.encode(), said))
        self._look()
        return said.addTimeout(_SECONDS, self._reactor)

    async def ready(self) -> int:
        """:return: the TCP port on which it answers."""
        await self.wrote(" listens on ")
        return self.ports()[0]

    def ports(self) -> list[int]:
        """The TCP ports that it says it listens on, in order."""
        return [int(number) for number in re.findall(r" listens on \S+:(\d+)\n", self.output)]

    def ended(self) -> "Deferred[int]":
        """:return: fires with the exit code; a signal that ended it is its negative number."""
        ended: Deferred[int] = Deferred()
        if self._over:
            ended.callback(self._code)
        else:
            self._ended.append(ended)
        return ended.addTimeout(_SECONDS, self._reactor)

    def signal(self, name: str) -> None:
        """Send ``TERM``, ``HUP`` or ``KILL``, if it still runs."""
        if not self._over:
            self._process.signalProcess(name)

    def outReceived(self, data: bytes) -> None:
        self._output += data
        self._look()

    errReceived = outReceived

    def processEnded(self, reason: Failure) -> None:
        status = reason.value
        self._over = True
        self._code = -status.signal if status.signal else status.exitCode or 0
        self._look()
        ended, self._ended = self._ended, []
        for each in ended:
            each.callback(self._code)

    def _look(self) -> None:
        waiting, self._waiting = self._waiting, []
        lines = self._output[: self._output.rfind(b"\n") + 1]
        for words, said in waiting:
            if words in lines:
                said.callback(None)
            elif self._over:
                said.errback(AssertionError(f"it ended with {self._code}: {self.output}"))
            else:
                self._waiting.append((words, said))


class Body(Protocol):
    """A body as it comes."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._begun: Deferred[None] = Deferred()
        self._done: Deferred[bool] = Deferred()
        self.data = b""

    def begun(self) -> "Deferred[None]":
        """:return: fires when the first bytes are there."""
        return self._begun.addTimeout(_SECONDS, self._reactor)

    def whole(self) -> "Deferred[bool]":
        """:return: fires at the end, with whether it was a proper one."""
        return self._done.addTimeout(_SECONDS, self._reactor)

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if not self._begun.called:
            self._begun.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self._done.callback(reason.check(ResponseDone) is not None)


async def ask(
    reactor: Any, port: int, path: str, headers: Mapping[str, str], body: bytes | None = None
) -> tuple[int, Body]:
    """A request on a connection of its own: POST with a body, GET without.

    :return: the status, and the body as it comes.
    """
    fields = Headers({name: [value] for name, value in headers.items()})
    method = b"GET" if body is None else b"POST"
    url = f"http://127.0.0.1:{port}{path}".encode()
    asked = Agent(reactor).request(
        method, url, fields, None if body is None else FileBodyProducer(io.BytesIO(body))
    )
    response = await asked.addTimeout(_SECONDS, reactor)
    received = Body(reactor)
    response.deliverBody(received)
    return response.code, received
