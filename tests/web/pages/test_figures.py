"""Metrics as pages: for the operator alone."""

from functools import partial

import pytest
from twisted.internet.task import Clock
from twisted.logger import Logger

from openaiproxy.errors import BadRequest
from openaiproxy.ops.access import ACCESS, emit
from openaiproxy.ops.instruments import INSTRUMENTS
from openaiproxy.profile import ClientAuth, ClientKey, Credential, Profile, Upstream
from openaiproxy.web.admin import Admin
from openaiproxy.web.gate import Gate
from openaiproxy.web.port import OpenPort
from openaiproxy.web.site import Site
from openaiproxy.web.tree import build_operator_tree
from tests.web.plugged import fields_of, head_and_json
from tests.web.wiring import Connection, ScriptedUpstream, Wired, request, wire

TOKEN = "the-operators-token"
ADMIN = f"Authorization: Bearer {TOKEN}"
SCRAPER = "Accept: application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1"


def get(wired: Wired, target: str, *fields: str, method: str = "GET") -> Connection:
    return wired.client().send(request(method, target, *fields))


def operators(token: str | None = None) -> Wired:
    """The operator's own port, beside a port of the profile gateway."""
    beside = wire("gateway")
    profile = Profile("operator", ())
    gate = Gate(profile, loopback=True, salt=b"salt", guarded=token is None)
    port = OpenPort(
        profile,
        9464,
        beside.clock,
        ScriptedUpstream(),  # type: ignore[arg-type]
        gate,
        access=partial(emit, Logger(namespace=ACCESS, observer=beside.lines.append)),
        watch=beside.port.watch,
        admin=Admin(token, beside.clock.seconds),
    )
    beside.site = Site(build_operator_tree(port, [beside.port]), beside.clock)
    return beside


@pytest.mark.parametrize("preset", ["gateway", "passthrough", "bridge", "keyed", "o1"])
@pytest.mark.parametrize("path", ["/metrics", "/metrics/prometheus"])
def test_metrics_are_seen_with_the_admin_token_alone(preset: str, path: str) -> None:
    wired = wire(preset, token=TOKEN)
    assert get(wired, path, ADMIN).received().startswith(b"HTTP/1.1 200 ")
    for fields in ((), ("Authorization: Bearer wrong",), (f"X-Api-Key: {TOKEN}",)):
        refused = get(wired, path, *fields)
        assert refused.received().startswith(b"HTTP/1.1 401 ")
        assert b"openaiproxy_requests" not in refused.received()
    assert get(wired, f"{path}?access_token={TOKEN}").received().startswith(b"HTTP/1.1 401 ")
    assert wired.upstream.asked == []


def test_without_a_token_a_port_has_no_such_page() -> None:
    wired = wire("keyed", credential=Credential(key="sk-server"))
    assert get(wired, "/metrics", ADMIN).received().startswith(b"HTTP/1.1 404 ")
    relayed = wire("passthrough")
    get(relayed, "/metrics")
    assert [asked.target for asked in relayed.upstream.asked] == [b"/metrics"]


@pytest.mark.parametrize(
    ("path", "accept", "kind"),
    [
        ("/metrics", (), "application/json"),
        ("/metrics", ("Accept: */*",), "application/json"),
        ("/metrics", ("Accept: text/html,application/xhtml+xml,*/*;q=0.8",), "application/json"),
        ("/metrics", (SCRAPER,), "text/plain; version=0.0.4; charset=utf-8"),
        ("/metrics", ("Accept: text/plain, application/json",), "application/json"),
        ("/metrics/prometheus", (), "text/plain; version=0.0.4; charset=utf-8"),
        ("/metrics/prometheus?x=1", (), "text/plain; version=0.0.4; charset=utf-8"),
    ],
)
def test_json_and_text_each_where_it_is_asked_for_row_113_row_114(
    path: str, accept: tuple[str, ...], kind: str
) -> None:
    client = get(wire("gateway", token=TOKEN), path, ADMIN, *accept)
    assert fields_of(client)["content-type"] == kind
    assert fields_of(client)["cache-control"] == "no-store"


def test_a_request_is_in_the_metrics_once_it_has_ended_row_113() -> None:
    wired = wire("gateway", token=TOKEN)
    client = get(wired, "/v1/files")
    during = head_and_json(get(wired, "/metrics", ADMIN))[1]
    assert during["requests_total"] == 0
    flying = during["metrics"]["openaiproxy_requests_in_flight"]
    assert flying == [{"labels": {"profile": "gateway"}, "value": 1.0}]
    played = wired.upstream.asked[0].answer(status=429)
    played.end()
    assert b"429" in client.received()
    after = head_and_json(get(wired, "/metrics", ADMIN))[1]
    assert (after["requests_total"], after["requests_ok"], after["requests_error"]) == (1, 0, 1)
    assert after["errors_by_status"] == {"429": 1}
    assert set(after["metrics"]) == {made.name for made in INSTRUMENTS}


