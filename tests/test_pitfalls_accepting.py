"""Pitfalls 49, 51 and 52: what callers of Messages send, accepted and mapped for Responses."""

from typing import Any

import pytest

from tests.exchange import CHAT, MESSAGES, RESPONSES, Found, answered, asked, between, lost, said
from tests.scripted import created, done, ended, message, response, speech

EPHEMERAL = {"type": "ephemeral"}


def bridged(**body: Any) -> Found:
    return asked(MESSAGES, RESPONSES, **body)


def test_pitfall_49_effort_and_format_are_mapped() -> None:
    shape = {"type": "json_schema", "schema": {"type": "object"}}
    made = bridged(output_config={"effort": "high", "format": shape})
    assert made["reasoning"]["effort"] == "high"
    assert made["text"]["format"]["schema"] == {"type": "object"}
    assert made["text"]["format"]["type"] == "json_schema"
    assert "output_config" not in made


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ({"type": "adaptive"}, {}),
        ({"type": "adaptive", "display": "summarized"}, {"summary": "auto"}),
        ({"type": "adaptive", "display": "omitted"}, {}),
        (
            {"type": "enabled", "budget_tokens": 2000, "display": "summarized"},
            {"effort": "low", "summary": "auto"},
        ),
        ({"type": "enabled", "budget_tokens": 30000}, {"effort": "high"}),
        ({"type": "disabled"}, {"effort": "none"}),
    ],
)
def test_pitfall_49_thinking_is_mapped(thinking: Found, reasoning: Found) -> None:
    made = bridged(thinking=thinking)
    assert (made.get("reasoning") or {}) == reasoning
    assert all(lost(MESSAGES, RESPONSES, thinking=thinking).values())


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_pitfall_49_marks_without_a_meaning_are_hints_of_a_loss(upstream: Any) -> None:
    tool = {"name": "f", "input_schema": {}, "defer_loading": True, "eager_input_streaming": True}
    words = {"type": "text", "text": "Hi", "cache_control": EPHEMERAL}
    page = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}
    body = {
        "system": [{**words, "text": "Be kind."}],
        "tools": [{**tool, "cache_control": EPHEMERAL}],
        "messages": [{"role": "user", "content": [words, {**page, "cache_control": EPHEMERAL}]}],
        "context_management": {"edits": []},
        "cache_control": EPHEMERAL,
    }
    assert b"ephemeral" not in between(MESSAGES, upstream, body).body
    losses = lost(MESSAGES, upstream, **body)
    assert len(losses) == 8
    assert all(losses.values())


@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_pitfall_49_what_is_unknown_is_lost_by_name_and_is_no_error(upstream: Any) -> None:
    content = [{"type": "smell", "smell": "rose"}, {"type": "text", "text": "Hi"}]
    body = {
        "messages": [{"role": "user", "content": content}],
        "context_management": {"edits": []},
        "thinking": {"type": "unheard_of"},
    }
    made = between(MESSAGES, upstream, body)
    assert b"Hi" in made.body
    assert b"rose" not in made.body
    assert b"context_management" not in made.body
    assert "context_management" in [loss.path for loss in made.losses]
    assert len(made.losses) >= 3


SEARCH_TOOL = {
    "name": "web_search",
    "allowed_domains": ["a.org"],
    "user_location": {"type": "approximate", "city": "Berlin"},
    "max_uses": 3,
}


@pytest.mark.parametrize("version", ["web_search_20250305", "web_search_20260209"])
def test_pitfall_51_a_web_search_is_one_in_responses(version: str) -> None:
    made = bridged(tools=[{"type": version, **SEARCH_TOOL}])
    assert made["tools"] == [
        {
            "type": "web_search",
            "filters": {"allowed_domains": ["a.org"]},
            "user_location": {"type": "approximate", "city": "Berlin"},
        }
    ]
    assert made["max_tool_calls"] == 3
    assert lost(MESSAGES, RESPONSES, tools=[{"type": version, **SEARCH_TOOL}]) == {}


