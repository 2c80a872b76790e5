"""A stream of one dialect, as the client of another gets it.

The first bytes are held until something of substance is known, so that a failure until then can still be a whole
answer with a status of its own. A silence before that ends the wait: from the first sign of life on, a failure is
told within the stream.
"""

from collections.abc import Callable

from attrs import define, field

from openaiproxy.hub.events import Fault, FaultKind
from openaiproxy.translation import Stream
from openaiproxy.web.flow import Last

__all__ = ["Beginning", "Translated"]

_WAITED_TOO_LONG = {
    "timeout-idle": ("The upstream fell silent within its answer.", "upstream_idle_timeout", 504),
    "timeout-client-write": ("The answer was not read for too long.", "client_write_timeout", 408),
}


_BEGINNING = 1 << 16


@define(eq=False)
class Beginning:
    """The first bytes of a stream, in which a failure may say more than a fault holds."""

    data: bytes = b""

    def keep(self, data: bytes) -> None:
        """See the next bytes."""
        if len(self.data) < _BEGINNING:
            self.data += data


@define(eq=False)
class Translated:
    """A :class:`openaiproxy.web.flow.Flow` through a translation.

    :param stream: translates it.
    :param ping: a sign of life in the client's dialect.
    :param lookers: see each piece of the upstream's.
    :param committed: whether the client has been answered already.
    :param on_cut: why the answer was cut off here, if that is to be told.
    :ivar told: sees each piece of the client's, for the payload log.
    """

    stream: Stream
    _ping: bytes
    _lookers: list[Callable[[bytes], None]] = field(factory=list)
    committed: bool = False
    _on_cut: Callable[[], Fault | None] = lambda: None
    told: Callable[[bytes], None] | None = field(default=None, init=False)
    beats: bool = field(default=True, init=False)
    settled: bool = field(default=True, init=False)
    _held: list[bytes] = field(factory=list, init=False)

    @property
    def over(self) -> bool:
        return self.stream.over

    def feed(self, data: bytes) -> bytes:
        for look in self._lookers:
            look(data)
        made = self.stream.feed(data)
        if self.committed and self.told is None and not self._held:
            return made
        return self._pass(made)

    def show(self, look: Callable[[bytes], None] | None) -> None:
        """Let somebody else see each piece, too."""
        if look is not None:
            self._lookers.append(look)

    def beat(self) -> bytes:
        self.committed = True
        return self._pass(self._ping)

    def close(self, ending: str) -> Last:
        if ending in _WAITED_TOO_LONG:
            message, code, status = _WAITED_TOO_LONG[ending]
            self.fail(Fault(FaultKind.TIMEOUT, message, code=code, status=status))
        elif ending in ("complete", "upstream-cut"):
            self._held.append(self.stream.eof())
        elif ending == "cut" and (fault := self._on_cut()) is not None:
            self.fail(fault)
        else:
            return Last(ending)
        if self.stream.fault is None:
            ending = "complete"
        elif ending == "complete":
            ending = "upstream-fault"
        data = self._pass(b"")
        return Last(ending, data, proper=self.committed)

    def fail(self, fault: Fault) -> None:
        """It failed for a reason that the upstream's bytes don't tell."""
        self._held.append(self.stream.take((fault,)))

    def _pass(self, data: bytes) -> bytes:
        """The bytes, with those held before them, or nothing as long as they are held."""
        if self.committed and not self._held:
            return self._tell(data)
        self._held.append(data)
        if not self.committed and not self.stream.begun:
            return b""
        self.committed = True
        held = b"".join(self._held)
        self._held.clear()
        return self._tell(held)

    def _tell(self, data: bytes) -> bytes:
        if self.told is not None:
            self.told(data)
        return data