def test_a_wrong_token_is_tried_five_times_in_a_minute_and_no_more() -> None:
    wired = wire("gateway", token=TOKEN)
    for _ in range(5):
        get(wired, "/metrics", "Authorization: Bearer guess")
    shut = get(wired, "/metrics", ADMIN)
    assert shut.received().startswith(b"HTTP/1.1 429 ")
    assert fields_of(shut)["retry-after"] == "60"
    wired.clock.advance(60)
    assert get(wired, "/metrics", ADMIN).received().startswith(b"HTTP/1.1 200 ")


def test_secrets_are_in_no_page_of_the_operators_pitfall_70() -> None:
    secrets = ("sk-server-secret", "alices-secret", "proxy-password", TOKEN, "sk-callers-own")
    wired = wire(
        "gateway",
        token=TOKEN,
        credential=Credential(key=secrets[0]),
        auth=ClientAuth(keys=(ClientKey("alice", secrets[1]),)),
        upstream=Upstream(proxy=f"http://u:{secrets[2]}@p"),
    )
    for fields in ((f"x-api-key: {secrets[1]}",), (f"Authorization: Bearer {secrets[4]}",)):
        get(wired, f"/v1/files/{secrets[4]}?key={secrets[4]}", *fields)
    wired.upstream.asked[0].answer(
        headers=[(b"x-request-id", secrets[4].encode()), (b"x-ratelimit-remaining-tokens", b"7")]
    ).end()
    for path in ("/metrics", "/metrics/prometheus", "/ready", "/health"):
        seen = get(wired, path, ADMIN).received()
        assert seen.startswith(b"HTTP/1.1 200 ")
        assert not any(secret.encode() in seen for secret in secrets)
    assert 'client="alice"' in get(wired, "/metrics/prometheus", ADMIN).received().decode()
    shown = repr(wired.port.watch.ring.recent())
    assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics", "/metrics/prometheus"])
def test_the_operators_own_port_needs_no_token_on_loopback(path: str) -> None:
    assert get(operators(), path).received().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "fields",
    [
        ("Origin: https://evil.example",),
        ("Sec-Fetch-Site: cross-site",),
    ],
)
def test_a_web_page_sees_nothing_of_the_operators_port(fields: tuple[str, ...]) -> None:
    assert get(operators(), "/metrics", *fields).received().startswith(b"HTTP/1.1 403 ")


def test_a_name_that_was_bound_anew_sees_nothing_of_the_operators_port() -> None:
    wired = operators()
    raw = b"GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n"
    assert wired.client().send(raw).received().startswith(b"HTTP/1.1 403 ")


def test_the_operators_port_asks_for_the_token_where_there_is_one() -> None:
    wired = operators(TOKEN)
    assert get(wired, "/metrics").received().startswith(b"HTTP/1.1 401 ")
    assert get(wired, "/metrics", ADMIN).received().startswith(b"HTTP/1.1 200 ")
    assert get(wired, "/health").received().startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("path", ["/", "/v1/models", "/v1/responses", "/health/", "/metrics/x"])
def test_nothing_else_is_on_the_operators_port(path: str) -> None:
    wired = operators()
    assert get(wired, path).received().startswith(b"HTTP/1.1 404 ")
    assert get(wired, path, method="POST").received().startswith(b"HTTP/1.1 404 ")
    assert wired.upstream.asked == []


def test_the_process_is_ready_when_all_its_ports_are_row_111() -> None:
    wired = operators()
    assert head_and_json(get(wired, "/ready"))[1]["profile"] == "gateway"
    wired.port.checks = (lambda: "login_missing",)
    head, said = head_and_json(get(wired, "/ready"))
    assert head.startswith(b"HTTP/1.1 503 ")
    assert said == {"ok": False, "error": "login_missing"}


def peer(host: str, admin: Admin, token: bytes) -> int:
    try:
        admin.check(host, [token])
    except BadRequest as error:
        return error.status
    return 200


def test_tries_are_counted_where_they_come_from_and_forgotten_in_the_end() -> None:
    clock = Clock()
    admin = Admin(TOKEN, clock.seconds)
    for number in range(6):
        peer(f"2001:db8::{number}", admin, b"guess")
    assert peer("2001:db8::99", admin, TOKEN.encode()) == 429
    assert peer("2001:db8:1::1", admin, TOKEN.encode()) == 200
    assert peer("192.0.2.1", admin, TOKEN.encode()) == 200
    for number in range(3000):
        peer(f"10.{number // 250}.{number % 250}.1", admin, b"guess")
    assert len(admin.tries._failures) <= 1024
