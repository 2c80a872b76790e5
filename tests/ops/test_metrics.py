"""What is counted, by labels of which there is never more than a fixed number."""

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from twisted.internet.task import Clock

from openaiproxy.bridging import Alias, Amendments, Bridging, Models
from openaiproxy.ops.access import Exchanged
from openaiproxy.ops.figures import figures
from openaiproxy.ops.instruments import INSTRUMENTS
from openaiproxy.ops.kinds import upstream_kind
from openaiproxy.ops.metrics import Metrics
from openaiproxy.ops.routes import ROUTES, route_of
from openaiproxy.profile import ClientAuth, ClientKey, Limits, Profile, Timeouts

ALICE = ClientAuth(keys=(ClientKey("alice", "alices-secret-key"),))
ONE = Profile("gateway", (), auth=ALICE)


def said(**changes: Any) -> Exchanged:
    known: dict[str, Any] = {
        "id": "1",
        "port": 4567,
        "profile": "gateway",
        "method": "POST",
        "path": "/v1/responses",
        "route": "responses",
        "status": 200,
        "upstream_status": 200,
        "ending": "complete",
        "duration": 2.0,
    }
    return Exchanged(**(known | changes))


def counted(*values: Exchanged, profiles: tuple[Profile, ...] = (ONE,)) -> Metrics:
    metrics = Metrics(profiles, Clock().seconds)
    for value in values:
        metrics.observe(value)
    return metrics


def value(metrics: Metrics, name: str, **labels: str) -> float:
    found = metrics.registry.get_sample_value(name, labels)
    return 0.0 if found is None else found


def test_a_request_is_counted_by_route_profile_status_and_clients_name_row_114() -> None:
    metrics = counted(said(client="alice"), said(client="alice"), said(status=429))
    labels = {"route": "responses", "profile": "gateway"}
    name = "openaiproxy_requests_total"
    assert value(metrics, name, **labels, status="2xx", client="alice") == 2
    assert value(metrics, name, **labels, status="4xx", client="") == 1
    assert value(metrics, "openaiproxy_error_answers_total", status="429") == 1


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"ending": "client-gone"}, "cancelled"),
        ({"ending": "upstream-cut"}, "truncated"),
        ({"ending": "upstream-truncated", "fault": "truncated"}, "truncated"),
        ({"ending": "upstream-fault", "fault": "truncated"}, "truncated"),
        ({"retries": 1}, "retried"),
    ],
)
def test_endings_are_counted_each_under_its_name_row_116(
    changes: dict[str, Any], name: str
) -> None:
    metrics = counted(said(**changes))
    for each in ("cancelled", "truncated", "retried"):
        found = value(metrics, f"openaiproxy_{each}_total", profile="gateway")
        assert found == (1 if each == name else 0)


def test_limits_and_timeouts_are_shown_as_configured_rows_98_100_102() -> None:
    profile = Profile(
        "gateway", (), limits=Limits(requests=7, body=None), timeouts=Timeouts(idle=5)
    )
    metrics = counted(profiles=(profile,))
    gateway = {"profile": "gateway"}
    assert value(metrics, "openaiproxy_limit", **gateway, what="requests") == 7
    assert value(metrics, "openaiproxy_timeout_seconds", **gateway, what="idle") == 5
    name = "openaiproxy_limit"
    assert metrics.registry.get_sample_value(name, {**gateway, "what": "body"}) is None


def test_refusals_are_counted_by_their_code_row_116() -> None:
    metrics = counted(said(ending="refused", code="proxy_overloaded", status=503))
    labels = {"profile": "gateway", "code": "proxy_overloaded"}
    assert value(metrics, "openaiproxy_refused_total", **labels) == 1


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({}, None),
        ({"ending": "client-gone", "upstream_status": 500}, None),
        ({"ending": "upstream-failed", "code": "upstream_unreachable"}, "upstream_unreachable"),
        ({"ending": "timeout-idle"}, "timeout-idle"),
        ({"ending": "timeout-client-write"}, None),
        ({"ending": "upstream-fault", "fault": "rate"}, "rate"),
        ({"upstream_status": 429}, "rate"),
        ({"upstream_status": 401}, "authentication"),
        ({"upstream_status": 404}, "not_found"),
        ({"upstream_status": 500}, "server"),
        ({"upstream_status": 502}, "server"),
        ({"upstream_status": 503}, "overloaded"),
        ({"upstream_status": 418}, "4xx"),
        ({"ending": "upstream-cut"}, "truncated"),
        ({"ending": "refused", "code": "proxy_key_invalid", "upstream_status": None}, None),
    ],
)
def test_what_went_wrong_upstream_has_a_kind(changes: dict[str, Any], kind: str | None) -> None:
    assert upstream_kind(said(**changes)) == kind
    metrics = counted(said(**changes))
    found = value(metrics, "openaiproxy_upstream_errors_total", profile="gateway", kind=str(kind))
    assert found == (0 if kind is None else 1)


