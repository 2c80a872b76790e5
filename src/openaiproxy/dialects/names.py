"""Names that a wire has no room for, made short in a way that can be undone.

A short name is the head of the long one and a hash of the whole, so that the same name is short in
the same way in every turn, process and machine.
"""

import re
from collections.abc import Iterable
from hashlib import sha256

__all__ = ["LIMIT", "shorten", "shorten_all"]

LIMIT = 64
"""Characters of a function's name, and of a call's id, for OpenAI."""

_BAD = re.compile(r"[^a-zA-Z0-9_-]")


def shorten(name: str, limit: int = LIMIT) -> str:
    """The name if it fits, else a short one of the same meaning to us.

    :param name: any text.
    :param limit: characters, at least 16.
    """
    clean = _BAD.sub("_", name)
    if clean == name and len(name) <= limit:
        return name
    digest = sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return f"{clean[: limit - len(digest) - 1]}_{digest}"


def shorten_all(names: Iterable[str], limit: int = LIMIT) -> dict[str, str]:
    """Short name to the caller's, for those that had to change: what :class:`Rendered` calls
    ``names``.

    :param names: every tool's.
    :param limit: characters.
    """
    return {short: name for name in names if (short := shorten(name, limit)) != name}
