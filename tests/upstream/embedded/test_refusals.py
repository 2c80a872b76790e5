"""Errors in OpenAI's shape."""

from typing import Any

import pytest

from openaiproxy.upstream.embedded.door import LIMIT
from tests.upstream.embedded.room import Room, chat


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "param"),
    [
        ("GET", "/", None, 404, None),
        ("GET", "/v1", None, 404, None),
        ("GET", "/v1/nothing", None, 404, None),
        ("GET", "/v1/models/", None, 404, None),
        ("GET", "/v1/models/*/x", None, 404, None),
        ("GET", "/v1/models/gpt-9", None, 404, "model"),
        ("GET", "/v1/responses/resp_none", None, 404, None),
        ("DELETE", "/v1/responses/resp_none", None, 404, None),
        ("GET", "/v1/files/file-none", None, 404, "id"),
        ("GET", "/v1/files/file-none/content", None, 404, "id"),
        ("POST", "/v1/models", {}, 405, None),
        ("GET", "/v1/chat/completions", None, 405, None),
        ("PUT", "/v1/responses", {}, 405, None),
        ("POST", "/v1/chat/completions", {}, 400, "model"),
        ("POST", "/v1/chat/completions", {"model": "x"}, 400, "messages"),
        ("POST", "/v1/chat/completions", {"model": "x", "messages": []}, 400, "messages"),
        ("POST", "/v1/chat/completions", {"model": "x", "messages": "hi"}, 400, "messages"),
        ("POST", "/v1/chat/completions", chat("x", tools=[1]), 400, "tools[0]"),
        ("POST", "/v1/chat/completions", chat("x", max_tokens="many"), 400, "max_tokens"),
        ("POST", "/v1/chat/completions", chat("x", n=99), 400, "n"),
        ("POST", "/v1/chat/completions", chat("x", response_format="j"), 400, "response_format"),
        ("POST", "/v1/responses", {"model": "x"}, 400, "input"),
        ("POST", "/v1/responses", {"model": "x", "input": 3}, 400, "input"),
        (
            "POST",
            "/v1/responses",
            {"model": "x", "input": "x", "previous_response_id": "resp_no"},
            400,
            "previous_response_id",
        ),
        ("POST", "/v1/completions", {"model": "x"}, 400, "prompt"),
        ("POST", "/v1/embeddings", {"model": "x"}, 400, "input"),
        ("POST", "/v1/embeddings", {"model": "x", "input": []}, 400, "input"),
        (
            "POST",
            "/v1/embeddings",
            {"model": "x", "input": "x", "encoding_format": "no"},
            400,
            "encoding_format",
        ),
        ("POST", "/v1/images/generations", {}, 400, "prompt"),
        ("POST", "/v1/images/edits", {"prompt": "x"}, 400, "image"),
        ("POST", "/v1/audio/speech", {"model": "tts-1", "input": "x"}, 400, "voice"),
        ("POST", "/v1/audio/transcriptions", {"model": "whisper-1"}, 400, "file"),
        ("POST", "/v1/files", {"purpose": "batch"}, 400, "file"),
        ("POST", "/v1/moderations", {}, 400, "input"),
    ],
)
def test_a_bad_request_is_refused_by_name(
    method: str, path: str, body: Any, status: int, param: str | None
) -> None:
    answered = Room().ask(method, path, body)
    assert answered.status == status
    error = answered.json["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["type"], error["param"]) == ("invalid_request_error", param)
    assert answered.header("content-type") == "application/json"


def test_a_wrong_method_says_which_would_do() -> None:
    assert Room().ask("PATCH", "/v1/files").header("allow") == "GET, POST"


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    answered = Room().post("/v1/chat/completions", data=body)
    assert (answered.status, answered.json["error"]["type"]) == (400, "invalid_request_error")


def test_an_unknown_fault_word_is_named() -> None:
    room = Room()
    assert "'explode'" in room.get("/v1/models", "explode").json["error"]["message"]
    answered = room.post("/v1/chat/completions", {**chat("x"), "model": "gpt-4.1!burn=1"})
    assert (answered.status, answered.json["error"]["code"]) == (400, "unknown_fault")
    assert "'burn'" in answered.json["error"]["message"]


def test_a_body_beyond_the_limit_is_413() -> None:
    room = Room()
    body = b" " * (LIMIT + 1)
    answered = room.post("/v1/chat/completions", data=body)
    assert answered.status == 413
    assert answered.json["error"]["code"] == "content_too_large"