def test_own_time_and_the_upstreams_are_told_apart_pitfall_72() -> None:
    metrics = counted(said(overhead=0.0004, waited=1.5, first_byte=1.6))
    gateway = {"profile": "gateway"}
    assert value(metrics, "openaiproxy_overhead_seconds_sum", **gateway) == 0.0004
    assert value(metrics, "openaiproxy_overhead_seconds_bucket", **gateway, le="0.0005") == 1
    assert value(metrics, "openaiproxy_overhead_seconds_bucket", **gateway, le="0.00025") == 0
    assert value(metrics, "openaiproxy_upstream_wait_seconds_sum", **gateway) == 1.5
    name = "openaiproxy_time_to_first_byte_seconds_sum"
    assert value(metrics, name, **gateway, route="responses") == 1.6
    assert (
        value(metrics, "openaiproxy_request_duration_seconds_sum", **gateway, route="responses")
        == 2.0
    )


def test_tokens_are_counted_by_model_and_as_opentelemetry_has_it() -> None:
    metrics = counted(
        said(
            model="gpt-5-2025-08-07",
            tokens_in=100,
            tokens_cached=40,
            tokens_out=20,
            tokens_reasoning=5,
        )
    )
    for kind, tokens in (("in", 100), ("cached", 40), ("out", 20), ("reasoning", 5)):
        assert value(metrics, "openaiproxy_tokens_total", model="gpt-5", kind=kind) == tokens
    labels = {"gen_ai_token_type": "input", "gen_ai_request_model": "gpt-5"}
    assert value(metrics, "gen_ai_client_token_usage_sum", **labels) == 100
    duration = {
        "gen_ai_operation_name": "chat",
        "gen_ai_provider_name": "openai",
        "gen_ai_request_model": "gpt-5",
        "error_type": "",
    }
    assert value(metrics, "gen_ai_client_operation_duration_seconds_sum", **duration) == 2.0


@pytest.mark.parametrize(
    ("model", "proven", "label"),
    [
        ("gpt-5", True, "gpt-5"),
        ("openai/gpt-5", True, "gpt-5"),
        ("gpt-5", False, "other"),
        ("my-own", True, "other"),
        ("fast", False, "fast"),
        ("text-embedding-3-small", True, "text-embedding-3-small"),
        ("gpt-5\nx", True, "other"),
        (None, True, "other"),
    ],
)
def test_a_model_nobody_vouches_for_is_other_pitfall_72(
    model: str | None, proven: bool, label: str
) -> None:
    aliases = Bridging(amendments=Amendments(aliases=(Alias("fast", "gpt-4.1"),)))
    metrics = Metrics([Profile("gateway", (), bridging=aliases)], Clock().seconds)
    assert metrics.models.label(model, proven=proven) == label


def test_listed_models_have_a_label_each() -> None:
    listed = Bridging(models=Models(listed=({"id": "house-model"}, {"id": 3})))
    metrics = Metrics([Profile("gateway", (), bridging=listed)], Clock().seconds)
    assert metrics.models.label("house-model", proven=False) == "house-model"


