"""Pictures, files and sounds in a request, in a few words: kind and size, or where they are.

Each dialect has its own parts; the words are the same for the same thing, so that a picture that
travelled through a translation is described as one that didn't::

    an image (image/png, 68 bytes)      a file (application/pdf, 1234 bytes)
    an image (https://example.com/a)    a file (file-abc)
"""

import base64
import binascii
from typing import Any

from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["attached", "described"]

Json = dict[str, Any]


def attached(parts: Any) -> list[str]:
    """The words about each part of a content that is no text."""
    found = (described(part) for part in parts if isinstance(part, dict)) if parts else ()
    return [words for words in found if words]


def described(part: Json) -> str:
    """The words about one part, empty for text.

    :raises Refusal: 400 if its data isn't base64.
    """
    match part.get("type"):
        case "image_url" | "input_image":
            return "an image " + _image(part)
        case "image":
            return "an image " + _source(part.get("source") or {})
        case "document":
            return "a file " + _source(part.get("source") or {})
        case "file" | "input_file":
            inner = part.get("file") if isinstance(part.get("file"), dict) else part
            return "a file " + _file(inner or {})
        case "input_audio":
            sound = part.get("input_audio") or {}
            return "a sound " + _sized(f"audio/{sound.get('format')}", sound.get("data"))
    return ""


def _image(part: Json) -> str:
    url = part.get("image_url")
    if isinstance(url, dict):
        url = url.get("url")
    return _at(url or part.get("file_id"))


def _file(file: Json) -> str:
    data = file.get("file_data")
    if data is None or str(data).startswith("data:"):
        return _at(data or file.get("file_url") or file.get("file_id"))
    return _sized("application/pdf", data)


def _source(source: Json) -> str:
    match source.get("type"):
        case "base64":
            return _sized(source.get("media_type"), source.get("data"))
        case "text":
            return _words(source.get("media_type"), len(str(source.get("data")).encode()))
        case "url":
            return _at(source.get("url"))
    return _at(source.get("file_id"))


def _at(place: Any) -> str:
    """A URL; of a data URL, what's in it."""
    head, comma, data = str(place).partition(",")
    if comma and head.startswith("data:"):
        return _sized(head[5:].removesuffix(";base64"), data)
    return f"({str(place)[:200]})"


def _sized(kind: Any, data: Any) -> str:
    try:
        size = len(base64.b64decode(str(data), validate=True))
    except binascii.Error:
        message = "Invalid base64 data: a picture, file or sound could not be read."
        raise Refusal(400, message, code="invalid_base64") from None
    return _words(kind, size)


def _words(kind: Any, size: int) -> str:
    return f"({kind}, {size} bytes)"
