"""Rows 2, 3, 17, 18, 21, 45 to 48 and 51 to 69: what is offered, and what becomes of a request."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scene import CHAT, MESSAGES, RESPONSES, Call, Scene, asking

TRANSLATING = ["gateway", "bridge", "o1"]
LISTING = ["gateway", "bridge", "o1", "passthrough"]
PIXEL = base64.b64encode(b"not really a picture").decode()
FUNCTION = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}
TOOLS = [{"type": "function", "function": FUNCTION}]
#: A model that Chat has not, so that every translating port bridges it.
CODEX = "gpt-5-codex"


def asked(parts: list[Any], preset: str = "bridge") -> tuple[Scene, Call, list[Any]]:
    """What the parts of a user's turn are to Responses."""
    scene = Scene(preset)
    turns = [{"role": "user", "content": parts}]
    call = scene.post(CHAT, asking(CHAT, CODEX, messages=turns))
    assert call.status == 200, call.body
    return scene, call, scene.sent[0].json["input"][0]["content"]


def ids(scene: Scene, target: str = "/v1/models", **headers: str) -> list[str]:
    return [entry["id"] for entry in scene.get(target, **headers).json["data"]]


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_2_chat_is_bridged_to_responses(preset: str) -> None:
    scene = Scene(preset)
    call = scene.post(CHAT, asking(CHAT, CODEX))
    assert scene.sent[0].target == RESPONSES
    assert call.json["object"] == "chat.completion"
    assert call.json["choices"][0]["message"]["content"].endswith("You said: hello")


@pytest.mark.parametrize("preset", [*TRANSLATING, "passthrough", "keyed"])
@pytest.mark.parametrize("model", ["gpt-4.1", "o1-mini", CODEX])
def test_row_3_chat_is_streamed(preset: str, model: str) -> None:
    if preset in ("passthrough", "keyed") and model != "gpt-4.1":
        model = "gpt-4o"
    call = Scene(preset).post(CHAT, asking(CHAT, model, stream=True), x_api_key="key-of-a-caller")
    assert "".join(call.deltas()).endswith("You said: hello")
    assert call.finishes() == ["stop"]
    assert call.events()[-1] == "[DONE]"


@pytest.mark.parametrize("preset", LISTING)
def test_row_17_models_are_listed(preset: str) -> None:
    found = Scene(preset).get("/v1/models").json
    assert found["object"] == "list"
    assert found["data"]


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize("path", ["/chat/completions", "/responses", "/models"])
def test_row_18_v1_may_be_left_out(preset: str, path: str) -> None:
    scene = Scene(preset)
    call = (
        scene.get(path) if path == "/models" else scene.post(path, asking(f"/v1{path}", "gpt-4.1"))
    )
    assert call.status == 200


@pytest.mark.parametrize("preset", ["gateway", "bridge"])
@pytest.mark.parametrize("stream", [True, False])
def test_row_21_messages_come_in_with_tools(preset: str, stream: bool) -> None:
    scene = Scene(preset)
    tool = {"name": "look_up", "input_schema": {"type": "object"}}
    first = scene.post(MESSAGES, asking(MESSAGES, tools=[tool])).json
    (use,) = (block for block in first["content"] if block["type"] == "tool_use")
    assert first["stop_reason"] == "tool_use"
    result = {"type": "tool_result", "tool_use_id": use["id"], "content": "42"}
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": [result]},
    ]
    call = scene.post(MESSAGES, asking(MESSAGES, tools=[tool], messages=turns, stream=stream))
    if stream:
        deltas = [e["delta"] for e in call.events() if e["type"] == "content_block_delta"]
        text = "".join(delta.get("text", "") for delta in deltas)
    else:
        text = call.json["content"][0]["text"]
    assert text == "The tool answered: 42"


@pytest.mark.parametrize(
    ("preset", "codex", "plain"),
    [("passthrough", False, True), ("bridge", True, False), ("gateway", True, True)],
)
def test_row_45_each_port_lists_its_kind(preset: str, codex: bool, plain: bool) -> None:
    found = ids(Scene(preset))
    assert any("codex" in name for name in found) is codex
    assert any("codex" not in name for name in found) is plain


def test_row_46_names_of_the_bridge_say_how_to_reason() -> None:
    scene = Scene("bridge")
    listed = [name for name in ids(scene) if ":res-" in name]
    assert "gpt-5-codex:res-high:sum-auto" in listed
    for name in listed:
        assert scene.post(CHAT, asking(CHAT, name)).status == 200
    sent = {sent.json["reasoning"]["effort"] for sent in scene.sent if "reasoning" in sent.json}
    assert {sent.json["model"] for sent in scene.sent} == {"gpt-5-codex"}
    assert {"low", "medium", "high"} <= sent


