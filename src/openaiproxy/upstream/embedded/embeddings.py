"""Embeddings: unit vectors derived from the text's digest, as floats or as base64 of little-endian
32-bit floats.
"""

import base64
import hashlib
import math
import struct
from typing import Any

from openaiproxy.upstream.embedded.calls import Answer, Call, Whole
from openaiproxy.upstream.embedded.refusals import Refusal
from openaiproxy.upstream.embedded.texts import tokens

__all__ = ["create"]

_DIMENSIONS = {"text-embedding-3-large": 3072}


def create(call: Call) -> Answer:
    """``POST /v1/embeddings``."""
    call.require("model", "input")
    inputs = _inputs(call.body["input"])
    dimensions = call.count("dimensions", _DIMENSIONS.get(call.model, 1536), 1, 4096)
    form = call.body.get("encoding_format") or "float"
    if form not in ("float", "base64"):
        message = f"Invalid 'encoding_format': '{form}'. Expected 'float' or 'base64'."
        raise Refusal(400, message, param="encoding_format")
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": _shape(_vector(text, dimensions), form),
        }
        for index, text in enumerate(inputs)
    ]
    asked = sum(map(tokens, inputs))
    usage = {"prompt_tokens": asked, "total_tokens": asked}
    return Whole({"object": "list", "data": data, "model": call.model, "usage": usage})


def _inputs(given: Any) -> list[str]:
    """An input is a text, several, one as tokens, or several as tokens; 2,048 at most."""
    if isinstance(given, str):
        return [given]
    if not isinstance(given, list) or not 0 < len(given) <= 2048:
        message = "Invalid 'input': expected a string or an array of 1 to 2048 elements."
        raise Refusal(400, message, param="input")
    if isinstance(given[0], int):
        return [" ".join(map(str, given))]
    return [g if isinstance(g, str) else " ".join(map(str, g)) for g in given]


def _vector(text: str, dimensions: int) -> list[float]:
    raw = hashlib.shake_128(text.encode("utf-8", "replace")).digest(2 * dimensions)
    numbers = [(n - 32767.5) / 32768 for n in struct.unpack(f"<{dimensions}H", raw)]
    length = math.sqrt(sum(n * n for n in numbers))
    return [n / length for n in numbers]


def _shape(vector: list[float], form: str) -> list[float] | str:
    packed = struct.pack(f"<{len(vector)}f", *vector)
    if form == "base64":
        return base64.b64encode(packed).decode()
    # Both forms hold the same numbers: those of 32 bits.
    return list(struct.unpack(f"<{len(vector)}f", packed))
