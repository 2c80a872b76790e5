"""One request's head, from its bytes to a value. llhttp, Node's own parser, reads the fields.

The request line is read here: llhttp knows only some methods, reads several spaces as one, and leaves out the version.
It is given a line of which it can think what it likes, and then the fields as they came. In its strict mode it
refuses folded fields, bare CR or LF, NUL and other control characters, a name that is no token, white space before the
colon, two lengths, and a length beside ``chunked``. What it would let pass is refused by
:mod:`openaiproxy.web.framing`, and by the bounds here.
"""

import re
from collections.abc import Sequence

from attrs import frozen
from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from twisted.web.http_headers import Headers

from openaiproxy.web.framing import (
    HEAD_BYTES,
    HEAD_FIELDS,
    LINE_BYTES,
    bad_framing,
    check_head,
    head_too_large,
    is_chunked,
    is_length,
    stays,
    target_too_long,
)
from openaiproxy.wire.headers import is_token

__all__ = ["Fields", "Head", "check_begun", "read_head"]

_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([\x21-\xb0]+) (HTTP/1\.[01])\Z")
# Of lines that aren't complete: what can't become part of valid ones.
_BROKEN = re.compile(rb"\x00|(?<!\r)\n|\r(?!\n|\Z)")
_TARGET_BYTES = bytes(range(0x21, 0xB1))
_FIRST_LINE = b"POST / HTTP/1.1"


class Fields(Headers):
    """A request's fields as they came, for reading through Twisted's interface.

    :ivar pairs: names and values as they were sent, in order.
    :ivar by_name: values by names in lower case.
    """

    __slots__ = ("by_name", "pairs")

    def __init__(self) -> None:
        self.by_name: dict[bytes, list[bytes]] = {}
        self._rawHeaders = self.by_name  # where Twisted looks
        self.pairs: list[tuple[bytes, bytes]] = []

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field, as llhttp read it."""
        self.pairs.append((name, value))
        lower = name.lower()
        if lower in self.by_name:
            self.by_name[lower].append(value)
        else:
            self.by_name[lower] = [value]

    def strip(self) -> None:
        """Take the white space off the ends of values, which llhttp leaves there."""
        pairs = [(name, value.rstrip(b" \t")) for name, value in self.pairs]
        self.pairs.clear()
        self.by_name.clear()
        for name, value in pairs:
            self.on_header(name, value)

    def hasHeader(self, name):  # type: ignore[no-untyped-def]
        """Whether there is such a field."""
        return _lower(name) in self.by_name

    def getRawHeaders(self, name, default=None):  # type: ignore[no-untyped-def]
        """:returns: the values of the fields of that name; as text where it is given as text."""
        if name.__class__ is bytes:
            return self.by_name.get(name.lower(), default)
        values = self.by_name.get(_lower(name))
        return default if values is None else [value.decode("utf-8") for value in values]


def _lower(name: str | bytes) -> bytes:
    return name.lower() if isinstance(name, bytes) else name.lower().encode("latin-1")


@frozen
class Head:
    """A request's head.

    :param length: of its body, in bytes; ``None`` where it is chunked.
    :param stays: whether another request may follow on the connection.
    """

    method: bytes
    target: bytes
    version: bytes
    fields: Fields
    length: int | None
    stays: bool


def read_head(data: bytes) -> Head:
    """Read a head.

    :param data: from its first byte to its blank line, that included.
    :raises BadRequest: when it is none.
    """
    end = data.index(b"\r\n")
    _check_line(data[:end])
    line = _LINE.match(data, 0, end)
    if line is None:
        raise bad_framing("a request line that is none")
    if len(data) > LINE_BYTES:
        _check_size(data)
    fields = _read_fields(data[end:])
    method, target, version = line.groups()
    known = fields.by_name
    codings = known.get(b"transfer-encoding", ())
    check_head(version, known.get(b"host", ()), known.get(b"expect", ()), chunked=len(codings) > 0)
    length = _length(known.get(b"content-length", ()), codings)
    follows = stays(method, target, version, known.get(b"connection", ()))
    return Head(method, target, version, fields, length, follows)


def _read_fields(data: bytes) -> Fields:
    fields = Fields()
    try:
        HttpRequestParser(fields).feed_data(_FIRST_LINE + data)
    except HttpParserUpgrade:
        pass  # It is complete all the same, and no protocol is changed to.
    except HttpParserError as error:
        raise bad_framing("a field that is none") from error
    if b" \r\n" in data or b"\t\r\n" in data:
        fields.strip()
    if len(fields.pairs) > HEAD_FIELDS:
        raise head_too_large()
    return fields


def _length(lengths: Sequence[bytes], codings: Sequence[bytes]) -> int | None:
    if not lengths and not codings:
        return 0
    if len(lengths) + len(codings) > 1:
        raise bad_framing("its body has two lengths")
    if codings:
        if not is_chunked(codings[0]):
            raise bad_framing("a transfer coding other than chunked")
        return None
    if not is_length(lengths[0]):
        raise bad_framing("a length that is no number")
    return int(lengths[0])


def check_begun(data: bytes, scanned: int) -> None:
    """Look at a head that isn't complete, for what can't become one.

    :param data: all that there is of it.
    :param scanned: how many bytes of that were looked at before.
    :raises BadRequest: when it can't.
    """
    if _BROKEN.search(data, max(scanned - 1, 0)):
        raise bad_framing("a byte that no head can hold")
    end = data.find(b"\r\n")
    if end < 0 and data != b"\r":
        _check_line(data)
        if not _can_become_a_line(data):
            raise bad_framing("a request line that is none")
    elif end >= 0 and scanned <= end + 1:
        _check_line(data[:end])
        if not _LINE.match(data, 0, end):
            raise bad_framing("a request line that is none")
    if len(data) > LINE_BYTES:
        _check_size(data)


def _can_become_a_line(begun: bytes) -> bool:
    method, *rest = begun.removesuffix(b"\r").split(b" ", 2)
    target, version = rest[0] if rest else b"", rest[1] if len(rest) > 1 else b""
    return (
        is_token(method)
        and not target.strip(_TARGET_BYTES)
        and (len(rest) < 2 or target != b"")
        and any(known.startswith(version) for known in (b"HTTP/1.1", b"HTTP/1.0"))
    )


def _check_line(line: bytes) -> None:
    if len(line) > LINE_BYTES // 2:
        raise target_too_long()


def _check_size(data: bytes) -> None:
    lines = data.split(b"\r\n")
    if max(map(len, lines)) > LINE_BYTES or sum(map(len, lines)) > HEAD_BYTES:
        raise head_too_large()
