"""Times that a request asks for, retries, and signs of life (rows 85, 101, 103)."""

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from openaiproxy.errors import BadUpstream
from openaiproxy.presets import PRESETS
from tests.web.plugged import fields_of
from tests.web.simple.asked import KEY, answer_json, ask, open_simple, stream, told
from tests.web.wiring import ScriptedUpstream


def reported(client) -> dict[str, str]:
    begin = "x-openai-proxy-"
    return {k.removeprefix(begin): v for k, v in fields_of(client).items() if k.startswith(begin)}


def test_a_timeout_is_reported_on_a_good_answer_row_101() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m", "timeout": 2_000_000})
    answer_json(wired.upstream.asked[0], {})
    assert reported(client) == {
        "upstream-timeout-ms": "900000",
        "timeout-source": "clamped",
        "requested-timeout-ms": "2000000",
        "fetch-timeout-ms": "905000",
    }


def test_a_timeout_of_a_query_counts_too_row_101() -> None:
    wired = open_simple()
    client = ask(wired, f"/openai2/r?security_key={KEY}&timeout=1500", method="GET")
    wired.upstream.asked[0].answer(status=404).end()
    assert reported(client)["timeout-source"] == "provided"
    assert reported(client)["upstream-timeout-ms"] == "1500"


def test_the_upstreams_head_is_awaited_so_long_and_no_longer_row_101_defect_10() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m", "timeout": 2000})
    wired.clock.advance(1.9)
    assert client.received() == b""
    wired.clock.advance(0.2)
    status, error = told(client)
    assert (status, error["code"]) == (504, "OPENAI_PROXY_TIMEOUT")
    assert error["type"] == "upstream_timeout"
    assert reported(client)["timeout-origin"] == "openai_sdk_timeout"
    assert wired.upstream.asked[0].cancelled


def test_a_whole_answer_has_no_more_time_for_its_body_row_101() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m", "timeout": 2000})
    wired.clock.advance(1.5)
    played = wired.upstream.asked[0].answer()
    played.send(b'{"id":')
    wired.clock.advance(0.6)
    assert told(client)[1]["code"] == "OPENAI_PROXY_TIMEOUT"
    assert played.aborted


def test_a_stream_may_last_as_long_as_it_speaks_row_101() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m", "stream": True, "timeout": 2000})
    played = wired.upstream.asked[0].answer(headers=[(b"Content-Type", b"text/event-stream")])
    for _ in range(2000):
        wired.clock.advance(1.0)
        played.send(b'data: {"type":"x"}\n\n')
    assert not played.aborted
    wired.clock.advance(2.1)
    assert b"event: error\n" in client.received()
    assert b"OPENAI_PROXY_TIMEOUT" in client.received()
    assert wired.lines[0]["ending"] == "timeout-idle"


def test_a_request_that_takes_too_long_to_come_is_a_socket_timeout_row_102() -> None:
    times = evolve(PRESETS["simple"].profile.timeouts, total=10.0, client_body=100.0)
    wired = open_simple(timeouts=times)
    client = wired.client().send(
        b"POST /openai2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
    )
    wired.clock.advance(10.1)
    status, error = told(client)
    assert (status, error["code"]) == (504, "OPENAI_PROXY_SOCKET_TIMEOUT")
    assert reported(client)["timeout-origin"] == "proxy_socket_timeout"


def test_silence_of_a_stream_is_filled_with_comments_row_85() -> None:
    wired = open_simple()
    client, played = stream(wired)
    played.send(b'data: {"type":"a"}\n\nda')
    wired.clock.advance(15.1)
    assert client.received().count(b": keep-alive\n\n") == 1
    wired.clock.advance(15.1)
    assert client.received().count(b": keep-alive\n\n") == 2


# Retries.

SAFE = [
    ("GET", f"/openai2/r?security_key={KEY}", None),
    ("DELETE", f"/openai2/r?security_key={KEY}", None),
    ("GET", f"/openai2/r/input_items?security_key={KEY}", None),
    ("POST", "/openai2/input_tokens", {"model": "m"}),
]


@pytest.mark.parametrize(("method", "target", "body"), SAFE)
def test_a_safe_call_is_asked_three_times_row_103(method: str, target: str, body) -> None:
    wired = open_simple()
    client = ask(wired, target, body, method=method)
    asked = wired.upstream.asked
    played = asked[0].answer(status=500)
    assert played.aborted
    wired.clock.advance(0.5)
    asked[1].fail(BadUpstream(502, "upstream_closed", "x"))
    wired.clock.advance(0.9)
    assert len(asked) == 2
    wired.clock.advance(0.2)
    answer_json(asked[2], {"error": {"message": "Down"}}, 503)
    status, error = told(client)
    assert (status, error["message"]) == (503, "Down")
    assert len(asked) == 3
    assert wired.upstream.asked[0].upload.data == wired.upstream.asked[2].upload.data


