"""Where a text's statements come from, read and written by the rows of the tables."""

from typing import Any

from openaiproxy.dialects.messages.fields import CITATIONS, NAME
from openaiproxy.dialects.table import Fate, Table
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Citation, Extra, Json, JsonObject

__all__ = ["parse_citation", "parse_citations", "render_citations"]

_KINDS = {
    "web_search_result_location": "url",
    "char_location": "char",
    "page_location": "page",
    "content_block_location": "block",
    "search_result_location": "search_result",
}
_WORDS = {kind: word for word, kind in _KINDS.items()}

_MAY_BE_ABSENT = frozenset({"file_id"})


def _rows(table: Table) -> list[tuple[str, str]]:
    """Name on the wire, and of the citation's field."""
    mapped = [row for row in table.rows if row.fate is Fate.MAPPED]
    return [(row.name, row.hub.removeprefix("Citation.")) for row in mapped]


_FIELDS = {word: _rows(table) for word, table in CITATIONS.items()}
_NUMBERS = frozenset({"start", "end"})


def parse_citations(found: Json) -> tuple[Citation, ...]:
    """Those of a text block.

    :param found: the value of ``citations``.
    """
    if not isinstance(found, list):
        return ()
    return tuple(parse_citation(item) for item in found if isinstance(item, dict))


def parse_citation(found: JsonObject) -> Citation:
    """One citation; of an unknown type, all of it is an extra."""
    word = found.get("type")
    if not isinstance(word, str) or word not in _KINDS:
        return Citation(str(word), extra=Extra(NAME, dict(found)))
    fields: dict[str, Any] = {}
    for name, field in _FIELDS[word]:
        value = found.get(name)
        if isinstance(value, int if field in _NUMBERS else str):
            fields[field] = value
    return Citation(_KINDS[word], extra=CITATIONS[word].rest(found), **fields)


def render_citations(
    citations: tuple[Citation, ...], losses: Losses, *, upstream: bool
) -> list[JsonObject]:
    """The citations that the wire has a word for.

    :param upstream: whether they go to one who checks them, and knows only its own.
    """
    written = (_render(citation, losses, upstream) for citation in citations)
    return [citation for citation in written if citation is not None]


def _render(citation: Citation, losses: Losses, upstream: bool) -> JsonObject | None:
    own = citation.extra is not None and citation.extra.dialect == NAME
    word = _WORDS.get(citation.kind)
    if own and word is None and citation.extra is not None:
        return citation.extra.fields
    if word is None or (upstream and not own):
        losses.note("citations[]", f"no word for a citation of kind {citation.kind}", hint=True)
        return None
    if citation.kind == "url" and citation.start is not None:
        losses.note("citations[].start", "no place in the answer's words", hint=True)
    body: dict[str, Json] = {"type": word}
    if citation.kind == "url":
        body["encrypted_index"] = ""
    body.update(losses.extra(citation.extra, "citations[]", CITATIONS[word].hints))
    for name, field in _FIELDS[word]:
        value = getattr(citation, field)
        if field == "quote" and value is None:
            value = ""
        if value is not None or name not in _MAY_BE_ABSENT:
            body[name] = value
    return body
