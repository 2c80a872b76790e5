"""The one order in which the events of an answer may come.

Theory
======

Between every parser and every renderer stands a :class:`Grammar`. It reads a parser's *loose*
events and gives a renderer *strict* ones, so that parsers may be as short as their wire allows and
renderers need no flags::

    answer  = *quiet Begin *(quiet / part) End      parts of several slots may interleave
            / *quiet [Begin *(quiet / part)] Fault
    quiet   = Idle / Other
    part    = PartBegin(n) *(PartDelta(n) / PartNote(n)) PartEnd(n)

:data:`LEGAL` says this as a table of states, and :data:`~openaiproxy.hub.growth.GROWTH` what
a part can grow by. Of loose events, strict ones are made so:

* A part that begins with content begins bare, and its content follows as deltas and notes.
* A delta without text or logprobs vanishes, unless it begins a new text of a reasoning.
* ``PartEnd(n, None)`` gets the part that its events amount to. ``PartEnd(n, part)`` is preceded by
  what of the part was not told yet, so that a stream of nothing but final values is told as a
  stream of deltas, and once. Where a final text contradicts what was told, what was told stands,
  since it cannot be taken back. Seals and citations are those of the final value, if it has any.
* ``End`` closes what is open, in order of slots.
* A finish of ``STOP`` after a tool call is ``TOOL_CALLS``; a finish of ``TOOL_CALLS`` without a
  named call is ``STOP``. No other reason is touched.

Strict events pass unchanged: walking twice is walking once.

What an answer may hold is limited: its words, its log probabilities and seals, and a little for each
event, are counted against :attr:`Grammar.limit` before they are kept. What only one dialect can read
is not weighed here; whoever feeds bytes to a parser limits those.

Two things are never done. An order outside the table is not mended: it is a ``Fault``, the stream
is over, and what follows is ignored. And *nobody invents success*: the end of input before ``End``,
or an ``End`` that leaves a choice without a finish, is a ``Fault`` of kind ``TRUNCATED``.
"""

from collections.abc import Callable, Iterable
from enum import Enum

from attrs import Factory, define, field

from openaiproxy.hub.events import (
    Begin,
    Channel,
    End,
    Event,
    Fault,
    FaultKind,
    Idle,
    Other,
    PartBegin,
    PartDelta,
    PartEnd,
    PartNote,
)
from openaiproxy.hub.growth import Growing, bare, growth_of
from openaiproxy.hub.parts import ToolCall
from openaiproxy.hub.values import changed
from openaiproxy.hub.verdict import COST, finished, too_large, unfinished, weight

__all__ = ["LEGAL", "LIMIT", "Grammar", "State", "walk"]


class State(Enum):
    """How far an answer has come."""

    BEFORE = "before its beginning"
    OPEN = "open"
    OVER = "over"

    __hash__ = object.__hash__  # It is looked up for each event; that of Enum takes longer.


LEGAL: dict[State, dict[type[Event], State]] = {
    State.BEFORE: {
        Begin: State.OPEN,
        Idle: State.BEFORE,
        Other: State.BEFORE,
        Fault: State.OVER,
    },
    State.OPEN: {
        PartBegin: State.OPEN,
        PartDelta: State.OPEN,
        PartNote: State.OPEN,
        PartEnd: State.OPEN,
        Idle: State.OPEN,
        Other: State.OPEN,
        End: State.OVER,
        Fault: State.OVER,
    },
    State.OVER: {},
}
"""State, and class of an event that is legal in it, to the state after it."""

LIMIT = 1 << 28
"""Characters that an answer may hold, if nobody says otherwise."""


