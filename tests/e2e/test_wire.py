"""What no SDK shows: targets, fields, ids and compressed bodies, as they are on the wire."""

import gzip
import re

import pytest

from tests.e2e.callers import Caller
from tests.e2e.house import GZIPPED, Place

TARGETS = [
    "/v1/responses/a?",
    "/v1/responses/a?x",
    "/v1/responses/a?x=",
    "/v1/responses/a?=x&&&=",
    "/v1/responses/a?include[]=a&include[]=b&include%5B%5D=a",
    "/v1/responses/a?q=%2F%2f+%20%00&u=%C3%BC&raw=/?:@!$'()*,;~",
    "/v1/responses/a%2Fb",
    "/v1/responses/a%2fb%3Fc%23d?x=1",
    "/v1/responses/a//b/",
    "/v1/responses/a;b=c/%7Ed",
    "/v1/responses/%E4%B8%96",
]


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_reaches_the_upstream_exactly(place: Place, target: str) -> None:
    assert place.plain("GET", target).status == 404
    sent, seen = place.last()
    assert seen.target == sent.target == target.encode()
    place.check_requests()
    place.check_answers()


def test_extra_query_parameters_of_the_sdk_pass(caller: Caller) -> None:
    caller.call(
        lambda c: c.chat.completions.create(
            model="gpt-4.1",
            messages=[{"role": "user", "content": "x"}],
            extra_query={"a": "b/c d", "many": ["1", "2"], "empty": ""},
        )
    )
    _, seen = caller.place.last()
    assert b"empty=" in seen.target
    assert seen.target.count(b"many") == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
def test_a_method_reaches_the_upstream(place: Place, method: str) -> None:
    reply = place.plain(method, "/v1/responses/a")
    assert reply.status in (404, 405)
    place.check_requests()
    place.check_answers()


def test_row_93_fields_for_one_hop_end_here_and_repeated_ones_stay(place: Place) -> None:
    headers = {
        **place.caller_headers,
        "Connection": "keep-alive, X-Of-This-Hop",
        "X-Of-This-Hop": "1",
        "Keep-Alive": "timeout=5",
        "TE": "trailers",
        "Proxy-Authorization": "Basic eDp5",
        "Cookie": "a=1; b=2",
        "OpenAI-Beta": "assistants=v2",
        "Idempotency-Key": "k",
        "X-Of-Tomorrow": "caf\xe9",
    }
    place.plain("GET", "/v1/responses/a", headers)
    _, seen = place.last()
    for name in (b"x-of-this-hop", b"keep-alive", b"te", b"proxy-authorization"):
        assert seen.values(name) == []
    assert seen.values(b"cookie") == [b"a=1; b=2"]
    assert seen.values(b"openai-beta") == [b"assistants=v2"]
    assert seen.values(b"idempotency-key") == [b"k"]
    assert seen.values(b"x-of-tomorrow") == [b"caf\xe9"]
    assert seen.values(b"host") == [f"127.0.0.1:{place.upstream.number}".encode()]


def test_nothing_is_added_for_the_upstream(place: Place) -> None:
    place.plain("GET", "/v1/responses/a")
    _, seen = place.last()
    names = {name.lower() for name, _ in seen.headers} - {b"host", b"connection"}
    assert names == ({b"authorization"} if place.keyed else set())


def test_a_compressed_answer_passes_as_it_is(caller: Caller) -> None:
    response = caller.call(lambda c: c.responses.retrieve(GZIPPED))
    assert response.id == GZIPPED
    sent, seen = caller.place.last()
    assert sent.answer().body == seen.answer().body
    assert b"resp_gzipped" in gzip.decompress(sent.answer().body)


def test_a_compressed_answer_keeps_its_length(place: Place) -> None:
    reply = place.plain("GET", f"/v1/responses/{GZIPPED}")
    assert reply.headers["content-encoding"] == "gzip"
    assert reply.headers["content-length"] == str(len(reply.body))
    assert b"resp_gzipped" in gzip.decompress(reply.body)


def test_row_119_a_request_id_comes_back_beside_the_upstreams(place: Place) -> None:
    headers = {**place.caller_headers, "x-request-id": "of-the-caller-1"}
    reply = place.plain("GET", "/v1/responses/a", headers)
    assert reply.headers["x-openaiproxy-request-id"] == "of-the-caller-1"
    assert re.fullmatch("req_[0-9a-f]{32}", reply.headers["x-request-id"])


def test_row_119_a_request_id_is_made_where_none_came(place: Place) -> None:
    one, two = (place.plain("GET", "/v1/responses/a").headers for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", one["x-openaiproxy-request-id"])
    assert one["x-openaiproxy-request-id"] != two["x-openaiproxy-request-id"]


def test_rate_limit_fields_pass(place: Place) -> None:
    reply = place.plain("GET", "/v1/responses/a")
    assert reply.headers["x-ratelimit-remaining-requests"] == "9999"
    assert reply.headers["openai-processing-ms"] == "1"


def test_health_needs_no_key_and_touches_nothing(place: Place) -> None:
    assert place.plain("GET", "/health", {}).status == 200
    assert place.upstream.exchanges == []


def test_a_body_in_chunks_arrives_whole(place: Place) -> None:
    headers = {**place.caller_headers, "Transfer-Encoding": "chunked"}
    headers["Content-Type"] = "application/json"
    chunked = b'5\r\n{"mod\r\n6;ext=1\r\nel":"x\r\n1\r\n"\r\n1\r\n}\r\n0\r\n\r\n'
    assert place.plain("POST", "/v1/completions", headers, chunked).status == 400
    sent, seen = place.last()
    assert seen.body == sent.body == b'{"model":"x"}'
    place.check_requests()
