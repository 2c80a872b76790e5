"""What becomes of each field of Chat Completions.

The rows are those of OpenAI's published description, and those that other providers add and that
mean the same as something we have a word for. A field without a row is passed.
"""

from openaiproxy.dialects.table import Fate, Row, Table

__all__ = [
    "CALL",
    "CHOICE",
    "CHUNK",
    "DETAILS",
    "ERROR",
    "FUNCTION",
    "MESSAGE",
    "NAME",
    "PART",
    "REPLY",
    "REPLY_MESSAGE",
    "REQUEST",
    "TABLES",
    "USAGE",
]

NAME = "chat"


def _rows(fate: Fate, **fields: str) -> tuple[Row, ...]:
    return tuple(Row(name, fate, hub) for name, hub in fields.items())


REQUEST = Table(
    NAME,
    "request",
    (
        *_rows(
            Fate.MAPPED,
            model="model",
            messages="turns",
            tools="tools",
            tool_choice="tool_choice",
            parallel_tool_calls="parallel",
            response_format="format",
            reasoning_effort="reasoning.effort",
            reasoning="reasoning.effort, reasoning.summary",
            verbosity="verbosity",
            temperature="sampling.temperature",
            top_p="sampling.top_p",
            logprobs="sampling.logprobs",
            top_logprobs="sampling.top_logprobs",
            stream="stream",
            metadata="metadata",
            user="user",
            safety_identifier="safety_id",
            prompt_cache_key="cache.key",
            prompt_cache_retention="cache.retention",
            prompt_cache_options="cache.options",
            service_tier="tier",
            store="store",
            moderation="moderation",
        ),
        Row("max_completion_tokens", Fate.MAPPED, "max_tokens"),
        Row("max_tokens", Fate.MAPPED, "max_tokens", "if max_completion_tokens is not said"),
        Row("functions", Fate.MAPPED, "tools", "with legacy"),
        Row("function_call", Fate.MAPPED, "tool_choice", "with legacy"),
        Row("web_search_options", Fate.MAPPED, "tools", "a hosted tool"),
        Row("stop", Fate.EMULATED, "stop", "the answer is cut"),
        Row("stream_options", Fate.EMULATED, "usage, obfuscation", "only with stream"),
        Row("n", Fate.LOST, "where the wire has a single answer", "n"),
        Row("seed", Fate.LOST, "where the wire has no word for it", "sampling.seed"),
        Row("logit_bias", Fate.LOST, "where the wire has no word for it", "sampling.bias"),
        Row("presence_penalty", Fate.LOST, "where the wire has none", "sampling.presence"),
        Row("frequency_penalty", Fate.LOST, "where the wire has none", "sampling.frequency"),
        Row("modalities", Fate.LOST, "where the wire speaks no sound", "modalities"),
        Row("audio", Fate.LOST, "where the wire speaks no sound", "audio"),
        Row("prediction", Fate.PASSED, hint=True, note="makes an answer faster, not other"),
    ),
)

MESSAGE = Table(
    NAME,
    "request.messages[]",
    (
        *_rows(
            Fate.MAPPED,
            role="turn.role",
            content="turn.parts",
            name="turn.name",
            refusal="Refusal",
            audio="Audio",
            tool_calls="ToolCall",
            function_call="ToolCall, with legacy",
            tool_call_id="ToolResult.call_id",
            reasoning_content="Reasoning.text",
            reasoning="Reasoning.text, if reasoning_content is not said",
            reasoning_details="Reasoning.seals",
        ),
    ),
)

PART = Table(
    NAME,
    "request.messages[].content[]",
    (
        Row("type", Fate.REMADE),
        *_rows(
            Fate.MAPPED,
            text="Text.text",
            refusal="Refusal.text",
            image_url="Image",
            input_audio="Audio",
            file="File",
        ),
        Row("cache_control", Fate.PASSED, hint=True),
        Row("prompt_cache_breakpoint", Fate.PASSED, hint=True),
    ),
)

