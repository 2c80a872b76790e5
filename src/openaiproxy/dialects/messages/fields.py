"""Every field of the Messages wire that has a meaning to us, as tables.

What has no row in a table is kept as an extra, just as ``PASSED`` fields are; a row for such a
field says whether an answer is the same without it.
"""

from openaiproxy.dialects.table import Fate, Row, Table

__all__ = [
    "CITATIONS",
    "DOCUMENT",
    "IMAGE",
    "MESSAGE",
    "NAME",
    "OUTPUT",
    "REPLY",
    "REQUEST",
    "TABLES",
    "TEXT",
    "THINKING",
    "THINKING_SETTINGS",
    "TOOL",
    "TOOL_CHOICE",
    "TOOL_RESULT",
    "TOOL_USE",
    "USAGE",
]

NAME = "messages"
"""This dialect's, as extras and seals carry it."""

_MAPPED, _PASSED, _REMADE = Fate.MAPPED, Fate.PASSED, Fate.REMADE

_CACHE = Row("cache_control", _PASSED, note="where a prompt's cached part ends", hint=True)
_TYPE = Row("type", _REMADE)


def _passed(*names: str, hint: bool = False) -> tuple[Row, ...]:
    return tuple(Row(name, _PASSED, hint=hint) for name in names)


REQUEST = Table(
    NAME,
    "request",
    (
        Row("model", _MAPPED, "model"),
        Row("messages", _MAPPED, "turns"),
        Row("system", _MAPPED, "turns (top)", "leading system messages belong to it"),
        Row("max_tokens", _MAPPED, "max_tokens", "the wire demands it"),
        Row("stop_sequences", Fate.EMULATED, "stop", "the answer is cut"),
        Row("stream", _MAPPED, "stream"),
        Row("temperature", _MAPPED, "sampling.temperature"),
        Row("top_p", _MAPPED, "sampling.top_p"),
        Row("top_k", _MAPPED, "sampling.top_k"),
        Row("tools", _MAPPED, "tools"),
        Row("tool_choice", _MAPPED, "tool_choice, parallel"),
        Row("thinking", _MAPPED, "reasoning"),
        Row("output_config", _MAPPED, "reasoning.effort, format", "its other fields are passed"),
        Row("output_format", _MAPPED, "format", "an older place of output_config.format"),
        Row("metadata", _MAPPED, "user", "user_id; its other fields are passed"),
        Row("service_tier", _MAPPED, "tier", "standard_only is default"),
        _CACHE,
        *_passed("billing_policy", "diagnostics", "inference_geo", "speed", hint=True),
        *_passed("betas", "user_profile_id", "workspace_id", hint=True),
        *_passed("fallback_credit_token", "fallbacks", hint=True),
        Row("context_management", _PASSED, note="what is cleared from a long prompt", hint=True),
        Row("compaction", _PASSED, note="how a long prompt is summed up", hint=True),
        *_passed("container", "mcp_servers"),
        Row(
            "thread",
            _PASSED,
            note="what is held between requests; to continue is refused",
            hint=True,
        ),
    ),
)

MESSAGE = Table(
    NAME,
    "request.messages[]",
    (
        Row("role", _MAPPED, "turns[].role"),
        Row("content", _MAPPED, "turns[].parts"),
        Row("output_config", _PASSED, note="effort from here on", hint=True),
    ),
)

TEXT = Table(
    NAME,
    "content[] (text)",
    (_TYPE, Row("text", _MAPPED, "Text.text"), Row("citations", _MAPPED, "Text.citations"), _CACHE),
)

THINKING = Table(
    NAME,
    "content[] (thinking, redacted_thinking)",
    (
        _TYPE,
        Row("thinking", _MAPPED, "Reasoning.summary"),
        Row("signature", _MAPPED, "Reasoning.seals"),
        Row("data", _MAPPED, "Reasoning.seals", "of the kind redacted"),
    ),
)

TOOL_USE = Table(
    NAME,
    "content[] (tool_use)",
    (
        _TYPE,
        Row("id", _MAPPED, "ToolCall.call_id"),
        Row("name", _MAPPED, "ToolCall.name"),
        Row("input", _MAPPED, "ToolCall.arguments"),
        Row("caller", _PASSED, hint=True),
        _CACHE,
    ),
)

TOOL_RESULT = Table(
    NAME,
    "content[] (tool_result)",
    (
        _TYPE,
        Row("tool_use_id", _MAPPED, "ToolResult.call_id"),
        Row("content", _MAPPED, "ToolResult.parts"),
        Row("is_error", _MAPPED, "ToolResult.error"),
        _CACHE,
    ),
)

IMAGE = Table(
    NAME,
    "content[] (image)",
    (_TYPE, Row("source", _MAPPED, "Image.data, media, url, file_id"), _CACHE),
)

