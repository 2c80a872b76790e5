"""Requests, at the edges that recordings lack."""

import json
from typing import Any

import pytest

from openaiproxy.dialects.chat.fields import REQUEST
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.errors import BadRequest
from openaiproxy.hub.parts import (
    Audio,
    Citation,
    Extra,
    File,
    Hosted,
    HostedKind,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.request import (
    Choose,
    CustomTool,
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
from tests.dialects.chat.recorded import SPECS

FUNCTION = {"type": "function", "function": {"name": "f"}}


def test_responses_words_for_parts_are_understood_rows_51_52_53() -> None:
    image = {"type": "input_image", "image_url": "https://e.org/a.png", "detail": "low"}
    parts = [
        {"type": "input_text", "text": "see"},
        {"type": "output_text", "text": "said"},
        image,
        {**image, "type": "image_url"},
        {"type": "input_image", "file_id": "file-1", "detail": "high"},
        {"type": "input_file", "file_url": "https://e.org/a.pdf"},
        {"type": "file", "file_id": "file-2", "filename": "a.pdf"},
    ]
    (turn,) = parsed([{"role": "user", "content": parts}]).turns
    picture = Image(url="https://e.org/a.png", detail="low")
    assert turn.parts == (
        Text("see"),
        Text("said"),
        picture,
        picture,
        Image(file_id="file-1", detail="high"),
        File(url="https://e.org/a.pdf"),
        File(file_id="file-2", filename="a.pdf"),
    )


@pytest.mark.parametrize("part", [{}, {"filename": "a.pdf"}, {"file": 1}])
@pytest.mark.parametrize("kind", ["file", "input_file"])
def test_a_file_that_is_none_is_refused_by_name(kind: str, part: Any) -> None:
    with pytest.raises(BadRequest, match=r"messages\[0\]\.content\[0\]\.file"):
        parsed([{"role": "user", "content": [{"type": kind, **part}]}])


@pytest.mark.parametrize(
    ("fields", "settings", "left"),
    [
        ({"reasoning": {"effort": "low"}}, ReasoningSettings(effort="low"), None),
        ({"reasoning": {"summary": None}}, ReasoningSettings(summary="off"), None),
        (
            {"reasoning": {"effort": "low", "summary": "auto"}, "reasoning_effort": "high"},
            ReasoningSettings(effort="high", summary="auto"),
            None,
        ),
        ({"reasoning": {"max_tokens": 5}}, None, {"reasoning": {"max_tokens": 5}}),
        ({"reasoning": "much"}, None, {"reasoning": "much"}),
    ],
)
def test_responses_words_for_reasoning_are_understood_row_57(
    fields: Any, settings: Any, left: Any
) -> None:
    request = parsed(**fields)
    assert request.reasoning == settings
    assert (request.extra.fields if request.extra else None) == left


def parsed(messages: Any = (), **fields: Any) -> Request:
    return CHAT.parse_request({"model": "m", "messages": list(messages), **fields})


def again(request: Request) -> Request:
    return CHAT.parse_request(CHAT.render_request(request).body)


def messages(*turns: Turn) -> list[Any]:
    return CHAT.render_request(Request("m", turns)).body["messages"]  # type: ignore[no-any-return]


def losses(request: Request) -> dict[str, bool]:
    return {loss.path: loss.hint for loss in CHAT.render_request(request).losses}


@pytest.mark.skipif(not SPECS.exists(), reason=f"no published description at {SPECS}")
def test_18_every_field_of_the_published_request_has_a_row() -> None:
    schemas = json.loads((SPECS / "openapi.json").read_text())["components"]["schemas"]

    def fields(name: str) -> set[str]:
        found = schemas[name]
        own = set(found.get("properties", ()))
        for part in found.get("allOf", ()):
            own |= set(part.get("properties", ()))
            own |= fields(part["$ref"].split("/")[-1]) if "$ref" in part else set()
        return own

    published = fields("CreateChatCompletionRequest")
    assert len(published) > 30
    assert published - REQUEST.names == set()


def test_7_the_newer_limit_wins() -> None:
    assert parsed(max_tokens=1).max_tokens == 1
    assert parsed(max_tokens=1, max_completion_tokens=2).max_tokens == 2
    body = CHAT.render_request(Request("m", max_tokens=3)).body
    assert body == {"model": "m", "messages": [], "max_completion_tokens": 3}


def test_11_system_and_developer_messages_stay_in_their_places() -> None:
    said = [("system", "a"), ("user", "b"), ("developer", "c"), ("system", "d"), ("user", "e")]
    found = [{"role": role, "content": text} for role, text in said]
    request = parsed(found)
    assert [(turn.role.value, turn.top) for turn in request.turns] == [(r, False) for r, _ in said]
    assert CHAT.render_request(request).body["messages"] == found


def test_what_stood_outside_comes_first() -> None:
    user, top = Turn(Role.USER, (Text("u"),)), Turn(Role.SYSTEM, (Text("s"),), top=True)
    assert [one["role"] for one in messages(user, top)] == ["system", "user"]


def test_12_a_call_without_words_has_no_text() -> None:
    for content in (None, "", []):
        message = {"role": "assistant", "content": content, "tool_calls": [{"id": "a", **FUNCTION}]}
        request = parsed([message])
        assert request.turns[0].parts == (ToolCall("a", "f", "{}"),)
        assert CHAT.render_request(request).body["messages"][0]["content"] is None
        assert again(request) == request


def test_words_and_calls_in_order() -> None:
    calls = [
        {"id": "a", "type": "function", "function": {"name": "f", "arguments": "[1"}},
        {"id": "b", "type": "custom", "custom": {"name": "g", "input": "x"}},
    ]
    message = {
        "role": "assistant",
        "content": "w",
        "refusal": "r",
        "tool_calls": calls,
        "audio": {"id": "s"},
    }
    request = parsed([{**message, "reasoning_content": "t"}])
    assert request.turns[0].parts == (
        Reasoning(text=("t",)),
        Text("w"),
        Refusal("r"),
        Audio(id="s"),
        ToolCall("a", "f", "[1"),
        ToolCall("b", "g", "x", custom=True),
    )
    assert again(request) == request
    assert CHAT.render_request(request).losses == ()


def test_reasoning_with_seals_is_written_as_those_who_seal_spell_it() -> None:
    details = [
        {"type": "reasoning.summary", "summary": "s", "index": 0},
        {"type": "reasoning.encrypted", "data": "d", "index": 0},
    ]
    message = {"role": "assistant", "content": "w", "reasoning": "s", "reasoning_details": details}
    request = parsed([message])
    assert CHAT.render_request(request).body["messages"] == [message]
    foreign = Turn(Role.ASSISTANT, (Reasoning(("s",), seals=(Seal("messages", "x"),)),))
    assert messages(foreign) == [{"role": "assistant", "content": None, "reasoning_content": "s"}]
    assert losses(Request("m", (foreign,))) == {"turns[0].parts[0].seals": True}


def test_13_results_keep_their_ids_and_their_lists() -> None:
    two = [{"type": "text", "text": "x"}, {"type": "text", "text": "y"}]
    found = [
        {"role": "tool", "tool_call_id": "a", "content": two},
        {"role": "tool", "tool_call_id": "b", "content": ""},
    ]
    request = parsed(found)
    results = (ToolResult("a", (Text("x"), Text("y"))), ToolResult("b"))
    assert request.turns == (Turn(Role.TOOL, results),)
    assert CHAT.render_request(request).body["messages"] == found


def test_35_pictures_and_files_in_results_follow_in_a_message_that_names_the_call() -> None:
    result = ToolResult("a", (Image(url="http://i"), File(file_id="f")))
    call = Turn(Role.ASSISTANT, (ToolCall("a", "shoot"),))
    _, tool, user = messages(call, Turn(Role.TOOL, (result,)))
    assert tool["tool_call_id"] == "a"
    assert user["role"] == "user"
    assert "shoot" in user["content"][0]["text"]
    assert [part["type"] for part in user["content"]] == ["text", "image_url", "file"]


def test_36_a_failed_result_says_so() -> None:
    for parts, text in (((Text("no"),), "[tool error] no"), ((), "[tool error]")):
        [message] = messages(Turn(Role.TOOL, (ToolResult("a", parts, error=True),)))
        assert message["content"] == text


def test_functions_of_before_tools() -> None:
    found = [
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": "1"},
    ]
    request = parsed(
        found, functions=[{"name": "f", "parameters": {}}], function_call={"name": "f"}
    )
    call, result = request.turns[0].parts[0], request.turns[1].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.call_id == result.call_id != ""
    body = CHAT.render_request(request).body
    assert body["messages"] == found
    assert body["functions"] == [{"name": "f", "parameters": {}}]
    assert body["function_call"] == {"name": "f"}
    assert again(request) == request
    assert again(parsed(functions=[{"name": "f"}], function_call="none")).tool_choice == ToolChoice(
        Choose.NONE, legacy=True
    )


def test_14_long_names_and_ids_are_short_in_the_same_way_everywhere() -> None:
    name, call_id = "n" * 80 + ".x", "c" * 90
    turns = (
        Turn(Role.ASSISTANT, (ToolCall(call_id, name),)),
        Turn(Role.TOOL, (ToolResult(call_id),)),
    )
    choice = ToolChoice(Choose.ONE, ToolRef("function", name))
    rendered = CHAT.render_request(Request("m", turns, (FunctionTool(name),), choice))
    body = rendered.body
    [short] = rendered.names
    call, result = body["messages"]
    assert rendered.names[short] == name
    assert call["tool_calls"][0]["function"]["name"] == short
    assert body["tools"][0]["function"]["name"] == short
    assert body["tool_choice"]["function"]["name"] == short
    assert call["tool_calls"][0]["id"] == result["tool_call_id"]
    assert len(result["tool_call_id"]) <= 64


PARTS: list[tuple[dict[str, Any], Part]] = [
    (
        {"type": "text", "text": "a", "cache_control": {"type": "x"}},
        Text("a", extra=Extra("chat", {"cache_control": {"type": "x"}})),
    ),
    (
        {"type": "image_url", "image_url": {"url": "http://i", "detail": "low"}},
        Image("http://i", detail="low"),
    ),
    (
        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,AA=="}},
        Image(data="AA==", media="image/gif"),
    ),
    (
        {"type": "image_url", "image_url": {"url": "data:,x", "odd": 1}},
        Image("data:,x", extra=Extra("chat", {"image_url": {"odd": 1}})),
    ),
    (
        {"type": "input_audio", "input_audio": {"data": "AA==", "format": "wav"}},
        Audio("AA==", "wav"),
    ),
    ({"type": "file", "file": {"file_id": "f"}}, File(file_id="f")),
    (
        {
            "type": "file",
            "file": {"file_data": "data:application/pdf;base64,AA==", "filename": "n"},
        },
        File(data="AA==", media="application/pdf", filename="n"),
    ),
    ({"type": "file", "file": {"file_data": "https://f"}}, File(url="https://f")),
    ({"type": "file", "file": {"file_data": "AA=="}}, File(data="AA==")),
    ({"type": "refusal", "refusal": "r"}, Refusal("r")),
    (
        {"type": "video_url", "video_url": {"url": "v"}},
        Opaque("chat", "video_url", {"type": "video_url", "video_url": {"url": "v"}}),
    ),
]


@pytest.mark.parametrize(("found", "part"), PARTS)
def test_16_content_parts_are_read_and_written(found: dict[str, Any], part: Part) -> None:
    message = {"role": "user", "content": [found, {"type": "text", "text": "t"}]}
    request = parsed([message])
    assert request.turns[0].parts[0] == part
    assert CHAT.render_request(request).body["messages"] == [message]


def test_16_a_picture_may_be_a_string() -> None:
    request = parsed(
        [{"role": "user", "content": [{"type": "image_url", "image_url": "http://i"}]}]
    )
    assert request.turns[0].parts == (Image("http://i"),)


def test_what_others_say_and_this_wire_can_not() -> None:
    hosted = Hosted(HostedKind.CODE, "code", Extra("responses", {}))
    parts = (Image(file_id="f"), hosted, Opaque("responses", "odd", {}), Text("a"))
    request = Request(
        "m",
        (Turn(Role.USER, parts),),
        (HostedTool(HostedKind.CODE, Extra("responses", {})), OpaqueTool("responses", "odd", {})),
        sampling=Sampling(top_k=1),
        previous="p",
        max_calls=1,
        truncation="auto",
        include=("x",),
        reasoning=ReasoningSettings(summary="auto", budget=5000),
        extra=Extra("responses", {"prompt": 1}),
    )
    assert CHAT.render_request(request).body["messages"] == [{"role": "user", "content": "a"}]
    assert CHAT.render_request(request).body["reasoning_effort"] == "medium"
    assert losses(request) == {
        "prompt": False,
        "turns[0].parts[0].file_id": False,
        "turns[0].parts[1]": False,
        "turns[0].parts[2]": False,
        "tools[0]": False,
        "tools[1]": False,
        "sampling.top_k": False,
        "previous": False,
        "max_calls": False,
        "truncation": True,
        "include[0]": True,
        "reasoning.summary": True,
        "reasoning.budget": True,
    }


def test_a_document_of_text_is_text() -> None:
    [message] = messages(Turn(Role.USER, (File(text="body", title="Title"),)))
    assert message["content"] == "Title\n\nbody"


@pytest.mark.parametrize(
    ("found", "choice"),
    [
        ("auto", ToolChoice(Choose.AUTO)),
        ("none", ToolChoice(Choose.NONE)),
        ("required", ToolChoice(Choose.REQUIRED)),
        ("any", ToolChoice(Choose.REQUIRED, extra=Extra("chat", {"tool_choice": "any"}))),
        (FUNCTION, ToolChoice(Choose.ONE, ToolRef("function", "f"))),
        (
            {"type": "custom", "custom": {"name": "g"}},
            ToolChoice(Choose.ONE, ToolRef("custom", "g")),
        ),
        (
            {"type": "allowed_tools", "allowed_tools": {"mode": "required", "tools": [FUNCTION]}},
            ToolChoice(Choose.REQUIRED, allowed=(ToolRef("function", "f"),)),
        ),
        (
            {"type": "tool", "name": "f"},
            ToolChoice(
                Choose.ONE, ToolRef("function", "f", Extra("chat", {"type": "tool", "name": "f"}))
            ),
        ),
    ],
)
def test_17_a_choice_of_tools_is_read_and_written(found: Any, choice: ToolChoice) -> None:
    request = parsed(tools=[FUNCTION], tool_choice=found)
    assert request.tool_choice == choice
    assert CHAT.render_request(request).body["tool_choice"] == found


def test_17_without_tools_nothing_is_chosen() -> None:
    for tools in ([], None):
        request = parsed(tools=tools, tool_choice="auto", parallel_tool_calls=False)
        assert CHAT.render_request(request).body == {"model": "m", "messages": []}
    foreign = Request("m", parallel=True, tool_choice=ToolChoice(Choose.AUTO))
    assert losses(foreign) == {"parallel": True, "tool_choice": True}


def test_a_hosted_tool_can_not_be_chosen() -> None:
    choice = ToolChoice(Choose.ONE, ToolRef("web_search"))
    request = Request("m", tools=(FunctionTool("f"),), tool_choice=choice)
    assert losses(request) == {"tool_choice": False}


def test_tools_of_all_kinds() -> None:
    grammar = {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}}
    near = {"type": "approximate", "approximate": {"city": "Paris"}}
    fields = {
        "tools": [
            {"type": "function", "function": {"name": "f", "strict": True, "odd": 1}},
            {"type": "custom", "custom": {"name": "g", "format": grammar}},
            {"type": "odd:tool", "x": 1},
        ],
        "web_search_options": {"user_location": near, "search_context_size": "low"},
    }
    request = parsed(**fields)
    function, custom, opaque, search = request.tools
    assert function == FunctionTool("f", strict=True, extra=Extra("chat", {"function": {"odd": 1}}))
    assert custom == CustomTool("g", syntax="lark", definition="x")
    assert opaque == OpaqueTool("chat", "odd:tool", {"type": "odd:tool", "x": 1})
    assert isinstance(search, HostedTool)
    assert search.location == {"type": "approximate", "city": "Paris"}
    body = CHAT.render_request(request).body
    assert {name: body[name] for name in fields} == fields
    foreign = HostedTool(
        HostedKind.WEB_SEARCH,
        Extra("responses", {}),
        location=search.location,
        context="low",
        blocked=("x",),
    )
    body = CHAT.render_request(Request("m", tools=(foreign,))).body
    assert body["web_search_options"] == fields["web_search_options"]
    assert losses(Request("m", tools=(foreign,))) == {"tools[0].blocked": False}


def test_15_formats() -> None:
    schema = {"name": "n", "schema": {"type": "object"}, "strict": True, "description": "d"}
    for found in (
        {"type": "text"},
        {"type": "json_object"},
        {"type": "json_object", "schema": {}},
        {"type": "json_schema", "json_schema": schema},
        {"type": "json_schema", "json_schema": {**schema, "odd": 1}},
        {"type": "grammar", "grammar": "x"},
    ):
        request = parsed(response_format=found)
        assert CHAT.render_request(request).body["response_format"] == found
        assert again(request) == request


def test_29_stream_options_are_of_a_stream_only() -> None:
    options = {"include_usage": True, "include_obfuscation": False, "odd": 1}
    assert "stream_options" not in CHAT.render_request(parsed(stream_options=options)).body
    request = parsed(stream=True, stream_options=options)
    assert (request.usage, request.obfuscation) == (True, False)
    assert CHAT.render_request(request).body["stream_options"] == options
    assert "stream_options" not in CHAT.render_request(parsed(stream=True)).body
    foreign = CHAT.render_request(Request("m", stream=True)).body
    assert foreign["stream_options"] == {"include_usage": True}


def test_18_settings_come_back() -> None:
    fields: dict[str, Any] = {
        "temperature": 0, "top_p": 0.5, "presence_penalty": 1, "frequency_penalty": -1.5, "seed": 3,
        "logit_bias": {"1": 2}, "logprobs": True, "top_logprobs": 2, "n": 2, "stream": False,
        "metadata": {"a": "b"}, "user": "u", "safety_identifier": "s", "prompt_cache_key": "k",
        "prompt_cache_retention": "24h", "prompt_cache_options": {"mode": "x"}, "store": False,
        "service_tier": "flex", "modalities": ["text", "audio"], "verbosity": "low",
        "audio": {"format": "wav", "voice": "alloy"}, "moderation": {"x": 1}, "stop": ["a", "b"],
        "prediction": {"type": "content", "content": "p"}, "reasoning_effort": "low", "odd": 1,
    }  # fmt: skip
    request = parsed(**fields)
    assert CHAT.render_request(request).body == {"model": "m", "messages": [], **fields}
    assert request.extra == Extra("chat", {"prediction": fields["prediction"], "odd": 1})
    assert parsed(stop="a").stop == ("a",)


@pytest.mark.parametrize(
    ("settings", "effort"),
    [
        (ReasoningSettings(enabled=False), "none"),
        (ReasoningSettings(budget=1024), "low"),
        (ReasoningSettings(budget=10_000), "medium"),
        (ReasoningSettings(budget=50_000), "high"),
        (ReasoningSettings(effort="max", budget=1), "max"),
        (ReasoningSettings(adaptive=True), None),
    ],
)
def test_effort(settings: ReasoningSettings, effort: str | None) -> None:
    body = CHAT.render_request(Request("m", reasoning=settings)).body
    assert body.get("reasoning_effort") == effort


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"model": None}, "model"),
        ({"messages": "x"}, "messages"),
        ({"messages": [1]}, "messages[0]"),
        ({"messages": [{"role": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages[0].content[0]"),
        (
            {"messages": [{"role": "user", "content": [{"type": "text"}]}]},
            "messages[0].content[0].text",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "refusal"}]}]},
            "messages[0].content[0].refusal",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
            "messages[0].content[0].image_url",
        ),
        (
            {"messages": [{"role": "user", "content": [{"type": "file"}]}]},
            "messages[0].content[0].file",
        ),
        (
            {
                "messages": [
                    {"role": "user", "content": [{"type": "input_audio", "input_audio": {}}]}
                ]
            },
            "messages[0].content[0].input_audio.data",
        ),
        ({"messages": [{"role": "assistant", "tool_calls": 1}]}, "messages[0].tool_calls"),
        ({"messages": [{"role": "assistant", "tool_calls": [1]}]}, "messages[0].tool_calls[0]"),
        ({"messages": [{"role": "assistant", "tool_calls": [{}]}]}, "messages[0].tool_calls[0]"),
        ({"tools": {}, "functions": 1}, "functions"),
        ({"tools": [1]}, "tools[0]"),
        ({"tools": [{"type": "function"}]}, "tools[0]"),
        ({"tools": [{"type": "function", "function": {}}]}, "tools[0].name"),
        ({"tools": [FUNCTION], "tool_choice": 1}, "tool_choice"),
        ({"tool_choice": {"type": "allowed_tools", "tools": 1}}, "tool_choice.allowed_tools.tools"),
        ({"temperature": "1"}, "temperature"),
        ({"n": True}, "n"),
        ({"n": 1.5}, "n"),
        ({"stream": "yes"}, "stream"),
        ({"stop": 1}, "stop"),
        ({"audio": {}}, "audio"),
        ({"response_format": "json"}, "response_format"),
    ],
)
def test_what_can_not_be_read_is_named(fields: dict[str, Any], path: str) -> None:
    with pytest.raises(BadRequest) as caught:
        CHAT.parse_request({"model": "m", "messages": [], **fields})
    assert caught.value.message.startswith(f"{path}: ")


