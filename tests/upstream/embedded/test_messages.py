"""What is Anthropic's alone: strict histories, thinking, errors in its envelope, models, counting."""

import json
from typing import Any

import pytest

from tests.upstream.embedded.room import Room, events, frames, message
from tests.upstream.embedded.speakers import Speaker, fold_message

VERSION = {"anthropic-version": "2023-06-01", "x-api-key": "sk-ant-any"}
THINKING = {"type": "enabled", "budget_tokens": 1024}
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {}}}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {}}


def post(body: dict[str, Any], fault: str = "", path: str = "/v1/messages") -> Any:
    return Room().post(path, body, fault, more_headers=VERSION)


def turns(*contents: Any) -> dict[str, Any]:
    """A request whose messages alternate, the user's first."""
    roles = ["user", "assistant"] * len(contents)
    said = [{"role": r, "content": c} for r, c in zip(roles, contents, strict=False)]
    return {**message(""), "messages": said}


def result(id: str = "toolu_1", **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": id, "content": "rain", **more}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"messages": [], "max_tokens": 1}, "model: Field required"),
        ({"model": "m", "messages": []}, "max_tokens: Field required"),
        (turns(), "messages: at least one message is required"),
        (turns("hi", [CALL], "no"), "messages.1: `tool_use` ids were found without"),
        (turns("hi", [CALL]), "messages.1: `tool_use` ids were found without"),
        (turns("hi", "ho", [result()]), "messages.2.content.0: unexpected `tool_use_id`"),
        (turns("hi", [CALL], [result("other")]), "messages.2.content.0: unexpected"),
        (turns([{"type": "text", "text": ""}]), "messages: text content blocks must be non-empty"),
        (turns("hi", [{**CALL, "input": "{}"}], [result()]), "messages.1.content.0.tool_use.input"),
        (
            turns("hi", [{"type": "thinking", "thinking": "x", "signature": "y"}], "ho"),
            "messages.1.content.0: Invalid `signature` in `thinking` block",
        ),
        (message("hi", thinking={**THINKING, "budget_tokens": 10}), "thinking.enabled.budget_toke"),
        (message("hi", thinking=THINKING, max_tokens=1024), "`max_tokens` must be greater than"),
        (message("hi", thinking=THINKING, temperature=0.5), "`temperature` may only be set to 1"),
        (
            message("hi", thinking=THINKING, tools=[TOOL], tool_choice={"type": "any"}),
            "Thinking may not be enabled when tool_choice forces tool use",
        ),
        (message("hi", tool_choice="auto"), "tool_choice: Input should be an object"),
        ({**message(""), "messages": [{"role": "tool", "content": "x"}]}, "messages.0.role: "),
        (message("hi", stop_sequences="x"), "Invalid type for 'stop_sequences'"),
    ],
)
def test_a_bad_request_is_refused_as_anthropic_does(body: dict[str, Any], words: str) -> None:
    answered = post(body)
    assert answered.status == 400
    assert answered.json["type"] == "error"
    assert answered.json["error"]["type"] == "invalid_request_error"
    assert answered.json["error"]["message"].startswith(words)
    assert answered.json["request_id"] == answered.header("request-id")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_54_a_status_has_its_error_type(status: int, kind: str) -> None:
    answered = post(message("hi"), f"status={status},retry-after=2")
    assert (answered.status, answered.json["error"]["type"]) == (status, kind)
    assert answered.header("retry-after") == "2"
    assert answered.header("openai-version") is None


def test_the_proper_history_is_taken() -> None:
    answered = post(turns("hi", [CALL], [result(is_error=True), {"type": "text", "text": "so?"}]))
    assert answered.json["content"][0]["text"] == (
        "The tool answered: (an error) rain You also said: so?"
    )


def test_35_a_picture_in_a_result_is_seen() -> None:
    source = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    content = [{"type": "text", "text": "see"}, {"type": "image", "source": source}]
    answered = post(turns("hi", [CALL], [result(content=content)]))
    expected = "The tool answered: see [an image (image/png, 3 bytes)]"
    assert answered.json["content"][0]["text"] == expected


@pytest.mark.parametrize("stream", [False, True])
def test_37_thinking_goes_back_as_it_was_signed(stream: bool) -> None:
    speaker = Speaker("messages", stream, {"weather": TOOL["input_schema"]})  # type: ignore[dict-item]
    speaker.more = {"thinking": THINKING}
    [(id, _, _)] = speaker.ask("weather?").calls
    assert speaker.history[1]["content"][0]["type"] == "thinking"
    assert speaker.give({id: "rain"}).text == "The tool answered: rain"
    speaker.history[1]["content"][0]["thinking"] += "!"
    answered = post({**message(""), "messages": speaker.history})
    assert "Invalid `signature`" in answered.json["error"]["message"]


