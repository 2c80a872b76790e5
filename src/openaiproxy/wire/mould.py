"""What is the same from one record of a stream to the next.

Most records of an answer differ from the one before in a word, a number and some padding. A *mould* is taken from a
record that was read, and tells by a few comparisons of bytes whether another is alike in everything else. If it is,
what the first one meant is what the other means, but for its words::

    event: x.delta\ndata: {"type":"x.delta","n":41,"delta":" the","pad":"a8Zk"}
    |------- same -------------------------|  |---same----|    |-- same -|    |same

Nothing is taken on trust. A value of a number is digits, one of padding is letters and digits, and words end with the
first quote that is followed as the mould says: what stands in JSON's strings can't hold a bare quote, and whoever
reads the words finds out if they were cut at an escaped one.
"""

import re

from attrs import define

__all__ = ["Mould"]

_WORDS, _PADDING, _NUMBER = range(3)
"""What fills a hole."""

_STOP = 8
"""Bytes by which a hole's end is found; a longer text takes longer to look for."""

_SPOKEN = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"')
_OTHER = re.compile(rb'"([0-9A-Za-z]+)"|([0-9]+)(?=[,}])')
"""Padding is its first group and a number its second, as their kinds are counted."""


@define(eq=False)
class Mould:
    """A record with holes.

    :param head: what stands before the first hole.
    :param holes: for each in turn, what fills it, the first bytes behind it by which its end is found (none for the
        last, which goes as far as it can), and all that stands behind it.
    """

    _head: bytes
    _holes: tuple[tuple[int, bytes, bytes], ...]

    @classmethod
    def of(cls, record: bytes, words: bytes, others: tuple[bytes, ...] = ()) -> "Mould | None":
        """The mould of a record, if it has a hole for words.

        A field that is named twice makes none: nobody could tell by its name which of the two is meant.

        :param record: with its lines, as it came, up to the blank one.
        :param words: the name of the field that holds words.
        :param others: names of fields of which the value says nothing.
        """
        spoken = _at(record, words, _SPOKEN)
        if spoken is None:
            return None
        holes = [(spoken.span(1), _WORDS)]
        for name in others:
            if (other := _at(record, name, _OTHER)) is not None:
                kind = other.lastindex or _PADDING
                holes.append((other.span(kind), kind))
        holes.sort()
        starts = [start for (start, _), _ in holes]
        ends = [end for (_, end), _ in holes]
        pairs = zip((0, *ends), (*starts, len(record)), strict=True)
        pieces = [record[end:start] for end, start in pairs]
        if b"\\" in b"".join(pieces):
            return None  # A name that is spelt with escapes could be any.
        kinds = [kind for _, kind in holes]
        stops = [*(piece[:_STOP] for piece in pieces[1:-1]), b""]
        return cls(pieces[0], tuple(zip(kinds, stops, pieces[1:], strict=True)))

    def words(self, record: bytes) -> bytes:
        """The words of a record that is alike, as they are spelt between their quotes; none of any other.

        :param record: with its lines, up to the blank one.
        """
        if not record.startswith(self._head):
            return b""
        words, at = b"", len(self._head)
        for kind, stop, piece in self._holes:
            end = record.find(stop, at) if stop else len(record) - len(piece)
            if end < at or not record.startswith(piece, end):
                return b""
            value = record[at:end]
            if kind is _WORDS:
                words = value
            elif not (value.isdigit() if kind is _NUMBER else value.isalnum()):
                return b""
            elif kind is _NUMBER and value[0] == 48 and len(value) > 1:
                return b""  # JSON has no such number.
            at = end + len(piece)
        return words


def _at(record: bytes, name: bytes, shape: re.Pattern[bytes]) -> re.Match[bytes] | None:
    """The value of a field that is named once, if it has that shape."""
    quoted = b'"%b"' % name
    at = record.find(quoted + b":")
    if at < 0 or record.count(quoted) != 1:
        return None
    return shape.match(record, at + len(quoted) + 1)