def test_it_waits_as_long_as_the_upstream_says_row_103() -> None:
    wired = open_simple()
    client = ask(wired, f"/openai2/r?security_key={KEY}", method="GET")
    wired.upstream.asked[0].answer(status=429, headers=[(b"Retry-After", b"4")])
    wired.clock.advance(3.9)
    assert len(wired.upstream.asked) == 1
    wired.clock.advance(0.2)
    answer_json(wired.upstream.asked[1], {"id": "r"})
    assert client.received().startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(("method", "target", "body"), SAFE)
def test_a_safe_call_that_is_not_answered_in_time_is_asked_again_row_103(
    method: str, target: str, body
) -> None:
    wired = open_simple()
    sign = "&" if "?" in target else "?"
    client = ask(wired, f"{target}{sign}timeout=2000", body, method=method)
    asked = wired.upstream.asked
    wired.clock.pump([2.1, 0.5])
    assert asked[0].cancelled
    assert client.received() == b""
    wired.clock.pump([2.1, 1.0])
    answer_json(asked[2], {"id": "r"})
    assert client.received().startswith(b"HTTP/1.1 200")
    retries = [each["fields"] for each in wired.events if each["event"] == "proxy.request.retry"]
    assert [each["number"] for each in retries] == [1, 2]
    assert {each["why"] for each in retries} <= {
        "upstream_first_byte_timeout",
        "upstream_deadline_timeout",
    }


def test_the_last_time_that_passes_without_an_answer_is_told_row_103() -> None:
    wired = open_simple()
    client = ask(wired, f"/openai2/r?security_key={KEY}&timeout=2000", method="GET")
    wired.clock.pump([2.1, 0.5, 2.1, 1.0, 2.1])
    status, error = told(client)
    assert (status, error["code"]) == (504, "OPENAI_PROXY_TIMEOUT")
    assert reported(client)["timeout-origin"] == "openai_sdk_timeout"
    assert len(wired.upstream.asked) == 3
    wired.clock.advance(60)
    assert len(wired.upstream.asked) == 3


def test_a_client_that_leaves_while_an_answer_is_awaited_is_not_asked_for_again() -> None:
    wired = open_simple()
    client = ask(wired, f"/openai2/r?security_key={KEY}", method="GET")
    client.lose()
    assert wired.upstream.asked[0].cancelled
    wired.clock.advance(60)
    assert len(wired.upstream.asked) == 1
    assert wired.clock.getDelayedCalls() == []


def test_whatever_a_call_that_was_cancelled_fails_with_it_is_not_put_again() -> None:
    wired = open_simple()
    asked: list[str] = []

    class Failing(ScriptedUpstream):
        def fetch(self, method, target, headers, body):
            asked.append(method)
            error = BadUpstream(502, "upstream_closed", "x")
            return Deferred(lambda waiting: waiting.errback(error))

    wired.port.client = Failing()
    client = ask(wired, f"/openai2/r?security_key={KEY}", method="GET")
    client.lose()
    wired.clock.advance(60)
    assert len(asked) == 1
    assert wired.lines[0]["ending"] == "client-gone"
    assert wired.clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "path",
    ["/openai", "/openai2", "/openai2/r/cancel", "/openai2/compact", "/embeddings", "/anthropic"],
)
def test_a_call_that_may_have_been_acted_on_is_asked_once_row_103_defect_7(path: str) -> None:
    wired = open_simple()
    client = ask(wired, path, {"model": "m"})
    upstream = wired.port.anthropic if path == "/anthropic" else wired.upstream
    answer_json(upstream.asked[0], {"error": {}}, 500)
    wired.clock.advance(60)
    assert told(client)[0] == 500
    assert len(upstream.asked) == 1


def test_a_client_that_leaves_in_the_pause_ends_it() -> None:
    wired = open_simple()
    client = ask(wired, f"/openai2/r?security_key={KEY}", method="GET")
    wired.upstream.asked[0].answer(status=500)
    client.lose()
    wired.clock.advance(60)
    assert len(wired.upstream.asked) == 1
    assert wired.clock.getDelayedCalls() == []
