"""Metrics in Prometheus' text format, version 0.0.4, as a scraper reads it::

    # HELP openaiproxy_cancelled_total Requests whose caller went away.
    # TYPE openaiproxy_cancelled_total counter
    openaiproxy_cancelled_total{profile="gateway"} 3.0

The bytes are those of prometheus_client's own writer, which takes twice as long: it checks and escapes every name and
every value of a label at each scrape, though nothing of a series changes but its number. Nothing else is done meanwhile
in the process, so that this time is every stream's.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from prometheus_client.utils import floatToGoString

__all__ = ["exposition"]

# As many series as the metrics of one process may have, and some.
_SERIES_KEPT = 1 << 15
_LARGE = 1e6


def exposition(registry: Any) -> bytes:
    """All that a registry holds.

    :param registry: whose families are counters, gauges and histograms.
    """
    return "".join(_lines(registry)).encode("utf-8")


def _lines(registry: Any) -> Iterator[str]:
    for family in registry.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        text = family.documentation.replace("\\", "\\\\").replace("\n", "\\n")
        yield f"# HELP {name} {text}\n# TYPE {name} {family.type}\n"
        for sample in family.samples:
            series = _series(sample.name, tuple(sample.labels.items()))
            yield f"{series} {_number(sample.value)}\n"


@lru_cache(maxsize=_SERIES_KEPT)
def _series(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    """A series' name and labels, in order."""
    told = ",".join(f'{label}="{_escaped(value)}"' for label, value in sorted(labels))
    return f"{name}{{{told}}}" if told else name


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    """A number as Go writes it, which differs from Python in large ones alone."""
    if -_LARGE < value < _LARGE:
        return repr(float(value))
    return str(floatToGoString(value))
