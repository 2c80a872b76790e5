"""A stream of a simplified endpoint on its way down: data lines, signs of life, and a mark at the end."""

from collections.abc import Callable

from attrs import define

from openaiproxy.errors import BadUpstream
from openaiproxy.simple.frames import KEEPALIVE, Frames
from openaiproxy.web.flow import Last
from openaiproxy.web.simple.looking import Look

__all__ = ["Framed"]

_SILENT = BadUpstream(504, "upstream_idle_timeout", "the upstream fell silent within its answer")
_CUT = BadUpstream(502, "upstream_stream_truncated", "the upstream's stream broke off")
_TOLD = {"complete": _CUT, "upstream-cut": _CUT, "timeout-idle": _SILENT}


@define(eq=False)
class Framed:
    """A :class:`openaiproxy.web.flow.Flow`.

    :param frames: makes the lines.
    :param look: sees each piece of the upstream's.
    :param on_piece: likewise, for the payload log.
    :param on_told: sees each piece of the caller's, likewise.
    """

    frames: Frames
    _look: Look
    _on_piece: Callable[[bytes], None] | None = None
    _on_told: Callable[[bytes], None] = lambda data: None
    beats: bool = True
    settled: bool = True

    @property
    def over(self) -> bool:
        return self.frames.over

    def feed(self, data: bytes) -> bytes:
        if self._on_piece is not None:
            self._on_piece(data)
        self._look.feed(data)
        return self._tell(self.frames.feed(data))

    def beat(self) -> bytes:
        return self._tell(KEEPALIVE)

    def close(self, ending: str) -> Last:
        error = _TOLD.get(ending)
        if error is None:
            return Last(ending)
        data = self._tell(self.frames.end(error))
        if ending == "complete" and self.frames.fault is not None:
            ending = "upstream-cut" if data else "upstream-fault"
        return Last(ending, data, proper=True)

    def _tell(self, data: bytes) -> bytes:
        if data:
            self._on_told(data)
        return data
