"""Messages of the assistant's, and the pen that all items are written with.

A message is as many parts as it has contents, each of which bears what the message says of itself.
A content without a word in the hub is an ``Opaque`` whose ``raw`` is a whole message of that
content alone, so that what it was part of need not be remembered.
"""

from collections.abc import Callable
from typing import Any

from attrs import frozen

from openaiproxy.dialects.responses.content import (
    Said,
    message_rest,
    parse_content,
    render_output,
)
from openaiproxy.dialects.responses.fields import NAME
from openaiproxy.dialects.responses.values import objects, said
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import JsonObject, Opaque, Part, Refusal, Text

__all__ = ["Pen", "content_part", "message_key", "parse_message", "render_message"]


@frozen
class Pen:
    """How items are written.

    :param losses: where what can't be is noted.
    :param new_id: towards a caller, who is owed an id for each item; ``None`` towards an upstream,
        to which none is made up.
    :param stored: whether the upstream may look up items by their ids.
    """

    losses: Losses
    new_id: Callable[[str], str] | None = None
    stored: bool = True

    def id(self, own: str | None, prefix: str) -> str | None:
        """An item's id."""
        return own if own is not None or self.new_id is None else self.new_id(prefix)


def content_part(found: JsonObject, item: JsonObject) -> Part:
    """One content of an assistant's message.

    :param found: the content.
    :param item: the message.
    """
    part = parse_content(found, Said.of(item))
    if isinstance(part, Text | Refusal):
        return part
    return Opaque(NAME, f"message.{found.get('type')}", {**item, "content": [found]})


def parse_message(item: JsonObject) -> tuple[Part, ...]:
    """The parts of a message.

    :param item: whoever's it is; only the assistant's can be told in parts.
    """
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "output_text", "text": content}]
    contents = objects(content)
    if not contents or item.get("role") != "assistant":
        return (Opaque(NAME, "message", item),)
    return tuple(content_part(found, item) for found in contents)


def message_key(part: Part) -> Any:
    """What parts of one message have in common; ``None`` for parts of no message."""
    if not isinstance(part, Text | Refusal):
        return None
    return (part.id, part.phase, part.status, message_rest(part))


def render_message(
    group: list[tuple[int, Part]], pen: Pen, path: Callable[[int], str]
) -> dict[str, Any]:
    """The message of parts with one key.

    :param group: the parts, each with its number.
    :param path: of a part by its number, for losses.
    """
    first = group[0][1]
    assert isinstance(first, Text | Refusal)
    contents = [
        render_output(part, pen.losses, path(number))
        for number, part in group
        if isinstance(part, Text | Refusal)
    ]
    head = {**message_rest(first), "type": "message", "role": "assistant"}
    fields = (
        ("id", pen.id(first.id, "msg_")),
        ("status", first.status or ("completed" if pen.new_id else None)),
        ("phase", first.phase),
    )
    content: Any = contents
    if pen.new_id is None and len(contents) == 1 and first == Text(first.text, phase=first.phase):
        content = first.text
    return {**head, **said(fields), "content": content}
