"""Requests, by hand: what recordings lack."""

from typing import Any

import pytest

from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.errors import BadRequest
from openaiproxy.hub.loss import Rendered
from openaiproxy.hub.parts import (
    Audio,
    Citation,
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
    Cache,
    Choose,
    CustomTool,
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


def asking(**fields: Any) -> Request:
    return MESSAGES.parse_request({"model": "m", "messages": [], "max_tokens": 9, **fields})


def same(**fields: Any) -> Request:
    """Parses, and sees that it comes back."""
    asked = asking(**fields)
    rendered = MESSAGES.render_request(asked)
    assert rendered.losses == ()
    assert MESSAGES.parse_request(rendered.body) == asked
    return asked


def written(*turns: Turn, **fields: Any) -> Rendered:
    return MESSAGES.render_request(Request("m", turns, **fields))


def paths(rendered: Rendered) -> set[str]:
    return {loss.path for loss in rendered.losses}


def test_results_stand_before_words_and_both_are_one_message() -> None:
    """34."""
    result = {"type": "tool_result", "tool_use_id": "t", "content": "42", "is_error": True}
    words = {"type": "text", "text": "And?"}
    asked = same(messages=[{"role": "user", "content": [words, result]}])
    assert [turn.role for turn in asked.turns] == [Role.TOOL, Role.USER]
    body = MESSAGES.render_request(asked).body
    assert body["messages"] == [{"role": "user", "content": [result, words]}]


def test_a_result_may_hold_text_pictures_and_documents() -> None:
    """35, 36."""
    image = {"type": "image", "source": {"type": "url", "url": "https://a/b.png"}}
    paper = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
    found = {"type": "tool_result", "tool_use_id": "t", "is_error": False}
    found["content"] = [{"type": "text", "text": "see"}, image, paper]
    asked = same(messages=[{"role": "user", "content": [found]}])
    result = asked.turns[0].parts[0]
    assert isinstance(result, ToolResult)
    assert result.error is False
    assert result.parts == (Text("see"), Image(url="https://a/b.png"), File(file_id="file_1"))


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ({"type": "base64", "media_type": "application/pdf", "data": "QQ=="}, {"data": "QQ=="}),
        ({"type": "url", "url": "https://a/b.pdf"}, {"url": "https://a/b.pdf"}),
        ({"type": "file", "file_id": "file_1"}, {"file_id": "file_1"}),
        ({"type": "text", "media_type": "text/plain", "data": "hi"}, {"text": "hi"}),
        ({"type": "content", "content": "hi"}, {"text": "hi"}),
        ({"type": "content", "content": [{"type": "text", "text": "hi"}]}, {"text": "hi"}),
    ],
)
def test_a_document_comes_from_anywhere(source: Any, part: dict[str, str]) -> None:
    """52."""
    block = {"type": "document", "source": source, "title": "T", "context": "C"}
    block["citations"] = {"enabled": True}
    found = same(messages=[{"role": "user", "content": [block]}]).turns[0].parts[0]
    assert isinstance(found, File)
    assert (found.title, found.context, found.cited) == ("T", "C", True)
    assert {name: getattr(found, name) for name in part} == part


def test_what_is_unknown_of_a_block_is_kept() -> None:
    """49."""
    blocks = [
        {"type": "hologram", "of": {"x": 1}},
        {"type": "image", "source": {"type": "dream"}},
        {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}, "new": 1},
    ]
    asked = same(
        messages=[{"role": "user", "content": blocks}],
        thinking={"type": "adaptive", "display": "omitted"},
        output_config={"effort": "high", "task_budget": {"total": 9}},
        context_management={"edits": []},
        metadata={"user_id": "u", "more": 1},
        tools=[{"name": "f", "input_schema": {"type": "object"}, "defer_loading": True}],
    )
    assert asked.reasoning == ReasoningSettings(effort="high", summary="off", adaptive=True)
    assert MESSAGES.render_request(asked).body["messages"][0]["content"] == blocks


@pytest.mark.parametrize(
    "thinking",
    [
        {"type": "enabled", "budget_tokens": 2000, "display": "summarized"},
        {"type": "disabled"},
        {"type": "between_tools"},
        {"type": "adaptive", "display": "updates"},
        {"type": "adaptive", "block_binding": {"prefix_mismatch_behavior": "error"}},
    ],
)
def test_thinking_comes_back(thinking: Any) -> None:
    assert MESSAGES.render_request(same(thinking=thinking)).body["thinking"] == thinking


def test_a_system_message_keeps_its_place() -> None:
    """50."""
    said = [
        {"role": "user", "content": "a"},
        {"role": "system", "content": "b"},
        {"role": "assistant", "content": "c"},
        {"role": "system", "content": "d", "output_config": {"effort": "low"}},
    ]
    asked = same(system="s", messages=said)
    assert [turn.top for turn in asked.turns] == [True, False, False, False, False]
    assert MESSAGES.render_request(asked).body["messages"] == said


