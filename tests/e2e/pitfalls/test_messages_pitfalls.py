"""Pitfalls 37 to 40, 44 to 47, 53 and 54: callers of Messages before an upstream that speaks something else."""

import json
from typing import Any

import pytest

from tests.e2e.scene import CHAT, MESSAGES, RESPONSES, Call, Played, Scene, asking
from tests.scripted import message, reasoning, response, usage

TOOL = {"name": "look_up", "description": "Looks up", "input_schema": {"type": "object"}}
TWO = [TOOL, {**TOOL, "name": "look_down"}]
COUNT = f"{MESSAGES}/count_tokens"


def called(scene: Scene, stream: bool = False) -> dict[str, Any]:
    """The answer of a model that thinks, and then calls a tool."""
    thinking = {"type": "enabled", "budget_tokens": 2000}
    body = asking(MESSAGES, "gpt-5", tools=[TOOL], thinking=thinking, stream=stream)
    call = scene.post(MESSAGES, body)
    return collected(call) if stream else call.json


def collected(call: Call) -> dict[str, Any]:
    """The message that a stream amounts to, by Anthropic's rules: blocks grow one after the other."""
    blocks: list[dict[str, Any]] = []
    open_ = -1
    made: dict[str, Any] = {}
    for event in call.events():
        match event["type"]:
            case "message_start":
                made = event["message"]
            case "content_block_start":
                assert (event["index"], open_) == (len(blocks), -1)
                open_ = event["index"]
                blocks.append({**event["content_block"], "_arguments": ""})
            case "content_block_delta":
                assert event["index"] == open_
                grow(blocks[open_], event["delta"])
            case "content_block_stop":
                assert event["index"] == open_
                open_ = -1
            case "message_delta":
                made = {**made, **event["delta"], "usage": {**made["usage"], **event["usage"]}}
    for block in blocks:
        arguments = block.pop("_arguments")
        if block["type"] == "tool_use":
            block["input"] = json.loads(arguments)
    return {**made, "content": blocks}


def grow(block: dict[str, Any], delta: dict[str, Any]) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["_arguments"] += delta["partial_json"]


def replied(scene: Scene, content: list[Any], **headers: str) -> Call:
    """The next turn: what the model said, and the tool's result."""
    (use,) = (block for block in content if block["type"] == "tool_use")
    result = {"type": "tool_result", "tool_use_id": use["id"], "content": "42"}
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": [result]},
    ]
    body = asking(MESSAGES, "gpt-5", tools=[TOOL], messages=turns)
    return scene.post(MESSAGES, body, **headers)


def kinds(scene: Scene) -> list[str]:
    return [item["type"] for item in scene.sent[-1].json["input"]]


@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_37_a_thought_goes_back_before_the_call_it_led_to(stream: bool) -> None:
    scene = Scene()
    content = called(scene, stream)["content"]
    assert [block["type"] for block in content] == ["thinking", "tool_use"]
    assert content[0]["signature"]
    call = replied(scene, content)
    assert "The tool answered: 42" in call.json["content"][-1]["text"]
    assert kinds(scene) == ["message", "reasoning", "function_call", "function_call_output"]
    thought = scene.sent[-1].json["input"][1]
    assert thought["encrypted_content"].startswith("gAAAAAB")
    assert isinstance(thought["summary"], list)
    assert "id" not in thought


def test_pitfall_37_a_thought_without_a_summary_is_a_signature_and_goes_back() -> None:
    scene = Scene()
    scene.play(Played(body=response(reasoning(seal="sealed"), message("Hi"), usage=usage())))
    content = scene.post(MESSAGES, asking(MESSAGES, "gpt-5")).json["content"]
    assert [block["type"] for block in content] == ["thinking", "text"]
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": content},
        {"role": "user", "content": "again"},
    ]
    scene.post(MESSAGES, asking(MESSAGES, "gpt-5", messages=turns))
    assert kinds(scene) == ["message", "reasoning", "message", "message"]
    thought = scene.sent[-1].json["input"][1]
    assert (thought["encrypted_content"], thought["summary"]) == ("sealed", [])


