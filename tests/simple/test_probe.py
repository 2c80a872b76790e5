"""The stream that tests hops (row 26), and the port's own state."""

import json

import pytest
from attrs import evolve

from openaiproxy.errors import BadRequest
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Credential
from openaiproxy.simple.probe import Probe, parse_probe
from openaiproxy.simple.runtime import runtime_body


@pytest.mark.parametrize(
    ("body", "probe"),
    [
        ({}, Probe("active-data", 90.0, 10.0)),
        ({"mode": "comment-heartbeat"}, Probe("comment-heartbeat", 90.0, 15.0)),
        ({"mode": "silent-control", "durationMs": 100}, Probe("silent-control", 0.1, 10.0)),
        ({"durationMs": 180_000, "intervalMs": 30_000}, Probe("active-data", 180.0, 30.0)),
    ],
)
def test_what_is_unsaid_has_a_default_row_26(body: dict[str, object], probe: Probe) -> None:
    assert parse_probe(body) == probe


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "other"},
        {"mode": 5},
        {"durationMs": 99},
        {"durationMs": 180_001},
        {"durationMs": "100"},
        {"durationMs": True},
        {"intervalMs": 99},
        {"intervalMs": 30_001},
    ],
)
def test_what_is_out_of_bounds_is_refused_row_26(body: dict[str, object]) -> None:
    with pytest.raises(BadRequest, match=next(iter(body))):
        parse_probe(body)


def test_each_mode_sends_its_own_row_26() -> None:
    tick = b'event: probe\ndata: {"kind":"tick","sequence":2,"elapsedMs":20000}\n\n'
    assert parse_probe({}).beat(2, 20.0) == tick
    assert parse_probe({"mode": "comment-heartbeat"}).beat(1, 1.0) == b": probe 1 1000\n\n"
    assert parse_probe({"mode": "silent-control"}).beat(1, 1.0) == b""
    last = b'data: {"kind":"complete","mode":"active-data","elapsedMs":90000}\n\n'
    assert parse_probe({}).end() == b"event: probe-complete\n" + last


def test_the_ports_state_holds_no_secret_row_118() -> None:
    profile = evolve(PRESETS["simple"].profile, credential=Credential(key="sk-secret"))
    document = json.loads(runtime_body(profile, 3))
    assert "secret" not in json.dumps(document)
    assert document.keys() == {"runtime", "timeouts", "limits", "requestIds", "retryPolicies"}
    assert document["timeouts"]["upstreamTimeoutMs"] == 600_000
    assert document["limits"]["maxParallelRequests"] == 32
    policies = {row["endpoint"]: row for row in document["retryPolicies"]}
    assert policies["GET /openai2/:id"]["maxRetries"] == 2
    assert policies["POST /openai2"] == {
        "endpoint": "POST /openai2",
        "policy": "none",
        "requestSafety": "unsafe",
        "idempotent": False,
        "maxRetries": 0,
    }