def test_pitfall_51_a_limit_among_other_hosted_tools_is_a_loss() -> None:
    search = {"type": "web_search_20250305", **SEARCH_TOOL}
    code = {"type": "code_execution_20250825", "name": "code_execution"}
    assert "max_tool_calls" not in bridged(tools=[search, code])
    assert lost(MESSAGES, RESPONSES, tools=[search, code]) == {"tools[0].max_uses": False}
    fetch = {"type": "web_fetch_20250910", "name": "web_fetch", "max_uses": 2}
    assert bridged(tools=[search, fetch])["max_tool_calls"] == 3


@pytest.mark.parametrize(
    "kind",
    ["web_fetch_20250910", "computer_20250124", "text_editor_20250728", "bash_20250124", "new_1"],
)
@pytest.mark.parametrize("upstream", [CHAT, RESPONSES])
def test_pitfall_51_other_tools_without_a_schema_are_lost_by_name(upstream: Any, kind: str) -> None:
    tools = [{"type": kind, "name": "x"}, {"name": "f", "input_schema": {}}]
    made = between(MESSAGES, upstream, {"tools": tools})
    assert [(loss.path, loss.hint) for loss in made.losses] == [("tools[0]", False)]
    assert len(made.rendered.body["tools"]) == 1


SEARCH = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {
        "type": "search",
        "query": "q",
        "sources": [{"type": "url", "url": "https://example.com"}],
    },
}
CITED = {
    "type": "url_citation",
    "url": "https://example.com",
    "title": "T",
    "start_index": 0,
    "end_index": 5,
}
SOURCED = message({"type": "output_text", "text": "Hello", "annotations": [CITED]})


def test_pitfall_51_a_search_and_its_results_are_two_blocks_and_sources_are_citations() -> None:
    made = answered(between(MESSAGES, RESPONSES, {}), response(SEARCH, SOURCED))
    use, found, words = made["content"]
    assert (use["type"], use["name"], use["input"]) == (
        "server_tool_use",
        "web_search",
        {"query": "q"},
    )
    assert (found["type"], found["tool_use_id"]) == ("web_search_tool_result", use["id"])
    assert [hit["url"] for hit in found["content"]] == ["https://example.com"]
    assert [one["url"] for one in words["citations"]] == ["https://example.com"]
    assert made["stop_reason"] == "end_turn"


def test_pitfall_51_a_stream_tells_the_same() -> None:
    events = (created(), done(0, SEARCH), *speech(1, SOURCED, "Hello"), ended(SEARCH, SOURCED))
    told = said(between(MESSAGES, RESPONSES, {"stream": True}), *events)
    starts = [one["content_block"] for one in told if one["type"] == "content_block_start"]
    assert [block["type"] for block in starts] == [
        "server_tool_use",
        "web_search_tool_result",
        "text",
    ]
    deltas = [one["delta"] for one in told if one["type"] == "content_block_delta"]
    cited = [one["citation"]["url"] for one in deltas if one["type"] == "citations_delta"]
    assert cited == ["https://example.com"]


def content(*blocks: Found) -> list[Found]:
    (item,) = bridged(messages=[{"role": "user", "content": list(blocks)}])["input"]
    found: list[Found] = item["content"]
    return found


def test_pitfall_52_pictures_and_documents_need_no_base64() -> None:
    pairs: list[tuple[Found, Found]] = [
        (
            {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}},
            {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"},
        ),
        (
            {"type": "image", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "input_image", "file_id": "file_1", "detail": "auto"},
        ),
        (
            {"type": "document", "source": {"type": "url", "url": "https://example.com/a.pdf"}},
            {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        ),
        (
            {"type": "document", "source": {"type": "file", "file_id": "file_2"}},
            {"type": "input_file", "file_id": "file_2"},
        ),
    ]
    assert content(*(block for block, _ in pairs)) == [part for _, part in pairs]


def test_pitfall_52_a_text_document_is_text() -> None:
    source = {"type": "text", "media_type": "text/plain", "data": "Once upon a time."}
    asking = {"type": "text", "text": "Who?"}
    part, _ = content({"type": "document", "source": source}, asking)
    assert part == {"type": "input_text", "text": "Once upon a time."}
    part, _ = content({"type": "document", "source": source, "title": "A tale"}, asking)
    assert part["text"] == "A tale\n\nOnce upon a time."
