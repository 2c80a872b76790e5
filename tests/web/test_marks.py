"""What happened when, of one request."""

from typing import Any

from openaiproxy.profile import Upstream
from openaiproxy.web.record import Record
from openaiproxy.wire import json
from tests.web.wiring import Wired, request, wire

CHAT = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}


def marks(wired: Wired) -> tuple[tuple[str, float], ...]:
    [entry] = wired.port.watch.ring.recent()
    return entry.said.marks


def test_a_request_that_is_translated_row_123() -> None:
    wired = wire("gateway", upstream=Upstream(speaks=("responses",)))
    body = json.dumps(CHAT)
    client = wired.client().send(request("POST", "/v1/chat/completions", body=body)[:-5])
    wired.clock.advance(1)
    client.send(body[-5:])
    wired.clock.advance(2)
    played = wired.upstream.asked[0].answer(status=503)
    wired.clock.advance(4)
    played.send(b'{"error": {"message": "busy"}}')
    played.end()
    assert marks(wired) == (
        ("body read", 1.0),
        ("planned", 1.0),
        ("sent", 1.0),
        ("upstream head 503", 3.0),
        ("first byte", 7.0),
        ("upstream-fault", 7.0),
    )


def test_a_request_that_is_relayed_and_whose_caller_leaves_row_123() -> None:
    wired = wire("passthrough")
    client = wired.client().send(request("POST", "/v1/files", body=b"x" * 10))
    wired.clock.advance(1)
    wired.upstream.asked[0].answer().send(b"beginning")
    wired.clock.advance(1)
    client.lose()
    words = [word for word, _ in marks(wired)]
    assert words == ["body read", "sent", "upstream head 200", "first byte", "client-gone"]


def test_a_request_that_was_refused_has_its_end_row_123() -> None:
    wired = wire("gateway")
    wired.client().send(request("POST", "/v1/responses", body=b"{"))
    assert marks(wired)[-1] == ("refused", 0.0)


def test_however_often_something_happens_there_is_an_end_of_marks() -> None:
    record = Record("1", 0.0)
    for number in range(1000):
        record.mark("asked again", number)
    assert len(record.close(1, "gateway", 1000.0).marks) == 33


def test_marks_are_in_no_line() -> None:
    wired = wire("passthrough")
    wired.client().send(request())
    wired.upstream.asked[0].answer().end()
    line: dict[str, Any] = wired.lines[0]
    assert "marks" not in line
    assert "upstream head" not in str(line["line"])
