"""Whether the process lives, whether a model answers, and whether a port is ready."""

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred, succeed

from openaiproxy.errors import BadUpstream
from openaiproxy.profile import ClientAuth, ClientKey, Credential, Upstream
from tests.web.plugged import fields_of, head_and_json
from tests.web.wiring import Connection, Wired, request, wire

TOKEN = "the-operators-token"
ADMIN = f"Authorization: Bearer {TOKEN}"
SECRETS = ("sk-server-secret", "proxy-password", "alices-key", "/etc/keys")
PROFILE: dict[str, Any] = {
    "credential": Credential(key="sk-server-secret", key_file="/etc/keys"),
    "auth": ClientAuth(keys=(ClientKey("alice", "alices-key"),), keys_file="/etc/keys"),
    "upstream": Upstream(
        base="https://up.example/base", proxy="http://me:proxy-password@proxy.example:3128"
    ),
}


def get(wired: Wired, target: str, *fields: str) -> Connection:
    return wired.client().send(request("GET", target, *fields))


@pytest.mark.parametrize("preset", ["gateway", "passthrough", "bridge", "keyed", "o1"])
def test_health_touches_nothing_on_every_profile_row_110_pitfall_72(preset: str) -> None:
    wired = wire(preset, **PROFILE)
    wired.clock.advance(48.3584)
    head, said = head_and_json(get(wired, "/health"))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert said["ok"] is True
    assert said["uptime_seconds"] == 48.358
    assert isinstance(said["version"], str)
    assert wired.upstream.asked == []


@pytest.mark.parametrize("preset", ["gateway", "passthrough", "bridge", "keyed", "o1"])
def test_ready_says_how_the_upstream_is_reached_and_no_secret_row_111(preset: str) -> None:
    wired = wire(preset, **PROFILE)
    client = get(wired, "/ready")
    assert head_and_json(client)[1] == {
        "ok": True,
        "profile": preset,
        "mode": "apiKey",
        "upstream_base": "https://up.example/base",
        "https_proxy": "http://proxy.example:3128",
    }
    assert not any(secret.encode() in client.received() for secret in (*SECRETS, "me:"))
    assert wired.upstream.asked == []


def test_ready_knows_whose_key_is_spent_row_111() -> None:
    assert head_and_json(get(wire("bridge"), "/ready"))[1]["mode"] == "caller"
    embedded = Upstream(base="", embedded=True)
    said = head_and_json(get(wire("gateway", upstream=embedded), "/ready"))[1]
    assert (said["mode"], said["upstream_base"], said["https_proxy"]) == ("embedded", None, None)


def test_a_port_that_drains_is_not_ready_row_111_pitfall_72() -> None:
    wired = wire("gateway")
    wired.port.watch.metrics.draining = True
    head, said = head_and_json(get(wired, "/ready"))
    assert head.startswith(b"HTTP/1.1 503 ")
    assert said == {"ok": False, "error": "draining"}
    assert wired.lines[0]["code"] == "draining"


def test_a_credential_that_cannot_be_loaded_makes_it_unready_row_111_pitfall_72() -> None:
    wired = wire("gateway")
    wired.port.checks = (lambda: None, lambda: "login_missing", lambda: succeed("login_expired"))
    head, said = head_and_json(get(wired, "/ready"))
    assert head.startswith(b"HTTP/1.1 503 ")
    assert said == {"ok": False, "error": "login_missing, login_expired"}


def test_a_check_is_left_when_the_caller_leaves() -> None:
    wired = wire("gateway")
    cancelled: list[object] = []
    waiting: Deferred[str | None] = Deferred(cancelled.append)
    wired.port.checks = (lambda: waiting,)
    client = get(wired, "/ready")
    assert client.received() == b""
    client.lose()
    assert len(cancelled) == 1
    assert [line["ending"] for line in wired.lines] == ["client-gone"]


def test_a_check_that_breaks_is_an_error_in_json_and_names_nothing() -> None:
    wired = wire("gateway")

    def broken() -> str | None:
        raise RuntimeError("sk-server-secret")

    wired.port.checks = (broken,)
    client = get(wired, "/ready")
    head, said = head_and_json(client)
    assert head.startswith(b"HTTP/1.1 500 ")
    assert said["error"]["code"] == "internal_error"
    assert b"sk-server" not in client.received()


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ((), 401, "admin_token_missing"),
        (("Authorization: Bearer wrong-token",), 401, "admin_token_invalid"),
        ((f"x-api-key: {TOKEN}",), 401, "admin_token_missing"),
    ],
)
def test_the_deep_check_is_the_operators_row_112(
    fields: tuple[str, ...], status: int, code: str
) -> None:
    wired = wire("gateway", token=TOKEN, **PROFILE)
    head, said = head_and_json(get(wired, "/health?deep=1", *fields))
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert said["error"]["code"] == code
    assert wired.upstream.asked == []


