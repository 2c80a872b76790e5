"""Starting a process in the background, and ending it.

A start is a success when the process says that it is ready (as it would say to systemd, :mod:`openaiproxy.ops.notify`)
and each of its ports answers a request. Ending it is SIGTERM, which lets running answers finish; after a while SIGINT,
which cuts them.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from attrs import frozen

from openaiproxy.cli.pidfile import Held, look
from openaiproxy.cli.probing import probe

__all__ = ["Failed", "Started", "end", "launch"]

_READY_SECONDS = 60.0
_PAUSE = 0.1
_AFTER_FORCE = 5.0
_TAIL = 4000


class Failed(Exception):
    """It did not start, or did not stop; the text says why."""


@frozen
class Started:
    """:param ports: URLs at which it answers."""

    pid: int
    ports: list[str]


def launch(arguments: Sequence[str], held: Held, output: Path) -> Started:
    """Start a process and wait until it serves.

    :param arguments: of the service.
    :param held: the pid file, whose lock goes to the process.
    :param output: where it writes.
    :raises Failed: when it doesn't; it doesn't run then.
    """
    output.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = output.stat().st_size if output.exists() else 0
    with _listening() as (notified, address):
        process = _spawn(arguments, held, output, address)
        held.write(process.pid)
        ports = _wait(process, notified)
    late = process.poll() is None
    why = f"it was not ready within {_READY_SECONDS:.0f} s" if late else "it ended"
    trouble = why if ports is None else _trouble(ports)
    if trouble or ports is None:
        process.kill()
        process.wait()
        raise Failed(_with_tail(trouble, output, before))
    return Started(process.pid, ports)


def end(path: Path, pid: int, patience: float, forcing: Callable[[], None]) -> None:
    """Stop the process that holds a pid file, by force where SIGTERM isn't enough.

    :param patience: seconds for running answers.
    :param forcing: is called when force is needed.
    :raises Failed: where it goes on.
    :raises PermissionError: where it is somebody else's.
    """
    os.kill(pid, signal.SIGTERM)
    if _gone(path, patience):
        return
    forcing()
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
    if not _gone(path, _AFTER_FORCE):
        raise Failed("did not stop after SIGTERM and SIGINT")


def _gone(path: Path, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while look(path).running:
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE)
    return True


@contextlib.contextmanager
def _listening() -> Iterator[tuple[socket.socket, str]]:
    with (
        tempfile.TemporaryDirectory(prefix="openaiproxy-") as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified,
    ):
        address = os.path.join(folder, "ready")
        notified.bind(address)
        notified.settimeout(_PAUSE)
        yield notified, address


def _spawn(
    arguments: Sequence[str], held: Held, output: Path, address: str
) -> "subprocess.Popen[bytes]":
    # -P: what lies in the working directory is not ours to import.
    command = [sys.executable, "-P", "-m", "openaiproxy", "_serve", f"--output={output}"]
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        written = os.open(output, flags, 0o600)
    except OSError as error:
        raise Failed(f"{output} can't be written: {error.strerror}") from None
    try:
        return subprocess.Popen(
            [*command, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            env={**os.environ, "NOTIFY_SOCKET": address},
            pass_fds=(held.descriptor,),
            start_new_session=True,
        )
    finally:
        os.close(written)


def _wait(process: "subprocess.Popen[bytes]", notified: socket.socket) -> list[str] | None:
    """The ports that it opened; ``None`` where it ended instead, or took too long."""
    until = time.monotonic() + _READY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(TimeoutError):
            lines = notified.recv(65536).decode().split("\n")
            said = dict(line.partition("=")[::2] for line in lines)
            if said.get("READY") == "1":
                return said.get("X_OPENAIPROXY_PORTS", "").split()
    return None


def _trouble(ports: Sequence[str]) -> str:
    wrong = [f"{url} {what}" for url in ports if (what := probe(url))]
    return "; ".join(wrong)


def _with_tail(trouble: str, output: Path, before: int) -> str:
    """What went wrong, and what the process wrote about it."""
    with contextlib.suppress(OSError), output.open("rb") as file:
        file.seek(max(before, output.stat().st_size - _TAIL))
        lines = file.read().decode("utf-8", "replace").splitlines()
        ours = [line for line in lines if "openaiproxy: " in line]
        return "\n".join([trouble, *(f"  {line}" for line in ours or lines)])
    return trouble
