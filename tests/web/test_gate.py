"""Who may call: keys, Host, Origin."""

import pytest

from openaiproxy.errors import BadRequest
from openaiproxy.profile import ClientAuth, ClientKey, Credential
from openaiproxy.web.admin import Admin
from openaiproxy.web.gate import is_loopback_name
from tests.web.wiring import Wired, request, wire

SERVER = Credential(key="server-key")
KEYS = ClientAuth(keys=(ClientKey("alice", "alices-key"), ClientKey("bob", "bobs-key-1")))


def status(wired: Wired, *headers: str, host: str = "localhost:4567", method: str = "GET") -> int:
    head = "\r\n".join([f"{method} /v1/models HTTP/1.1", f"Host: {host}", *headers, "", ""])
    client = wired.client().send(head.encode("latin-1"))
    if wired.upstream.asked:
        return 0
    return int(client.received().split(b" ")[1])


@pytest.mark.parametrize(
    "header",
    [
        "Authorization: Bearer alices-key",
        "authorization: bearer bobs-key-1",
        "x-api-key: alices-key",
        "api-key: bobs-key-1",
        "Authorization: Bearer wrong\r\nx-api-key: alices-key",
    ],
)
def test_a_key_is_taken_in_every_place_that_the_profile_names_rows_30_44(header: str) -> None:
    assert status(wire("gateway", auth=KEYS, credential=SERVER), header) == 0


class Watched(bytes):
    """A secret that was shown, and that nobody may compare byte by byte."""

    __hash__ = bytes.__hash__

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared, and not in constant time")

    __ne__ = __eq__


@pytest.mark.parametrize(("shown", "name"), [(b"alices-key", "alice"), (b"alices-kez", None)])
def test_row_43_keys_are_compared_in_constant_time(shown: bytes, name: str | None) -> None:
    gate = wire("gateway", auth=KEYS, credential=SERVER).port.gate
    assert gate.name_of([Watched(shown)]) == name


def test_row_43_the_admin_token_is_compared_in_constant_time() -> None:
    admin = Admin("the-admin-token", lambda: 0.0)
    admin.check("192.0.2.1", [Watched(b"the-admin-token")])
    with pytest.raises(BadRequest):
        admin.check("192.0.2.1", [Watched(b"the-admin-tokem")])


def test_what_row_43_is_tested_with_can_fail() -> None:
    plain: bytes = b"alices-key"
    with pytest.raises(AssertionError, match="constant time"):
        bool(plain == Watched(plain))


@pytest.mark.parametrize(
    "header",
    [
        "X-Nothing: 1",
        "Authorization: Bearer alices-ke",
        "Authorization: Bearer alices-keyy",
        "Authorization: Basic alices-key",
        "Authorization: alices-key",
        "Authorization: Bearer ",
        "x-security-key: alices-key",
        "Cookie: x-api-key=alices-key",
        "x-api-key: \xe4\xf6",
    ],
)
def test_anything_else_is_refused_with_a_message_that_names_the_proxy_pitfall_68(
    header: str,
) -> None:
    wired = wire("gateway", auth=KEYS, credential=SERVER)
    client = wired.client().send(request("GET", "/v1/models", header))
    assert client.received().startswith(b"HTTP/1.1 401 ")
    assert b"openaiproxy: " in client.received()
    assert not wired.upstream.asked
    assert "alices" not in str(wired.lines)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:4567",
        "127.0.0.1:4567",
        "127.9.9.9",
        "[::1]:4567",
        "0.0.0.0:4567",
        "a.localhost",
        "named.example:1",
    ],
)
def test_loopback_and_named_hosts_may_call_a_guarded_port(host: str) -> None:
    wired = wire("gateway", credential=SERVER, hosts=frozenset({"named.example"}))
    assert status(wired, host=host) == 0


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:4567",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "10.0.0.1",
        "[fe80::1]",
    ],
)
def test_a_rebound_name_can_not_spend_the_key(host: str) -> None:
    assert status(wire("gateway", credential=SERVER), host=host) == 403


@pytest.mark.parametrize(
    "headers",
    [
        ("Origin: https://evil.example",),
        ("Origin: null",),
        ("Origin: http://localhost:9999",),
        ("Sec-Fetch-Site: cross-site",),
        ("Sec-Fetch-Site: same-site",),
    ],
)
def test_a_web_page_can_not_spend_the_key(headers: tuple[str, ...]) -> None:
    assert status(wire("gateway", credential=SERVER), *headers) == 403


@pytest.mark.parametrize(
    "headers",
    [
        ("Origin: http://localhost:4567", "Sec-Fetch-Site: same-origin"),
        ("Origin: https://app.example", "Sec-Fetch-Site: cross-site"),
        ("Sec-Fetch-Site: none",),
        (),
    ],
)
def test_own_and_allowed_pages_and_programs_may_call(headers: tuple[str, ...]) -> None:
    wired = wire("gateway", credential=SERVER, origins=frozenset({"https://app.example"}))
    assert status(wired, *headers) == 0


def test_ports_without_a_server_side_key_have_nothing_to_guard() -> None:
    assert status(wire("passthrough"), "Origin: https://any.example", host="any.example") == 0


def test_ports_beyond_loopback_rely_on_client_keys() -> None:
    wired = wire("gateway", loopback=False, auth=KEYS, credential=SERVER)
    assert status(wired, "x-api-key: alices-key", host="proxy.example") == 0


def test_cors_headers_stand_on_streams_and_errors_row_97() -> None:
    wired = wire("passthrough", origins=frozenset({"*"}))
    client = wired.client().send(request("GET", "/v1/models", "Origin: https://app.example"))
    played = wired.upstream.asked[0].answer(
        status=429,
        headers=[
            (b"Content-Type", b"text/event-stream"),
            (b"Access-Control-Allow-Origin", b"https://other.example"),
        ],
    )
    played.end()
    assert client.received().count(b"Access-Control-Allow-Origin") == 1
    assert b"Access-Control-Allow-Origin: https://app.example" in client.received()
    failed = wired.client().send(request("GET", "/v1/../x", "Origin: https://app.example"))
    assert b"Access-Control-Allow-Origin: https://app.example" in failed.received()


def test_a_private_network_preflight_is_granted_to_allowed_origins_only() -> None:
    wired = wire("gateway", credential=SERVER, origins=frozenset({"https://app.example"}))
    asked = ("Access-Control-Request-Method: POST", "Access-Control-Request-Private-Network: true")
    granted = wired.client().send(
        request("OPTIONS", "/v1/models", "Origin: https://app.example", *asked)
    )
    assert b"Access-Control-Allow-Private-Network: true" in granted.received()
    foreign = wired.client().send(
        request("OPTIONS", "/v1/models", "Origin: https://evil.example", *asked)
    )
    assert b"Access-Control" not in foreign.received()


@pytest.mark.parametrize(
    ("name", "is_one"),
    [("localhost", True), ("::1", True), ("", False), ("localhost.", False), ("::2", False)],
)
def test_loopback_names(name: str, is_one: bool) -> None:
    assert is_loopback_name(name) is is_one
