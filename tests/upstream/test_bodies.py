"""Bodies of answers, to the byte: which framing is believed, and where it ends."""

from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.upstream.bodies import BodyReader, Endless, Sized
from openaiproxy.upstream.heads import InvalidAnswer
from openaiproxy.upstream.reading import PlainReader, Reading, reading

from .peers import INSTALLED

Answer = Callable[[], Reading]
OK = b"HTTP/1.1 200 OK\r\n"


def read(answer: Answer, data: bytes, method: bytes = b"GET") -> BodyReader | None:
    reader = answer()
    found = reader.feed(data)
    assert found is not None
    return reader.body(found[0], method)


def chunked(answer: Answer) -> BodyReader:
    reader = read(answer, OK + b"Transfer-Encoding: Chunked\r\n\r\n")
    assert reader is not None
    return reader


@pytest.mark.parametrize(
    ("status", "method"), [(204, b"GET"), (304, b"GET"), (200, b"HEAD"), (404, b"HEAD")]
)
def test_answers_without_a_body_have_none_whatever_their_fields_say(
    answer: Answer, status: int, method: bytes
) -> None:
    for fields in (b"", b"Content-Length: 9\r\n", b"Transfer-Encoding: chunked\r\n"):
        assert read(answer, b"HTTP/1.1 %d X\r\n%b\r\n" % (status, fields), method) is None


def test_each_framing_has_its_reader(answer: Answer) -> None:
    assert read(answer, OK + b"\r\n") == Endless()
    assert read(answer, OK + b"Content-Length: 0\r\n\r\n") is None
    assert read(answer, OK + b"Content-Length: 7\r\n\r\n") == Sized(7)
    assert not isinstance(chunked(answer), Sized | Endless)


def test_a_length_that_is_said_twice_counts_once_or_is_refused_by_llhttp(
    on_wire: str, answer: Answer
) -> None:
    for fields in (b"Content-Length: 7, 07\r\n", b"Content-Length: 7\r\nContent-Length: 7\r\n"):
        if on_wire == "twisted":
            assert read(answer, OK + fields + b"\r\n") == Sized(7)
        else:
            with pytest.raises(InvalidAnswer):
                read(answer, OK + fields + b"\r\n")


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: \r\n",
    ],
)
def test_framings_that_leave_a_choice_are_refused(answer: Answer, fields: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        read(answer, OK + fields + b"\r\n")


def test_http_1_0_has_no_chunks(answer: Answer) -> None:
    with pytest.raises(InvalidAnswer):
        read(answer, b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")


def test_a_sized_body_ends_at_its_size() -> None:
    reader = Sized(5)
    assert (reader.feed(b"abc"), reader.over) == (b"abc", False)
    assert (reader.feed(b"deX"), reader.over, reader.excess) == (b"de", True, True)


CHUNKS = b'4;ext="1"\r\nWiki\r\n0A\r\npedia in \n\r\n3\r\nall\r\n0\r\nTrailer: t\r\n\r\n'


def test_chunks_are_joined_and_trailers_dropped(answer: Answer) -> None:
    reader = chunked(answer)
    assert reader.feed(CHUNKS) == b"Wikipedia in \nall"
    assert (reader.over, reader.excess, reader.fault) == (True, False, None)


@given(cuts=st.lists(st.integers(0, len(CHUNKS)), max_size=6))
def test_chunks_may_be_cut_anywhere(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(CHUNKS)]
    pieces = [CHUNKS[a:b] for a, b in pairwise(edges)]
    for wire in INSTALLED:
        reader = chunked(reading(wire))
        assert b"".join(reader.feed(piece) for piece in pieces) == b"Wikipedia in \nall"
        assert (reader.over, reader.excess, reader.fault) == (True, False, None)


def test_bytes_after_the_last_chunk_are_seen(answer: Answer) -> None:
    for excess in (
        b"HTTP/1.1",
        b"\r\n",
        b"\n",
        b"x",
        OK + b"\r\n",
        OK + b"Content-Length: 2\r\n\r\nno",
    ):
        reader = chunked(answer)
        assert reader.feed(b"2\r\nok\r\n0\r\n\r\n" + excess) == b"ok"
        assert (reader.over, reader.excess, reader.fault) == (True, True, None)


@pytest.mark.parametrize(
    "data",
    [
        b"x\r\n",
        b"-1\r\n",
        b"+1\r\na\r\n",
        b"0x1\r\na\r\n",
        b"1_0\r\n",
        b"\r\n",
        b" 1\r\n",
        b"1\na\n",
        b"1\r\nab\r\n",
        b"1\r\naX",
        b"1\r\na\n",
        b"1 2\r\n",
        b"11111111111111111\r\n",
        b"1;" + b"e" * 5000,
        b"1;" + b"e" * 5000 + b"\r\n",
        b"1;a\rb\r\n",
        b"0\r\nno colon\r\n",
        b"0\r\n" + b"A: b\r\n" * 20_000,
    ],
)
def test_malformed_chunks_are_faults(answer: Answer, data: bytes) -> None:
    reader = chunked(answer)
    reader.feed(data)
    assert reader.fault is not None
    assert not reader.over


def test_what_came_before_a_fault_is_given_out(answer: Answer) -> None:
    reader = chunked(answer)
    assert reader.feed(b"2\r\nok\r\nnope\r\n") == b"ok"
    assert reader.fault is not None


def test_a_line_fed_by_single_bytes_is_bounded(answer: Answer) -> None:
    reader = chunked(answer)
    for _ in range(5000):
        reader.feed(b"0")
        if reader.fault is not None:
            break
    assert reader.fault is not None


def test_trailers_fed_in_pieces_are_bounded(answer: Answer) -> None:
    reader = chunked(answer)
    reader.feed(b"0\r\n")
    for _ in range(5000):
        reader.feed(b"A: a rather long trailer\r\n")
        if reader.fault is not None:
            break
    assert reader.fault is not None
    assert not reader.over


def test_a_trailer_is_read_over_and_the_connection_is_clean(answer: Answer) -> None:
    reader = chunked(answer)
    for byte in b"0\r\nX-Checksum: 1\r\nConnection: x\r\n\r\n":
        reader.feed(bytes([byte]))
    assert (reader.over, reader.excess, reader.fault) == (True, False, None)


def test_space_after_a_chunks_size_is_taken_by_the_plain_reader_alone(answer: Answer) -> None:
    reader = chunked(answer)
    reader.feed(b"2 \r\nok\r\n0\r\n\r\n")
    assert reader.over is (answer is PlainReader)