@pytest.mark.parametrize("signature", ["", "EqQBCkgIBxABGAIiQL", "openaiproxy"])
def test_pitfall_37_foreign_and_empty_signatures_go_nowhere(signature: str) -> None:
    scene = Scene()
    content = called(scene)["content"]
    foreign = [{"type": "thinking", "thinking": "Hm.", "signature": signature}, content[1]]
    assert replied(scene, foreign).status == 200
    assert kinds(scene) == ["message", "function_call", "function_call_output"]
    assert b"Hm." not in scene.sent[-1].body


def test_pitfall_38_reasoning_that_is_refused_is_left_out_once() -> None:
    scene = Scene()
    content = called(scene)["content"]
    scene.front.sent.clear()
    call = replied(scene, content, x_embedded_fault="refuse=sealed")
    assert call.status == 200
    tried = [[item["type"] for item in sent.json["input"]] for sent in scene.sent]
    assert tried == [
        ["message", "reasoning", "function_call", "function_call_output"],
        ["message", "function_call", "function_call_output"],
    ]
    assert "The tool answered: 42" in call.json["content"][-1]["text"]


@pytest.mark.parametrize("veto", ["sealed", "following", "item"])
@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_38_so_is_that_of_a_caller_of_responses(veto: str, stream: bool) -> None:
    scene = Scene()
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"}
    given = [{"role": "user", "content": "hello"}, thought, {"role": "user", "content": "again"}]
    body = {"model": "gpt-5", "input": given, "stream": stream}
    call = scene.post(RESPONSES, body, x_embedded_fault=f"refuse={veto}")
    assert call.status == 200
    first, second = (sent.json["input"] for sent in scene.sent)
    assert first == given
    assert [item["content"] for item in second] == ["hello", "again"]


def test_pitfall_38_reasoning_that_nothing_follows_is_never_sent() -> None:
    scene = Scene()
    content = called(scene)["content"]
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": content[:1]},
        {"role": "user", "content": "again"},
    ]
    call = scene.post(
        MESSAGES, asking(MESSAGES, "gpt-5", messages=turns), x_embedded_fault="refuse=following"
    )
    assert call.status == 200
    assert kinds(scene) == ["message", "message"]
    assert len(scene.sent) == 2


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_pitfall_39_without_a_store_reasoning_is_sealed_and_ids_stay_here(path: str) -> None:
    scene = Scene("bridge", store="no")
    scene.post(path, asking(path, "gpt-5"))
    assert scene.sent[0].json["store"] is False
    assert "reasoning.encrypted_content" in scene.sent[0].json["include"]


def test_pitfall_39_ids_of_what_was_never_stored_are_stripped() -> None:
    scene = Scene("bridge", store="no")
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed"}
    said = {
        "type": "message",
        "id": "msg_1",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Hi"}],
    }
    again = {"role": "user", "content": "again"}
    call = scene.post(
        RESPONSES,
        {"model": "gpt-5", "input": [thought, said, again]},
        x_embedded_fault="refuse=item",
    )
    assert call.status == 200
    sent = scene.sent[0].json["input"]
    assert [item.get("type", "message") for item in sent] == ["reasoning", "message", "message"]
    assert not any("id" in item for item in sent)
    assert sent[0]["encrypted_content"] == "sealed"


@pytest.mark.parametrize("speaks", ["responses", "chat"])
def test_pitfall_40_calls_that_interleave_are_told_one_after_the_other(speaks: str) -> None:
    scene = Scene(speaks=[speaks])
    body = asking(MESSAGES, "gpt-4.1", "in parallel", tools=TWO, stream=True)
    call = scene.post(MESSAGES, body, x_embedded_fault="shape=interleaved")
    uses = [block for block in collected(call)["content"] if block["type"] == "tool_use"]
    assert [use["name"] for use in uses] == ["look_up", "look_down"]
    assert all(isinstance(use["input"], dict) for use in uses)
    assert len({use["id"] for use in uses}) == 2


