"""How parts grow: which of a part's fields come in pieces, as one table.

A stream tells a part's growing fields by deltas and notes, and the rest of it when it begins or
ends. A part without its growing fields is *bare*.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from attrs import Factory, define, frozen

from openaiproxy.hub.events import Channel, Event, Note, PartDelta, PartNote
from openaiproxy.hub.parts import (
    Audio,
    Citation,
    Hosted,
    Logprob,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from openaiproxy.hub.values import changed

__all__ = [
    "GROWTH",
    "Growing",
    "Growth",
    "Texts",
    "bare",
    "grown",
    "growth_of",
    "logprobs",
    "notes",
    "texts",
]

Texts: TypeAlias = Mapping[tuple[Channel, int], str]
"""A part's texts, by channel and index."""


@frozen
class Growth:
    """What of a part comes in pieces.

    :param channels: channel to the field that it adds to.
    :param many: whether those fields are tuples, an index to each.
    :param notes: the field that notes add to, if any.
    :param note: the only class of note that it takes.
    :param logprobs: whether deltas bring logprobs.
    """

    channels: Mapping[Channel, str]
    many: bool = False
    notes: str | None = None
    note: type[Note] | None = None
    logprobs: bool = False


GROWTH: dict[type[Part], Growth] = {
    Text: Growth({Channel.TEXT: "text"}, notes="citations", note=Citation, logprobs=True),
    Refusal: Growth({Channel.TEXT: "text"}, logprobs=True),
    Reasoning: Growth(
        {Channel.SUMMARY: "summary", Channel.TEXT: "text"}, many=True, notes="seals", note=Seal
    ),
    ToolCall: Growth({Channel.TEXT: "arguments"}),
    Hosted: Growth({Channel.TEXT: "arguments"}),
    Audio: Growth({Channel.TEXT: "transcript", Channel.DATA: "data"}),
}
"""Every other part comes whole."""

_WHOLE = Growth({})


def growth_of(part: Part) -> Growth:
    """The row of a part."""
    return GROWTH.get(type(part), _WHOLE)


def texts(part: Part) -> dict[tuple[Channel, int], str]:
    """A part's texts. One that grows by a single text has it even if empty."""
    growth = growth_of(part)
    found: dict[tuple[Channel, int], str] = {}
    for channel, name in growth.channels.items():
        value = getattr(part, name)
        for index, text in enumerate(value if growth.many else (value,)):
            found[channel, index] = text
    return found


def notes(part: Part) -> tuple[Note, ...]:
    """A part's citations or seals."""
    name = growth_of(part).notes
    return () if name is None else tuple(getattr(part, name))


def logprobs(part: Part) -> tuple[Logprob, ...] | None:
    """A part's log probabilities, where it has a field for them."""
    return part.logprobs if isinstance(part, (Text, Refusal)) else None


def bare(part: Part) -> Part:
    """The part without what grows."""
    return grown(part, {}, (), None)


def grown(
    part: Part, found: Texts, noted: tuple[Note, ...], probs: tuple[Logprob, ...] | None
) -> Part:
    """The part with these, and no other, growing fields.

    :param found: texts; indexes of a channel with many are dense.
    :param noted: citations or seals.
    :param probs: log probabilities.
    """
    growth = growth_of(part)
    if growth is _WHOLE:
        return part
    changes: dict[str, Any] = {}
    for channel, name in growth.channels.items():
        if growth.many:
            indexes = sorted(index for other, index in found if other is channel)
            changes[name] = tuple(found[channel, index] for index in indexes)
        else:
            changes[name] = found.get((channel, 0), "")
    if growth.notes is not None:
        changes[growth.notes] = noted
    if growth.logprobs:
        changes["logprobs"] = probs
    return changed(part, **changes)


@define(eq=False)
class Growing:
    """A part that has begun and not ended."""

    part: Part
    choice: int
    growth: Growth
    main: list[str] = Factory(list)
    """Pieces of the text at ``(TEXT, 0)``, apart since nearly all deltas are of it."""
    others: dict[tuple[Channel, int], list[str]] = Factory(dict)
    notes: list[Note] = Factory(list)
    probs: list[Logprob] | None = None

    def pieces(self, channel: Channel, index: int) -> list[str] | None:
        """The pieces of a text, if it has begun (or is the main one)."""
        if channel is Channel.TEXT and index == 0:
            return self.main
        return self.others.get((channel, index))

    def fits(self, delta: PartDelta) -> bool:
        """Whether the part can grow by a delta. Where texts are many, they begin in order."""
        if delta.channel not in self.growth.channels:
            return False
        if delta.logprobs is not None and not self.growth.logprobs:
            return False
        if delta.index == 0:
            return True
        return self.growth.many and bool(self.told(delta.channel, delta.index - 1))

    def told(self, channel: Channel, index: int) -> bool:
        """Whether a text has begun."""
        return bool(self.pieces(channel, index))

    def add(self, delta: PartDelta) -> None:
        """Grow by a delta that fits."""
        key = (delta.channel, delta.index)
        if key == (Channel.TEXT, 0):
            self.main.append(delta.text)
        else:
            self.others.setdefault(key, []).append(delta.text)
        if delta.logprobs is not None:
            self.probs = self.probs or []
            self.probs.extend(delta.logprobs)

    def seen(self) -> dict[tuple[Channel, int], str]:
        """The texts told so far."""
        found = {key: "".join(pieces) for key, pieces in self.others.items()}
        if self.main:
            found[Channel.TEXT, 0] = "".join(self.main)
        return found

    def whole(self, final: Part) -> Part:
        """``final`` with the texts that were told, and its own notes and logprobs if any."""
        probs = logprobs(final)
        if probs is None and self.probs is not None:
            probs = tuple(self.probs)
        return grown(final, self.seen(), notes(final) or tuple(self.notes), probs)

    def rest(self, number: int, final: Part) -> list[Event]:
        """The events that tell what of ``final`` was not told yet.

        :param number: its slot.
        :param final: the part that this one grows to be.
        """
        rest: list[Event] = []
        seen = self.seen()
        probs = (logprobs(final) or ())[len(self.probs or ()) :] or None
        for (channel, index), text in texts(final).items():
            told = seen.get((channel, index), "")
            more = text[len(told) :] if text.startswith(told) else ""
            starts = self.growth.many and not self.told(channel, index)
            if more or probs or starts:
                delta = PartDelta(number, more, channel, index, probs)
                self.add(delta)
                rest.append(delta)
        for note in notes(final)[len(self.notes) :]:
            self.notes.append(note)
            rest.append(PartNote(number, note))
        return rest
