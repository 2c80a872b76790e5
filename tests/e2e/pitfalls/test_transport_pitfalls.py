"""Pitfalls 62, 63, 67 and 68: compressed bodies, upgrades, headers of a refusal, and keys."""

import gzip
import json
import sys
import zlib
from collections.abc import Callable

import brotli
import pytest

from openaiproxy.presets import PRESETS
from tests.e2e.scene import CHAT, MESSAGES, PATHS, RESPONSES, Played, Scene, asking

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "gzip, zstd": lambda data: zstd.compress(gzip.compress(data)),
}


@pytest.mark.parametrize("path", list(PATHS.values()))
@pytest.mark.parametrize("coding", list(CODINGS))
def test_pitfall_62_a_compressed_body_is_read(path: str, coding: str) -> None:
    scene = Scene(speaks=["chat" if path == RESPONSES else "responses"])
    body = CODINGS[coding](json.dumps(asking(path)).encode())
    call = scene.post(path, body, content_encoding=coding)
    assert call.status == 200
    assert "content-encoding" not in scene.sent[0].headers
    assert scene.sent[0].json["model"] == "gpt-4.1"


@pytest.mark.parametrize("path", list(PATHS.values()))
def test_pitfall_62_so_is_one_that_passes(path: str) -> None:
    scene = Scene(speaks=["responses", "chat", "messages"])
    said = json.dumps(asking(path)).encode()
    call = scene.post(path, zstd.compress(said), content_encoding="zstd")
    assert call.status == 200
    assert scene.sent[0].body == said
    assert "content-encoding" not in scene.sent[0].headers


@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("zstd", b"no zstd", 400),
        ("gzip", b"\xff", 400),
        ("snappy", b"x", 415),
        ("gzip", gzip.compress(b"[" * 2_000_000), 413),
        ("zstd", zstd.compress(b"[" * 2_000_000), 413),
        (", ".join(["gzip"] * 5), b"x", 400),
    ],
)
@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_pitfall_62_what_cant_be_read_is_refused_in_the_callers_envelope(
    path: str, coding: str, body: bytes, status: int
) -> None:
    scene = Scene(max_read="1MiB")
    call = scene.post(path, body, content_encoding=coding)
    assert call.status == status
    assert call.json["error"]["message"]
    assert (call.json.get("type") == "error") == (path == MESSAGES)
    assert not scene.sent


@pytest.mark.parametrize(
    "preset", [name for name in PRESETS if name not in ("keyed", "simple", "codex")]
)
def test_pitfall_63_a_websocket_is_answered_426_and_http_goes_on(preset: str) -> None:
    scene = Scene(preset)
    fields = {
        "connection": "Upgrade",
        "upgrade": "websocket",
        "sec_websocket_key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec_websocket_version": "13",
    }
    call = scene.get(RESPONSES, **fields)
    assert call.status == 426
    assert call.json["error"]["message"]
    assert not scene.sent
    assert scene.post(RESPONSES, asking(RESPONSES)).status == 200


PASSED = (
    ("retry-after", "7"),
    ("retry-after-ms", "6500"),
    ("x-ratelimit-remaining-requests", "0"),
    ("x-request-id", "req_1"),
    ("x-should-retry", "true"),
    ("openai-processing-ms", "12"),
    ("anthropic-ratelimit-requests-remaining", "0"),
    ("x-codex-primary-used-percent", "99"),
)
SLOW = {"error": {"message": "Slow down", "type": "requests", "code": "rate_limit_exceeded"}}


@pytest.mark.parametrize("preset", ["gateway", "bridge", "o1", "passthrough", "keyed"])
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_67_a_refusal_keeps_its_status_words_and_fields(
    preset: str, path: str, status: int, stream: bool
) -> None:
    scene = Scene(preset)
    scene.play(Played(status=status, body=SLOW, headers=PASSED))
    body = asking(path, stream=stream)
    call = scene.post(path, body, x_api_key="key-of-a-caller", x_stainless_retry_count="1")
    assert call.status == status
    assert call.json["error"]["message"] == "Slow down"
    assert {name: call.headers.get(name) for name, _ in PASSED} == dict(PASSED)
    assert scene.sent[0].headers["x-stainless-retry-count"] == "1"
    assert len(scene.sent) == 1


@pytest.mark.parametrize("preset", ["gateway", "bridge", "passthrough"])
@pytest.mark.parametrize("status", [429, 503])
def test_pitfall_67_no_time_to_wait_is_invented(preset: str, status: int) -> None:
    call = Scene(preset).post(CHAT, asking(CHAT), x_embedded_fault=f"status={status}")
    assert call.status == status
    assert "retry-after" not in call.headers
    assert "retry-after-ms" not in call.headers


KEYS = {"OPENAIPROXY_CLIENT_KEYS": "mine=key-of-a-caller"}


@pytest.mark.parametrize("path", list(PATHS.values()))
def test_pitfall_68_a_wrong_key_of_ours_is_refused_by_name(path: str) -> None:
    call = Scene(environ=KEYS).post(path, asking(path), authorization="Bearer wrong")
    assert call.status == 401
    assert "openaiproxy" in call.json["error"]["message"]
    assert call.json["error"]["type"] == "authentication_error"
    assert (call.json.get("type") == "error") == (path == MESSAGES)


def test_pitfall_68_the_right_one_is_not() -> None:
    scene = Scene(environ=KEYS)
    assert scene.post(CHAT, asking(CHAT), authorization="Bearer key-of-a-caller").status == 200


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_pitfall_68_a_key_that_the_upstream_refuses_is_the_upstreams_affair(path: str) -> None:
    call = Scene().post(path, asking(path), x_embedded_fault="status=401")
    assert call.status == 401
    assert "Incorrect API key provided" in call.json["error"]["message"]
