"""The text that scrapers read is that of prometheus_client's own writer (row 114)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from openaiproxy.ops.adding import Added, tell
from openaiproxy.ops.exposition import exposition
from openaiproxy.ops.metrics import Metrics
from openaiproxy.presets import PRESETS
from tests.ops.test_access import exchanged

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
NUMBERS = st.floats() | st.integers(-(10**20), 10**20)


@given(st.lists(st.tuples(TEXTS, TEXTS, NUMBERS), max_size=5), TEXTS)
def test_it_is_what_prometheus_client_writes_row_114(
    rows: list[tuple[str, str, float]], text: str
) -> None:
    registry = CollectorRegistry()
    gauge = Gauge("a_gauge", text or "x", ("z", "a"), registry=registry)
    counter = Counter("a_counter", "Counts.", registry=registry)
    histogram = Histogram("a_histogram", "Times.", ("b",), registry=registry)
    for one, other, number in rows:
        gauge.labels(one, other).set(number)
        counter.inc(abs(number))
        histogram.labels(other).observe(number)
    registry.collect()
    # The time at which a series was made is of no use to anybody.
    expected = generate_latest(_without_created(registry))
    assert exposition(_without_created(registry)) == expected


class _without_created:
    """A registry without the time of each series' making, and what it was once asked for."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._families = list(registry.collect())
        for family in self._families:
            family.samples = [s for s in family.samples if not s.name.endswith("_created")]

    def collect(self) -> list[object]:
        return list(self._families)


@pytest.mark.parametrize("added", [False, True])
def test_that_of_all_that_is_counted_is_the_same_row_114(added: bool) -> None:
    metrics = Metrics((each.profile for each in PRESETS.values()), lambda: 12345678.9)
    for number in range(50):
        metrics.observe(exchanged(model=f"m{number}", tokens_in=10**number, profile="gateway"))
    registry = Added([tell(metrics.registry)] * 3) if added else metrics.registry
    text = exposition(registry)
    assert text == generate_latest(registry)
    assert len(list(text_string_to_metric_families(text.decode()))) >= 15
