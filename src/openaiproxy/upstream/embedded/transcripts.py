"""Transcriptions and translations: a text that names the file and its size, in each of the five
formats, or streamed.
"""

from collections.abc import Iterator
from typing import Any

from openaiproxy.upstream.embedded.calls import Answer, Call, Event, Events, Upload, Whole
from openaiproxy.upstream.embedded.refusals import Refusal, missing
from openaiproxy.upstream.embedded.texts import Short, Text, short_text

__all__ = ["transcribe", "translate"]

Json = dict[str, Any]
_FORMATS = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")
_BYTES_A_SECOND = 16_000


def transcribe(call: Call) -> Answer:
    """``POST /v1/audio/transcriptions``."""
    upload = _upload(call)
    text = call.text(f"This is a transcript of {upload.name}, {len(upload.content)} bytes.")
    if call.flag("stream") and call.model != "whisper-1":  # whisper-1 ignores the wish
        events = _events(text, _usage(call, upload, text))
        return Events(events, text, broken=lambda _, __: [_failure()])
    return _answer(call, upload, text, call.body.get("language") or "english")


def translate(call: Call) -> Answer:
    """``POST /v1/audio/translations``."""
    upload = _upload(call)
    text = call.text(f"This is a translation of {upload.name}, {len(upload.content)} bytes.")
    return _answer(call, upload, text, "english")


def _upload(call: Call) -> Upload:
    call.require("model")
    if "file" not in call.uploads:
        raise missing("file")
    return call.uploads["file"][0]


def _seconds(upload: Upload) -> float:
    return round(max(0.5, len(upload.content) / _BYTES_A_SECOND), 2)


def _usage(call: Call, upload: Upload, text: Text) -> Json:
    if call.model == "whisper-1":
        return {"type": "duration", "seconds": _seconds(upload)}
    heard = max(1, int(10 * _seconds(upload)))
    said = short_text(str(call.body.get("prompt") or "")).count
    return {
        "type": "tokens",
        "total_tokens": heard + said + text.count,
        "input_tokens": heard + said,
        "input_token_details": {"text_tokens": said, "audio_tokens": heard},
        "output_tokens": text.count,
    }


def _stamp(seconds: float, point: str) -> str:
    milliseconds = int(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}{point}{rest % 1000:03d}"


def _answer(call: Call, upload: Upload, text: Text, language: str) -> Whole:
    form = call.body.get("response_format") or "json"
    end = _seconds(upload)
    plain = "text/plain; charset=utf-8"
    match form:
        case "json" | "diarized_json":
            document: Json = {"text": text.value, "usage": _usage(call, upload, text)}
            if form == "diarized_json":
                segment: Json = {"type": "transcript.text.segment", "id": "seg_0", "speaker": "A"}
                segment |= {"start": 0.0, "end": end, "text": text.value}
                document |= {"task": "transcribe", "duration": end, "segments": [segment]}
            return Whole(document, text)
        case "text":
            return Whole(f"{text.value}\n", text, plain)
        case "srt":
            span = f"{_stamp(0, ',')} --> {_stamp(end, ',')}"
            return Whole(f"1\n{span}\n{text.value}\n\n", text, plain)
        case "vtt":
            span = f"{_stamp(0, '.')} --> {_stamp(end, '.')}"
            return Whole(f"WEBVTT\n\n{span}\n{text.value}\n\n", text, plain)
        case "verbose_json":
            return Whole(_verbose(call, text, end, language), text)
    message = f"Invalid 'response_format': expected one of {', '.join(_FORMATS)}."
    raise Refusal(400, message, param="response_format")


def _verbose(call: Call, text: Text, end: float, language: str) -> Json:
    segment = {
        "id": 0,
        "seek": 0,
        "start": 0.0,
        "end": end,
        "text": text.value,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": -0.25,
        "compression_ratio": 1.0,
        "no_speech_prob": 0.01,
    }
    usage = {"type": "duration", "seconds": end}
    frame = {"task": "transcribe", "language": language, "duration": end, "text": text.value}
    document: Json = {**frame, "segments": [segment], "usage": usage}
    asked = call.body.get("timestamp_granularities[]") or []
    if "word" in asked:
        words = text.words if isinstance(text, Short) else (text.value,)
        each = end / max(1, len(words))
        document["words"] = [
            {"word": word.strip(), "start": round(n * each, 3), "end": round((n + 1) * each, 3)}
            for n, word in enumerate(words)
        ]
    return document


def _events(text: Text, usage: Json) -> Iterator[Event]:
    for piece in text.pieces():
        yield Event({"type": "transcript.text.delta", "delta": piece})
    done = {"type": "transcript.text.done", "text": text.value, "usage": usage}
    yield Event(done, terminal=True)
    yield Event("[DONE]", terminal=True)


def _failure() -> Event:
    refusal = Refusal(500, "The audio could not be read.", "server_error")
    return Event({"type": "error", "error": refusal.document()}, "error")
