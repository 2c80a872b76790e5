"""What stands within a message or a tool's result: words, refusals, pictures, files, sound.

An item of the assistant's has fields of its own (:class:`Said`), which each of its parts bears,
since the hub has no messages there. What the hub has no word for is an ``Opaque``; it is up to
whoever reads the item to say of what.
"""

import re
from collections.abc import Callable
from typing import Any

from attrs import frozen

from openaiproxy.dialects.responses.fields import (
    AUDIO,
    FILE,
    IMAGE,
    INPUT_TEXT,
    NAME,
    OUTPUT_MESSAGE,
    OUTPUT_TEXT,
    REFUSAL,
)
from openaiproxy.dialects.responses.marks import (
    parse_annotation,
    parse_logprobs,
    render_annotation,
    render_logprobs,
)
from openaiproxy.dialects.responses.values import objects, said, string, thing
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import (
    Audio,
    Extra,
    File,
    Image,
    JsonObject,
    Opaque,
    Part,
    Refusal,
    Text,
)

__all__ = ["Said", "message_rest", "parse_content", "render_input", "render_output"]

_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+);base64,(.*)", re.DOTALL)
_REST = "message"
"""The name under which a part's extra holds what stood beside ``content``."""


@frozen
class Said:
    """What an assistant's message says of itself.

    :param rest: fields that no table maps.
    """

    id: str | None = None
    phase: str | None = None
    status: str | None = None
    rest: Extra | None = None

    @classmethod
    def of(cls, item: JsonObject) -> "Said":
        """Of an item."""
        return cls(
            string(item.get("id")),
            string(item.get("phase")),
            string(item.get("status")),
            OUTPUT_MESSAGE.rest(item),
        )

    def extra(self, own: Extra | None) -> Extra | None:
        """A part's extra: its own fields, and the message's."""
        if self.rest is None:
            return own
        fields = {**(own.fields if own else {}), _REST: self.rest.fields}
        return Extra(NAME, fields, own.hints if own else frozenset())


def message_rest(part: Text | Refusal) -> JsonObject:
    """The message's fields out of a part's extra."""
    ours = part.extra is not None and part.extra.dialect == NAME
    return thing(part.extra.fields.get(_REST)) if ours and part.extra else {}


def parse_content(found: JsonObject, item: Said | None = None) -> Part:
    """One of ``content`` or ``output``.

    :param found: such as ``{"type": "output_text", ...}``.
    :param item: the assistant's message that holds it, if it is one.
    """
    parse = _PARSE.get(string(found.get("type")) or "")
    if parse is None:
        return Opaque(NAME, string(found.get("type")) or "", found)
    return parse(found, item or Said())


def _parse_text(found: JsonObject, item: Said) -> Part:
    return Text(
        string(found.get("text")) or "",
        tuple(map(parse_annotation, objects(found.get("annotations")))),
        parse_logprobs(found.get("logprobs")),
        item.id,
        item.phase,
        item.status,
        item.extra(OUTPUT_TEXT.rest(found)),
    )


def _parse_refusal(found: JsonObject, item: Said) -> Part:
    return Refusal(
        string(found.get("refusal")) or "",
        None,
        item.id,
        item.phase,
        item.status,
        item.extra(REFUSAL.rest(found)),
    )


def _parse_image(found: JsonObject, item: Said) -> Part:
    url, detail = string(found.get("image_url")), string(found.get("detail"))
    media, data = _split(url)
    return Image(
        url if data is None else None,
        data,
        string(found.get("file_id")),
        media,
        None if detail == "auto" else detail,
        IMAGE.rest(found),
    )


def _parse_file(found: JsonObject, item: Said) -> Part:
    given = string(found.get("file_data"))
    media, data = _split(given)
    return File(
        string(found.get("file_url")),
        given if data is None else data,
        string(found.get("file_id")),
        media=media,
        filename=string(found.get("filename")),
        detail=string(found.get("detail")),
        extra=FILE.rest(found),
    )


def _parse_audio(found: JsonObject, item: Said) -> Part:
    sound = thing(found.get("input_audio"))
    return Audio(
        string(sound.get("data")) or "", string(sound.get("format")), extra=AUDIO.rest(found)
    )


