"""What a caller wants to see of the models, and what the upstream is asked for on its behalf.

There are three shapes of the same list. Anthropic's is for callers that say ``anthropic-version``, or that are one of
Claude's programs; Codex's for those that say ``client_version=`` in the query; OpenAI's for all others.

A model is named by all that follows ``/models/``, percent-decoded, so that its name may hold slashes and colons,
however they were sent.

Of the query, what is meant for this proxy (``refresh``), or depends on the shape (pages), stays here; all else goes
on. An upstream that speaks Messages gives the list in pages, and is asked for the largest.
"""

from collections.abc import Mapping, Sequence
from enum import Enum
from urllib.parse import parse_qsl, unquote

from attrs import frozen

from openaiproxy.dialects.dialect import bad_field

__all__ = ["Asked", "Page", "Shape", "parse_asked"]

_MODELS = "/models"
_YES = frozenset({"1", "true", "yes"})
_OF_PAGES = ("limit", "after_id", "before_id")
_NOT_ASKED_ON = frozenset({"refresh", "beta", *_OF_PAGES})
_LARGEST = 1000
"""Entries of Anthropic's largest page (https://docs.anthropic.com/en/api/models-list)."""


class Shape(Enum):
    """Whose list it looks like."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    CODEX = "codex"


@frozen
class Page:
    """A part of Anthropic's list.

    :param limit: entries at most; ``None`` for all there are, so that nobody who doesn't ask for pages misses any.
    :param after: the page begins behind the entry of this id.
    :param before: the page ends before the entry of this id.
    """

    limit: int | None = None
    after: str | None = None
    before: str | None = None


@frozen
class Asked:
    """One request for models.

    :param model: the one that is asked for; ``None`` for the list.
    :param refresh: whether a list that is at hand won't do.
    :param upstream: the target of the upstream's list.
    """

    shape: Shape
    model: str | None
    page: Page
    refresh: bool
    upstream: bytes


def parse_asked(
    target: bytes, *, speaks: Sequence[str], anthropic_version: bool, user_agent: str
) -> Asked | None:
    """Read a request for models; ``None`` if the target isn't one.

    :param target: what the upstream would be asked for.
    :param speaks: the upstream's dialects, its best first.
    :param anthropic_version: whether the caller sent that header.
    :raises BadRequest: for a page that can't be.
    """
    path, _, query = target.decode("ascii").partition("?")
    before, mark, name = path.partition(_MODELS)
    if not mark or before not in ("", "/v1") or (name and not name.startswith("/")):
        return None
    said = parse_qsl(query, keep_blank_values=True)
    fields = dict(said)
    shape = Shape.OPENAI
    if anthropic_version or "claude" in user_agent.lower():
        shape = Shape.ANTHROPIC
    elif "client_version" in fields:
        shape = Shape.CODEX
    return Asked(
        shape,
        unquote(name[1:]) or None,
        _page(fields) if shape is Shape.ANTHROPIC else Page(),
        fields.get("refresh", "").lower() in _YES,
        _upstream(before + mark, query, speaks[0] == "messages"),
    )


def _page(fields: Mapping[str, str]) -> Page:
    raw = fields.get("limit")
    if raw is not None and not (raw.isascii() and raw.isdigit() and len(raw) < 10):
        raise bad_field("limit", "must be a whole number")
    limit = None if raw is None else min(max(int(raw), 1), _LARGEST)
    return Page(limit, fields.get("after_id") or None, fields.get("before_id") or None)


def _upstream(path: str, query: str, paged: bool) -> bytes:
    """The list's target, with those parts of the query that go on, as they were sent."""
    parts = [part for part in query.split("&") if part and _name(part) not in _NOT_ASKED_ON]
    if paged:
        parts.append(f"limit={_LARGEST}")
    return "?".join([path, "&".join(parts)] if parts else [path]).encode("ascii")


def _name(part: str) -> str:
    return unquote(part.partition("=")[0])
