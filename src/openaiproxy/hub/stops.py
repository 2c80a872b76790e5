"""Stop sequences, for an upstream that has none.

Text is passed on but for what may yet turn out to be the head of a stop sequence. Where one is met,
the answer ends before it with the reason ``STOP_SEQUENCE``, and what the upstream goes on to say is
of no interest: its usage is not known then. Only text for the reader is searched, not reasoning,
refusals or arguments.
"""

from collections.abc import Iterable

from attrs import Factory, define, field

from openaiproxy.hub.events import (
    Channel,
    End,
    Event,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    Reason,
)
from openaiproxy.hub.grammar import LIMIT, Grammar
from openaiproxy.hub.parts import Text
from openaiproxy.hub.values import changed

__all__ = ["Stops"]


@define(eq=False)
class Stops:
    """Cuts one answer of one choice.

    :param sequences: none of them empty.
    :param limit: characters that the answer may hold.
    """

    sequences: tuple[str, ...]
    limit: int = LIMIT
    over: bool = field(default=False, init=False)
    _held: dict[int, str] = field(factory=dict, init=False)
    """Slot of an open text to its last characters, not passed on yet: fewer than the longest
    sequence has."""
    _grammar: Grammar = field(
        init=False, default=Factory(lambda self: Grammar(self.limit), takes_self=True)
    )

    def feed(self, event: Event) -> list[Event]:
        """The strict events that are to be rendered.

        :param event: the next strict one.
        """
        return [out for cut in self._cut(event) for out in self._grammar.feed(cut)]

    def _cut(self, event: Event) -> Iterable[Event]:
        if self.over:
            return ()
        match event:
            case PartBegin(part=Text()):
                self._held[event.slot] = ""
            case PartDelta() if event.slot in self._held and event.channel is Channel.TEXT:
                return self._search(event)
            case PartEnd() if event.slot in self._held:
                return (PartDelta(event.slot, self._held.pop(event.slot)), event)
        return (event,)

    def _search(self, event: PartDelta) -> Iterable[Event]:
        text = self._held[event.slot] + event.text
        found = [(text.find(stop), stop) for stop in self.sequences if stop in text]
        if found:
            place, stop = min(found)
            self.over = True
            return (
                PartDelta(event.slot, text[:place]),
                End((Finish(Reason.STOP_SEQUENCE, sequence=stop),)),
            )
        keep = self._head(text)
        self._held[event.slot] = text[len(text) - keep :]
        return (changed(event, text=text[: len(text) - keep]),)

    def _head(self, text: str) -> int:
        """How many of the last characters could begin a stop sequence."""
        longest = max(map(len, self.sequences)) - 1
        for size in range(min(longest, len(text)), 0, -1):
            tail = text[-size:]
            if any(stop.startswith(tail) for stop in self.sequences):
                return size
        return 0
