"""Files that grow line by line: rotated, private, and never in a request's way.

Two layers. :class:`RotatedFile` is Twisted's ``LogFile`` with what it lacks: rotation by day beside
size (both number their files, so that one kept count holds for both), size in bytes, files that
only their owner reads, and no following of a symbolic link that someone may have laid at the path.
It raises what the disk raises.

:class:`SteadyFile` stands in front of it and raises nothing. A full disk, a folder that is gone, a
failed rotation: lines are lost and counted, which is said once on standard error, and once more
when lines are written again. Logging is not what a request should die of.

The clock here is the time of day (seconds since 1970), for its use is to know midnight; a reactor's
clock may be one that knows no dates.
"""

import contextlib
import fcntl
import os
import re
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from attrs import define, field
from twisted.python.logfile import LogFile

__all__ = ["ByteFile", "RotatedFile", "SteadyFile", "say_on_stderr"]

_MODE = 0o600
_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

# Seconds after a rotation that failed, or a lost line, until it is tried, or good news is given,
# again.
_PAUSE = 10.0


class ByteFile(Protocol):
    """What a :class:`SteadyFile` writes to. All of it may raise ``OSError``."""

    def write(self, data: bytes) -> None:
        """Append all of it."""

    def reopen(self) -> None:
        """Close, and open what now stands at the path."""

    def close(self) -> None:
        """Let go of the file."""


class RotatedFile(LogFile):
    """A log file that is rotated by size, at midnight, or both.

    The newest rotated file is ``name.1``.

    :param path: its folder must exist.
    :param now: time of day, in seconds since 1970.
    :param rotate_bytes: size that a file doesn't exceed, but for a single entry that is larger;
        ``None`` is any.
    :param daily: whether the first write of a new day, in local time, rotates.
    :param keep: rotated files kept.
    :param shared: whether other processes write to the same file. Each looks at what stands at the path before it
        writes, and so follows when another has rotated; a lock on the file decides who does. A line that is written
        meanwhile is in the rotated file, and none is lost.
    :raises OSError: where the path is a symbolic link, no regular file, or can't be opened.
    """

    def __init__(
        self,
        path: str,
        now: Callable[[], float],
        rotate_bytes: int | None = None,
        daily: bool = False,
        keep: int = 14,
        shared: bool = False,
    ) -> None:
        self._shared = shared
        self._others_turn = False
        self._now = now
        self._daily = daily
        self._torn = False
        self._no_rotation_before = 0.0
        folder, name = os.path.split(os.path.abspath(path))
        _untyped(super()).__init__(name, folder, rotate_bytes, _MODE, keep)

    def _openFile(self) -> None:
        descriptor = os.open(self.path, _FLAGS, _MODE)
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            os.close(descriptor)
            raise OSError(f"{self.path} is not a regular file")
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        self.closed = False
        self.size = status.st_size
        self._ends = _midnight_after(status.st_mtime if self.size else self._now())

    def write(self, data: bytes) -> None:
        """Append bytes, after a rotation where it is due.

        :raises OSError: where not all of it could be written. What follows begins on a new line.
        """
        if self._file.closed:
            self._openFile()
        if self._shared:
            self._follow()
        if self._is_due(len(data)):
            self._rotate_or_stay()
        if self._torn:
            data = b"\n" + data
        written = self._file.write(data) or 0
        self.size += written
        self._torn = written < len(data)
        if self._torn:
            raise OSError(f"{written} of {len(data)} bytes written to {self.path}")

    def close(self) -> None:
        """Let go of the file; a later write opens it again."""
        self.closed = True
        self._file.close()

    def reopen(self) -> None:
        """Close, and open what now stands at the path."""
        self.close()
        self._openFile()

    def flush(self) -> None:
        """Do nothing: nothing is buffered."""

    def rotate(self) -> None:
        """Number the file, drop those beyond the kept count, and begin a new one."""
        if not os.path.lexists(self.path):
            # Someone else moved or removed it.
            self.reopen()
            return
        with self._turn() as mine:
            self._others_turn = not mine
            if mine:
                _untyped(super()).rotate()
        if self.maxRotatedFiles == 0:
            with contextlib.suppress(FileNotFoundError):
                os.remove(f"{self.path}.1")

    def listLogs(self) -> list[int]:
        """Give the numbers of the rotated files, in order.

        LogFile takes the path for a glob pattern, and ``name.007`` for a file of its own, on which
        each of its rotations would fail.
        """
        own = re.compile(re.escape(self.name) + r"\.([1-9][0-9]{0,8})").fullmatch
        return sorted(int(found[1]) for found in map(own, os.listdir(self.directory)) if found)

    def _follow(self) -> None:
        """Go over to the file that stands at the path, if it is another, and learn its size."""
        own = os.fstat(self._file.fileno())
        try:
            there = os.lstat(self.path)
        except FileNotFoundError:
            there = None
        if there is not None and (there.st_dev, there.st_ino) == (own.st_dev, own.st_ino):
            self.size = own.st_size
        else:
            self.reopen()

    @contextlib.contextmanager
    def _turn(self) -> Iterator[bool]:
        """Whether it is this process that rotates the file, and no other meanwhile."""
        if not self._shared:
            yield True
            return
        # Of a second descriptor: rotating closes the first, and the lock would be gone too early.
        locked = os.dup(self._file.fileno())
        try:
            fcntl.flock(locked, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield os.lstat(self.path).st_ino == os.fstat(locked).st_ino
        except BlockingIOError:
            yield False
        finally:
            os.close(locked)

    def _is_due(self, coming: int) -> bool:
        now = self._now()
        if now < self._no_rotation_before or not self.size:
            return False
        if self.rotateLength and self.size + coming > self.rotateLength:
            return True
        # A clock that is set back to yesterday is no new day.
        return self._daily and now >= self._ends

    def _rotate_or_stay(self) -> None:
        # LogFile returns silently where it may not rotate; either way the current file goes on.
        before = self.size
        with contextlib.suppress(OSError):
            self.rotate()
        if self._file.closed:
            self._openFile()
        if self.size >= before and not self._others_turn:
            self._no_rotation_before = self._now() + _PAUSE


def _untyped(parent: object) -> Any:
    # LogFile has no annotations.
    return parent


def _midnight_after(when: float) -> float:
    """The end of a day, in local time."""
    day = time.localtime(when)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday + 1, 0, 0, 0, 0, 0, -1))


