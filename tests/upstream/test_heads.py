"""Heads of answers, to the byte: what is one, what is none, and what it says."""

from collections.abc import Callable

import pytest

from openaiproxy.upstream.heads import HEAD_LIMIT, Head, InvalidAnswer
from openaiproxy.upstream.reading import Reading

Answer = Callable[[], Reading]
OK = b"HTTP/1.1 200 OK\r\n"


def parsed(answer: Answer, block: bytes) -> Head:
    found = answer().feed(block + b"\r\n\r\n")
    assert found is not None
    return found[0]


def test_a_head_keeps_order_case_and_repetition(answer: Answer) -> None:
    head = parsed(
        answer,
        b"HTTP/1.1 201 Made \xfc\r\nSet-Cookie: a=1\r\nx-A:  v \t\r\nSET-cookie: b=2\r\nEmpty:",
    )
    assert (head.status, head.phrase) == (201, b"Made \xfc")
    assert head.headers == [
        (b"Set-Cookie", b"a=1"),
        (b"x-A", b"v"),
        (b"SET-cookie", b"b=2"),
        (b"Empty", b""),
    ]


def test_hop_by_hop_fields_those_named_in_connection_and_the_length_do_not_pass(
    answer: Answer,
) -> None:
    head = parsed(
        answer,
        b"HTTP/1.1 200 OK\r\nConnection: X-Mine, keep-alive\r\nx-mine: 1\r\nKeep-Alive: timeout=5\r\n"
        b"Content-Length: 3\r\nTrailer: t\r\nUpgrade: h2c\r\nProxy-Authenticate: Basic\r\nKept: 2",
    )
    assert head.headers == [(b"Kept", b"2")]
    assert (head.length, head.idle) == (3, 5)


@pytest.mark.parametrize("line", [b"HTTP/1.1 200", b"HTTP/1.1 200 ", b"HTTP/1.0 200 OK"])
def test_a_status_line_may_lack_its_phrase(answer: Answer, line: bytes) -> None:
    assert parsed(answer, line).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 +200 OK",
        b"HTTP/1.1  200 OK",
        b"HTTP/1.1 099 Odd",
        b"HTTP/1.1 2000 OK",
        b"HTTP/1.1 200OK",
        b"HTTP/1.2 200 OK",
        b"HTTP/1.1 200 O\0K",
        b"HTTP/1.1 200 OK\r\n: empty name",
        b"HTTP/1.1 200 OK\r\nno colon",
        b"HTTP/1.1 200 OK\r\nName : v",
        b"HTTP/1.1 200 OK\r\n Name: v",
        b"HTTP/1.1 200 OK\r\nName: v\r\n folded",
        b"HTTP/1.1 200 OK\r\nName: v\r\n\tfolded",
        b"HTTP/1.1 200 OK\r\nName: a\rb",
        b"HTTP/1.1 200 OK\r\nName: a\nOther: b",
        b"HTTP/1.1 200 OK\r\nName: a\0b",
        b"HTTP/1.1 200 OK\r\nN\xe4me: v",
        b"HTTP/1.1 200 OK\r\nContent-Length: x",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0x10",
        b"HTTP/1.1 200 OK\r\nContent-Length:",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1,2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1,",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000,
    ],
)
def test_malformed_heads_are_no_answers(answer: Answer, data: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        answer().feed(data + b"\r\n\r\n")


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH_9\r\n",
        b"<html>",
        b"\x15\x03\x03\x00\x02",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/2 200\r\n",
        b"http/1.1 200 OK\r\n",
    ],
)
def test_what_does_not_begin_as_an_answer_is_refused_at_once(answer: Answer, data: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        answer().feed(data)


@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\n", b"\n\r\n"])
def test_lines_that_end_without_cr_are_refused(answer: Answer, end: bytes) -> None:
    with pytest.raises(InvalidAnswer):
        answer().feed(b"HTTP/1.1 200 OK\r\nA: b" + end)


def test_interim_answers_are_dropped_and_what_follows_the_head_is_handed_on(answer: Answer) -> None:
    found = answer().feed(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        + OK
        + b"A: b\r\n\r\nbody"
    )
    assert found is not None
    head, rest = found
    assert (head.status, head.headers, rest) == (200, [(b"A", b"b")], b"body")


def test_a_switch_of_protocols_is_refused(answer: Answer) -> None:
    with pytest.raises(InvalidAnswer):
        answer().feed(b"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n")


@pytest.mark.parametrize(
    "piece", [b"X-Endless: y\r\n", b"a" * 1000, b"\r\nHTTP/1.1 100 Continue\r\n"]
)
def test_heads_and_interim_answers_are_bounded_together(answer: Answer, piece: bytes) -> None:
    reader = answer()
    reader.feed(b"HTTP/1.1 100 Continue\r\n" if piece[:1] == b"\r" else OK)
    for _ in range(HEAD_LIMIT // len(piece) - 1):
        assert reader.feed(piece) is None
    with pytest.raises(InvalidAnswer, match="longer"):
        reader.feed(piece * 3)


def test_a_whole_head_over_the_limit_is_refused(answer: Answer) -> None:
    with pytest.raises(InvalidAnswer, match="longer"):
        answer().feed(OK + b"A: " + b"b" * HEAD_LIMIT + b"\r\n\r\n")


@pytest.mark.parametrize(
    ("first", "fields", "persistent"),
    [
        (b"HTTP/1.1", b"", True),
        (b"HTTP/1.1", b"Connection: keep-alive\r\n", True),
        (b"HTTP/1.1", b"Connection: Close\r\n", False),
        (b"HTTP/1.1", b"Connection: x, close\r\n", False),
        (b"HTTP/1.0", b"", False),
        (b"HTTP/1.0", b"Connection: Keep-Alive\r\n", True),
    ],
)
def test_who_keeps_the_connection(
    answer: Answer, first: bytes, fields: bytes, persistent: bool
) -> None:
    found = answer().feed(first + b" 200 OK\r\n" + fields + b"\r\n")
    assert found is not None
    assert found[0].persistent is persistent


def test_a_head_may_be_cut_anywhere(answer: Answer) -> None:
    whole = b"HTTP/1.1 100 C\r\n\r\n" + OK + b"A: b\r\nC: d\r\n\r\n"
    reader = answer()
    found = [reader.feed(whole[i : i + 1]) for i in range(len(whole))]
    assert found[:-1] == [None] * (len(whole) - 1)
    assert found[-1] is not None
    assert found[-1][0].headers == [(b"A", b"b"), (b"C", b"d")]
