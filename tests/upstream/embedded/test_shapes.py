"""Every answer fits OpenAI's own description of it."""

import struct
from typing import Any

import pytest

from tests.upstream.embedded.room import Room, chat, events, frames, question
from tests.upstream.embedded.specs import check, needs_specs

pytestmark = needs_specs

TOOL = {"name": "weather", "parameters": {"type": "object", "properties": {"a": {"type": "null"}}}}
CHAT_TOOLS = [{"type": "function", "function": TOOL}]
TOOL_LIST = [{"type": "function", **TOOL}, {"type": "custom", "name": "shell"}]
CHATS: dict[str, dict[str, Any]] = {
    "text": chat("hi"),
    "tools": chat("parallel", tools=CHAT_TOOLS),
    "refusal": chat("refuse"),
    "limit": chat("hi", max_tokens=2),
    "several": chat("hi", n=2, reasoning_effort="low"),
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "text": question("hi"),
    "settings": question(
        "hi",
        model="gpt-4.1",
        instructions="be brief",
        temperature=0.5,
        metadata={"a": "b"},
        store=False,
        user="u",
    ),
    "tools": question("parallel", tools=TOOL_LIST),
    "refusal": question("refuse"),
    "limit": question("hi", max_output_tokens=2),
    "reasoning": question(
        "hi",
        reasoning={"effort": "low", "summary": "auto"},
        include=["reasoning.encrypted_content"],
    ),
    "bare reasoning": question("hi", reasoning={"effort": "low"}),
}


def form(**fields: Any) -> dict[str, Any]:
    """A multipart body: texts, and pairs of file name and bytes."""
    lines = []
    for name, value in fields.items():
        file, data = value if isinstance(value, tuple) else ("", value.encode())
        disposition = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
        head = f"--edge\r\nContent-Disposition: {disposition}\r\n\r\n".encode()
        lines.append(head + data + b"\r\n")
    headers = {"content-type": "multipart/form-data; boundary=edge"}
    return {"data": b"".join(lines) + b"--edge--\r\n", "type": headers}


def send(room: Room, path: str, fields: dict[str, Any]) -> Any:
    """Post a form."""
    made = form(**fields)
    asked = room.post(path, data=made["data"], more_headers=made["type"])
    assert asked.status == 200, asked.body
    return asked


@pytest.mark.parametrize("case", list(CHATS))
def test_completions_of_chats(case: str) -> None:
    room = Room()
    check("CreateChatCompletionResponse", room.post("/v1/chat/completions", CHATS[case]).json)
    ask = {**CHATS[case], "stream": True, "stream_options": {"include_usage": True}}
    for chunk in events(room.post("/v1/chat/completions", ask).body):
        check("CreateChatCompletionStreamResponse", chunk)


@pytest.mark.parametrize("case", list(QUESTIONS))
def test_responses(case: str) -> None:
    room = Room()
    check("Response", room.post("/v1/responses", QUESTIONS[case]).json)
    answered = room.post("/v1/responses", {**QUESTIONS[case], "stream": True})
    for name, document in zip(frames(answered.body), events(answered.body), strict=True):
        check("ResponseStreamEvent", document)
        assert name[0] == document["type"]


def test_a_custom_tool_call_in_chat() -> None:
    # Only whole: the description knows no custom tools in a stream.
    ask = chat("hi", tools=[{"type": "custom", "custom": {"name": "shell"}}])
    answer = Room().post("/v1/chat/completions", ask).json
    check("CreateChatCompletionResponse", answer)
    [call] = answer["choices"][0]["message"]["tool_calls"]
    assert call["custom"] == {"name": "shell", "input": "plain text"}


def test_a_failed_response() -> None:
    room = Room()
    check("Response", room.post("/v1/responses", question("hi"), "failed=0").json)
    failed = events(room.post("/v1/responses", question("hi", stream=True), "failed=3").body)
    check("ResponseFailedEvent", failed[-1])


def test_what_is_done_with_a_response() -> None:
    room = Room()
    id = room.post("/v1/responses", question("hi", background=True)).json["id"]
    check("Response", room.get(f"/v1/responses/{id}").json)
    check("Response", room.post(f"/v1/responses/{id}/cancel", {}).json)
    check("ResponseItemList", room.get(f"/v1/responses/{id}/input_items").json)
    check("TokenCountsResource", room.post("/v1/responses/input_tokens", question("hi")).json)
    check("CompactResource", room.post("/v1/responses/compact", question("hi")).json)


def test_models() -> None:
    room = Room()
    check("ListModelsResponse", room.get("/v1/models").json)
    check("Model", room.get("/v1/models/gpt-4.1").json)


@pytest.mark.parametrize("prompt", ["hi", ["a", "b"], [1, 2, 3], [[1], [2, 3]]])
def test_completions(prompt: Any) -> None:
    room, ask = Room(), {"model": "gpt-3.5-turbo-instruct", "prompt": prompt}
    check("CreateCompletionResponse", room.post("/v1/completions", ask).json)
    ask |= {"stream": True}
    chunks = events(room.post("/v1/completions", ask).body)
    for chunk in chunks:
        check("CreateCompletionResponse", chunk)


