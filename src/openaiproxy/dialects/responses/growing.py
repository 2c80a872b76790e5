"""An item of a stream while it grows: which parts it has, and what is known of their end.

It numbers nothing and keeps no deltas, but for those of a call whose name is still unknown. Once it
is done it keeps nothing but its name and type.
"""

from collections.abc import Iterator
from typing import Any

from attrs import define, field

from openaiproxy.dialects.responses.fields import NAME
from openaiproxy.dialects.responses.messages import content_part
from openaiproxy.dialects.responses.values import string, whole
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Channel, Event, Other, PartDelta
from openaiproxy.hub.parts import JsonObject, Part, Refusal, Text
from openaiproxy.hub.values import changed

__all__ = ["REPEATED", "Item", "other"]

REPEATED = frozenset(
    {
        "response.apply_patch_call_operation_diff.done",
        "response.reasoning_summary_part.done",
        "response.reasoning_summary_text.done",
        "response.reasoning_part.added",
        "response.reasoning_part.done",
        "response.reasoning_text.done",
    }
)
"""Events that say what others say too."""

_HELD = 1 << 16
"""Most characters of arguments that come before their call's name. The name comes when the item
begins; no recorded answer needs this at all."""

_QUIET = (
    "response.web_search_call.",
    "response.file_search_call.",
    "response.code_interpreter_call.",
    "response.image_generation_call.",
    "response.mcp_call.",
    "response.mcp_list_tools.",
    "response.shell_call_",
    "response.compaction.",
    "codex.",
)
"""Progress of what comes whole at its end, and what Codex's own backend tells its own program."""


def other(word: str, found: JsonObject) -> Other:
    """An event without a word in the hub.

    :param word: its type.
    """
    raw = {k: v for k, v in found.items() if k not in ("sequence_number", "obfuscation")}
    return Other(NAME, word, raw, word.startswith(_QUIET))


@define(eq=False)
class Item:
    """An item that has begun.

    :param found: as it was last described.
    :param slots: content index to slot; an item with a single part has it at 0.
    :param begun: slot's part as it began.
    :param finals: content index to what an event said is final, as it was said: its item mostly says it again.
    """

    found: JsonObject
    slots: dict[int, int] = field(factory=dict)
    begun: dict[int, Part] = field(factory=dict)
    finals: dict[int, JsonObject] = field(factory=dict)
    held: list[str] = field(factory=list)
    """Arguments of a call whose name is not known yet."""
    waiting: int = 0
    """Characters of them."""
    indexes: dict[str, dict[Any, int]] = field(
        factory=lambda: {"summary_index": {}, "content_index": {}}
    )
    """The wire's index of a reasoning's text to its dense one."""
    told: dict[str, int] = field(factory=dict)
    """How many of a reasoning's texts have begun."""
    places: dict[Any, int] = field(factory=dict)
    """The wire's content index to the place among the contents; some upstreams count from 1."""
    done: bool = False

    def hold(self, delta: str) -> None:
        """Keep arguments until the name is known.

        :raises BadUpstream: if there are too many.
        """
        self.waiting += len(delta)
        if self.waiting > _HELD:
            raise BadUpstream(502, "upstream_too_large", "A tool call goes on without a name.")
        if delta:
            self.held.append(delta)

    def close(self) -> None:
        """Forget what only an item that grows needs."""
        self.found = {name: self.found.get(name) for name in ("id", "type")}
        self.done = True
        for kept in (self.slots, self.begun, self.finals, self.indexes, self.told, self.places):
            kept.clear()
        self.held.clear()

    @property
    def is_message(self) -> bool:
        """Whether it may have several parts."""
        return self.found.get("type") == "message"

    def place(self, found: JsonObject) -> int:
        """The place of the content that an event speaks of.

        :param found: the event.
        """
        return self.places.setdefault(whole(found.get("content_index")) or 0, len(self.places))

    def thought(self, found: JsonObject) -> Iterator[Event]:
        """The deltas of an event about a reasoning's text, its index made dense.

        :param found: a delta, or the mere beginning of a summary part.
        """
        name = "summary_index" if "summary_index" in found else "content_index"
        channel = Channel.SUMMARY if name == "summary_index" else Channel.TEXT
        own = self.indexes[name]
        index = own.setdefault(whole(found.get(name)) or 0, len(own))
        delta = string(found.get("delta"))
        if not delta:
            return
        for lower in range(self.told.get(name, 0), index):
            yield PartDelta(self.slots[0], "", channel, lower)
        self.told[name] = max(self.told.get(name, 0), index + 1)
        yield PartDelta(self.slots[0], delta, channel, index)

    def final(self, place: int, found: JsonObject, parts: tuple[Part, ...]) -> Part | None:
        """What a part is at its end: as its item says, or else as the last event about it did.

        :param place: the part's content index.
        :param found: the item, as it ended.
        :param parts: the item's.
        """
        begun = self.begun[place]
        part = parts[place] if place < len(parts) else None
        if type(part) is not type(begun):
            said = self.finals.get(place)
            part = None if said is None else content_part(said, self.found)
            part = part if type(part) is type(begun) else None
        if isinstance(begun, Text | Refusal):
            status = string(found.get("status")) or begun.status
            # Without a final value, the bare part would seem to be one without its marks.
            if isinstance(part, Text | Refusal):
                return changed(part, status=status, id=begun.id)
            return changed(begun, status=status)
        return part
