"""Where one event ends: the WHATWG line rules, for any stream cut anywhere."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.wire.boundary import Boundary


def fed(*pieces: bytes) -> bool:
    boundary = Boundary()
    for piece in pieces:
        boundary.feed(piece)
    return boundary.between_events()


@pytest.mark.parametrize(
    "stream",
    [
        b"",
        b"\n",
        b"\r\n",
        b"data: x\n\n",
        b"data: x\r\n\r\n",
        b"data: x\r\n\n",
        b"data: x\n\r\n",
        b"data: x\r\r\n",
        b"data: x\n\n\n",
        b": comment\n\n",
        b"data: x\r\r\n\n",
    ],
)
def test_an_empty_line_ends_an_event(stream: bytes) -> None:
    assert fed(stream)


@pytest.mark.parametrize(
    "stream",
    [
        b"d",
        b"data: x",
        b"data: x\n",
        b"data: x\r\n",
        b"data: x\r\n\r",
        b"data: x\n\r",
        b"data: x\r",
        b"data: x\n\nd",
        b"data: x\r\rd",
        b"data: x\n\ndata: y\n",
        b"\xef\xbb\xbf",
    ],
)
def test_a_line_or_an_event_that_goes_on_is_none(stream: bytes) -> None:
    assert not fed(stream)


def test_a_carriage_return_at_the_end_may_be_half_of_a_line_end() -> None:
    assert not fed(b"data: x\r\r")
    assert fed(b"data: x\r\r", b"\n")


@given(st.lists(st.text("\r\nx:", max_size=6).map(str.encode), max_size=8))
def test_any_splitting_of_any_stream_is_followed(pieces: list[bytes]) -> None:
    assert fed(*pieces) == model(b"".join(pieces))


@given(st.lists(st.text("\r\nx:", min_size=1, max_size=6).map(str.encode), max_size=6))
def test_a_comment_there_changes_no_event(pieces: list[bytes]) -> None:
    boundary, plain, with_comments = Boundary(), b"", b""
    for piece in pieces:
        if boundary.between_events():
            with_comments += b": keepalive\n\n"
        boundary.feed(piece)
        plain += piece
        with_comments += piece
    assert events(with_comments) == events(plain)


def model(stream: bytes) -> bool:
    """Between events: nothing yet, or the last line is over for certain, and was empty."""
    if stream.endswith(b"\r"):
        return False
    lines = re.split(rb"\r\n|\n|\r", stream)
    return lines == [b""] or (lines[-1] == b"" and lines[-2] == b"")


def events(stream: bytes) -> list[list[bytes]]:
    """The events of a stream as a reader sees them: groups of lines that are no comments."""
    found: list[list[bytes]] = [[]]
    for line in re.split(rb"\r\n|\n|\r", stream):
        if not line:
            found.append([])
        elif not line.startswith(b":"):
            found[-1].append(line)
    return [event for event in found if event]
