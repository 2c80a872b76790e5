"""``auth.json`` on disk: read when it looks changed, replaced whole or not at all.

Reading trusts ``stat``, but not for a file so young that it could be written once more within the
same tick of the file system's clock.

Replacing takes these steps, any of which may be the last that the process does::

    .auth.json.<digest>.next is made                      nothing is spent yet; it is empty
    the token is spent, and what comes back is written    auth.json is as it was
    the successor is flushed
    it takes auth.json's name                             auth.json is new
    the folder is flushed

Between the arrival of the new tokens and the one call that writes them stands nothing that waits. From
then on the new refresh token outlives the process, and the old one is spent. So the next process that
holds the lock finishes what it finds: the digest in the name is that of the refresh token which the new
ones were got for, and while ``auth.json`` still holds that token, its successor is what should stand
there. One that is cut short is no JSON, and is cleared away.

What remains: a process that is killed after the token endpoint has granted, and before that call is
over, takes the only copy with it. No order of steps cures that, as the grant is made elsewhere.

A link is followed, so that it goes on pointing to the file; the lock and the successor lie beside
the file itself.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from attrs import define, field, frozen

from openaiproxy.errors import Unavailable
from openaiproxy.upstream.login.document import (
    Document,
    HalfWritten,
    defect,
    digest,
    parse_document,
)

__all__ = ["AuthFile", "Calls", "Successor"]

_LARGEST = 1 << 20
_YOUNG = 1.0
_FRESH = ".new"
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
_WRITE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_Signature = tuple[int, int, int, int, int]


@frozen
class Calls:
    """The calls to the system that decide whether the file can be replaced, and whose order decides
    what a crash leaves behind."""

    access: Callable[[str, int], bool] = os.access
    geteuid: Callable[[], int] = os.geteuid
    write: Callable[[int, bytes], int] = os.write
    fsync: Callable[[int], None] = os.fsync
    replace: Callable[[str, str], None] = os.replace


@define(eq=False)
class Successor:
    """A successor that was made and not yet put in its place.

    :param path: where it lies.
    :param descriptor: open for writing; ``None`` once it is closed.
    :param text: what was written into it.
    """

    path: str
    descriptor: int | None
    text: bytes | None = field(default=None, repr=False)

    def close(self) -> None:
        """Let go of the descriptor."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def discard(self) -> None:
        """Take it away."""
        self.close()
        Path(self.path).unlink(missing_ok=True)


