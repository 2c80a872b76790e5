"""What a port answers by itself."""

import json

import pytest

from openaiproxy.profile import ClientAuth, ClientKey, Credential
from tests.web.plugged import fields_of, head_and_json
from tests.web.wiring import Connection, Wired, request, wire

PAGES = [
    "/",
    "/api/hello",
    "/api/claude_cli/bootstrap",
    "/anthropic",
    "/anthropic/",
    "/anthropic/api/hello",
]
WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13")


def get(wired: Wired, target: str, *fields: str, method: str = "GET") -> Connection:
    return wired.client().send(request(method, target, *fields))


@pytest.mark.parametrize("target", [*PAGES, "/health", "/?from=client"])
@pytest.mark.parametrize("preset", ["gateway", "bridge", "o1"])
def test_clients_find_somebody_there_row_23(preset: str, target: str) -> None:
    wired = wire(preset)
    head, said = head_and_json(get(wired, target))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"Content-Type: application/json" in head
    assert isinstance(said, dict)
    bare = get(wired, target, method="HEAD")
    assert bare.received().startswith(b"HTTP/1.1 200 ")
    assert bare.received().endswith(b"\r\n\r\n")
    assert fields_of(bare)["content-length"] == fields_of(get(wired, target))["content-length"]
    assert wired.upstream.asked == []
    assert [line["status"] for line in wired.lines] == [200, 200, 200]


def test_claude_code_is_given_no_models_and_no_settings() -> None:
    said = head_and_json(get(wire("gateway"), "/api/claude_cli/bootstrap?entrypoint=cli"))[1]
    assert said == {"client_data": {}, "additional_model_options": []}


@pytest.mark.parametrize("target", PAGES)
def test_a_port_that_only_relays_leaves_these_paths_to_the_upstream(target: str) -> None:
    wired = wire("passthrough")
    get(wired, target)
    assert [asked.target for asked in wired.upstream.asked] == [target.encode()]


@pytest.mark.parametrize("target", ["/", "/api/hello", "/health"])
def test_a_page_needs_no_key(target: str) -> None:
    keys = ClientAuth(keys=(ClientKey("alice", "alices-key"),))
    wired = wire("gateway", auth=keys, credential=Credential(key="server-key"))
    assert get(wired, target).received().startswith(b"HTTP/1.1 200 ")


def test_a_page_is_for_reading() -> None:
    wired = wire("gateway")
    assert get(wired, "/", method="OPTIONS").received().startswith(b"HTTP/1.1 204 ")
    head, said = head_and_json(get(wired, "/api/hello", method="DELETE"))
    assert head.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: GET, HEAD, OPTIONS" in head
    assert said["error"]["code"] == "method_not_allowed"
    assert [(line["status"], line["ending"]) for line in wired.lines] == [
        (204, "complete"),
        (405, "refused"),
    ]


def test_a_body_that_nobody_wants_holds_nothing_up() -> None:
    wired = wire("gateway")
    client = wired.client().send(request("POST", "/", "Content-Length: 1000000"))
    assert client.received().startswith(b"HTTP/1.1 405 ")
    for _ in range(5):
        client.send(b"x" * 100_000)
    assert client.transport.producerState == "producing"
    assert client.received().count(b"HTTP/1.1") == 1


def test_other_paths_are_compared_as_they_were_sent() -> None:
    wired = wire("gateway")
    for target in ("/api/hello/", "/api/%68ello", "//"):
        get(wired, target)
    assert [asked.target for asked in wired.upstream.asked] == [
        b"/v1/api/hello",
        b"/v1/api/%68ello",
    ]


def test_an_unknown_path_is_told_in_the_callers_envelope_pitfall_54() -> None:
    wired = wire("o1")
    head, said = head_and_json(get(wired, "/nowhere"))
    assert head.startswith(b"HTTP/1.1 404 ")
    assert said["error"]["code"] == "path_not_offered"
    head, said = head_and_json(get(wired, "/nowhere", "anthropic-version: 2023-06-01"))
    assert head.startswith(b"HTTP/1.1 404 ")
    assert (said["type"], said["error"]["type"]) == ("error", "not_found_error")


@pytest.mark.parametrize("target", ["/v1/responses", "/responses", "/v1/realtime?model=x", "/"])
@pytest.mark.parametrize("preset", ["gateway", "passthrough", "keyed"])
def test_a_websocket_is_refused_so_that_codex_goes_on_by_http_pitfall_63(
    preset: str, target: str
) -> None:
    wired = wire(preset)
    client = get(wired, target, *WEBSOCKET)
    head, said = head_and_json(client)
    assert head.startswith(b"HTTP/1.1 426 ")
    assert fields_of(client)["upgrade"] == "HTTP/1.1"
    assert fields_of(client)["connection"] == "Upgrade"
    assert said["error"]["code"] == "websocket_not_offered"
    assert wired.upstream.asked == []
    assert (wired.lines[0]["status"], wired.lines[0]["ending"]) == (426, "refused")


def test_the_refusal_of_a_websocket_is_in_the_callers_envelope_pitfall_63() -> None:
    said = head_and_json(
        get(wire("gateway"), "/v1/messages", "anthropic-version: 2023-06-01", *WEBSOCKET)
    )[1]
    assert said["type"] == "error"


def test_the_connection_serves_on_after_that_pitfall_63() -> None:
    wired = wire("gateway")
    client = get(wired, "/v1/responses", *WEBSOCKET)
    before = len(client.received())
    client.send(request("GET", "/health"))
    assert json.loads(client.received()[before:].partition(b"\r\n\r\n")[2])["ok"] is True


@pytest.mark.parametrize(
    "fields", [("Upgrade: h2c",), ("Upgrade: h2c, WebSocket/13",), ("Connection: Upgrade",)]
)
def test_other_upgrades_are_no_affair_of_ours(fields: tuple[str, ...]) -> None:
    wired = wire("gateway")
    get(wired, "/v1/files", *fields)
    assert len(wired.upstream.asked) == 1


def test_a_websocket_is_known_among_other_wishes_pitfall_63() -> None:
    wired = wire("gateway")
    client = get(wired, "/v1/responses", "Connection: upgrade", "Upgrade: h2c, WebSocket")
    assert client.received().startswith(b"HTTP/1.1 426 ")
