"""The words of an answer: counted, cut to a limit, and handed out piece by piece.

A token is one piece: a word with the white space before it. :class:`Short` texts are held; a
:class:`Long` one is only a description of itself, so that an answer of many megabytes is never in
memory: in a document a marker stands for it, and :func:`spread` puts the text in the marker's place
while the document is written out. The marker holds a digest of the request, so no request can
contain it. Long texts are numbered ASCII pieces; a reader can prove that none was lost or moved.
"""

import re
from collections.abc import Iterator

from attrs import frozen

__all__ = ["Long", "Short", "Text", "long_text", "short_text", "spread", "spread_size", "tokens"]

_PIECE = re.compile(r"\s*\S+\s*\Z|\s*\S+|\s+\Z")
_BLOCK = 32 * 1024
_WIDTH = 1024


@frozen
class Short:
    """A text that fits in memory, as its pieces."""

    words: tuple[str, ...]

    @property
    def value(self) -> str:
        """The text as it stands in a document."""
        return "".join(self.words)

    @property
    def count(self) -> int:
        """How many pieces, which is how many tokens."""
        return len(self.words)

    def pieces(self) -> Iterator[str]:
        """The pieces, in order."""
        return iter(self.words)

    def head(self, count: int) -> "Short":
        """The first pieces of it."""
        return Short(self.words[:count])


@frozen
class Long:
    """A text that is made while it is read: ``count`` numbered pieces of ``size`` bytes together.

    :param value: the marker that stands for the text in a document.
    """

    value: str
    count: int
    size: int

    def pieces(self) -> Iterator[str]:
        """The pieces, in order; each begins with its number where there is room."""
        width, wider = divmod(self.size, self.count)
        for number in range(self.count):
            room = width + (number < wider)
            yield f"{number:08d} ".ljust(room, ".")[: room - 1] + " "

    def head(self, count: int) -> "Long":
        """The first pieces of it."""
        if count >= self.count:
            return self
        width, wider = divmod(self.size, self.count)
        return Long(self.value, count, width * count + min(wider, count))

    def blocks(self) -> Iterator[bytes]:
        """The text in blocks of some 32 KiB, for writing."""
        block, held = [], 0
        for piece in self.pieces():
            block.append(piece)
            held += len(piece)
            if held >= _BLOCK:
                yield "".join(block).encode()
                block, held = [], 0
        yield "".join(block).encode()


Text = Short | Long


def short_text(text: str) -> Short:
    """A text as its pieces; joined they are the text again."""
    return Short(tuple(_PIECE.findall(text)))


def long_text(digest: str, chunks: int | None, size: int | None) -> Long:
    """A long text of that many pieces, or bytes, or both.

    :param digest: hex digits that no part of the request contains.
    """
    count = chunks or max(1, -(-(size or 0) // _WIDTH))
    size = size or 9 * count
    return Long(f"long-text-{digest}", min(count, size), size)


def tokens(text: str) -> int:
    """How many tokens a text has."""
    return sum(1 for _ in _PIECE.finditer(text))


def spread(document: bytes, text: Text | None) -> Iterator[bytes]:
    """A serialised document, with a long text in the place of each of its markers."""
    if not isinstance(text, Long):
        yield document
        return
    first, *others = document.split(text.value.encode())
    yield first
    for part in others:
        yield from text.blocks()
        yield part


def spread_size(document: bytes, text: Text | None) -> int:
    """How many bytes :func:`spread` gives for it."""
    if not isinstance(text, Long):
        return len(document)
    marker = text.value.encode()
    return len(document) + document.count(marker) * (text.size - len(marker))
