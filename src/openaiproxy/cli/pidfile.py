"""Which process runs, told by a lock and not by a number alone.

A process that was started in the background holds an exclusive lock on its pid file for as long as it lives; the
system lets go of it however it dies. So a pid file without a lock is stale, whatever process has its number by now,
and two starts at once can't both go on. The lock is ``flock``'s: it goes to the started process with the open file.

A file that holds something else than a number was named by mistake: it is neither emptied nor taken away.
"""

import contextlib
import fcntl
import os
import re
import stat
import time
from pathlib import Path

from attrs import define, frozen

__all__ = ["Found", "Held", "hold", "look"]

_FLAGS = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC
_LONGEST = 32
_NUMBER = re.compile(r"-?[0-9]{1,20}")
#: What pid_t holds.
_MOST = (1 << 31) - 1
#: A look takes no longer than a few of these pauses, in seconds.
_TRIES, _PAUSE = 40, 0.005


@frozen
class Found:
    """What a pid file says.

    :param exists: whether there is one.
    :param running: whether a process holds it.
    :param pid: the number in it, if it is one.
    """

    exists: bool = False
    running: bool = False
    pid: int | None = None


@define
class Held:
    """A pid file that this process holds the lock of."""

    path: Path
    descriptor: int

    def write(self, pid: int) -> None:
        """Name the process that is to hold it from now on, too."""
        os.ftruncate(self.descriptor, 0)
        os.pwrite(self.descriptor, f"{pid}\n".encode(), 0)

    def remove(self) -> None:
        """Take the file away; nothing was started after all."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()

    def close(self) -> None:
        """Leave the lock to whoever else has the file open."""
        os.close(self.descriptor)


def look(path: Path) -> Found:
    """See whether the process of a pid file runs.

    :raises OSError: where the path is a link, no regular file, holds no pid, or can't be opened.
    """
    try:
        descriptor = _open(path, 0)
    except FileNotFoundError:
        return Found()
    try:
        running = not _lock(descriptor, fcntl.LOCK_SH)
        if not running:
            _refuse_other(descriptor)
        return Found(True, running, _read(descriptor))
    finally:
        os.close(descriptor)


def hold(path: Path) -> Held | Found:
    """Take the lock, and with it the right to start.

    :returns: what was found where another process has it.
    :raises OSError: as for :func:`look`.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    while True:
        descriptor = _open(path, os.O_CREAT)
        if not _lock_soon(descriptor):
            found = Found(True, True, _read(descriptor))
            os.close(descriptor)
            return found
        try:
            _refuse_other(descriptor)
        except OSError:
            os.close(descriptor)
            raise
        # Someone may have removed it between opening and locking, and locked another by now.
        with contextlib.suppress(FileNotFoundError):
            if os.stat(path).st_ino == os.fstat(descriptor).st_ino:
                os.ftruncate(
                    descriptor, 0
                )  # Whoever it named is gone; nobody is to be taken for it.
                return Held(path, descriptor)
        os.close(descriptor)


def _open(path: Path, more: int) -> int:
    descriptor = os.open(path, _FLAGS | more, 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError("it is not a regular file")
    return descriptor


def _lock_soon(descriptor: int) -> bool:
    """Take it for oneself. Others who only look have it for a moment, side by side."""
    for _ in range(_TRIES):
        if _lock(descriptor, fcntl.LOCK_EX):
            return True
        time.sleep(_PAUSE)
    return False


def _lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_other(descriptor: int) -> None:
    text = _text(descriptor)
    if text and not _NUMBER.fullmatch(text):
        raise OSError("it is no pid file: name another, or take it away")


def _text(descriptor: int) -> str:
    return os.pread(descriptor, _LONGEST, 0).decode("ascii", "replace").strip()


def _read(descriptor: int) -> int | None:
    text = _text(descriptor)
    return int(text) if text.isdigit() and 1 < int(text) <= _MOST else None