def test_omitted_thinking_is_a_signature_only() -> None:
    thinking = {**THINKING, "display": "omitted"}
    block = fold_message(post(message("hi", thinking=thinking, stream=True)).body)["content"][0]
    assert (block["thinking"], block["signature"][:2]) == ("", "Eo")
    assert block == post(message("hi", thinking=thinking)).json["content"][0]


def test_a_stream_begins_and_ends_with_usage() -> None:
    told = events(post(message("hi", stream=True)).body)
    first, last = told[0]["message"]["usage"], told[-2]["usage"]
    assert first["input_tokens"] == last["input_tokens"] > 0
    assert first["output_tokens"] <= last["output_tokens"]
    assert {"cache_creation_input_tokens", "cache_read_input_tokens"} <= set(first)


def test_parallel_calls_are_forbidden_on_request() -> None:
    other = {**TOOL, "name": "clock"}
    body = message("in parallel", tools=[TOOL, other])
    assert [b["name"] for b in post(body).json["content"]] == ["weather", "clock"]
    single = {**body, "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    assert len(post(single).json["content"]) == 1
    named = {**body, "tool_choice": {"type": "tool", "name": "clock"}}
    assert [b["name"] for b in post(named).json["content"]] == ["clock"]
    none = post({**body, "tool_choice": {"type": "none"}}).json
    assert (none["content"][0]["type"], none["stop_reason"]) == ("text", "end_turn")


def test_a_failing_stream_says_so_in_an_event() -> None:
    for word in ("error", "failed"):
        told = frames(post(message("hi", stream=True), f"{word}=4").body)
        assert len(told) == 5
        name, data = told[-1]
        assert (name, json.loads(data)["error"]["type"]) == ("error", "overloaded_error")


def test_45_a_prompt_that_is_too_long_is_told_in_the_words_that_clients_know() -> None:
    answered = post({**message("hi"), "model": "claude-sonnet-4-5!refuse=context"})
    assert (answered.status, answered.json["error"]["type"]) == (400, "invalid_request_error")
    assert answered.json["error"]["message"].startswith("prompt is too long: 200001 tokens >")


def test_tokens_are_counted_as_they_are_used() -> None:
    body = message("hello there", system="be brief", tools=[TOOL])
    counted = post(body, path="/v1/messages/count_tokens").json
    assert counted == {"input_tokens": post(body).json["usage"]["input_tokens"]}
    less = post(message("hello there"), path="/v1/messages/count_tokens").json
    assert 0 < less["input_tokens"] < counted["input_tokens"]


def test_55_models_come_in_the_shape_of_who_asks() -> None:
    room = Room()

    def ask(target: str) -> Any:
        return room.ask("GET", f"/v1/models{target}", more_headers=VERSION).json

    whole = ask("")
    ids = [model["id"] for model in whole["data"]]
    assert (whole["first_id"], whole["last_id"], whole["has_more"]) == (ids[0], ids[-1], False)
    assert all(id.startswith("claude-") for id in ids)
    assert set(whole["data"][0]) == {"type", "id", "display_name", "created_at"}
    page = ask(f"?limit=1&after_id={ids[0]}")
    assert ([m["id"] for m in page["data"]], page["has_more"]) == (ids[1:2], True)
    assert ask(f"/{ids[0]}") == whole["data"][0]
    assert ask("/none")["error"] == {"type": "not_found_error", "message": "model: none"}
    assert room.get("/v1/models").json["object"] == "list"


def test_a_thread_is_continued_with_what_is_new() -> None:
    room, tools = Room(), [TOOL]
    first = message("weather?", tools=tools, thread={"type": "create"})
    made = room.post("/v1/messages", first).json
    [call] = made["content"]
    new = {**turns([result(call["id"])]), "thread": {"type": "continue"}}
    new["thread"]["previous_message_id"] = made["id"]
    said = room.post("/v1/messages", new).json
    assert said["content"][0]["text"] == "The tool answered: rain"
    assert said["usage"]["input_tokens"] > made["usage"]["input_tokens"]
    new["thread"]["previous_message_id"] = "msg_none"
    lost = room.post("/v1/messages", new)
    assert lost.status == 404
    assert lost.json["error"]["details"] == {"error_code": "thread_not_found"}
    never = room.post("/v1/messages", first, "refuse=threads")
    assert never.json["error"]["details"]["error_code"] == "thread_unsupported_request"
