"""Embeddings, images, and audio."""

import base64
import io
import wave
from pathlib import Path

import pytest

from tests.e2e.callers import Caller

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40
SOUND = b"RIFF" + bytes(reversed(range(256))) * 300
PICTURE = {"model": "gpt-image-1", "prompt": "A cat"}


def embed(caller: Caller, encoding: str) -> list:
    answer = caller.call(
        lambda c: c.embeddings.create(
            model="text-embedding-3-small",
            input=["one", "two"],
            dimensions=8,
            encoding_format=encoding,
        )
    )
    return [each.embedding for each in answer.data]


def test_embeddings_arrive_as_numbers(caller: Caller) -> None:
    one, two = embed(caller, "float")
    assert len(one) == len(two) == 8
    assert one != two


def test_embeddings_arrive_as_base64(caller: Caller) -> None:
    assert all(len(base64.b64decode(each)) == 4 * 8 for each in embed(caller, "base64"))


def test_the_sdks_own_choice_of_encoding_gives_the_same_numbers(caller: Caller) -> None:
    answer = caller.call(
        lambda c: c.embeddings.create(
            model="text-embedding-3-small", input=["one", "two"], dimensions=8
        )
    )
    assert [each.embedding for each in answer.data] == embed(caller, "float")


def test_an_image_is_generated(caller: Caller) -> None:
    answer = caller.call(lambda c: c.images.generate(**PICTURE))
    assert base64.b64decode(answer.data[0].b64_json).startswith(b"\x89PNG")


def test_an_image_is_streamed_part_by_part(caller: Caller) -> None:
    events = caller.items(lambda c: c.images.generate(**PICTURE, stream=True, partial_images=2))
    kinds = [event.type.removeprefix("image_generation.") for event in events]
    assert kinds == ["partial_image", "partial_image", "completed"]


def test_images_are_edited_from_a_multipart_form(caller: Caller) -> None:
    files = [("grüße.png", PNG, "image/png"), ("b.png", PNG[::-1], "image/png")]
    answer = caller.call(lambda c: c.images.edit(**PICTURE, image=files))
    assert answer.usage.input_tokens_details.image_tokens == 2 * 272
    sent, _ = caller.place.last()
    assert PNG in sent.body
    assert sent.values(b"content-type")[0].startswith(b"multipart/form-data; boundary=")


def test_a_streamed_edit_arrives(caller: Caller) -> None:
    events = caller.items(
        lambda c: c.images.edit(
            **PICTURE, image=("a.png", PNG, "image/png"), stream=True, partial_images=1
        )
    )
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]


def speech(client: object, **more: object) -> object:
    words = "word " * 40
    return client.audio.speech.create(  # type: ignore[attr-defined]
        model="gpt-4o-mini-tts", voice="alloy", input=words, response_format="wav", **more
    )


def test_speech_arrives_whole(caller: Caller) -> None:
    content = caller.call(speech).content
    with wave.open(io.BytesIO(content)) as sound:
        assert sound.getnframes() == (len(content) - 44) // 2


def test_speech_is_streamed_to_a_file(caller: Caller, tmp_path: Path) -> None:
    path = tmp_path / "speech.wav"
    caller.save(
        lambda c: c.audio.speech.with_streaming_response.create(
            model="gpt-4o-mini-tts",
            voice="alloy",
            input="Hello",
            response_format="wav",
            extra_headers={"x-embedded-fault": "size=3000000"},
        ),
        path,
    )
    assert path.stat().st_size == 3_000_000


@pytest.mark.parametrize("form", ["json", "verbose_json", "text", "srt"])
def test_a_transcript_is_made_from_a_multipart_form(caller: Caller, form: str) -> None:
    answer = caller.call(
        lambda c: c.audio.transcriptions.create(
            model="whisper-1", file=("ü.wav", SOUND, "audio/wav"), response_format=form
        )
    )
    text = answer if isinstance(answer, str) else answer.text
    assert f"{len(SOUND)} bytes" in text
    sent, _ = caller.place.last()
    assert SOUND in sent.body


def test_a_transcript_is_streamed(caller: Caller) -> None:
    events = caller.items(
        lambda c: c.audio.transcriptions.create(
            model="gpt-4o-transcribe", file=("a.wav", SOUND, "audio/wav"), stream=True
        )
    )
    deltas = [event.delta for event in events if event.type == "transcript.text.delta"]
    assert events[-1].type == "transcript.text.done"
    assert "".join(deltas) == events[-1].text


@pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")
def test_a_translation_is_made_from_a_multipart_form(caller: Caller) -> None:
    answer = caller.call(
        lambda c: c.audio.translations.create(model="whisper-1", file=("a.wav", SOUND, "audio/wav"))
    )
    assert answer.text.startswith("This is a translation of a.wav")