def test_without_an_admin_token_nobody_has_a_deep_check_row_112() -> None:
    head, said = head_and_json(get(wire("gateway", **PROFILE), "/health?deep=1", ADMIN))
    assert head.startswith(b"HTTP/1.1 403 ")
    assert said["error"]["code"] == "admin_token_not_set"


@pytest.mark.parametrize(
    ("speaks", "path"),
    [
        ("responses", b"/v1/responses"),
        ("chat", b"/v1/chat/completions"),
        ("messages", b"/v1/messages"),
    ],
)
def test_the_deep_check_makes_one_tiny_call_with_the_ports_own_key_row_112(
    speaks: str, path: bytes
) -> None:
    wired = wire(
        "gateway",
        token=TOKEN,
        credential=Credential(key="sk-server-secret"),
        upstream=Upstream(speaks=(speaks,)),
        health_model="gpt-5-mini",
    )
    client = get(wired, "/health?deep=1", ADMIN)
    [asked] = wired.upstream.asked
    assert (asked.method, asked.target) == (b"POST", path)
    assert json.loads(bytes(asked.upload.data))["model"] == "gpt-5-mini"
    sent = b"".join(value for _, value in asked.headers)
    assert b"sk-server-secret" in sent
    assert TOKEN.encode() not in sent
    wired.clock.advance(0.5)
    played = asked.answer()
    played.send(b'{"output": "the model\'s own words"}')
    played.end()
    head, said = head_and_json(client)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert said == {"ok": True, "model": "gpt-5-mini", "status": 200, "seconds": 0.5}


def test_a_deep_check_that_fails_tells_the_status_alone_row_112() -> None:
    wired = wire("gateway", token=TOKEN, **PROFILE)
    client = get(wired, "/health?deep=true", ADMIN)
    played = wired.upstream.asked[0].answer(status=401)
    played.send(b'{"error": {"message": "Incorrect API key: sk-server-secret"}}')
    played.end()
    head, said = head_and_json(client)
    assert head.startswith(b"HTTP/1.1 503 ")
    assert (said["ok"], said["status"]) == (False, 401)
    assert b"sk-server" not in client.received()


def test_a_deep_check_without_an_answer_tells_why_row_112() -> None:
    wired = wire("gateway", token=TOKEN, **PROFILE)
    client = get(wired, "/health?deep=yes", ADMIN)
    wired.upstream.asked[0].fail(BadUpstream(502, "upstream_unreachable", "no"))
    assert head_and_json(client)[1]["code"] == "upstream_unreachable"
    wired.clock.advance(10)
    client = get(wired, "/health?deep=1", ADMIN)
    wired.clock.advance(30)
    assert wired.upstream.asked[1].cancelled
    head, said = head_and_json(client)
    assert head.startswith(b"HTTP/1.1 503 ")
    assert said["code"] == "upstream_first_byte_timeout"


def test_a_model_is_asked_once_in_ten_seconds_row_112_row_99() -> None:
    wired = wire("gateway", token=TOKEN, **PROFILE)
    get(wired, "/health?deep=1", ADMIN)
    wired.clock.advance(3)
    client = get(wired, "/health?deep=1", ADMIN)
    assert client.received().startswith(b"HTTP/1.1 429 ")
    assert fields_of(client)["retry-after"] == "7"
    assert len(wired.upstream.asked) == 1
    wired.clock.advance(7)
    get(wired, "/health?deep=1", ADMIN)
    assert len(wired.upstream.asked) == 2


def test_a_caller_who_leaves_frees_the_deep_check_pitfall_60() -> None:
    wired = wire("gateway", token=TOKEN, **PROFILE)
    get(wired, "/health?deep=1", ADMIN).lose()
    assert wired.upstream.asked[0].cancelled


def test_a_port_without_a_key_of_its_own_has_nothing_to_check_with_row_112() -> None:
    wired = wire("passthrough", token=TOKEN)
    head, said = head_and_json(get(wired, "/health?deep=1", ADMIN))
    assert head.startswith(b"HTTP/1.1 409 ")
    assert said["error"]["code"] == "no_server_key"
    assert wired.upstream.asked == []


@pytest.mark.parametrize("target", ["/health?deep=0", "/health?deep=", "/health?deeper=1"])
def test_other_words_ask_for_nothing_deep(target: str) -> None:
    wired = wire("gateway", token=TOKEN, **PROFILE)
    assert get(wired, target).received().startswith(b"HTTP/1.1 200 ")
