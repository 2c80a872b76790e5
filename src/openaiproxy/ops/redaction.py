r"""The last filter before a log: what looks like a credential is replaced, whole.

Nothing of ours puts a credential into a line on purpose. This is the net below: an exception's text
from a library, a key that a caller pasted into a path or a body, a proxy URL with its password. The
filter knows shapes, never the configured secrets themselves, so no list of secrets has to be
carried around.

Some credentials give themselves away::

    sk-proj-Ab12...     eyJhbGciOi....eyJzdWIi....c2ln     ghp_...

and some are known by what stands before them, which is kept::

    Bearer [redacted]       security_key=[redacted]      "api_key": "[redacted]"
    ?key=[redacted]         https://[redacted]@proxy:3128

It errs towards too much: a sentence about "bearer tokens" loses a word. A quoted value is taken up
to its closing quote, also where JSON stands inside a JSON string (``\"api_key\": \"...\"``).

Time is linear in the text, whoever wrote it: each pattern consumes what it has looked at, or is
held off by what stands before it. And it is short, as the patterns are tried only where one of a
few openings was found, by substring search; trying them at each character takes fifty times as
long.
"""

import re
import string
from collections.abc import Iterator

__all__ = ["REDACTED", "redact"]

REDACTED = "[redacted]"

_HEADER = r"(?:authorization|cookie)"
_FIELD = (
    r"(?:security[_-]?key|api[_-]?key|secret[_-]?key|private[_-]?key|secret|passw(?:or)?d|"
    r"(?:access|refresh|id|auth|bearer|session)[_-]token)"
)
_NAMED = rf"""(?:{_HEADER}|{_FIELD})\\*["']?\s*[:=]\s*"""

# A group is what stays; a pattern without one is replaced as a whole.
_PATTERNS = (
    rf'({_NAMED}b?")(?:[^"\\]|\\.)+',
    rf"({_NAMED}b?')(?:[^'\\]|\\.)+",
    rf'({_NAMED}\\+")(?:[^"\\]|\\(?!"))+',
    # A list of values, as Headers shows itself: the rest of the line.
    rf"({_NAMED})\[(?!redacted\])[^\r\n]*",
    # `"password": {"type": "string"}` is a schema.
    rf"""({_FIELD}\\*["']?\s*[:=]\s*)(?!\{{\s*\\*["}}])[^\s&"'\\]+""",
    rf"""({_HEADER}\\*["']?\s*[:=]\s*)[^"'\\\r\n]+""",
    r"""((?<![\w-])(?:key|token)=)[^\s&"'\\]+""",
    r"((?<![\w-])(?:bearer(?:\s|%20|\\x20)+)+)[\w.~+/=-]+",
    r"""(://)[^\s/"'<>]+(?=@)""",
    r"(?<![a-fh-z0-9])sk[-_][\w.-]{3,}",
    r"(?<![\w-])eyJ[\w-]{5,}\.[\w.-]+",
    r"(?<![a-z0-9])(?:sess-|hf_|xai-|gh[opsu]_|pat_|AIza)[\w-]{12,}",
)
_credential_at = re.compile("|".join(_PATTERNS), re.IGNORECASE).match

# How each of the patterns can begin, in lower case.
_OPENINGS = (
    *("auth", "cookie", "sec", "api", "private", "passw", "key=", "token=", "access", "refresh"),
    *("id_t", "id-t", "bearer", "sess", "://", "eyj", "sk-", "sk_", "hf_", "xai-", "gh", "pat_"),
    "aiza",
)
_ASCII_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def redact(text: str) -> str:
    """Replace every part of a text that looks like a credential.

    Doing it twice changes nothing more.

    :param text: of any length, before or after escaping.
    :return: the same object where there was nothing to replace.
    """
    lowered = text.lower()
    openings = [opening for opening in _OPENINGS if opening in lowered]
    if not openings:
        return text
    if len(lowered) != len(text):
        # A few letters have two in lower case, and places would no longer agree.
        lowered = text.translate(_ASCII_LOWER)
    return _redacted(text, sorted(at for each in openings for at in _places(lowered, each)))


def _redacted(text: str, places: list[int]) -> str:
    pieces: list[str] = []
    done = 0
    for at in places:
        if at >= done and (found := _credential_at(text, at)):
            pieces += text[done:at], (found[found.lastindex] if found.lastindex else ""), REDACTED
            done = found.end()
    return "".join((*pieces, text[done:])) if pieces else text


def _places(text: str, part: str) -> Iterator[int]:
    at = text.find(part)
    while at >= 0:
        yield at
        at = text.find(part, at + 1)
