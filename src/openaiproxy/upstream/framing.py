"""Where an HTTP/1.1 answer begins and where it ends (RFC 9112), with no connection in sight.

Bytes go in as they arrive, cut anywhere; a head and pieces of a body come out. Reading is strict,
because what is read here is written again for somebody else: an answer that two readers could cut
at different places, such as ::

    HTTP/1.1 200 OK\\r\\n
    Content-Length: 5\\r\\n
    Transfer-Encoding: chunked\\r\\n

is no answer. Folded fields, bare CR or LF, space before a colon, sizes with a sign: likewise.
Interim answers (1xx) are dropped. Whatever is kept of a head is bounded, all interim ones before it
included.

Three things can end a body, and each has its reader: a count (:class:`Sized`), the last chunk
(:class:`Chunked`) and the close of the connection (:class:`Endless`). Readers never raise: what was
good before a fault is still given out.
"""

import re
from typing import Final

from attrs import define, field, frozen

from openaiproxy.wire.headers import Field, end_to_end

__all__ = [
    "HEAD_LIMIT",
    "BodyReader",
    "Chunked",
    "Endless",
    "Head",
    "HeadReader",
    "InvalidAnswer",
    "Sized",
    "body_reader",
    "parse_head",
]

HEAD_LIMIT: Final = 256 * 1024
_CHUNK_LINE_LIMIT: Final = 4096
_TRAILER_LIMIT: Final = 64 * 1024

_BEGINNING: Final = b"HTTP/1."
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\0\r\n]*))?")
_FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\0\r\n]*)")
_CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\0\r\n]*)?")
_PLAIN_SIZE = re.compile(rb"([0-9A-Fa-f]{1,15})\r\n")
_KEEP_ALIVE_TIMEOUT = re.compile(rb"\btimeout=([0-9]{1,6})\b", re.IGNORECASE)

_CONTROL = frozenset((b"connection", b"content-length", b"keep-alive", b"transfer-encoding"))
_NOT_PASSED = frozenset((b"content-length",))
_WITHOUT_BODY = (204, 304)


class InvalidAnswer(Exception):
    """What arrived is no HTTP/1.x answer. The text says in which way, and quotes nothing of it."""


@frozen
class Head:
    """An answer's head.

    :param minor: of ``HTTP/1.minor``.
    :param headers: the end-to-end fields as they came, without ``Content-Length``.
    :param length: bytes that the head announces; ``None`` where it announces no number.
    :param codings: of ``Transfer-Encoding``, in lower case.
    :param persistent: whether the connection may serve another request afterwards.
    :param idle: seconds after which the upstream says that it closes an unused connection.
    """

    minor: int
    status: int
    phrase: bytes
    headers: list[Field]
    length: int | None
    codings: tuple[bytes, ...]
    persistent: bool
    idle: int | None


def parse_head(block: bytes) -> Head:
    """Read a status line and the fields below it.

    :param block: without the blank line at its end.
    :raises InvalidAnswer: in whichever way it is malformed.
    """
    first, *lines = block.split(b"\r\n")
    status_line = _STATUS_LINE.fullmatch(first)
    if status_line is None:
        raise InvalidAnswer("its status line is malformed")
    fields: list[Field] = []
    control: dict[bytes, list[bytes]] = {}
    for line in lines:
        match = _FIELD_LINE.fullmatch(line)
        if match is None:
            raise InvalidAnswer("a header field is malformed")
        name, value = match[1], match[2].strip(b" \t")
        fields.append((name, value))
        if (lower := name.lower()) in _CONTROL:
            control.setdefault(lower, []).append(value)
    minor = int(status_line[1])
    return Head(
        minor=minor,
        status=int(status_line[2]),
        phrase=status_line[3] or b"",
        headers=end_to_end(fields, _NOT_PASSED),
        length=_length(control.get(b"content-length")),
        codings=_tokens(control.get(b"transfer-encoding")),
        persistent=_persistent(minor, _tokens(control.get(b"connection"))),
        idle=_idle(control.get(b"keep-alive")),
    )


def _tokens(values: list[bytes] | None) -> tuple[bytes, ...]:
    if values is None:
        return ()
    return tuple(token.strip(b" \t").lower() for value in values for token in value.split(b","))


def _length(values: list[bytes] | None) -> int | None:
    """One number, however often it is said (RFC 9110, 8.6)."""
    if values is None:
        return None
    tokens = _tokens(values)
    if not all(token.isdigit() and len(token) <= 18 for token in tokens):
        raise InvalidAnswer("its Content-Length is not a number")
    numbers = {int(token) for token in tokens}
    if len(numbers) != 1:
        raise InvalidAnswer("its Content-Length fields contradict each other")
    return numbers.pop()


def _persistent(minor: int, options: tuple[bytes, ...]) -> bool:
    return b"close" not in options and (minor == 1 or b"keep-alive" in options)


def _idle(values: list[bytes] | None) -> int | None:
    match = _KEEP_ALIVE_TIMEOUT.search(values[0]) if values else None
    return int(match[1]) if match else None


@define
class HeadReader:
    """Collects bytes until an answer's own head is whole.

    :param limit: bytes that the head may have together with all interim ones before it.
    """

    limit: int = HEAD_LIMIT
    _held: bytearray = field(factory=bytearray, init=False)
    _searched: int = field(default=0, init=False)
    _spent: int = field(default=0, init=False)

    def feed(self, data: bytes) -> tuple[Head, bytes] | None:
        """Take the bytes that arrived.

        :return: the head and the bytes after it; ``None`` while it is incomplete.
        :raises InvalidAnswer: when it is malformed or too long.
        """
        self._held += data
        while (end := _HEAD_END.search(self._held, self._searched)) is not None:
            self._check(self._spent + end.end())
            if end[0] != b"\r\n\r\n":
                raise InvalidAnswer("a line of its head ends without CR LF")
            head = parse_head(bytes(self._held[: end.start()]))
            if head.status >= 200:
                return head, bytes(self._held[end.end() :])
            if head.status == 101:
                raise InvalidAnswer("it switches protocols unasked")
            del self._held[: end.end()]
            self._spent += end.end()
            self._searched = 0
        self._check(self._spent + len(self._held))
        self._searched = max(0, len(self._held) - 3)
        return None

    def _check(self, size: int) -> None:
        begun = self._held[: len(_BEGINNING)]
        if not _BEGINNING.startswith(begun):
            raise InvalidAnswer("it does not begin as an HTTP/1 answer does")
        if size > self.limit:
            raise InvalidAnswer(f"its head is longer than {self.limit} bytes")


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
        elif self._trailers > _TRAILER_LIMIT or _FIELD_LINE.fullmatch(text) is None:
            self.fault = "its trailer is malformed or too long"


BodyReader = Sized | Chunked | Endless


def body_reader(head: Head, method: bytes) -> BodyReader | None:
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
