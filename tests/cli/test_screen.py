"""Pleasant on a terminal, plain in a pipe."""

from io import BytesIO, StringIO, TextIOWrapper

import pytest

from openaiproxy.cli.screen import Mark, Screen


class Terminal(StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_colour() -> None:
    out = Terminal()
    Screen(out, out, {}).mark(Mark.BAD, "log", "full", "make room")
    assert out.getvalue() == "\x1b[31m✗\x1b[0m log: full\n    make room\n"


@pytest.mark.parametrize("environ", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_a_terminal_that_wants_none_gets_none(environ: dict[str, str]) -> None:
    out = Terminal()
    Screen(out, out, environ).mark(Mark.GOOD, "log", "well")
    assert out.getvalue() == "✓ log: well\n"


def test_a_pipe_gets_plain_text_that_it_can_take() -> None:
    raw = BytesIO()
    out = TextIOWrapper(raw, encoding="ascii")
    screen = Screen(out, out, {})
    screen.mark(Mark.GOOD, "log", "well")
    screen.block("folders", [("home", "/ü")])
    assert raw.getvalue() == b"ok log: well\nfolders:\n  home: /\\xfc\n"
