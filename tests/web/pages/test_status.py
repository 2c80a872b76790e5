"""The status page: who is let in, and what is shown to whom."""

import hashlib
import re
from base64 import b64encode
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.interfaces import ISSLTransport
from twisted.internet.task import Clock
from zope.interface import alsoProvides

from openaiproxy.presets import PRESETS
from openaiproxy.profile import ClientAuth, ClientKey, Credential, LogPolicy
from openaiproxy.web.pages.status.assets import PAGE
from openaiproxy.web.sessions import LIFETIME
from openaiproxy.wire import json
from tests.web.pages.test_figures import operators
from tests.web.plugged import fields_of, head_and_json
from tests.web.wiring import Connection, Wired, request, wire

TOKEN = "the-operators-token"
ADMIN = f"Authorization: Bearer {TOKEN}"
FORM = "Content-Type: application/x-www-form-urlencoded"
PAGES = ["/status", "/status/events", "/status/bodies?number=1&id=a", "/log", "/log_errors"]


def get(wired: Wired, target: str, *fields: str, method: str = "GET") -> Connection:
    return wired.client().send(request(method, target, *fields))


def status_of(connection: Connection) -> int:
    return int(connection.received()[9:12])


def sign_in(wired: Wired, token: str = TOKEN, *fields: str) -> Connection:
    body = f"token={token}".encode()
    return wired.client().send(request("POST", "/status", FORM, *fields, body=body))


def session(connection: Connection) -> str:
    """What a browser shows from then on."""
    return "Cookie: " + fields_of(connection)["set-cookie"].partition(";")[0]


def signed_in() -> tuple[Wired, str]:
    wired = wire("gateway", token=TOKEN)
    return wired, session(sign_in(wired))


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("path", PAGES)
def test_every_page_needs_the_token_row_115_row_117(preset: str, path: str) -> None:
    wired = wire(preset, token=TOKEN)
    refusal = 403 if path.startswith("/log") else 401
    for fields in ((), ("Cookie: openaiproxy-status-4567=x",), (f"X-Api-Key: {TOKEN}",)):
        refused = get(wired, path, *fields)
        assert status_of(refused) == refusal
        assert b"plot-requests" not in refused.received()
    assert status_of(get(wired, path, ADMIN)) in (200, 404)
    assert wired.upstream.asked == []


def test_without_a_token_a_port_has_no_such_page() -> None:
    wired = wire("passthrough")
    for path in PAGES:
        get(wired, path)
    assert [asked.target.decode() for asked in wired.upstream.asked] == PAGES


def test_the_token_is_typed_once_row_115() -> None:
    wired = wire("gateway", token=TOKEN)
    form = get(wired, "/status")
    assert b'<form method="post" action="/status">' in form.received()
    right = sign_in(wired)
    assert (status_of(right), fields_of(right)["location"]) == (303, "/status")
    page = get(wired, "/status", session(right))
    assert status_of(page) == 200
    assert page.received().endswith(PAGE)


def test_the_cookie_is_out_of_reach_and_is_not_the_token() -> None:
    wired = wire("gateway", token=TOKEN)
    right = sign_in(wired)
    name, *rules = fields_of(right)["set-cookie"].split("; ")
    assert name.startswith("openaiproxy-status-4567=")
    assert rules == ["Path=/status", f"Max-Age={LIFETIME}", "HttpOnly", "SameSite=Strict"]
    assert TOKEN.encode() not in right.received()
    closed = sign_in(wired, TOKEN, "X-Forwarded-Proto: https")
    assert fields_of(closed)["set-cookie"].endswith("; Secure")


def test_the_cookie_of_a_page_over_tls_goes_over_tls_alone() -> None:
    wired = wire("gateway", token=TOKEN)
    client = wired.client()
    alsoProvides(client.transport, ISSLTransport)
    client.send(request("POST", "/status", FORM, body=f"token={TOKEN}".encode()))
    assert fields_of(client)["set-cookie"].endswith("; Secure")


def test_a_wrong_token_is_said_and_begins_nothing() -> None:
    wrong = sign_in(wire("gateway", token=TOKEN), "wrong<b>")
    assert status_of(wrong) == 401
    assert "set-cookie" not in fields_of(wrong)
    assert b"That is not the admin token." in wrong.received()
    assert b"wrong" not in wrong.received().partition(b"\r\n\r\n")[2].replace(b".wrong", b"")


def test_wrong_tokens_are_tried_five_times_in_a_minute_and_no_more() -> None:
    wired = wire("gateway", token=TOKEN)
    for _ in range(5):
        sign_in(wired, "guess")
    shut = sign_in(wired)
    assert status_of(shut) == 429
    assert fields_of(shut)["retry-after"] == "60"
    assert b"Wait a minute" in shut.received()
    wired.clock.advance(60)
    assert status_of(sign_in(wired)) == 303


