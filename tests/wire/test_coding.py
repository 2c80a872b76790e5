"""Pitfall 62: request bodies in gzip, deflate, br and zstd, stacked, broken, and made to explode."""

import gzip
import struct
import sys
import zlib
from collections.abc import Callable
from itertools import pairwise

import brotli
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openaiproxy.errors import BadRequest
from openaiproxy.wire.coding import ACCEPTED, Decoding

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LIMIT = 1 << 20
BODY = b'{"model":"gpt-4.1","input":"' + bytes(range(32, 127)) * 40 + b'"}'


def raw_deflate(data: bytes) -> bytes:
    made = zlib.compressobj(wbits=-15)
    return made.compress(data) + made.flush()


def in_gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def in_zstd(data: bytes) -> bytes:
    return zstd.compress(data)


CODERS: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "gzip": ("gzip", in_gzip),
    "x-gzip": ("x-gzip", in_gzip),
    "zlib": ("deflate", zlib.compress),
    "raw": ("deflate", raw_deflate),
    "br": ("br", brotli.compress),
    "zstd": ("zstd", in_zstd),
}
every = pytest.mark.parametrize("coder", CODERS)


def decoded(field: str, *pieces: bytes, limit: int = LIMIT) -> bytes:
    decoding = Decoding(field, limit)
    return b"".join([*(decoding.feed(piece) for piece in pieces), decoding.end()])


def refusal(field: str, *pieces: bytes, limit: int = LIMIT) -> tuple[int, str]:
    with pytest.raises(BadRequest) as caught:
        decoded(field, *pieces, limit=limit)
    return caught.value.status, caught.value.code


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


@every
@pytest.mark.parametrize("body", [b"", b"x", BODY, bytes(LIMIT)], ids=["none", "one", "json", "mb"])
def test_62_every_coding_comes_off(coder: str, body: bytes) -> None:
    field, encode = CODERS[coder]
    coded = encode(body)
    assert decoded(field, coded) == body
    assert decoded(field, *(coded[at : at + 1] for at in range(len(coded)))) == body


@given(
    body=st.binary(max_size=5000),
    names=st.lists(st.sampled_from(list(CODERS)), max_size=4),
    cuts=st.lists(st.integers(0, 10_000), max_size=8),
)
@settings(deadline=None, max_examples=150)
def test_62_layers_come_off_in_reverse_however_the_body_is_cut(
    body: bytes, names: list[str], cuts: list[int]
) -> None:
    coded = body
    for name in names:
        coded = CODERS[name][1](coded)
    field = ", ".join(CODERS[name][0] for name in names)
    assert decoded(field, *split(coded, cuts)) == body


@pytest.mark.parametrize("field", ["", "identity", "Identity , ,", " GZIP", "identity,gzip,,"])
def test_62_names_are_read_as_http_reads_them(field: str) -> None:
    coded = in_gzip(BODY) if "gzip" in field.lower() else BODY
    assert decoded(field, coded) == BODY


@pytest.mark.parametrize("field", ["compress", "gzip, snappy", "br;q=1", "*", "gzip deflate"])
def test_62_an_unknown_coding_is_415_and_told_which_would_do(field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        Decoding(field, LIMIT)
    error = caught.value
    assert (error.status, error.code) == (415, "unsupported_content_encoding")
    assert error.headers == ((b"Accept-Encoding", b"gzip, deflate, br, zstd"),)
    assert ACCEPTED in error.message
    assert field not in error.message


def test_62_four_layers_are_taken_off_and_five_are_refused() -> None:
    coded = in_gzip(brotli.compress(in_zstd(zlib.compress(BODY))))
    assert decoded("deflate, zstd, br, gzip", coded) == BODY
    assert decoded("identity, deflate, zstd, identity, br, gzip", coded) == BODY
    assert refusal("gzip, gzip, gzip, gzip, gzip") == (400, "too_many_content_encodings")


@every
def test_62_every_truncation_is_refused(coder: str) -> None:
    field, encode = CODERS[coder]
    coded = encode(BODY[:300])
    for size in range(len(coded)):
        assert refusal(field, coded[:size]) == (400, "truncated_content_encoding"), size


@every
def test_62_the_wrong_order_and_other_data_are_refused(coder: str) -> None:
    field, encode = CODERS[coder]
    for other in (BODY, bytes(50), b"\xff" * 50):
        assert refusal(field, other)[0] == 400
    inner = "zstd" if field != "zstd" else "gzip"
    assert refusal(f"{field}, {inner}", CODERS[inner][1](BODY)) == (400, "corrupt_content_encoding")
    assert refusal(field, encode(BODY)[:20] + b"\xff" * 200)[0] == 400


@every
@pytest.mark.parametrize("rubbish", [b"x", b"\0", b"\x1f\x8b", b"rubbish behind it"])
def test_62_what_follows_the_end_is_refused(coder: str, rubbish: bytes) -> None:
    field, encode = CODERS[coder]
    assert refusal(field, encode(BODY) + rubbish)[0] == 400
    assert refusal(field, encode(BODY), rubbish)[0] == 400


@pytest.mark.parametrize("coder", ["zlib", "raw", "br"])
def test_62_codings_without_members_have_one(coder: str) -> None:
    field, encode = CODERS[coder]
    assert refusal(field, encode(BODY), encode(BODY)) == (400, "corrupt_content_encoding")


def test_62_a_flipped_byte_in_a_sum_is_seen() -> None:
    coded = bytearray(in_gzip(BODY))
    coded[-6] ^= 1
    assert refusal("gzip", bytes(coded)) == (400, "corrupt_content_encoding")


@given(
    coder=st.sampled_from(["gzip", "zstd"]),
    parts=st.lists(st.binary(max_size=200), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 3000), max_size=6),
)
@settings(deadline=None, max_examples=50)
def test_62_members_may_follow_each_other(coder: str, parts: list[bytes], cuts: list[int]) -> None:
    field, encode = CODERS[coder]
    coded = b"".join(encode(part) for part in parts)
    assert decoded(field, *split(coded, cuts)) == b"".join(parts)


