"""Answers read by llhttp, the parser in C that Node uses, by way of the package ``httptools``.

It reads heads and chunks; bodies of a known length or without one need no parser. It is lenient in
places where the plain reader is not, and those are closed here: a first line of another protocol or
version, NUL in the phrase, a status below 100, ``Transfer-Encoding`` other than ``chunked`` alone,
bytes after the last chunk, trailers and chunk lines without end. In others it is stricter than the
plain reader, and is left so: a ``Content-Length`` said twice, space after a chunk's size, control
characters in a value.

What it counts as a chunk's size has 64 bits, and it says nothing of a line that isn't whole, nor
where it stands. So lines between chunks are bounded by what a read holds beyond the body's bytes,
and the end of the last chunk is looked for in the bytes themselves.
"""

from typing import Any, Final

import httptools

from openaiproxy.upstream.bodies import BodyReader, Chunked, body_reader
from openaiproxy.upstream.heads import CONTROL, HEAD_LIMIT, Head, HeadReader, InvalidAnswer, head_of
from openaiproxy.wire.headers import HOP_BY_HOP, Field, end_to_end

__all__ = ["LlhttpChunks", "LlhttpReader"]

_LINE_LIMIT: Final = 4096
_TRAILER_LIMIT: Final = 64 * 1024
_WATCHED: Final = HOP_BY_HOP | CONTROL
_BEGINNINGS: Final = (b"HTTP/1.1 ", b"HTTP/1.0 ")
#: Values of ``Connection`` that name no other field.
_ABOUT_ITSELF: Final = (b"keep-alive", b"close")


class _Heard:
    """What llhttp tells of one message. It knows neither parser nor reader, so that no cycle is
    left behind by an answer.
    """

    __slots__ = ("ends", "heads", "on_body", "passing", "pieces", "watched", "whole")

    def __init__(self) -> None:
        self.passing: list[Field] = []
        self.watched: list[Field] = []
        self.pieces: list[bytes] = []
        self.on_body = self.pieces.append
        self.heads = self.ends = self.whole = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        lower = name.lower()
        if lower in _WATCHED:
            self.watched.append((lower, value))
        else:
            self.passing.append((name, value))

    def on_headers_complete(self) -> None:
        self.heads += 1

    def on_message_complete(self) -> None:
        if not self.ends:
            self.whole = len(self.pieces)  # more would belong to an answer nobody asked for
        self.ends += 1


class _Parser:
    """llhttp, and what it said of the last head."""

    __slots__ = ("heard", "llhttp")

    def parse(self, block: bytes) -> Head:
        """As :func:`~openaiproxy.upstream.heads.parse_head`."""
        return self.parse_whole(block + b"\r\n\r\n")

    def parse_whole(self, block: bytes) -> Head:
        """Read a head.

        :param block: with the blank line at its end.
        :raises InvalidAnswer: in whichever way it is malformed.
        """
        heard = self.heard = _Heard()
        parser = self.llhttp = httptools.HttpResponseParser(heard)
        try:
            parser.feed_data(block)
        except httptools.HttpParserUpgrade:
            raise InvalidAnswer("it switches protocols unasked") from None
        except httptools.HttpParserError:
            raise InvalidAnswer("its head is malformed") from None
        status = parser.get_status_code()
        if heard.heads != 1 or status < 100 or not block.startswith(_BEGINNINGS) or b"\0" in block:
            raise InvalidAnswer("its status line is malformed")
        passing, watched = heard.passing, heard.watched
        heard.passing, heard.watched = [], []  # what is told from here on are trailers
        if b" \r\n" in block or b"\t\r\n" in block:
            passing = [(name, value.rstrip(b" \t")) for name, value in passing]
            watched = [(name, value.rstrip(b" \t")) for name, value in watched]
        phrase = block[13 : block.index(b"\r\n")]
        return _head(block[7] - 48, status, phrase, passing, watched)


