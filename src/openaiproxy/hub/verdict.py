"""What is decided of an answer whether it is told event by event or comes whole: what it weighs, and how its choices
have finished.

A part weighs what the events would that tell it, so that an answer that fits as a stream fits as a whole.
"""

from collections.abc import Mapping

from openaiproxy.hub.events import Event, Fault, FaultKind, Finish, PartDelta, PartNote, Reason
from openaiproxy.hub.growth import growth_of, logprobs, notes, texts
from openaiproxy.hub.parts import Citation, Logprob, Part, Seal
from openaiproxy.hub.values import changed

__all__ = ["COST", "finished", "heft", "too_large", "unfinished", "weight"]

COST = 64
"""Characters that an event is reckoned to hold beside its text."""


def weight(event: Event) -> int:
    """Characters that an event is reckoned to hold."""
    match event:
        case PartDelta():
            return COST + _odds(event.logprobs) + len(event.text)
        case PartNote():
            return COST + _noted(event.note)
    return COST


def heft(part: Part) -> int:
    """Characters that the events are reckoned to hold which tell a part from its beginning to its end."""
    odds = _odds(logprobs(part))
    many = growth_of(part).many
    told = [text for text in texts(part).values() if text or odds or many]
    noted = notes(part)
    # Each text is a delta of its own, and the odds come with the first; only parts of a single text have them.
    cost = COST * (2 + len(told) + len(noted)) + odds
    return cost + sum(map(len, told)) + sum(map(_noted, noted))


def _odds(probs: tuple[Logprob, ...] | None) -> int:
    return COST * sum(1 + len(one.top) for one in probs) if probs else 0


def _noted(note: Citation | Seal) -> int:
    return len(note.data) if isinstance(note, Seal) else len(note.quote or "")


def finished(finishes: tuple[Finish, ...], called: Mapping[int, bool]) -> tuple[Finish, ...] | None:
    """How each choice has finished, mended; ``None`` if one did not.

    :param called: choice that was seen, to whether it holds a named tool call.
    """
    choices = len(finishes)
    if not choices or any(choice >= choices for choice in called):
        return None
    return tuple(
        _mended(finish, called.get(choice, False)) for choice, finish in enumerate(finishes)
    )


def _mended(finish: Finish, called: bool) -> Finish:
    if called and finish.reason is Reason.STOP:
        return changed(finish, reason=Reason.TOOL_CALLS)
    if not called and finish.reason is Reason.TOOL_CALLS:
        return changed(finish, reason=Reason.STOP)
    return finish


def too_large() -> Fault:
    """The fault of an answer that weighs more than it may."""
    what = "The upstream's answer is too large."
    return Fault(FaultKind.MALFORMED, what, code="upstream_too_large")


def unfinished() -> Fault:
    """The fault of an answer that ends where a choice of its has not."""
    what = "The upstream's answer ended with a choice unfinished."
    return Fault(FaultKind.TRUNCATED, what, code="upstream_stream_truncated")
