"""The figures that chatgpt-proxy told its people."""

import pytest
from twisted.internet.task import Clock

from openaiproxy.ops.tally import Tally
from openaiproxy.ops.watch import Watch
from openaiproxy.presets import PRESETS
from tests.ops.test_metrics import said


@pytest.fixture
def watch() -> Watch:
    clock = Clock()
    return Watch([PRESETS["gateway"].profile], clock.seconds, clock.seconds)


def test_time_tokens_and_counters_row_115_row_116(watch: Watch) -> None:
    watch.note(said(duration=2.0, tokens_in=10, tokens_cached=4, tokens_out=7))
    watch.note(said(duration=4.0, tokens_in=3, tokens_out=70))
    watch.note(said(duration=0.0, status=503, code="proxy_overloaded", ending="refused"))
    watch.note(said(duration=0.0, status=None, ending="client-gone"))
    tally = watch.tally
    assert (tally.requests, tally.errors, tally.cancelled, tally.overloads) == (4, 1, 1, 1)
    assert (tally.time, tally.longest, tally.average) == (6.0, 4.0, 1.5)
    assert (tally.most_in, tally.most_cached, tally.most_out) == (10, 4, 70)


def test_nothing_takes_no_time() -> None:
    assert Tally().average == 0.0


@pytest.mark.parametrize("route", ["health", "ready", "metrics", "status", "page"])
def test_pages_of_our_own_push_nothing_out_and_are_in_the_metrics_alone(
    watch: Watch, route: str
) -> None:
    watch.note(said())
    for _ in range(300):
        watch.note(said(route=route))
    assert len(watch.ring.recent()) == 1
    assert watch.tally.requests == 1
    labels = {"route": route, "profile": "gateway", "status": "2xx", "client": ""}
    counted = watch.metrics.registry.get_sample_value("openaiproxy_requests_total", labels)
    assert counted == 300


def test_the_last_that_went_well_and_the_last_that_did_not_row_117(watch: Watch) -> None:
    for number in range(300):
        watch.note(said(id=str(number), status=500 if number % 2 else 200))
    assert [entry.said.id for entry in watch.ring.infos()] == [str(n) for n in range(200, 300, 2)]
    assert [entry.said.id for entry in watch.ring.errors()] == [str(n) for n in range(201, 300, 2)]
