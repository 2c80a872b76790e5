"""The conversation: messages to turns, and back.

Each message is a turn, but that a run of results is one. What an assistant's message holds is read
in the order reasoning, words, refusal, sound, calls, and written so. Functions of before tools
called without ids; their calls are numbered, and each result belongs to the last call.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from attrs import define, field

from openaiproxy.dialects.chat.content import NO_WORD, note_rest, parse_content, render_content
from openaiproxy.dialects.chat.fields import CALL, MESSAGE, NAME
from openaiproxy.dialects.chat.objects import merge
from openaiproxy.dialects.chat.pieces import (
    arguments_text,
    call_extra,
    details_text,
    parse_details,
    reasoning_text,
    render_call,
    render_detail,
    word,
)
from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.names import LIMIT, shorten
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import (
    Audio,
    File,
    Image,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.request import Role, Turn
from openaiproxy.hub.values import changed

__all__ = ["parse_call", "parse_messages", "render_messages"]

_ROLES = {role.value: role for role in Role if role is not Role.TOOL}
_CONTENT = (Text, Image, File, Opaque)


def parse_messages(found: Any) -> tuple[Turn, ...]:
    """The turns of ``messages``.

    :raises BadRequest: if a message can't be read.
    """
    if not isinstance(found, list):
        raise bad_field("messages", "must be a list")
    turns: list[Turn] = []
    calls = 0
    open_ids: list[str] = []
    for number, message in enumerate(found):
        path = f"messages[{number}]"
        if not isinstance(message, dict):
            raise bad_field(path, "must be an object")
        role = message.get("role")
        calls += isinstance(message.get("function_call"), dict)
        if role in ("tool", "function"):
            result = _answering(_parse_result(message, path, calls), open_ids)
            if turns and turns[-1].role is Role.TOOL:
                turns[-1] = changed(turns[-1], parts=(*turns[-1].parts, result))
            else:
                turns.append(Turn(Role.TOOL, (result,)))
        elif isinstance(role, str) and role in _ROLES:
            turns.append(_parse_turn(message, path, _ROLES[role], calls))
            open_ids = [part.call_id for part in turns[-1].parts if isinstance(part, ToolCall)]
        else:
            raise bad_field(f"{path}.role", "is not one that we know")
    return tuple(turns)


def _answering(result: ToolResult, open_ids: list[str]) -> ToolResult:
    """The result, which answers the first open call if it does not say which (some callers send no
    id)."""
    if not result.call_id and open_ids:
        result = changed(result, call_id=open_ids[0])
    if result.call_id in open_ids:
        open_ids.remove(result.call_id)
    return result


def _parse_turn(found: JsonObject, path: str, role: Role, calls: int) -> Turn:
    parts = parse_content(found.get("content"), f"{path}.content")
    if role is Role.ASSISTANT:
        parts = tuple(_parse_assistant(found, path, parts, calls))
    return Turn(role, parts, name=word(found.get("name")) or None, extra=MESSAGE.rest(found))


def _parse_assistant(
    found: JsonObject, path: str, content: tuple[Part, ...], calls: int
) -> Iterator[Part]:
    text = reasoning_text(found) or details_text(found)
    seals = parse_details(found.get("reasoning_details"), every=True)
    if text or seals:
        yield Reasoning(text=(text,) if text else (), seals=seals)
    tools = found.get("tool_calls") or []
    if not isinstance(tools, list):
        raise bad_field(f"{path}.tool_calls", "must be a list")
    legacy = found.get("function_call")
    if content != (Text(""),) or not (tools or legacy or text):
        yield from content
    if word(found.get("refusal")):
        yield Refusal(found["refusal"])
    if isinstance(found.get("audio"), dict):
        yield Audio(id=word(found["audio"].get("id")))
    for number, call in enumerate(tools):
        yield parse_call(call, f"{path}.tool_calls[{number}]")
    if isinstance(legacy, dict):
        name, text = word(legacy.get("name")), arguments_text(legacy.get("arguments"))
        yield ToolCall(f"call_function_{calls}", name, text, legacy=True)


def parse_call(found: Any, path: str) -> ToolCall:
    """One of ``tool_calls``.

    :raises BadRequest: if it names no tool.
    """
    if not isinstance(found, dict):
        raise bad_field(path, "must be an object")
    custom = isinstance(found.get("custom"), dict)
    inner = found.get("custom" if custom else "function")
    if not isinstance(inner, dict) or not isinstance(inner.get("name"), str):
        raise bad_field(path, "must name a function")
    text = arguments_text(inner.get("input" if custom else "arguments"), custom)
    return ToolCall(word(found.get("id")), inner["name"], text, custom, extra=call_extra(found))


def _parse_result(found: JsonObject, path: str, calls: int) -> ToolResult:
    legacy = found["role"] == "function"
    parts = parse_content(found.get("content"), f"{path}.content")
    return ToolResult(
        f"call_function_{calls}" if legacy else word(found.get("tool_call_id")),
        () if parts == (Text(""),) else parts,  # type: ignore[arg-type]
        legacy=legacy,
        name=word(found.get("name")) or None,
        extra=MESSAGE.rest(found),
    )


def _is_empty(body: JsonObject) -> bool:
    """Whether nothing is left of a message, which the wire takes for a mistake."""
    return body["content"] in (None, []) and not body.keys() - {"role", "content", "name"}


def _call_id(call_id: str) -> str:
    """An id that is short enough; its characters are of no concern to this wire."""
    return call_id if len(call_id) <= LIMIT else shorten(call_id)


def _own(part: Refusal) -> bool:
    """Whether a refusal has fields for which a part has room, and a message has none."""
    return part.extra is not None and part.extra.dialect == NAME


@define
class _Writer:
    """Writes turns, and remembers what calls were named."""

    losses: Losses
    names: dict[str, str] = field(factory=dict)

    def turn(self, turn: Turn, path: str) -> Iterator[JsonObject]:
        """The messages of a turn."""
        if turn.role is Role.TOOL:
            yield from self.results(turn, path)
            return
        body: dict[str, Any] = dict(self.losses.extra(turn.extra, path))
        body["role"] = turn.role.value
        if turn.name is not None:
            body["name"] = turn.name
        if turn.role is Role.ASSISTANT:
            body.update(self.assistant(turn.parts, path))
        else:
            body["content"] = render_content(turn.parts, path, self.losses)
        if not (turn.parts and _is_empty(body)):
            yield body

    def assistant(self, parts: tuple[Part, ...], path: str) -> JsonObject:
        """What an assistant's message holds."""
        words: list[Part] = []
        body: dict[str, Any] = {"content": None}
        for number, part in enumerate(parts):
            where = f"{path}.parts[{number}]"
            match part:
                case Reasoning():
                    self.reasoning(part, body, where)
                case ToolCall():
                    self.call(part, body, where)
                case Audio() if part.id is not None:
                    body["audio"] = {"id": part.id}
                case Audio() if part.transcript:
                    words.append(Text(part.transcript))
                    self.losses.note(f"{where}.data", NO_WORD)
                case Audio():
                    self.losses.note(where, NO_WORD)
                case Refusal() if "refusal" not in body and not _own(part):
                    note_rest(part, self.losses, where)
                    body["refusal"] = part.text
                case _:
                    words.append(part)
        content = render_content(words, path, self.losses)
        body["content"] = None if content == [] else content
        return body

    def reasoning(self, part: Reasoning, body: dict[str, Any], path: str) -> None:
        """With seals of its own, as those spell it who give seals; else as most do."""
        note_rest(part, self.losses, path)
        seals = [seal for seal in part.seals if seal.dialect == NAME]
        if len(seals) < len(part.seals):
            self.losses.note(f"{path}.seals", "only its maker can open a seal", hint=True)
        text = part.shown()
        if text:
            key = "reasoning" if seals else "reasoning_content"
            body[key] = body[key] + "\n\n" + text if key in body else text
        if seals:
            details = [render_detail(seal) for seal in seals]
            body["reasoning_details"] = body.get("reasoning_details", []) + details

    def call(self, call: ToolCall, body: dict[str, Any], path: str) -> None:
        """Into ``tool_calls``, or ``function_call``."""
        note_rest(call, self.losses, path)
        name = shorten(call.name)
        self.names[call.call_id] = call.name
        arguments = arguments_text(call.arguments, call.custom)
        if call.legacy and "function_call" not in body:
            body["function_call"] = {"name": name, "arguments": arguments}
            return
        found = render_call(call, _call_id(call.call_id), name, arguments)
        found = merge(self.losses.extra(call.extra, path, CALL.hints), found)
        body.setdefault("tool_calls", []).append(found)

    def results(self, turn: Turn, path: str) -> Iterator[JsonObject]:
        """A message for each result, and one for what they hold beside text."""
        beside: list[Part] = []
        for number, part in enumerate(turn.parts):
            if not isinstance(part, ToolResult):
                self.losses.note(f"{path}.parts[{number}]", "it is no result")
                continue
            shown = [one for one in part.parts if isinstance(one, Image | File)]
            if shown:
                name = part.name or self.names.get(part.call_id) or "a tool"
                beside += [Text(f"From the result of {name} ({part.call_id}):"), *shown]
            yield self.result(part, f"{path}.parts[{number}]")
        if beside:
            content = render_content(beside, path, self.losses)
            yield {"role": "user", "content": content}

    def result(self, part: ToolResult, path: str) -> JsonObject:
        """The message of one result."""
        body: dict[str, Any] = dict(self.losses.extra(part.extra, path))
        words: list[Part] = [one for one in part.parts if not isinstance(one, Image | File)]
        if part.error:
            first = words[0] if words else None
            if isinstance(first, Text):
                words[0] = changed(first, text=f"[tool error] {first.text}")
            else:
                words.insert(0, Text("[tool error]"))
        if len(words) < len(part.parts) and not words:
            words = [Text("The result follows.")]
        content = render_content(words, path, self.losses) or ""
        if part.legacy:
            name = part.name or self.names.get(part.call_id, "")
            return {**body, "role": "function", "name": name, "content": content}
        if part.name is not None:
            body["name"] = part.name
        call_id = {"tool_call_id": _call_id(part.call_id)} if part.call_id else {}
        return {**body, "role": "tool", **call_id, "content": content}


def render_messages(turns: Iterable[Turn], losses: Losses) -> list[JsonObject]:
    """The ``messages`` of turns, those that stood outside the conversation first."""
    writer = _Writer(losses)
    numbered = [(turn, f"turns[{number}]") for number, turn in enumerate(turns)]
    numbered.sort(key=lambda pair: not pair[0].top)
    return [message for turn, path in numbered for message in writer.turn(turn, path)]
