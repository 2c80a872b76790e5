"""Chapter 4.3: what the proxy for o1-preview and o1-mini on port 4567 did wrong."""

from typing import Any

import pytest

from tests.e2e.scene import CHAT, RESPONSES, Call, Played, Scene, asking

ANSWER = "This is the embedded upstream. You said: hello"
FIRST = ["o1-mini", "o1-preview"]


def completion(*choices: dict[str, Any]) -> dict[str, Any]:
    """A whole answer of Chat's."""
    counts = {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 5, "model": "o1-mini"}
    numbered = [
        {"index": number, "finish_reason": "stop", "logprobs": None, **choice}
        for number, choice in enumerate(choices)
    ]
    return {**head, "choices": numbered, "usage": counts}


def spoken(text: str | None, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "content": text, "refusal": None, **more}


def replayed(*choices: dict[str, Any], **more: Any) -> Call:
    """The stream that a caller gets of a whole answer."""
    scene = Scene("o1")
    scene.play(Played(body=completion(*choices)))
    return scene.post(CHAT, asking(CHAT, "o1-mini", stream=True, **more))


@pytest.mark.parametrize("model", FIRST)
@pytest.mark.parametrize("status", [401, 429, 500])
def test_defect_4_3_1_a_refusal_keeps_its_status(model: str, status: int) -> None:
    scene = Scene("o1")
    fault = f"status={status},retry-after=7"
    call = scene.post(CHAT, asking(CHAT, model, stream=True), x_embedded_fault=fault)
    assert call.status == status
    assert call.headers["content-type"] == "application/json"
    assert call.headers["retry-after"] == "7"
    assert call.json["error"]["message"]


@pytest.mark.parametrize("model", FIRST)
def test_defect_4_3_1_a_stream_says_that_it_is_one(model: str) -> None:
    call = Scene("o1").post(CHAT, asking(CHAT, model, stream=True))
    assert (call.status, call.headers["content-type"]) == (200, "text/event-stream")


@pytest.mark.parametrize("fault", ["status=429", "cut=1", "reset"])
def test_defect_4_3_1_what_fails_after_a_sign_of_life_is_told(fault: str) -> None:
    scene = Scene("o1")
    body = asking(CHAT, "o1-mini", "long " * 100, stream=True)
    call = scene.post(CHAT, body, x_embedded_fault=f"delay=20,{fault}")
    scene.run(21)
    assert call.status == 200
    assert call.events()[-2]["error"]["message"]
    assert call.events()[-1] == "[DONE]"
    assert call.finishes() == []


@pytest.mark.parametrize("model", FIRST)
def test_defect_4_3_2_there_are_signs_of_life_while_it_thinks(model: str) -> None:
    scene = Scene("o1")
    call = scene.post(CHAT, asking(CHAT, model, stream=True), x_embedded_fault="delay=100")
    scene.run(99)
    assert call.status == 200
    assert call.body == b": keepalive\n\n" * 6
    scene.run(2)
    assert "".join(call.deltas()) == ANSWER
    assert call.whole


@pytest.mark.parametrize("model", FIRST)
def test_defect_4_3_3_the_text_comes_a_few_words_at_a_time(model: str) -> None:
    call = Scene("o1").post(CHAT, asking(CHAT, model, "word " * 50, stream=True))
    pieces = call.deltas()
    assert "".join(pieces).startswith("This is the embedded upstream. You said: word word")
    assert len(pieces) > 5
    assert all(len(piece) <= 64 for piece in pieces)
    assert all(piece.endswith(" ") for piece in pieces[:-1])


@pytest.mark.parametrize("text", ["", "x", "a" * 500, "  \n\n ", "大" * 200, "a b " * 100 + "\r\n"])
def test_defect_4_3_3_and_is_the_same_text(text: str) -> None:
    assert "".join(replayed({"message": spoken(text)}).deltas()) == text


def test_defect_4_3_4_calls_refusals_and_other_choices_are_kept() -> None:
    function = {"name": "look_up", "arguments": '{"at": 1}'}
    calls = [{"id": "call_1", "type": "function", "function": function}]
    call = replayed(
        {"message": spoken(None, tool_calls=calls), "finish_reason": "tool_calls"},
        {"message": {**spoken(None), "refusal": "I will not do that, and say so at length."}},
        {"message": spoken("Hello"), "finish_reason": "length"},
        {"message": spoken("Hell"), "finish_reason": "content_filter"},
        n=4,
    )
    assert call.finishes() == ["tool_calls", "stop", "length", "content_filter"]
    deltas: dict[int, list[Any]] = {}
    for event in call.events()[:-1]:
        for choice in event["choices"]:
            deltas.setdefault(choice["index"], []).append(choice["delta"])
    (first, *_) = (delta["tool_calls"][0] for delta in deltas[0] if "tool_calls" in delta)
    assert (first["id"], first["function"]["name"]) == ("call_1", "look_up")
    arguments = [
        delta["tool_calls"][0]["function"]["arguments"]
        for delta in deltas[0]
        if "tool_calls" in delta
    ]
    assert "".join(arguments) == '{"at": 1}'
    refusals = [delta["refusal"] for delta in deltas[1] if delta.get("refusal")]
    assert "".join(refusals) == "I will not do that, and say so at length."
    assert len(refusals) > 1
    assert "".join(delta.get("content") or "" for delta in deltas[2]) == "Hello"


