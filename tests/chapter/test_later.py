"""Chapter 3.3: errors, names of requests, times, retries, and the routes of later versions."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve
from twisted.web.http import PotentialDataLoss

from openaiproxy.errors import BadUpstream
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Limits, Simple
from openaiproxy.simple.endpoints import ENDPOINTS
from openaiproxy.simple.lookups import INCLUDABLE
from tests.chapter.routes import JSON_ROUTES, QUERY_ROUTES, ROUTES, STOCK_ROUTES, Route, put
from tests.web.plugged import fields_of, head_and_json
from tests.web.simple.asked import KEY, answer_json, ask, open_simple, stream, told
from tests.web.wiring import Asked, Connection, Wired, request

ASKED = {"model": "m", "input": "x"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
STOCK = STOCK_ROUTES[1].headers


def reported(client: Connection) -> dict[str, str]:
    begin = "x-openai-proxy-"
    return {k.removeprefix(begin): v for k, v in fields_of(client).items() if k.startswith(begin)}


# Errors.


def bad_request() -> Connection:
    return ask(open_simple(), "/openai2", b"{")


def forbidden() -> Connection:
    return ask(open_simple(), "/openai2", {**ASKED, "security_key": "wrong"})


def unauthorized() -> Connection:
    return ask(open_simple(), "/v1/responses", ASKED, *STOCK[1:])


def overloaded() -> Connection:
    wired = open_simple(limits=Limits(requests=1))
    ask(wired, "/openai2", ASKED)
    return ask(wired, "/openai2", ASKED)


def late() -> Connection:
    wired = open_simple()
    client = ask(wired, "/openai2", {**ASKED, "timeout": 1000})
    wired.clock.advance(1.1)
    return client


def late_altogether() -> Connection:
    times = evolve(PRESETS["simple"].profile.timeouts, total=10.0, client_body=100.0)
    wired = open_simple(timeouts=times)
    head = b"POST /openai2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n{"
    client = wired.client().send(head)
    wired.clock.advance(10.1)
    return client


def unreachable() -> Connection:
    wired = open_simple()
    client = ask(wired, "/openai2", ASKED)
    wired.upstream.asked[0].fail(BadUpstream(502, "upstream_unreachable", "10.0.0.1 refused"))
    return client


def no_json() -> Connection:
    wired = open_simple()
    client = ask(wired, "/openai2", ASKED)
    played = wired.upstream.asked[0].answer()
    played.send(b"<html>")
    played.end()
    return client


def refused_upstream() -> Connection:
    wired = open_simple()
    client = ask(wired, "/openai2", ASKED)
    answer_json(wired.upstream.asked[0], {"error": {"message": "No", "code": "c"}}, 418)
    return client


def broken_here() -> Connection:
    wired = open_simple()
    client = ask(wired, "/openai2", ASKED)
    wired.upstream.asked[0].fail(ZeroDivisionError("ours"))
    return client


def too_large() -> Connection:
    return ask(open_simple(simple=Simple(responses_body=5)), "/v1/responses", ASKED, *STOCK)


def no_json_type() -> Connection:
    return ask(open_simple(), "/v1/responses", ASKED, *STOCK[:2], "Content-Type: text/plain")


ERRORS: list[tuple[Callable[[], Connection], int, str, str]] = [
    (bad_request, 400, "validation_error", "BAD_REQUEST"),
    (forbidden, 403, "forbidden", "FORBIDDEN"),
    (unauthorized, 401, "forbidden", "UNAUTHORIZED"),
    (overloaded, 503, "proxy_overloaded", "OVERLOADED"),
    (late, 504, "upstream_timeout", "TIMEOUT"),
    (late_altogether, 504, "upstream_timeout", "SOCKET_TIMEOUT"),
    (unreachable, 502, "upstream_transport", "TRANSPORT"),
    (no_json, 502, "upstream_transport", "INVALID_RESPONSE"),
    (refused_upstream, 418, "upstream_api_error", "UPSTREAM_API_ERROR"),
    (broken_here, 500, "internal_error", "INTERNAL"),
    (too_large, 413, "validation_error", "PAYLOAD_TOO_LARGE"),
    (no_json_type, 415, "validation_error", "UNSUPPORTED_MEDIA_TYPE"),
]


@pytest.mark.parametrize(("provoke", "status", "type", "code"), ERRORS)
def test_each_error_comes_with_its_status_type_and_code_chapter_3_3(
    provoke: Callable[[], Connection], status: int, type: str, code: str
) -> None:
    client = provoke()
    said, error = told(client)
    assert (said, error["type"], error["code"]) == (status, type, f"OPENAI_PROXY_{code}")
    assert error["requestId"] == fields_of(client)["x-proxy-request-id"]
    assert isinstance(error["message"], str)
    assert ("upstream" in error) is (code == "UPSTREAM_API_ERROR")


@pytest.mark.parametrize(
    ("provoke", "message"),
    [
        (bad_request, "Malformed JSON request body"),
        (lambda: ask(open_simple(), "/openai2", b" "), "Request body is required"),
        (lambda: ask(open_simple(), "/openai2", b"5"), "Request body must be a JSON object"),
        (late, "Timeout while waiting for upstream response"),
        (unreachable, "Transport failure while contacting upstream API"),
        (broken_here, "Internal proxy error"),
        (
            overloaded,
            "Proxy is handling too many concurrent requests. Please retry shortly.",
        ),
        (
            lambda: ask(open_simple(), f"/openai2/?security_key={KEY}", method="GET"),
            "Missing response_id",
        ),
        (
            lambda: ask(
                open_simple(), f"/openai2/r?security_key={KEY}&include=a&include=b", method="GET"
            ),
            "Invalid include value(s): a, b",
        ),
    ],
)
def test_each_message_is_the_known_one_chapter_3_3(
    provoke: Callable[[], Connection], message: str
) -> None:
    assert told(provoke())[1]["message"] == message


def test_too_many_at_once_may_come_again_in_a_second_chapter_3_3() -> None:
    assert fields_of(overloaded())["retry-after"] == "1"


def test_an_upstreams_refusal_keeps_all_that_it_said_chapter_3_3() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", ASKED, "X-Request-Id: theirs")
    refusal = {"error": {"message": "Too fast", "type": "requests", "code": "rate_limit"}}
    headers = [(b"x-request-id", b"req_9"), (b"Retry-After", b"7")]
    answer_json(wired.upstream.asked[0], refusal, 429, headers=headers)
    status, error = told(client)
    assert status == 429
    assert error["incomingRequestId"] == "theirs"
    assert error["upstream"] == {
        "status": 429,
        "requestId": "req_9",
        "type": "requests",
        "code": "rate_limit",
    }
    assert fields_of(client)["retry-after"] == "7"


@pytest.mark.parametrize(
    ("reason", "code"),
    [(None, "INCOMPLETE_STREAM"), (ConnectionError(), "INCOMPLETE_STREAM")],
)
def test_a_stream_that_breaks_off_ends_with_an_event_chapter_3_3(
    reason: Exception | None, code: str
) -> None:
    client, played = stream(open_simple())
    played.send(b'data: {"type":"a"}\n\n')
    played.end(reason)
    assert b"event: error\ndata: " in client.received()
    assert f"OPENAI_PROXY_{code}".encode() in client.received()
    assert b"[DONE]" not in client.received()
    assert client.received().endswith(b"0\r\n\r\n")


def test_a_stream_that_cannot_be_read_ends_with_an_event_chapter_3_3() -> None:
    client, played = stream(open_simple())
    played.send(b"data: <html>\n\n")
    assert b"OPENAI_PROXY_INVALID_RESPONSE" in client.received()


def test_a_caller_who_left_is_in_the_log_alone_chapter_3_3() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2", ASKED)
    client.lose()
    assert client.received() == b""
    assert wired.lines[0]["ending"] == "client-gone"
    [event] = [each for each in wired.events if each["event"] == "proxy.request.cancelled"]
    assert event["fields"]["reason"] == "client-gone"


# Names of requests.


@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_every_answer_has_a_name_and_repeats_the_callers_chapter_3_3(route: Route) -> None:
    _, client, _ = put(route, None, "X-Request-Id: theirs-1")
    fields = fields_of(client)
    assert UUID.fullmatch(fields["x-proxy-request-id"])
    assert fields["x-incoming-request-id"] == "theirs-1"
    exposed = fields["access-control-expose-headers"].split(", ")
    assert {"X-Proxy-Request-Id", "X-Incoming-Request-Id", "Retry-After"} <= set(exposed)
    begin = "x-openai-proxy-"
    endings = ("upstream-timeout-ms", "timeout-source", "requested-timeout-ms", "timeout-origin")
    assert {begin + ending for ending in (*endings, "fetch-timeout-ms")} <= set(exposed)


def test_the_upstreams_name_is_in_the_log_chapter_3_3() -> None:
    wired = open_simple()
    ask(wired, "/openai2", ASKED)
    answer_json(wired.upstream.asked[0], {}, headers=[(b"x-request-id", b"req_7")])
    assert wired.lines[0]["upstream_id"] == "req_7"


# Times.


@pytest.mark.parametrize("route", JSON_ROUTES + QUERY_ROUTES, ids=str)
@pytest.mark.parametrize(
    ("asked", "effective", "source", "requested"),
    [
        (None, "600000", "default", None),
        ("1500", "1500", "provided", "1500"),
        ("900001", "900000", "clamped", "900001"),
        ("0", "600000", "invalid", "0"),
        ("soon", "600000", "invalid", None),
    ],
)
def test_a_timeout_is_reported_on_every_route_chapter_3_3(
    route: Route, asked: str | None, effective: str, source: str, requested: str | None
) -> None:
    own = {} if asked is None else {"timeout": asked}
    _, client, _ = put(route, **own)
    expected = {
        "upstream-timeout-ms": effective,
        "timeout-source": source,
        "fetch-timeout-ms": "905000",
    }
    if requested is not None:
        expected["requested-timeout-ms"] = requested
    assert reported(client) == expected


def test_a_refusal_reports_it_too_and_whose_patience_ended_chapter_3_3() -> None:
    assert reported(late())["timeout-origin"] == "openai_sdk_timeout"
    assert reported(late())["timeout-source"] == "provided"
    assert reported(late_altogether())["timeout-origin"] == "proxy_socket_timeout"
    wired = open_simple()
    client = ask(wired, "/openai2", ASKED)
    wired.upstream.asked[0].fail(BadUpstream(504, "upstream_connect_timeout", "x"))
    assert reported(client)["timeout-origin"] == "undici_connect_timeout"


# Retries.

SAFE = {"GET /openai2/*", "DELETE /openai2/*", "GET /openai2/*/input_items"}
SAFE |= {"POST /openai2/input_tokens"}


def fail(wired: Wired, asked: Asked, failure: str, *, last: bool) -> None:
    """Let a question fail; an answer that is not the last is never read."""
    match failure:
        case "silence":
            wired.clock.advance(601)
        case "closed":
            asked.fail(BadUpstream(502, "upstream_closed", "x"))
        case status if last:
            answer_json(asked, {"error": {}}, int(status))
        case status:
            asked.answer(status=int(status))


@pytest.mark.parametrize("route", ROUTES, ids=str)
@pytest.mark.parametrize("failure", ["500", "429", "closed", "silence"])
def test_each_route_is_asked_as_often_as_is_safe_chapter_3_3(route: Route, failure: str) -> None:
    wired, client, _ = put(route, answer=False)
    upstream: Any = wired.port.anthropic if route.anthropic else wired.upstream
    times = 3 if str(route).replace("resp_1", "*") in SAFE else 1
    for number in range(times):
        fail(wired, upstream.asked[number], failure, last=number + 1 == times)
        wired.clock.advance(2)
    wired.clock.advance(60)
    assert len(upstream.asked) == times
    assert told(client)[0] >= 400
    retried = [each for each in wired.events if each["event"] == "proxy.request.retry"]
    assert len(retried) == times - 1
    assert wired.lines[0].get("retries") == times - 1


def test_the_runtime_page_says_the_same_chapter_3_3() -> None:
    client = ask(open_simple(), "/debug/runtime?access_token=the-access-token", method="GET")
    said = head_and_json(client)[1]
    assert said.keys() == {"runtime", "timeouts", "limits", "requestIds", "retryPolicies"}
    assert said["limits"]["maxParallelRequests"] == 32
    rows = {row["endpoint"]: row for row in said["retryPolicies"]}
    for endpoint in ENDPOINTS:
        name = f"{endpoint.method} {endpoint.path}"
        row = rows[name.replace("*", ":id")]
        assert row.keys() == {"endpoint", "policy", "requestSafety", "idempotent", "maxRetries"}
        assert row["maxRetries"] == (2 if name in SAFE else 0)


# What may be asked of a stored response.


@pytest.mark.parametrize("value", sorted(INCLUDABLE))
def test_each_value_may_be_included_chapter_3_3(value: str) -> None:
    wired = open_simple()
    ask(wired, f"/openai2/r?security_key={KEY}&include={value}", method="GET")
    assert wired.upstream.asked[0].target.decode() == f"/v1/responses/r?include%5B%5D={value}"


@pytest.mark.parametrize(
    ("path", "pair"),
    [
        ("r", "stream=true"),
        ("r", "include_obfuscation=false"),
        ("r", "starting_after=7"),
        ("r/input_items", "after=msg_1"),
        ("r/input_items", "limit=100"),
        ("r/input_items", "order=desc"),
    ],
)
def test_each_parameter_goes_up_chapter_3_3(path: str, pair: str) -> None:
    wired = open_simple()
    ask(wired, f"/openai2/{path}?security_key={KEY}&{pair}&timeout=5000", method="GET")
    assert wired.upstream.asked[0].target.decode() == f"/v1/responses/{path}?{pair}"


def test_included_items_may_be_named_too_chapter_3_3() -> None:
    wired = open_simple()
    value = "message.input_image.image_url"
    target = f"/openai2/r/input_items?security_key={KEY}&include={value}&include={value}"
    ask(wired, target, method="GET")
    assert wired.upstream.asked[0].target.decode().count(f"include%5B%5D={value}") == 2


# Unchanged SDKs.


@pytest.mark.parametrize(
    ("sent", "project"),
    [
        (("X-Project: p1",), [b"p1"]),
        (("OpenAI-Project: p2",), [b"p2"]),
        (("X-Project: p1", "OpenAI-Project: p2"), [b"p2"]),
    ],
)
def test_openai_project_goes_before_x_project_chapter_3_3(
    sent: tuple[str, ...], project: list[bytes]
) -> None:
    wired = open_simple()
    ask(wired, "/v1/responses", ASKED, *STOCK, *sent, "OpenAI-Organization: o1")
    [asked] = wired.upstream.asked
    assert asked.header(b"openai-project") == project
    assert asked.header(b"openai-organization") == [b"o1"]


@pytest.mark.parametrize(
    "name",
    ["x-request-id", "openai-processing-ms", "retry-after", "x-ratelimit-remaining-tokens"],
)
@pytest.mark.parametrize("status", [200, 429])
def test_the_upstreams_headers_come_back_chapter_3_3(name: str, status: int) -> None:
    wired = open_simple()
    client = ask(wired, "/v1/responses", ASKED, *STOCK)
    headers = [(b"Content-Type", b"application/json"), (name.encode(), b"12")]
    answer_json(wired.upstream.asked[0], {"error": {}}, status, headers=headers)
    assert fields_of(client)[name] == "12"


def test_headers_of_an_sdk_may_be_sent_by_a_page_chapter_3_3() -> None:
    asks = "Access-Control-Request-Headers: x-stainless-lang, x-stainless-os, x-security-key"
    client = ask(
        open_simple(), "/v1/responses", None, "Origin: https://a.example", asks, method="OPTIONS"
    )
    allowed = fields_of(client)["access-control-allow-headers"].lower()
    assert all(name in allowed for name in ("x-stainless-lang", "x-stainless-os", "authorization"))


def file_part(**changes: Any) -> dict[str, Any]:
    data = base64.b64encode(b"%PDF-").decode()
    part = {"type": "input_file", "filename": "a.pdf", "file_data": data}
    return {name: value for name, value in {**part, **changes}.items() if value is not None}


def in_content(part: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [part]}]}


def in_output(kind: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda part: {"input": [{"type": kind, "call_id": "c", "output": [part]}]}


def in_variables(part: dict[str, Any]) -> dict[str, Any]:
    return {"prompt": {"id": "p", "variables": {"file": part}}}


PLACES = [
    in_content,
    in_output("function_call_output"),
    in_output("custom_tool_call_output"),
    in_variables,
]


def files(*parts: dict[str, Any], place: Callable[..., dict[str, Any]] = in_content) -> Connection:
    body = json.dumps({"model": "m", **place(*parts)}).encode()
    return ask(open_simple(), "/v1/responses", body, *STOCK)


@pytest.mark.parametrize("place", PLACES)
def test_a_file_is_looked_at_wherever_it_stands_chapter_3_3(place: Any) -> None:
    assert files(file_part(), place=place).received() == b""
    assert told(files(file_part(filename=None), place=place))[0] == 400


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"file_id": "file_1"}, "exactly one of"),
        ({"file_data": None}, "exactly one of"),
        ({"filename": None}, "filename is required"),
        ({"filename": " "}, "filename is required"),
        ({"file_data": "JVBE=="}, "canonical base64"),
        ({"file_data": "JV BE"}, "canonical base64"),
        ({"file_data": "JVBERi1="}, "canonical base64"),
    ],
)
def test_a_file_that_is_not_sound_is_refused_chapter_3_3(
    changes: dict[str, Any], words: str
) -> None:
    status, error = told(files(file_part(**changes)))
    assert (status, error["code"]) == (400, "OPENAI_PROXY_BAD_REQUEST")
    assert words in error["message"]


@pytest.mark.parametrize("source", ["file_id", "file_url"])
def test_a_file_elsewhere_needs_no_name_chapter_3_3(source: str) -> None:
    assert files({"type": "input_file", source: "x"}).received() == b""


def test_a_refusal_of_a_request_with_a_file_is_masked_chapter_3_3() -> None:
    wired = open_simple()
    body = json.dumps({"model": "m", **in_content(file_part())}).encode()
    client = ask(wired, "/v1/responses", body, *STOCK)
    answer_json(wired.upstream.asked[0], {"error": {"message": "bad JVBERi0="}}, 400)
    assert "JVBER" not in client.received().decode()


def test_streams_of_an_sdk_pass_with_their_names_and_no_mark_of_ours_chapter_3_3() -> None:
    wired = open_simple()
    client = ask(wired, "/v1/responses", {**ASKED, "stream": True}, *STOCK)
    headers = [(b"Content-Type", b"text/event-stream")]
    played = wired.upstream.asked[0].answer(headers=headers)
    data = b'event: response.completed\ndata: {"type":"response.completed"}\n\n'
    played.send(data)
    played.end()
    assert data in client.received()
    assert b"[DONE]" not in client.received()


def test_a_slow_reader_slows_the_upstream_chapter_3_3() -> None:
    wired = open_simple()
    client = ask(wired, "/v1/responses", {**ASKED, "stream": True}, *STOCK)
    played = wired.upstream.asked[0].answer(headers=[(b"Content-Type", b"text/event-stream")])
    played.send(b'data: {"type":"a"}\n\n')
    client.transport.producer.pauseProducing()
    assert played.paused
    client.transport.producer.resumeProducing()
    assert not played.paused


# Signs of life, and whose leaving ends what.


def test_silence_is_filled_with_the_known_comment_chapter_3_3() -> None:
    wired = open_simple()
    client, played = stream(wired)
    played.send(b'data: {"type":"a"}\n\n')
    wired.clock.advance(15.1)
    assert client.received().endswith(b": keep-alive\n\n\r\n")


@pytest.mark.parametrize("path", ["/openai2", "/anthropic/stream"])
def test_a_reader_who_leaves_ends_the_upstreams_stream_chapter_3_3(path: str) -> None:
    wired = open_simple()
    client = ask(wired, path, {**ASKED, "stream": True})
    upstream: Any = wired.port.anthropic if "anthropic" in path else wired.upstream
    played = upstream.asked[0].answer(headers=[(b"Content-Type", b"text/event-stream")])
    played.send(b'data: {"type":"a"}\n\n')
    client.lose()
    assert played.aborted
    assert wired.lines[0]["ending"] == "client-gone"


def test_a_body_that_the_connections_close_delimits_is_not_taken_for_whole_chapter_3_3() -> None:
    client, played = stream(open_simple())
    played.send(b'data: {"type":"a"}\n\n')
    played.end(PotentialDataLoss())
    assert b"OPENAI_PROXY_INCOMPLETE_STREAM" in client.received()


# The log.


def test_a_request_is_an_event_with_all_its_fields_and_no_prompt_chapter_3_3() -> None:
    wired = open_simple()
    body = {"model": "m", "input": "a secret plan", "timeout": 5000}
    ask(wired, "/openai2", body, "X-Request-Id: theirs")
    answer_json(wired.upstream.asked[0], {}, headers=[(b"x-request-id", b"req_7")])
    [line] = wired.lines
    assert "a secret plan" not in str(line)
    expected = {
        "method": "POST",
        "path": "/openai2",
        "model": "m",
        "status": 200,
        "upstream_id": "req_7",
        "ending": "complete",
        "route": "responses",
    }
    assert {name: line[name] for name in expected} == expected
    for name in ("id", "duration", "retries", "profile", "client"):
        assert line[name] is not None


@pytest.mark.parametrize("path", ["/health", "/health2"])
def test_health_asks_nobody_and_nothing_chapter_3_3(path: str) -> None:
    wired = open_simple()
    assert b"200 OK" in wired.client().send(request("GET", path)).received()
    assert wired.upstream.asked == []


def test_probing_streams_begin_with_their_version_chapter_3_3() -> None:
    wired = open_simple()
    client = ask(wired, "/openai2/diagnostics/sse-cap", {"mode": "silent-control"})
    assert fields_of(client)["x-sse-cap-probe-mode"] == "silent-control"
    assert fields_of(client)["x-sse-cap-probe-version"] == "1"
