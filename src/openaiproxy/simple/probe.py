"""A stream made up here, by which somebody finds out what ends long streams on the way to him.

::

    {"mode": "active-data", "durationMs": 90000, "intervalMs": 10000}

====================  ===========================================
mode                  sent at each interval
====================  ===========================================
``active-data``       an event
``comment-heartbeat`` a comment, which no reader of events sees
``silent-control``    nothing
====================  ===========================================

A hop that ends silent streams cuts the third, one that doesn't count comments the second, and one that bounds a
stream's whole length all three.
"""

from typing import Any

from attrs import frozen

from openaiproxy.errors import BadRequest
from openaiproxy.simple.frames import KEEPALIVE
from openaiproxy.wire.json import dumps
from openaiproxy.wire.sse import encode

__all__ = ["Probe", "parse_probe"]

_INTERVALS = {"active-data": 10_000, "comment-heartbeat": 15_000, "silent-control": 10_000}
_DURATION = 90_000
_DURATIONS = (100, 180_000)
_BETWEEN = (100, 30_000)


@frozen
class Probe:
    """What was asked for. Times are seconds."""

    mode: str
    duration: float
    interval: float

    def begin(self) -> bytes:
        """The first event: what is to be expected."""
        return self._event("started", durationMs=round(self.duration * 1000))

    def beat(self, number: int, elapsed: float) -> bytes:
        """What is sent at an interval.

        :param number: from 1.
        :param elapsed: seconds since the first event.
        """
        match self.mode:
            case "active-data":
                return self._event("tick", number=number, elapsedMs=round(elapsed * 1000))
            case "comment-heartbeat":
                return KEEPALIVE
        return b""

    def end(self) -> bytes:
        """The last event, and the mark."""
        elapsed = round(self.duration * 1000)
        return self._event("completed", elapsedMs=elapsed) + encode(b"[DONE]")

    def _event(self, word: str, **said: int) -> bytes:
        return encode(dumps({"type": f"sse_cap.{word}", "mode": self.mode, **said}))


def parse_probe(body: dict[str, Any]) -> Probe:
    """What a request asks for.

    :param body: without what is the proxy's own.
    :raises BadRequest: 400, naming the field.
    """
    mode = body.get("mode", "active-data")
    if not isinstance(mode, str) or mode not in _INTERVALS:
        raise _refused(f"mode must be one of {', '.join(_INTERVALS)}")
    duration = _time(body, "durationMs", _DURATION, _DURATIONS)
    interval = _time(body, "intervalMs", _INTERVALS[mode], _BETWEEN)
    return Probe(mode, duration, interval)


def _time(body: dict[str, Any], name: str, default: int, bounds: tuple[int, int]) -> float:
    value = body.get(name)
    if value is None:
        value = default
    low, high = bounds
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise _refused(f"{name} must be a number from {low} to {high}")
    return value / 1000


def _refused(message: str) -> BadRequest:
    return BadRequest(400, "bad_request", message)
