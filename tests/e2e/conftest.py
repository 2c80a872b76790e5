"""Fixtures: one house for all tests, and its callers, sync and async, through both presets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.tcp import Connection, Port
from twisted.internet.threads import blockingCallFromThread

from tests.e2e.callers import AsyncCaller, Caller, SyncCaller
from tests.e2e.codexhouse import CodexHouse, open_codex
from tests.e2e.house import House, Place, open_house
from tests.e2e.threads import Thread

_KINDS: dict[str, Callable[[Place], Caller]] = {"sync": SyncCaller, "async": AsyncCaller}


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Tests with a caller block, and the ports run in this thread: so the tests run in another."""
    if "thread" not in pyfuncitem.fixturenames:
        return None
    names = pyfuncitem._fixtureinfo.argnames
    wanted = {name: pyfuncitem.funcargs[name] for name in names}
    pyfuncitem.funcargs["thread"].run(pyfuncitem.obj, **wanted)
    return True


@pytest.fixture(scope="package")
def real_reactor() -> Iterator[Any]:
    """The reactor, in which nothing of this folder's is left at the end."""
    from twisted.internet import reactor

    calls, sockets = set(reactor.getDelayedCalls()), _sockets(reactor)
    yield reactor
    assert set(reactor.getDelayedCalls()) <= calls
    assert _sockets(reactor) <= sockets


def _sockets(reactor: Any) -> set[Any]:
    watched = [*reactor.getReaders(), *reactor.getWriters()]
    return {each for each in watched if isinstance(each, Port | Connection)}


@pytest.fixture(scope="package")
def thread(real_reactor: Any) -> Iterator[Thread]:
    """Where tests that block run."""
    thread = Thread(real_reactor)
    yield thread
    thread.stop()


@pytest.fixture(scope="package")
def house(real_reactor: Any) -> Iterator[House]:
    """The ports, the upstream and the taps."""
    house = open_house(real_reactor)
    yield house
    pytest_twisted.blockon(Deferred.fromCoroutine(house.close()))


@pytest.fixture(scope="package")
def callers(house: House, thread: Thread) -> Iterator[dict[tuple[str, str], Caller]]:
    """A client of each kind for each port, by the names of both."""
    callers = {
        (name, kind): thread.run(make, place)
        for name, place in house.places.items()
        for kind, make in _KINDS.items()
    }
    yield callers
    for caller in callers.values():
        thread.run(caller.close)


@pytest.fixture(params=["passthrough", "keyed"])
def place(house: House, thread: Thread, request: pytest.FixtureRequest) -> Place:
    """Each port in turn, with nothing remembered."""
    place = house.places[request.param]
    place.clear()
    return place


@pytest.fixture(params=list(_KINDS))
def caller(
    place: Place, callers: dict[tuple[str, str], Caller], request: pytest.FixtureRequest
) -> Iterator[Caller]:
    """Each client at each port; afterwards, all that it sent and got is compared with the
    upstream's side.
    """
    yield callers[place.name, request.param]
    assert place.tap.exchanges, "nothing was asked"
    place.check_requests()
    place.check_answers()


@pytest.fixture(params=list(_KINDS))
def refused(
    place: Place, callers: dict[tuple[str, str], Caller], request: pytest.FixtureRequest
) -> Iterator[Caller]:
    """As ``caller``, for what must never reach the upstream."""
    yield callers[place.name, request.param]
    assert place.upstream.exchanges == []


@pytest.fixture
def open_house_of_codex(real_reactor: Any, tmp_path: Path) -> Iterator[Callable[..., CodexHouse]]:
    """Opens ports of the preset ``codex`` over a login of its own."""
    opened: list[CodexHouse] = []

    def open_one(**more: Any) -> CodexHouse:
        home = tmp_path / str(len(opened))
        home.mkdir()
        house: CodexHouse = blockingCallFromThread(
            real_reactor, open_codex, real_reactor, home, **more
        )
        opened.append(house)
        return house

    yield open_one
    for house in opened:
        pytest_twisted.blockon(Deferred.fromCoroutine(house.close()))