def test_sound_in_an_assistants_turn_is_named_or_becomes_its_words() -> None:
    named, spoken, dumb = Audio(id="s"), Audio("AAAA", transcript="Hey"), Audio("AAAA")
    request = Request("m", (Turn(Role.ASSISTANT, (named, spoken, dumb)),))
    [message] = CHAT.render_request(request).body["messages"]
    assert message == {"role": "assistant", "content": "Hey", "audio": {"id": "s"}}
    assert losses(request) == {"turns[0].parts[1].data": False, "turns[0].parts[2]": False}


def test_what_is_said_of_a_file_and_is_not_in_it_is_a_hint() -> None:
    request = Request("m", (Turn(Role.USER, (File(file_id="f", context="c"),)),))
    assert losses(request) == {"turns[0].parts[0].context": True}


def test_a_run_of_results_holds_nothing_else() -> None:
    request = Request("m", (Turn(Role.TOOL, (Text("x"), ToolResult("a"))),))
    [message] = CHAT.render_request(request).body["messages"]
    assert message == {"role": "tool", "tool_call_id": "a", "content": ""}
    assert losses(request) == {"turns[0].parts[0]": False}


def test_an_object_within_a_part_is_a_hint_if_all_in_it_is() -> None:
    def extra(inner: dict[str, Any]) -> Extra:
        body = {"model": "m", "tools": [{"type": "function", "function": {"name": "f", **inner}}]}
        [tool] = CHAT.parse_request({**body, "messages": []}).tools
        assert isinstance(tool, FunctionTool)
        assert tool.extra is not None
        return tool.extra

    assert "function" in extra({"cache_control": {}}).hints
    assert "function" not in extra({"cache_control": {}, "odd": 1}).hints


