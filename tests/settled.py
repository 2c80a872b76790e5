"""The form of an answer in which a stream and a whole answer of one dialect must be equal."""

from attrs import evolve

from openaiproxy.errors import BadUpstream
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.parts import (
    Extra,
    Hosted,
    Logprob,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from openaiproxy.wire import json

__all__ = ["completed", "rounded", "settled"]


def settled(reply: Reply, dialect: str) -> Reply:
    """The reply without what only a stream, or only a whole answer, can tell.

    A stream tells some things twice, of which the later holds. Messages has no word for a count
    that was not told, and holds arguments as an object. A whole Chat message has a field for
    each kind of part, and so no order among kinds.
    """
    walked = fold(unfold(reply))
    assert isinstance(walked, Reply), walked
    begin, end = walked.begin, walked.end
    fields = {
        **(begin.extra.fields if begin.extra else {}),
        **(end.extra.fields if end.extra else {}),
    }
    choices, usage = walked.choices, end.usage or begin.usage
    if usage is not None:
        usage = evolve(
            usage,
            cached=usage.cached or None,
            written=usage.written or None,
            reasoning=usage.reasoning or None,
        )
    if dialect == "messages":
        choices = tuple(tuple(_as_object(part) for part in choice) for choice in choices)
    if dialect == "chat":
        choices = tuple(_by_kind(choice) for choice in choices)
    return evolve(
        walked,
        begin=evolve(
            begin,
            tier=end.tier or begin.tier,
            usage=None,
            extra=Extra(dialect, fields) if fields else None,
        ),
        choices=choices,
        end=evolve(end, tier=None, usage=usage, extra=None),
    )


def completed(again: Reply, first: Reply) -> Reply:
    """``again`` without what was made for it since the wire had none: id, time, model."""
    begin, told = again.begin, first.begin
    return evolve(
        again,
        begin=evolve(
            begin,
            id=begin.id if told.id else "",
            created=begin.created if told.created is not None else None,
            model=begin.model if told.model else "",
        ),
    )


def rounded(reply: Reply) -> Reply:
    """The reply, its log probabilities to six digits: more than these Responses tells in a final
    value, and not in deltas."""
    choices = tuple(tuple(_rounded(part) for part in choice) for choice in reply.choices)
    return evolve(reply, choices=choices)


def _rounded(part: Part) -> Part:
    if not isinstance(part, Text | Refusal) or part.logprobs is None:
        return part
    return evolve(part, logprobs=tuple(map(_rounded_one, part.logprobs)))


def _rounded_one(one: Logprob) -> Logprob:
    return evolve(one, logprob=round(one.logprob, 6), top=tuple(map(_rounded_one, one.top)))


def _as_object(part: Part) -> Part:
    """A call as a whole answer of Messages holds it: an object, whose spelling is not kept, around
    what is none."""
    if not isinstance(part, ToolCall | Hosted) or not part.arguments:
        return part
    try:
        found = json.loads(part.arguments.encode())
    except BadUpstream:
        return part
    if isinstance(found, dict) and list(found) == ["arguments"]:
        return evolve(part, arguments=found["arguments"])
    return evolve(part, arguments=json.text(found))


def _by_kind(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts of a choice as a whole Chat message holds them: by kind, words and thoughts in one.

    Entries of ``reasoning_details`` that are no seals but the thoughts again are left out.
    """
    words = [part for part in parts if isinstance(part, Text)]
    others = [part for part in parts if not isinstance(part, Text)]
    joined: list[Part] = list(words[:1])
    if len(words) > 1:
        citations = tuple(note for part in words for note in part.citations)
        probs = tuple(p for part in words for p in part.logprobs or ()) or None
        text = "".join(part.text for part in words)
        joined = [evolve(words[0], text=text, citations=citations, logprobs=probs)]
    thoughts = [part for part in others if isinstance(part, Reasoning)]
    rest = [part for part in others if not isinstance(part, Reasoning)]
    if thoughts:
        seals = tuple(seal for part in thoughts for seal in part.seals if seal.kind != "summary")
        text = "".join(words for part in thoughts for words in part.text)
        joined.append(evolve(thoughts[0], text=(text,) if text else (), seals=seals))
    return tuple(sorted([*joined, *rest], key=lambda part: type(part).__name__))
