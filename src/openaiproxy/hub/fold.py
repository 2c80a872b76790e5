"""A whole answer, and the stream that it could have been: one mapping for both.

A dialect reads and writes whole answers as a :class:`Reply`, and streams as events. ``fold`` and
``unfold`` go between, so that a stream can be answered as a whole and a whole as a stream, and so
that what an answer means is decided once, in the grammar.
"""

from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from openaiproxy.hub.events import (
    Begin,
    End,
    Event,
    Fault,
    Other,
    PartBegin,
    PartDelta,
    PartEnd,
)
from openaiproxy.hub.grammar import LIMIT, walk
from openaiproxy.hub.growth import bare, logprobs, texts
from openaiproxy.hub.parts import Part, Reasoning, Refusal, Text, ToolCall
from openaiproxy.hub.values import changed
from openaiproxy.hub.verdict import COST, finished, heft, too_large, unfinished

__all__ = ["Reply", "fold", "folded", "judged", "retold", "unfold"]


@frozen(slots=False)
class Reply:
    """A whole answer.

    :param begin: what it is.
    :param choices: the parts of each choice, in order; at least one choice, which may be empty.
    :param end: how each choice finished, and what it took.
    :param others: what only its own dialect has a word for, from a stream.
    """

    begin: Begin
    choices: tuple[tuple[Part, ...], ...]
    end: End
    others: tuple[Other, ...] = ()

    @property
    def parts(self) -> tuple[Part, ...]:
        """The first choice's."""
        return self.choices[0]


def fold(events: Iterable[Event], limit: int = LIMIT) -> Reply | Fault:
    """The whole answer that events amount to, or the fault in which they end.

    :param events: loose or strict; an end of input is understood after the last.
    :param limit: characters that the answer may hold; more is a fault.
    """
    return folded(walk(events, limit))


def folded(strict: Sequence[Event]) -> Reply | Fault:
    """The same of events that were walked.

    :param strict: all of them, the last being an end or a fault.
    """
    begin = Begin()
    parts: dict[int, list[Part]] = {}
    slots: dict[int, tuple[int, int]] = {}
    others: list[Other] = []
    last = strict[-1]
    if isinstance(last, Fault):
        return last
    assert isinstance(last, End), "a walk ends in End or Fault"
    for event in strict:
        match event:
            case Begin():
                begin = event
            case PartBegin():
                own = parts.setdefault(event.choice, [])
                slots[event.slot] = (event.choice, len(own))
                own.append(event.part)
            case PartEnd(slot, part) if part is not None:
                choice, place = slots[slot]
                parts[choice][place] = part
            case Other():
                others.append(event)
    choices = tuple(tuple(parts.get(choice, ())) for choice in range(len(last.finishes)))
    return Reply(begin, choices, last, tuple(others))


def judged(reply: Reply, limit: int = LIMIT) -> Reply | Fault:
    """A whole answer as the grammar has it: what its events fold to once they are told, without telling them.

    Told as :func:`unfold` does, its parts end as what they are, and in order. What is left for the grammar to decide
    is how much it may hold, and whether and how its choices have finished.

    :param reply: any whole answer.
    :param limit: characters that the answer may hold; more is a fault.
    """
    parts = [part for choice in reply.choices for part in choice]
    if COST * (2 + len(reply.others)) + sum(map(heft, parts)) > limit:
        return too_large()
    called = {number: any(map(_named, own)) for number, own in enumerate(reply.choices) if own}
    finishes = finished(reply.end.finishes, called)
    if finishes is None:
        return unfinished()
    choices = (reply.choices + ((),) * len(finishes))[: len(finishes)]
    if finishes == reply.end.finishes and len(choices) == len(reply.choices):
        return reply
    return changed(reply, choices=choices, end=changed(reply.end, finishes=finishes))


def _named(part: Part) -> bool:
    return isinstance(part, ToolCall) and bool(part.name)


def unfold(reply: Reply) -> Iterator[Event]:
    """The loose events of a whole answer: each part begins bare and ends whole.

    :param reply: any whole answer.
    """
    yield reply.begin
    yield from reply.others
    slot = 0
    for choice, parts in enumerate(reply.choices):
        for part in parts:
            yield PartBegin(slot, bare(part), choice)
            yield PartEnd(slot, part)
            slot += 1
    yield reply.end


_LEAST = 24
"""Characters of a piece; it goes on to the next space, unless that is as far again."""
_MOST = 1000
"""Pieces of a text, about; those of a long one are longer."""


def retold(reply: Reply) -> Iterator[Event]:
    """The loose events of a whole answer, its words a few at a time, as a model would have told them.

    :param reply: any whole answer.
    """
    for event in unfold(reply):
        if isinstance(event, PartEnd) and isinstance(event.part, Text | Refusal | Reasoning):
            yield from _told(event.slot, event.part)
        yield event


def _told(slot: int, part: Part) -> Iterator[PartDelta]:
    """The deltas of a part; none where each word has its odds, which can't be cut."""
    if logprobs(part):
        return
    for (channel, index), text in texts(part).items():
        for piece in _pieces(text):
            yield PartDelta(slot, piece, channel, index)


def _pieces(text: str) -> Iterator[str]:
    least, start = max(_LEAST, len(text) // _MOST), 0
    while start < len(text):
        space = text.find(" ", start + least, start + 2 * least)
        end = start + 2 * least if space < 0 else space + 1
        yield text[start:end]
        start = end
