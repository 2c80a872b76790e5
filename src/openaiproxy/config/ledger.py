"""What loading has to say when it is through: mistakes, warnings, and where each value came from.

Mistakes are collected, never raised one by one, so that an operator mends a configuration in one
go.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

from attrs import define, field

from openaiproxy.errors import Misconfigured

__all__ = ["Ledger", "did_you_mean"]


@define
class Ledger:
    """The one thing that changes while a configuration is read.

    :param mistakes: lines, each naming its place; any of them keeps the process from starting.
    :param warnings: lines about what is allowed but may not be meant.
    :param origins: where each value came from, by dotted key.
    """

    mistakes: list[str] = field(factory=list)
    warnings: list[str] = field(factory=list)
    origins: dict[str, str] = field(factory=dict)

    def mistake(self, where: str, what: str) -> None:
        """Note what keeps the process from starting, once however often it is met."""
        _once(self.mistakes, f"{where}: {what}")

    def warn(self, where: str, what: str) -> None:
        """Note what the operator should know, once however often it is met."""
        _once(self.warnings, f"{where}: {what}")

    def fail(self, where: str, what: str) -> NoReturn:
        """Give up at once, because whatever followed would be mistakes that nobody made.

        :raises Misconfigured: with this mistake and all before it.
        """
        self.mistake(where, what)
        raise Misconfigured("\n".join(self.mistakes))

    def settle(self) -> None:
        """:raises Misconfigured: with all mistakes so far, one a line."""
        if self.mistakes:
            raise Misconfigured("\n".join(self.mistakes))


def _once(lines: list[str], line: str) -> None:
    if line not in lines:
        lines.append(line)


def did_you_mean(word: str, known: Iterable[str], prefix: str = "") -> str:
    """The end of a sentence on an unknown word: the likeliest known one, else all of them.

    :param prefix: what stands before each of them, and says nothing about likeness.
    """
    names = sorted(known)
    match get_close_matches(word, names, 1):
        case [name]:
            return f"did you mean {prefix}{name}?"
        case _:
            return f"known are {', '.join(prefix + name for name in names)}"