@pytest.mark.parametrize("speaks", ["responses", "chat"])
def test_pitfall_44_a_message_begins_with_an_estimate_and_ends_with_the_truth(speaks: str) -> None:
    scene = Scene(speaks=[speaks])
    call = scene.post(MESSAGES, asking(MESSAGES, text="word " * 100, stream=True))
    start = call.events()[0]["message"]["usage"]
    assert {"input_tokens", "output_tokens", "cache_read_input_tokens"} <= start.keys()
    assert 50 < start["input_tokens"] < 300
    (end,) = (event["usage"] for event in call.events() if event["type"] == "message_delta")
    whole = scene.post(MESSAGES, asking(MESSAGES, text="word " * 100)).json["usage"]
    assert end["input_tokens"] == whole["input_tokens"] > 100
    assert end["output_tokens"] > 0


def test_pitfall_45_a_prompt_that_is_too_long_is_refused_in_claude_codes_words() -> None:
    for speaks in ("responses", "chat"):
        scene = Scene(speaks=[speaks])
        call = scene.post(MESSAGES, asking(MESSAGES), x_embedded_fault="refuse=context")
        assert call.status == 400
        assert call.json["type"] == "error"
        assert call.json["error"]["type"] == "invalid_request_error"
        assert call.json["error"]["message"].startswith("prompt is too long")
        if speaks == "chat":
            assert "128001 tokens > 128000 maximum" in call.json["error"]["message"]


@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_45_so_it_is_when_the_upstream_finds_it_while_it_answers(stream: bool) -> None:
    fault = "failed=0,code=context_length_exceeded"
    call = Scene().post(MESSAGES, asking(MESSAGES, stream=stream), x_embedded_fault=fault)
    assert call.status == 400
    assert call.json["error"]["type"] == "invalid_request_error"
    assert call.json["error"]["message"].startswith("prompt is too long")


def test_pitfall_45_and_after_the_first_words() -> None:
    fault = "failed=7,code=context_length_exceeded"
    call = Scene().post(MESSAGES, asking(MESSAGES, stream=True), x_embedded_fault=fault)
    assert call.events()[-1]["error"]["type"] == "invalid_request_error"
    assert call.events()[-1]["error"]["message"].startswith("prompt is too long")


@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_46_no_token_is_counted_twice(stream: bool) -> None:
    from tests.scripted import created, ended, speech

    hello = message("Hello")
    counts = {
        **usage(100, 5, cached=60),
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 30},
    }
    events = [created(), *speech(0, hello, "Hel", "lo"), ended(hello, usage=counts)]
    whole = Played(body=response(hello, usage=counts))
    scene = Scene()
    scene.play(Played.events(*events) if stream else whole)
    call = scene.post(MESSAGES, asking(MESSAGES, stream=stream))
    told = collected(call)["usage"] if stream else call.json["usage"]
    assert (told["input_tokens"], told["cache_read_input_tokens"]) == (10, 60)
    assert told["cache_creation_input_tokens"] == 30


SESSIONS: list[dict[str, Any]] = [
    {"metadata": {"user_id": "user_1_account__session_2"}},
    {"x_claude_code_session_id": "s-1"},
    {"session_id": "s-1"},
]


@pytest.mark.parametrize("named", SESSIONS, ids=["metadata", "claude", "header"])
def test_pitfall_47_a_conversation_has_one_cache_key(named: dict[str, Any]) -> None:
    scene = Scene()
    body = {name: value for name, value in named.items() if name == "metadata"}
    headers = {name: value for name, value in named.items() if name != "metadata"}
    for text in ("hello", "and more"):
        scene.post(MESSAGES, asking(MESSAGES, text=text, **body), **headers)
    first, second = (sent.json["prompt_cache_key"] for sent in scene.sent)
    assert first == second
    assert len(first) <= 64
    assert not any(str(value) in first for value in headers.values())
    if "session_id" in headers:
        assert [sent.headers["session-id"] for sent in scene.sent] == ["s-1", "s-1"]