@define(eq=False)
class AuthFile:
    """The file.

    :param path: where it lies; may be a link.
    :param now: seconds since 1970, by the clock that stamps files.
    :ivar last: what was read last, while the file is there.
    """

    path: str
    _now: Callable[[], float]
    _calls: Calls = Calls()
    last: Document | None = field(default=None, init=False)
    _signature: _Signature | None = field(default=None, init=False)

    @property
    def lock_path(self) -> str:
        """The file to lock before it is replaced."""
        return os.path.realpath(self.path) + ".lock"

    def look(self) -> Document:
        """The document as it is now.

        :raises HalfWritten: when it is no JSON.
        :raises Unavailable: 503 ``login_...``, when there is no login, or none that can be used.
        """
        try:
            found = os.stat(self.path)
            if self.last is not None and _signature(found) == self._signature:
                return self.last
            return self._read()
        except OSError as error:
            self.last = self._signature = None
            raise _unread(error) from None
        except Unavailable:
            self.last = self._signature = None
            raise

    def check_replaceable(self) -> None:
        """See whether it can be replaced, before a token is spent that could not be kept then.

        :raises Unavailable: 503 ``login_read_only``, when it can't.
        """
        real = os.path.realpath(self.path)
        if not self._calls.access(os.path.dirname(real), os.W_OK | os.X_OK):
            raise defect(
                "read_only",
                "The folder of auth.json can't be written to, so no token is refreshed.",
            )
        if self._calls.geteuid() not in (0, os.stat(real).st_uid):
            raise defect(
                "read_only", "auth.json is another user's, so no token is refreshed by this one."
            )

    def prepare(self, spent: str) -> Successor:
        """Make an empty successor, with the mode and the owner that the file has, before its tokens
        are got.

        :param spent: the refresh token that they will be got for.
        :raises OSError: when that can't be done.
        """
        real = Path(os.path.realpath(self.path))
        successor = _successor(real, spent)
        successor.unlink(missing_ok=True)
        return self._make(str(successor), os.stat(real))

    def note(self, successor: Successor, document: Document) -> None:
        """Write new tokens down at once; :meth:`replace` does the rest.

        :raises OSError: when that can't be done; the successor is gone then.
        """
        try:
            self._fill(successor, document.written())
        except OSError:
            successor.discard()
            raise

    def replace(self, document: Document, spent: str, noted: Successor | None = None) -> None:
        """Put a document in its place, with the mode and the owner that the file has. Blocks until it
        is on disk.

        :param spent: the refresh token that its tokens were got for.
        :param noted: the successor in which they were noted.
        :raises OSError: when that can't be done; the file is as it was then.
        """
        real = Path(os.path.realpath(self.path))
        successor, text = _successor(real, spent), document.written()
        if noted is not None and noted.text == text:
            self._flush(noted)
        elif successor.exists():
            # What was noted goes when what comes after it is there.
            if noted is not None:
                noted.close()
            fresh = successor.with_name(successor.name + _FRESH)
            self._write(fresh, text, os.stat(real))
            self._calls.replace(str(fresh), str(successor))
        else:
            self._write(successor, text, os.stat(real))
        self._rename(str(successor), str(real))

    def recover(self) -> None:
        """Finish a replacement that a crash has cut off. To be called with the lock held.

        :raises OSError: when the folder can't be read or written to.
        """
        real = Path(os.path.realpath(self.path))
        for path in real.parent.glob(f".{real.name}.*.next{_FRESH}"):
            path.unlink(missing_ok=True)
        found = sorted(real.parent.glob(f".{real.name}.*.next"))
        if not found:
            return
        try:
            current = parse_document(real.read_bytes())
        except (HalfWritten, Unavailable):
            return
        for path in found:
            spent = current.refresh
            is_next = spent is not None and path == _successor(real, spent)
            noted = _whole(path, real) if is_next else None
            if spent is None or noted is None:
                path.unlink(missing_ok=True)
                continue
            # Of the file as it is now, lest a member that was written meanwhile is lost.
            made = self._now() if noted.refreshed is None else noted.refreshed
            self.replace(current.renewed(noted.raw["tokens"], made), spent)

    def noted(self, spent: str) -> Document | None:
        """New tokens that were written down and have not taken their place, as nothing could be written meanwhile.

        :param spent: the refresh token that they were got for.
        """
        real = Path(os.path.realpath(self.path))
        try:
            return _whole(_successor(real, spent), real)
        except OSError:
            return None

    def _read(self) -> Document:
        descriptor = os.open(self.path, _READ)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
                raise defect("unreadable", "auth.json is no ordinary file, or far too large.")
            data = os.read(descriptor, _LARGEST)
            unchanged = _signature(found) == _signature(os.fstat(descriptor))
        finally:
            os.close(descriptor)
        document = parse_document(data)
        settled = unchanged and abs(self._now() - found.st_mtime) > _YOUNG
        self._signature = _signature(found) if settled else None
        self.last = document
        return document

    def _make(self, path: str, old: os.stat_result) -> Successor:
        made = Successor(path, os.open(path, _WRITE, 0o600))
        assert made.descriptor is not None, "just now"
        try:
            mine = os.fstat(made.descriptor)
            if (mine.st_uid, mine.st_gid) != (old.st_uid, old.st_gid):
                os.fchown(made.descriptor, old.st_uid, old.st_gid)
            os.fchmod(made.descriptor, stat.S_IMODE(old.st_mode))
        except OSError:
            made.discard()
            raise
        return made

    def _fill(self, successor: Successor, text: bytes) -> None:
        assert successor.descriptor is not None, "it is new"
        left = text
        while left:
            left = left[self._calls.write(successor.descriptor, left) :]
        successor.text = text

    def _flush(self, successor: Successor) -> None:
        assert successor.descriptor is not None, "it was noted a moment ago"
        try:
            self._calls.fsync(successor.descriptor)
        finally:
            successor.close()

    def _write(self, path: Path, text: bytes, old: os.stat_result) -> None:
        path.unlink(missing_ok=True)
        made = self._make(str(path), old)
        try:
            self._fill(made, text)
            self._flush(made)
        except OSError:
            made.discard()
            raise

    def _rename(self, successor: str, real: str) -> None:
        self._calls.replace(successor, real)
        folder = os.open(os.path.dirname(real), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._calls.fsync(folder)
        finally:
            os.close(folder)


def _successor(real: Path, spent: str) -> Path:
    return real.with_name(f".{real.name}.{digest(spent)}.next")


def _whole(path: Path, real: Path) -> Document | None:
    """A successor that was written to its end, by the file's own user."""
    found, old = os.lstat(path), os.stat(real)
    if not stat.S_ISREG(found.st_mode) or found.st_uid != old.st_uid or found.st_size > _LARGEST:
        return None
    try:
        document = parse_document(path.read_bytes())
    except (HalfWritten, Unavailable):
        return None
    return None if document.refresh is None else document


def _signature(found: os.stat_result) -> _Signature:
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _unread(error: OSError) -> Unavailable:
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return defect(
            "absent",
            "There is no auth.json: run `codex login` (a login in the system's keyring can't be read).",
        )
    return defect("unreadable", f"auth.json can't be read: {os.strerror(error.errno or 0)}.")
