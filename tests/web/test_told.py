"""What is told of requests while they run and when they end: events, and the console's lines."""

import json
from typing import Any

import pytest

from openaiproxy.profile import Limits, LogPolicy
from tests.web.simple.asked import KEY, ask, open_simple
from tests.web.test_bridge import EVENTS, JSON, NOT_CHAT, STREAM, framed, refuse
from tests.web.wiring import Wired, request, wire

CHAT = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}
WHOLE = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5-2026",
    "choices": [
        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}
    ],
    "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
}


def post(wired: Wired, body: Any = CHAT, path: str = "/v1/chat/completions") -> Any:
    raw = json.dumps(body).encode()
    return wired.client().send(request("POST", path, "Content-Type: application/json", body=raw))


def names(wired: Wired) -> list[str]:
    return [each["event"] for each in wired.events]


def test_a_body_that_passes_shows_its_model_and_its_tokens_row_121() -> None:
    wired = wire("passthrough")
    post(wired)
    size = len(json.dumps(CHAT))
    assert wired.console == [f"START: gpt-5                | Input: {size:>8} bytes |\n"]
    wired.clock.advance(1.5)
    answer = wired.upstream.asked[0].answer()
    raw = json.dumps(WHOLE).encode()
    answer.send(raw)
    answer.end()
    assert wired.console[1:] == [
        f"END:   gpt-5                | Output: {len(raw):>8} bytes | 1.50s | Tokens: 15\n"
    ]


def test_the_first_line_waits_for_the_last_byte_of_the_body() -> None:
    wired = wire("passthrough")
    raw = request("POST", "/v1/chat/completions", body=json.dumps(CHAT).encode())
    client = wired.client().send(raw[:-5])
    assert len(wired.upstream.asked) == 1
    assert wired.console == []
    client.send(raw[-5:])
    assert len(wired.console) == 1


def test_a_translated_body_shows_its_settings() -> None:
    wired = wire("bridge")
    post(wired, {**CHAT, "model": "gpt-5:res-high", "stream": True, "user": "me@example.com"})
    [start] = wired.console
    assert start.startswith("START: gpt-5:res-high       | Input: ")
    assert "reasoning[effort=high, summary=auto]" in start
    assert "stream=true" in start
    assert "tools=[web_search]" in start
    assert "me@example.com" not in start
    answer = wired.upstream.asked[0].answer(headers=EVENTS)
    answer.send(framed(*STREAM))
    answer.end()
    assert "| Tokens: " in wired.console[1]
    assert "Ending" not in wired.console[1]


def test_a_stream_that_broke_is_not_shown_as_finished() -> None:
    wired = wire("bridge")
    post(wired, {**CHAT, "stream": True})
    answer = wired.upstream.asked[0].answer(headers=EVENTS)
    answer.send(framed(*STREAM[:5]))
    answer.end(ConnectionError())
    assert "Ending: " in wired.console[1]


def test_a_refused_body_has_both_lines() -> None:
    wired = wire("bridge")
    wired.client().send(request("POST", "/v1/chat/completions", body=b"{"))
    assert [line[:5] for line in wired.console] == ["START", "END: "]
    assert wired.console[1].endswith(" | Status: 400\n")


@pytest.mark.parametrize(
    ("preset", "target", "changes"),
    [
        ("passthrough", "/v1/models", {}),
        ("passthrough", "/v1/files", {}),
        ("passthrough", "/v1/chat/completions", {"log": LogPolicy()}),
        ("gateway", "/v1/chat/completions", {}),
    ],
)
def test_other_requests_and_other_profiles_have_none(
    preset: str, target: str, changes: dict[str, Any]
) -> None:
    wired = wire(preset, **changes)
    post(wired, path=target)
    wired.upstream.asked[0].answer(headers=JSON, length=0).end()
    assert len(wired.lines) == 1
    assert wired.console == []


def test_a_caller_that_leaves_is_told_row_116() -> None:
    wired = wire("passthrough")
    post(wired).lose()
    [event] = wired.events
    assert event["event"] == "proxy.request.cancelled"
    assert event["fields"]["reason"] == "client-gone"
    assert event["fields"]["id"] == wired.lines[0]["id"]


def test_a_port_that_is_full_tells_row_116() -> None:
    wired = wire("passthrough", limits=Limits(requests=1))
    post(wired)
    post(wired)
    assert names(wired) == ["proxy.request.overload"]


def test_a_retry_is_told_row_103() -> None:
    wired = open_simple()
    ask(wired, f"/openai2/r?security_key={KEY}", method="GET")
    wired.upstream.asked[0].answer(status=500)
    [event] = wired.events
    assert event["event"] == "proxy.request.retry"
    assert (event["fields"]["why"], event["fields"]["number"]) == ("500", 1)
    assert event["fields"]["wait"] > 0


def test_a_second_way_to_put_a_request_is_told() -> None:
    wired = wire("gateway")
    post(wired, {**CHAT, "model": "strange-model"})
    refuse(wired, 0, 404, NOT_CHAT)
    assert len(wired.upstream.asked) == 2
    assert names(wired) == ["proxy.request.retry"]
    assert wired.events[0]["fields"]["why"] == 404


def test_an_answer_that_ends_well_tells_nothing_more() -> None:
    wired = wire("passthrough")
    post(wired)
    wired.upstream.asked[0].answer(length=0).end()
    assert wired.lines[0]["ending"] == "complete"
    assert wired.events == []
