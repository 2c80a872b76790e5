"""A lock between processes that the reactor can wait for.

``flock`` on a file that is never removed. The system lets go of it when its holder dies, however it
dies. It is asked for without blocking, again and again, so that no thread is held and the wait can
be given up.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fcntl import LOCK_EX, LOCK_NB, flock

from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

from openaiproxy.upstream.login.document import defect

__all__ = ["locked"]

_PAUSE = 0.05
_OPEN = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC


@asynccontextmanager
async def locked(path: str, clock: IReactorTime, patience: float) -> AsyncIterator[None]:
    """Hold the lock while the block runs.

    :param path: the file to lock; made, for its user alone, where it isn't there.
    :param patience: seconds to wait for another holder.
    :raises Unavailable: 503, when that was not enough, or the file can't be made.
    """
    try:
        descriptor = os.open(path, _OPEN, 0o600)
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise defect("read_only", f"The lock of auth.json can't be opened: {why}.") from None
    try:
        if os.geteuid() == 0:  # whose file would shut out the login's own user
            folder = os.stat(os.path.dirname(path))
            os.fchown(descriptor, folder.st_uid, folder.st_gid)
        until = clock.seconds() + patience
        while not _try(descriptor):
            if clock.seconds() >= until:
                raise defect("busy", "Another process keeps the login locked for too long.")
            await deferLater(clock, _PAUSE)
        yield
    finally:
        os.close(descriptor)


def _try(descriptor: int) -> bool:
    try:
        flock(descriptor, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        return False
    return True
