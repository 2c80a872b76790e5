"""What parts carry beside their words: what only one dialect can read, proofs, odds, sources.

:mod:`openaiproxy.hub.parts` says when each is used, and offers all of these names too.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import field, frozen

__all__ = ["Citation", "Extra", "Json", "JsonObject", "Logprob", "Seal"]

Json: TypeAlias = Any
"""What a JSON text may hold. Never changed once it is in a hub value."""

JsonObject: TypeAlias = Mapping[str, Json]

_MARK = "openaiproxy.1."


@frozen
class Extra:
    """Fields that only one dialect has a word for.

    :param dialect: whose they are.
    :param fields: name on the wire to value, as read.
    :param hints: those of the names whose loss changes no answer.
    """

    dialect: str
    fields: JsonObject
    hints: frozenset[str] = field(default=frozenset(), eq=False, repr=False)


@frozen
class Seal:
    """Something that only its maker can open or verify.

    :param dialect: the dialect in which the maker spoke.
    :param data: the sealed text, as read.
    :param kind: the maker's word where it has several sorts, such as ``redacted``; else empty.
    """

    dialect: str
    data: str = field(repr=False)
    kind: str = ""

    def packed(self) -> str:
        """The seal as one string that a client of another dialect can carry and hand back."""
        return f"{_MARK}{self.dialect}.{self.kind}.{self.data}"

    @classmethod
    def read(cls, text: str, dialect: str) -> "Seal":
        """The seal in a string: ours unpacked, or else ``dialect``'s own."""
        if text.startswith(_MARK):
            maker, dot, rest = text[len(_MARK) :].partition(".")
            kind, other, data = rest.partition(".")
            if dot and other and maker:
                return cls(maker, data, kind)
        return cls(dialect, text)


@frozen
class Logprob:
    """One token's log probability.

    :param raw: the token's UTF-8 bytes, as numbers, where given.
    :param top: the likeliest tokens at this place, each with no ``top`` of its own.
    """

    token: str
    logprob: float
    raw: tuple[int, ...] | None = None
    top: tuple["Logprob", ...] = ()


@frozen
class Citation:
    """Where a statement comes from.

    :param kind: ``url``, ``file``, ``container_file``, ``file_path``, ``char``, ``page``,
        ``block``, ``search_result``, or a word of the dialect's own.
    :param start: first character, page or block, as ``kind`` counts them.
    :param end: one past the last.
    :param quote: the cited words.
    """

    kind: str
    url: str | None = None
    title: str | None = None
    start: int | None = None
    end: int | None = None
    file_id: str | None = None
    filename: str | None = None
    quote: str | None = None
    extra: Extra | None = None
