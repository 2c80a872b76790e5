"""Where one event of an event stream ends, seen in bytes that pass unchanged.

A comment may be put between two events, never into one. This follows the line ends of the WHATWG rules (CR, LF,
CRLF) across any splitting and keeps three bits of state, nothing of the content.
"""

from attrs import define

__all__ = ["Boundary"]

_ENDS = (b"\n\n", b"\r\r", b"\r\n\r\n", b"\n\r\n")


@define
class Boundary:
    """Whether the bytes fed so far end between two events.

    A lone CR at the very end counts as an ended line only once it is known that no LF follows, so that a comment
    never lands inside a CRLF.
    """

    _tail: bytes = b"\n\n"

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream, split anywhere."""
        self._tail = data[-4:] if len(data) >= 4 else (self._tail + data)[-4:]

    def between_events(self) -> bool:
        """True at the start, and after an empty line."""
        return self._tail.endswith((b"\n\n", b"\n\r\n", b"\r\n\r\n", b"\r\r"))