@define(eq=False)
class Grammar:
    """Walks one answer through :data:`LEGAL`.

    :param limit: characters that the answer may hold, so that an upstream that never ends cannot
        fill the memory.
    """

    limit: int = LIMIT
    state: State = field(default=State.BEFORE, init=False)
    _open: dict[int, Growing] = field(factory=dict, init=False)
    _slots: int = field(default=0, init=False)
    _room: int = field(init=False, default=Factory(lambda self: self.limit, takes_self=True))
    _called: dict[int, bool] = field(factory=dict, init=False)
    """Choice that was seen, to whether it holds a named tool call."""

    def feed(self, event: Event) -> Iterable[Event]:
        """The strict events that a loose event amounts to: none, one, or several. Never raises.

        :param event: the next from a parser.
        """
        if event.__class__ is PartDelta:
            slot = self._open.get(event.slot)
            if (
                slot is not None
                and event.channel is Channel.TEXT
                and event.text
                and not event.index
                and event.logprobs is None
                and Channel.TEXT in slot.growth.channels
            ):
                self._room -= len(event.text) + COST
                if self._room >= 0:
                    slot.main.append(event.text)
                    return (event,)
        return self._step(event)

    def grower(self, delta: PartDelta) -> Callable[[str], bool] | None:
        """What lets a part grow by words, as :meth:`feed` would by the same delta with them, until another event is
        fed. It says whether there was room for them; if not, nothing has happened.

        :param delta: of some words, and nothing else; it was the last to be fed.
        :return: ``None`` if the part is not open.
        """
        part = self._open.get(delta.slot)
        pieces = None if part is None else part.pieces(delta.channel, delta.index)
        if not pieces:
            return None
        keep = pieces.append

        def grow(text: str) -> bool:
            room = self._room - len(text) - COST
            if room < 0:
                return False
            self._room = room
            keep(text)
            return True

        return grow

    def eof(self) -> Iterable[Event]:
        """What the end of input amounts to: nothing after an end, and a fault before it."""
        if self.state is State.OVER:
            return ()
        what = "The upstream's answer ended before it was finished."
        return self._over(Fault(FaultKind.TRUNCATED, what, code="upstream_stream_truncated"))

    def _step(self, event: Event) -> Iterable[Event]:
        if self.state is State.OVER:
            return ()
        after = LEGAL[self.state].get(event.__class__)
        if after is None:
            return self._illegal(f"{event.__class__.__name__} {self.state.value}")
        if not self._affords((event,)):
            return self._over(too_large())
        self.state = after
        match event:
            case PartBegin():
                return self._begin(event)
            case PartDelta():
                return self._delta(event)
            case PartNote():
                return self._note(event)
            case PartEnd():
                return self._end_part(event)
            case End():
                return self._end(event)
            case Fault():
                self._open.clear()
        return (event,)

    def _begin(self, event: PartBegin) -> Iterable[Event]:
        if event.slot != self._slots:
            return self._illegal(f"slot {event.slot} begun where {self._slots} is next")
        self._slots += 1
        slot = Growing(bare(event.part), event.choice, growth_of(event.part))
        self._open[event.slot] = slot
        named = isinstance(event.part, ToolCall) and bool(event.part.name)
        self._called[event.choice] = self._called.get(event.choice, False) or named
        if slot.part == event.part:
            return (event,)
        told = slot.rest(event.slot, event.part)
        if not self._affords(told):
            return self._over(too_large())
        return [changed(event, part=slot.part), *told]

    def _delta(self, event: PartDelta) -> Iterable[Event]:
        slot = self._open.get(event.slot)
        if slot is None:
            return self._illegal(f"a delta of slot {event.slot}, which is not open")
        if not slot.fits(event):
            what = f"{event.channel.value} {event.index}"
            return self._illegal(f"a delta of {what} in a {type(slot.part).__name__}")
        starts = slot.growth.many and not slot.told(event.channel, event.index)
        if not event.text and event.logprobs is None and not starts:
            return ()
        slot.add(event)
        return (event,)

    def _note(self, event: PartNote) -> Iterable[Event]:
        slot = self._open.get(event.slot)
        if slot is None:
            return self._illegal(f"a note to slot {event.slot}, which is not open")
        if slot.growth.note is not type(event.note):
            what = type(event.note).__name__
            return self._illegal(f"a {what} noted in a {type(slot.part).__name__}")
        slot.notes.append(event.note)
        return (event,)

    def _end_part(self, event: PartEnd) -> Iterable[Event]:
        slot = self._open.get(event.slot)
        if slot is None:
            return self._illegal(f"an end of slot {event.slot}, which is not open")
        final = event.part
        if final is not None and type(final) is not type(slot.part):
            what = type(slot.part).__name__
            return self._illegal(f"a {what} that ends as a {type(final).__name__}")
        del self._open[event.slot]
        if final is None:
            return (PartEnd(event.slot, slot.whole(slot.part)),)
        missing = slot.rest(event.slot, final)
        if not self._affords(missing):
            return self._over(too_large())
        return [*missing, PartEnd(event.slot, slot.whole(final))]

    def _end(self, event: End) -> Iterable[Event]:
        finishes = finished(event.finishes, self._called)
        if finishes is None:
            return self._over(unfinished())
        closed: list[Event] = [
            PartEnd(number, slot.whole(slot.part)) for number, slot in sorted(self._open.items())
        ]
        self._open.clear()
        if finishes != event.finishes:
            event = changed(event, finishes=finishes)
        return [*closed, event]

    def _affords(self, events: Iterable[Event]) -> bool:
        self._room -= sum(map(weight, events))
        return self._room >= 0

    def _illegal(self, what: str) -> Iterable[Event]:
        message = f"The upstream's answer is out of order: {what}."
        return self._over(Fault(FaultKind.MALFORMED, message, code="upstream_stream_malformed"))

    def _over(self, fault: Fault) -> Iterable[Event]:
        self.state = State.OVER
        self._open.clear()
        return (fault,)


def walk(events: Iterable[Event], limit: int = LIMIT) -> list[Event]:
    """The strict events of a whole answer, its end of input included.

    :param events: loose ones.
    :param limit: characters that the answer may hold.
    """
    grammar = Grammar(limit)
    strict = [out for event in events for out in grammar.feed(event)]
    return [*strict, *grammar.eof()]