def test_leading_system_and_developer_turns_are_the_system() -> None:
    body = written(
        Turn(Role.SYSTEM, (Text("a"),), top=True),
        Turn(Role.DEVELOPER, (Text("b"),)),
        Turn(Role.USER, (Text("c"),)),
        Turn(Role.DEVELOPER, (Text("d"),)),
    ).body
    assert [block["text"] for block in body["system"]] == ["a", "b"]
    assert [message["role"] for message in body["messages"]] == ["user", "system"]
    early = same(messages=[{"role": "system", "content": "a"}, {"role": "user", "content": "b"}])
    assert early.turns[0].top


def test_only_own_seals_go_upstream() -> None:
    """37."""
    foreign = Reasoning(("hm",), seals=(Seal("responses", "x"),))
    own = Reasoning(("hm",), seals=(Seal("messages", "sig"),))
    redacted = Reasoning(seals=(Seal("messages", "data", "redacted"),))
    turn = Turn(Role.ASSISTANT, (foreign, own, redacted, Text("a")))
    rendered = written(turn)
    assert [block["type"] for block in rendered.body["messages"][0]["content"]] == [
        "thinking",
        "redacted_thinking",
        "text",
    ]
    assert all(loss.hint for loss in rendered.losses)
    assert written(Turn(Role.ASSISTANT, (foreign,))).body["messages"] == []


def test_a_foreign_seal_is_read_back_from_a_signature() -> None:
    packed = Seal("responses", "x.y").packed()
    block = {"type": "thinking", "thinking": "", "signature": packed}
    asked = asking(messages=[{"role": "assistant", "content": [block]}])
    assert asked.turns[0].parts == (Reasoning(seals=(Seal("responses", "x.y"),)),)


def test_arguments_that_are_no_object_are_wrapped() -> None:
    calls = (
        ToolCall("a", "f", '{"x":1}'),
        ToolCall("b", "f", "[1"),
        ToolCall("c", "f"),
        ToolCall("d", "f", "free", custom=True),
    )
    blocks = written(Turn(Role.ASSISTANT, calls)).body["messages"][0]["content"]
    assert [block["input"] for block in blocks] == [
        {"x": 1},
        {"arguments": "[1"},
        {},
        {"input": "free"},
    ]


def test_calls_without_an_id_are_paired_with_their_results() -> None:
    body = written(
        Turn(Role.ASSISTANT, (ToolCall("", "f", legacy=True),)),
        Turn(Role.TOOL, (ToolResult("", (Text("1"),), legacy=True),)),
        Turn(Role.ASSISTANT, (ToolCall("", "f", legacy=True),)),
        Turn(Role.TOOL, (ToolResult("", (Text("2"),), legacy=True),)),
    ).body
    first, one, second, two = (message["content"][0] for message in body["messages"])
    assert first["id"] == one["tool_use_id"] != second["id"] == two["tool_use_id"]


def test_a_long_name_is_short_everywhere() -> None:
    """14."""
    name = "x" * 200
    rendered = written(
        Turn(Role.ASSISTANT, (ToolCall("i" * 200, name),)),
        Turn(Role.TOOL, (ToolResult("i" * 200),)),
        tools=(FunctionTool(name),),
        tool_choice=ToolChoice(Choose.ONE, ToolRef("function", name)),
    )
    (short,) = rendered.names
    call, result = (message["content"][0] for message in rendered.body["messages"])
    assert rendered.names[short] == name
    assert rendered.body["tools"][0]["name"] == call["name"] == short
    assert rendered.body["tool_choice"] == {"type": "tool", "name": short}
    assert call["id"] == result["tool_use_id"]
    assert len(short) == len(call["id"]) == 128


@pytest.mark.parametrize(
    ("found", "choose", "parallel"),
    [
        ({"type": "auto"}, Choose.AUTO, None),
        ({"type": "any", "disable_parallel_tool_use": True}, Choose.REQUIRED, False),
        ({"type": "tool", "name": "f", "disable_parallel_tool_use": False}, Choose.ONE, True),
        ({"type": "none"}, Choose.NONE, None),
    ],
)
def test_each_choice_comes_back(found: Any, choose: Choose, parallel: bool | None) -> None:
    asked = same(tools=[{"name": "f", "input_schema": {"type": "object"}}], tool_choice=found)
    assert asked.tool_choice is not None
    assert (asked.tool_choice.choose, asked.parallel) == (choose, parallel)
    assert MESSAGES.render_request(asked).body["tool_choice"] == found