def test_pitfall_47_another_conversation_has_another_and_the_callers_own_goes_first() -> None:
    scene = Scene("bridge")
    for session in ("a", "b"):
        scene.post(CHAT, asking(CHAT, "gpt-5"), session_id=session)
    scene.post(CHAT, asking(CHAT, "gpt-5", prompt_cache_key="mine"), session_id="a")
    first, second, third = (sent.json["prompt_cache_key"] for sent in scene.sent)
    assert first != second
    assert third == "mine"


def test_pitfall_53_tokens_are_counted_upstream_with_tools_and_system() -> None:
    scene = Scene()
    plain = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hello"}]}
    bare = scene.post(COUNT, plain).json["input_tokens"]
    full = scene.post(COUNT, {**plain, "system": "Be brief.", "tools": [TOOL]}).json["input_tokens"]
    assert full > bare
    assert [sent.target for sent in scene.sent] == ["/v1/responses/input_tokens"] * 2
    assert scene.sent[1].json["tools"][0]["name"] == "look_up"


def test_pitfall_53_fifty_questions_at_once_are_few_upstream() -> None:
    scene = Scene()
    calls = [
        scene.post(
            COUNT,
            {"model": "gpt-4.1", "messages": [{"role": "user", "content": f"text {number % 25}"}]},
            x_embedded_fault="delay=0.5",
        )
        for number in range(50)
    ]
    assert scene.active <= 8
    scene.run(10)
    assert all(call.status == 200 for call in calls)
    assert len(scene.sent) == 25


@pytest.mark.parametrize("fault", ["status=500", "status=404", "reset", "stall", "html"])
def test_pitfall_53_a_failure_is_met_with_an_estimate(fault: str) -> None:
    scene = Scene()
    body = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "hello"}]}
    call = scene.post(COUNT, body, x_embedded_fault=fault)
    scene.run(5)
    assert call.status == 200
    assert call.json["input_tokens"] > 0
    assert call.headers["x-openaiproxy-estimated"] == "input_tokens"


KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    529: "overloaded_error",
}


@pytest.mark.parametrize("status", list(KINDS))
@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_54_an_error_has_anthropics_shape_and_the_upstreams_words(
    status: int, stream: bool
) -> None:
    body = asking(MESSAGES, stream=stream)
    told = Scene("passthrough").post(
        RESPONSES, asking(RESPONSES), x_embedded_fault=f"status={status}"
    )
    call = Scene().post(MESSAGES, body, x_embedded_fault=f"status={status}")
    assert call.status == status
    assert call.json["type"] == "error"
    assert call.json["error"]["type"] == KINDS[status]
    assert call.json["error"]["message"] == told.json["error"]["message"]


def test_pitfall_54_an_error_of_our_own_has_it_too() -> None:
    for path, status, kind in (
        ("/v1/messages", 400, "invalid_request_error"),
        ("/nowhere/messages", 404, "not_found_error"),
    ):
        call = Scene("o1" if status == 404 else "gateway").post(
            path, b"no json", anthropic_version="2023-06-01"
        )
        assert call.status == status
        assert (call.json["type"], call.json["error"]["type"]) == ("error", kind)
        assert call.json["request_id"]


def test_pitfall_54_events_are_named_and_there_is_no_done() -> None:
    call = Scene().post(MESSAGES, asking(MESSAGES, stream=True))
    frames = call.body.decode().strip().split("\n\n")
    for frame in frames:
        name, data = frame.split("\n")
        assert name == f"event: {json.loads(data.removeprefix('data: '))['type']}"
    assert frames[-1].startswith("event: message_stop")