def test_a_session_is_no_way_around_that_and_no_victim_of_it() -> None:
    wired, cookie = signed_in()
    for _ in range(5):
        sign_in(wired, "guess")
    assert status_of(get(wired, "/status", cookie)) == 200
    assert status_of(get(wired, "/metrics", cookie)) == 429


def test_a_session_ends_with_its_time() -> None:
    wired, cookie = signed_in()
    wired.clock.advance(LIFETIME)
    assert status_of(get(wired, "/status", cookie)) == 401


def test_a_cookie_that_was_tampered_with_admits_nobody() -> None:
    wired, cookie = signed_in()
    until, sep, rest = cookie.partition(".")
    for tampered in (cookie[:-1], cookie + "0", f"{until}0{sep}{rest}"):
        assert status_of(get(wired, "/status", tampered)) == 401


def test_a_session_of_another_port_of_the_host_is_not_looked_at() -> None:
    wired, cookie = signed_in()
    assert status_of(get(wired, "/status", cookie.replace("4567=", "4568="))) == 401


def test_another_token_ends_the_sessions_of_the_former_one() -> None:
    wired, cookie = signed_in()
    page = get(wired, "/status/events", cookie)
    wired.port.admin.retire()
    wired.clock.advance(2)
    assert page.received().endswith(b"\r\n0\r\n\r\n")
    assert status_of(get(wired, "/status", cookie)) == 401


def test_signing_out_ends_the_session_itself() -> None:
    wired, cookie = signed_in()
    out = wired.client().send(request("POST", "/status/sign-out", FORM, cookie, body=b""))
    assert status_of(out) == 303
    assert "=; Path=/status; Max-Age=0;" in fields_of(out)["set-cookie"]
    assert status_of(get(wired, "/status", cookie)) == 401
    assert status_of(get(wired, "/status/sign-out", cookie)) == 405


@pytest.mark.parametrize(
    "field",
    [
        "Origin: https://evil.example",
        "Origin: null",
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
    ],
)
def test_another_sites_page_can_neither_try_tokens_nor_sign_out(field: str) -> None:
    wired, cookie = signed_in()
    for _ in range(9):
        assert status_of(sign_in(wired, "guess", field)) == 403
    out = request("POST", "/status/sign-out", FORM, cookie, field, body=b"")
    assert status_of(wired.client().send(out)) == 403
    assert status_of(get(wired, "/status", cookie)) == 200
    assert status_of(sign_in(wired)) == 303


@pytest.mark.parametrize("field", ["Origin: http://localhost:4567", "Sec-Fetch-Site: same-origin"])
def test_the_pages_own_form_is_taken(field: str) -> None:
    assert status_of(sign_in(wire("gateway", token=TOKEN), TOKEN, field)) == 303


@pytest.mark.parametrize(
    "body", [b"", b"token", b"token=", b"&" * 4000, b"a=1&" * 1000, b"\xff\xfe", b"token=%FF%00"]
)
def test_a_form_that_is_none_begins_nothing(body: bytes) -> None:
    wired = wire("gateway", token=TOKEN)
    refused = wired.client().send(request("POST", "/status", FORM, body=body))
    assert status_of(refused) == 401
    assert "set-cookie" not in fields_of(refused)


def test_a_form_that_is_too_long_or_does_not_come_is_not_waited_for() -> None:
    wired = wire("gateway", token=TOKEN)
    long = wired.client().send(request("POST", "/status", FORM, body=b"x" * 5000))
    assert status_of(long) == 413
    slow = wired.client().send(request("POST", "/status", FORM, "Content-Length: 9") + b"token")
    wired.clock.advance(10)
    assert status_of(slow) == 408


def test_a_token_of_any_letters_can_be_typed() -> None:
    wired = wire("gateway", token="größer+als & %")
    assert status_of(sign_in(wired, "gr%C3%B6%C3%9Fer%2Bals+%26+%25")) == 303


def test_a_token_in_the_query_opens_nothing_but_the_logs() -> None:
    wired = wire("gateway", token=TOKEN)
    for path in ("/status", "/status/events", "/status/bodies", "/metrics"):
        assert status_of(get(wired, f"{path}?access_token={TOKEN}")) == 401


def test_nothing_below_the_page_reaches_an_upstream_with_its_cookie() -> None:
    wired, cookie = signed_in()
    assert status_of(get(wired, "/status/nowhere", cookie)) == 404
    assert wired.upstream.asked == []