DETAILS = Table(
    NAME,
    "request.messages[].content[].image_url, input_audio, file",
    _rows(
        Fate.MAPPED,
        url="Image.url, Image.data",
        detail="Image.detail",
        data="Audio.data",
        format="Audio.format",
        file_id="File.file_id",
        file_data="File.data, File.url",
        filename="File.filename",
    ),
)

FUNCTION = Table(
    NAME,
    "request.tools[]",
    (
        Row("type", Fate.REMADE),
        *_rows(
            Fate.MAPPED,
            function="FunctionTool",
            custom="CustomTool",
            name="name",
            description="description",
            parameters="FunctionTool.parameters",
            strict="FunctionTool.strict",
            format="CustomTool.syntax, CustomTool.definition",
        ),
        Row("cache_control", Fate.PASSED, hint=True),
    ),
)

CALL = Table(
    NAME,
    "tool_calls[]",
    (
        *_rows(
            Fate.MAPPED,
            id="ToolCall.call_id",
            function="ToolCall",
            custom="ToolCall, with custom",
            name="ToolCall.name",
            arguments="ToolCall.arguments",
            input="ToolCall.arguments",
        ),
        Row("type", Fate.REMADE),
        Row("index", Fate.REMADE),
    ),
)

REPLY = Table(
    NAME,
    "reply",
    (
        *_rows(
            Fate.MAPPED,
            created="Begin.created",
            model="Begin.model",
            service_tier="Begin.tier, End.tier",
            choices="Reply.choices",
            usage="End.usage",
            error="Fault",
        ),
        Row("id", Fate.MAPPED, "Begin.id", "kept as it is within this dialect", hint=True),
        Row("object", Fate.REMADE),
        Row("system_fingerprint", Fate.PASSED, hint=True),
        Row("metadata", Fate.PASSED, hint=True),
        Row("moderation", Fate.PASSED, hint=True),
    ),
)

CHUNK = Table(
    NAME,
    "chunk",
    (
        *REPLY.rows,
        Row("obfuscation", Fate.REMADE, note="padding"),
        Row("p", Fate.REMADE, note="padding"),
    ),
)

CHOICE = Table(
    NAME,
    "choices[]",
    (
        *_rows(Fate.MAPPED, finish_reason="Finish.reason", logprobs="logprobs", error="Fault"),
        Row("index", Fate.REMADE),
        Row("message", Fate.MAPPED, "parts", "in a stream it repeats, and is not read"),
        Row("delta", Fate.MAPPED, "parts", "in a whole answer it repeats, and is not read"),
        Row("text", Fate.REMADE, note="repeats the content"),
        Row("native_finish_reason", Fate.PASSED, hint=True),
    ),
)

REPLY_MESSAGE = Table(
    NAME,
    "choices[].message, choices[].delta",
    (
        *_rows(
            Fate.MAPPED,
            content="Text",
            refusal="Refusal",
            audio="Audio",
            annotations="Text.citations",
            tool_calls="ToolCall",
            function_call="ToolCall, with legacy",
            reasoning_content="Reasoning.text",
            reasoning="Reasoning.text, if reasoning_content is not said",
            reasoning_details="Reasoning.seals",
        ),
        Row("role", Fate.REMADE),
    ),
)

USAGE = Table(
    NAME,
    "usage",
    _rows(
        Fate.MAPPED,
        prompt_tokens="input",
        completion_tokens="output",
        total_tokens="total",
        prompt_tokens_details="cached, written, input_audio",
        completion_tokens_details="reasoning, output_audio, accepted, rejected",
    ),
)

ERROR = Table(
    NAME,
    "error",
    _rows(
        Fate.MAPPED,
        message="Fault.message",
        type="Fault.type",
        code="Fault.code",
        param="Fault.param",
    ),
)

TABLES = (
    REQUEST,
    MESSAGE,
    PART,
    DETAILS,
    FUNCTION,
    CALL,
    REPLY,
    CHUNK,
    CHOICE,
    REPLY_MESSAGE,
    USAGE,
    ERROR,
)
