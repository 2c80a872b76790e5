"""Both of the server's wires under the same tests."""

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from openaiproxy.web.site import OURS, TWISTED
from tests.web.wiring import CHOSEN

NEEDS_LLHTTP = pytest.mark.skipif(
    find_spec("httptools") is None, reason="httptools is not installed"
)


@pytest.fixture(params=[pytest.param(OURS, marks=NEEDS_LLHTTP), TWISTED])
def on_wire(request: pytest.FixtureRequest) -> Iterator[str]:
    """The wire that ports in memory are on, one after the other."""
    CHOSEN.append(request.param)
    yield request.param
    CHOSEN.pop()
