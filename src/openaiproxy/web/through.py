"""An answer that passes, but for events that are made whole on the way."""

from attrs import define, evolve

from openaiproxy.codex.completing import Completing
from openaiproxy.web.flow import Flow, Last

__all__ = ["Through"]


@define(eq=False)
class Through:
    """A :class:`openaiproxy.web.flow.Flow` before another one.

    :param completing: sees the upstream's bytes first.
    """

    _completing: Completing
    _flow: Flow

    @property
    def beats(self) -> bool:
        return self._flow.beats

    @property
    def over(self) -> bool:
        return self._flow.over

    @property
    def settled(self) -> bool:
        return self._flow.settled

    def feed(self, data: bytes) -> bytes:
        made = self._completing.feed(data)
        return self._flow.feed(made) if made else b""

    def beat(self) -> bytes:
        return self._flow.beat()

    def close(self, ending: str) -> Last:
        rest = self._completing.eof()
        data = self._flow.feed(rest) if rest else b""
        last = self._flow.close(ending)
        return evolve(last, data=data + last.data)
