"""What the backend refuses with, and what that is to a caller."""

import json
from typing import Any

import pytest

from openaiproxy.codex.refusals import error_refusal, refusal
from openaiproxy.hub.events import FaultKind

NOW = 1_790_000_000.0
CAPACITY = "Selected model is at capacity. Please try a different model."
JSON = [(b"Content-Type", b"application/json")]


def usage(**more: Any) -> dict[str, Any]:
    error = {"type": "usage_limit_reached", "message": "The usage limit has been reached", **more}
    return {"error": error}


def refused(found: Any, status: int = 429) -> Any:
    return refusal(status, JSON, json.dumps(found).encode(), NOW)


@pytest.mark.parametrize(
    ("more", "headers"),
    [
        ({"resets_in_seconds": 600, "resets_at": NOW + 9}, ((b"Retry-After", b"600"),)),
        ({"resets_at": NOW + 90.5}, ((b"Retry-After", b"91"),)),
        ({"resets_at": str(NOW + 90)}, ((b"Retry-After", b"90"),)),
        ({"resets_at": NOW - 90}, ((b"Retry-After", b"1"),)),
        ({"resets_in_seconds": 0}, ((b"Retry-After", b"1"),)),
        ({}, ()),
        ({"resets_at": None, "resets_in_seconds": "soon"}, ()),
        ({"resets_at": 1e300}, ()),
    ],
)
@pytest.mark.parametrize("status", [200, 403, 429])
def test_a_used_up_limit_is_429_and_the_time_to_wait(more: Any, headers: Any, status: int) -> None:
    """Pitfalls 67 and 75."""
    found = refused(usage(**more), status)
    assert (found.status, found.headers) == (429, headers)
    assert (found.fault.kind, found.fault.code) == (FaultKind.QUOTA, "usage_limit_reached")
    assert found.fault.message == "The usage limit has been reached"
    assert found.fault.status == 429
    assert (found.error().status, found.error().headers) == (429, headers)


@pytest.mark.parametrize(
    "found",
    [
        {"error": {"message": CAPACITY, "code": "server_is_overloaded"}},
        {"error": CAPACITY},
        {"detail": CAPACITY},
        {"detail": {"message": CAPACITY}},
        {"type": "error", "message": CAPACITY},
        {"type": "response.failed", "response": {"error": {"message": CAPACITY, "code": "x"}}},
        CAPACITY,
    ],
)
def test_a_model_at_capacity_is_503(found: Any) -> None:
    """Pitfall 75."""
    understood = error_refusal(found, NOW)
    assert understood is not None
    assert (understood.status, understood.fault.kind) == (503, FaultKind.OVERLOADED)
    assert understood.fault.message == CAPACITY


def test_a_sentence_that_is_no_json_is_read_too() -> None:
    understood = refusal(400, [], CAPACITY.encode(), NOW)
    assert understood is not None
    assert understood.status == 503


def test_a_limit_within_a_stream_is_understood() -> None:
    event = {"type": "response.failed", "response": usage(resets_in_seconds=5)}
    understood = error_refusal(event, NOW)
    assert understood is not None
    assert understood.headers == ((b"Retry-After", b"5"),)


@pytest.mark.parametrize(
    ("headers", "body", "words"),
    [
        ([(b"content-type", b"text/html; charset=UTF-8")], b"", "a web page"),
        ([(b"content-type", b"TEXT/HTML"), (b"cf-mitigated", b"challenge")], b"x", "Cloudflare"),
        ([], b"\xef\xbb\xbf\n<!DOCTYPE html><html>", "a web page"),
        ([], b"<html><script src='/cdn-cgi/challenge-platform/x'>", "Cloudflare"),
    ],
)
def test_a_web_page_is_no_answer_and_is_said_to_be_one(
    headers: Any, body: bytes, words: str
) -> None:
    understood = refusal(403, headers, body, NOW)
    assert understood is not None
    assert understood.page
    assert (understood.status, understood.fault.kind) == (502, FaultKind.MALFORMED)
    assert words in understood.fault.message
    assert "403" in understood.fault.message
    assert understood.fault.code == "upstream_web_page"
    assert str(understood.error()).startswith("502 upstream_web_page: The backend answered")


@pytest.mark.parametrize(
    "found",
    [
        {"detail": "Could not parse your authentication token."},
        {"error": {"code": "rate_limit_exceeded", "message": "slow down"}},
        {"error": None},
        {"error": {"message": {"odd": 1}}},
        [],
        None,
        7,
    ],
)
def test_all_else_is_what_it_is(found: Any) -> None:
    assert refused(found) is None