def test_embeddings() -> None:
    room, ask = Room(), {"model": "text-embedding-3-small", "input": ["a", "b"]}
    floats = room.post("/v1/embeddings", ask).json
    check("CreateEmbeddingResponse", floats)
    assert [len(d["embedding"]) for d in floats["data"]] == [1536, 1536]
    short = room.post("/v1/embeddings", {**ask, "dimensions": 8}).json["data"][0]["embedding"]
    assert len(short) == 8
    assert sum(n * n for n in short) == pytest.approx(1)


def test_moderations() -> None:
    room = Room()
    mixed = [{"type": "text", "text": "violence"}, {"type": "image_url", "image_url": {"url": "x"}}]
    for given in ("hi", ["hi", "violence"], mixed):
        answer = room.post("/v1/moderations", {"input": given}).json
        check("CreateModerationResponse", answer)
    assert [r["flagged"] for r in answer["results"]] == [True]


@pytest.mark.parametrize("model", ["gpt-image-1", "dall-e-3"])
def test_images(model: str) -> None:
    room, ask = Room(), {"model": model, "prompt": "a cat", "n": 2}
    check("ImagesResponse", room.post("/v1/images/generations", ask).json)
    picture = ("a.png", b"\x89PNG")
    fields = {"model": model, "prompt": "a dog", "image": picture}
    check("ImagesResponse", send(room, "/v1/images/edits", fields).json)
    check("ImagesResponse", send(room, "/v1/images/variations", {"image": picture, "n": "2"}).json)


def test_streamed_images() -> None:
    room = Room()
    ask = {"model": "gpt-image-1", "prompt": "a cat", "stream": True, "partial_images": 2}
    made = events(room.post("/v1/images/generations", ask).body)
    assert [e["type"].partition(".")[2] for e in made] == ["partial_image"] * 2 + ["completed"]
    for event in made:
        check("ImageGenStreamEvent", event)
    fields = {"model": "gpt-image-1", "prompt": "x", "stream": "true", "image[]": ("a.png", b"x")}
    for event in events(send(room, "/v1/images/edits", fields).body):
        check("ImageEditStreamEvent", event)


def test_speech() -> None:
    room, ask = Room(), {"model": "gpt-4o-mini-tts", "input": "hello there", "voice": "alloy"}
    answered = room.post("/v1/audio/speech", ask)
    assert answered.whole
    riff, size, wave = struct.unpack("<4sI4s", bytes(answered.body[:12]))
    assert (riff, size, wave) == (b"RIFF", len(answered.body) - 8, b"WAVE")
    for event in events(room.post("/v1/audio/speech", {**ask, "stream_format": "sse"}).body):
        check("CreateSpeechResponseStreamEvent", event)


AUDIO = ("a.wav", b"\x00\x01" * 20_000)


def test_transcripts() -> None:
    room = Room()
    for model in ("whisper-1", "gpt-4o-transcribe"):
        fields = {"model": model, "file": AUDIO}
        answer = send(room, "/v1/audio/transcriptions", fields).json
        check("CreateTranscriptionResponseJson", answer)
    verbose = {"model": "whisper-1", "file": AUDIO, "response_format": "verbose_json"}
    answer = send(room, "/v1/audio/transcriptions", verbose).json
    check("CreateTranscriptionResponseVerboseJson", answer)
    answer = send(room, "/v1/audio/translations", verbose).json
    check("CreateTranslationResponseVerboseJson", answer)
    ask = {"model": "gpt-4o-transcribe", "file": AUDIO, "stream": "true"}
    for event in events(send(room, "/v1/audio/transcriptions", ask).body):
        check("CreateTranscriptionResponseStreamEvent", event)


@pytest.mark.parametrize(("form", "start"), [("srt", "1\n00:00:00,000 --> 00:00:02,500\nThis"),
                                             ("vtt", "WEBVTT\n\n00:00:00.000 --> 00:00:02.500\n"),
                                             ("text", "This is a transcript of a.wav, 40000 bytes.\n")])  # fmt: skip
def test_transcripts_as_text(form: str, start: str) -> None:
    fields = {"model": "whisper-1", "file": AUDIO, "response_format": form}
    answered = send(Room(), "/v1/audio/transcriptions", fields)
    assert answered.body.decode().startswith(start)
    assert answered.header("content-type") == "text/plain; charset=utf-8"


def test_files() -> None:
    room = Room()
    made = send(room, "/v1/files", {"purpose": "batch", "file": ("a.jsonl", b"{}\n")}).json
    check("OpenAIFile", made)
    check("OpenAIFile", room.get(f"/v1/files/{made['id']}").json)
    check("ListFilesResponse", room.get("/v1/files").json)
    check("DeleteFileResponse", room.ask("DELETE", f"/v1/files/{made['id']}").json)
    assert room.get("/v1/files").json["data"] == []
