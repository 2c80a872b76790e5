"""Faults, as a client sees them."""

from typing import Any

import pytest
from twisted.web.client import ResponseFailed

from tests.upstream.embedded.room import Room, chat, events, frames, message, question

PATHS = {
    "chat/completions": chat("hi", stream=True),
    "responses": question("hi", stream=True),
    "messages": message("hi", stream=True),
}
dialects = pytest.mark.parametrize("path", list(PATHS))


def stream(room: Room, path: str, fault: str) -> Any:
    return room.post(f"/v1/{path}", PATHS[path], fault)


@dialects
def test_delay_holds_the_head_back(path: str) -> None:
    room = Room()
    answered = stream(room, path, "delay=3")
    room.pump(2.9)
    assert answered.response is None
    room.pump(0.2)
    assert answered.status == 200
    assert answered.whole


@dialects
def test_pace_spreads_the_chunks_over_time(path: str) -> None:
    room = Room()
    answered = stream(room, path, "pace=1")
    for count in range(1, 5):
        assert len(frames(answered.body)) == count
        room.pump(1)
    for _ in range(60):
        room.pump(1)
    assert answered.whole


@dialects
def test_stall_says_nothing_for_ever(path: str) -> None:
    room = Room()
    answered = stream(room, path, "stall")
    room.pump(100_000)
    assert answered.response is None
    assert room.door.tally.active == 1


@dialects
def test_stall_after_chunks_falls_silent_there(path: str) -> None:
    room = Room()
    answered = stream(room, path, "stall=4")
    room.pump(100_000)
    assert len(frames(answered.body)) == 4
    assert answered.lost is None
    none = stream(room, path, "stall=0")
    assert (none.status, none.body) == (200, b"")


@dialects
@pytest.mark.parametrize("count", [0, 1, 5])
def test_cut_drops_the_connection_after_chunks(path: str, count: int) -> None:
    room = Room()
    answered = stream(room, path, f"cut={count}")
    assert answered.status == 200
    assert len(frames(answered.body)) == count
    assert answered.broken
    tally = room.door.tally
    assert (tally.active, tally.streaming, tally.abandoned) == (0, 0, 1)


@dialects
def test_cut_always_cuts(path: str) -> None:
    room = Room()
    whole = stream(room, path, "")
    answered = stream(room, path, "cut=9999")
    assert answered.broken
    assert len(frames(answered.body)) == len(frames(whole.body)) - 1


def test_a_whole_answer_is_cut_before_its_length() -> None:
    answered = Room().post("/v1/chat/completions", chat("hi"), "cut=1")
    assert len(answered.body) == 256 < answered.response.length
    assert answered.broken


@dialects
def test_reset_ends_the_connection_without_a_head(path: str) -> None:
    answered = stream(Room(), path, "reset")
    assert answered.response is None
    assert answered.failure is not None


@dialects
def test_reset_with_cut_resets_there(path: str) -> None:
    answered = stream(Room(), path, "reset,cut=2")
    assert answered.status == 200
    assert answered.broken


@pytest.mark.parametrize(
    ("status", "type", "code"),
    [
        (401, "invalid_request_error", "invalid_api_key"),
        (418, "invalid_request_error", None),
        (429, "requests", "rate_limit_exceeded"),
        (500, "server_error", None),
        (503, "server_error", "server_overloaded"),
    ],
)
@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_a_status_is_answered_in_openais_shape(
    path: str, status: int, type: str, code: str | None
) -> None:
    answered = stream(Room(), path, f"status={status},retry-after=7")
    assert answered.status == status
    assert answered.header("retry-after") == "7"
    error = answered.json["error"]
    assert (error["type"], error["code"]) == (type, code)
    assert stream(Room(), path, f"status={status}").header("retry-after") is None


def test_an_error_mid_stream_in_chat_is_an_error_object() -> None:
    answered = stream(Room(), "chat/completions", "error=3")
    *before, last = events(answered.body)
    assert len(before) == 3
    assert set(last) == {"error"}
    assert b"[DONE]" not in answered.body
    assert answered.whole


def test_an_error_mid_stream_in_responses_is_an_error_and_a_failure() -> None:
    answered = stream(Room(), "responses", "error=4")
    documents = events(answered.body)
    assert [d["type"] for d in documents[4:]] == ["error", "response.failed"]
    assert set(documents[4]["error"]) == {"type", "code", "message", "param"}
    assert documents[5]["response"]["status"] == "failed"
    assert documents[5]["response"]["error"]["code"] == "server_error"
    assert [d["sequence_number"] for d in documents] == list(range(6))
    assert frames(answered.body)[4][0] == "error"


