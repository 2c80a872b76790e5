"""Speech: a WAV of silence, as long as the text or as ``size`` says; in blocks, or as base64 in a
stream.

Whatever ``response_format`` asks for, the bytes are a WAV under the content type of the format;
``pcm`` leaves its head away.
"""

import base64
import struct
from collections.abc import Iterator

from openaiproxy.upstream.embedded.calls import Answer, Binary, Call, Event, Events
from openaiproxy.upstream.embedded.refusals import Refusal
from openaiproxy.upstream.embedded.texts import tokens

__all__ = ["create", "wave"]

_RATE = 8000
_HEAD = 44
_BLOCK = 16 * 1024
_KINDS = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}


def create(call: Call) -> Answer:
    """``POST /v1/audio/speech``."""
    call.require("model", "input", "voice")
    form = call.body.get("response_format") or "mp3"
    if not isinstance(form, str) or form not in _KINDS:
        message = f"Invalid 'response_format': expected one of {', '.join(_KINDS)}."
        raise Refusal(400, message, param="response_format")
    words = tokens(str(call.body["input"]))
    size = call.fault.size or _HEAD + 2 * (_RATE // 4) * max(1, words)
    blocks = wave(max(size, _HEAD), headless=form == "pcm")
    if call.body.get("stream_format") == "sse":
        return Events(_events(blocks, words), broken=lambda _, __: [_failure()])
    return Binary(blocks, _KINDS[form])


def wave(size: int, headless: bool = False) -> Iterator[bytes]:
    """A WAV of silence: one channel of 16-bit samples, in blocks.

    :param size: bytes of the whole, its head of 44 included.
    """
    data = size - _HEAD
    # The length fields have 32 bits; longer files say "until the end", as live encoders do.
    riff, body = min(36 + data, 2**32 - 1), min(data, 2**32 - 1)
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, _RATE, 2 * _RATE, 2, 16)
    if not headless:
        yield (
            struct.pack("<4sI4s", b"RIFF", riff, b"WAVE")
            + form
            + struct.pack("<4sI", b"data", body)
        )
    silence = bytes(_BLOCK)
    for at in range(0, data, _BLOCK):
        yield silence[: data - at]


def _events(blocks: Iterator[bytes], words: int) -> Iterator[Event]:
    made = 0
    for block in blocks:
        made += 1
        audio = base64.b64encode(block).decode()
        yield Event({"type": "speech.audio.delta", "audio": audio})
    usage = {"input_tokens": words, "output_tokens": made, "total_tokens": words + made}
    done = {"type": "speech.audio.done", "usage": usage}
    yield Event(done, terminal=True)


def _failure() -> Event:
    refusal = Refusal(500, "The speech could not be made.", "server_error")
    return Event({"type": "error", "error": refusal.document()}, "error")
