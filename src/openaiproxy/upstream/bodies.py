"""Where an HTTP/1.1 answer's body ends (RFC 9112, 6 and 7), with no connection in sight.

Three things can end a body, and each has its reader: a count (:class:`Sized`), the last chunk
(:class:`Chunked`) and the close of the connection (:class:`Endless`). A head that leaves a choice ::

    HTTP/1.1 200 OK\\r\\n
    Content-Length: 5\\r\\n
    Transfer-Encoding: chunked\\r\\n

is no answer, since two readers could cut it at different places. Readers take bytes as they arrive,
cut anywhere, and never raise: what was good before a fault is still given out.
"""

import re
from typing import Final, Protocol

from attrs import define, field

from openaiproxy.upstream.heads import FIELD_LINE, Head, InvalidAnswer

__all__ = ["BodyReader", "Chunked", "Endless", "Sized", "body_reader"]

_CHUNK_LINE_LIMIT: Final = 4096
_TRAILER_LIMIT: Final = 64 * 1024
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\0\r\n]*)?")
_PLAIN_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
_WITHOUT_BODY = (204, 304)


class BodyReader(Protocol):
    """Tells a body's bytes from those around them."""

    @property
    def over(self) -> bool:
        """Whether the body is whole."""

    @property
    def excess(self) -> bool:
        """Whether bytes came after its end."""

    @property
    def fault(self) -> str | None:
        """What is wrong with it, ``None`` while nothing is."""

    def feed(self, data: bytes) -> bytes:
        """:return: those of the bytes that are the body's."""


@define
class Sized:
    """A body of a known number of bytes.

    :param left: bytes still to come.
    """

    left: int
    excess: bool = field(default=False, init=False)
    fault: str | None = field(default=None, init=False)

    @property
    def over(self) -> bool:
        """Whether the body is whole."""
        return self.left == 0

    def feed(self, data: bytes) -> bytes:
        """:return: those of the bytes that are the body's; others make ``excess`` true."""
        self.excess = len(data) > self.left
        piece = data[: self.left]
        self.left -= len(piece)
        return piece


@define
class Endless:
    """A body that the close of the connection ends, and nothing else tells whether it is whole."""

    over: bool = field(default=False, init=False)
    excess: bool = field(default=False, init=False)
    fault: str | None = field(default=None, init=False)

    def feed(self, data: bytes) -> bytes:
        """:return: all of it."""
        return data


@define
class Chunked:
    """A body in chunks (RFC 9112, 7.1). Extensions and trailer fields are read over, within bounds.

    Only an unfinished line is ever held back. ``_expects`` is what the next line has to be:
    the ``size`` of a chunk, the ``end`` of one, or a ``trailer``.
    """

    over: bool = field(default=False, init=False)
    excess: bool = field(default=False, init=False)
    fault: str | None = field(default=None, init=False)
    _left: int = field(default=0, init=False)
    _held: bytes = field(default=b"", init=False)
    _expects: str = field(default="size", init=False)
    _trailers: int = field(default=0, init=False)

    def feed(self, data: bytes) -> bytes:
        """:return: the body's bytes among these, chunks joined; may set ``over`` or ``fault``."""
        if self._held:
            data, self._held = self._held + data, b""
        pieces: list[bytes] = []
        at = 0
        while at < len(data) and not self.over and self.fault is None:
            if self._left:
                piece = data[at : at + self._left]
                pieces.append(piece)
                at += len(piece)
                self._left -= len(piece)
                continue
            if self._expects == "size":
                at = self._whole_chunks(data, at, pieces)
            end = data.find(b"\n", at)
            if end < 0:
                self._hold(data[at:])
                break
            self._line(data[at : end + 1])
            at = end + 1
        self.excess = self.over and at < len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _whole_chunks(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Take the plain chunks that are there as a whole: most are, and they need no state."""
        while (match := _PLAIN_SIZE.match(data, at)) is not None:
            begin = match.end()
            end = begin + int(match[1], 16)
            if end == begin or data[end : end + 2] != b"\r\n":
                break
            pieces.append(data[begin:end])
            at = end + 2
        return at

    def _hold(self, line: bytes) -> None:
        self._held = line
        if len(line) > _CHUNK_LINE_LIMIT:
            self.fault = "a line between its chunks is too long"
        elif self._expects == "end" and line != b"\r":
            self.fault = "a chunk is longer than its size"

    def _line(self, line: bytes) -> None:
        text = line[:-2]
        if not line.endswith(b"\r\n") or len(line) > _CHUNK_LINE_LIMIT:
            self.fault = "a line between its chunks is malformed"
        elif self._expects == "size":
            self._size(text)
        elif self._expects == "trailer":
            self._trailer(text)
        elif text:
            self.fault = "a chunk is longer than its size"
        else:
            self._expects = "size"

    def _size(self, text: bytes) -> None:
        match = _CHUNK_SIZE.fullmatch(text)
        if match is None:
            self.fault = "a chunk's size is malformed"
            return
        self._left = int(match[1], 16)
        self._expects = "end" if self._left else "trailer"

    def _trailer(self, text: bytes) -> None:
        self._trailers += len(text) + 2
        if not text:
            self.over = True
        elif self._trailers > _TRAILER_LIMIT or FIELD_LINE.fullmatch(text) is None:
            self.fault = "its trailer is malformed or too long"


def body_reader(head: Head, method: bytes) -> Sized | Chunked | Endless | None:
    """Choose how the body that belongs to a head is read (RFC 9112, 6.3).

    :param method: of the request, as it was sent.
    :return: ``None`` where no body follows.
    :raises InvalidAnswer: where the head leaves two ways to read it, or a coding that can't be
        read.
    """
    if method == b"HEAD" or head.status in _WITHOUT_BODY:
        return None
    if not head.codings:
        if head.length is None:
            return Endless()
        return Sized(head.length) if head.length else None
    if head.length is not None:
        raise InvalidAnswer("it has both a Content-Length and a Transfer-Encoding")
    if head.codings != (b"chunked",) or head.minor == 0:
        raise InvalidAnswer("its Transfer-Encoding is not chunked alone")
    return Chunked()