def test_a_namespace_is_a_loss() -> None:
    turn = Turn(Role.ASSISTANT, (ToolCall("a", "f", "{}", namespace="n"),))
    made = CHAT.render_request(Request("m", (turn,)))
    assert [(loss.path, loss.hint) for loss in made.losses] == [
        ("turns[0].parts[0].namespace", False)
    ]


@pytest.mark.parametrize("part", [Text("a", phase="p"), Refusal("a", phase="p")])
def test_a_phase_is_a_hint_that_is_lost(part: Part) -> None:
    made = CHAT.render_request(Request("m", (Turn(Role.ASSISTANT, (part,)),)))
    assert [(loss.path, loss.hint) for loss in made.losses] == [("turns[0].parts[0].phase", True)]


def test_what_others_say_of_a_part_is_lost_in_a_history_too() -> None:
    more = Extra("x", {"odd": 1, "mark": 2}, frozenset({"mark"}))
    parts = (
        Refusal("a", extra=more),
        Refusal("b", extra=more),
        Reasoning(text=("c",), extra=more),
        ToolCall("", "f", "{}", legacy=True, extra=more),
        ToolCall("d", "f", "{}", extra=more),
    )
    for part in parts:
        made = CHAT.render_request(Request("m", (Turn(Role.ASSISTANT, (part,)),)))
        assert [(loss.path, loss.hint) for loss in made.losses] == [
            ("turns[0].parts[0].odd", False),
            ("turns[0].parts[0].mark", True),
        ]


def test_a_refusal_with_fields_of_its_own_stays_a_part() -> None:
    content = [{"type": "refusal", "refusal": "no", "odd": 1}]
    request = parsed([{"role": "assistant", "content": content}])
    made = CHAT.render_request(request)
    assert made.body["messages"][0]["content"] == content
    assert CHAT.parse_request(made.body) == request


HINTED: list[tuple[Part, str]] = [
    (Text("a", (Citation("url", "https://a"),)), "citations[]"),
    (Text("a", phase="p"), "phase"),
    (File(text="a", cited=True), "cited"),
    (File(data="AA==", context="about it"), "context"),
]


@pytest.mark.parametrize(("part", "lost"), HINTED, ids=[lost for _, lost in HINTED])
def test_what_a_caller_says_beside_a_part_is_a_hint_that_is_lost(part: Part, lost: str) -> None:
    made = CHAT.render_request(Request("m", (Turn(Role.USER, (part,)),)))
    assert [(loss.path, loss.hint) for loss in made.losses] == [(f"turns[0].parts[0].{lost}", True)]
    assert made.body["messages"][0]["content"]
