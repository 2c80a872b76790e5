"""What is noted of a simplified endpoint's requests, for the log and the metrics."""

import pytest

from tests.web.simple.asked import EVENTS, KEY, answer_json, ask, open_simple, stream
from tests.web.simple.test_stocked import JSON, KEYS

USAGE = {"input_tokens": 7, "output_tokens": 5, "total_tokens": 12}
CHAT_USAGE = {"prompt_tokens": 7, "completion_tokens": 5, "total_tokens": 12}


@pytest.mark.parametrize(
    ("path", "dialect", "route", "usage"),
    [
        ("/openai", "chat", "chat_completions", CHAT_USAGE),
        ("/chatgpt", "chat", "chat_completions", CHAT_USAGE),
        ("/openai2", "responses", "responses", USAGE),
        ("/anthropic", "messages", "messages", USAGE),
    ],
)
def test_a_whole_answers_tokens_are_noted(
    path: str, dialect: str, route: str, usage: dict[str, int]
) -> None:
    wired = open_simple()
    ask(wired, path, {"prompt": "x", "model": "m"})
    upstream = wired.port.anthropic if path == "/anthropic" else wired.upstream
    kinds = {"object": "response"} if path == "/openai2" else {"type": "message"}
    answer_json(upstream.asked[0], {"id": "i", "model": "m", "usage": usage, **kinds})
    line = wired.lines[0]
    assert (line["route"], line["dialects"]) == (route, f"{dialect}>{dialect}")
    assert (line["tokens_in"], line["tokens_out"]) == (7, 5)
    assert (line["streamed"], line["fault"]) == (False, None)


def test_a_streams_tokens_are_noted() -> None:
    wired = open_simple()
    _, played = stream(wired)
    played.send(
        b'data: {"type":"response.completed","response":{"object":"response","status":"completed",'
        b'"usage":{"input_tokens":7,"output_tokens":5,"total_tokens":12}}}\n\n'
    )
    line = wired.lines[0]
    assert (line["streamed"], line["tokens_in"], line["tokens_out"]) == (True, 7, 5)
    assert (line["ending"], line["fault"]) == ("complete", None)


def test_a_stream_that_breaks_off_has_a_fault() -> None:
    wired = open_simple()
    _, played = stream(wired)
    played.send(b'data: {"type":"response.created"}\n\n')
    played.end()
    assert (wired.lines[0]["ending"], wired.lines[0]["fault"]) == ("upstream-cut", "truncated")


def test_tokens_of_an_unchanged_sdk_are_noted() -> None:
    wired = open_simple()
    ask(wired, "/v1/responses", b'{"model":"m"}', *KEYS, JSON)
    answer_json(wired.upstream.asked[0], {"object": "response", "model": "m", "usage": USAGE})
    assert (wired.lines[0]["tokens_in"], wired.lines[0]["dialects"]) == (7, "responses>responses")


def test_what_a_stored_response_took_is_not_counted_again() -> None:
    wired = open_simple()
    ask(wired, f"/openai2/r?security_key={KEY}", method="GET")
    answer_json(wired.upstream.asked[0], {"object": "response", "usage": USAGE})
    assert wired.lines[0]["tokens_in"] is None
    assert wired.lines[0]["route"] == "responses"


def test_retries_are_counted_row_103() -> None:
    wired = open_simple()
    ask(wired, f"/openai2/r?security_key={KEY}", method="GET")
    wired.upstream.asked[0].answer(status=500)
    wired.clock.advance(0.6)
    wired.upstream.asked[1].answer(headers=EVENTS).end()
    assert wired.lines[0]["retries"] == 1
