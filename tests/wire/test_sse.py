"""Server-sent events by the WHATWG's rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.errors import BadUpstream
from openaiproxy.wire.sse import Decoder, Record, encode

# Input, and the records that the standard makes of it.
CASES: list[tuple[bytes, list[Record]]] = [
    (b"data: a\n\n", [Record(b"a")]),
    (b"data:a\n\n", [Record(b"a")]),
    (b"data:  a\n\n", [Record(b" a")]),
    (b"data: a\r\n\r\n", [Record(b"a")]),
    (b"data: a\r\r", [Record(b"a")]),
    (b"data: a\r\n\ndata: b\n\r\n", [Record(b"a"), Record(b"b")]),
    (b"data: a\r\r\ndata: b\r\r", [Record(b"a"), Record(b"b")]),
    (b"\xef\xbb\xbfdata: a\n\n", [Record(b"a")]),
    (b"data: a\n\n\xef\xbb\xbfdata: b\n\n", [Record(b"a")]),
    (b": hello\n\ndata: a\n: between\n\n", [Record(b"a")]),
    (b":\n\n:\n\n", []),
    (b"event: e\ndata: a\n\ndata: b\n\n", [Record(b"a", b"e"), Record(b"b")]),
    (b"event:e\ndata: a\nevent: f\n\n", [Record(b"a", b"f")]),
    (b"event: e\n\ndata: a\n\n", [Record(b"a")]),
    (b"data: a\ndata: b\ndata:\n\n", [Record(b"a\nb\n")]),
    (b"data\n\ndata\ndata\n\ndata:", [Record(b""), Record(b"\n")]),
    (b"data: a\nevent\n\n", [Record(b"a")]),
    (b"Data: no\ndatas: no\n data: no\nother: no\ndata: a\n\n", [Record(b"a")]),
    (b"\n\n\ndata: a\n\n\n\n\ndata: b\n\n", [Record(b"a"), Record(b"b")]),
    (b"data: a\n\ndata: cut\n", [Record(b"a")]),
    (b'data: {"a": "\xe2\x82\xac:"}\n\n', [Record(b'{"a": "\xe2\x82\xac:"}')]),
    (b"", []),
]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(("data", "records"), CASES)
def test_records_are_the_same_however_the_bytes_are_cut(
    data: bytes, records: list[Record], size: int
) -> None:
    decoder = Decoder()
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    assert [record for piece in pieces for record in decoder.feed(piece)] == records
    assert decoder.feed(b"") == []


@given(
    st.lists(
        st.sampled_from([b"data: a", b"data", b"event: e", b": c", b"", b"x: y", b"\xef\xbb\xbf"])
    ),
    st.data(),
)
def test_line_ends_may_be_of_any_kind_and_cut_anywhere(
    lines: list[bytes], draw: st.DataObject
) -> None:
    ends = draw.draw(
        st.lists(st.sampled_from([b"\n", b"\r\n"]), min_size=len(lines), max_size=len(lines))
    )
    mixed = b"".join(line + end for line, end in zip(lines, ends, strict=True))
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(mixed)), max_size=6)))
    decoder = Decoder()
    pieces = [mixed[a:b] for a, b in zip([0, *cuts], [*cuts, len(mixed)], strict=True)]
    plain = Decoder().feed(b"".join(line + b"\n" for line in lines))
    assert [record for piece in pieces for record in decoder.feed(piece)] == plain


@given(st.binary())
def test_no_bytes_raise(data: bytes) -> None:
    Decoder().feed(data)


def test_ids_and_waits_are_remembered() -> None:
    decoder = Decoder()
    decoder.feed(b"id: 7\nretry: 250\ndata: a\n\nid: \0\nretry: 2x\nretry:\n\n")
    assert (decoder.last_id, decoder.retry) == (b"7", 250)
    decoder.feed(b"id\n\n")
    assert decoder.last_id == b""


def test_an_event_at_the_limit_passes_and_one_beyond_is_refused() -> None:
    event = b"data: " + b"x" * 94
    assert len(Decoder(limit=100).feed(event + b"\n\n" + event + b"\n\n")) == 2
    with pytest.raises(BadUpstream, match="upstream_too_large"):
        Decoder(limit=99).feed(event + b"\n\n")


def test_an_event_that_never_ends_is_refused_before_it_fills_the_memory() -> None:
    decoder = Decoder(limit=1000)
    for _ in range(1000):
        decoder.feed(b"x")
    with pytest.raises(BadUpstream):
        decoder.feed(b"x")


def test_a_rest_beyond_the_limit_is_refused() -> None:
    with pytest.raises(BadUpstream):
        Decoder(limit=10).feed(b"data: a\n\n" + b"x" * 11)


def test_ten_megabytes_in_one_event_cost_each_byte_once() -> None:
    decoder = Decoder()
    piece = b"x" * 1000
    assert decoder.feed(b"data: ") == []
    for _ in range(10_000):
        assert decoder.feed(piece) == []
    (record,) = decoder.feed(b"\n\n")
    assert len(record.data) == 10_000_000


def test_what_is_encoded_is_decoded() -> None:
    assert encode(b"{}") == b"data: {}\n\n"
    assert encode(b"{}", b"ping") == b"event: ping\ndata: {}\n\n"
    assert Decoder().feed(encode(b"{}", b"ping")) == [Record(b"{}", b"ping")]
