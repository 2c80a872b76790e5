"""Requests: each field has a home, and what has none is a loss by name."""

from typing import Any

import pytest
from attrs import evolve

from openaiproxy.dialects.responses.fields import REQUEST
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest
from openaiproxy.hub.parts import (
    Audio,
    Extra,
    File,
    Hosted,
    HostedKind,
    Image,
    Opaque,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.request import (
    Choose,
    Format,
    FormatKind,
    FunctionTool,
    HostedTool,
    OpaqueTool,
    ReasoningSettings,
    Request,
    Role,
    Sampling,
    ToolChoice,
    ToolRef,
    Turn,
)
from openaiproxy.wire import json
from tests.dialects.responses.support import SPECS, again

parse = RESPONSES.parse_request


def body(*turns: Turn, **fields: Any) -> Any:
    return RESPONSES.render_request(Request("m", turns, **fields)).body


def paths(*turns: Turn, **fields: Any) -> list[str]:
    return [loss.path for loss in RESPONSES.render_request(Request("m", turns, **fields)).losses]


@pytest.mark.skipif(not SPECS.is_dir(), reason=f"no schemas at {SPECS}")
def test_every_field_of_the_published_request_has_a_row() -> None:
    found = json.loads((SPECS / "sdk-3.52.0-ResponseCreateParams.schema.json").read_bytes())
    assert set(found["properties"]) <= REQUEST.names


WHOLE: dict[str, Any] = {
    "model": "m",
    "instructions": "Be brief.",
    "input": [
        {"role": "developer", "content": "d"},
        {
            "role": "user",
            "content": [
                {
                    "type": "input_text",
                    "text": "x",
                    "prompt_cache_breakpoint": {"mode": "explicit"},
                },
                {"type": "input_image", "image_url": "data:image/png;base64,AA==", "detail": "low"},
                {"type": "input_image", "image_url": "https://a/b.png"},
                {
                    "type": "input_file",
                    "file_data": "data:application/pdf;base64,AA==",
                    "filename": "a.pdf",
                },
                {"type": "input_file", "file_id": "file_1"},
                {"type": "input_audio", "input_audio": {"data": "AA==", "format": "mp3"}},
                {"type": "input_hologram", "x": 1},
            ],
        },
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "s"},
        {
            "type": "message",
            "role": "assistant",
            "id": "msg_1",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "a", "annotations": []},
                {"type": "refusal", "refusal": "no"},
            ],
            "more": 1,
        },
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "free"},
        {"type": "function_call_output", "call_id": "c", "output": ""},
        {
            "type": "custom_tool_call_output",
            "call_id": "d",
            "output": [
                {"type": "input_text", "text": "x"},
                {"type": "input_image", "file_id": "f"},
            ],
        },
        {"type": "item_reference", "id": "x"},
        {"role": "assistant", "content": "one"},
        {"role": "assistant", "content": "two"},
        {"type": "shell_call_output", "call_id": "s", "output": []},
        {
            "type": "web_search_call",
            "id": "w",
            "status": "completed",
            "action": {"type": "search", "query": "q"},
        },
    ],
    "tools": [
        {
            "type": "function",
            "name": "f",
            "parameters": {"type": "object"},
            "strict": False,
            "defer_loading": True,
        },
        {
            "type": "custom",
            "name": "g",
            "format": {"type": "grammar", "syntax": "lark", "definition": "x"},
        },
        {"type": "custom", "name": "h"},
        {"type": "web_search", "filters": {"allowed_domains": ["a.b"]}},
        {"type": "namespace", "name": "n", "tools": []},
    ],
    "tool_choice": {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "function", "name": "f"}, {"type": "web_search"}],
    },
    "text": {
        "format": {
            "type": "json_schema",
            "name": "s",
            "schema": {"type": "object"},
            "strict": True,
        },
        "verbosity": "low",
        "new": 1,
    },
    "reasoning": {"effort": "high", "summary": "auto", "new": 1},
    "stream": True,
    "stream_options": {"include_obfuscation": False, "new": 2},
    "include": ["message.output_text.logprobs"],
    "top_logprobs": 2,
    "temperature": 0.5,
    "max_output_tokens": 99,
    "max_tool_calls": 3,
    "parallel_tool_calls": False,
    "metadata": {"a": "b"},
    "user": "u",
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "prompt_cache_retention": "24h",
    "prompt_cache_options": {"mode": "explicit"},
    "service_tier": "flex",
    "store": False,
    "previous_response_id": "resp_0",
    "truncation": "auto",
    "moderation": {"model": "x"},
    "background": False,
    "prompt": {"id": "p"},
}


