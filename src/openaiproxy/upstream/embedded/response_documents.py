"""The Response object and its output items, in every state that a response can be in."""

import base64
import hashlib
from typing import Any

from attrs import define, field

from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.conversation import Said, ToolCall

__all__ = ["Turn", "call_item", "document", "failure", "message_item", "output", "reasoning_item"]

Json = dict[str, Any]
_FAILURE = "The model failed to generate a response."
#: What a response says of a setting that the request left out.
_SETTINGS: Json = {
    "background": False,
    "frequency_penalty": 0.0,
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "parallel_tool_calls": True,
    "presence_penalty": 0.0,
    "previous_response_id": None,
    "prompt_cache_key": None,
    "safety_identifier": None,
    "store": True,
    "temperature": 1.0,
    "tool_choice": "auto",
    "top_logprobs": 0,
    "top_p": 1.0,
    "truncation": "disabled",
    "user": None,
    "metadata": {},
}


@define
class Turn:
    """One response: what was asked, what is said, and (where it runs in the background) when it's
    done.

    :param call: the request that created it.
    :param items: the input's items; ``earlier``: those of the responses that it continues.
    :param ready: the UNIX time at which a background response is complete.
    """

    call: Call
    said: Said
    items: list[Json] = field(repr=False)
    earlier: list[Json] = field(factory=list, repr=False)
    ready: int = 0
    cancelled: bool = False

    @property
    def id(self) -> str:
        """The response's id."""
        return self.call.name("resp_", length=48)

    def status(self, now: int) -> str:
        """The state that the response is in at a time."""
        if self.cancelled:
            return "cancelled"
        if now < self.ready:
            return "in_progress"
        if self.call.fault.failed is not None:
            return "failed"
        return "completed" if self.said.whole else "incomplete"


def document(turn: Turn, status: str) -> Json:
    """The Response object; only a finished one has output and usage."""
    body = turn.call.body
    settings = {k: v if body.get(k) is None else body[k] for k, v in _SETTINGS.items()}
    over = status in ("completed", "incomplete")
    return {
        "id": turn.id,
        "object": "response",
        "created_at": turn.call.now,
        "status": status,
        "completed_at": max(turn.ready, turn.call.now) if status == "completed" else None,
        "error": failure(turn) if status == "failed" else None,
        "incomplete_details": {"reason": _reason(turn.said)} if status == "incomplete" else None,
        "model": turn.call.model,
        **settings,
        "output": output(turn) if over else [],
        "reasoning": {"effort": None, "summary": None, **(body.get("reasoning") or {})},
        "service_tier": "default" if over else "auto",
        "text": {"format": {"type": "text"}, "verbosity": "medium", **(body.get("text") or {})},
        "tools": [_tool(tool) for tool in body.get("tools") or []],
        "usage": _usage(turn.said) if over else None,
    }


def failure(turn: Turn) -> Json:
    """The error of a failed response."""
    return {"code": turn.call.fault.code or "server_error", "message": _FAILURE}


def _reason(said: Said) -> str:
    return "content_filter" if said.filtered else "max_output_tokens"


def _tool(tool: Json) -> Json:
    if tool.get("type") != "function":
        return tool
    return {"description": None, "parameters": None, "strict": True, **tool}


def _usage(said: Said) -> Json:
    return {
        "input_tokens": said.asked_tokens,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": said.tokens,
        "output_tokens_details": {"reasoning_tokens": said.reasoning_tokens},
        "total_tokens": said.asked_tokens + said.tokens,
    }


def output(turn: Turn) -> list[Json]:
    """The finished output items."""
    said, items = turn.said, []
    if said.reasoning:
        items.append(reasoning_item(turn))
    if said.text or said.refusal:
        items.append(message_item(turn, _state(said), [message_part(said)]))
    calls = enumerate(said.calls)
    return items + [call_item(turn, made, n, "completed", made.arguments) for n, made in calls]


def _state(said: Said) -> str:
    return "completed" if said.whole else "incomplete"


def reasoning_item(turn: Turn) -> Json:
    """The reasoning: its summary if one was asked for, and the sealed text if that was."""
    body, said = turn.call.body, turn.said
    item: Json = {"id": turn.call.name("rs_", length=48), "type": "reasoning", "summary": []}
    if has_summary(turn) and said.reasoning:
        item["summary"] = [{"type": "summary_text", "text": said.reasoning.value}]
    if "reasoning.encrypted_content" in (body.get("include") or []):
        item["encrypted_content"] = sealed(turn.call, item["id"])
    return item


def has_summary(turn: Turn) -> bool:
    """Whether the reasoning shows its summary."""
    reasoning = turn.call.body.get("reasoning") or {}
    return bool(reasoning.get("summary") or reasoning.get("generate_summary"))


def sealed(call: Call, what: str) -> str:
    """Text that only its maker could read, or so it looks."""
    seed = hashlib.shake_128(f"{call.digest}/{what}".encode()).digest(96)
    return "gAAAAAB" + base64.urlsafe_b64encode(seed).decode()


def message_part(said: Said) -> Json:
    """The one part of the message."""
    if said.refusal:
        return {"type": "refusal", "refusal": said.refusal.value}
    text = said.text.value if said.text else ""
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def message_item(turn: Turn, status: str, content: list[Json]) -> Json:
    """The message."""
    id = turn.call.name("msg_", length=48)
    return {
        "id": id,
        "type": "message",
        "status": status,
        "content": content,
        "role": "assistant",
    }


def call_item(turn: Turn, made: ToolCall, number: int, status: str, arguments: str) -> Json:
    """A tool call."""
    kind, prefix, grows = (
        ("custom_tool_call", "ctc_", "input")
        if made.plain
        else ("function_call", "fc_", "arguments")
    )
    return {
        "id": turn.call.name(prefix, number, 48),
        "type": kind,
        "status": status,
        grows: arguments,
        "call_id": turn.call.name("call_", number, 24),
        "name": made.name,
    }