def test_failed_is_a_failed_response_streamed_and_whole() -> None:
    room = Room()
    documents = events(stream(room, "responses", "failed=2").body)
    assert [d["type"] for d in documents] == [
        "response.created",
        "response.in_progress",
        "response.failed",
    ]
    whole = room.post("/v1/responses", question("hi"), "failed=2")
    assert (whole.status, whole.json["status"]) == (200, "failed")


@dialects
def test_an_error_later_than_the_end_comes_in_its_place(path: str) -> None:
    body = bytes(stream(Room(), path, "error=9999").body)
    assert b"completed" not in body.replace(b'"status":"completed"', b"").replace(
        b"completed_at", b""
    )
    assert b'"finish_reason":"stop"' not in body
    assert b"message_stop" not in body
    assert (b"overloaded_error" if path == "messages" else b"server_error") in body


@pytest.mark.parametrize("word", ["error=1", "failed=1"])
def test_a_whole_answer_fails_as_a_500(word: str) -> None:
    room = Room()
    assert room.post("/v1/chat/completions", chat("hi"), word).status == 500
    assert room.get("/v1/models", word).status == 500


@dialects
def test_noend_ends_cleanly_without_the_terminal_event(path: str) -> None:
    answered = stream(Room(), path, "noend")
    assert answered.whole
    last = events(answered.body)[-1]
    if path == "responses":
        assert last["type"] == "response.output_item.done"
    elif path == "messages":
        assert last["type"] == "content_block_stop"
    else:
        assert last["choices"][0]["finish_reason"] is None
        assert b"[DONE]" not in answered.body


@dialects
def test_html_is_a_gateways_page(path: str) -> None:
    answered = stream(Room(), path, "html")
    assert (answered.status, answered.header("content-type")) == (502, "text/html")
    assert answered.body.startswith(b"<html>")
    assert stream(Room(), path, "html,status=503").status == 503


@dialects
def test_chunks_and_size_make_a_long_text(path: str) -> None:
    room = Room()
    answered = stream(room, path, "chunks=500,size=50000")
    documents = events(answered.body)
    if path == "responses":
        pieces = [d["delta"] for d in documents if d["type"].endswith("text.delta")]
        last = documents[-1]["response"]
        assert last["output"][0]["content"][0]["text"] == "".join(pieces)
        assert last["usage"]["output_tokens"] == 500
    elif path == "messages":
        pieces = [d["delta"]["text"] for d in documents if d["type"] == "content_block_delta"]
        assert documents[-2]["usage"]["output_tokens"] == 500
    else:
        deltas = [d["choices"][0]["delta"].get("content") for d in documents]
        pieces = [piece for piece in deltas if piece]
    assert [int(piece.strip(" .")) for piece in pieces] == list(range(500))
    assert len("".join(pieces)) == 50_000


def test_a_long_whole_answer_says_its_length() -> None:
    answered = Room().post("/v1/chat/completions", chat("hi"), "size=300000")
    assert answered.whole
    assert len(answered.body) == answered.response.length
    assert len(answered.json["choices"][0]["message"]["content"]) == 300_000


def test_rate_limit_headers_come_always_and_can_be_scarce() -> None:
    room = Room()
    plain = room.post("/v1/chat/completions", chat("hi"))
    assert plain.header("x-ratelimit-remaining-requests") == "9999"
    assert (plain.header("x-request-id") or "").startswith("req_")
    scarce = room.post("/v1/chat/completions", chat("hi"), "ratelimits=1")
    assert scarce.header("x-ratelimit-remaining-requests") == "1"
    assert scarce.header("x-ratelimit-remaining-tokens") == "0"


def test_the_models_name_carries_faults_and_the_header_wins() -> None:
    room = Room()
    body = {**chat("hi", stream=True), "model": "gpt-4.1!cut=1,noend"}
    answered = room.post("/v1/chat/completions", body)
    assert answered.broken
    assert events(answered.body)[0]["model"] == "gpt-4.1"
    assert len(events(room.post("/v1/chat/completions", body, "cut=3").body)) == 3


@pytest.mark.parametrize("fault", ["stall", "stall=2", "delay=9", "pace=9"])
def test_a_client_that_goes_is_noticed(fault: str) -> None:
    room = Room()
    answered = stream(room, "responses", fault)
    assert room.door.tally.active == 1
    [pump] = room.agent._pumps
    pump.client.transport.loseConnection()
    room.pump()
    tally = room.door.tally
    assert (tally.active, tally.streaming, tally.abandoned) == (0, 0, 1)
    assert room.clock.getDelayedCalls() == []
    assert answered.broken or isinstance(answered.failure.value, ResponseFailed)
