"""The shorthand for one image beside a conversation::

{"messages": [...], "image": {"url": "https://..."}}
{"messages": [...], "image": {"base64": "iVBORw0..."}}
"""

import base64
import binascii
from typing import Any

from openaiproxy.errors import BadRequest

__all__ = ["put_image"]

# How the files begin that the API takes; what begins otherwise is called a PNG, as it always was.
_BEGINNINGS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
_OTHERWISE = "image/png"
_LOOKED_AT = 24


def put_image(messages: object, image: object) -> list[Any]:
    """The messages with the image: within the last one, where that is the user's, else in one of its own.

    :raises BadRequest: 400, for what is no image, or no list of messages.
    """
    if messages is None:
        messages = []
    if not isinstance(messages, list):
        raise BadRequest(400, "bad_request", "messages must be an array")
    part = {"type": "image_url", "image_url": {"url": _url(image)}}
    last = messages[-1] if messages else None
    if not isinstance(last, dict) or last.get("role") != "user":
        return [*messages, {"role": "user", "content": [part]}]
    return [*messages[:-1], {**last, "content": [*_parts(last.get("content")), part]}]


def _parts(content: object) -> list[Any]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return content if isinstance(content, list) else []


def _url(image: object) -> str:
    said = image if isinstance(image, dict) else {}
    match said:
        case {"url": str(url)} if url:
            return url
        case {"base64": str(content)} if content:
            # A data URL says itself what it is.
            return content if content.startswith("data:") else _data_url(content)
    raise BadRequest(400, "bad_request", "Invalid image payload")


def _data_url(content: str) -> str:
    return f"data:{_media(content)};base64,{content}"


def _media(content: str) -> str:
    try:
        start = base64.b64decode(content[:_LOOKED_AT])
    except (binascii.Error, ValueError):
        return _OTHERWISE
    if start[:4] == b"RIFF" and start[8:12] == b"WEBP":
        return "image/webp"
    return next((media for begin, media in _BEGINNINGS if start.startswith(begin)), _OTHERWISE)
