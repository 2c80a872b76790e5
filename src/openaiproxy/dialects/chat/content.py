"""What a message of a request holds: words, pictures, sound, files.

Strings and lists say the same; a list of one plain text is written as a string. A part of a type
unknown here is kept whole for this dialect.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from openaiproxy.dialects.chat.fields import DETAILS, NAME, PART
from openaiproxy.dialects.chat.objects import merge, rest
from openaiproxy.dialects.dialect import bad_field
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import (
    Audio,
    File,
    Image,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)

__all__ = ["NO_WORD", "note_rest", "parse_content", "render_content", "render_part"]

_FLAT = ("file_id", "file_data", "file_url", "filename")
_DATA_URL = re.compile(r"data:([^;,]+);base64,(.*)", re.DOTALL)

NO_WORD = "Chat Completions has no word for it"


def parse_content(value: Any, path: str) -> tuple[Part, ...]:
    """The parts of a ``content``; none for ``null``.

    :param path: for the error.
    :raises BadRequest: if it is neither a string nor a list of parts.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (Text(value),)
    if not isinstance(value, list):
        raise bad_field(path, "must be a string or a list of parts")
    return tuple(_parse_part(part, f"{path}[{number}]") for number, part in enumerate(value))


def _parse_part(found: Any, path: str) -> Part:
    if not isinstance(found, dict) or not isinstance(found.get("type"), str):
        raise bad_field(path, "must be an object with a type")
    parse = _PARSE.get(found["type"])
    part = parse(found, path) if parse else None
    return part or Opaque(NAME, found["type"], found)


def _parse_text(found: JsonObject, path: str) -> Part:
    if not isinstance(found.get("text"), str):
        raise bad_field(f"{path}.text", "must be a string")
    return Text(found["text"], extra=rest(PART, found))


def _parse_refusal(found: JsonObject, path: str) -> Part:
    if not isinstance(found.get("refusal"), str):
        raise bad_field(f"{path}.refusal", "must be a string")
    return Refusal(found["refusal"], extra=rest(PART, found))


def _parse_image(found: JsonObject, path: str) -> Part:
    inner = found.get("image_url")
    inner = {"url": inner} if isinstance(inner, str) else inner
    if not isinstance(inner, dict) or not isinstance(inner.get("url"), str):
        raise bad_field(f"{path}.image_url", "must have a url")
    extra = rest(PART, found, DETAILS, ("image_url",))
    detail = inner.get("detail")
    match = _DATA_URL.fullmatch(inner["url"])
    if match:
        return Image(data=match[2], media=match[1], detail=detail, extra=extra)
    return Image(url=inner["url"], detail=detail, extra=extra)


def _parse_flat_image(found: JsonObject, path: str) -> Part:
    """A picture as Responses has it, all in one object."""
    outer = {name: value for name, value in found.items() if name not in ("detail", "file_id")}
    detail, image = found.get("detail"), found.get("image_url")
    if image is None and isinstance(found.get("file_id"), str):
        return Image(file_id=found["file_id"], detail=detail, extra=rest(PART, outer))
    inner = {"url": image} if isinstance(image, str) else image
    if isinstance(inner, dict) and detail is not None:
        inner = {"detail": detail, **inner}
    return _parse_image({**outer, "image_url": inner}, path)


def _parse_audio(found: JsonObject, path: str) -> Part | None:
    inner = found.get("input_audio")
    if not isinstance(inner, dict):
        return None
    if not isinstance(inner.get("data"), str):
        raise bad_field(f"{path}.input_audio.data", "must be a string")
    extra = rest(PART, found, DETAILS, ("input_audio",))
    return Audio(inner["data"], inner.get("format"), extra=extra)


def _parse_file(found: JsonObject, path: str) -> Part:
    inner = found.get("file")
    if not isinstance(inner, dict):
        raise bad_field(f"{path}.file", "must be an object")
    extra = rest(PART, found, DETAILS, ("file",))
    data, name = inner.get("file_data"), inner.get("filename")
    if not isinstance(data, str):
        return File(file_id=inner.get("file_id"), filename=name, extra=extra)
    match = _DATA_URL.fullmatch(data)
    if match:
        return File(data=match[2], media=match[1], filename=name, extra=extra)
    if data.startswith(("http://", "https://")):
        return File(url=data, filename=name, extra=extra)
    return File(data=data, filename=name, extra=extra)


def _parse_flat_file(found: JsonObject, path: str) -> Part:
    """A file as Responses has it, all in one object."""
    if "file" in found:
        return _parse_file(found, path)
    outer = {name: value for name, value in found.items() if name not in _FLAT}
    inner = {name: found[name] for name in _FLAT if found.get(name) is not None}
    if not inner.keys() - {"filename"}:
        raise bad_field(f"{path}.file", "must be an object")
    if "file_url" in inner:
        inner["file_data"] = inner.pop("file_url")
    return _parse_file({**outer, "file": inner}, path)


