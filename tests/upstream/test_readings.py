"""Two parsers of one grammar: llhttp takes nothing that the plain reader refuses, and reads what both take alike.

What llhttp refuses and the plain reader takes is listed in ``docs/architecture.rst``; the tests of heads and bodies
hold each of them fast.
"""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openaiproxy.upstream.heads import InvalidAnswer
from openaiproxy.upstream.reading import Reading, reading

from .peers import INSTALLED

pytestmark = pytest.mark.skipif("ours" not in INSTALLED, reason="httptools is not installed")

Outcome = tuple[object, ...]

LINES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK",
        b"HTTP/1.0 200 OK",
        b"HTTP/1.1 204 N",
        b"HTTP/1.1 304 N",
        b"HTTP/1.1 100 C",
        b"HTTP/1.1 101 S",
        b"HTTP/1.1 099 X",
        b"HTTP/2.0 200 OK",
        b"ICE/1.0 200 OK",
        b"HTTP/1.1 200",
        b"\r\nHTTP/1.1 200 OK",
    ]
)
FIELDS = st.sampled_from(
    [
        b"A: b",
        b"a: b \t",
        b"A:",
        b"A : b",
        b" A: b",
        b"A: b\n c",
        b"A: \xff\x01",
        b"A: b\0",
        b"A: b\rC: d",
        b"Content-Length: 3",
        b"content-length: 3 ",
        b"Content-Length: 03",
        b"Content-Length: 3, 3",
        b"Content-Length: +3",
        b"Transfer-Encoding: chunked",
        b"Transfer-Encoding: CHUNKED ",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: identity",
        b"Transfer-Encoding:",
        b"Connection: keep-alive",
        b"Connection: close",
        b"Connection: A, Keep-Alive",
        b"Connection: upgrade",
        b"Upgrade: h2c",
        b"Keep-Alive: timeout=5",
        b"TE: x",
        b"\x80: x",
        b": x",
        b"no colon",
    ]
)
BODIES = st.lists(
    st.sampled_from(
        [
            b"3\r\nabc\r\n",
            b"3;a=b\r\nabc\r\n",
            b"03\r\nabc\r\n",
            b"3\nabc\n",
            b"3\r\nabcd\r\n",
            b"3 \r\nabc\r\n",
            b"0x3\r\n",
            b"0\r\n\r\n",
            b"0\r\nT: x\r\n\r\n",
            b"0\r\nno\r\n\r\n",
            b"\r\n",
            b"\n",
            b"abc",
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
        ]
    ),
    max_size=4,
)
ENDS = st.sampled_from([b"\r\n\r\n", b"\r\n\r\n", b"\r\n\r\n", b"\n\n", b"\r\n\n"])
METHODS = st.sampled_from([b"GET", b"HEAD", b"POST"])


def heard(reader: Reading, method: bytes, pieces: list[bytes]) -> Outcome:
    """What a connection would learn: the head, the body, how it ended."""
    head = body = None
    got, rest = b"", b""
    for number, piece in enumerate(pieces):
        if head is not None:
            rest = piece
        else:
            try:
                found = reader.feed(piece)
                if found is None:
                    continue
                head, rest = found
                body = reader.body(head, method)
            except InvalidAnswer:
                return ("refused",)
        if body is None:
            return (head, "excess" if rest or any(pieces[number + 1 :]) else "whole")
        got += body.feed(rest) if rest else b""
        if body.fault is not None:
            return (head, got, "broken")
        if body.over:
            return (head, got, "excess" if body.excess or any(pieces[number + 1 :]) else "whole")
    return (head, got, "unfinished")


def cut(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(at, len(data)) for at in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


@settings(max_examples=400, deadline=None)
@given(
    line=LINES,
    fields=st.lists(FIELDS, max_size=4),
    end=ENDS,
    body=BODIES,
    noise=st.one_of(st.none(), st.tuples(st.integers(0, 200), st.integers(0, 255))),
    cuts=st.lists(st.integers(0, 250), max_size=4),
    method=METHODS,
)
def test_what_llhttp_takes_is_what_the_plain_reader_takes(
    line: bytes,
    fields: list[bytes],
    end: bytes,
    body: list[bytes],
    noise: tuple[int, int] | None,
    cuts: list[int],
    method: bytes,
) -> None:
    whole = bytearray(b"\r\n".join([line, *fields]) + end + b"".join(body))
    if noise is not None:
        whole[noise[0] % len(whole)] = noise[1]
    pieces = cut(bytes(whole), cuts)
    ours = heard(reading("ours")(), method, pieces)
    plain = heard(reading("twisted")(), method, pieces)
    if ours == plain or ours == ("refused",):
        return
    # The same head and no more of the body than was there, and then a fault that the plain reader
    # did not see, or saw a few bytes later.
    assert ours[0] == plain[0], (ours, plain)
    assert ours[-1] == "broken", (ours, plain)
    assert str(plain[1])[: len(str(ours[1])) - 1] == str(ours[1])[:-1], (ours, plain)