def test_a_request_with_all_in_it_comes_back_without_loss() -> None:
    request = parse(WHOLE)
    rendered = RESPONSES.render_request(request)
    assert parse(again(rendered.body)) == request
    assert rendered.losses == ()
    kept = {k: v for k, v in WHOLE.items() if k not in ("input", "tools", "text")}
    assert {k: rendered.body[k] for k in kept} == kept
    assert rendered.body["text"] == WHOLE["text"]


def test_a_format_without_a_word_comes_back() -> None:
    request = parse({"model": "m", "text": {"format": {"type": "grammar", "x": 1}}})
    assert request.format is None
    assert RESPONSES.render_request(request).body["text"] == {"format": {"type": "grammar", "x": 1}}


@pytest.mark.parametrize(
    ("found", "path"),
    [
        ({"model": 1}, "model"),
        ({"input": 1}, "input"),
        ({"input": [1]}, "input[0]"),
        ({"input": [{"type": 1}]}, "input[0].type"),
        ({"input": [{"role": "tool", "content": "x"}]}, "input[0].role"),
        ({"input": [{"role": "user"}]}, "input[0].content"),
        ({"input": [{"type": "function_call"}]}, "input[0].name"),
        ({"input": [{"type": "function_call_output", "call_id": "c"}]}, "input[0].output"),
        ({"instructions": []}, "instructions"),
        ({"tools": {}}, "tools"),
        ({"tools": [1]}, "tools[0]"),
        ({"tools": [{}]}, "tools[0].type"),
        ({"tools": [{"type": "function"}]}, "tools[0].name"),
        ({"tool_choice": "x"}, "tool_choice"),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name"),
        ({"temperature": True}, "temperature"),
        ({"stream": 1}, "stream"),
    ],
)
def test_what_cannot_be_read_is_named(found: dict[str, Any], path: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parse(found)
    assert caught.value.message.startswith(f"{path}:")


def test_p6_strict_is_written_out_on_both_ways() -> None:
    assert body(tools=(FunctionTool("f"),))["tools"][0]["strict"] is False
    (tool,) = parse({"tools": [{"type": "function", "name": "f"}]}).tools
    assert isinstance(tool, FunctionTool)
    assert tool.strict is True


def test_p8_the_least_of_tokens_is_sixteen() -> None:
    assert body(max_tokens=1)["max_output_tokens"] == 16
    assert paths(max_tokens=1) == ["max_tokens"]


def test_p10_what_responses_cannot_is_a_loss_and_stops_are_returned() -> None:
    sampling = Sampling(top_k=1, presence=1.0, frequency=1.0, seed=1, bias={"1": 1}, logprobs=True)
    rendered = RESPONSES.render_request(Request("m", sampling=sampling, n=2, stop=("X",)))
    assert len(rendered.losses) == 6
    assert rendered.stops == ("X",)
    assert rendered.body["include"] == ["message.output_text.logprobs"]
    assert paths(n=1) == []


def test_p11_system_and_developer_turns_keep_their_places() -> None:
    turns = (
        Turn(Role.SYSTEM, (Text("a"),), top=True),
        Turn(Role.SYSTEM, (Text("b"),), top=True),
        Turn(Role.USER, (Text("u"),)),
        Turn(Role.DEVELOPER, (Text("d"),)),
    )
    found = body(*turns)
    assert found["instructions"] == "a\n\nb"
    assert [item["role"] for item in found["input"]] == ["user", "developer"]


def test_p12_calls_without_words_are_calls_alone() -> None:
    call = ToolCall("c", "f", "{}")
    found = body(Turn(Role.ASSISTANT, (call,)), Turn(Role.ASSISTANT, (Text("x"), call)))["input"]
    words = ["function_call", "message", "function_call"]
    assert [item["type"] for item in found] == words


def test_p13_p35_results_with_pictures_are_lists() -> None:
    result = ToolResult("c", (Text("x"), Image(data="AA==", media="image/png")))
    (item,) = body(Turn(Role.TOOL, (result,)))["input"]
    assert [part["type"] for part in item["output"]] == ["input_text", "input_image"]


def test_p14_long_names_and_ids_are_short_and_names_restored() -> None:
    name, id = "f." * 50, "c" * 99
    rendered = RESPONSES.render_request(
        Request(
            "m",
            (Turn(Role.ASSISTANT, (ToolCall(id, name, "{}"),)), Turn(Role.TOOL, (ToolResult(id),))),
            (FunctionTool(name),),
            ToolChoice(Choose.ONE, ToolRef("function", name)),
        )
    )
    call, result = rendered.body["input"]
    assert call["call_id"] == result["call_id"] != id
    assert call["name"] == rendered.body["tools"][0]["name"] == rendered.body["tool_choice"]["name"]
    assert rendered.names == {call["name"]: name}


def test_p15_a_schema_is_flat_and_has_a_name() -> None:
    found = body(format=Format(FormatKind.SCHEMA, schema={"type": "object"}))["text"]["format"]
    assert found == {"type": "json_schema", "schema": {"type": "object"}, "name": "answer"}


def test_p17_a_forced_choice_without_tools_is_left_out() -> None:
    assert "tool_choice" not in body(tool_choice=ToolChoice(Choose.REQUIRED))
    assert body(tool_choice=ToolChoice(Choose.AUTO))["tool_choice"] == "auto"


def test_p36_an_error_is_told_in_words() -> None:
    turn = Turn(Role.TOOL, (ToolResult("c", (Text("x"),), error=True), ToolResult("d", error=True)))
    assert [item["output"] for item in body(turn)["input"]] == ["[tool error] x", "[tool error] "]


def test_p37_only_own_reasoning_goes_upstream() -> None:
    own = Reasoning(seals=(Seal("responses", "s"),))
    turn = Turn(Role.ASSISTANT, (own, Reasoning(("Hm",), seals=(Seal("messages", "x"),))))
    (item,) = body(turn)["input"]
    assert item == {"type": "reasoning", "summary": [], "encrypted_content": "s"}
    (loss,) = RESPONSES.render_request(Request("m", (turn,))).losses
    assert loss.hint


def test_p37_a_packed_seal_is_its_makers() -> None:
    packed = Seal("messages", "sig", "thinking").packed()
    item = {"type": "reasoning", "summary": [], "encrypted_content": packed}
    (turn,) = parse({"input": [item]}).turns
    (part,) = turn.parts
    assert isinstance(part, Reasoning)
    assert part.seals == (Seal("messages", "sig", "thinking"),)


def test_effort_is_said_for_budgets_and_for_none() -> None:
    assert body(reasoning=ReasoningSettings(enabled=False))["reasoning"] == {"effort": "none"}
    for budget, word in ((1024, "low"), (8000, "medium"), (32000, "high")):
        assert body(reasoning=ReasoningSettings(budget=budget))["reasoning"] == {"effort": word}
    assert body(reasoning=ReasoningSettings(summary="off"))["reasoning"] == {}


def test_hosted_tools_of_others_are_written_where_there_are_such() -> None:
    raw = Extra("messages", {})
    tools = (
        HostedTool(HostedKind.WEB_SEARCH, raw, allowed=("a.b",), blocked=("c.d",), max_uses=1),
        HostedTool(HostedKind.CODE, raw),
        HostedTool(HostedKind.IMAGE, raw),
        HostedTool(HostedKind.EDITOR, raw),
        OpaqueTool("messages", "x", {}),
    )
    words = ["web_search", "code_interpreter", "image_generation"]
    assert [tool["type"] for tool in body(tools=tools)["tools"]] == words
    assert paths(tools=tools) == ["tools[0].blocked", "tools[3]", "tools[4]", "tools[0].max_uses"]


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        (ToolChoice(Choose.ONE), "required"),
        (ToolChoice(Choose.ONE, ToolRef("web_search")), {"type": "web_search"}),
        (ToolChoice(Choose.ONE, ToolRef("mcp", "s")), {"type": "mcp", "server_label": "s"}),
        (ToolChoice(Choose.NONE), "none"),
    ],
)
def test_choices_of_others(choice: ToolChoice, found: Any) -> None:
    assert body(tools=(FunctionTool("f"),), tool_choice=choice)["tool_choice"] == found