def hostile(number: int) -> Exchanged:
    """A request of which everything that can be chosen is new."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    word = "".join(letters[number // 26**place % 26] for place in range(4))
    return said(
        route=sorted(ROUTES)[number % len(ROUTES)],
        path=f"/v1/responses/{number}",
        model=f"gpt-5.4-{word}",
        client=f"key-{number}",
        profile=f"p{number}",
        status=200 + number % 700,
        ending="refused" if number % 3 else "complete",
        code=f"code-{number}",
        fault=f"fault-{number}",
        tokens_in=1,
        waited=0.1,
        first_byte=0.1,
        overhead=0.1,
    )


def test_hostile_input_adds_a_bounded_number_of_series_pitfall_72() -> None:
    metrics = counted()
    for number in range(20_000):
        metrics.observe(hostile(number))
    series = metrics.text().count(b"\n")
    assert series < 8_000
    for number in range(20_000, 30_000):
        metrics.observe(hostile(number))
    assert metrics.text().count(b"\n") == series


def test_no_label_holds_what_a_caller_chose_pitfall_70() -> None:
    secret = "hunter2-hunter2"
    fields = dict.fromkeys(("client", "profile", "model", "id", "peer"), secret)
    metrics = counted(said(path=f"/v1/{secret}?key={secret}", upstream_id=secret, **fields))
    metrics.note_left("gateway", [(b"x-ratelimit-remaining-tokens", secret.encode())])
    text = metrics.text().decode() + str(figures(metrics))
    assert secret not in text
    assert "alices-secret-key" not in text


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/chat/completions", "chat_completions"),
        ("/v1/chat/completions/chatcmpl-1", "chat_completions"),
        ("/v1/responses/resp_1/cancel", "responses"),
        ("/v1/messages/count_tokens?beta=true", "count_tokens"),
        ("/models/gpt-5", "models"),
        ("/v1/chat/x", "other"),
        ("/", "other"),
        ("", "other"),
        ("/v1", "other"),
        ("/metrics", "other"),
        ("/v1/" + "x" * 9000, "other"),
    ],
)
def test_a_path_is_a_word_pitfall_72(path: str, route: str) -> None:
    assert route_of(path) == route
    assert route in ROUTES


def test_what_is_left_of_the_upstreams_limits_is_shown() -> None:
    metrics = counted()
    metrics.note_left(
        "gateway",
        [
            (b"x-ratelimit-remaining-requests", b"59"),
            (b"x-ratelimit-remaining-tokens", b"1499"),
            (b"x-ratelimit-reset-tokens", b"6s"),
            (b"anthropic-ratelimit-input-tokens-remaining", b"\xb2"),
        ],
    )
    name = "openaiproxy_upstream_limit_left"
    assert value(metrics, name, profile="gateway", what="requests") == 59
    assert value(metrics, name, profile="gateway", what="tokens") == 1499
    assert (
        metrics.registry.get_sample_value(name, {"profile": "gateway", "what": "input_tokens"})
        is None
    )


def test_ports_of_one_profile_are_in_flight_together() -> None:
    metrics = counted()
    running = [3, 4]
    metrics.count_running("gateway", lambda: running[0])
    metrics.count_running("gateway", lambda: running[1])
    name = "openaiproxy_requests_in_flight"
    assert value(metrics, name, profile="gateway") == 7
    running[0] = 0
    assert value(metrics, name, profile="gateway") == 4
    assert metrics.running() == {"gateway": 4}


def test_json_has_codex_api_proxys_keys_row_113() -> None:
    clock = Clock()
    metrics = Metrics([ONE], clock.seconds)
    for value_said in (
        said(),
        said(status=429, ending="upstream-fault"),
        said(status=None, ending="client-gone"),
        said(route="health"),
    ):
        metrics.observe(value_said)
    metrics.note_models("gateway", hit=True)
    metrics.note_models("gateway", hit=False)
    metrics.note_models("gateway", hit=False)
    metrics.note_refresh("gateway", ok=True)
    clock.advance(48.3584)
    document = figures(metrics)
    own = document.pop("metrics")
    assert document == {
        "requests_total": 3,
        "requests_ok": 1,
        "requests_error": 2,
        "errors_by_status": {"429": 1},
        "token_refresh_total": 1,
        "models_cache_hits": 1,
        "models_cache_misses": 2,
        "uptime_seconds": 48.358,
    }
    assert list(own) == [made.name for made in INSTRUMENTS]
    [histogram] = [
        each
        for each in own["openaiproxy_request_duration_seconds"]
        if each["labels"]["route"] == "health"
    ]
    assert (histogram["count"], histogram["sum"]) == (1, 2.0)
    assert histogram["buckets"]["2.5"] == 1


def test_the_text_is_what_a_scraper_reads_row_114() -> None:
    metrics = counted(said(overhead=0.1, waited=0.1, first_byte=0.2, model="gpt-5", tokens_in=1))
    families = {
        family.name: family for family in text_string_to_metric_families(metrics.text().decode())
    }
    for made in INSTRUMENTS:
        family = families[made.name.removesuffix("_total")]
        assert family.type == made.kind
        assert family.documentation == made.help
    assert not any(name.endswith("_created") for name in families)


def test_two_processes_figures_are_apart() -> None:
    counted(said())
    assert value(counted(), "openaiproxy_error_answers_total", status="429") == 0
