"""Any client meets any upstream: the cells of :mod:`tests.matrix`, a test each."""

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from tests.e2e.threads import Thread
from tests.matrix.house import SPEAKS, House, open_house
from tests.matrix.node_talks import Node, installed
from tests.matrix.rows import ROWS, Skipped, Trial

# LangChain reads what the SDK parsed by a schema that has no place for it.
pytestmark = pytest.mark.filterwarnings("ignore:Pydantic serializer warnings")

CELLS = [
    pytest.param(row.name, upstream, case, id=f"{row.name} | {upstream} | {case}")
    for row in ROWS.values()
    for upstream in SPEAKS
    for case in row.cases
]


@pytest.fixture(scope="module")
def ports(real_reactor: Any) -> Iterator[House]:
    """The ports and the upstream."""
    house = open_house(real_reactor)
    yield house
    pytest_twisted.blockon(Deferred.fromCoroutine(house.close()))


@pytest.fixture(scope="module")
def trial(ports: House, thread: Thread) -> Iterator[Trial]:
    """What tries the cells."""
    folder, reason = installed()
    trial = Trial(Node(folder) if folder else str(reason))
    yield trial
    thread.run(trial.close)


@pytest.mark.parametrize(("client", "upstream", "case"), CELLS)
def test_a_client_meets_an_upstream(
    thread: Thread, trial: Trial, ports: House, client: str, upstream: str, case: str
) -> None:
    try:
        trial.run(ROWS[client], ports.places[upstream], case)
    except Skipped as skipped:
        pytest.skip(str(skipped))