def say_on_stderr(text: str) -> None:
    """Write a line to standard error, if there is one."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.stderr.write(text + "\n")


@define
class SteadyFile:
    """A file that takes every line and raises nothing.

    :param file: where lines go.
    :param name: what it is called in what is said.
    :param now: seconds, of any clock.
    :param say: is given a sentence when lines begin to be lost and when that is over.
    :ivar lost: entries that could not be written, in total.
    """

    file: ByteFile
    name: str
    now: Callable[[], float]
    say: Callable[[str], None] = say_on_stderr
    lost: int = field(default=0, init=False)
    _lost_lately: int = field(default=0, init=False)
    _last_loss: float = field(default=0.0, init=False)
    _closed: bool = field(default=False, init=False)
    # Threads log too; and what is said may itself come back as a line.
    _lock: threading.RLock = field(factory=threading.RLock, init=False, repr=False)

    def write(self, text: str) -> None:
        """Append text as UTF-8, or lose it."""
        if self._closed:
            return
        data = text.encode("utf-8", "backslashreplace")
        with self._lock:
            try:
                self.file.write(data)
            except (OSError, ValueError) as error:
                self._lose(error)
            else:
                if self._lost_lately:
                    self._recover()

    def flush(self) -> None:
        """Do nothing: each write is a write."""

    def reopen(self) -> None:
        """Open what now stands at the path, as after SIGHUP.

        A failure is said; the next write tries again.
        """
        try:
            with self._lock:
                self.file.reopen()
        except (OSError, ValueError) as error:
            self.say(f"{self.name}: not reopened: {_reason(error)}")

    def close(self) -> None:
        """Close for good; later writes vanish."""
        self._closed = True
        with contextlib.suppress(OSError, ValueError):
            self.file.close()

    def _lose(self, error: Exception) -> None:
        self.lost += 1
        self._lost_lately += 1
        self._last_loss = self.now()
        if self._lost_lately == 1:
            self.say(f"{self.name}: not written, requests go on: {_reason(error)}")

    def _recover(self) -> None:
        # A disk that is nearly full takes a short line now and then: that is no recovery.
        if self.now() - self._last_loss >= _PAUSE:
            self.say(f"{self.name}: written again, {self._lost_lately} entries were lost")
            self._lost_lately = 0


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
