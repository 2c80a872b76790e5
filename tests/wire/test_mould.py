"""Records that are alike, and those that only seem so."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.wire.json import loads_words
from openaiproxy.wire.mould import Mould

RECORD = b'event: x.delta\ndata: {"type":"x.delta","n":41,"delta":" the","pad":"a8Zk","at":{"i":0}}'
OTHERS = (b"n", b"pad")


def made(record: bytes = RECORD) -> Mould:
    mould = Mould.of(record, b"delta", OTHERS)
    assert mould is not None
    return mould


def like(words: str = " the", number: str = "41", padding: str = "a8Zk") -> bytes:
    text = RECORD.replace(b"41", number.encode()).replace(b"a8Zk", padding.encode())
    return text.replace(b'" the"', json.dumps(words, ensure_ascii=False).encode())


@given(st.text(min_size=1), st.integers(0, 1 << 40), st.from_regex("[0-9A-Za-z]+", fullmatch=True))
def test_what_differs_in_its_holes_is_alike(words: str, number: int, padding: str) -> None:
    assert loads_words(made().words(like(words, str(number), padding))) == words


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_mould_is_the_same_whatever_words_it_is_taken_from(first: str, then: str) -> None:
    assert loads_words(made(like(first)).words(like(then))) == then


NOT_ALIKE = {
    "another type": RECORD.replace(b"x.delta", b"y.delta"),
    "another place": RECORD.replace(b'"i":0', b'"i":1'),
    "one field more": RECORD.replace(b"}}", b'},"more":1}'),
    "something behind": RECORD + b"\nid: 1",
    "no number": RECORD.replace(b"41", b"true"),
    "no number of JSON's": RECORD.replace(b"41", b"041"),
    "a number of another kind": RECORD.replace(b"41", b"4.1"),
    "padding of other characters": RECORD.replace(b"a8Zk", b"a8-k"),
    "padding that is none": RECORD.replace(b'"a8Zk"', b"null"),
    "cut": RECORD[:-1],
    "nothing": b"",
    "no words": RECORD.replace(b" the", b""),
    "words that are null": RECORD.replace(b'" the"', b"null"),
}


@pytest.mark.parametrize("record", NOT_ALIKE.values(), ids=NOT_ALIKE)
def test_what_differs_elsewhere_is_not_alike(record: bytes) -> None:
    assert loads_words(made().words(record)) == ""


UNREADABLE = {
    "a quote within": RECORD.replace(b" the", b'a"b'),
    "a line end within": RECORD.replace(b" the", b"a\nb"),
    "an escape cut short": RECORD.replace(b" the", b"a\\"),
    "no UTF-8": RECORD.replace(b" the", b"\xff"),
    "half a pair": RECORD.replace(b" the", b"\\ud83d"),
    "a field hidden in the words": RECORD.replace(b" the", b'a","pad":"b","delta":"c'),
}


@pytest.mark.parametrize("record", UNREADABLE.values(), ids=UNREADABLE)
def test_words_that_are_no_string_are_left_to_who_reads_with_care(record: bytes) -> None:
    assert loads_words(made().words(record)) == ""


NO_MOULD = {
    "no such field": RECORD.replace(b'"delta":', b'"omega":'),
    "named twice": RECORD.replace(b'"i":0', b'"delta":"x"'),
    "a value of that name": RECORD.replace(b'"i":0', b'"i":"delta"'),
    "no text": RECORD.replace(b'" the"', b"7"),
    "spaced": RECORD.replace(b'"delta":', b'"delta" :'),
    "a name that may be any": RECORD.replace(b'"at"', b'"\\u0061t"'),
}


@pytest.mark.parametrize("record", NO_MOULD.values(), ids=NO_MOULD)
def test_a_record_that_could_mean_something_else_gives_no_mould(record: bytes) -> None:
    assert Mould.of(record, b"delta", OTHERS) is None


def test_other_holes_need_not_be_there() -> None:
    record = b'data: {"delta":"a"}'
    mould = Mould.of(record, b"delta", OTHERS)
    assert mould is not None
    assert mould.words(b'data: {"delta":"b"}') == b"b"
