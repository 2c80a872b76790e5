"""Metrics of several processes are shown as those of one."""

import json

from openaiproxy.ops.adding import Added, tell
from openaiproxy.ops.figures import figures
from openaiproxy.ops.metrics import Metrics
from openaiproxy.presets import PRESETS

GATEWAY = PRESETS["gateway"].profile


def metrics_of(started: float, refreshes: int, running: int) -> Metrics:
    times = iter([started])
    metrics = Metrics((GATEWAY,), lambda: next(times, 100.0))
    for _ in range(refreshes):
        metrics.note_refresh("gateway", ok=True)
    metrics.count_running("gateway", lambda: running)
    return metrics


def piped(metrics: Metrics, *, lasting: bool = False) -> list[list[object]]:
    found: list[list[object]] = json.loads(json.dumps(tell(metrics.registry, lasting=lasting)))
    return found


def test_one_process_is_shown_as_it_is() -> None:
    metrics = metrics_of(40.0, 3, 2)
    added = Added([piped(metrics)])
    assert added.text() == metrics.text()
    assert figures(added) == figures(metrics)


def test_counters_and_what_is_under_way_are_sums_and_other_gauges_are_not() -> None:
    one, other = metrics_of(40.0, 3, 2), metrics_of(60.0, 4, 5)
    added = Added([piped(one), piped(other)])
    shown = figures(added)
    assert shown["token_refresh_total"] == 7
    assert shown["uptime_seconds"] == 60.0
    [running] = shown["metrics"]["openaiproxy_requests_in_flight"]
    assert running["value"] == 7.0
    limits = shown["metrics"]["openaiproxy_limit"]
    assert {each["labels"]["what"]: each["value"] for each in limits}["requests"] == 4096.0


def test_what_is_left_of_an_upstreams_limit_is_the_least_that_was_heard() -> None:
    one, other = metrics_of(40.0, 0, 0), metrics_of(40.0, 0, 0)
    one.note_left("gateway", [(b"x-ratelimit-remaining-requests", b"7")])
    other.note_left("gateway", [(b"x-ratelimit-remaining-requests", b"5")])
    shown = figures(Added([piped(one), piped(other)]))
    assert [each["value"] for each in shown["metrics"]["openaiproxy_upstream_limit_left"]] == [5.0]


def test_of_a_process_that_is_gone_its_counters_last() -> None:
    gone = piped(metrics_of(40.0, 3, 2), lasting=True)
    past = Added([[], gone]).told()
    shown = figures(Added([piped(metrics_of(60.0, 4, 5)), past]))
    assert shown["token_refresh_total"] == 7
    [running] = shown["metrics"]["openaiproxy_requests_in_flight"]
    assert running["value"] == 5.0
