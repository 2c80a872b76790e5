"""What metrics are counted in: numbers and bins, by the values of their labels.

prometheus_client's own counters take a lock and several calls for each step, and a request takes some twenty steps.
These are plain numbers of the one thread that counts; a :class:`Family` gives them to prometheus_client's registry as
a collector, so that everything about names, texts and formats is still its affair.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from math import inf

from attrs import define, field
from prometheus_client.metrics_core import Metric
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from openaiproxy.ops.instruments import Instrument
from openaiproxy.ops.labels import OTHER

__all__ = ["Bins", "Family", "Number"]

_MOST_SERIES = 1000
_MOST_HISTOGRAMS = 128


@define(eq=False)
class Number:
    """A count, or a gauge.

    :ivar read: gives its value whenever somebody looks, where it is nobody's to set.
    """

    value: float = 0.0
    read: Callable[[], float] | None = None

    def shown(self) -> float:
        """Its value now."""
        return float(self.value if self.read is None else self.read())


@define(eq=False)
class Bins:
    """A histogram.

    :param bounds: the upper ones of its bins, ascending, the last infinite.
    """

    bounds: tuple[float, ...]
    counts: list[int] = field(init=False)
    total: float = 0.0

    def __attrs_post_init__(self) -> None:
        self.counts = [0] * len(self.bounds)

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Family:
    """One instrument, and its series by their labels' values.

    :param made: its line in the table.
    """

    def __init__(self, made: Instrument) -> None:
        self._made = made
        self._name = made.name.removesuffix("_total")
        self._bounds = (*map(float, made.buckets), inf) if made.buckets else ()
        self._numbers: dict[tuple[str, ...], Number] = {}
        self._bins: dict[tuple[str, ...], Bins] = {}
        if not made.labels:
            self.of()

    def of(self, *values: str) -> Number:
        """The number of these values; where there are too many of them, of ``other``."""
        found = self._numbers.get(values)
        if found is None:
            if len(self._numbers) >= _MOST_SERIES:
                values = (OTHER,) * len(values)
            found = self._numbers.setdefault(values, Number())
        return found

    def bins(self, *values: str) -> Bins:
        """The same of a histogram."""
        found = self._bins.get(values)
        if found is None:
            if len(self._bins) >= _MOST_HISTOGRAMS:
                values = (OTHER,) * len(values)
            found = self._bins.setdefault(values, Bins(self._bounds))
        return found

    def collect(self) -> Iterable[Metric]:
        """``Collector``: the family as it is now."""
        metric = Metric(self._name, self._made.help, self._made.kind)
        metric.samples = list(self._of_bins() if self._bounds else self._of_numbers())
        yield metric

    def _of_numbers(self) -> Iterator[Sample]:
        for values, number in self._numbers.items():
            yield Sample(self._made.name, self._labels(values), number.shown())

    def _of_bins(self) -> Iterator[Sample]:
        for values, bins in self._bins.items():
            labels, name = self._labels(values), self._name
            for bound, count in zip(bins.bounds, accumulate(bins.counts), strict=True):
                yield Sample(f"{name}_bucket", {**labels, "le": floatToGoString(bound)}, count)
            yield Sample(f"{name}_count", labels, sum(bins.counts))
            yield Sample(f"{name}_sum", labels, bins.total)

    def _labels(self, values: tuple[str, ...]) -> dict[str, str]:
        return dict(zip(self._made.labels, values, strict=True))
