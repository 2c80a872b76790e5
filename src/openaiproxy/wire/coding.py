"""Content codings of a request body (RFC 9110, section 8.4), taken off in bounded steps.

::

    Content-Encoding: gzip, zstd        first gzip was laid on, then zstd: zstd comes off first

A :class:`Decoding` is a row of layers, the outermost first. Bytes go in at one end in small steps;
what a layer makes of a step goes on to the next before the step after it is taken, so that nothing
is ever held whole between two layers. Every layer counts what it makes: a kilobyte that would grow
to gigabytes stops growing at the limit, in whichever layer it does so.

Which codings there are, and how they say that they're over, is all that is known here. What the
decoded bytes mean, and which requests have a body at all, is the caller's business: an empty body
is no gzip file, and is refused as one that was cut off.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, Protocol

import brotli  # type: ignore[import-untyped]
from attrs import define, field

from openaiproxy.errors import BadRequest

zstd: Any = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")

__all__ = ["ACCEPTED", "Decoding"]

ACCEPTED = "gzip, deflate, br, zstd"
"""The codings that are understood, as ``Accept-Encoding`` lists them."""

_MOST_LAYERS = 4
_STEP = 1 << 14
"""Bytes that go into a layer at once, and come out of it at once."""
_MOST_MEMBERS = 10_000
"""Members or frames of one layer. Each costs some microseconds, even if it holds nothing."""
_WINDOW = 23
"""RFC 9659: a zstd window has at most 2**23 bytes where zstd is a content coding."""


class _Member(Protocol):
    """What is decoded in one go, as the standard library's ``bz2``, ``lzma`` and zstd have it."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zlib:
    """A zlib stream, a gzip member or raw deflate, by ``wbits`` as in :mod:`zlib`."""

    def __init__(self, wbits: int) -> None:
        self._stream = zlib.decompressobj(wbits)
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        made = self._stream.decompress(self._stream.unconsumed_tail + data, max_length)
        self.needs_input = not self._stream.unconsumed_tail and len(made) < max_length
        return made


class _Deflate:
    """``deflate``: a zlib stream by the letter, and without its head and sum from many clients.

    The first two bytes tell. A raw stream that looked like a zlib head would begin with a stored
    block and bits set in its padding, which no compressor writes.
    """

    def __init__(self) -> None:
        self._head = b""
        self._stream: _Zlib | None = None

    @property
    def eof(self) -> bool:
        return self._stream is not None and self._stream.eof

    @property
    def needs_input(self) -> bool:
        return self._stream is None or self._stream.needs_input

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data if self._stream else b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        if self._stream is None:
            self._head += data
            if len(self._head) < 2:
                return b""
            first, second = self._head[:2]
            headed = first & 0x8F == 8 and (first << 8 | second) % 31 == 0
            self._stream = _Zlib(zlib.MAX_WBITS if headed else -zlib.MAX_WBITS)
            data, self._head = self._head, b""
        return self._stream.decompress(data, max_length)


class _Brotli:
    """A brotli stream. What follows its end is an error to its decoder, and so never unused."""

    unused_data = b""

    def __init__(self) -> None:
        self._stream = brotli.Decompressor()
        self.needs_input = True

    @property
    def eof(self) -> bool:
        return bool(self._stream.is_finished())

    def decompress(self, data: bytes, max_length: int) -> bytes:
        made: bytes = self._stream.process(data, output_buffer_limit=max_length)
        # It may have taken all of its input, and yet stopped for want of room.
        self.needs_input = self._stream.can_accept_more_data() and len(made) < max_length
        return made


def _gzip() -> _Member:
    return _Zlib(zlib.MAX_WBITS | 16)


def _zstd() -> _Member:
    limits: dict[int, int] = {zstd.DecompressionParameter.window_log_max: _WINDOW}
    member: _Member = zstd.ZstdDecompressor(options=limits)
    return member


_CODINGS: dict[str, tuple[Callable[[], _Member], int]] = {
    "gzip": (_gzip, _MOST_MEMBERS),
    "x-gzip": (_gzip, _MOST_MEMBERS),
    "deflate": (_Deflate, 1),
    "br": (_Brotli, 1),
    "zstd": (_zstd, _MOST_MEMBERS),
}
"""Coding to what decodes a member, and how many of them may follow each other."""


