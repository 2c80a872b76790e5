"""Annotations and log probabilities: what stands beside an answer's words.

It knows four sorts of annotation by name; every other keeps its word and its fields.
"""

from typing import Any

from openaiproxy.dialects.responses.fields import NAME
from openaiproxy.dialects.responses.values import objects, said, string, whole
from openaiproxy.hub.parts import Citation, Extra, JsonObject, Logprob

__all__ = ["parse_annotation", "parse_logprobs", "render_annotation", "render_logprobs"]

_KINDS = {
    "url_citation": "url",
    "file_citation": "file",
    "container_file_citation": "container_file",
    "file_path": "file_path",
}
_WORDS = {kind: word for word, kind in _KINDS.items()}
_FIELDS = {"type", "url", "title", "start_index", "end_index", "file_id", "filename"}
_NEEDED: dict[str, dict[str, Any]] = {
    "url": {"url": "", "title": "", "start_index": 0, "end_index": 0},
    "file": {"file_id": "", "filename": "", "index": 0},
    "container_file": {
        "container_id": "",
        "file_id": "",
        "filename": "",
        "start_index": 0,
        "end_index": 0,
    },
    "file_path": {"file_id": "", "index": 0},
}
"""What the wire demands of each kind, for citations that came from elsewhere."""


def parse_annotation(found: JsonObject) -> Citation:
    """A citation.

    :param found: one of ``annotations``.
    """
    word = string(found.get("type")) or ""
    rest = {name: value for name, value in found.items() if name not in _FIELDS}
    return Citation(
        _KINDS.get(word, word),
        string(found.get("url")),
        string(found.get("title")),
        whole(found.get("start_index")),
        whole(found.get("end_index")),
        string(found.get("file_id")),
        string(found.get("filename")),
        extra=Extra(NAME, rest),
    )


def render_annotation(citation: Citation) -> JsonObject | None:
    """One of ``annotations``; ``None`` if the wire has no word for it.

    :param citation: ours is written as it was read, a foreign one needs a URL or a file.
    """
    fields = said(
        (
            ("url", citation.url),
            ("title", citation.title),
            ("start_index", citation.start),
            ("end_index", citation.end),
            ("file_id", citation.file_id),
            ("filename", citation.filename),
        )
    )
    if citation.extra is not None and citation.extra.dialect == NAME:
        word = _WORDS.get(citation.kind, citation.kind)
        return {"type": word, **citation.extra.fields, **fields}
    kind = "url" if citation.url else "file" if citation.file_id or citation.filename else ""
    if not kind:
        return None
    needed = _NEEDED[kind]
    return {"type": _WORDS[kind], **needed, **{k: v for k, v in fields.items() if k in needed}}


def parse_logprobs(found: Any) -> tuple[Logprob, ...] | None:
    """Log probabilities; an empty list says nothing."""
    return tuple(map(_parse_logprob, objects(found))) or None


def _parse_logprob(found: JsonObject) -> Logprob:
    raw = found.get("bytes")
    chance = found.get("logprob")
    return Logprob(
        string(found.get("token")) or "",
        chance if isinstance(chance, int | float) else 0.0,
        tuple(raw) if isinstance(raw, list) else None,
        tuple(map(_parse_logprob, objects(found.get("top_logprobs")))),
    )


def render_logprobs(probs: tuple[Logprob, ...] | None) -> list[JsonObject]:
    """``logprobs``, as a list that may be empty."""
    return [
        {**_render_logprob(one), "top_logprobs": [_render_logprob(top) for top in one.top]}
        for one in probs or ()
    ]


def _render_logprob(one: Logprob) -> JsonObject:
    raw = list(one.raw) if one.raw is not None else None
    return said((("token", one.token), ("logprob", one.logprob), ("bytes", raw)))