@pytest.mark.parametrize("asked", [True, False])
def test_defect_4_3_4_usage_is_told_to_who_asks(asked: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if asked else {}
    call = replayed({"message": spoken("Hello")}, **options)
    told = [event["usage"] for event in call.events()[:-1] if event.get("usage")]
    assert [usage["total_tokens"] for usage in told] == ([7] if asked else [])


@pytest.mark.parametrize("model", FIRST)
def test_defect_4_3_5_the_limit_is_kept_by_its_new_name(model: str) -> None:
    scene = Scene("o1")
    scene.post(CHAT, asking(CHAT, model, max_tokens=300))
    assert scene.sent[0].json["max_completion_tokens"] == 300
    assert "max_tokens" not in scene.sent[0].json


@pytest.mark.parametrize("model", ["gpt-4.1", "o3", "gpt-5"])
def test_defect_4_3_5_models_that_take_tools_and_formats_get_them(model: str) -> None:
    scene = Scene("o1")
    function = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}
    tools = [{"type": "function", "function": function}]
    shape = {"type": "json_object"}
    call = scene.post(CHAT, asking(CHAT, model, tools=tools, response_format=shape))
    assert call.json["choices"][0]["finish_reason"] == "tool_calls"
    assert "x-openaiproxy-dropped" not in call.headers


def test_defect_4_3_5_what_the_first_models_lack_is_named() -> None:
    scene = Scene("o1")
    call = scene.post(CHAT, asking(CHAT, "o1-mini", temperature=0.5, top_p=0.5))
    assert call.status == 200
    assert "temperature" in call.headers["x-openaiproxy-dropped"]


@pytest.mark.parametrize("model", ["o3", "gpt-5", "gpt-4.1", "unheard-of"])
def test_defect_4_3_6_later_models_keep_their_roles_and_stream(model: str) -> None:
    scene = Scene("o1")
    turns = [
        {"role": "developer" if model[0] in "og" else "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
    ]
    call = scene.post(
        CHAT, asking(CHAT, model, messages=turns, stream=True), x_embedded_fault="pace=1"
    )
    scene.run(4)
    assert call.deltas()
    assert not call.ended
    assert scene.sent[0].json["stream"] is True
    given = scene.sent[0].json.get("messages") or scene.sent[0].json["input"]
    assert given[0]["role"] == turns[0]["role"]


@pytest.mark.parametrize("model", FIRST)
@pytest.mark.parametrize("role", ["system", "developer"])
def test_defect_4_3_7_instructions_and_question_are_one_turn(model: str, role: str) -> None:
    scene = Scene("o1")
    turns = [{"role": role, "content": "Be brief."}, {"role": "user", "content": "hello"}]
    call = scene.post(CHAT, asking(CHAT, model, messages=turns))
    assert call.status == 200
    (sent,) = scene.sent[0].json["messages"]
    assert sent["role"] == "user"
    assert "Be brief." in str(sent["content"])
    assert "hello" in str(sent["content"])


def test_defect_4_3_8_many_are_answered_at_once() -> None:
    scene = Scene("o1")
    calls = [
        scene.post(CHAT, asking(CHAT, "o1-mini", stream=True), x_embedded_fault="delay=30")
        for _ in range(30)
    ]
    assert scene.active == 30
    scene.run(31)
    assert all("".join(call.deltas()) == ANSWER for call in calls)


def test_defect_4_3_9_the_log_holds_neither_keys_nor_prompts() -> None:
    scene = Scene("o1")
    scene.post(CHAT, asking(CHAT, "o1-mini", "a-private-question"), authorization="Bearer private")
    line = {name: value for name, value in scene.lines[0].items() if name != "log_logger"}
    assert "private" not in repr(line)
    assert "sk-the-servers-own" not in repr(line)


@pytest.mark.parametrize("model", ["o1-mini", "gpt-4.1"])
def test_defect_4_3_9_cookies_are_not_folded(model: str) -> None:
    scene = Scene("o1")
    scene.play(Played(body=completion({"message": spoken("Hi")}), cookies=("a=1", "b=2")))
    call = scene.post(CHAT, asking(CHAT, model))
    assert call.response.headers.getRawHeaders("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("model", [*FIRST, "gpt-5", "gpt-5-codex"])
def test_defect_4_3_10_the_last_word_has_no_quotes(model: str) -> None:
    call = Scene("o1").post(CHAT, asking(CHAT, model, stream=True))
    assert call.body.endswith(b"\n\ndata: [DONE]\n\n")


@pytest.mark.parametrize("preset", ["o1", "gateway", "bridge"])
@pytest.mark.parametrize(
    "body",
    [{}, {"model": "o1-mini"}, {"messages": []}, {"model": "gpt-4.1", "messages": None}],
    ids=["neither", "no messages", "no model", "null"],
)
@pytest.mark.parametrize("stream", [True, False])
def test_contract_of_o1_model_and_messages_are_required(
    preset: str, body: Any, stream: bool
) -> None:
    scene = Scene(preset)
    call = scene.post(CHAT, {**body, "stream": stream})
    assert call.status == 400
    assert call.json["error"].keys() == {"message", "type", "param", "code"}
    told = "Both 'model' and 'messages' parameters are required."
    assert call.json["error"]["message"] == told
    assert call.json["error"]["type"] == "invalid_request_error"
    assert not scene.sent


def test_contract_of_o1_newer_models_find_responses_there() -> None:
    call = Scene("o1").post(RESPONSES, asking(RESPONSES, "gpt-5", stream=True))
    assert call.events()[-1]["type"] == "response.completed"