@pytest.mark.parametrize("preset", LISTING)
def test_row_47_a_list_of_the_operators_own(preset: str, tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text(json.dumps(["mine", "mine-codex"]))
    found = ids(Scene(preset, models_file=str(file)))
    assert "mine" in found
    assert "mine-codex" in found


@pytest.mark.parametrize("preset", LISTING)
def test_row_48_a_list_is_kept_for_a_while_and_refreshed_on_demand(preset: str) -> None:
    scene = Scene(preset)
    for target, questions in (
        ("/v1/models", 1),
        ("/v1/models", 1),
        ("/v1/models?refresh=true", 2),
        ("/v1/models?refresh=1", 3),
        ("/v1/models", 3),
    ):
        ids(scene, target)
        assert len(scene.front.sent) == questions
    scene.run(301)
    ids(scene)
    assert len(scene.front.sent) == 4
    ids(scene, authorization="Bearer another")
    # A port that spends its own key asks but once for all of its callers.
    assert len(scene.front.sent) == (4 if scene.profile.credential.key else 5)


def test_row_48_it_can_be_switched_off() -> None:
    scene = Scene(models_ttl="0")
    ids(scene)
    ids(scene)
    assert len(scene.front.sent) == 2


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize(
    "image",
    [
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}},
        {"type": "image_url", "image_url": "https://example.com/a.png", "detail": "low"},
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
    ],
)
def test_row_51_a_picture_is_seen_in_its_detail(preset: str, image: Any) -> None:
    _, call, (_, sent) = asked([{"type": "input_text", "text": "see"}, image], preset)
    url = "https://example.com/a.png"
    assert sent == {"type": "input_image", "image_url": url, "detail": "low"}
    assert "x-openaiproxy-dropped" not in call.headers


@pytest.mark.parametrize(
    ("part", "sent"),
    [
        ({"type": "file", "file": {"file_id": "file-1"}}, {"file_id": "file-1"}),
        ({"type": "file", "file_id": "file-1"}, {"file_id": "file-1"}),
        ({"type": "input_file", "file_id": "file-1"}, {"file_id": "file-1"}),
        (
            {
                "type": "input_file",
                "filename": "a.pdf",
                "file_data": f"data:application/pdf;base64,{PIXEL}",
            },
            {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PIXEL}"},
        ),
        (
            {"type": "input_file", "file_url": "https://example.com/a.pdf"},
            {"file_url": "https://example.com/a.pdf"},
        ),
    ],
)
def test_row_52_a_file_is_read_in_either_shape(part: Any, sent: Any) -> None:
    _, call, (_, found) = asked([{"type": "text", "text": "read"}, part])
    assert found == {"type": "input_file", **sent}
    assert "x-openaiproxy-dropped" not in call.headers


def test_row_53_a_picture_by_id_and_in_base64() -> None:
    data = f"data:image/png;base64,{PIXEL}"
    parts = [
        {"type": "input_text", "text": "see"},
        {"type": "input_image", "file_id": "file-1"},
        {"type": "image_url", "image_url": {"url": data}},
    ]
    _, call, (_, first, second) = asked(parts)
    assert first["file_id"] == "file-1"
    assert second["image_url"] == data
    assert "x-openaiproxy-dropped" not in call.headers


def test_row_51_52_the_documented_example_of_the_bridge_is_understood() -> None:
    scene = Scene("bridge")
    url = "https://example.com/a.png"
    parts = [
        {"type": "input_text", "text": "what is it"},
        {"type": "input_image", "image_url": url},
    ]
    said = [{"type": "output_text", "text": "A picture."}]
    turns = [
        {"role": "user", "content": parts},
        {"role": "assistant", "content": said},
        {"role": "user", "content": [{"type": "input_text", "text": "sure?"}]},
    ]
    call = scene.post(CHAT, asking(CHAT, CODEX, messages=turns))
    assert call.json["choices"][0]["message"]["content"].endswith("You said: sure?")
    assert "x-openaiproxy-dropped" not in call.headers


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_rows_54_55_either_limit_is_responses_own(preset: str, name: str) -> None:
    scene = Scene(preset)
    scene.post(CHAT, asking(CHAT, CODEX, **{name: 77}))
    assert scene.sent[0].json["max_output_tokens"] == 77
    assert not {"max_tokens", "max_completion_tokens"} & scene.sent[0].json.keys()


