"""The dialect as one value, and how to read its answers at a glance."""

import re
from itertools import count as numbers

from openaiproxy.dialects.chat.chunks import ChatRenderer
from openaiproxy.dialects.chat.faults import (
    parse_error,
    parse_fault,
    render_fault,
    render_fault_record,
)
from openaiproxy.dialects.chat.fields import NAME, TABLES
from openaiproxy.dialects.chat.pieces import word
from openaiproxy.dialects.chat.replies import parse_reply, render_reply
from openaiproxy.dialects.chat.requests import parse_request, render_request
from openaiproxy.dialects.chat.stream import ChatParser
from openaiproxy.dialects.chat.usage import parse_usage
from openaiproxy.dialects.dialect import Context, Dialect, Seen, Spotter
from openaiproxy.hub.parts import JsonObject

__all__ = ["CHAT"]


def _glance(found: JsonObject) -> Seen:
    """What an answer, or a chunk, shows by itself."""
    choices = found.get("choices")
    said, wrong = "", found if found.get("error") else None
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict):
            said = said or word(choice.get("finish_reason"))
            wrong = wrong or (choice if choice.get("error") else None)
    usage = parse_usage(found.get("usage"))
    if usage is None and isinstance(found.get("x_groq"), dict):
        usage = parse_usage(found["x_groq"].get("usage"))
    return Seen(
        word(found.get("model")) or None,
        usage,
        said or None,
        parse_error(wrong, None, usage) if wrong else None,
        bool(said) and said != "error",
    )


def _parser(context: Context) -> ChatParser:
    return ChatParser(numbers())


CHAT = Dialect(
    NAME,
    parse_request,
    render_request,
    parse_reply,
    render_reply,
    _parser,
    ChatRenderer,
    parse_fault,
    render_fault,
    render_fault_record,
    Spotter(re.compile(rb'"(?:finish_reason|usage|error)"\s*:\s*[^n\s]'), _glance),
    TABLES,
)
