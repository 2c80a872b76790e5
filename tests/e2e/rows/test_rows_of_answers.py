"""Rows 72 to 87: what becomes of an answer."""

from typing import Any

import pytest

from tests.e2e.scene import CHAT, MESSAGES, RESPONSES, Played, Scene, asking
from tests.scripted import created, ended, message, response, speech, usage

TRANSLATING = ["gateway", "bridge", "o1"]
CODEX = "gpt-5-codex"
ANSWER = "This is the embedded upstream. You said: hello"
FUNCTION = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}
TOOLS = [
    {"type": "function", "function": FUNCTION},
    {"type": "function", "function": {**FUNCTION, "name": "look_down"}},
]
HELLO = message("Hello")
STREAM = [created(), *speech(0, HELLO, "Hel", "lo"), ended(HELLO, usage=usage(10, 5, cached=4))]


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_72_a_response_is_a_completion(preset: str) -> None:
    call = Scene(preset).post(CHAT, asking(CHAT, CODEX))
    assert call.json["object"] == "chat.completion"
    (choice,) = call.json["choices"]
    assert choice["message"]["role"] == "assistant"
    assert choice["message"]["content"] == ANSWER
    assert choice["finish_reason"] == "stop"


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_73_a_stream_of_responses_is_one_of_chunks(preset: str) -> None:
    call = Scene(preset).post(CHAT, asking(CHAT, CODEX, stream=True))
    *chunks, done = call.events()
    assert done == "[DONE]"
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert len(call.deltas()) > 3
    assert "".join(call.deltas()) == ANSWER


def test_rows_74_75_summaries_are_shown_as_they_come() -> None:
    scene = Scene("bridge")
    call = scene.post(CHAT, asking(CHAT, "gpt-5", stream=True), x_embedded_fault="pace=1")
    seen: list[int] = []
    while not call.ended:
        scene.run(1)
        seen.append(len(call.deltas("reasoning_content")))
    assert len(set(seen)) > 5
    assert "".join(call.deltas()) == ANSWER


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize("stream", [True, False])
def test_rows_76_77_usage_is_mapped_and_told_to_who_asks(preset: str, stream: bool) -> None:
    scene = Scene(preset)
    scene.play(Played.events(*STREAM) if stream else Played(body=STREAM[-1]["response"]))
    options = {"stream_options": {"include_usage": True}} if stream else {}
    call = scene.post(CHAT, asking(CHAT, CODEX, stream=stream, **options))
    told = call.events()[-2]["usage"] if stream else call.json["usage"]
    assert (told["prompt_tokens"], told["completion_tokens"], told["total_tokens"]) == (10, 5, 15)
    assert told["prompt_tokens_details"]["cached_tokens"] == 4
    assert told["completion_tokens_details"]["reasoning_tokens"] == 0


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_78_calls_in_parallel_are_numbered(preset: str) -> None:
    scene = Scene(preset)
    body = asking(CHAT, CODEX, "in parallel", tools=TOOLS, stream=True)
    call = scene.post(CHAT, body, x_embedded_fault="shape=interleaved")
    pieces: list[Any] = [one for many in call.deltas("tool_calls") for one in many]
    begun = [(one["index"], one["function"]["name"]) for one in pieces if one.get("id")]
    assert begun == [(0, "look_up"), (1, "look_down")]
    for index in (0, 1):
        words = [one["function"]["arguments"] for one in pieces if one["index"] == index]
        assert "".join(words) == "{}"
    whole = Scene(preset).post(CHAT, asking(CHAT, CODEX, "in parallel", tools=TOOLS)).json
    calls = whole["choices"][0]["message"]["tool_calls"]
    assert [one["function"]["name"] for one in calls] == ["look_up", "look_down"]


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize(
    ("more", "fault", "finish"),
    [
        ({"max_tokens": 16}, "chunks=50", "length"),
        ({"tools": TOOLS}, "", "tool_calls"),
        ({}, "filtered", "content_filter"),
    ],
)
def test_row_79_ends_are_told_apart(preset: str, more: Any, fault: str, finish: str) -> None:
    call = Scene(preset).post(CHAT, asking(CHAT, CODEX, **more), x_embedded_fault=fault)
    assert call.json["choices"][0]["finish_reason"] == finish


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize("stream", [True, False])
def test_row_80_a_refusal_is_one(preset: str, stream: bool) -> None:
    call = Scene(preset).post(CHAT, asking(CHAT, CODEX, "please refuse", stream=stream))
    words = "I'm sorry, but I can't help with that."
    if stream:
        assert "".join(call.deltas("refusal")) == words
        assert call.deltas() == []
    else:
        assert call.json["choices"][0]["message"]["refusal"] == words
        assert not call.json["choices"][0]["message"]["content"]


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_80_sources_of_a_search_are_annotations(preset: str) -> None:
    place = {"start_index": 0, "end_index": 5}
    source = {"type": "url_citation", "url": "https://example.com/", "title": "E", **place}
    part = {"type": "output_text", "text": "Hello", "annotations": [source]}
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    scene = Scene(preset)
    scene.play(Played(body=response(search, message(part))))
    said = scene.post(CHAT, asking(CHAT, CODEX)).json["choices"][0]["message"]
    assert said["annotations"][0]["url_citation"]["url"] == "https://example.com/"
    assert "tool_calls" not in said


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize("fault", ["failed=8", "error=8", "noend", "cut=8"])
def test_row_81_what_goes_wrong_shows(preset: str, fault: str) -> None:
    scene = Scene(preset)
    call = scene.post(CHAT, asking(CHAT, CODEX, stream=True), x_embedded_fault=fault)
    assert call.events()[-2]["error"]["message"]
    assert call.finishes() == []


