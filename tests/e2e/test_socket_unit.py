"""The socket unit and the manager's datagrams, played by the test: no systemd and no root is needed."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.processes import python_path

# What systemd does between fork and exec.
LAUNCH = """
import os, sys
os.dup2(int(sys.argv[1]), 3, inheritable=True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1", LISTEN_FDNAMES="openaiproxy.socket")
from openaiproxy.cli.commands import main
main(["run", "--listen", "gateway=systemd:domain=INET:index=0", "--upstream", "embedded"])
"""
SECONDS = 30.0


class Manager:
    """Holds the port, starts the service, and hears what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = socket.create_server(("127.0.0.1", 0))
        self.said = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.said.bind(str(folder / "notify"))
        self.said.settimeout(SECONDS)
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> "subprocess.Popen[bytes]":
        environ = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(python_path()),
            "PYTHONDONTWRITEBYTECODE": "1",
            "NOTIFY_SOCKET": str(self.folder / "notify"),
            "WATCHDOG_USEC": "200000",
        }
        descriptor = self.port.fileno()
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", LAUNCH, str(descriptor)],
            env=environ,
            cwd=self.folder,
            pass_fds=(descriptor,),
            stdout=subprocess.DEVNULL,
        )
        self.processes.append(process)
        return process

    def heard(self, word: str) -> str:
        """Wait for a datagram with a word."""
        while True:
            text = self.said.recv(4096).decode()
            if word in text:
                return text

    def connect(self) -> socket.socket:
        return socket.create_connection(self.port.getsockname(), SECONDS)

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()
        self.port.close()
        self.said.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    manager = Manager(tmp_path)
    yield manager
    manager.close()


def asked(connection: socket.socket) -> None:
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")


def answer(connection: socket.socket) -> bytes:
    with connection, connection.makefile("rb") as file:
        return file.read()


def test_a_restart_loses_no_connection_and_each_step_is_said(manager: Manager) -> None:
    first = manager.start()
    assert f"X_OPENAIPROXY_PORTS=http://127.0.0.1:{manager.port.getsockname()[1]}" in manager.heard(
        "READY=1"
    )
    manager.heard("WATCHDOG=1")
    connection = manager.connect()
    asked(connection)
    assert b'"ok":true' in answer(connection)

    first.send_signal(signal.SIGHUP)
    manager.heard("RELOADING=1")
    manager.heard("READY=1")
    connection = manager.connect()
    asked(connection)
    assert b'"ok":true' in answer(connection)

    first.send_signal(signal.SIGTERM)
    manager.heard("STOPPING=1")
    first.wait(SECONDS)
    waiting = [manager.connect() for _ in range(20)]
    for each in waiting:
        asked(each)
    manager.start()
    for each in waiting:
        assert b'"ok":true' in answer(each)
