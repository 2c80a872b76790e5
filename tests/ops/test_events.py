"""What is told beside the requests' lines: names, fields, and how they stand in the log."""

import json
from typing import Any

import pytest
from twisted.logger import LogEvent, Logger

from openaiproxy.ops.events import NAMESPACE, Events
from openaiproxy.ops.lines import json_line, text_line
from tests.ops.test_access import HOSTILE, exchanged


def told() -> tuple[Events, list[LogEvent]]:
    found: list[LogEvent] = []
    return Events(Logger(NAMESPACE, observer=found.append)), found


def as_json(event: LogEvent) -> Any:
    return json.loads(json_line(event) or "")


def test_an_event_is_an_object_with_its_fields_row_122() -> None:
    events, found = told()
    events.tell("proxy.request.retry", id="3f2a", number=1, wait=0.1234567891, why=503, more=None)
    said = as_json(found[0])
    assert (said["level"], said["from"], said["event"]) == (
        "info",
        NAMESPACE,
        "proxy.request.retry",
    )
    assert {name: said[name] for name in said.keys() - {"time", "level", "from", "event"}} == {
        "id": "3f2a",
        "number": 1,
        "wait": 0.123457,
        "why": 503,
    }


def test_in_text_it_is_a_line() -> None:
    events, found = told()
    events.tell("proxy.login.refresh", profile="codex", ok=False, client="")
    line = text_line(found[0]) or ""
    assert line.endswith(" [info] proxy.login.refresh profile=codex ok=false client=-\n")


def test_nothing_in_a_field_can_forge_another_or_tell_a_key_pitfall_70() -> None:
    events, found = told()
    events.tell("proxy.request.retry", why=HOSTILE, id="sk-proj-0123456789abcdef")
    for line in (text_line(found[0]) or "", json_line(found[0]) or ""):
        assert line.count("\n") == 1
        assert "sk-proj" not in line
    assert " id=" in found[0]["line"]
    assert found[0]["line"].count(" ") == 2


@pytest.mark.parametrize("reason", ["client-gone", "drained"])
def test_a_request_that_was_cancelled_is_told_row_116(reason: str) -> None:
    events, found = told()
    events.note(exchanged(ending=reason, bytes_out=7, client="a b", route="responses"))
    assert found[0]["event"] == "proxy.request.cancelled"
    assert found[0]["fields"] == {
        "id": "3f2a",
        "profile": "gateway",
        "client": "a\\x20b",
        "route": "responses",
        "reason": reason,
        "duration": 1.2344,
        "bytes_out": 7,
    }


def test_a_request_that_was_turned_away_is_told_row_116() -> None:
    events, found = told()
    events.note(exchanged(ending="refused", code="proxy_overloaded", status=503))
    assert [each["event"] for each in found] == ["proxy.request.overload"]


@pytest.mark.parametrize(
    "changes",
    [
        {"status": 200},
        {"status": 401, "ending": "refused", "code": "proxy_key_missing"},
        {"status": 200, "ending": "upstream-cut"},
    ],
)
def test_of_others_their_line_says_it_all(changes: dict[str, Any]) -> None:
    events, found = told()
    events.note(exchanged(**changes))
    assert found == []
