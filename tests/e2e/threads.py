"""The thread that the SDK's clients live in, while the ports run in the main one."""

from collections.abc import Callable
from typing import Any

import pytest_twisted
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

__all__ = ["Thread"]


class Thread:
    """One thread: a client's asyncio loop must stay where it was made."""

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._pool = ThreadPool(1, 1, "sdk")
        self._pool.start()

    def run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call something there, while the reactor turns."""
        return pytest_twisted.blockon(
            deferToThreadPool(self._reactor, self._pool, call, *args, **kwargs)
        )

    def stop(self) -> None:
        """End it."""
        self._pool.stop()
