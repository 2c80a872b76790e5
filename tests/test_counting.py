"""How many tokens a request has."""

import json
import os
from pathlib import Path

import pytest

from openaiproxy.counting import COUNTED, count_body, estimate
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.parts import (
    Audio,
    Extra,
    File,
    Hosted,
    HostedKind,
    HostedResult,
    Image,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.request import (
    CustomTool,
    Format,
    FormatKind,
    FunctionTool,
    HostedTool,
    OpaqueTool,
    Request,
    Role,
    Tool,
    Turn,
)


def of(*parts: Part, tools: tuple[Tool, ...] = ()) -> int:
    return estimate(Request("m", (Turn(Role.USER, parts),), tools))


def test_an_empty_request_has_at_least_one_token() -> None:
    assert estimate(Request("m")) == 1


def test_words_grow_with_their_length_and_other_scripts_by_their_bytes() -> None:
    assert of(Text("a" * 400)) - of() == 100
    assert of(Text("\u4e2d" * 300)) - of() == 300
    assert of(Text("\ud83d")) > of()
    assert of(Text("a" * 400 + "\u4e2d" * 300)) - of() == 400


def test_a_picture_is_a_flat_figure_whatever_its_size() -> None:
    small, large = Image(data="AAAA"), Image(data="A" * 10_000_000)
    assert of(small) == of(large) == of() + 1000


RAW = Extra("responses", {"type": "web_search", "padding": "x" * 100})


@pytest.mark.parametrize(
    "part",
    [
        Refusal("No, thanks"),
        Reasoning(summary=("I thought of it",)),
        ToolCall("c", "weather", '{"city": "Paris"}'),
        ToolResult("c", (Text("It rains"), Image(url="https://x"))),
        File(data="AAAA"),
        File(text="words of a file"),
        Audio(data="AAAA"),
        Hosted(HostedKind.WEB_SEARCH, "web_search", RAW, queries=("rain",)),
        HostedResult(HostedKind.CODE, "c", RAW),
        HostedResult(HostedKind.CODE, "c", RAW, text="printed"),
        Opaque("responses", "odd", {"type": "odd", "padding": "x" * 100}),
    ],
)
def test_every_part_counts(part: Part) -> None:
    assert of(part) > of()


@pytest.mark.parametrize(
    "tool",
    [
        FunctionTool("f", "What it does", {"type": "object", "properties": {}}),
        CustomTool("c", "What it does"),
        HostedTool(HostedKind.WEB_SEARCH, RAW),
        OpaqueTool("responses", "odd", {"type": "odd"}),
    ],
)
def test_pitfall_53_every_tool_counts(tool: Tool) -> None:
    assert of(tools=(tool,)) > of()


def test_pitfall_53_a_schema_and_the_system_count() -> None:
    shape = Format(FormatKind.SCHEMA, schema={"type": "object", "description": "x" * 400})
    assert estimate(Request("m", format=shape)) > 60
    body = {
        "model": "m",
        "max_tokens": 9,
        "system": "x" * 400,
        "messages": [{"role": "user", "content": "Hi"}],
    }
    assert estimate(MESSAGES.parse_request(body)) > 100


def test_pitfall_53_the_question_has_all_that_is_counted_and_nothing_else() -> None:
    body = {
        "model": "gpt-5",
        "input": "Hi",
        "instructions": "Be kind",
        "tools": [{"type": "web_search"}],
        "reasoning": {"effort": "low"},
        "tool_choice": None,
        "stream": True,
        "store": False,
        "max_output_tokens": 16,
        "temperature": 1,
        "metadata": {"a": "b"},
        "include": ["reasoning.encrypted_content"],
        "prompt_cache_key": "k",
    }
    asked = count_body(body)
    assert asked.keys() == {"model", "input", "instructions", "tools", "reasoning"}
    assert all(asked[name] == body[name] for name in asked)


def test_pitfall_53_the_counted_fields_are_those_of_the_description() -> None:
    folder = os.environ.get("OPENAIPROXY_SPECS")
    if not folder:
        pytest.skip("OPENAIPROXY_SPECS names no folder of descriptions")
    found = json.loads((Path(folder) / "openai" / "openapi.json").read_text())
    described = found["components"]["schemas"]["TokenCountsBody"]["properties"]
    assert set(COUNTED) == set(described)


def test_estimates_keep_near_to_what_was_billed() -> None:
    """Half within a fifth, nine in ten within two thirds, of plain talk with tools."""
    folder = os.environ.get("OPENAIPROXY_CORPUS")
    if not folder:
        pytest.skip("OPENAIPROXY_CORPUS names no folder of recordings")
    errors = sorted(_errors(Path(folder)))
    assert len(errors) > 50
    assert errors[len(errors) // 2] < 0.2
    assert errors[int(len(errors) * 0.9)] < 0.67


def _errors(root: Path) -> list[float]:
    errors = []
    for line in (root / "index.jsonl").read_text().splitlines():
        row = json.loads(line)
        usual = row["dialect"] == "responses" and row["provider"] == "openai" and not row["stream"]
        if not (usual and row["status"] == 200 and row["request_known"]):
            continue
        found = json.loads((root / row["file"]).read_text())
        body, answer = found["request"]["body"], found["response"]["body"]
        body = json.loads(body) if isinstance(body, str) else body
        answer = json.loads(answer) if isinstance(answer, str) else answer
        if not isinstance(body, dict) or not answer.get("usage"):
            continue
        request, billed = RESPONSES.parse_request(body), answer["usage"]["input_tokens"]
        if _plain(request) and billed >= 50:
            errors.append(abs(estimate(request) / billed - 1))
    return errors


def _plain(request: Request) -> bool:
    parts = (part for turn in request.turns for part in turn.parts)
    kept = request.extra.fields if request.extra else {}
    return (
        all(isinstance(part, Text | ToolCall | ToolResult) for part in parts)
        and all(isinstance(tool, FunctionTool) for tool in request.tools)
        and request.previous is None
        and not kept.keys() & {"conversation", "prompt"}
    )
