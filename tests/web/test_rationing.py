"""A caller that asks too often (row 99): 429 in its own envelope, and when to come back."""

import json
from typing import Any

import pytest
from attrs import evolve

from openaiproxy.ops.figures import figures
from openaiproxy.presets import PRESETS
from openaiproxy.profile import ClientAuth, ClientKey, Limits
from tests.web.wiring import Connection, Wired, request, wire

KEYS = (ClientKey("alice", "alice-key-0123"), ClientKey("bob", "bob-key-012345"))
ONE = Limits(rate=1.0, burst=1)


def keyed(limits: Limits = ONE, **changes: Any) -> Wired:
    return wire(auth=ClientAuth(KEYS, ("x-api-key",)), limits=limits, **changes)


def ask(wired: Wired, key: str = "alice-key-0123", *more: str) -> Connection:
    return wired.client().send(request("GET", "/v1/files", f"X-Api-Key: {key}", *more))


def body_of(client: Connection) -> Any:
    return json.loads(client.received().partition(b"\r\n\r\n")[2])


def test_one_too_many_is_told_when_to_come_back_and_goes_nowhere_row_99() -> None:
    wired = keyed()
    ask(wired)
    refused = ask(wired)
    assert refused.received().startswith(b"HTTP/1.1 429 Too Many Requests\r\n")
    assert b"\r\nRetry-After: 60\r\n" in refused.received()
    error = body_of(refused)["error"]
    assert (error["type"], error["code"]) == ("rate_limit_error", "proxy_rate_limited")
    assert len(wired.upstream.asked) == 1
    wired.clock.advance(0.5)
    assert b"\r\nRetry-After: 60\r\n" in ask(wired).received()
    wired.clock.advance(59.5)
    ask(wired)
    assert len(wired.upstream.asked) == 2


def test_a_client_of_anthropic_is_told_in_its_own_words() -> None:
    wired = keyed()
    ask(wired)
    told = body_of(ask(wired, "alice-key-0123", "anthropic-version: 2023-06-01"))
    assert told["type"] == "error"
    assert told["error"]["type"] == "rate_limit_error"


def test_each_key_has_its_own() -> None:
    wired = keyed()
    ask(wired)
    ask(wired, "bob-key-012345")
    assert len(wired.upstream.asked) == 2


def test_wrong_keys_take_nothing_from_anybody_and_learn_nothing() -> None:
    wired = keyed()
    for _ in range(3):
        assert ask(wired, "wrong").received().startswith(b"HTTP/1.1 401 ")
    ask(wired)
    assert len(wired.upstream.asked) == 1


def test_without_keys_it_is_counted_by_address() -> None:
    wired = wire(limits=ONE)
    wired.client().send(request())
    assert wired.client().send(request()).received().startswith(b"HTTP/1.1 429 ")


def test_a_refused_request_takes_no_place_among_those_at_once() -> None:
    wired = keyed(evolve(ONE, requests=1, burst=2))
    ask(wired)
    assert ask(wired).received().startswith(b"HTTP/1.1 503 ")
    assert ask(wired).received().startswith(b"HTTP/1.1 429 ")


def test_preflights_and_pages_of_ours_are_not_counted() -> None:
    wired = keyed()
    for _ in range(3):
        assert wired.client().send(request("OPTIONS")).received().startswith(b"HTTP/1.1 204 ")
        assert wired.client().send(request("GET", "/health")).received()[9:12] == b"200"
    ask(wired)
    assert len(wired.upstream.asked) == 1


def test_the_refusal_is_in_the_log_and_in_the_metrics_beside_the_limits() -> None:
    wired = keyed()
    ask(wired)
    ask(wired)
    line = wired.lines[-1]
    assert (line["client"], line["ending"], line["code"], line["status"]) == (
        "alice",
        "refused",
        "proxy_rate_limited",
        429,
    )
    told = figures(wired.port.watch.metrics)["metrics"]
    [refused] = told["openaiproxy_refused_total"]
    assert refused["value"] == 1
    assert refused["labels"] == {"profile": "passthrough", "code": "proxy_rate_limited"}
    limits = {row["labels"]["what"]: row["value"] for row in told["openaiproxy_limit"]}
    assert (limits["rate"], limits["burst"], limits["requests"]) == (1.0, 1.0, 4096.0)


def test_a_port_without_a_rate_refuses_nobody_and_shows_none() -> None:
    wired = wire()
    for _ in range(100):
        wired.client().send(request())
    assert len(wired.upstream.asked) == 100
    assert b'what="rate"' not in wired.port.watch.metrics.text()


@pytest.mark.parametrize("in_header", [True, False])
def test_the_simplified_endpoints_count_by_key_too(in_header: bool) -> None:
    auth = evolve(PRESETS["simple"].profile.auth, keys=KEYS)
    wired = wire("simple", auth=auth, limits=ONE)
    asked: dict[str, str] = {"prompt": "Hello"}
    headers = ["Content-Type: application/json"]
    if in_header:
        headers.append("X-Security-Key: alice-key-0123")
    else:
        asked["security_key"] = "alice-key-0123"
    raw = request("POST", "/openai", *headers, body=json.dumps(asked).encode())
    wired.client().send(raw)
    refused = wired.client().send(raw)
    assert refused.received().startswith(b"HTTP/1.1 429 ")
    assert b"\r\nRetry-After: 60\r\n" in refused.received()
    assert body_of(refused)["error"]["code"] == "OPENAI_PROXY_RATE_LIMITED"
