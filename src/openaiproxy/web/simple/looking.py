"""What is noted of an answer to a simplified endpoint: its dialect, and the tokens that it took."""

from collections.abc import Mapping

from attrs import define

from openaiproxy.asking import DIALECTS, PATHS
from openaiproxy.passthrough import Tap
from openaiproxy.web.exchange import Exchange

__all__ = ["Look", "look_at"]

_NAMES: Mapping[str, str] = {path: name for name, path in PATHS.items()}
# Bytes of a whole answer that are held to be looked at.
_WHOLE_BYTES = 4 << 20


@define(eq=False)
class Look:
    """Looks on while one answer passes; what it saw is noted at the end."""

    _exchange: Exchange
    tap: Tap | None

    def feed(self, data: bytes) -> None:
        """See what passes."""
        if self.tap is not None:
            self.tap.feed(data)

    def end(self) -> None:
        """Note it; what became of a stream is noted by whoever ends it."""
        if self.tap is None:
            return
        record, fault = self._exchange.record, self._exchange.record.fault
        record.note_seen(self.tap.eof())
        if record.ending == "complete":
            record.fault = fault


def look_at(exchange: Exchange, target: str, *, stream: bool) -> Look:
    """Begin to look at an answer.

    :param target: what the upstream was asked for.
    """
    limits, name = exchange.port.profile.limits, _NAMES.get(target)
    if name is None:
        # What a stored response took was noted when it was made.
        return Look(exchange, None)
    exchange.record.dialects = f"{name}>{name}"
    limit = limits.event if stream else min(limits.answer, _WHOLE_BYTES)
    return Look(exchange, Tap(DIALECTS[name], stream=stream, limit=limit))
