"""A process that uses a login, as one of several that share its file. Run by the tests as a program.

It says ``ready``, waits for a line, asks for the credential many times at once, says ``asking``, then what it got as
one line of JSON, and ends. Told to die at a step of the file's replacement, it kills itself there.
"""

import json
import os
import signal
import sys
from typing import Any

from twisted.internet import reactor as global_reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.stdio import StandardIO
from twisted.protocols.basic import LineReceiver

from openaiproxy.codex.account import Account
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.login.disk import Calls
from openaiproxy.upstream.login.login import Login, open_login

reactor: Any = global_reactor
REQUESTS = 100


def die(*_: Any) -> Any:
    os.kill(os.getpid(), signal.SIGKILL)


def calls(step: str) -> Calls:
    flushed: list[int] = []

    def write(descriptor: int, data: bytes) -> int:
        os.write(descriptor, data[: len(data) // 2])
        return int(die())

    def fsync(descriptor: int) -> None:
        flushed.append(descriptor)
        if len(flushed) == 2:
            die()
        os.fsync(descriptor)

    def written(descriptor: int, data: bytes) -> int:
        os.write(descriptor, data)
        return int(die())

    made = {
        "written": Calls(write=written),
        "write": Calls(write=write),
        "fsync": Calls(fsync=die),
        "replace": Calls(replace=die),
        "folder": Calls(fsync=fsync),
    }
    return made.get(step, Calls())


async def ask(login: Login) -> bytes:
    asked = [Deferred.fromCoroutine(login.credential()) for _ in range(REQUESTS)]
    found = await gatherResults(asked)
    await login.close()
    spent = sorted({dict(one.headers)[b"Authorization"].decode() for one in found})
    return json.dumps({"spent": spent, "refreshed": login.refreshed}).encode()


class Talk(LineReceiver):
    delimiter = b"\n"

    def __init__(self, login: Login) -> None:
        self._login = login

    def connectionMade(self) -> None:
        self.sendLine(b"ready")

    def lineReceived(self, line: bytes) -> None:
        asked = Deferred.fromCoroutine(ask(self._login))
        self.sendLine(b"asking")
        asked.addErrback(lambda failure: json.dumps({"failed": str(failure.value)}).encode())
        asked.addCallback(self.sendLine)
        asked.addCallback(lambda _: self.transport.loseConnection())  # once all is written

    def connectionLost(self, reason: Any = None) -> None:
        reactor.stop()


def main(auth_file: str, refresh_url: str, step: str) -> None:
    account = Account(auth_file, refresh_url=refresh_url)
    login = open_login(reactor, account, Upstream(), Timeouts(), calls=calls(step))
    StandardIO(Talk(login))
    reactor.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
