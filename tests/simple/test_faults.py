"""Errors in the words that the endpoints' clients know (row 108)."""

import json

import pytest

from openaiproxy.errors import BadRequest, BadUpstream, ProxyError, Unavailable
from openaiproxy.simple.faults import (
    fault_body,
    fault_of,
    fault_record,
    refusal_of,
    told_in_stream,
)

ROWS = [
    (BadRequest(400, "bad_request", "Why"), 400, "validation_error", "BAD_REQUEST"),
    (BadRequest(400, "invalid_json", "x"), 400, "validation_error", "BAD_REQUEST"),
    (BadRequest(403, "forbidden", "Forbidden"), 403, "forbidden", "FORBIDDEN"),
    (BadRequest(401, "unauthorized", "x"), 401, "forbidden", "UNAUTHORIZED"),
    (Unavailable(503, "proxy_overloaded", "x"), 503, "proxy_overloaded", "OVERLOADED"),
    (BadUpstream(504, "upstream_first_byte_timeout", "x"), 504, "upstream_timeout", "TIMEOUT"),
    (BadUpstream(504, "upstream_connect_timeout", "x"), 504, "upstream_timeout", "TIMEOUT"),
    (BadUpstream(504, "upstream_total_timeout", "x"), 504, "upstream_timeout", "SOCKET_TIMEOUT"),
    (BadUpstream(502, "upstream_unreachable", "x"), 502, "upstream_transport", "TRANSPORT"),
    (BadUpstream(502, "upstream_closed", "x"), 502, "upstream_transport", "TRANSPORT"),
    (
        BadUpstream(502, "upstream_stream_truncated", "x"),
        502,
        "upstream_transport",
        "INCOMPLETE_STREAM",
    ),
    (BadUpstream(502, "upstream_malformed", "x"), 502, "upstream_transport", "INVALID_RESPONSE"),
    (
        BadUpstream(502, "upstream_answer_too_large", "x"),
        502,
        "upstream_transport",
        "INVALID_RESPONSE",
    ),
    (ProxyError(500, "internal_error", "x"), 500, "internal_error", "INTERNAL"),
    (BadRequest(413, "body_too_large", "x"), 413, "validation_error", "PAYLOAD_TOO_LARGE"),
    (BadRequest(415, "unsupported", "x"), 415, "validation_error", "UNSUPPORTED_MEDIA_TYPE"),
    (BadRequest(404, "path_not_offered", "x"), 404, "validation_error", "NOT_FOUND"),
    (Unavailable(503, "draining", "x"), 503, "internal_error", "INTERNAL"),
]


@pytest.mark.parametrize(("error", "status", "type", "code"), ROWS)
def test_each_error_has_its_type_and_code_row_108(
    error: ProxyError, status: int, type: str, code: str
) -> None:
    fault = fault_of(error)
    assert (fault.status, fault.type, fault.code) == (status, type, f"OPENAI_PROXY_{code}")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (BadRequest(400, "invalid_json", "x"), "Malformed JSON request body"),
        (
            BadUpstream(504, "upstream_idle_timeout", "x"),
            "Timeout while waiting for upstream response",
        ),
        (
            BadUpstream(502, "upstream_cut", "x"),
            "Transport failure while contacting upstream API",
        ),
        (ProxyError(500, "internal_error", "x"), "Internal proxy error"),
        (
            Unavailable(503, "proxy_overloaded", "x"),
            "Proxy is handling too many concurrent requests. Please retry shortly.",
        ),
        (BadRequest(400, "bad_request", "Missing response_id"), "Missing response_id"),
    ],
)
def test_the_messages_are_the_documented_ones(error: ProxyError, message: str) -> None:
    assert fault_of(error).message == message


def test_an_error_names_its_request_and_the_callers_name_for_it_row_108() -> None:
    fault = fault_of(BadRequest(403, "forbidden", "Forbidden"))
    assert json.loads(fault_body(fault, "ours", "theirs")) == {
        "error": {
            "message": "Forbidden",
            "type": "forbidden",
            "code": "OPENAI_PROXY_FORBIDDEN",
            "requestId": "ours",
            "incomingRequestId": "theirs",
        }
    }
    assert "incomingRequestId" not in json.loads(fault_body(fault, "ours"))["error"]


def test_a_refusal_keeps_the_upstreams_words_and_status() -> None:
    body = b'{"error":{"message":"Too fast","type":"requests","code":"rate_limit_exceeded"}}'
    told = json.loads(fault_body(refusal_of(429, body, "req_1"), "ours"))["error"]
    assert told["message"] == "Too fast"
    assert told["code"] == "OPENAI_PROXY_UPSTREAM_API_ERROR"
    assert told["upstream"] == {
        "status": 429,
        "requestId": "req_1",
        "type": "requests",
        "code": "rate_limit_exceeded",
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "The upstream API answered 502"),
        (b'{"error":"short"}', "short"),
        (b"[]", "The upstream API answered 502"),
        (b'{"error":{"message":5}}', "The upstream API answered 502"),
    ],
)
def test_a_refusal_of_another_form_is_told_all_the_same(body: bytes, message: str) -> None:
    assert refusal_of(502, body, None).message == message


def test_a_refusal_that_may_repeat_a_file_is_withheld_row_70() -> None:
    fault = refusal_of(400, b'{"error":{"message":"JVBERi0xLjQK is no PDF"}}', None, masked=True)
    assert "JVBER" not in fault_body(fault, "ours").decode()


def test_within_a_stream_it_is_an_event() -> None:
    record = fault_record(fault_of(BadUpstream(502, "upstream_cut", "x")), "ours")
    assert record.startswith(b'event: error\ndata: {"error":{')
    assert record.endswith(b"\n\n")


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "server_error", "message": "Sorry", "param": None},
        {
            "type": "error",
            "error": {"type": "server_error", "code": "server_error", "message": "Sorry"},
        },
    ],
)
def test_an_error_event_of_either_api_is_told_alike(event: dict[str, object]) -> None:
    fault = told_in_stream(event, "req_1")
    assert fault.message == "Sorry"
    assert fault.upstream["code"] == "server_error"
    assert fault.code == "OPENAI_PROXY_UPSTREAM_API_ERROR"
