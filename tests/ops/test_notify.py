"""A service manager is told how the process fares, through a real socket of its own."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock

from openaiproxy.ops.notify import Announcer, Notify


class Manager:
    """A socket that collects what is said."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.socket.setblocking(False)

    def heard(self) -> list[str]:
        found = []
        while True:
            try:
                found.append(self.socket.recv(4096).decode())
            except BlockingIOError:
                return found


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.socket.close()


def announcer_of(clock: Clock, tmp_path: Path, **environ: str) -> Announcer:
    environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), **environ}
    return Announcer(clock, environ, lambda: "all\nwell", lambda: ["http://127.0.0.1:1"])


def test_ready_reloading_and_stopping_are_said(manager: Manager, tmp_path: Path) -> None:
    announcer = announcer_of(Clock(), tmp_path)
    announcer.startService()
    announcer.reloading()
    announcer.stopService()
    ready, reloading, stopping = manager.heard()
    assert ready == "READY=1\nSTATUS=all well\nX_OPENAIPROXY_PORTS=http://127.0.0.1:1"
    assert reloading.startswith("RELOADING=1\nMONOTONIC_USEC=")
    assert stopping.startswith("STOPPING=1\n")


def test_signs_of_life_come_twice_as_often_as_asked_also_while_draining(
    manager: Manager, tmp_path: Path
) -> None:
    clock = Clock()
    announcer = announcer_of(clock, tmp_path, WATCHDOG_USEC="4000000")
    announcer.startService()
    manager.heard()
    clock.pump([1.0] * 4)
    assert manager.heard() == ["WATCHDOG=1", "WATCHDOG=1"]
    announcer.stopService()
    manager.heard()
    clock.advance(2)
    assert manager.heard() == ["WATCHDOG=1"]


def test_a_watchdog_of_another_process_is_left_to_it(manager: Manager, tmp_path: Path) -> None:
    clock = Clock()
    environ = {"WATCHDOG_USEC": "4000000", "WATCHDOG_PID": str(os.getpid() + 1)}
    announcer_of(clock, tmp_path, **environ).startService()
    manager.heard()
    clock.advance(4)
    assert manager.heard() == []


def test_nobody_to_tell_is_no_trouble(tmp_path: Path) -> None:
    Notify({}).send(READY=1)
    Notify({"NOTIFY_SOCKET": str(tmp_path / "gone")}).send(READY=1)


def test_a_name_without_a_file_is_found() -> None:
    name = f"openaiproxy-test-{os.getpid()}"
    manager = Manager("\0" + name)
    Notify({"NOTIFY_SOCKET": "@" + name}).send(READY=1)
    assert manager.heard() == ["READY=1"]
    manager.socket.close()
