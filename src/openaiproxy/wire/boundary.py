"""Where one event of an event stream ends, seen in bytes that pass unchanged.

A comment may be put between two events, never into one. This follows the line ends of the WHATWG rules (CR, LF,
CRLF) across any splitting and keeps the last three bytes, nothing else of the content.
"""

from attrs import define

__all__ = ["Boundary"]

# A line's end and then an empty line. CRLF before them is covered by its LF.
_EMPTY_LINE = (b"\n\n", b"\n\r\n", b"\r\r\n")


@define
class Boundary:
    """Whether the bytes fed so far end between two events.

    A CR at the very end is no end yet, since an LF may follow and a comment must not land inside a CRLF. A stream
    that ends its lines with CR alone is therefore never seen between two events, and stays as it is.
    """

    _tail: bytes = b"\n\n"

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream, split anywhere."""
        self._tail = data[-3:] if len(data) >= 3 else (self._tail + data)[-3:]

    def between_events(self) -> bool:
        """True at the start, and after an empty line."""
        return self._tail.endswith(_EMPTY_LINE)
