"""What tests of the upstream side share."""

import gc
from collections.abc import Callable, Iterator

import pytest
from twisted.logger import LogEvent, globalLogPublisher

from openaiproxy.upstream.reading import Reading, reading

from .peers import CHOSEN, INSTALLED


@pytest.fixture(params=INSTALLED)
def on_wire(request: pytest.FixtureRequest) -> Iterator[str]:
    """The parser that reads the answers, one after the other."""
    CHOSEN.append(request.param)
    yield request.param
    CHOSEN.pop()


@pytest.fixture(scope="session")
def few_objects() -> None:
    """Leave what stands before the tests out of each collection, which then takes no time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def nothing_unhandled(few_objects: None) -> Iterator[None]:
    """Fail where a Deferred's failure was dropped, or anything else logged a failure."""
    failures: list[LogEvent] = []

    def observe(event: LogEvent) -> None:
        if event.get("log_failure") is not None:
            failures.append(event)

    globalLogPublisher.addObserver(observe)
    yield
    gc.collect()
    globalLogPublisher.removeObserver(observe)
    assert [event["log_failure"].getErrorMessage() for event in failures] == []


@pytest.fixture
def answer(on_wire: str) -> Callable[[], Reading]:
    """What makes a reader of one answer."""
    return reading(on_wire)
