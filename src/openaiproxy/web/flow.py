"""What becomes of an answer's bytes between the upstream and the client.

:mod:`openaiproxy.web.pump` moves bytes and keeps time, and asks its flow what to write: the same bytes
(:class:`Passing`), or others (:class:`openaiproxy.web.translated.Translated`).
"""

from collections.abc import Callable
from typing import Protocol

from attrs import define, field, frozen

from openaiproxy.dialects.dialect import Seen
from openaiproxy.hub.events import FaultKind
from openaiproxy.passthrough import Tap
from openaiproxy.wire.boundary import Boundary

__all__ = ["KEEPALIVE", "SHORT", "Flow", "Last", "Passing"]

#: How a stream ends that ended well by HTTP's rules and without its dialect's finish.
SHORT = "upstream-truncated"
#: The comment doesn't begin with ``: ping``, at which one client's parser stops reading.
KEEPALIVE = b": keepalive\n\n"


@frozen
class Last:
    """How an answer ends for the client.

    :param ending: one word, see :class:`openaiproxy.web.pump.Pumped`.
    :param data: written before the end.
    :param proper: whether the body is ended as HTTP ends one; if not, it is left visibly unfinished.
    """

    ending: str
    data: bytes = b""
    proper: bool = False


class Flow(Protocol):
    """One answer's way through the proxy."""

    @property
    def beats(self) -> bool:
        """Whether silence may be filled."""

    @property
    def over(self) -> bool:
        """Whether the answer is whole, though its upstream may still be sending."""

    @property
    def settled(self) -> bool:
        """Whether a body that is ended by the connection's close may be taken for whole now."""

    def feed(self, data: bytes) -> bytes:
        """What the client gets for these bytes of the upstream."""

    def beat(self) -> bytes:
        """What fills a silence now; empty if nothing may."""

    def close(self, ending: str) -> Last:
        """The last words, when the upstream has ended, or was given up."""


@define(eq=False)
class Passing:
    """Bytes as they came.

    :param boundary: follows the events of an event stream, between which comments may be put; ``None`` for any
        other body.
    :param on_piece: sees each piece, for the payload log.
    :param on_cut: the record that tells a caller, in its dialect, that the stream broke off; ``None`` where nobody
        knows the dialect.
    :param tap: looks on, where the dialect is known. A stream of events that ends well by HTTP's rules, and without
        having said that it is finished, is told to be cut.
    """

    _boundary: Boundary | None = None
    _on_piece: Callable[[bytes], None] | None = None
    _on_cut: Callable[[str], bytes] | None = None
    _tap: Tap | None = None
    over: bool = False
    _tail: bytes = field(default=b"", init=False)

    @property
    def beats(self) -> bool:
        return self._boundary is not None

    @property
    def settled(self) -> bool:
        return self._boundary is None or self._boundary.between_events()

    def feed(self, data: bytes) -> bytes:
        if self._boundary is not None:
            self._boundary.feed(data)
        if self._on_piece is not None:
            self._on_piece(data)
        if self._tap is not None:
            self._tap.feed(data)
            self._tail = data
        return data

    def beat(self) -> bytes:
        between = self._boundary is not None and self._boundary.between_events()
        return KEEPALIVE if between else b""

    def close(self, ending: str) -> Last:
        if ending != "complete":
            return Last(ending, self._told(ending))
        seen = None if self._tap is None else self._tap.eof()
        if seen is None or not self._is_short(seen):
            return Last(ending, proper=True)
        told = self._told(SHORT)
        # What can be neither told nor, for its length was promised, be left unfinished, is at least counted.
        return Last(SHORT, told, proper=bool(told) or self._boundary is None)

    def _told(self, ending: str) -> bytes:
        if self._on_cut is None or self._boundary is None or not self._boundary.between_events():
            return b""
        return self._on_cut(ending)

    def _is_short(self, seen: Seen) -> bool:
        """Whether a stream of the dialect stopped before its end. What was not of the dialect, or not looked at, is
        not judged, and nothing follows a stream that has said its last word in another way."""
        tap = self._tap
        if tap is None or not tap.stream or tap.blind or seen.fault is None:
            return False
        known = seen.model or seen.usage or seen.finish or not self._tail
        said = self._tail.rstrip().endswith(b"[DONE]")
        return seen.fault.kind is FaultKind.TRUNCATED and bool(known) and not said
