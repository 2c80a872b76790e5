"""Legal and rare: calls that interleave, ends without deltas, a bare terminal event, a content filter."""

from typing import Any

import pytest

from openaiproxy.upstream.embedded.faults import SHAPES
from tests.upstream.embedded.room import Room, chat, events, message, question
from tests.upstream.embedded.speakers import Speaker

SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}, "day": {"type": "string"}}}
TOOLS: dict[str, Any] = {"weather": SCHEMA, "clock": SCHEMA}


@pytest.mark.parametrize("dialect", ["chat", "responses"])
def test_20_40_calls_interleave_and_say_the_same(dialect: str) -> None:
    def heard(fault: str, stream: bool) -> Any:
        asked = [{"role": "user", "content": "in parallel"}]
        speaker = Speaker(dialect, stream, TOOLS, history=asked)
        if dialect == "chat":
            return _chat_calls(speaker, fault)
        return [call[1:] for call in speaker.hear(fault).calls]

    assert heard("shape=interleaved", True) == heard("", True)


def _chat_calls(speaker: Speaker, fault: str) -> Any:
    path, body, _ = speaker._chat()
    told = events(speaker.room.post(path, {**body, "stream": True}, fault).body)
    deltas = [d for c in told for o in c["choices"] for d in o["delta"].get("tool_calls", ())]
    order = [delta["index"] for delta in deltas]
    assert (order[:4] == [0, 1, 0, 1]) == bool(fault)
    grown = ["", ""]
    for delta in deltas:
        grown[delta["index"]] += delta["function"]["arguments"]
    return grown


def test_20_the_events_of_interleaved_calls_come_in_turns_after_reasoning() -> None:
    tools = [{"type": "function", "name": n, "parameters": s} for n, s in TOOLS.items()]
    asked = question("in parallel", tools=tools, reasoning={"summary": "auto"}, stream=True)
    told = events(Room().post("/v1/responses", asked, "shape=interleaved").body)
    assert [e["sequence_number"] for e in told] == list(range(len(told)))
    first = next(e for e in told if e["type"] == "response.output_item.added")
    assert (first["item"]["type"], first["output_index"]) == ("reasoning", 0)
    deltas = [e["output_index"] for e in told if e["type"].endswith("arguments.delta")]
    assert deltas[:4] == [1, 2, 1, 2]


def test_22_what_ends_is_enough_without_deltas() -> None:
    asked = question("hi", reasoning={"summary": "auto"}, stream=True)
    told = events(Room().post("/v1/responses", asked, "shape=done").body)
    assert not [e for e in told if e["type"].endswith(".delta")]
    assert [e["sequence_number"] for e in told] == list(range(len(told)))
    [done] = [e for e in told if e["type"] == "response.output_text.done"]
    assert done["text"].endswith("You said: hi")


def test_22_74_a_terminal_event_may_be_bare() -> None:
    told = events(Room().post("/v1/responses", question("hi", stream=True), "shape=bare").body)
    assert (told[-1]["type"], told[-1]["response"]["output"]) == ("response.completed", [])
    assert told[-1]["response"]["usage"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("dialect", "finish"),
    [("chat", "content_filter"), ("responses", "content_filter"), ("messages", "refusal")],
)
def test_43_a_filter_cuts_the_text(dialect: str, finish: str, stream: bool) -> None:
    speaker = Speaker(dialect, stream, history=[{"role": "user", "content": "hi"}])
    heard = speaker.hear("filtered")
    assert (heard.finish, heard.text) == (finish, "This is the embedded")


def test_45_a_failure_has_the_code_that_is_asked_for() -> None:
    room, fault = Room(), "failed=2,code=context_length_exceeded"
    told = events(room.post("/v1/responses", question("hi", stream=True), fault).body)
    assert told[-1]["response"]["error"]["code"] == "context_length_exceeded"
    whole = room.post("/v1/responses", question("hi"), fault).json
    assert whole["error"]["code"] == "context_length_exceeded"


@pytest.mark.parametrize("shape", sorted(SHAPES))
def test_every_shape_is_a_word_in_every_dialect(shape: str) -> None:
    room, fault = Room(), f"shape={shape}"
    assert room.post("/v1/chat/completions", chat("hi", stream=True), fault).status == 200
    assert room.post("/v1/messages", message("hi", stream=True), fault).status == 200
    assert room.post("/v1/responses", question("hi"), fault).json["output"]