def test_parts_of_others_are_written_or_lost_by_name() -> None:
    turn = Turn(
        Role.USER,
        (
            File(text="words", title="T", cited=True),
            File(data="AA==", media="text/plain"),
            File(data="AA==", context="c"),
            Audio("AA=="),
            Refusal("no"),
            Opaque("chat", "x", {}),
        ),
        name="Ann",
    )
    (item,) = body(turn)["input"]
    words = ["input_text", "input_file", "input_file", "input_audio", "input_text"]
    assert [part["type"] for part in item["content"]] == words
    assert item["content"][0]["text"] == "T\n\nwords"
    assert item["content"][1]["filename"] == "document.txt"
    assert "turns[0].name" in paths(turn)
    assert "turns[0].parts[5]" in paths(turn)


def test_hosted_calls_of_others_in_history_are_losses() -> None:
    raw = Extra("messages", {})
    turn = Turn(Role.ASSISTANT, (Hosted(HostedKind.CODE, "c", raw), Image(url="u")))
    assert paths(turn, Turn(Role.SYSTEM, (Image(url="u"),), top=True)) == [
        "turns[0].parts[0]",
        "turns[0].parts[1]",
        "turns[1].parts[0]",
    ]


def test_extras_of_others_are_losses_by_name() -> None:
    assert paths(extra=Extra("chat", {"prediction": 1})) == ["prediction"]


