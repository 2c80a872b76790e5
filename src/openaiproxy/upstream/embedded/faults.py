"""The words by which a request asks the stand-in to misbehave.

They stand in the ``x-embedded-fault`` header, or behind a ``!`` in the model's name
(``gpt-4.1!cut=3``) for clients that can't set headers; words of the header win. The grammar is
``word[=value]``, separated by commas:

==================  ===========================================================================
``delay=SECONDS``   wait before the head of the answer
``pace=SECONDS``    wait between chunks
``stall``           send nothing, for ever; ``stall=N``: fall silent after N chunks
``cut=N``           drop the connection after N chunks, without a proper end
``reset``           reset the connection before the head; with ``cut=N``: reset, not close, there
``status=CODE``     refuse with that status (400 to 599), in the dialect's error shape;
                    ``retry-after=SECONDS`` sets that header
``html``            an HTML error page, as of a gateway; status 502 unless ``status`` says otherwise
``error=N``         after N events of a stream, the dialect's error event; a whole answer is a 500
``failed=N``        after N events of a stream, ``response.failed``; a whole response has the
                    status ``failed``; other dialects do as under ``error``
``refuse=NAMES``    refuse what some models do, in the service's words; the names are in the table
                    of ``vetoes.py``, joined by ``+``
``shape=NAMES``     legal, and rare: ``interleaved``: the deltas of parallel calls come in turns;
                    and of responses ``done``: no deltas, only what ends them; ``bare``: the
                    terminal event has no output; joined by ``+``
``filtered``        a content filter cuts the text to half
``code=NAME``       the error of a failed response (``error``, ``failed``) has this code
``noend``           a stream ends cleanly, but without its terminal events
``framing=STYLE``   odd but legal SSE: ``crlf cr nospace multiline comments bytewise``, joined
                    by ``+``
``chunks=N``        a long answer text of N pieces
``size=BYTES``      a long answer text of that many bytes
``ratelimits[=N]``  the rate-limit headers say that N requests (0) and no tokens remain
==================  ===========================================================================

A chunk is one event of a stream (one byte under ``bytewise``), 256 bytes of a whole or binary
answer; where an answer has no more chunks than ``cut`` names, its last chunk is held back, so that
a cut always cuts. Words that aren't known are refused by name.
"""

import math
from collections.abc import Callable
from typing import Any

from attrs import evolve, frozen

from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["FRAMINGS", "SHAPES", "Fault", "parse_fault", "split_model"]

FRAMINGS = frozenset({"crlf", "cr", "nospace", "multiline", "comments", "bytewise"})
SHAPES = frozenset({"interleaved", "done", "bare"})
_MANY = 10_000_000
_LONG = 16 * 2**30


@frozen
class Fault:
    """What a request asks to go wrong; times in seconds, counts in chunks or events, ``None`` for
    "not asked".
    """

    delay: float = 0.0
    pace: float = 0.0
    stall: int | None = None
    cut: int | None = None
    reset: bool = False
    status: int | None = None
    retry_after: float | None = None
    html: bool = False
    error: int | None = None
    failed: int | None = None
    noend: bool = False
    refuse: frozenset[str] = frozenset()
    shape: frozenset[str] = frozenset()
    filtered: bool = False
    code: str | None = None
    framing: frozenset[str] = frozenset()
    chunks: int | None = None
    size: int | None = None
    ratelimits: int | None = None

    @property
    def counts(self) -> bool:
        """Whether it matters how an answer is divided into chunks."""
        return bool(self.pace) or self.cut is not None or bool(self.stall and self.stall > 0)


def _seconds(value: str) -> float:
    number = float(value)
    if not (math.isfinite(number) and 0 <= number <= 86_400):
        raise ValueError("seconds from 0 to 86400")
    return number


def _number(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and low <= int(value[:20]) <= high):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return read


def _styles(value: str) -> frozenset[str]:
    styles = frozenset(value.split("+"))
    if not styles <= FRAMINGS or {"cr", "crlf"} <= styles:
        raise ValueError(f"of {' '.join(sorted(FRAMINGS))}, joined by +")
    return styles


def _shapes(value: str) -> frozenset[str]:
    shapes = frozenset(value.split("+"))
    if not shapes <= SHAPES:
        raise ValueError(f"of {' '.join(sorted(SHAPES))}, joined by +")
    return shapes


def _names(value: str) -> frozenset[str]:
    return frozenset(value.split("+"))


def _code(value: str) -> str:
    if not value.isidentifier():
        raise ValueError("a word")
    return value


_COUNT = _number(0, _MANY)
#: word -> how its value is read, and what it means without one (``None``: a value is required).
_WORDS: dict[str, tuple[Callable[[str], Any] | None, Any]] = {
    "delay": (_seconds, None),
    "pace": (_seconds, None),
    "stall": (_COUNT, -1),
    "cut": (_COUNT, None),
    "reset": (None, True),
    "status": (_number(400, 599), None),
    "retry-after": (_seconds, None),
    "html": (None, True),
    "error": (_COUNT, None),
    "failed": (_COUNT, None),
    "noend": (None, True),
    "refuse": (_names, None),
    "shape": (_shapes, None),
    "filtered": (None, True),
    "code": (_code, None),
    "framing": (_styles, None),
    "chunks": (_number(1, _MANY), None),
    "size": (_number(1, _LONG), None),
    "ratelimits": (_COUNT, 0),
}


def parse_fault(text: str, onto: Fault | None = None) -> Fault:
    """Read fault words.

    :param text: the words, as in the table above; may be empty.
    :param onto: a fault whose words these are added to.
    :raises Refusal: 400, naming the word that isn't known or whose value can't be read.
    """
    asked: dict[str, Any] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        word, equals, value = part.partition("=")
        asked[word.replace("-", "_")] = _value(word, value if equals else None)
    return evolve(onto or Fault(), **asked)


def _value(word: str, value: str | None) -> Any:
    if word not in _WORDS:
        raise Refusal(400, f"Unknown fault word: '{word}'.", code="unknown_fault")
    read, bare = _WORDS[word]
    if value is None and bare is not None:
        return bare
    try:
        if read is None:
            raise ValueError("no value")
        if value is None:
            raise ValueError("a value")
        return read(value)
    except ValueError as error:
        message = f"The fault word '{word}' can't be read: {error} is expected."
        raise Refusal(400, message, code="invalid_fault") from None


def split_model(name: str) -> tuple[str, str]:
    """The model's own name, and the fault words behind its ``!`` (empty where there are none)."""
    model, _, words = name.partition("!")
    return model, words
