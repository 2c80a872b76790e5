"""The Message object: its blocks, why it ended, and its usage."""

from typing import Any

import orjson

from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.conversation import Said, ToolCall
from openaiproxy.upstream.embedded.signatures import signature

__all__ = ["blocks", "document", "final_usage", "opening_usage", "stop_reason"]

Json = dict[str, Any]


def document(call: Call, said: Said) -> Json:
    """The whole message."""
    return {
        **frame(call),
        "content": blocks(call, said),
        "stop_reason": stop_reason(said),
        "stop_sequence": said.stopped,
        "usage": {**opening_usage(said), **final_usage(said)},
    }


def frame(call: Call) -> Json:
    """The message without what is said in it."""
    return {
        "model": call.model,
        "id": call.name("msg_01", length=22),
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def stop_reason(said: Said) -> str:
    """Why the message ends."""
    if said.calls:
        return "tool_use"
    if said.refusal or said.filtered:
        return "refusal"
    if said.stopped is not None:
        return "stop_sequence"
    return "max_tokens" if said.short else "end_turn"


def blocks(call: Call, said: Said) -> list[Json]:
    """The content: thinking, then text, then calls. A text of nothing is no block."""
    made: list[Json] = []
    if said.reasoning:
        thinking = "" if hides_thinking(call) else said.reasoning.value
        block = {"type": "thinking", "thinking": thinking, "signature": signature(thinking)}
        made.append(block)
    text = said.refusal or said.text
    if text and text.count:
        made.append({"type": "text", "text": text.value})
    return made + [_tool_use(call, tool, number) for number, tool in enumerate(said.calls)]


def hides_thinking(call: Call) -> bool:
    """Whether only the signature of the thinking is shown."""
    return (call.body.get("thinking") or {}).get("display") == "omitted"


def _tool_use(call: Call, tool: ToolCall, number: int) -> Json:
    id = call.name("toolu_01", number, 22)
    return {"type": "tool_use", "id": id, "name": tool.name, "input": orjson.loads(tool.arguments)}


def opening_usage(said: Said) -> Json:
    """The usage that is known before anything is said."""
    return {
        "input_tokens": said.asked_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 1,
        "service_tier": "standard",
    }


def final_usage(said: Said) -> Json:
    """The usage at the end."""
    return {
        "input_tokens": said.asked_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": said.tokens,
        "output_tokens_details": {"thinking_tokens": said.reasoning_tokens},
    }