@pytest.mark.parametrize("preset", ["gateway", "o1"])
def test_row_82_a_whole_answer_is_replayed_as_a_stream(preset: str) -> None:
    scene = Scene(preset)
    call = scene.post(CHAT, asking(CHAT, "o1-mini", stream=True))
    assert not scene.sent[0].json.get("stream")
    assert "".join(call.deltas()) == ANSWER
    assert call.finishes() == ["stop"]
    assert call.events()[-1] == "[DONE]"


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_row_83_a_stream_is_collected_for_who_wants_a_whole_answer(path: str) -> None:
    scene = Scene("bridge")
    scene.play(Played.events(*STREAM))
    found = scene.post(path, asking(path)).json
    text = found["content"][0]["text"] if path == MESSAGES else None
    assert (text or found["choices"][0]["message"]["content"]) == "Hello"


@pytest.mark.parametrize("preset", ["gateway", "bridge"])
def test_row_84_messages_events_come_in_their_order(preset: str) -> None:
    call = Scene(preset).post(MESSAGES, asking(MESSAGES, stream=True))
    kinds = [event["type"] for event in call.events() if event["type"] != "ping"]
    grows = len(kinds) - 5
    assert kinds == [
        "message_start",
        "content_block_start",
        *["content_block_delta"] * grows,
        "content_block_stop",
        "message_delta",
        "message_stop",
    ]
    assert grows > 3


@pytest.mark.parametrize("preset", [*TRANSLATING, "passthrough"])
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_row_85_silence_is_filled(preset: str, path: str) -> None:
    scene = Scene(preset)
    call = scene.post(path, asking(path, stream=True), x_embedded_fault="stall=2")
    scene.run(31)
    assert call.body.count(b": keepalive\n\n") == 2


@pytest.mark.parametrize("preset", [*TRANSLATING, "passthrough", "keyed"])
def test_row_86_no_hop_is_to_hold_a_stream(preset: str) -> None:
    call = Scene(preset).post(CHAT, asking(CHAT, stream=True), x_api_key="key-of-a-caller")
    assert call.headers["x-accel-buffering"] == "no"


@pytest.mark.parametrize("preset", [*TRANSLATING, "passthrough", "keyed"])
@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_row_87_the_status_is_the_upstreams(preset: str, status: int, path: str) -> None:
    call = Scene(preset).post(
        path,
        asking(path, stream=True),
        x_api_key="key-of-a-caller",
        x_embedded_fault=f"status={status}",
    )
    assert call.status == status
    assert call.json["error"]["message"]
