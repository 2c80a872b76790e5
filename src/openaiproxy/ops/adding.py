"""Metrics of several processes, added up.

A process tells its metrics as plain values (:func:`tell`), which go through a pipe as JSON; :class:`Added` is a
registry of what several told. Counters and histograms are sums, and so is what is under way. Of other gauges, which all
processes have alike, the largest counts; of what an upstream has left, the smallest.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.metrics_core import Metric

from openaiproxy.ops.exposition import exposition

__all__ = ["UPTIME", "Added", "Collected", "Told", "tell"]

Told = list[list[Any]]

_SUMS = frozenset({"openaiproxy_requests_in_flight"})
_LEAST = frozenset({"openaiproxy_upstream_limit_left"})
#: The name of a gauge of which the largest counts.
UPTIME = "openaiproxy_uptime_seconds"


class Collected(Protocol):
    """What pages show: the metrics of a process, or of several."""

    @property
    def registry(self) -> Any:
        """What collects."""

    def uptime(self) -> float:
        """Seconds since the start."""

    def text(self) -> bytes:
        """All of it in Prometheus' text format."""


def tell(registry: CollectorRegistry, *, lasting: bool = False) -> Told:
    """What a registry holds, as values for JSON: a row for each family.

    :param lasting: only what is still true once the process is gone: counters and histograms.
    """
    return [
        [
            family.name,
            family.documentation,
            family.type,
            [[each.name, each.labels, each.value] for each in family.samples],
        ]
        for family in registry.collect()
        if not (lasting and family.type == "gauge")
    ]


class Added:
    """The sum of what several processes told.

    :param told: of each of them.
    """

    def __init__(self, told: Iterable[Told]) -> None:
        self._families: dict[str, tuple[str, str]] = {}
        self._samples: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
        for rows in told:
            for name, text, kind, samples in rows:
                self._families.setdefault(name, (text, kind))
                for sample, labels, value in samples:
                    self._add(name, kind, sample, labels, value)

    @property
    def registry(self) -> "Added":
        """Itself."""
        return self

    def collect(self) -> Iterable[Metric]:
        """The families, in the order in which they were told first."""
        for name, (text, kind) in self._families.items():
            family = Metric(name, text, kind)
            for (sample, labels), value in self._samples.get(name, {}).items():
                family.add_sample(sample, dict(labels), value)
            yield family

    def told(self) -> Told:
        """The sum, to be told in turn."""
        registry: Any = self
        return tell(registry)

    def uptime(self) -> float:
        """Seconds since the start of the oldest."""
        return max(self._samples.get(UPTIME, {}).values(), default=0.0)

    def text(self) -> bytes:
        """All of it in Prometheus' text format, version 0.0.4."""
        return exposition(self)

    def _add(
        self, family: str, kind: str, sample: str, labels: Mapping[str, str], value: float
    ) -> None:
        known = self._samples.setdefault(family, {})
        key = (sample, tuple(labels.items()))
        if key not in known:
            known[key] = value
        elif kind != "gauge" or family in _SUMS:
            known[key] += value
        else:
            known[key] = min(known[key], value) if family in _LEAST else max(known[key], value)
