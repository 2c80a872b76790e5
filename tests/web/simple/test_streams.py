"""Streams of ``/openai2`` and ``/anthropic/stream``, whole and broken (rows 5, 9, 22, 87, 88, 89)."""

import pytest

from tests.web.plugged import fields_of
from tests.web.simple.asked import EVENTS, KEY, answer_json, ask, open_simple, stream, told

CREATED = b'event: response.created\ndata: {"type":"response.created"}\n\n'
COMPLETED = b'event: response.completed\ndata: {"type":"response.completed"}\n\n'
DONE = b"data: [DONE]\n\n"


def body_of(client) -> bytes:
    """The body of a chunked answer."""
    rest, body = client.received().partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        body, rest = body + rest[:count], rest[count + 2 :]
    return body


def test_a_stream_comes_in_data_lines_with_a_mark_row_5() -> None:
    wired = open_simple()
    client, played = stream(wired)
    fields = fields_of(client)
    assert fields["content-type"] == "text/event-stream"
    assert fields["x-accel-buffering"] == "no"
    assert fields["cache-control"].startswith("no-cache")
    played.send(CREATED)
    assert body_of(client) == b'data: {"type":"response.created"}\n\n'
    played.send(COMPLETED)
    assert body_of(client).endswith(b'{"type":"response.completed"}\n\n' + DONE)
    assert client.received().endswith(b"0\r\n\r\n")
    assert wired.lines[0]["ending"] == "complete"


def test_nothing_is_answered_before_the_upstreams_status_is_known_row_87() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m", "stream": True})
    wired.clock.advance(100)
    assert client.received() == b""
    answer_json(wired.upstream.asked[0], {"error": {"message": "Too fast"}}, 429)
    assert told(client)[0] == 429


def test_an_error_on_a_stream_ends_that_stream_and_nothing_else_defect_1() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m", "stream": True})
    answer_json(wired.upstream.asked[0], {"error": {"message": "Too fast"}}, 429)
    assert told(client)[0] == 429
    client, played = stream(wired)
    played.send(CREATED + COMPLETED)
    assert body_of(client).endswith(DONE)


@pytest.mark.parametrize("reason", [None, ConnectionError()])
def test_a_stream_that_breaks_off_is_never_shown_as_finished_row_81(reason) -> None:
    wired = open_simple()
    client, played = stream(wired)
    played.send(CREATED)
    played.end(reason)
    body = body_of(client)
    assert body.startswith(b"data: ")
    assert b"\n\nevent: error\ndata: {" in body
    assert b"OPENAI_PROXY_INCOMPLETE_STREAM" in body
    assert DONE not in body
    assert wired.lines[0]["ending"] == "upstream-cut"


def test_an_error_event_is_told_and_is_the_last_row_81() -> None:
    wired = open_simple()
    client, played = stream(wired)
    played.send(b'event: error\ndata: {"type":"error","code":"server_error","message":"Sorry"}\n\n')
    assert b"event: error\n" in body_of(client)
    assert b"Sorry" in body_of(client)
    assert DONE not in body_of(client)
    assert wired.lines[0]["ending"] == "upstream-fault"


def test_a_stored_response_is_streamed_from_a_place_row_9() -> None:
    wired = open_simple()
    target = f"/openai2/r?stream=true&starting_after=3&security_key={KEY}"
    client = ask(wired, target, method="GET")
    [asked] = wired.upstream.asked
    assert asked.target == b"/v1/responses/r?stream=true&starting_after=3"
    asked.answer(headers=EVENTS).send(COMPLETED)
    assert body_of(client).endswith(DONE)


def test_anthropic_streams_likewise_row_22() -> None:
    wired = open_simple()
    client = ask(wired, "/anthropic/stream", {"model": "c"})
    played = wired.port.anthropic.asked[0].answer(headers=EVENTS)
    played.send(b'event: ping\ndata: {"type":"ping"}\n\n')
    played.send(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    expected = b'data: {"type":"ping"}\n\ndata: {"type":"message_stop"}\n\n' + DONE
    assert body_of(client) == expected


def test_a_stalled_client_stops_the_upstream_row_88() -> None:
    wired = open_simple()
    client, played = stream(wired)
    client.transport.producer.pauseProducing()
    assert played.paused
    client.transport.producer.resumeProducing()
    assert not played.paused


def test_a_client_that_leaves_takes_its_stream_with_it_row_89_defect_9() -> None:
    wired = open_simple()
    client, played = stream(wired)
    played.send(CREATED)
    client.lose()
    assert played.aborted
    assert wired.lines[0]["ending"] == "client-gone"


# The stream that tests hops.


def test_a_probe_sends_at_each_interval_and_ends_row_26() -> None:
    wired = open_simple()
    asked = {"durationMs": 1000, "intervalMs": 300}
    client = ask(wired, "/openai2/diagnostics/sse-cap", asked)
    for _ in range(11):
        wired.clock.advance(0.1)
    body = body_of(client)
    assert body.count(b"event: probe\n") == 3
    assert body.endswith(b'"elapsedMs":1000}\n\n')
    assert body.count(b"event: probe-complete\n") == 1
    fields = fields_of(client)
    assert fields["x-sse-cap-probe-version"] == "1"
    assert fields["x-sse-cap-probe-mode"] == "active-data"
    assert fields["cache-control"].startswith("no-cache")
    assert fields["x-accel-buffering"] == "no"
    assert wired.upstream.asked == []
    assert wired.lines[0]["ending"] == "complete"


@pytest.mark.parametrize(("mode", "beats"), [("comment-heartbeat", 3), ("silent-control", 0)])
def test_a_probe_can_be_silent_to_readers_of_events_row_26(mode: str, beats: int) -> None:
    wired = open_simple()
    asked = {"mode": mode, "durationMs": 1000, "intervalMs": 300}
    client = ask(wired, "/openai2/diagnostics/sse-cap", asked)
    for _ in range(11):
        wired.clock.advance(0.1)
    assert body_of(client).count(b": probe ") == beats
    assert body_of(client).count(b"data:") == 1


def test_a_probe_outlasts_the_ports_own_times_row_26() -> None:
    wired = open_simple()
    asked = {"durationMs": 180_000, "mode": "silent-control"}
    client = ask(wired, "/openai2/diagnostics/sse-cap", asked)
    for _ in range(181):
        wired.clock.advance(1)
    assert b"event: probe-complete\n" in body_of(client)


def test_a_client_that_leaves_ends_its_probe_row_26() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2/diagnostics/sse-cap", {})
    client.lose()
    assert wired.clock.getDelayedCalls() == []
    assert wired.lines[0]["ending"] == "client-gone"


def test_the_ports_closing_cuts_a_probe() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2/diagnostics/sse-cap", {})
    wired.port.cut_all("drained")
    assert not client.received().endswith(b"0\r\n\r\n")
    assert wired.lines[0]["ending"] == "drained"
