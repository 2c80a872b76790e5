"""A lock that the reactor can wait for."""

import os
import stat
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from openaiproxy.errors import Unavailable
from openaiproxy.upstream.login.lock import locked

from ..peers import error, got

pytestmark = pytest.mark.usefixtures("nothing_unhandled")


async def hold(path: str, clock: Clock, release: "Deferred[None]", patience: float = 5.0) -> str:
    async with locked(path, clock, patience):
        await release
    return "released"


def holding(path: Path, clock: Clock, patience: float = 5.0) -> "tuple[Deferred[None], Any]":
    release: Deferred[None] = Deferred()
    return release, Deferred.fromCoroutine(hold(str(path), clock, release, patience))


def test_the_second_waits_for_the_first(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "lock"
    first, held = holding(path, clock)
    second, waits = holding(path, clock)
    clock.advance(0.05)
    first.callback(None)
    assert got(held) == "released"
    second.callback(None)
    clock.advance(0.05)
    assert got(waits) == "released"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_patience_ends(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "lock"
    first, held = holding(path, clock)
    _, waits = holding(path, clock, patience=1.0)
    clock.pump([0.06] * 20)
    failed = error(waits)
    assert isinstance(failed, Unavailable)
    assert failed.code == "login_busy"
    first.callback(None)
    got(held)
    assert clock.getDelayedCalls() == []


def test_the_wait_can_be_given_up_and_leaves_nothing_open(tmp_path: Path) -> None:
    clock, path = Clock(), tmp_path / "lock"
    first, held = holding(path, clock)
    before = len(os.listdir("/proc/self/fd"))
    _, waits = holding(path, clock)
    waits.cancel()
    assert isinstance(error(waits), CancelledError)
    assert len(os.listdir("/proc/self/fd")) == before
    first.callback(None)
    got(held)
    again, held = holding(path, clock)
    again.callback(None)
    assert got(held) == "released"


def test_a_link_is_not_locked(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").touch()
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    _, held = holding(tmp_path / "lock", Clock())
    failed = error(held)
    assert isinstance(failed, Unavailable)
    assert failed.code == "login_read_only"
    assert str(tmp_path) not in str(failed)


def test_it_is_let_go_when_the_block_fails(tmp_path: Path) -> None:
    async def fails() -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(locked(str(tmp_path / "lock"), Clock(), 1.0))
            raise RuntimeError("ours")

    assert isinstance(error(Deferred.fromCoroutine(fails())), RuntimeError)
    release, held = holding(tmp_path / "lock", Clock())
    release.callback(None)
    assert got(held) == "released"
