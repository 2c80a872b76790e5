"""Pictures and documents, from wherever their bytes come."""

from base64 import b64decode
from typing import Any

from openaiproxy.dialects.messages.fields import DOCUMENT, IMAGE, NAME
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import Extra, File, Image, Json, JsonObject, Opaque

__all__ = ["parse_document", "parse_image", "render_document", "render_image"]

_SOURCES: dict[str, dict[str, str]] = {
    "base64": {"data": "data", "media_type": "media"},
    "url": {"url": "url"},
    "file": {"file_id": "file_id"},
}
"""Type of a source to its fields: on the wire, and in the hub."""

_TEXT_SOURCE = {"data": "text", "media_type": "media"}


def _source(found: Json, kinds: dict[str, dict[str, str]]) -> dict[str, Any] | None:
    """The hub's fields of a source, or ``None`` if that would not be all of it."""
    if not isinstance(found, dict):
        return None
    kind = found.get("type")
    names = kinds.get(kind) if isinstance(kind, str) else None
    if names is None or not found.keys() - {"type"} <= names.keys():
        return None
    values = {names[name]: value for name, value in found.items() if name != "type"}
    return values if all(isinstance(value, str) for value in values.values()) else None


def parse_image(found: JsonObject) -> Image | Opaque:
    """A picture; one whose source has more to it than we know is opaque."""
    values = _source(found.get("source"), _SOURCES)
    if not values:
        return Opaque(NAME, "image", found)
    return Image(**values, extra=IMAGE.rest(found))


def render_image(image: Image, losses: Losses) -> JsonObject | None:
    """Its block, or ``None`` if there is nothing to see."""
    source = _written(image)
    if source is None:
        losses.note("image", "neither data, nor an address, nor a file")
        return None
    if image.detail is not None:
        losses.note("image.detail", "no field for it", hint=True)
    extra = losses.extra(image.extra, "image", IMAGE.hints)
    return {**extra, "type": "image", "source": source}


def _written(part: Image | File) -> JsonObject | None:
    if part.data is not None:
        media = part.media or ("image/png" if isinstance(part, Image) else "application/pdf")
        return {"type": "base64", "media_type": media, "data": part.data}
    if part.url is not None:
        return {"type": "url", "url": part.url}
    if part.file_id is not None:
        return {"type": "file", "file_id": part.file_id}
    return None


def parse_document(found: JsonObject) -> File | Opaque:
    """A document. One made of blocks has their text, and keeps the blocks for its own dialect."""
    source = found.get("source")
    values = _source(source, {**_SOURCES, "text": _TEXT_SOURCE})
    fields: dict[str, Json] = {**(extra.fields if (extra := DOCUMENT.rest(found)) else {})}
    if not values:
        if not isinstance(source, dict) or source.get("type") != "content":
            return Opaque(NAME, "document", found)
        values = {"text": _words(source.get("content"))}
        fields["source"] = source
    for name in ("title", "context"):
        if isinstance(found.get(name), str):
            values[name] = found[name]
    match found.get("citations"):
        case {"enabled": bool(cited), **rest} if not rest:
            values["cited"] = cited
        case None:
            pass
        case other:
            fields["citations"] = other
    return File(**values, extra=Extra(NAME, fields, DOCUMENT.hints) if fields else None)


def _words(content: Json) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    texts = [block.get("text") for block in blocks if isinstance(block, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def render_document(part: File, losses: Losses) -> JsonObject | None:
    """Its block, or ``None`` if there is nothing to read."""
    body: dict[str, Json] = {"type": "document"}
    body.update(losses.extra(part.extra, "file", DOCUMENT.hints))
    if "source" not in body:
        body["source"] = _document_source(part)
    if body["source"] is None:
        losses.note("file", "neither data, nor text, nor an address, nor a file")
        return None
    title = part.title if part.title is not None else part.filename
    if title is not None:
        body["title"] = title
    if part.context is not None:
        body["context"] = part.context
    if part.cited is not None:
        body["citations"] = {"enabled": part.cited}
    if part.detail is not None:
        losses.note("file.detail", "no field for it", hint=True)
    return body


def _document_source(part: File) -> JsonObject | None:
    """Where its bytes come from. Text sent as base64 is sent as text: the wire wants PDF there."""
    text = part.text
    if text is None and part.data is not None and (part.media or "").startswith("text/"):
        try:
            text = b64decode(part.data, validate=True).decode()
        except ValueError:
            text = None
    if text is not None:
        return {"type": "text", "media_type": "text/plain", "data": text}
    return _written(part)
