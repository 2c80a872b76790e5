"""Continue's reading of a stream, stated anew from its rules.

Its fetch package reads lines, not events:

- each line is taken by itself, as soon as its ``\\n`` is there;
- ``data:`` with or without a space begins a line of JSON; an ``error`` in it is raised;
- ``data: [DONE]``, and a line that begins with ``: ping``, end the reading of what is buffered just
  then: the other lines wait for more bytes to come;
- what is left at the end is taken as one line, so that it had better be one.

Everything else (``event:``, other comments, blank lines) is passed over.
"""

import json
from typing import Any

from attrs import define, field

__all__ = ["LineReader", "Malformed", "read_lines"]


class Malformed(Exception):
    """What Continue shows as "Malformed JSON sent from server"."""


@define
class LineReader:
    """Reads a stream as text comes.

    :ivar found: the JSON of the lines that were taken.
    :ivar ended: how often reading was broken off.
    """

    found: list[Any] = field(factory=list)
    ended: int = 0
    _held: str = ""

    def feed(self, text: str) -> None:
        """More of it."""
        self._held += text
        while "\n" in self._held:
            line, _, self._held = self._held.partition("\n")
            if self._ends(line):
                return

    def close(self) -> None:
        """The end of it."""
        held, self._held = self._held, ""
        if held:
            self._ends(held)

    def _ends(self, line: str) -> bool:
        if line.startswith(("data: [DONE]", ": ping")):
            self.ended += 1
            return True
        if line.startswith("data:"):
            self.found.append(_json(line.removeprefix("data:").removeprefix(" ")))
        return False


def _json(text: str) -> Any:
    try:
        found = json.loads(text)
    except ValueError:
        raise Malformed(text[:200]) from None
    if isinstance(found, dict) and found.get("error"):
        raise Malformed(str(found["error"]))
    return found


def read_lines(body: bytes, sizes: list[int]) -> list[Any]:
    """The JSON of a body's lines.

    :param sizes: of the pieces in which it comes, in turn; one that is 0 takes all the rest.
    """
    reader, text, at, turn = LineReader(), body.decode(), 0, 0
    while at < len(text):
        size = sizes[turn % len(sizes)] or len(text)
        reader.feed(text[at : at + size])
        at, turn = at + size, turn + 1
    reader.close()
    return reader.found