_PARSE: dict[str, Callable[[JsonObject, str], Part | None]] = {
    "text": _parse_text,
    "input_text": _parse_text,
    "output_text": _parse_text,
    "refusal": _parse_refusal,
    "image_url": _parse_flat_image,
    "input_image": _parse_flat_image,
    "input_audio": _parse_audio,
    "file": _parse_flat_file,
    "input_file": _parse_flat_file,
}
"""Some callers say Responses' words for parts in Chat's messages."""


def render_content(parts: Iterable[Part], path: str, losses: Losses) -> Any:
    """The ``content`` of parts, and ``[]`` of none.

    :param path: of the turn, for losses.
    """
    found = [
        rendered
        for number, part in enumerate(parts)
        if (rendered := render_part(part, f"{path}.parts[{number}]", losses)) is not None
    ]
    if len(found) == 1 and found[0].keys() == {"type", "text"}:
        return found[0]["text"]
    return found


def render_part(part: Part, path: str, losses: Losses) -> JsonObject | None:
    """One part, or nothing if this wire has no word for it.

    :param path: for losses.
    """
    render = _RENDER.get(part.__class__)
    if render is None:
        losses.note(path, NO_WORD)
        return None
    body = render(part, path, losses)
    extra = getattr(part, "extra", None)
    if body is None or extra is None:
        return body
    return merge(losses.extra(extra, path, PART.hints), body)


_PLACES: dict[type[Any], str] = {
    Text: "text",
    Refusal: "refusal",
    Reasoning: "reasoning",
    ToolCall: "tool_calls[]",
}
"""Where the parts of an answer that may have an extra stand, for losses."""


def note_rest(part: Part | None, losses: Losses, path: str = "") -> None:
    """Tell what of a part has no field here.

    :param path: of the part; that of its kind in an answer, if there is none.
    """
    if not isinstance(part, (Text, Refusal, Reasoning, ToolCall)):
        return
    path = path or _PLACES[type(part)]
    losses.extra(part.extra, path)
    if isinstance(part, ToolCall) and part.namespace is not None:
        losses.note(f"{path}.namespace", NO_WORD)
    if isinstance(part, (Text, Refusal)):
        _note_phase(part, path, losses)


def _note_phase(part: Text | Refusal, path: str, losses: Losses) -> None:
    if part.phase is not None:
        losses.note(f"{path}.phase", NO_WORD, hint=True)


def _render_text(part: Text, path: str, losses: Losses) -> JsonObject:
    _note_phase(part, path, losses)
    if part.citations:
        losses.note(f"{path}.citations[]", "Chat Completions cites in answers only", hint=True)
    return {"type": "text", "text": part.text}


def _render_refusal(part: Refusal, path: str, losses: Losses) -> JsonObject:
    _note_phase(part, path, losses)
    return {"type": "refusal", "refusal": part.text}


def _render_image(part: Image, path: str, losses: Losses) -> JsonObject | None:
    url = part.url
    if part.data is not None:
        url = f"data:{part.media or 'image/png'};base64,{part.data}"
    if url is None:
        losses.note(f"{path}.file_id", "Chat Completions takes no picture by its file's id")
        return None
    detail = {"detail": part.detail} if part.detail is not None else {}
    return {"type": "image_url", "image_url": {"url": url, **detail}}


def _render_audio(part: Audio, path: str, losses: Losses) -> JsonObject:
    sound = {"data": part.data, "format": part.format}
    return {"type": "input_audio", "input_audio": {k: v for k, v in sound.items() if v is not None}}


def _render_file(part: File, path: str, losses: Losses) -> JsonObject:
    if part.cited:
        losses.note(f"{path}.cited", NO_WORD, hint=True)
    if part.text is not None:
        heads = (part.title or part.filename, part.context, part.text)
        return {"type": "text", "text": "\n\n".join(head for head in heads if head)}
    data = part.url
    if part.data is not None:
        data = f"data:{part.media};base64,{part.data}" if part.media else part.data
    file = {"file_id": part.file_id, "file_data": data, "filename": part.filename or part.title}
    if part.context is not None:
        losses.note(f"{path}.context", NO_WORD, hint=True)
    return {"type": "file", "file": {k: v for k, v in file.items() if v is not None}}


def _render_opaque(part: Opaque, path: str, losses: Losses) -> JsonObject | None:
    if part.dialect == NAME:
        return part.raw
    losses.note(path, f"only {part.dialect} has a word for it")
    return None


_RENDER: dict[type[Part], Callable[[Any, str, Losses], JsonObject | None]] = {
    Text: _render_text,
    Refusal: _render_refusal,
    Image: _render_image,
    Audio: _render_audio,
    File: _render_file,
    Opaque: _render_opaque,
}
