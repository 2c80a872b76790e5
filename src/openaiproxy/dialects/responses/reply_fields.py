"""What becomes of each field of a response, and of its usage."""

from openaiproxy.dialects.responses.fields import table

__all__ = ["ECHOED", "INPUT_DETAILS", "OUTPUT_DETAILS", "REPLY", "REPLY_TABLES", "USAGE"]

ECHOED = (
    "access_programs",
    "background",
    "conversation",
    "frequency_penalty",
    "image",
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "presence_penalty",
    "previous_response_id",
    "prompt",
    "prompt_cache_key",
    "prompt_cache_options",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "store",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "truncation",
    "user",
)
"""Fields of a response that repeat its request."""

USAGE = table(
    "response.usage",
    {
        "input_tokens": "input",
        "input_tokens_details": "cached, written",
        "output_tokens": "output",
        "output_tokens_details": "reasoning",
        "total_tokens": "total",
    },
    remade=(),
)
INPUT_DETAILS = table(
    "response.usage.input_tokens_details",
    {"audio_tokens": "input_audio", "cached_tokens": "cached", "cache_write_tokens": "written"},
    remade=(),
)
OUTPUT_DETAILS = table(
    "response.usage.output_tokens_details",
    {"audio_tokens": "output_audio", "reasoning_tokens": "reasoning"},
    remade=(),
)
REPLY = table(
    "response",
    {
        "created_at": "begin.created",
        "error": "fault",
        "id": "begin.id",
        "incomplete_details": "end.finish",
        "model": "begin.model",
        "output": "choices",
        "service_tier": "begin.tier, end.tier",
        "status": "end.finish",
        "usage": "end.usage",
    },
    hints=dict.fromkeys(ECHOED, "an echo of the request")
    | {
        "billing": "who pays",
        "completed_at": "when it was finished",
        "input_transformations": "what became of the input",
        "moderation": "a verdict on the words",
        "prompt_cache_diagnostics": "how the cache was met",
        "tool_usage": "what hosted tools took",
    },
    remade=("object",),
)

REPLY_TABLES = (USAGE, INPUT_DETAILS, OUTPUT_DETAILS, REPLY)
