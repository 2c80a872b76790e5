"""What a writer of a stream remembers of open parts, and what the wire calls their growth."""

from collections.abc import Iterator
from typing import Any

from attrs import define, field

from openaiproxy.hub.parts import Hosted, HostedKind, Part, ToolCall
from openaiproxy.wire import json

__all__ = ["FINAL_NAMES", "Message", "Slot", "before_number", "growing", "thoughts_done"]

_GROWS = {
    HostedKind.CODE: "response.code_interpreter_call_code",
    HostedKind.MCP: "response.mcp_call_arguments",
    HostedKind.APPLY_PATCH: "response.apply_patch_call_operation_diff",
}
"""Hosted calls whose arguments are told as they grow, and the event that does."""


@define(eq=False)
class Message:
    """A message that may yet gain contents."""

    index: int
    id: str
    own: str | None
    shell: dict[str, Any]
    open: int = 0
    contents: dict[int, dict[str, Any]] = field(factory=dict)
    status: str = "completed"
    closing: bool = False

    def whole(self) -> dict[str, Any]:
        """The item as it ended."""
        contents = [self.contents[place] for place in sorted(self.contents)]
        return {**self.shell, "status": self.status, "content": contents}


@define(eq=False)
class Slot:
    """An open part.

    :param ids: the fields that name it in events.
    :param before: bytes of a plain delta before its sequence number; none if it has no such delta.
    """

    part: Part
    index: int
    id: str
    ids: dict[str, Any]
    word: str | None = None
    before: bytes = b""
    told: bool = False
    notes: int = 0
    begun: set[tuple[bool, int]] = field(factory=set)
    message: Message | None = None
    spoken: bool = False
    """Whether it is a sound, of which the words are written at its end."""

    def grow(self, number: int, text: str) -> bytes:
        """A plain delta.

        :param number: of the event.
        """
        self.told = True
        return b'%b%d,"delta":%b}\n\n' % (self.before, number, json.dumps(text))


FINAL_NAMES = {
    "response.code_interpreter_call_code": "code",
    "response.mcp_call_arguments": "arguments",
    "response.apply_patch_call_operation_diff": "diff",
}


def growing(part: Part) -> str | None:
    """The event that tells how a part of no message grows, without its last word."""
    if isinstance(part, ToolCall):
        return f"response.{'custom_tool_call_input' if part.custom else 'function_call_arguments'}"
    return _GROWS.get(part.kind) if isinstance(part, Hosted) else None


def before_number(word: str | None, fixed: dict[str, Any]) -> bytes:
    """The bytes of a delta before its number."""
    if word is None:
        return b""
    body = json.dumps({"type": f"{word}.delta", **fixed})
    return b'event: %b.delta\ndata: %b,"sequence_number":' % (word.encode(), body[:-1])


def thoughts_done(item: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The events, type and fields, that say a reasoning's texts again at its end.

    :param item: as it ended.
    """
    for index, part in enumerate(item["summary"]):
        at, text = {"summary_index": index}, part["text"]
        yield "response.reasoning_summary_text.done", {**at, "text": text}
        yield "response.reasoning_summary_part.done", {**at, "part": part}
    for index, part in enumerate(item.get("content", ())):
        yield "response.reasoning_text.done", {"content_index": index, "text": part["text"]}