def _head(
    minor: int, status: int, phrase: bytes, passing: list[Field], watched: list[Field]
) -> Head:
    """Most heads say of themselves that a connection stays, or how long the body is, and no more."""
    length = None
    rest = False
    for name, value in watched:
        if name == b"content-length" and len(value) <= 18:  # of digits, and said once
            length = int(value)
        elif name != b"connection" or value != b"keep-alive":
            rest = True
    if not rest and (minor == 1 or not watched):
        return Head(minor, status, phrase, passing, length, (), minor == 1, None)
    control: dict[bytes, list[bytes]] = {}
    for name, value in watched:
        control.setdefault(name, []).append(value)
    options = control.get(b"connection", ())
    if any(option.lower() not in _ABOUT_ITSELF for option in options):
        passing = end_to_end([*((b"connection", option) for option in options), *passing])
    return head_of(minor, status, phrase, passing, control)


class LlhttpReader:
    """One answer, read by llhttp."""

    __slots__ = ("_heads", "_parser")

    def __init__(self) -> None:
        self._parser = _Parser()
        self._heads: HeadReader | None = None  # once a head comes in pieces, or behind another

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """As :meth:`HeadReader.feed <openaiproxy.upstream.heads.HeadReader.feed>`."""
        if self._heads is None:
            end = data.find(b"\r\n\r\n") + 4
            if 3 < end <= HEAD_LIMIT and data.startswith(_BEGINNINGS):
                head = self._parser.parse_whole(data[:end])
                if head.status >= 200:
                    return head, data[end:]
            self._heads = HeadReader(self._parser.parse)
        return self._heads.feed(data)

    def body(self, head: Head, method: bytes) -> BodyReader | None:
        """As :func:`~openaiproxy.upstream.bodies.body_reader`, once the head is there."""
        reader = body_reader(head, method)
        if type(reader) is Chunked:
            return LlhttpChunks(self._parser.llhttp, self._parser.heard)
        return reader


class LlhttpChunks:
    """A body in chunks, read by llhttp, which has read the head before it.

    :ivar over: whether it is whole.
    :ivar excess: whether bytes came after its end.
    :ivar fault: what is wrong with it, ``None`` while nothing is.
    """

    __slots__ = ("_heard", "_llhttp", "_spent", "_tail", "excess", "fault", "over")

    def __init__(self, llhttp: Any, heard: _Heard) -> None:
        self.over = self.excess = False
        self.fault: str | None = None
        self._llhttp = llhttp
        self._heard = heard
        self._spent = 0
        self._tail = b""

    def feed(self, data: bytes) -> bytes:
        """:return: the body's bytes among these, chunks joined; may set ``over`` or ``fault``."""
        heard = self._heard
        pieces = heard.pieces
        try:
            self._llhttp.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not heard.ends:
                self.fault = "its chunks are malformed"
            self.excess = True
        if heard.ends:
            del pieces[heard.whole :]
        piece = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        between = len(data) - len(piece)
        if heard.ends:
            self._end(data)
        elif between > _LINE_LIMIT or not piece:
            self._bound(between, len(pieces))
        else:
            self._spent = 0
        self._tail = data[-5:] if len(data) >= 5 else (self._tail + data)[-5:]
        pieces.clear()
        return piece

    def _bound(self, between: int, pieces: int) -> None:
        """Count what isn't the body's: the lines of so many chunks and one more, or trailers."""
        heard = self._heard
        self._spent += between
        limit = _TRAILER_LIMIT if heard.passing or heard.watched else _LINE_LIMIT * (pieces + 1)
        if self._spent > limit and self.fault is None:
            self.fault = "a line between its chunks is too long"
        if pieces:
            self._spent = 0

    def _end(self, data: bytes) -> None:
        """llhttp passes over empty lines before a next answer, and begins to read one, too."""
        heard = self._heard
        tail = (self._tail + data)[-5:] if len(data) < 5 else data[-5:]
        proper = tail.endswith(b"\r\n\r\n") and tail[0] not in b"\r\n"
        self.over = True
        self.excess = self.excess or not proper or heard.heads > 1
