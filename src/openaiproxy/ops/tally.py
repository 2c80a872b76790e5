"""What a process has come to since it started, in the figures that chatgpt-proxy told its people.

A handful of numbers for pages that people read. Whatever is to be asked by a program is among the metrics
(:mod:`openaiproxy.ops.metrics`).
"""

from attrs import define

from openaiproxy.ops.access import Exchanged

__all__ = ["Tally"]


@define(eq=False)
class Tally:
    """Sums and maxima over requests that have ended. Times are seconds.

    :param overloads: requests that were refused because too many were under way.
    :param most_running: requests that were under way at once.
    """

    requests: int = 0
    errors: int = 0
    cancelled: int = 0
    overloads: int = 0
    time: float = 0.0
    longest: float = 0.0
    most_running: int = 0
    most_in: int = 0
    most_cached: int = 0
    most_out: int = 0

    @property
    def average(self) -> float:
        """Seconds that one request took."""
        return self.time / self.requests if self.requests else 0.0

    def note(self, said: Exchanged, *, failed: bool) -> None:
        """Count a request that has ended."""
        self.requests += 1
        self.errors += failed
        self.cancelled += said.ending == "client-gone"
        self.overloads += said.code == "proxy_overloaded"
        self.time += said.duration
        self.longest = max(self.longest, said.duration)
        self.most_in = max(self.most_in, said.tokens_in or 0)
        self.most_cached = max(self.most_cached, said.tokens_cached or 0)
        self.most_out = max(self.most_out, said.tokens_out or 0)

    def beside(self, other: "Tally") -> "Tally":
        """With that of another process at the same time: what were at once there and here may have been so together."""
        both = self.before(other)
        both.most_running = self.most_running + other.most_running
        return both

    def before(self, other: "Tally") -> "Tally":
        """With that of another process, which came later."""
        return Tally(
            self.requests + other.requests,
            self.errors + other.errors,
            self.cancelled + other.cancelled,
            self.overloads + other.overloads,
            self.time + other.time,
            max(self.longest, other.longest),
            max(self.most_running, other.most_running),
            max(self.most_in, other.most_in),
            max(self.most_cached, other.most_cached),
            max(self.most_out, other.most_out),
        )

    def note_running(self, count: int) -> None:
        """Note how many are under way."""
        self.most_running = max(self.most_running, count)
