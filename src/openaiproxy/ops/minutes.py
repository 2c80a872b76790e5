"""The last hour, as sums of its minutes.

Each minute has its waits in bins that grow by a fifth, so that a quantile is right within a tenth, and so that the
minutes of several processes add up to one of all of them. A minute has a size that no traffic changes.

Minutes are counted by the clock that never jumps, which all processes of a machine have alike; the time of day is noted
beside each as it begins.
"""

from collections.abc import Mapping
from math import log

from attrs import define, field, frozen

from openaiproxy.ops.access import Exchanged

__all__ = ["ByModel", "Minute", "Sums", "Tokens", "is_error"]

_FIRST_BIN = 0.001
_GROWTH = 1.2
_LOG_GROWTH = log(_GROWTH)
_BINS = 80


@frozen
class Tokens:
    """Sums of tokens, as :class:`~openaiproxy.hub.events.Usage` has them."""

    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0


@frozen
class ByModel:
    """What one model had to do with a minute."""

    requests: int = 0
    errors: int = 0
    tokens: Tokens = Tokens()


@frozen
class Minute:
    """One minute, as far as it has come.

    :param at: its beginning, in seconds since 1970, as the time of day was then.
    :param errors: requests that were answered 400 or above, or not to their end by the upstream's fault.
    :param cancelled: requests whose caller went away.
    :param p50: seconds to the first byte that half of the requests did not need; ``None`` where there were none.
    :param p95: the same of nineteen in twenty.
    :param models: by label.
    :param number: counts minutes by the clock, those without a request too.
    """

    at: float
    requests: int = 0
    errors: int = 0
    cancelled: int = 0
    p50: float | None = None
    p95: float | None = None
    tokens: Tokens = Tokens()
    models: Mapping[str, ByModel] = field(factory=dict)
    number: int = 0


@define(eq=False)
class Sum:
    """What requests come to, being counted."""

    requests: int = 0
    errors: int = 0
    input: int = 0
    cached: int = 0
    output: int = 0
    reasoning: int = 0

    def add(self, said: Exchanged, failed: bool) -> None:
        """Count a request."""
        self.requests += 1
        self.errors += failed
        if said.tokens_in is not None or said.tokens_out is not None:
            self.input += said.tokens_in or 0
            self.cached += said.tokens_cached or 0
            self.output += said.tokens_out or 0
            self.reasoning += said.tokens_reasoning or 0

    def plus(self, other: "Sum") -> "Sum":
        """With that of another process."""
        return Sum(
            self.requests + other.requests,
            self.errors + other.errors,
            self.input + other.input,
            self.cached + other.cached,
            self.output + other.output,
            self.reasoning + other.reasoning,
        )

    def shown(self) -> ByModel:
        """The value as it is now."""
        tokens = Tokens(self.input, self.cached, self.output, self.reasoning)
        return ByModel(self.requests, self.errors, tokens)


@define(eq=False)
class Sums:
    """A minute being counted; its number and beginning as of :class:`Minute`."""

    number: int
    at: float
    cancelled: int = 0
    whole: Sum = field(factory=Sum)
    waits: list[int] = field(factory=lambda: [0] * _BINS)
    models: dict[str, Sum] = field(factory=dict)

    def add(self, said: Exchanged, model: str, failed: bool) -> None:
        """Count a request.

        :param model: the label of its model.
        """
        self.whole.add(said, failed)
        self.cancelled += said.ending == "client-gone"
        if said.first_byte is not None:
            self.waits[_bin(said.first_byte)] += 1
        by_model = self.models.get(model)
        if by_model is None:
            by_model = self.models[model] = Sum()
        by_model.add(said, failed)

    def plus(self, other: "Sums") -> "Sums":
        """With those of another process in the same minute."""
        models = dict(self.models)
        for name, each in other.models.items():
            models[name] = models.get(name, Sum()).plus(each)
        return Sums(
            self.number,
            min(self.at, other.at),
            self.cancelled + other.cancelled,
            self.whole.plus(other.whole),
            [one + another for one, another in zip(self.waits, other.waits, strict=True)],
            models,
        )

    def shown(self) -> Minute:
        """The minute as far as it has come."""
        whole = self.whole.shown()
        return Minute(
            self.at,
            whole.requests,
            whole.errors,
            self.cancelled,
            _quantile(self.waits, 0.5),
            _quantile(self.waits, 0.95),
            whole.tokens,
            {label: each.shown() for label, each in self.models.items()},
            self.number,
        )


def is_error(said: Exchanged) -> bool:
    """Whether a request counts as failed. One whose caller went away has not."""
    if said.ending == "client-gone":
        return False
    return (said.status or 500) >= 400 or said.fault is not None or said.ending != "complete"


def _bin(seconds: float) -> int:
    if seconds <= _FIRST_BIN:
        return 0
    return min(_BINS - 1, int(log(seconds / _FIRST_BIN) / _LOG_GROWTH) + 1)


def _quantile(waits: list[int], share: float) -> float | None:
    """The middle of the bin, by ratio, in which the quantile lies."""
    wanted = sum(waits) * share
    seen = 0
    for number, count in enumerate(waits):
        seen += count
        if count and seen >= wanted:
            return _FIRST_BIN * float(_GROWTH ** (number - 0.5))
    return None
