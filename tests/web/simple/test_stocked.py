"""The endpoints for unchanged SDKs (rows 1, 3, 4, 32, 70, 87)."""

import base64
import json

import pytest

from openaiproxy.profile import Simple
from tests.web.plugged import fields_of
from tests.web.simple.asked import EVENTS, KEY, ask, open_simple, told

KEYS = (f"X-Security-Key: {KEY}", "Authorization: Bearer sk-callers")
JSON = "Content-Type: application/json"
BODY = b'{"model": "m",  "input": "x"}'
PATHS = ["/v1/chat/completions", "/v1/responses"]


@pytest.mark.parametrize("path", PATHS)
def test_bytes_pass_both_ways_rows_1_4_32(path: str) -> None:
    wired = open_simple()
    client = ask(wired, path, BODY, *KEYS, JSON, "X-Project: p1", "OpenAI-Organization: o1")
    [asked] = wired.upstream.asked
    assert (asked.method, asked.target) == (b"POST", path.encode())
    assert bytes(asked.upload.data) == BODY
    assert asked.header(b"authorization") == [b"Bearer sk-callers"]
    assert asked.header(b"openai-project") == [b"p1"]
    assert asked.header(b"openai-organization") == [b"o1"]
    assert asked.header(b"x-security-key") == []
    headers = [(b"Content-Type", b"application/json"), (b"x-ratelimit-limit-tokens", b"5")]
    played = asked.answer(headers=headers, length=9)
    played.send(b'{"id": 1}')
    played.end()
    assert client.received().endswith(b'\r\n\r\n{"id": 1}')
    assert fields_of(client)["x-ratelimit-limit-tokens"] == "5"
    assert wired.lines[0]["client"] == "alice"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        (JSON,),
        (JSON, KEYS[0]),
        (JSON, KEYS[1]),
        (JSON, KEYS[1], "X-Security-Key: wrong"),
        (JSON, KEYS[0], "Authorization: Basic x"),
    ],
)
def test_both_keys_are_needed_row_32(path: str, headers: tuple[str, ...]) -> None:
    wired = open_simple()
    status, error = told(ask(wired, path, BODY, *headers))
    assert (status, error["code"]) == (401, "OPENAI_PROXY_UNAUTHORIZED")
    assert wired.upstream.asked == []


@pytest.mark.parametrize("path", PATHS)
def test_a_key_in_the_body_does_not_open_them(path: str) -> None:
    body = json.dumps({"security_key": KEY}).encode()
    assert told(ask(open_simple(), path, body, KEYS[1], JSON))[0] == 401


@pytest.mark.parametrize("path", PATHS)
def test_only_json_is_taken_there(path: str) -> None:
    status, error = told(ask(open_simple(), path, BODY, *KEYS, "Content-Type: text/plain"))
    assert (status, error["code"]) == (415, "OPENAI_PROXY_UNSUPPORTED_MEDIA_TYPE")


def test_a_body_of_responses_has_its_own_limit_row_100() -> None:
    wired = open_simple(simple=Simple(responses_body=20))
    status, error = told(ask(wired, "/v1/responses", BODY, *KEYS, JSON))
    assert (status, error["code"]) == (413, "OPENAI_PROXY_PAYLOAD_TOO_LARGE")
    ask(wired, "/v1/chat/completions", BODY, *KEYS, JSON)
    assert len(wired.upstream.asked) == 1


@pytest.mark.parametrize("path", PATHS)
def test_streams_pass_with_their_events_names_and_without_another_mark_rows_3_5_defect_8(
    path: str,
) -> None:
    wired = open_simple()
    client = ask(wired, path, b'{"model":"m","stream":true}', *KEYS, JSON)
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    data = b'event: a\ndata: {"type":"a"}\n\n'
    played.send(data)
    played.end()
    assert data in client.received()
    assert b"[DONE]" not in client.received()
    assert fields_of(client)["x-request-id"] == "req_1"


def test_a_stream_that_breaks_off_says_so_row_81() -> None:
    wired = open_simple()
    client = ask(wired, "/v1/responses", b'{"stream":true}', *KEYS, JSON)
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    played.send(b'event: a\ndata: {"type":"a"}\n\n')
    played.end(ConnectionError())
    assert b"OPENAI_PROXY_INCOMPLETE_STREAM" in client.received()
    assert not client.received().endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("path", PATHS)
def test_the_upstreams_status_comes_before_a_stream_row_87(path: str) -> None:
    wired = open_simple()
    client = ask(wired, path, b'{"stream":true}', *KEYS, JSON)
    played = wired.upstream.asked[0].answer(status=429, headers=[(b"Retry-After", b"3")])
    played.send(b'{"error":{"message":"Too fast","code":"rate"}}')
    played.end()
    status, error = told(client)
    assert (status, error["message"], error["upstream"]["code"]) == (429, "Too fast", "rate")
    assert fields_of(client)["retry-after"] == "3"


def with_file(data: str) -> bytes:
    file = {"type": "input_file", "filename": "a.pdf", "file_data": data}
    return json.dumps({"model": "m", "input": [{"role": "user", "content": [file]}]}).encode()


def test_a_file_that_is_not_sound_never_goes_up_row_70() -> None:
    wired = open_simple()
    status, error = told(ask(wired, "/v1/responses", with_file("a"), *KEYS, JSON))
    assert (status, error["code"]) == (400, "OPENAI_PROXY_BAD_REQUEST")
    assert error["message"] == "input[0].content[0].file_data must be canonical base64"
    assert wired.upstream.asked == []


def test_a_refusal_of_a_request_with_a_file_repeats_nothing_of_it_row_70() -> None:
    wired = open_simple()
    data = base64.b64encode(b"my secret file").decode()
    client = ask(wired, "/v1/responses", with_file(data), *KEYS, JSON)
    played = wired.upstream.asked[0].answer(status=400)
    played.send(json.dumps({"error": {"message": f"{data} is no PDF", "code": "bad"}}).encode())
    played.end()
    assert data.encode() not in client.received()
    assert told(client)[1]["upstream"]["code"] == "bad"


@pytest.mark.parametrize("data", [b"", b"[]", b"{"])
def test_a_body_that_is_no_object_is_refused(data: bytes) -> None:
    assert told(ask(open_simple(), "/v1/responses", data, *KEYS, JSON))[0] == 400


@pytest.mark.parametrize("path", PATHS)
def test_keys_of_ours_in_a_body_go_no_further(path: str) -> None:
    wired = open_simple()
    ask(wired, path, json.dumps({"model": "m", "security_key": KEY}).encode(), *KEYS, JSON)
    assert json.loads(bytes(wired.upstream.asked[0].upload.data)) == {"model": "m"}


def test_a_stream_without_its_end_is_told_to_be_none() -> None:
    wired = open_simple()
    client = ask(wired, PATHS[0], b'{"model": "m", "stream": true, "messages": []}', *KEYS, JSON)
    played = wired.upstream.asked[0].answer(headers=EVENTS)
    chunk = {"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": "He"}}]}
    played.send(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    played.end()
    assert b"error" in client.received().split(b'"He"')[1]
    assert wired.lines[0]["ending"] == "upstream-truncated"
