"""The endpoints that take JSON, whole answers, and errors."""

import json

import pytest
from attrs import evolve

from openaiproxy.errors import BadUpstream
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Limits
from tests.web.plugged import fields_of, head_and_json
from tests.web.simple.asked import KEY, answer_json, ask, open_simple, sent_json, told
from tests.web.wiring import request


def test_a_response_is_created_and_told_in_lines_row_4() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m", "input": "x"})
    [asked] = wired.upstream.asked
    assert (asked.method, asked.target) == (b"POST", b"/v1/responses")
    assert asked.header(b"accept-encoding") == [b"identity"]
    answer_json(asked, {"id": "resp_1"})
    assert client.received().endswith(b'\r\n\r\n{\n  "id": "resp_1"\n}')


def test_a_prompt_is_answered_in_its_own_form_row_19() -> None:
    wired = open_simple()
    client = ask(wired, "/chatgpt", {"prompt": "Hi"})
    [asked] = wired.upstream.asked
    assert asked.target == b"/v1/chat/completions"
    assert sent_json(asked)["model"] == "gpt-5.4-mini"
    answer_json(asked, {"id": "c1", "choices": [{"message": {"content": "Ho"}}]})
    said = head_and_json(client)[1]
    assert (said["role"], said["id"], said["text"]) == ("assistant", "c1", "Ho")
    assert said["detail"]["id"] == "c1"
    assert said["parentMessageId"]
    assert wired.lines[0]["model"] == "gpt-5.4-mini"


def test_an_image_goes_with_the_last_message_row_20() -> None:
    wired = open_simple()
    message = {"role": "user", "content": "what?"}
    ask(wired, "/openai", {"model": "m", "messages": [message], "image": {"url": "u"}})
    content = sent_json(wired.upstream.asked[0])["messages"][0]["content"]
    assert [part["type"] for part in content] == ["text", "image_url"]


def test_items_are_found_below_their_response_row_7_defect_3() -> None:
    wired = open_simple()
    target = f"/openai2/resp_1/input_items?security_key={KEY}&limit=5&order=asc"
    ask(wired, target, method="GET")
    expected = b"/v1/responses/resp_1/input_items?limit=5&order=asc"
    assert wired.upstream.asked[0].target == expected


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("/openai", {"stream": True}, "Streaming is not supported on this endpoint"),
        ("/openai", {"image": {}}, "Invalid image payload"),
        ("/chatgpt", {"prompt": 1}, "Bad Request"),
        (
            "/anthropic",
            {"stream": True},
            "Streaming is not supported on this endpoint. Use /anthropic/stream instead.",
        ),
    ],
)
def test_what_is_not_valid_is_refused_here_row_68(
    path: str, body: dict[str, object], message: str
) -> None:
    wired = open_simple()
    status, error = told(ask(wired, path, body))
    assert (status, error["code"], error["message"]) == (400, "OPENAI_PROXY_BAD_REQUEST", message)
    assert wired.upstream.asked == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "Malformed JSON request body"),
        (b"", "Request body is required"),
        (b"[]", "Request body must be a JSON object"),
    ],
)
def test_a_body_that_is_no_object_is_the_callers_fault_defect_11(data: bytes, message: str) -> None:
    status, error = told(ask(open_simple(), "/openai2", data))
    assert (status, error["type"], error["message"]) == (400, "validation_error", message)


def test_a_value_that_cannot_be_included_is_refused_row_71() -> None:
    client = ask(open_simple(), f"/openai2/r?security_key={KEY}&include=x", method="GET")
    assert told(client)[1]["message"] == "Invalid include value(s): x"


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nothing"), ("GET", "/openai"), ("POST", "/v1/models")]
)
def test_what_does_not_stand_is_not_found(method: str, path: str) -> None:
    status, error = told(ask(open_simple(), path, method=method))
    assert (status, error["message"]) == (404, "Not Found")


def test_the_upstreams_refusal_is_told_with_its_status_and_headers_row_95_defect_8() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m"}, "X-Request-Id: theirs")
    answer_json(
        wired.upstream.asked[0],
        {"error": {"message": "Too fast", "type": "requests", "code": "rate"}},
        429,
        headers=[
            (b"Content-Type", b"application/json"),
            (b"x-request-id", b"req_1"),
            (b"Retry-After", b"7"),
            (b"x-ratelimit-remaining-requests", b"0"),
        ],
    )
    status, error = told(client)
    fields = fields_of(client)
    assert status == 429
    assert error["type"] == "upstream_api_error"
    assert error["upstream"] == {
        "status": 429,
        "requestId": "req_1",
        "type": "requests",
        "code": "rate",
    }
    assert error["requestId"] == fields["x-proxy-request-id"]
    assert error["incomingRequestId"] == fields["x-incoming-request-id"] == "theirs"
    assert (fields["retry-after"], fields["x-ratelimit-remaining-requests"]) == ("7", "0")
    assert wired.lines[0]["upstream_id"] == "req_1"


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (BadUpstream(502, "upstream_unreachable", "x"), 502, "OPENAI_PROXY_TRANSPORT"),
        (BadUpstream(504, "upstream_connect_timeout", "x"), 504, "OPENAI_PROXY_TIMEOUT"),
    ],
)
def test_a_failure_of_the_network_has_its_code_rows_107_108(
    failure: BadUpstream, status: int, code: str
) -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m"})
    wired.upstream.asked[0].fail(failure)
    assert (told(client)[0], told(client)[1]["code"]) == (status, code)
    assert len(wired.upstream.asked) == 1