DOCUMENT = Table(
    NAME,
    "content[] (document)",
    (
        _TYPE,
        Row("source", _MAPPED, "File.data, media, text, url, file_id"),
        Row("title", _MAPPED, "File.title"),
        Row("context", _MAPPED, "File.context"),
        Row("citations", _MAPPED, "File.cited"),
        _CACHE,
    ),
)

TOOL = Table(
    NAME,
    "request.tools[] (custom)",
    (
        _TYPE,
        Row("name", _MAPPED, "FunctionTool.name"),
        Row("description", _MAPPED, "FunctionTool.description"),
        Row("input_schema", _MAPPED, "FunctionTool.parameters"),
        Row("strict", _MAPPED, "FunctionTool.strict"),
        _CACHE,
        *_passed("eager_input_streaming", "input_examples", hint=True),
        *_passed("defer_loading", "allowed_callers", hint=True),
    ),
)

TOOL_CHOICE = Table(
    NAME,
    "request.tool_choice",
    (
        Row("type", _MAPPED, "tool_choice.choose"),
        Row("name", _MAPPED, "tool_choice.tool"),
        Row("disable_parallel_tool_use", _MAPPED, "parallel"),
    ),
)

THINKING_SETTINGS = Table(
    NAME,
    "request.thinking",
    (
        Row("type", _MAPPED, "reasoning.enabled, adaptive"),
        Row("budget_tokens", _MAPPED, "reasoning.budget"),
        Row("display", _MAPPED, "reasoning.summary"),
        Row("block_binding", _PASSED, hint=True),
    ),
)

OUTPUT = Table(
    NAME,
    "request.output_config",
    (
        Row("effort", _MAPPED, "reasoning.effort"),
        Row("format", _MAPPED, "format"),
        Row("task_budget", _PASSED, hint=True),
    ),
)

REPLY = Table(
    NAME,
    "reply",
    (
        _TYPE,
        Row("role", _REMADE),
        Row("id", _MAPPED, "begin.id"),
        Row("model", _MAPPED, "begin.model"),
        Row("content", _MAPPED, "parts"),
        Row("stop_reason", _MAPPED, "end.finish.reason"),
        Row("stop_sequence", _MAPPED, "end.finish.sequence"),
        Row("stop_details", _MAPPED, "end.finish.extra", hint=True),
        Row("usage", _MAPPED, "end.usage, begin.tier"),
        *_passed("container", "context_management", "diagnostics", hint=True),
        Row("input_transformations", _PASSED, hint=True),
    ),
)

USAGE = Table(
    NAME,
    "reply.usage",
    (
        Row("input_tokens", _MAPPED, "usage.fresh"),
        Row("output_tokens", _MAPPED, "usage.output"),
        Row("cache_read_input_tokens", _MAPPED, "usage.cached"),
        Row("cache_creation_input_tokens", _MAPPED, "usage.written"),
        Row("output_tokens_details", _MAPPED, "usage.reasoning"),
        Row("server_tool_use", _MAPPED, "usage.searches"),
        Row("service_tier", _MAPPED, "begin.tier"),
        *_passed("cache_creation", "inference_geo", "iterations", "speed", hint=True),
        Row("fallback_credit", _PASSED, hint=True),
    ),
)


def _citation(word: str, rows: dict[str, str], *passed: str) -> Table:
    mapped = tuple(Row(name, _MAPPED, f"Citation.{hub}") for name, hub in rows.items())
    rest = tuple(Row(name, _PASSED, hint=True) for name in passed)
    return Table(NAME, f"citations[] ({word})", (_TYPE, *mapped, *rest))


def _location(unit: str) -> dict[str, str]:
    return {
        "cited_text": "quote",
        "document_title": "title",
        "file_id": "file_id",
        f"start_{unit}": "start",
        f"end_{unit}": "end",
    }


CITATIONS: dict[str, Table] = {
    "web_search_result_location": _citation(
        "web_search_result_location",
        {"cited_text": "quote", "title": "title", "url": "url"},
        "encrypted_index",
    ),
    "char_location": _citation("char_location", _location("char_index"), "document_index"),
    "page_location": _citation("page_location", _location("page_number"), "document_index"),
    "content_block_location": _citation(
        "content_block_location", _location("block_index"), "document_index"
    ),
    "search_result_location": _citation(
        "search_result_location",
        {
            "cited_text": "quote",
            "source": "url",
            "title": "title",
            "start_block_index": "start",
            "end_block_index": "end",
        },
        "search_result_index",
    ),
}

TABLES = (
    REQUEST,
    MESSAGE,
    TEXT,
    THINKING,
    TOOL_USE,
    TOOL_RESULT,
    IMAGE,
    DOCUMENT,
    TOOL,
    TOOL_CHOICE,
    THINKING_SETTINGS,
    OUTPUT,
    REPLY,
    USAGE,
    *CITATIONS.values(),
)
"""All of them."""
