"""What is written to the user: with colour on a terminal, plain in a pipe.

``NO_COLOR`` (https://no-color.org) and ``TERM=dumb`` are honoured. A terminal that can't show a tick gets a word.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import TextIO

from attrs import define

__all__ = ["Mark", "Screen"]


class Mark(Enum):
    """How a line begins: sign, word where the sign can't be shown, colour."""

    GOOD = ("✓", "ok", "32")
    ODD = ("!", "!", "33")
    BAD = ("✗", "x", "31")


@define
class Screen:
    """Standard output and error.

    :param environ: the process's variables.
    """

    out: TextIO
    err: TextIO
    environ: Mapping[str, str]

    def say(self, *lines: str) -> None:
        """Lines for whoever asked."""
        for line in lines:
            self.out.write(_writable(line, self.out) + "\n")
        self.out.flush()

    def block(self, title: str, rows: Iterable[tuple[str, object]]) -> None:
        """A title, and indented rows of a name and a value."""
        self.say(f"{title}:", *(f"  {name}: {value}" for name, value in rows))

    def mark(self, mark: Mark, label: str, detail: str, advice: str = "") -> None:
        """A finding, and what to do about it."""
        sign, word, colour = mark.value
        shown = sign if _can_write(sign, self.out) else word
        self.say(f"{self._coloured(shown, colour)} {label}: {detail}")
        if advice:
            self.say(f"    {advice}")

    def complain(self, *lines: str) -> None:
        """Lines about what is wrong."""
        for line in lines:
            self.err.write(_writable(line, self.err) + "\n")
        self.err.flush()

    def _coloured(self, text: str, colour: str) -> str:
        plain = self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb"
        return text if plain or not self.out.isatty() else f"\x1b[{colour}m{text}\x1b[0m"


def _can_write(text: str, stream: TextIO) -> bool:
    try:
        text.encode(stream.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


def _writable(text: str, stream: TextIO) -> str:
    if _can_write(text, stream):
        return text
    return text.encode("ascii", "backslashreplace").decode()
