r"""Server-sent events, read as the WHATWG's HTML standard reads them (section 9.2.6).

::

    event: response.output_text.delta\n
    data: {"type":"response.output_text.delta","delta":"Hi"}\n
    \n

A line ends with LF, CRLF or CR; lines before a blank one are one event. ``data`` lines are joined
by LF, one space after the colon is not part of the value, a line that begins with a colon is a
comment, and a byte order mark may stand before everything. An event without a ``data`` line is
none. What follows the last blank line when the input ends is dropped, for it may be half of
something. Everything here is bytes: splitting at line ends never cuts a character, so that decoding
UTF-8 is left to whoever reads the data.

The standard has no limits; we do.

Every byte is looked at a fixed number of times, however the input is cut. In the common case (LF
only, whole events in a chunk) a chunk costs two searches, and an event of one data line with at
most a type before it, which nearly all are, one match and no loop over its lines.
"""

import re
from typing import NamedTuple

from attrs import define, field

from openaiproxy.errors import BadUpstream

__all__ = ["Decoder", "Record", "encode", "label"]

_BOM = b"\xef\xbb\xbf"

_PLAIN = re.compile(rb"(?:event: (.*)\n)?data: (.*)").fullmatch
"""Nearly all events: one data line, and at most a type before it. LF is the only line end here."""


class Record(NamedTuple):
    """One event: a tuple, since there is one of these to every word of an answer.

    :param data: its data lines, joined by LF; UTF-8 as sent, not checked.
    :param event: its type; empty where none was named.
    """

    data: bytes
    event: bytes = b""


@define(eq=False)
class Decoder:
    """Cuts bytes into records.

    :param limit: bytes of one event, comments and names included.
    """

    limit: int = 1 << 26
    last_id: bytes = field(default=b"", init=False)
    """The last event id that was sent."""
    retry: int | None = field(default=None, init=False)
    """Milliseconds to wait before connecting again, if sent."""
    _pieces: list[bytes] = field(factory=list, init=False)
    """Chunks since the last blank line; none holds a blank line, nor do two neighbours."""
    _size: int = field(default=0, init=False)
    _started: bool = field(default=False, init=False)
    _after_cr: bool = field(default=False, init=False)

    def feed(self, chunk: bytes) -> list[Record]:
        """The records that these bytes complete.

        :param chunk: the next bytes, cut anywhere.
        :raises BadUpstream: if an event is larger than the limit; the decoder is of no use after
            it.
        """
        records = map(self.read, self.blocks(chunk))
        return [record for record in records if record is not None]

    def blocks(self, chunk: bytes) -> list[bytes]:
        """The lines of the events that these bytes complete, each to be read by :meth:`read`, and in this order.

        :param chunk: the next bytes, cut anywhere.
        :raises BadUpstream: as :meth:`feed`.
        """
        if not self._started:
            chunk = self._start(chunk)
        if self._after_cr or 13 in chunk:
            chunk = self._one_line_end(chunk)
        pieces = self._pieces
        if not pieces and chunk.endswith(b"\n\n") and len(chunk) <= self.limit:
            return chunk[:-2].split(b"\n\n")
        blocks = chunk.split(b"\n\n")
        if pieces and (len(blocks) > 1 or (chunk[:1] == pieces[-1][-1:] == b"\n")):
            blocks = b"".join((*pieces, chunk)).split(b"\n\n")
            pieces.clear()
            self._size = 0
        rest = blocks.pop()
        self._size += len(rest)
        self._check(max(self._size, *map(len, blocks)) if blocks else self._size)
        if rest:
            pieces.append(rest)
        return blocks

    def read(self, block: bytes) -> Record | None:
        """The record of an event's lines, if it is one.

        :param block: lines without a blank one between them.
        """
        plain = _PLAIN(block)
        if plain is None:
            return self._read(block)
        event, data = plain.groups(b"")
        return Record(data, event)

    def _start(self, chunk: bytes) -> bytes:
        """Holds back the first bytes until it is known whether they are a byte order mark."""
        chunk = b"".join((*self._pieces, chunk))
        self._pieces.clear()
        if len(chunk) < len(_BOM) and _BOM.startswith(chunk):
            if chunk:
                self._pieces.append(chunk)
            return b""
        self._started = True
        return chunk.removeprefix(_BOM)

    def _one_line_end(self, chunk: bytes) -> bytes:
        """The bytes with LF for each line end; a CR at the end of a chunk may be half of one."""
        if self._after_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._after_cr = False
        if chunk.endswith(b"\r"):
            self._after_cr = True
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _check(self, size: int) -> None:
        if size > self.limit:
            raise BadUpstream(502, "upstream_too_large", "An event of the upstream is too large.")

    def _read(self, block: bytes) -> Record | None:
        event = b""
        data: list[bytes] = []
        for line in block.split(b"\n"):
            if line.startswith(b"data: "):
                data.append(line[6:])
            elif line.startswith(b"event: "):
                event = line[7:]
            elif line and line[0] != 58:
                name, _, value = line.partition(b":")
                value = value.removeprefix(b" ")
                if name == b"data":
                    data.append(value)
                elif name == b"event":
                    event = value
                else:
                    self._remember(name, value)
        if not data:
            return None
        return Record(data[0] if len(data) == 1 else b"\n".join(data), event)

    def _remember(self, name: bytes, value: bytes) -> None:
        if name == b"id" and b"\0" not in value:
            self.last_id = value
        elif name == b"retry" and value.isdigit():
            self.retry = int(value[:15])


def encode(data: bytes, event: bytes = b"") -> bytes:
    """One record as bytes.

    :param data: without line ends, as JSON is.
    :param event: its type, if it has one.
    """
    if event:
        return b"event: %b\ndata: %b\n\n" % (event, data)
    return b"data: %b\n\n" % data


def label(word: str) -> bytes:
    """A word as the type of a record; empty for one that can't be, such as one with a line end,
    which would begin a record of its own.

    :param word: whoever's.
    """
    return word.encode() if word.isprintable() else b""
