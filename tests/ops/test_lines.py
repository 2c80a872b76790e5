"""How events look in the file: text and JSON."""

import json
import re

import pytest
from twisted.logger import LogEvent, Logger
from twisted.python.failure import Failure

from openaiproxy.ops.lines import json_line, json_of, text_line, text_of
from tests.ops.test_access import HOSTILE, exchanged

STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d{4}"


class Recorded:
    """A logger and what it logged."""

    def __init__(self, namespace: str = "openaiproxy.web") -> None:
        self.events: list[LogEvent] = []
        self.log = Logger(namespace, observer=self.events.append)

    def text(self) -> str:
        return text_line(self.events[-1]) or ""

    def json(self) -> dict[str, object]:
        line = json_line(self.events[-1]) or ""
        assert line.endswith("\n")
        assert line.count("\n") == 1
        assert line.isascii()
        loaded = json.loads(line)
        assert isinstance(loaded, dict)
        return loaded


def test_a_request_is_one_line_of_text() -> None:
    assert re.fullmatch(
        STAMP + r" \[info\] POST /v1/responses 200 complete id=3f2a .* took=1\.234\n",
        text_of(exchanged(status=200), 1.5),
    )


def test_a_request_is_one_object_with_its_fields_row_122() -> None:
    line = json_of(exchanged(status=200, model=HOSTILE, first_byte=0.1234567891), 1.5)
    assert line.endswith("}\n")
    assert line.count("\n") == 1
    said = json.loads(line)
    assert re.fullmatch(STAMP, str(said["time"]))
    assert said["level"] == "info"
    assert said["from"] == "openaiproxy.access"
    assert (said["status"], said["port"], said["first_byte"]) == (200, 4567, 0.123457)
    assert "upstream_status" not in said
    assert "line" not in said


def test_a_request_is_written_whatever_an_upstream_counted_and_called_its_error() -> None:
    value = exchanged(tokens_in=10**400, tokens_out=1 << 64, code=f"{HOSTILE} \ud800 ü")
    said = json.loads(json_of(value, 1.5))
    assert said["tokens_in"] == said["tokens_out"] == 2_147_483_647
    assert text_of(value, 1.5).count("\n") == 1


@pytest.mark.parametrize("namespace", ["twisted.web", "openaiproxying", "stderr", ""])
def test_events_of_others_are_left_to_twistd(namespace: str) -> None:
    recorded = Recorded(namespace)
    recorded.log.info("hello")
    assert text_line(recorded.events[0]) is None
    assert json_line(recorded.events[0]) is None


def test_an_event_without_a_namespace_is_left_to_twistd() -> None:
    assert text_line({"log_format": "x"}) is None


def test_a_message_is_one_line_whatever_is_formatted_into_it() -> None:
    recorded = Recorded()
    recorded.log.warn("odd {what}", what=HOSTILE + " Bearer hunter2")
    text = recorded.text()
    assert re.match(STAMP + r" \[warn openaiproxy\.web\] odd x", text)
    assert text[:-1].isprintable()
    assert "hunter2" not in text
    message = recorded.json()["message"]
    assert str(message).startswith('odd x" 200 complete\r\n')
    assert "hunter2" not in str(message)


def test_a_surrogate_neither_breaks_text_nor_json() -> None:
    recorded = Recorded()
    recorded.log.warn("odd {what}", what="\udc80")
    assert "\\udc80" in recorded.text()
    assert recorded.json()["message"] == "odd \udc80"


def failing() -> Failure:
    secret = "hunter" + "2"
    try:
        raise ValueError(f"no good:\nBearer {secret} \x1b[31m")
    except ValueError:
        return Failure(captureVars=True)


def test_a_failure_has_its_traceback_indented_without_values_of_variables() -> None:
    recorded = Recorded()
    recorded.log.failure("While {doing}", failing(), doing="x")
    text = recorded.text()
    first, *rest = text.rstrip("\n").split("\n")
    assert first.endswith("[critical openaiproxy.web] While x")
    assert rest[0] == "\tTraceback (most recent call last):"
    assert all(line.startswith("\t") for line in rest)
    assert "test_lines.py" in text
    assert "builtins.ValueError: no good:" in text
    assert "hunter2" not in text
    assert "\x1b" not in text


def test_a_failure_in_json_is_one_line() -> None:
    recorded = Recorded()
    recorded.log.failure("While", failing())
    said = recorded.json()
    assert said["message"] == "While"
    assert "ValueError" in str(said["traceback"])
    assert "hunter2" not in str(said)


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no")

    __repr__ = __str__


def test_formatting_never_raises() -> None:
    recorded = Recorded()
    recorded.log.failure("{no[where]} {x!r}", Failure(Unprintable()), x=Unprintable())
    assert recorded.text().count("openaiproxy.web]") == 1
    assert recorded.json()["level"] == "critical"
