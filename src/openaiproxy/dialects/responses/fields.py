"""What becomes of each field of a Responses request, and of the items in it and in the answer.

A field's fate is written here before any code reads it. Where a wire object is mapped field by
field, it has a table; items that the hub keeps whole (hosted calls, unknown items) need none.
"""

from collections.abc import Mapping

from openaiproxy.dialects.table import Fate, Row, Table

__all__ = [
    "AUDIO",
    "CALL",
    "CUSTOM_CALL",
    "CUSTOM_RESULT",
    "CUSTOM_TOOL",
    "FILE",
    "FORMAT",
    "FUNCTION_TOOL",
    "IMAGE",
    "INPUT_TEXT",
    "MESSAGE",
    "NAME",
    "OUTPUT_MESSAGE",
    "OUTPUT_TEXT",
    "REASONING",
    "REFUSAL",
    "REQUEST",
    "RESULT",
    "STREAM_OPTIONS",
    "TABLES",
    "TEXT",
    "THINKING",
    "table",
]

NAME = "responses"


def table(
    title: str,
    mapped: Mapping[str, str],
    passed: Mapping[str, str] | None = None,
    hints: Mapping[str, str] | None = None,
    remade: tuple[str, ...] = ("type",),
) -> Table:
    """A table of this dialect's.

    :param title: of which object.
    :param mapped: name to where in the hub it lives.
    :param passed: name to a note.
    :param hints: the same, for those whose loss changes no answer.
    :param remade: names that each writer makes anew.
    """
    rows = [Row(name, Fate.MAPPED, hub) for name, hub in mapped.items()]
    rows += [Row(name, Fate.PASSED, note=note) for name, note in (passed or {}).items()]
    rows += [Row(name, Fate.PASSED, note=note, hint=True) for name, note in (hints or {}).items()]
    rows += [Row(name, Fate.REMADE) for name in remade]
    return Table(NAME, title, tuple(rows))


REQUEST = table(
    "request",
    {
        "include": "include; sampling.logprobs for message.output_text.logprobs",
        "input": "turns",
        "instructions": "turns (system, top)",
        "max_output_tokens": "max_tokens",
        "max_tool_calls": "max_calls",
        "metadata": "metadata",
        "model": "model",
        "moderation": "moderation",
        "parallel_tool_calls": "parallel",
        "previous_response_id": "previous",
        "prompt_cache_key": "cache.key",
        "prompt_cache_options": "cache.options",
        "prompt_cache_retention": "cache.retention",
        "reasoning": "reasoning",
        "safety_identifier": "safety_id",
        "service_tier": "tier",
        "store": "store",
        "stream": "stream",
        "stream_options": "obfuscation",
        "temperature": "sampling.temperature",
        "text": "format, verbosity",
        "tool_choice": "tool_choice",
        "tools": "tools",
        "top_logprobs": "sampling.top_logprobs",
        "top_p": "sampling.top_p",
        "truncation": "truncation",
        "user": "user",
    },
    {
        "background": "only Responses answers later",
        "context_management": "compaction is of Responses alone",
        "conversation": "a history that the provider holds",
        "image": "settings of pictures in the answer",
        "prompt": "a template that the provider holds",
    },
    {
        "access_programs": "a label of the account",
        "client_metadata": "what clients tell of themselves",
    },
    remade=(),
)
TEXT = table("request.text", {"format": "format", "verbosity": "verbosity"}, remade=())
FORMAT = table(
    "request.text.format",
    {
        "name": "format.name",
        "schema": "format.schema",
        "strict": "format.strict",
        "description": "format.description",
        "type": "format.kind",
    },
    remade=(),
)
THINKING = table(
    "request.reasoning",
    {"effort": "reasoning.effort", "summary": "reasoning.summary"},
    {"generate_summary": "the former name of summary"},
    remade=(),
)
STREAM_OPTIONS = table("request.stream_options", {"include_obfuscation": "obfuscation"}, remade=())
FUNCTION_TOOL = table(
    "request.tools[] (function)",
    {
        "name": "name",
        "description": "description",
        "parameters": "parameters",
        "strict": "strict, True where absent",
    },
    {"defer_loading": "loaded by tool search", "allowed_callers": "programs that may call it"},
)
CUSTOM_TOOL = table(
    "request.tools[] (custom)",
    {"name": "name", "description": "description", "format": "syntax, definition"},
    {"defer_loading": "loaded by tool search", "allowed_callers": "programs that may call it"},
)
MESSAGE = table(
    "input[] (message)",
    {"role": "turn.role", "content": "turn.parts"},
    hints={"id": "the item's name", "status": "whether it is whole"},
)
OUTPUT_MESSAGE = table(
    "output[] (message)",
    {"id": "id", "status": "status", "phase": "phase", "content": "a part each"},
    remade=("type", "role"),
)
INPUT_TEXT = table(
    "content[] (input_text)", {"text": "text"}, hints={"prompt_cache_breakpoint": "a cache mark"}
)
OUTPUT_TEXT = table(
    "content[] (output_text)",
    {"text": "text", "annotations": "citations", "logprobs": "logprobs"},
    hints={"prompt_cache_breakpoint": "a cache mark"},
)
REFUSAL = table("content[] (refusal)", {"refusal": "text"})
IMAGE = table(
    "content[] (input_image)",
    {"image_url": "url, or data and media", "file_id": "file_id", "detail": "detail"},
    hints={"prompt_cache_breakpoint": "a cache mark"},
)
FILE = table(
    "content[] (input_file)",
    {
        "file_data": "data, media",
        "file_id": "file_id",
        "file_url": "url",
        "filename": "filename",
        "detail": "detail",
    },
    hints={"prompt_cache_breakpoint": "a cache mark"},
)
AUDIO = table("content[] (input_audio)", {"input_audio": "data, format"})
CALL = table(
    "item (function_call)",
    {
        "arguments": "arguments",
        "call_id": "call_id",
        "id": "id",
        "name": "name",
        "namespace": "namespace",
        "status": "status",
    },
)
CUSTOM_CALL = table(
    "item (custom_tool_call)",
    {
        "call_id": "call_id",
        "id": "id",
        "input": "arguments",
        "name": "name",
        "namespace": "namespace",
        "status": "status",
    },
)
_RESULT = {"call_id": "call_id", "id": "id", "output": "parts", "status": "status"}
RESULT = table("item (function_call_output)", _RESULT)
CUSTOM_RESULT = table("item (custom_tool_call_output)", _RESULT)
REASONING = table(
    "item (reasoning)",
    {
        "content": "text",
        "encrypted_content": "seals",
        "id": "id",
        "status": "status",
        "summary": "summary",
    },
)
TABLES = (
    REQUEST,
    TEXT,
    FORMAT,
    THINKING,
    STREAM_OPTIONS,
    FUNCTION_TOOL,
    CUSTOM_TOOL,
    MESSAGE,
    OUTPUT_MESSAGE,
    INPUT_TEXT,
    OUTPUT_TEXT,
    REFUSAL,
    IMAGE,
    FILE,
    AUDIO,
    CALL,
    CUSTOM_CALL,
    RESULT,
    CUSTOM_RESULT,
    REASONING,
)
