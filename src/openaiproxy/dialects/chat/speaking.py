"""Who speaks when: one part of a kind at a time.

A chunk has one place for words, one for a refusal and one for thoughts, and nothing that tells two
parts of a kind apart. Where such parts grow side by side (no upstream was seen to do so, and the
hub allows it), the later one waits, with all its events, until the earlier one has ended.
"""

from collections.abc import Iterable
from typing import TypeAlias

from attrs import define, field

from openaiproxy.hub.events import Event, PartBegin, PartDelta, PartEnd, PartNote
from openaiproxy.hub.parts import Part, Reasoning, Refusal, Text

__all__ = ["InTurn", "Pieces"]

Pieces: TypeAlias = tuple[bytes, ...]

_Place: TypeAlias = tuple[type[Part], int]
"""A kind of part, and the choice it is in."""

_ALONE = (Text, Refusal, Reasoning)


@define(eq=False)
class InTurn:
    """Puts events in turn.

    :param held: slot to the events of a part that waits.
    """

    held: dict[int, list[Event]] = field(factory=dict, init=False)
    _places: dict[int, _Place] = field(factory=dict, init=False)
    _taken: set[_Place] = field(factory=set, init=False)

    def feed(self, event: Event) -> Iterable[Event]:
        """The events whose turn it is with this one.

        :param event: the next, of a strict order.
        """
        match event:
            case PartBegin(slot, part, choice) if isinstance(part, _ALONE):
                place = self._places[slot] = (type(part), choice)
                if place in self._taken:
                    self.held[slot] = [event]
                    return ()
                self._taken.add(place)
            case PartDelta() | PartNote() | PartEnd() if event.slot in self.held:
                self.held[event.slot].append(event)
                return ()
            case PartEnd(slot) if slot in self._places:
                return [event, *self._next(self._places.pop(slot))]
        return (event,)

    def _next(self, place: _Place) -> Iterable[Event]:
        """The events of those that waited for a place, until one of them stays open."""
        self._taken.discard(place)
        waiting = [slot for slot in self.held if self._places[slot] == place]
        for slot in waiting:
            events = self.held.pop(slot)
            yield from events
            if not isinstance(events[-1], PartEnd):
                self._taken.add(place)
                return
            del self._places[slot]