def test_hosted_tools_are_kept_and_foreign_ones_asked_for_in_our_words() -> None:
    """51."""
    search = {"type": "web_search_20260209", "name": "web_search", "max_uses": 3}
    search["allowed_domains"] = ["a.org"]
    toolset = {"type": "mcp_toolset", "mcp_server_name": "s"}
    asked = same(tools=[search, toolset], tool_choice={"type": "tool", "name": "web_search"})
    tool = asked.tools[0]
    assert isinstance(tool, HostedTool)
    assert (tool.kind, tool.allowed, tool.max_uses) == (HostedKind.WEB_SEARCH, ("a.org",), 3)
    assert isinstance(asked.tools[1], OpaqueTool)
    raw = Extra("responses", {"type": "web_search"})
    foreign = HostedTool(HostedKind.WEB_SEARCH, raw, location={"type": "approximate"}, max_uses=1)
    files = HostedTool(HostedKind.FILE_SEARCH, raw)
    rendered = written(tools=(foreign, files, OpaqueTool("responses", "namespace", {})))
    assert [tool["name"] for tool in rendered.body["tools"]] == ["web_search"]
    assert rendered.body["tools"][0]["user_location"] == {"type": "approximate"}
    assert [loss.hint for loss in rendered.losses] == [False, False]


def test_only_allowed_tools_are_sent() -> None:
    choice = ToolChoice(Choose.AUTO, allowed=(ToolRef("function", "b"),))
    tools = (FunctionTool("a"), FunctionTool("b"), CustomTool("c", syntax="lark", definition="x"))
    assert [t["name"] for t in written(tools=tools, tool_choice=choice).body["tools"]] == ["b"]
    rendered = written(tools=tools, parallel=False)
    assert rendered.body["tools"][2]["input_schema"]["required"] == ["input"]
    assert rendered.body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert paths(rendered) == {"tools[2].format"}


@pytest.mark.parametrize(
    ("settings", "thinking", "effort"),
    [
        (ReasoningSettings(effort="high"), None, "high"),
        (ReasoningSettings(effort="minimal", summary="detailed"), "adaptive", "low"),
        (ReasoningSettings(effort="none"), "disabled", None),
        (ReasoningSettings(budget=2000), "enabled", None),
        (ReasoningSettings(budget=0), "disabled", None),
        (ReasoningSettings(enabled=True), "adaptive", None),
    ],
)
def test_foreign_settings_of_thought(settings: Any, thinking: Any, effort: Any) -> None:
    body = written(reasoning=settings).body
    assert body.get("thinking", {}).get("type") == thinking
    assert body.get("output_config", {}).get("effort") == effort


def test_a_schema_goes_both_ways_and_json_without_one_is_a_loss() -> None:
    schema = {"type": "object"}
    asked = same(output_config={"format": {"type": "json_schema", "schema": schema}})
    assert asked.format == Format(FormatKind.SCHEMA, schema=schema)
    older = asking(output_format={"type": "json_schema", "schema": schema})
    assert older.format == asked.format
    assert "output_format" not in MESSAGES.render_request(older).body
    rendered = written(format=Format(FormatKind.JSON))
    assert [(loss.path, loss.hint) for loss in rendered.losses] == [("format", False)]
    named = written(format=Format(FormatKind.SCHEMA, "n", schema, True))
    assert paths(named) == {"format.name", "format.strict"}


def test_what_has_no_field_is_a_loss() -> None:
    rendered = written(
        Turn(Role.USER, (Audio("x"), Opaque("chat", "odd", {}), Image(), File()), name="bob"),
        Turn(Role.ASSISTANT, (Refusal("no"), Hosted(HostedKind.CODE, "c", Extra("responses", {})))),
        n=2,
        sampling=Sampling(seed=1, temperature=1.5),
        cache=Cache("k"),
        metadata={"a": "b"},
        modalities=("audio",),
        tier="flex",
        extra=Extra("responses", {"background": True}),
    )
    losses = {loss.path: loss.hint for loss in rendered.losses}
    assert losses == {
        "background": False,
        "audio": False,
        "odd": False,
        "image": False,
        "file": False,
        "messages[].name": False,
        "hosted.code": False,
        "n": False,
        "sampling.seed": False,
        "sampling.temperature": False,
        "cache.key": True,
        "metadata": True,
        "modalities": False,
        "tier": True,
    }
    assert rendered.body["messages"] == [{"role": "assistant", "content": "no"}]
    assert rendered.body["max_tokens"] > 0


def test_text_in_base64_is_sent_as_text() -> None:
    turn = Turn(Role.USER, (File(data="aGk=", media="text/plain", filename="a.txt"),))
    (block,) = written(turn).body["messages"][0]["content"]
    assert block["source"] == {"type": "text", "media_type": "text/plain", "data": "hi"}
    assert block["title"] == "a.txt"


