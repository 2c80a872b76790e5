r"""What a service manager is told: ready, alive, reloading, stopping.

systemd (``Type=notify``), and whoever else sets ``NOTIFY_SOCKET``, gets datagrams of assignments::

    READY=1\nSTATUS=gateway on 127.0.0.1:4567
    WATCHDOG=1

``WATCHDOG_USEC`` asks for a sign of life within so many microseconds, and gets one in half of that: from the reactor,
so that one that hangs sends none. A manager that isn't there, or doesn't listen, is nothing to fail of.
"""

import contextlib
import os
import socket
import time
from collections.abc import Callable, Mapping
from typing import Any

from twisted.application.service import Service
from twisted.internet.task import LoopingCall

__all__ = ["Announcer", "Notify"]


class Notify:
    """The way to the manager.

    :param environ: has ``NOTIFY_SOCKET``, or hasn't, and then nothing is sent.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        # An @ stands for the NUL byte of a name without a file.
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def send(self, **assignments: object) -> None:
        """Send assignments, such as ``READY=1``."""
        if not self._address:
            return
        lines = (f"{name}={str(value).translate(_ONE_LINE)}" for name, value in assignments.items())
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as way:
            way.setblocking(False)
            way.sendto("\n".join(lines).encode(), self._address)


_ONE_LINE = {10: " ", 13: " "}


class Announcer(Service):
    """Says how the process fares. Added last to its parent, it starts last, and is the first to stop.

    :param reactor: for the signs of life.
    :param environ: the process's variables.
    :param status: what there is to say to people, such as the ports.
    :param at_once: whether the process is ready once this starts; else someone calls :meth:`ready`.
    :param addresses: the URLs of the ports, for a parent that waits to ask them.
    """

    def __init__(
        self,
        reactor: Any,
        environ: Mapping[str, str],
        status: Callable[[], str],
        addresses: Callable[[], list[str]],
        at_once: bool = True,
    ) -> None:
        self._notify = Notify(environ)
        self._status = status
        self._addresses = addresses
        self._at_once = at_once
        self._beat = LoopingCall(self._notify.send, WATCHDOG=1)
        self._beat.clock = reactor
        self._period = _period(environ, os.getpid())

    def startService(self) -> None:
        """All ports are open."""
        super().startService()
        if self._at_once:
            self.ready()
        if self._period:
            self._beat.start(self._period)

    def ready(self) -> None:
        """Say that callers are served, at the start or after a reload."""
        urls = " ".join(self._addresses())
        self._notify.send(READY=1, STATUS=self._status(), X_OPENAIPROXY_PORTS=urls)

    def reloading(self) -> None:
        """Say that a reload has begun, which :meth:`ready` ends."""
        self._notify.send(RELOADING=1, MONOTONIC_USEC=time.monotonic_ns() // 1000)

    def stopService(self) -> None:
        """The process is about to close its ports."""
        super().stopService()
        self._notify.send(STOPPING=1, STATUS="finishing the answers that run")
        # The signs of life go on: draining may take longer than the manager's patience.


def _period(environ: Mapping[str, str], pid: int) -> float | None:
    """Seconds between signs of life: half of what the manager waits. It may have meant another process."""
    text = environ.get("WATCHDOG_USEC", "")
    meant = environ.get("WATCHDOG_PID", str(pid)) == str(pid)
    return int(text) / 2_000_000 if meant and text.isascii() and text.isdigit() else None