def test_row_56_a_web_search_by_default_with_a_switch() -> None:
    for flags, tools in (({}, [{"type": "web_search"}]), ({"web_search": "no"}, None)):
        scene = Scene("bridge", **flags)
        scene.post(CHAT, asking(CHAT, "gpt-5"))
        assert scene.sent[0].json.get("tools") == tools
    own = Scene("bridge")
    own.post(CHAT, asking(CHAT, "gpt-5", tools=TOOLS))
    assert [tool["type"] for tool in own.sent[0].json["tools"]] == ["function"]
    for preset in ("gateway", "o1"):
        scene = Scene(preset)
        scene.post(CHAT, asking(CHAT, CODEX))
        assert "tools" not in scene.sent[0].json


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ({}, {"effort": "medium", "summary": "auto"}),
        ({"reasoning_effort": "high"}, {"effort": "high", "summary": "auto"}),
        ({"reasoning": {"effort": "low"}}, {"effort": "low", "summary": "auto"}),
        ({"reasoning": {"summary": "detailed"}}, {"effort": "medium", "summary": "detailed"}),
        ({"reasoning": {"summary": None}}, {"effort": "medium"}),
        ({"reasoning": {}}, {"effort": "medium", "summary": "auto"}),
    ],
)
def test_row_57_the_bridge_reasons_by_default(said: Any, sent: Any) -> None:
    scene = Scene("bridge")
    scene.post(CHAT, asking(CHAT, "gpt-5", **said))
    assert scene.sent[0].json["reasoning"] == sent


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_58_effort_verbosity_and_tier_are_mapped(preset: str) -> None:
    scene = Scene(preset)
    more = {"reasoning_effort": "low", "verbosity": "high", "service_tier": "flex"}
    scene.post(CHAT, asking(CHAT, CODEX, **more))
    sent = scene.sent[0].json
    assert sent["reasoning"]["effort"] == "low"
    assert sent["text"]["verbosity"] == "high"
    assert sent["service_tier"] == "flex"


def test_row_59_what_is_fast_can_be_said_as_defaults() -> None:
    flags = {"default_effort": "minimal", "default_verbosity": "low", "default_tier": "priority"}
    scene = Scene("bridge", web_search="no", **flags)
    scene.post(CHAT, asking(CHAT, "gpt-5"))
    scene.post(CHAT, asking(CHAT, "gpt-5", reasoning_effort="high", service_tier="flex"))
    found = [
        (s.json["reasoning"]["effort"], s.json["text"]["verbosity"], s.json["service_tier"])
        for s in scene.sent
    ]
    assert found == [("minimal", "low", "priority"), ("high", "low", "flex")]


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize("stream", [True, False])
def test_row_60_functions_of_before_tools_are_called_as_such(preset: str, stream: bool) -> None:
    scene = Scene(preset)
    more = {"functions": [FUNCTION], "function_call": {"name": "look_up"}}
    call = scene.post(CHAT, asking(CHAT, CODEX, stream=stream, **more))
    sent = scene.sent[0].json
    assert [(tool["type"], tool["name"]) for tool in sent["tools"]] == [("function", "look_up")]
    assert sent["tool_choice"] == {"type": "function", "name": "look_up"}
    if stream:
        assert call.deltas("function_call")[0]["name"] == "look_up"  # type: ignore[index]
        assert call.finishes() == ["function_call"]
    else:
        assert call.json["choices"][0]["message"]["function_call"]["name"] == "look_up"
        assert call.json["choices"][0]["finish_reason"] == "function_call"


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_61_tools_are_flat(preset: str) -> None:
    scene = Scene(preset)
    scene.post(CHAT, asking(CHAT, CODEX, tools=TOOLS))
    assert scene.sent[0].json["tools"] == [{"type": "function", **FUNCTION, "strict": False}]


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_62_calls_and_results_are_items(preset: str) -> None:
    scene = Scene(preset)
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
    ]
    scene.post(CHAT, asking(CHAT, CODEX, tools=TOOLS, messages=turns))
    _, made, result = scene.sent[0].json["input"]
    assert (made["type"], made["call_id"], made["name"]) == ("function_call", "call_1", "look_up")
    assert (result["type"], result["call_id"], result["output"]) == (
        "function_call_output",
        "call_1",
        "42",
    )


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_63_a_format_is_kept(preset: str) -> None:
    scene = Scene(preset)
    properties = {"answer": {"type": "string"}}
    schema = {"type": "object", "properties": properties, "required": ["answer"]}
    shape = {"type": "json_schema", "json_schema": {"name": "s", "schema": schema, "strict": True}}
    call = scene.post(CHAT, asking(CHAT, CODEX, response_format=shape))
    assert scene.sent[0].json["text"]["format"]["schema"] == schema
    assert "answer" in json.loads(call.json["choices"][0]["message"]["content"])


