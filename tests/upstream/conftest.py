"""What tests of the upstream side share."""

import gc
from collections.abc import Iterator

import pytest
from twisted.logger import LogEvent, globalLogPublisher


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