def test_62_a_skippable_frame_says_nothing() -> None:
    skippable = struct.pack("<II", 0x184D2A50, 3) + b"abc"
    assert decoded("zstd", skippable + in_zstd(BODY) + skippable) == BODY


@pytest.mark.parametrize("coder", ["gzip", "zstd"])
def test_62_endless_empty_members_are_refused(coder: str) -> None:
    field, encode = CODERS[coder]
    empty = encode(b"")
    assert decoded(field, empty * 9_999 + encode(b"x")) == b"x"
    assert refusal(field, empty * 10_001) == (400, "corrupt_content_encoding")


def test_62_a_window_beyond_the_rfc_is_refused() -> None:
    wide = {
        zstd.CompressionParameter.window_log: 24,
        zstd.CompressionParameter.content_size_flag: 0,
    }
    coder = zstd.ZstdCompressor(options=wide)
    coded = coder.compress(bytes(100)) + coder.flush()
    assert refusal("zstd", coded) == (400, "corrupt_content_encoding")


@every
def test_62_the_limit_is_exact(coder: str) -> None:
    field, encode = CODERS[coder]
    assert len(decoded(field, encode(bytes(70_000)), limit=70_000)) == 70_000
    assert refusal(field, encode(bytes(70_001)), limit=70_000) == (413, "body_too_large")
    assert refusal("", bytes(11), limit=10) == (413, "body_too_large")


def inflated(field: str, bomb: bytes) -> list[int]:
    """How many bytes each layer made before the bomb was refused."""
    decoding = Decoding(field, LIMIT)
    with pytest.raises(BadRequest) as caught:
        decoding.feed(bomb)
    assert (caught.value.status, caught.value.code) == (413, "body_too_large")
    return [layer._made for layer in decoding._layers]


@every
def test_62_a_bomb_is_not_inflated_beyond_the_limit(coder: str) -> None:
    field, encode = CODERS[coder]
    [made] = inflated(field, encode(bytes(50 << 20)))
    # Brotli's bound is one of its own buffer's blocks.
    assert LIMIT < made <= LIMIT + (1 << 17 if coder == "br" else 1)


def test_62_a_stacked_bomb_stops_in_the_layer_that_explodes() -> None:
    bomb = in_gzip(in_gzip(bytes(200 << 20)))
    assert len(bomb) < 4000
    assert max(inflated("gzip, gzip", bomb)) <= LIMIT + 1


def test_62_a_bomb_between_layers_that_decodes_to_nothing_stops_too() -> None:
    skipped = struct.pack("<II", 0x184D2A50, 50 << 20) + bytes(50 << 20)
    assert max(inflated("zstd, gzip", in_gzip(skipped))) <= LIMIT + LIMIT // 16 + 4097


def test_62_incompressible_bytes_may_be_longer_inside_than_decoded() -> None:
    noise = b"".join(zlib.crc32(struct.pack("I", n)).to_bytes(4, "big") for n in range(LIMIT // 4))
    assert len(in_gzip(noise)) > LIMIT
    assert decoded("gzip, br", brotli.compress(in_gzip(noise), quality=1)) == noise


def test_62_what_can_be_decoded_is_given_at_once() -> None:
    coder = zlib.compressobj(wbits=31)
    decoding = Decoding("gzip", LIMIT)
    first = coder.compress(b"first") + coder.flush(zlib.Z_SYNC_FLUSH)
    assert decoding.feed(first) == b"first"
    assert decoding.feed(coder.compress(b"!") + coder.flush()) == b"!"
    assert decoding.end() == b""
