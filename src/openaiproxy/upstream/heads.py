"""Where an HTTP/1.1 answer's head ends, and what it says (RFC 9112), with no connection in sight.

Reading is strict, because what is read here is written again for somebody else. Folded fields, bare
CR or LF, space before a colon, a length with a sign: no answer. Interim answers (1xx) are dropped.
Whatever is kept of a head is bounded, all interim ones before it included.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

from attrs import define, field, frozen

from openaiproxy.wire.headers import Field, end_to_end

__all__ = [
    "CONTROL",
    "FIELD_LINE",
    "HEAD_LIMIT",
    "Head",
    "HeadReader",
    "InvalidAnswer",
    "head_of",
    "parse_head",
]

HEAD_LIMIT: Final = 256 * 1024

_BEGINNING: Final = b"HTTP/1."
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: ([^\0\r\n]*))?")
FIELD_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):([^\0\r\n]*)")
_KEEP_ALIVE_TIMEOUT = re.compile(rb"\btimeout=([0-9]{1,6})\b", re.IGNORECASE)

#: Fields that say how the body is framed, and for how long the connection lasts.
CONTROL: Final = frozenset((b"connection", b"content-length", b"keep-alive", b"transfer-encoding"))
_NOT_PASSED = frozenset((b"content-length",))


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
        match = FIELD_LINE.fullmatch(line)
        if match is None:
            raise InvalidAnswer("a header field is malformed")
        name, value = match[1], match[2].strip(b" \t")
        fields.append((name, value))
        if (lower := name.lower()) in CONTROL:
            control.setdefault(lower, []).append(value)
    headers = end_to_end(fields, _NOT_PASSED)
    return head_of(
        int(status_line[1]), int(status_line[2]), status_line[3] or b"", headers, control
    )


def head_of(
    minor: int,
    status: int,
    phrase: bytes,
    headers: list[Field],
    control: Mapping[bytes, list[bytes]],
) -> Head:
    """A head, from its status line and fields.

    :param control: the values of those in :data:`CONTROL`, by name in lower case.
    :raises InvalidAnswer: when its length is none.
    """
    return Head(
        minor=minor,
        status=status,
        phrase=phrase,
        headers=headers,
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

    :param parse: reads a head, given without the blank line at its end, as :func:`parse_head` does.
    :param limit: bytes that the head may have together with all interim ones before it.
    """

    parse: Callable[[bytes], Head] = parse_head
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
            head = self.parse(bytes(self._held[: end.start()]))
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
