"""A glance at a body: the model, wherever clients put it, at a fixed cost."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.wire.peek import KEPT, Peek

FILLING = "x" * (3 * KEPT)


def seen(*pieces: bytes) -> str | None:
    peek = Peek()
    for piece in pieces:
        peek.feed(piece)
    return peek.model()


def in_pieces(body: bytes, size: int) -> list[bytes]:
    return [body[i : i + size] for i in range(0, len(body), size)]


@pytest.mark.parametrize("size", [1, 7, KEPT - 1, KEPT, KEPT + 1, 1 << 20])
@pytest.mark.parametrize(
    "body",
    [
        {"model": "gpt-4.1", "input": FILLING},
        {"input": FILLING, "model": "gpt-4.1"},
        {"model": "gpt-4.1"},
    ],
)
def test_the_model_is_seen_at_either_end(body: dict[str, str], size: int) -> None:
    assert seen(*in_pieces(json.dumps(body).encode(), size)) == "gpt-4.1"
    assert seen(*in_pieces(json.dumps(body, indent=2).encode(), size)) == "gpt-4.1"


def test_the_model_of_a_form_is_seen() -> None:
    head = b'--b\r\nContent-Disposition: form-data; name="model"\r\n'
    tail = b"\r\nwhisper-1\r\n--b--\r\n"
    assert seen(head + tail) == "whisper-1"
    assert seen(head + b"Content-Type: text/plain\r\n" + tail) == "whisper-1"


def test_a_model_inside_a_string_is_not_taken_for_it() -> None:
    body = {"input": json.dumps({"model": "not this"}), "model": "gpt-4.1"}
    assert seen(json.dumps(body).encode()) == "gpt-4.1"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b'{"model": null}',
        b'{"model": ""}',
        b'{"model": "' + b"x" * 201 + b'"}',
        b'{"model": "cut of',
        b'{"model": "a\\u0062"}',
        b'{"model": "two\nlines"}',
        b'{"models": "gpt-4.1"}',
        b'name="model"\r\n\r\nno end',
    ],
)
def test_what_is_no_plain_model_is_not_seen(body: bytes) -> None:
    assert seen(body) is None


def test_a_name_that_is_no_utf8_is_still_text() -> None:
    assert seen(b'{"model": "a\xffb"}') == "a\ufffdb"


def test_a_model_in_the_middle_of_a_large_body_stays_unseen() -> None:
    assert seen(json.dumps({"a": FILLING, "model": "m", "b": FILLING}).encode()) is None


@given(st.lists(st.binary(max_size=3 * KEPT), max_size=6))
def test_only_both_ends_are_kept_whatever_comes(pieces: list[bytes]) -> None:
    peek, whole = Peek(), b"".join(pieces)
    for piece in pieces:
        peek.feed(piece)
    assert (peek._head, peek._tail) == (whole[:KEPT], whole[-KEPT:])
