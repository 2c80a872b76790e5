"""What other observers are given of an event (row 124)."""

from io import StringIO
from typing import Any

import pytest
from twisted.logger import (
    LogEvent,
    Logger,
    LogPublisher,
    eventAsText,
    jsonFileLogObserver,
    textFileLogObserver,
)
from twisted.python.failure import Failure
from twisted.python.log import LogPublisher as LegacyPublisher
from twisted.python.log import textFromEventDict

from openaiproxy.ops.access import FORMAT
from openaiproxy.ops.masking import MaskedFailure, mask

KEY = "sk-proj-0123456789abcdef"


class Told:
    """Something that isn't text, and tells a key."""

    def __str__(self) -> str:
        return f"told {KEY}"

    __repr__ = __str__


def failure() -> Failure:
    """A failure that tells a key."""
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError:
        return Failure()


def written(say: Any, observer: Any = textFileLogObserver) -> str:
    """What is written of what is said to a logger, behind the mask."""
    out = StringIO()
    publisher = LogPublisher(mask, observer(out))
    say(Logger(namespace="somebody", observer=publisher))
    return out.getvalue()


SAYINGS = [
    lambda log: log.info(f"the key {KEY}!"),
    lambda log: log.info("the key {key}!", key=KEY),
    lambda log: log.info("the key {key!r}!", key=KEY.encode()),
    lambda log: log.info("the key {told}!", told=Told()),
    lambda log: log.info("the key {told.__str__}!", told=Told()),
    lambda log: log.failure("the key", failure=failure()),
    lambda log: log.failure("the key {told}", failure=failure(), told=Told()),
]


@pytest.mark.parametrize("say", SAYINGS)
@pytest.mark.parametrize("observer", [textFileLogObserver, jsonFileLogObserver])
def test_no_observer_behind_it_writes_a_key_row_124(say: Any, observer: Any) -> None:
    text = written(say, observer)
    assert "the key" in text
    assert KEY not in text
    assert "redacted" in text


class Broken:
    """Something that can't even be shown."""

    def __repr__(self) -> str:
        raise ValueError(KEY)


@pytest.mark.parametrize(
    "fields",
    [
        {"headers": {"Authorization": f"Bearer {KEY}"}},
        {"keys": [KEY], "pair": (1, KEY), "raw": KEY.encode()},
        {"keys": [KEY, Broken()]},
    ],
)
def test_an_observer_that_writes_all_fields_writes_no_key_row_124(fields: dict[str, Any]) -> None:
    text = written(lambda log: log.info("not of the text", **fields), jsonFileLogObserver)
    assert "not of the text" in text
    assert KEY not in text


def test_a_traceback_stays_one_without_the_key_row_124() -> None:
    text = written(SAYINGS[5])
    assert "Traceback (most recent call last)" in text
    assert "builtins.ValueError: refused [redacted]" in text
    assert f"{__name__.replace('.', '/')}.py" in text


def test_what_has_nothing_to_hide_is_left_as_it_was() -> None:
    failed = Failure(ValueError("plain"))
    event: LogEvent = {"log_format": "{a} {b}", "a": "x", "b": [1], "log_failure": failed}
    before = dict(event)
    mask(event)
    assert event == before
    assert event["log_failure"] is failed


def test_a_requests_own_line_is_not_looked_at_again() -> None:
    event: LogEvent = {"log_format": FORMAT, "log_namespace": "openaiproxy.access", "line": KEY}
    mask(event)
    assert event["line"] == KEY
    event["log_namespace"] = "somebody"
    mask(event)
    assert KEY not in event["line"]


def test_events_of_before_twisted_logger_are_masked_row_124() -> None:
    heard: list[dict[str, Any]] = []
    legacy = LegacyPublisher(publishPublisher=LogPublisher(mask, heard.append))
    legacy.msg(f"the key {KEY}")
    legacy.msg(format="the key %(key)s", key=KEY)
    legacy.msg(failure=failure(), isError=1, why=f"the key {KEY}")
    texts = [f"{textFromEventDict(event)} {eventAsText(event)}" for event in heard]
    assert len(texts) == 3
    assert all("the key" in text and KEY not in text for text in texts)


def test_a_failure_without_a_traceback_is_written_all_the_same() -> None:
    masked = MaskedFailure(ValueError, "Traceback:\nValueError: [redacted]\n")
    assert masked.getErrorMessage() == "ValueError: [redacted]"
    assert KEY not in repr(MaskedFailure(ValueError, KEY))