@pytest.mark.parametrize(
    "fields",
    [
        {"model": 1},
        {"messages": "hi"},
        {"messages": [1]},
        {"messages": [{"role": "king", "content": "a"}]},
        {"messages": [{"role": "user", "content": 1}]},
        {"messages": [{"role": "user", "content": [1]}]},
        {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]},
        {"max_tokens": "9"},
        {"temperature": "hot"},
        {"tools": 1},
        {"tools": [1]},
        {"tools": [{"input_schema": {}}]},
        {"tools": [{"name": "f", "input_schema": 1}]},
        {"tools": [{"type": 1}]},
        {"tool_choice": "auto"},
        {"tool_choice": {"type": "tool"}},
        {"thinking": 1},
        {"output_config": {"format": 1}},
        {"output_config": {"format": {"type": "xml"}}},
        {"stop_sequences": [1]},
    ],
)
def test_a_senseless_request_is_refused_by_its_field(fields: Any) -> None:
    with pytest.raises(BadRequest, match="^400 invalid_value: " + next(iter(fields))):
        asking(**fields)


@pytest.mark.parametrize(
    "block",
    [
        {"type": 7},
        {"type": "text"},
        {"type": "redacted_thinking"},
        {"type": "tool_use", "id": "a"},
        {"type": "server_tool_use"},
        {"type": "image"},
        {"type": "image", "source": {"type": "url", "url": 1}},
        {"type": "document", "source": {"type": "dream"}},
        {"type": "document", "source": {"type": "url", "url": "u"}, "citations": {"enabled": 1}},
        {"type": "document", "source": {"type": "content", "content": None}},
        {"type": "text", "text": "a", "citations": [{"type": "vision", "of": 1}]},
    ],
)
def test_a_block_that_is_not_understood_is_sent_as_it_came(block: Any) -> None:
    body = MESSAGES.render_request(same(messages=[{"role": "user", "content": [block]}])).body
    assert body["messages"][0]["content"] == [block]


def test_bare_words_and_no_content_are_borne() -> None:
    asked = asking(messages=[{"role": "user", "content": ["a"]}, {"role": "assistant"}])
    assert [turn.parts for turn in asked.turns] == [(Text("a"),), ()]


def test_runs_of_results_are_one_turn() -> None:
    result = {"type": "tool_result", "tool_use_id": "t"}
    message = {"role": "user", "content": [result]}
    asked = same(messages=[message, message])
    assert [len(turn.parts) for turn in asked.turns] == [2]


def test_foreign_citations_and_namespaces_are_not_sent() -> None:
    cited = Text("a", (Citation("url", url="u"), Citation("file", file_id="f")))
    rendered = written(Turn(Role.ASSISTANT, (cited, ToolCall("a", "f", namespace="n"))))
    assert paths(rendered) == {"citations[]", "namespace"}
    assert rendered.body["messages"][0]["content"][0] == {"type": "text", "text": "a"}


def test_details_and_broken_base64_of_foreign_files() -> None:
    parts = (
        Image(data="QQ==", detail="high"),
        File(data="?", media="text/plain", detail="low"),
    )
    rendered = written(Turn(Role.USER, parts))
    assert paths(rendered) == {"image.detail", "file.detail"}
    sources = [block["source"] for block in rendered.body["messages"][0]["content"]]
    assert sources[0] == {"type": "base64", "media_type": "image/png", "data": "QQ=="}
    assert sources[1]["data"] == "?"


def test_a_foreign_hosted_tool_keeps_its_bounds() -> None:
    raw = Extra("responses", {})
    tools = (
        HostedTool(HostedKind.WEB_SEARCH, raw, allowed=("a",), blocked=("b",), context="low"),
        HostedTool(HostedKind.WEB_FETCH, raw, blocked=("b",)),
        HostedTool(HostedKind.CODE, raw, max_uses=2),
        OpaqueTool("messages", "mcp_toolset", {"type": "mcp_toolset", "name": "s"}),
        CustomTool("c", "says"),
    )
    rendered = written(tools=tools)
    search, fetch, code, toolset, custom = rendered.body["tools"]
    assert (search["allowed_domains"], "blocked_domains" in search) == (["a"], False)
    assert fetch["blocked_domains"] == ["b"]
    assert code == {"type": "code_execution_20250825", "name": "code_execution"}
    assert (toolset["name"], custom["description"]) == ("s", "says")
    assert paths(rendered) == {"tools[0].search_context_size"}
    allowed = (ToolRef("code"), ToolRef("mcp", "s"))
    choice = ToolChoice(Choose.REQUIRED, allowed=allowed)
    assert written(tools=tools, tool_choice=choice).body["tools"] == [code, toolset]
