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

Every stream begins with its head, and ends with an event that says how long it lasted::

    event: probe
    data: {"kind":"tick","sequence":1,"elapsedMs":10000}

    : probe 1 15000

    event: probe-complete
    data: {"kind":"complete","mode":"active-data","elapsedMs":90000}

A hop that ends silent streams cuts the third, one that doesn't count comments the second, and one that bounds a
stream's whole length all three. What to conclude is :mod:`openaiproxy.simple.hops`' affair.
"""

from typing import Any

from attrs import frozen

from openaiproxy.errors import BadRequest
from openaiproxy.wire.headers import Field
from openaiproxy.wire.json import dumps
from openaiproxy.wire.sse import encode

__all__ = ["COMPLETE", "INTERVALS", "MODE", "VERSION", "Probe", "parse_probe"]

VERSION: Field = (b"X-SSE-Cap-Probe-Version", b"1")
"""The header that says what these streams look like."""
MODE = b"X-SSE-Cap-Probe-Mode"
"""The name of the header that says which of them this is."""
COMPLETE = b"probe-complete"
"""The name of the event that ends one."""
INTERVALS = {"active-data": 10_000, "comment-heartbeat": 15_000, "silent-control": 10_000}
"""The modes, and the milliseconds between two signs of each where nothing is said."""

_DURATION = 90_000
_DURATIONS = (100, 180_000)
_BETWEEN = (100, 30_000)


@frozen
class Probe:
    """What was asked for. Times are seconds."""

    mode: str
    duration: float
    interval: float

    @property
    def fields(self) -> list[Field]:
        """The headers that say what this is."""
        return [VERSION, (MODE, self.mode.encode("ascii"))]

    def beat(self, number: int, elapsed: float) -> bytes:
        """What is sent at an interval.

        :param number: from 1.
        :param elapsed: seconds since it began.
        """
        milliseconds = round(elapsed * 1000)
        match self.mode:
            case "active-data":
                told = {"kind": "tick", "sequence": number, "elapsedMs": milliseconds}
                return encode(dumps(told), b"probe")
            case "comment-heartbeat":
                return b": probe %d %d\n\n" % (number, milliseconds)
        return b""

    def end(self) -> bytes:
        """The last event."""
        elapsed = round(self.duration * 1000)
        return encode(
            dumps({"kind": "complete", "mode": self.mode, "elapsedMs": elapsed}), COMPLETE
        )


def parse_probe(body: dict[str, Any]) -> Probe:
    """What a request asks for.

    :param body: without what is the proxy's own.
    :raises BadRequest: 400, naming the field.
    """
    mode = body.get("mode", "active-data")
    if not isinstance(mode, str) or mode not in INTERVALS:
        raise _refused(f"mode must be one of {', '.join(INTERVALS)}")
    duration = _time(body, "durationMs", _DURATION, _DURATIONS)
    interval = _time(body, "intervalMs", INTERVALS[mode], _BETWEEN)
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