@define(eq=False)
class _Layer:
    """One coding.

    :param coding: its name.
    :param cap: bytes that may come out.
    """

    coding: str
    cap: int
    _open: Callable[[], _Member]
    _left: int
    """Members that may yet begin."""
    _made: int = 0
    _member: _Member | None = None
    _ended: bool = False
    """Whether a member ended and none has begun since."""

    def steps(self, data: bytes) -> Iterator[bytes]:
        """What comes out for these bytes, in pieces."""
        for at in range(0, len(data), _STEP):
            try:
                yield from self._step(data[at : at + _STEP])
            except (zlib.error, brotli.error, zstd.ZstdError):
                raise self._corrupt() from None

    def _step(self, data: bytes) -> Iterator[bytes]:
        while data:
            member = self._member or self._begin()
            yield self._decompress(member, data)
            while not (member.eof or member.needs_input):
                yield self._decompress(member, b"")
            data = b""
            if member.eof:
                data = member.unused_data
                self._member, self._ended = None, True

    def _begin(self) -> _Member:
        if not self._left:
            raise self._corrupt()
        self._left -= 1
        self._ended = False
        self._member = self._open()
        return self._member

    def _decompress(self, member: _Member, data: bytes) -> bytes:
        made = member.decompress(data, min(_STEP, self.cap - self._made + 1))
        self._made += len(made)
        if self._made > self.cap:
            raise BadRequest(
                413, "body_too_large", "The request body is too large once it is decoded."
            )
        return made

    def end(self) -> None:
        """No more bytes come."""
        if not self._ended:
            raise BadRequest(
                400, "truncated_content_encoding", f"The {self.coding} body ends too early."
            )

    def _corrupt(self) -> BadRequest:
        message = f"The request body isn't what its Content-Encoding says: bad {self.coding} data."
        return BadRequest(400, "corrupt_content_encoding", message)


@define(eq=False, init=False)
class Decoding:
    """Takes the codings off one body. After an error it is of no use.

    Nothing is held back: all that can be decoded from the bytes so far has been given.

    :param content_encoding: the field's value; several fields are joined by commas.
    :param limit: bytes of the decoded body.
    :raises BadRequest: 415 for a coding that isn't understood, 400 for more than four.
    """

    _layers: tuple[_Layer, ...] = field(repr=False)
    _room: int
    """Bytes that may yet come out where there is no layer to count."""

    def __init__(self, content_encoding: str, limit: int) -> None:
        codings = _codings(content_encoding)
        self._room = limit
        # What is inside is still coded, and may be a little longer than what it decodes to.
        between = limit + limit // 16 + 4096
        caps = [between] * (len(codings) - 1) + [limit]
        self._layers = tuple(
            _Layer(coding, cap, *_CODINGS[coding])
            for coding, cap in zip(reversed(codings), caps, strict=False)
        )

    def feed(self, data: bytes) -> bytes:
        """What these bytes decode to.

        :param data: the next bytes, cut anywhere.
        :raises BadRequest: 413 if the body grows beyond the limit, 400 if it isn't what its field
            says.
        """
        made = b"".join(_through(self._layers, data))
        self._room -= len(made)
        if self._room < 0:
            raise BadRequest(413, "body_too_large", "The request body is too large.")
        return made

    def end(self) -> bytes:
        """The body is over.

        :returns: what was still to come: nothing, for the codings that there are.
        :raises BadRequest: 400 if a layer isn't over.
        """
        for layer in self._layers:
            layer.end()
        return b""


def _codings(value: str) -> list[str]:
    """The codings that a field names, in the order in which they were laid on."""
    named = [part.strip().lower() for part in value.split(",")]
    codings = [name for name in named if name not in ("", "identity")]
    if any(name not in _CODINGS for name in codings):
        raise BadRequest(
            415,
            "unsupported_content_encoding",
            f"The request body has a Content-Encoding that isn't known; these are: {ACCEPTED}.",
            headers=((b"Accept-Encoding", ACCEPTED.encode()),),
        )
    if len(codings) > _MOST_LAYERS:
        message = f"The request body has more than {_MOST_LAYERS} content codings."
        raise BadRequest(400, "too_many_content_encodings", message)
    return codings


def _through(layers: tuple[_Layer, ...], data: bytes) -> Iterator[bytes]:
    if not layers:
        yield data
        return
    for piece in layers[0].steps(data):
        yield from _through(layers[1:], piece)
