"""Texts: pieces, limits, and long texts that nobody holds."""

from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.upstream.embedded.texts import (
    Short,
    long_text,
    short_text,
    spread,
    spread_size,
    tokens,
)


@given(st.text())
def test_pieces_joined_are_the_text(text: str) -> None:
    short = short_text(text)
    assert "".join(short.pieces()) == short.value == text
    assert short.count == tokens(text)


@given(st.integers(1, 300), st.integers(1, 5000))
def test_a_long_text_has_the_size_and_the_pieces_asked_for(chunks: int, size: int) -> None:
    text = long_text("ab", chunks, size)
    pieces = list(text.pieces())
    assert len("".join(pieces)) == text.size == size
    assert len(pieces) == text.count == min(chunks, size)
    assert b"".join(text.blocks()).decode() == "".join(pieces)


@given(st.integers(1, 300), st.integers(1, 5000), st.integers(1, 400))
def test_the_head_of_a_long_text_is_its_first_pieces(chunks: int, size: int, count: int) -> None:
    text = long_text("ab", chunks, size)
    head = text.head(count)
    assert list(head.pieces()) == list(text.pieces())[:count]
    assert len("".join(head.pieces())) == head.size


def test_pieces_of_a_long_text_are_numbered() -> None:
    pieces = list(long_text("ab", 1000, None).pieces())
    assert [int(piece) for piece in pieces] == list(range(1000))


def test_a_document_is_spread_with_the_text_at_each_marker() -> None:
    text = long_text("ab", None, 100_000)
    whole = "".join(text.pieces()).encode()
    document = f'["{text.value}","{text.value}"]'.encode()
    assert b"".join(spread(document, text)) == b'["' + whole + b'","' + whole + b'"]'
    assert spread_size(document, text) == len(document) + 2 * (100_000 - len(text.value))


def test_a_short_text_is_no_marker() -> None:
    text = Short(("long-text-ab",))
    assert b"".join(spread(b"long-text-ab", text)) == b"long-text-ab"