def test_nothing_may_run_or_be_fetched_but_the_page_itself() -> None:
    wired, cookie = signed_in()
    fields = fields_of(get(wired, "/status", cookie))
    rules = dict(each.split(" ", 1) for each in fields["content-security-policy"].split("; "))
    assert rules["default-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    for tag, rule in (("script", "script-src"), ("style", "style-src")):
        [text] = re.findall(f"<{tag}>(.*?)</{tag}>", PAGE.decode(), re.S)
        digest = b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"
    assert fields["cache-control"] == "no-store"
    assert fields["x-content-type-options"] == "nosniff"
    assert fields["x-frame-options"] == "DENY"


def test_the_page_stands_alone_and_makes_nothing_of_text_but_text() -> None:
    page = PAGE.decode()
    assert not re.findall(r"""(?:src|href)=["']?(?!data:,)\w""", page)
    addresses = set(re.findall(r"https?://[^\s\"']+", page))
    assert addresses == {"http://www.w3.org/2000/svg"}
    assert not re.findall(r"\son\w+=|style=", page)
    assert not re.findall(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", page
    )


@pytest.mark.parametrize("path", ["/status", "/log", "/log_errors"])
def test_the_operators_own_port_needs_no_token_on_loopback(path: str) -> None:
    assert status_of(get(operators(), path)) == 200
    assert status_of(get(operators(), path, "Origin: https://evil.example")) == 403
    assert status_of(get(operators(TOKEN), path)) in (401, 403)


def keeping(**changes: Any) -> Wired:
    profile = evolve(PRESETS["passthrough"].profile, log=LogPolicy(payload_ring=10_000))
    return Wired(evolve(profile, **changes), clock=Clock(), token=TOKEN)


def test_bodies_are_shown_where_the_profile_keeps_them_row_120() -> None:
    wired = keeping()
    prompt = b'{"prompt": "<script>alert(1)</script> sk-proj-abcdefghijk \x1b[31m"}'
    kind = "Content-Type: application/json"
    wired.client().send(request("POST", "/v1/other", kind, "X-Request-Id: a", body=prompt))
    played = wired.upstream.asked[0].answer()
    played.send(b'{"answer": "</pre>"}')
    played.end()
    shown = get(wired, "/status/bodies?number=1&id=a", ADMIN)
    assert fields_of(shown)["content-type"] == "application/json"
    sent, came = head_and_json(shown)[1]["bodies"]
    assert sent == (
        'upstream-request\n{"prompt": "<script>alert(1)</script> [redacted] \\x1b[31m"}'
    )
    assert came == 'upstream-response\n{"answer": "</pre>"}'


@pytest.mark.parametrize("number", ["2", "0", "-1", "x", "", "9" * 500, "1&number=1"])
def test_bodies_that_are_not_kept_are_not_found(number: str) -> None:
    wired = wire("passthrough", token=TOKEN)
    wired.client().send(request("POST", "/v1/other", body=b"prompt"))
    wired.upstream.asked[0].answer().end()
    missing = get(wired, f"/status/bodies?number={number}&id=x", ADMIN)
    assert status_of(missing) == 404


def test_translated_bodies_are_kept_both_ways_row_120() -> None:
    wired = wire("gateway", token=TOKEN, log=LogPolicy(payload_ring=10_000))
    body = json.dumps(
        {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    )
    wired.client().send(
        request(
            "POST", "/v1/messages", "anthropic-version: 2023-06-01", "X-Request-Id: a", body=body
        )
    )
    played = wired.upstream.asked[0].answer(status=500)
    played.send(b'{"error": {"message": "broken"}}')
    played.end()
    told = head_and_json(get(wired, "/status/bodies?number=1&id=a", ADMIN))[1]["bodies"]
    sent, came, went = told
    assert "Hello" in sent
    assert "broken" in came
    assert "broken" in went
    assert '"type":"api_error"' in went


def test_no_secret_is_in_any_output_pitfall_70() -> None:
    secrets = ("sk-server-secret", "alices-secret", TOKEN, "sk-callers-own-key")
    wired = wire(
        "gateway",
        token=TOKEN,
        credential=Credential(key=secrets[0]),
        auth=ClientAuth(keys=(ClientKey("alice", secrets[1]),)),
        log=LogPolicy(payload_ring=100_000),
    )
    cookie = session(sign_in(wired))
    body = json.dumps({"model": f"m {secrets[3]}", "input": f"my key is {secrets[3]}"})
    wired.client().send(
        request(
            "POST",
            f"/v1/responses?key={secrets[3]}",
            f"x-api-key: {secrets[1]}",
            "X-Request-Id: a",
            body=body,
        )
    )
    played = wired.upstream.asked[0].answer(headers=[(b"x-request-id", secrets[3].encode())])
    played.send(b"{}")
    played.end()
    get(wired, f"/log?access_token={TOKEN}")
    for path in (*PAGES, "/metrics"):
        seen = get(wired, path, ADMIN).received()
        assert status_of(get(wired, path, ADMIN)) == 200
        assert not any(secret.encode() in seen for secret in secrets)
    value = cookie.partition("=")[2]
    told = "".join(str(line["line"]) for line in wired.lines)
    assert not any(secret in told for secret in (*secrets, value))
