r"""Text from outside, made fit to stand in a line.

A log is read by people in terminals and by programs that split lines at spaces. Neither may be told
anything by what a caller put into a path or a model name. Degrees, one for each kind of text:

* a **word** (:func:`word`) is a field of a request's line: visible ASCII only, spaces escaped too,
  bounded; a **foreign word** (:func:`foreign_word`) is redacted besides;
* a **line** (:func:`one_line`) is a message of ours, which may quote something: printable, no line
  break;
* a **block** (:func:`block`) is a body or a traceback: printable, lines kept.

Most words are those of the request before (methods, paths, models, names), so the last ones are
remembered.

What is not allowed becomes a Python escape (``\x1b``, ``\u202e``), and a backslash in a word is
doubled, so nothing that was escaped can be confused with something that was not.
"""

import re
from functools import lru_cache
from re import Match

from openaiproxy.ops.redaction import redact

__all__ = ["block", "foreign_word", "one_line", "word"]

_is_plain = re.compile(r"[!#-\[\]-~]+").fullmatch
_not_plain = re.compile(r"[^!#-\[\]-~]")
_not_ascii_line = re.compile(r"[^ -~]")
_not_ascii_block = re.compile(r"[^ -~\n\t]")

# Those which ``ascii`` would leave as they are.
_OWN_ESCAPES = {" ": "\\x20", '"': "\\x22", "\\": "\\\\"}


def word(text: str | bytes, limit: int = 200) -> str:
    """Make a field of a line: visible ASCII without spaces and double quotes.

    :param text: as it came; bytes are read as ISO 8859-1, so that each shows as itself.
    :param limit: characters kept, before escaping; ``...`` stands for the rest.
    """
    return _word(text, limit)


@lru_cache(maxsize=256)
def _word(text: str | bytes, limit: int) -> str:
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if len(text) > limit:
        text = text[:limit] + "..."
    return text if _is_plain(text) else _not_plain.sub(_escaped, text)


def foreign_word(text: str | bytes, limit: int = 200) -> str:
    """Make a field, as :func:`word`, of what a caller or an upstream chose: redacted first."""
    return _foreign_word(text, limit)


@lru_cache(maxsize=256)
def _foreign_word(text: str | bytes, limit: int) -> str:
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if len(text) > limit:
        # A little past the limit, or the cut could leave half a key that looks like none.
        text = text[: limit + 1000]
    return word(redact(text), limit)


def one_line(text: str) -> str:
    """Keep printable characters; escape others, line breaks among them."""
    if text.isascii() and text.isprintable():
        return text
    return _not_ascii_line.sub(_escaped_unless_printable, text)


def block(text: str) -> str:
    """Keep printable characters, line feeds and tabs; escape others."""
    return _not_ascii_block.sub(_escaped_unless_printable, text)


def _escaped(found: Match[str]) -> str:
    return _OWN_ESCAPES.get(found[0]) or ascii(found[0])[1:-1]


def _escaped_unless_printable(found: Match[str]) -> str:
    character = found[0]
    return character if character.isprintable() else ascii(character)[1:-1]
