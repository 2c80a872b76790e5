"""Nothing that a caller sent can break a line, forge a field, or speak to a terminal."""

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openaiproxy.ops.escaping import block, foreign_word, one_line, word


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("gpt-5.1", "gpt-5.1"),
        ("", ""),
        ("a b", "a\\x20b"),
        ('a"b', "a\\x22b"),
        ("a\\x20b", "a\\\\x20b"),
        ("a\nb\r", "a\\nb\\r"),
        ("\x1b[31m", "\\x1b[31m"),
        ("\x7f\x9b", "\\x7f\\x9b"),
        ("é\u202e\U0001f600\udc80", "\\xe9\\u202e\\U0001f600\\udc80"),
        (b"/\xff\n", "/\\xff\\n"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 200 + "..."),
    ],
)
def test_a_word_is_visible_ascii(text: str | bytes, shown: str) -> None:
    assert word(text) == shown


@given(st.text(max_size=150))
def test_a_word_can_be_read_back(text: str) -> None:
    assert ast.literal_eval(f'"{word(text)}"') == text


@given(st.text())
def test_a_word_has_no_space_and_no_control(text: str) -> None:
    assert all("!" <= character <= "~" and character != '"' for character in word(text))


def test_a_foreign_word_is_redacted_before_it_is_cut() -> None:
    assert foreign_word("x" * 195 + "/sk-abcdefgh") == "x" * 195 + "/[red..."
    assert foreign_word("/v1/sk-abcdef") == "/v1/[redacted]"


def test_a_foreign_word_of_any_length_is_bounded() -> None:
    assert len(foreign_word("\U0001f600" * 1_000_000)) == 200 * 10 + 3


@given(st.text())
def test_a_line_is_one_line_of_printable_characters(text: str) -> None:
    assert one_line(text).isprintable()


def test_a_line_keeps_what_people_read() -> None:
    assert one_line("/home/jürgen: 日本 \u202e\x1b\n") == "/home/jürgen: 日本 \\u202e\\x1b\\n"


def test_a_block_keeps_its_lines_and_nothing_else_that_moves_the_cursor() -> None:
    assert block("a\tb\nc\rd\x1b\u2028e") == "a\tb\nc\\rd\\x1b\\u2028e"