def _split(url: str | None) -> tuple[str | None, str | None]:
    """Media type and base64 of a data URL; nothing of any other."""
    match = _DATA_URL.fullmatch(url) if url and url.startswith("data:") else None
    return (match[1], match[2]) if match else (None, None)


_PARSE: dict[str, Callable[[JsonObject, Said], Part]] = {
    "input_text": _parse_text,
    "output_text": _parse_text,
    "text": _parse_text,
    "refusal": _parse_refusal,
    "input_image": _parse_image,
    "input_file": _parse_file,
    "input_audio": _parse_audio,
}


def render_input(part: Part, losses: Losses, path: str) -> JsonObject | None:
    """One of ``content`` (of anyone but the assistant) or ``output``; ``None`` if it is lost.

    :param path: of the part, for losses.
    """
    if isinstance(part, Opaque) and part.dialect == NAME:
        return part.raw
    render = _RENDER.get(type(part))
    if render is None:
        losses.note(path, f"Responses takes no {type(part).__name__} here")
        return None
    return render(part, losses, path)


def _render_input_text(part: Text, losses: Losses, path: str) -> JsonObject:
    return {
        **losses.extra(part.extra, path, INPUT_TEXT.hints),
        "type": "input_text",
        "text": part.text,
    }


def _render_refusal_text(part: Refusal, losses: Losses, path: str) -> JsonObject:
    return {"type": "input_text", "text": part.text}


def _render_image(part: Image, losses: Losses, path: str) -> JsonObject:
    url = part.url
    if part.data is not None:
        url = f"data:{part.media or 'image/png'};base64,{part.data}"
    fields = (("image_url", url), ("file_id", part.file_id), ("detail", part.detail or "auto"))
    extra = losses.extra(part.extra, path, IMAGE.hints)
    return {**extra, "type": "input_image", **said(fields)}


def _render_file(part: File, losses: Losses, path: str) -> JsonObject:
    extra = losses.extra(part.extra, path, FILE.hints)
    if part.cited:
        losses.note(f"{path}.cited", "Responses cites no documents of the caller's", hint=True)
    if part.text is not None:
        words = [word for word in (part.title, part.context, part.text) if word]
        return {"type": "input_text", "text": "\n\n".join(words)}
    if part.context:
        losses.note(f"{path}.context", "Responses has no words about a file")
    if part.title and (part.data is None or part.filename):
        losses.note(f"{path}.title", "Responses has names of files only", hint=True)
    data = part.data
    if data is not None and part.media is not None:
        data = f"data:{part.media};base64,{data}"
    name = part.filename or part.title
    if data is not None and not name:
        name = "document.pdf" if part.media in (None, "application/pdf") else "document.txt"
    fields = (
        ("file_data", data),
        ("file_id", part.file_id),
        ("file_url", part.url),
        ("filename", name if data is not None else part.filename),
        ("detail", part.detail),
    )
    return {**extra, "type": "input_file", **said(fields)}


def _render_audio(part: Audio, losses: Losses, path: str) -> JsonObject:
    extra = losses.extra(part.extra, path)
    return {
        **extra,
        "type": "input_audio",
        "input_audio": {"data": part.data, "format": part.format or "wav"},
    }


_RENDER: dict[type[Any], Callable[[Any, Losses, str], JsonObject]] = {
    Text: _render_input_text,
    Refusal: _render_refusal_text,
    Image: _render_image,
    File: _render_file,
    Audio: _render_audio,
}


def render_output(part: Text | Refusal, losses: Losses, path: str) -> dict[str, Any]:
    """One of ``content`` of the assistant's.

    :param path: of the part, for losses.
    """
    extra = losses.extra(part.extra, path, OUTPUT_TEXT.hints)
    body: dict[str, Any] = {name: value for name, value in extra.items() if name != _REST}
    if isinstance(part, Refusal):
        return {**body, "type": "refusal", "refusal": part.text}
    notes = [render_annotation(citation) for citation in part.citations]
    for citation in part.citations:
        losses.extra(citation.extra, f"{path}.citations[]")
        if citation.quote is not None:
            losses.note(f"{path}.citations[].quote", "Responses does not quote", hint=True)
    if None in notes:
        losses.note(f"{path}.citations[]", "Responses cites only addresses and files")
    return {
        **body,
        "type": "output_text",
        "text": part.text,
        "annotations": [note for note in notes if note is not None],
        "logprobs": render_logprobs(part.logprobs),
    }