def test_anthropics_name_for_a_request_is_told_and_logged_row_22() -> None:
    wired = open_simple()
    client = ask(wired, "/anthropic", {"model": "c"})
    answer_json(
        wired.port.anthropic.asked[0],
        {"type": "error", "error": {"type": "overloaded_error", "message": "Busy"}},
        529,
        headers=[(b"request-id", b"req_a")],
    )
    status, error = told(client)
    assert status == 529
    assert error["upstream"] == {"status": 529, "requestId": "req_a", "type": "overloaded_error"}
    assert wired.lines[0]["upstream_id"] == "req_a"


def test_an_answer_that_is_no_json_is_told_as_such_row_108() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m"})
    played = wired.upstream.asked[0].answer()
    played.send(b"<html>")
    played.end()
    assert told(client)[1]["code"] == "OPENAI_PROXY_INVALID_RESPONSE"


def test_an_answer_that_breaks_off_is_never_a_whole_one() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m"})
    played = wired.upstream.asked[0].answer()
    played.send(b'{"id"')
    played.end(ConnectionError())
    assert told(client)[1]["code"] == "OPENAI_PROXY_TRANSPORT"


def test_too_many_at_once_are_told_so_row_98() -> None:
    assert PRESETS["simple"].profile.limits.requests == 32
    wired = open_simple(limits=Limits(requests=1))
    ask(wired, "/openai2", {"model": "m"})
    client = ask(wired, "/openai2", {"model": "m"})
    status, error = told(client)
    assert (status, error["code"]) == (503, "OPENAI_PROXY_OVERLOADED")
    assert error["type"] == "proxy_overloaded"
    assert fields_of(client)["retry-after"] == "1"


def test_a_body_beyond_the_limit_is_413_row_100() -> None:
    wired = open_simple(limits=Limits(read=10))
    assert told(ask(wired, "/openai2", {"model": "m"}))[1]["code"] == (
        "OPENAI_PROXY_PAYLOAD_TOO_LARGE"
    )


# Names, and pages of others.


def test_each_request_has_a_name_of_ours_whatever_it_brings_row_119() -> None:
    wired = open_simple()
    clients = [ask(wired, "/openai2", b"", "X-Request-Id: theirs") for _ in range(2)]
    names = [fields_of(client)["x-proxy-request-id"] for client in clients]
    assert len(set(names)) == 2
    assert all(len(name) == 36 and name.count("-") == 4 for name in names)
    assert fields_of(clients[0])["x-incoming-request-id"] == "theirs"


def test_a_name_that_could_do_harm_is_not_repeated() -> None:
    client = ask(open_simple(), "/openai2", b"", "X-Request-Id: a b;c")
    assert "x-incoming-request-id" not in fields_of(client)
    assert "incomingRequestId" not in told(client)[1]


@pytest.mark.parametrize("origin", [(), ("Origin: https://any.example",)])
def test_any_page_may_call_row_97(origin: tuple[str, ...]) -> None:
    fields = fields_of(ask(open_simple(), "/openai2", b"", *origin))
    assert fields["access-control-allow-origin"] == "*"
    assert fields["access-control-allow-methods"] == "GET, POST, DELETE, OPTIONS"
    exposed = fields["access-control-expose-headers"]
    for name in ("X-Proxy-Request-Id", "X-Incoming-Request-Id", "Retry-After"):
        assert name in exposed
    assert "x-openai-proxy-timeout-source" in exposed
    assert "access-control-allow-credentials" not in fields


@pytest.mark.parametrize("path", ["/openai2", "/nowhere", "/", "/health"])
def test_a_preflight_is_an_empty_200_everywhere_row_97(path: str) -> None:
    asks = "Access-Control-Request-Headers: x-stainless-lang"
    client = ask(open_simple(), path, None, "Origin: https://a.example", asks, method="OPTIONS")
    head, _, body = client.received().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == b""
    allowed = fields_of(client)["access-control-allow-headers"]
    for name in ("Origin, X-Requested-With, Content-Type, Accept", "X-Request-Id", "x-stainless"):
        assert name in allowed


def test_the_pages_may_be_named_instead() -> None:
    wired = open_simple(origins=frozenset({"https://a.example"}))
    fields = fields_of(ask(wired, "/health", None, "Origin: https://b.example", method="GET"))
    assert "access-control-allow-origin" not in fields


# Pages.


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_the_root_greets_every_method_row_23(method: str) -> None:
    client = ask(open_simple(), "/", method=method)
    assert fields_of(client)["content-type"].startswith("text/html")
    assert client.received().endswith(b"<h1>Hello, World!</h1><div>31.01.2025</div>")


@pytest.mark.parametrize("path", ["/health", "/health2"])
def test_health_costs_nothing_row_110_defect_6(path: str) -> None:
    wired = open_simple()
    assert b'\r\n\r\n{"ok":true' in ask(wired, path, method="GET").received()
    assert wired.upstream.asked == []


def test_a_websocket_is_refused_in_these_words_pitfall_63() -> None:
    fields = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")
    status, error = told(ask(open_simple(), "/v1/responses", None, *fields, method="GET"))
    assert (status, error["code"]) == (426, "OPENAI_PROXY_BAD_REQUEST")


def test_nothing_of_a_translating_port_stands_here() -> None:
    assert told(ask(open_simple(), "/v1/models", method="GET"))[0] == 404
    assert PRESETS["simple"].profile.bridging == evolve(PRESETS["keyed"].profile).bridging


def test_a_client_that_leaves_takes_its_call_with_it_row_89_defect_9() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", {"model": "m"})
    client.lose()
    assert wired.upstream.asked[0].cancelled
    assert wired.lines[0]["ending"] == "client-gone"


def test_the_log_of_a_query_says_no_values() -> None:
    wired = open_simple()
    wired.client().send(request("GET", "/openai2/r?security_key=wrong-one"))
    assert "wrong-one" not in json.dumps(wired.lines, default=str)