@pytest.mark.parametrize("preset", TRANSLATING)
def test_row_64_instructions_keep_their_rank_and_place(preset: str) -> None:
    scene = Scene(preset)
    roles = ["system", "user", "developer", "user"]
    turns = [{"role": role, "content": f"words {n}"} for n, role in enumerate(roles)]
    scene.post(CHAT, asking(CHAT, CODEX, messages=turns))
    sent = scene.sent[0].json
    assert [item["role"] for item in sent["input"]] == roles
    assert "instructions" not in sent


@pytest.mark.parametrize("preset", ["gateway", "bridge"])
def test_row_65_nothing_is_stored_where_the_port_says_so(preset: str) -> None:
    for path in (CHAT, MESSAGES):
        scene = Scene(preset, store="no")
        scene.post(path, asking(path, CODEX))
        assert scene.sent[0].json["store"] is False


@pytest.mark.parametrize("model", ["o1-mini", "o1-preview"])
@pytest.mark.parametrize("preset", ["gateway", "o1"])
def test_rows_66_67_the_first_models_hear_words_of_users_and_assistants_alone(
    preset: str, model: str
) -> None:
    scene = Scene(preset)
    call = {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": "{}"}}
    turns = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "Hm.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": "42"},
        {"role": "user", "content": "and now"},
    ]
    more = {"temperature": 0.5, "top_p": 0.5, "tools": TOOLS, "n": 2, "stop": ["x"], "seed": 1}
    call_ = scene.post(CHAT, asking(CHAT, model, messages=turns, stream=True, **more))
    assert call_.status == 200, call_.body
    sent = scene.sent[0].json
    assert {message["role"] for message in sent["messages"]} == {"user", "assistant"}
    assert "42" in json.dumps(sent["messages"])
    assert not {"temperature", "top_p", "tools", "n", "stop"} & sent.keys()
    assert not sent.get("stream")
    assert "temperature" in call_.headers["x-openaiproxy-dropped"]
    assert "tools" in call_.headers["x-openaiproxy-dropped"]


@pytest.mark.parametrize("preset", TRANSLATING)
@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, {"model": "gpt-5"}),
        (CHAT, {"messages": [{"role": "user", "content": "hello"}]}),
        (RESPONSES, b"{"),
        (CHAT, b"[]"),
        (CHAT, b"no json"),
    ],
)
def test_row_68_what_is_required_is_said_in_a_400(preset: str, path: str, body: Any) -> None:
    scene = Scene(preset)
    call = scene.post(path, body)
    assert call.status == 400
    assert call.json["error"].keys() == {"message", "type", "param", "code"}
    assert call.json["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("preset", ["gateway", "bridge"])
def test_row_69_system_pictures_tools_and_results_of_messages_arrive(preset: str) -> None:
    scene = Scene(preset)
    picture = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    image = {"type": "image", "source": picture}
    use = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
    result = {
        "type": "tool_result",
        "tool_use_id": "toolu_1",
        "content": [{"type": "text", "text": "42"}, image],
        "is_error": True,
    }
    turns = [
        {"role": "user", "content": [{"type": "text", "text": "see"}, image]},
        {"role": "assistant", "content": [{"type": "text", "text": "Hm."}, use]},
        {"role": "user", "content": [result, {"type": "text", "text": "and now"}]},
    ]
    tools = [{"name": "look_up", "input_schema": {"type": "object"}}]
    body = asking(MESSAGES, system="Be brief.", messages=turns, tools=tools)
    call = scene.post(MESSAGES, body)
    assert call.status == 200
    sent = scene.sent[0].json
    assert "Be brief." in json.dumps([sent.get("instructions"), sent["input"][0]])
    assert json.dumps(sent).count(PIXEL) == 2
    kinds = [item["type"] for item in sent["input"] if item.get("role") != "system"]
    assert kinds[-5:] == ["message", "message", "function_call", "function_call_output", "message"]
    (output,) = (item for item in sent["input"] if item["type"] == "function_call_output")
    assert "error" in json.dumps(output)
    assert "You also said: and now" in call.json["content"][0]["text"]
