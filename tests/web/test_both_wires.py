"""Arbitrary bytes: neither wire raises, and ours takes nothing that Twisted's refuses."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.web.both_wires import ROWS, assert_no_looser, see, spoil
from tests.web.conftest import NEEDS_LLHTTP
from tests.web.wiring import request

pytestmark = NEEDS_LLHTTP

LINES = st.sampled_from(
    [
        b"GET /x HTTP/1.1",
        b"POST /x HTTP/1.1",
        b"Host: localhost",
        b"Content-Length: 3",
        b"Content-Length: 0",
        b"Transfer-Encoding: chunked",
        b"Expect: 100-continue",
        b"Connection: close",
        b"Connection: upgrade",
        b"Upgrade: x",
        b"X: y",
        b"",
        b"",
        b"abc",
        b"3",
        b"0",
    ]
)
ENDS = st.sampled_from([b"\r\n"] * 12 + [b"\n", b"\r", b"", b"\r\n ", b"\x00"])
TEXTS = st.lists(st.one_of(LINES, ENDS, st.binary(max_size=6)), max_size=20)
WHOLE_LINES = st.lists(st.tuples(LINES, ENDS).map(b"".join), max_size=24)


@settings(max_examples=150, deadline=None)
@given(parts=st.one_of(TEXTS, WHOLE_LINES), joined=st.booleans())
def test_lines_in_any_order_are_seen_alike(parts: list[bytes], *, joined: bool) -> None:
    assert_no_looser([b"".join(parts)] if joined else [part for part in parts if part])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=4))
def test_bytes_that_mean_nothing_are_seen_alike(pieces: list[bytes]) -> None:
    assert_no_looser([piece for piece in pieces if piece])


@pytest.mark.parametrize("seed", range(60))
def test_spoilt_rows_of_the_table_are_seen_alike(seed: int) -> None:
    assert_no_looser(spoil(random.Random(seed)))


def test_the_comparison_sees_what_passes() -> None:
    seen = see("ours", [request("POST", "/x", body=b"hello"), request("GET", "/y")])
    assert seen.requests == ((b"POST", b"/x", b"hello", True), (b"GET", b"/y", b"", True))
    assert not seen.refused
    assert see("twisted", [b"GET /x HTTP/1.1\n"]).refused
    assert len(ROWS) > 150