NAMED_ITEMS: list[dict[str, Any]] = [
    {"type": "message", "role": "user", "content": "hi", "id": "msg_0", "status": "completed"},
    {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "Hm"}],
        "encrypted_content": "gAAA",
    },
    {"type": "reasoning", "id": "rs_2", "summary": [], "content": [{"text": "Thus."}]},
    *(
        {
            "type": "message",
            "role": "assistant",
            "id": id,
            "status": "completed",
            "content": [{"type": "output_text", "text": id, "annotations": [], "logprobs": []}],
        }
        for id in ("msg_1", "msg_2")
    ),
    {"type": "function_call", "id": "fc_1", "call_id": "a", "name": "f", "arguments": "{}"},
    {"type": "custom_tool_call", "id": "ctc_1", "call_id": "b", "name": "g", "input": "x"},
    {"type": "function_call_output", "id": "fco_1", "call_id": "a", "output": "1"},
    {"type": "custom_tool_call_output", "id": "cto_1", "call_id": "b", "output": "2"},
    {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
    {"type": "item_reference", "id": "msg_9"},
]
BARE = {"type": "reasoning", "id": "rs_3", "summary": [{"type": "summary_text", "text": "Hm"}]}


def ids_sent(found: Any, store: bool | None) -> list[str]:
    request = evolve(RESPONSES.parse_request(found), store=store)
    return [item["id"] for item in RESPONSES.render_request(request).body["input"] if "id" in item]


@pytest.mark.parametrize("said", [None, True, False])
def test_p39_ids_are_not_sent_where_nothing_is_stored(said: bool | None) -> None:
    """Whoever says that nothing is stored, the caller or a profile."""
    found = {"model": "m", "input": NAMED_ITEMS, "store": said}
    assert ids_sent(found, store=False) == ["ws_1", "msg_9"]
    if said is not False:
        for store in (None, True):
            assert ids_sent(found, store) == [item["id"] for item in NAMED_ITEMS]


def test_p39_items_keep_all_but_their_ids_and_their_number() -> None:
    found = {"model": "m", "input": NAMED_ITEMS, "store": False}
    request = RESPONSES.parse_request(found)
    made = RESPONSES.render_request(request)
    assert made.losses == ()
    assert [item["type"] for item in made.body["input"]] == [one["type"] for one in NAMED_ITEMS]
    words = [item["content"] for item in made.body["input"] if item.get("role") == "assistant"]
    assert [content[0]["text"] for content in words] == ["msg_1", "msg_2"]
    assert RESPONSES.parse_request(again(made.body)) == request


def test_p39_a_reasoning_that_is_nothing_but_its_id_is_left_out() -> None:
    request = RESPONSES.parse_request({"model": "m", "input": [BARE], "store": False})
    made = RESPONSES.render_request(request)
    assert "input" not in made.body
    assert [(loss.path, loss.hint) for loss in made.losses] == [("turns[0].parts[0]", True)]
    stored = RESPONSES.render_request(evolve(request, store=True))
    assert [item["id"] for item in stored.body["input"]] == ["rs_3"]
