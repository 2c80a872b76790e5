"""``input`` and ``instructions`` to turns and back.

A message is a turn, but for the assistant's: there, a maximal run of items is one, since the hub
has reasoning, words and calls of one answer in one turn. Two messages that could not be told apart
within one turn are two turns. A maximal run of results is a turn.

With ``store: false`` nobody keeps items, and to name one by an id that can't be found is an error
upstream. Of items that are told in full the id is then neither read nor written; a reasoning of which
there is nothing but the id is left out. Items that *are* their id (references), and those of hosted
tools, whose wire demands one, stay as they are.
"""

from collections.abc import Iterator
from typing import Any

from openaiproxy.dialects.dialect import bad_field
from openaiproxy.dialects.responses.content import parse_content, render_input
from openaiproxy.dialects.responses.fields import MESSAGE
from openaiproxy.dialects.responses.items import parse_item, render_items
from openaiproxy.dialects.responses.messages import Pen, message_key
from openaiproxy.dialects.responses.values import objects, string
from openaiproxy.hub.parts import Json, JsonObject, Part, Text, ToolResult
from openaiproxy.hub.request import Role, Turn

__all__ = ["parse_input", "parse_instructions", "render_input_items", "render_instructions"]

_FULL = frozenset(
    {
        "message",
        "reasoning",
        "function_call",
        "function_call_output",
        "custom_tool_call",
        "custom_tool_call_output",
    }
)
"""Types of items that say all they are, so that nobody has to look them up."""

_ROLES = {role.value: role for role in (Role.SYSTEM, Role.DEVELOPER, Role.USER)}


def parse_instructions(found: Json) -> tuple[Turn, ...]:
    """``instructions`` as a turn outside of the conversation."""
    if found is None:
        return ()
    if not isinstance(found, str):
        raise bad_field("instructions", "must be a string")
    return (Turn(Role.SYSTEM, (Text(found),), top=True),)


def nameless(item: JsonObject) -> JsonObject:
    """The item without its id, if it is told in full without."""
    word = item.get("type", "message")
    bare = word == "reasoning" and not (item.get("encrypted_content") or item.get("content"))
    if bare or "id" not in item or word not in _FULL:
        return item
    return {name: value for name, value in item.items() if name != "id"}


def parse_input(found: Json, stored: bool = True) -> tuple[Turn, ...]:
    """``input`` as turns.

    :param stored: whether ids of items can be looked up.
    :raises BadRequest: if it is no text and no list of items, or an item can't be read.
    """
    if isinstance(found, str):
        return (Turn(Role.USER, (Text(found),)),)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise bad_field("input", "must be a string or a list")
    turns: list[Turn] = []
    for number, item in enumerate(found):
        if not isinstance(item, dict):
            raise bad_field(f"input[{number}]", "must be an object")
        _check(item, f"input[{number}]")
        item = item if stored else nameless(item)
        role = string(item.get("role"))
        if role in _ROLES and item.get("type", "message") == "message":
            turns.append(_parse_message(item, _ROLES[role]))
        else:
            _join(turns, parse_item(item))
    return tuple(turns)


def _check(item: JsonObject, path: str) -> None:
    word = item.get("type", "message" if "role" in item else None)
    if not isinstance(word, str):
        raise bad_field(f"{path}.type", "must be a string")
    if word == "message":
        if string(item.get("role")) not in {"assistant", *_ROLES}:
            raise bad_field(f"{path}.role", "must be user, assistant, system or developer")
        if not isinstance(item.get("content"), str | list):
            raise bad_field(f"{path}.content", "must be a string or a list")
    if word in ("function_call", "custom_tool_call") and not isinstance(item.get("name"), str):
        raise bad_field(f"{path}.name", "must be a string")
    if word in ("function_call_output", "custom_tool_call_output") and not isinstance(
        item.get("output"), str | list
    ):
        raise bad_field(f"{path}.output", "must be a string or a list")


def _parse_message(item: JsonObject, role: Role) -> Turn:
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "input_text", "text": content}]
    parts = tuple(parse_content(found) for found in objects(content))
    return Turn(role, parts, extra=MESSAGE.rest(item))


def _join(turns: list[Turn], parts: tuple[Part, ...]) -> None:
    """Adds an item's parts to the last turn if they belong to it, and else in a new one."""
    role = Role.TOOL if isinstance(parts[0], ToolResult) else Role.ASSISTANT
    if turns and turns[-1].role is role:
        key = message_key(parts[0])
        if key is None or key != message_key(turns[-1].parts[-1]):
            turns[-1] = Turn(role, turns[-1].parts + parts)
            return
    turns.append(Turn(role, parts))


def render_instructions(turns: tuple[Turn, ...], pen: Pen) -> str | None:
    """``instructions``: what stands outside of the conversation, as one text."""
    texts = []
    for number, turn in enumerate(turns):
        if turn.top:
            pen.losses.extra(turn.extra, f"turns[{number}]")
            for place, part in enumerate(turn.parts):
                path = f"turns[{number}].parts[{place}]"
                if isinstance(part, Text):
                    pen.losses.extra(part.extra, path, frozenset({"cache_control"}))
                    texts.append(part.text)
                else:
                    pen.losses.note(path, "instructions are text")
    return "\n\n".join(texts) if texts else None


def render_input_items(turns: tuple[Turn, ...], pen: Pen) -> Iterator[JsonObject]:
    """``input``, item by item."""
    items = _render_items(turns, pen)
    return items if pen.stored else map(nameless, items)


def _render_items(turns: tuple[Turn, ...], pen: Pen) -> Iterator[dict[str, Any]]:
    for number, turn in enumerate(turns):
        path = f"turns[{number}]"
        if turn.top:
            continue
        if turn.name is not None:
            pen.losses.note(f"{path}.name", "Responses has no names of speakers")
        if turn.role in (Role.ASSISTANT, Role.TOOL):
            pen.losses.extra(turn.extra, path)
            yield from render_items(turn.parts, pen, f"{path}.parts[{{}}]".format)
        else:
            yield _render_message(turn, pen, path)


def _render_message(turn: Turn, pen: Pen, path: str) -> dict[str, Any]:
    content: Any = [
        found
        for place, part in enumerate(turn.parts)
        if (found := render_input(part, pen.losses, f"{path}.parts[{place}]")) is not None
    ]
    if len(content) == 1 and content[0].keys() == {"type", "text"}:
        content = content[0]["text"]
    extra = pen.losses.extra(turn.extra, path, MESSAGE.hints)
    return {**extra, "type": "message", "role": turn.role.value, "content": content}
