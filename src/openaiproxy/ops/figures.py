"""The metrics as JSON.

The first eight keys are those of codex-api-proxy, with its meaning: requests that went to a model's API, not those for
pages of our own. ``metrics`` holds everything else, as the registry has it: no figure is kept twice, so none can differ
from Prometheus' text::

    {"requests_total": 7, "requests_ok": 6, "requests_error": 1, "errors_by_status": {"429": 1}, ...,
     "metrics": {"openaiproxy_cancelled_total": [{"labels": {"profile": "gateway"}, "value": 0.0}],
                 "openaiproxy_overhead_seconds": [{"labels": ..., "count": 7, "sum": 0.002, "buckets": {"0.001": 7}}]}}
"""

from collections.abc import Iterable
from typing import Any

from prometheus_client.samples import Sample

from openaiproxy.ops.adding import Collected
from openaiproxy.ops.instruments import INSTRUMENTS, Instrument
from openaiproxy.ops.routes import OURS

__all__ = ["figures"]

_KEPT = ("1xx", "2xx", "3xx")


def figures(metrics: Collected) -> dict[str, Any]:
    """The document, of plain values."""
    samples: dict[str, list[Sample]] = {}
    for family in metrics.registry.collect():
        for sample in family.samples:
            samples.setdefault(sample.name, []).append(sample)
    requests = [each for each in samples.get("openaiproxy_requests_total", []) if _counts(each)]
    total = _sum(requests)
    ok = _sum(each for each in requests if each.labels["status"] in _KEPT)
    errors = samples.get("openaiproxy_error_answers_total", [])
    cached = samples.get("openaiproxy_models_cache_total", [])
    return {
        "requests_total": total,
        "requests_ok": ok,
        "requests_error": total - ok,
        "errors_by_status": {each.labels["status"]: int(each.value) for each in errors},
        "token_refresh_total": _sum(samples.get("openaiproxy_token_refreshes_total", [])),
        "models_cache_hits": _sum(each for each in cached if each.labels["result"] == "hit"),
        "models_cache_misses": _sum(each for each in cached if each.labels["result"] == "miss"),
        "uptime_seconds": round(metrics.uptime(), 3),
        "metrics": {made.name: _told(made, samples) for made in INSTRUMENTS},
    }


def _counts(sample: Sample) -> bool:
    return sample.labels["route"] not in OURS


def _sum(samples: Iterable[Sample]) -> int:
    return int(sum(each.value for each in samples))


def _told(made: Instrument, samples: dict[str, list[Sample]]) -> list[dict[str, Any]]:
    if not made.buckets:
        found = samples.get(made.name, [])
        return [{"labels": each.labels, "value": each.value} for each in found]
    buckets: dict[tuple[str, ...], dict[str, float]] = {}
    for each in samples.get(f"{made.name}_bucket", []):
        key = tuple(each.labels[name] for name in made.labels)
        buckets.setdefault(key, {})[each.labels["le"]] = each.value
    counts = samples.get(f"{made.name}_count", [])
    sums = samples.get(f"{made.name}_sum", [])
    return [
        {
            "labels": count.labels,
            "count": count.value,
            "sum": total.value,
            "buckets": buckets[tuple(count.labels[name] for name in made.labels)],
        }
        for count, total in zip(counts, sums, strict=True)
    ]
