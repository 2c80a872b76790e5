"""Images: small PNG pictures of one colour, which derives from the prompt.

``gpt-image-*`` models answer base64 with usage, and can stream partial pictures; others answer URLs
unless base64 is asked for.
"""

import base64
import hashlib
import struct
import zlib
from collections.abc import Iterator
from typing import Any

from openaiproxy.upstream.embedded.calls import Answer, Call, Event, Events, Whole
from openaiproxy.upstream.embedded.refusals import Refusal, missing
from openaiproxy.upstream.embedded.texts import tokens

__all__ = ["edit", "generate", "picture", "vary"]

Json = dict[str, Any]
_SIDE = 16
_PICTURE_TOKENS = 272


def generate(call: Call) -> Answer:
    """``POST /v1/images/generations``."""
    call.require("prompt")
    return _answer(call, "image_generation", pictures=0)


def edit(call: Call) -> Answer:
    """``POST /v1/images/edits``, a form with ``image`` or ``image[]``, or JSON with ``images``."""
    call.require("prompt")
    given = [*call.uploads.get("image", []), *call.uploads.get("image[]", [])]
    given = given or call.body.get("images") or []
    if not given:
        raise missing("image")
    return _answer(call, "image_edit", pictures=len(given))


def vary(call: Call) -> Answer:
    """``POST /v1/images/variations``, a form with ``image``."""
    if "image" not in call.uploads:
        raise missing("image")
    return _answer(call, "image_variation", pictures=1)


def picture(seed: str) -> bytes:
    """A PNG of one colour.

    :param seed: hex digits; the first six are the colour.
    """

    def part(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    colour = bytes.fromhex(seed[:6])
    rows = (b"\0" + colour * _SIDE) * _SIDE
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    parts = part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _encoded(call: Call, what: object) -> str:
    seed = hashlib.sha256(f"{call.body.get('prompt')}/{what}".encode()).hexdigest()
    return base64.b64encode(picture(seed)).decode()


def _answer(call: Call, kind: str, pictures: int) -> Answer:
    count = call.count("n", 1, 1, 10)
    if call.flag("stream"):
        if not _modern(call):
            raise Refusal(400, "Streaming isn't supported by this model.", param="stream")
        partial = call.count("partial_images", 0, 0, 3)
        return Events(
            _events(call, kind, partial, count, pictures), broken=lambda _, __: [_failure()]
        )
    document: Json = {"created": call.now, "data": [_image(call, index) for index in range(count)]}
    if _modern(call):
        settings = {**_settings(call), "background": "opaque", "output_format": "png"}
        document.update(settings, usage=_usage(call, count, pictures))
    return Whole(document)


def _modern(call: Call) -> bool:
    return call.model.startswith(("gpt-image", "chatgpt-image"))


def _image(call: Call, index: int) -> Json:
    if _modern(call) or call.body.get("response_format") == "b64_json":
        return {"b64_json": _encoded(call, index)}
    return {"url": f"https://images.example.com/{call.name('img-', index)}.png"}


def _settings(call: Call) -> Json:
    size, quality = call.body.get("size"), call.body.get("quality")
    return {
        "size": size if size not in (None, "auto") else "1024x1024",
        "quality": quality if quality not in (None, "auto") else "high",
    }


def _usage(call: Call, count: int, pictures: int) -> Json:
    text = tokens(str(call.body.get("prompt") or ""))
    asked, made = text + pictures * _PICTURE_TOKENS, count * _PICTURE_TOKENS
    details = {"text_tokens": text, "image_tokens": pictures * _PICTURE_TOKENS}
    return {
        "total_tokens": asked + made,
        "input_tokens": asked,
        "output_tokens": made,
        "input_tokens_details": details,
    }


def _events(call: Call, kind: str, partial: int, count: int, pictures: int) -> Iterator[Event]:
    frame = {"created_at": call.now, **_settings(call)}
    frame.update(background="opaque", output_format="png")
    for index in range(partial):
        event = {"type": f"{kind}.partial_image", "b64_json": _encoded(call, ("partial", index))}
        yield Event({**event, **frame, "partial_image_index": index}, event["type"])
    for index in range(count):
        event = {"type": f"{kind}.completed", "b64_json": _encoded(call, index)}
        usage = _usage(call, 1, pictures)
        yield Event({**event, **frame, "usage": usage}, event["type"], terminal=True)


def _failure() -> Event:
    refusal = Refusal(500, "The image could not be made.", "image_generation_server_error")
    return Event({"type": "error", "error": refusal.document()}, "error")
