"""The conversation so far, as an upstream can bear it.

Responses checks what it is told of its own earlier answers: reasoning must be followed by what came
of it, and an id must be of something that it kept. A history that breaks these rules is refused
whole, so that what can't stand is taken out here, and named. What was said by users and by tools,
and what the assistant said to either, always stays.
"""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from attrs import evolve

from openaiproxy.amend.draft import CHAT, MESSAGES, RESPONSES, Draft
from openaiproxy.hub.parts import (
    Hosted,
    JsonObject,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.request import Role, Turn
from openaiproxy.hub.values import changed
from openaiproxy.learning import Remedy

__all__ = [
    "connected",
    "instructed",
    "plain_turns",
    "sealed",
    "stateless",
    "unattributed",
    "unsealed",
]

_ATTRIBUTION = "x-anthropic-billing-header"
_ENCRYPTED = "reasoning.encrypted_content"
_IDLE = frozenset({"web_search_call"})
"""Types of hosted calls that Responses takes without their ids; it wants those of others."""

_ANSWERS = (Role.ASSISTANT, Role.TOOL)
"""Those whose words may have ids of the upstream's."""


def unattributed(draft: Draft) -> Draft:
    """Without the line that Claude Code puts before its instructions. It tells Anthropic whom to
    bill, and differs from call to call, so that nothing after it could be cached."""
    turns = draft.request.turns
    if not (draft.translated and draft.caller == MESSAGES and turns and turns[0].top):
        return draft
    first = turns[0].parts[0] if turns[0].parts else None
    if not isinstance(first, Text) or not first.text.startswith(_ATTRIBUTION):
        return draft
    rest = first.text.partition("\n")[2].lstrip("\n")
    parts = turns[0].parts[1:]
    if rest:
        parts = (changed(first, text=rest), *parts)
    kept = (changed(turns[0], parts=parts), *turns[1:]) if parts else turns[1:]
    return draft.with_(turns=kept).noted("system", "a mark for Anthropic's billing", hint=True)


def instructed(draft: Draft) -> Draft:
    """Developers as the system, for an upstream of Chat that isn't OpenAI and knows no other."""
    turns = draft.request.turns
    if draft.upstream != CHAT or draft.openai or draft.facts.plain:
        return draft
    if not any(turn.role is Role.DEVELOPER for turn in turns):
        return draft
    known = tuple(
        changed(turn, role=Role.SYSTEM) if turn.role is Role.DEVELOPER else turn for turn in turns
    )
    why = "developer is told as system"
    return draft.with_(turns=known).noted("turns.role", why, hint=True)


def plain_turns(draft: Draft) -> Draft:
    """Users and assistants in words, and no two users in a row, for a model that bears no more."""
    if not draft.facts.plain:
        return draft
    turns = draft.request.turns
    plain = tuple(_plain(turn) for turn in turns)
    spoken = tuple(_merged(plain))
    if spoken == turns:
        return draft
    if len(spoken) < len(plain):
        draft = draft.noted("turns", "a user's messages in a row are told as one", hint=True)
    if any(turn.role in (Role.SYSTEM, Role.DEVELOPER) for turn in turns):
        draft = draft.noted("turns.role", "the model takes instructions as a user's words")
    if any(isinstance(part, ToolCall | ToolResult) for turn in turns for part in turn.parts):
        draft = draft.noted("turns.tool_calls", "calls and results are told in words")
    return draft.with_(turns=spoken)


def _plain(turn: Turn) -> Turn:
    role = Role.ASSISTANT if turn.role is Role.ASSISTANT else Role.USER
    parts = tuple(part for found in turn.parts for part in _worded(found))
    return changed(turn, role=role, top=False, parts=parts)


def _worded(part: Part) -> Iterator[Part]:
    match part:
        case ToolCall():
            yield Text(f"[calls {part.name}: {part.arguments}]")
        case ToolResult():
            failed = " failed" if part.error else ""
            yield Text(f"[result{failed}]")
            yield from part.parts
        case _:
            yield part


def _merged(turns: Iterable[Turn]) -> Iterator[Turn]:
    """Turns, those of one user in one. Turns apart for a reason of their own stay apart."""
    for kind, group in groupby(turns, lambda turn: changed(turn, parts=())):
        if kind.role is Role.USER:
            yield changed(kind, parts=tuple(part for turn in group for part in turn.parts))
        else:
            yield from group


def unsealed(draft: Draft) -> Draft:
    """No reasoning at all, after the upstream could not read it, or missed what belonged to it."""
    if Remedy.WITHOUT_REASONING_ITEMS not in draft.learnt:
        return draft
    bare = _kept(draft.request.turns, _unlinked)
    if bare == draft.request.turns:
        return draft
    why = "the upstream could not read this reasoning"
    return draft.with_(turns=bare).noted("turns.reasoning", why, hint=True)


def _kept(turns: tuple[Turn, ...], change: Callable[[Turn], Turn]) -> tuple[Turn, ...]:
    """Turns changed, without those that nothing is left of."""
    pairs = ((turn, change(turn)) for turn in turns)
    return tuple(after for before, after in pairs if after.parts or not before.parts)


def _unlinked(turn: Turn) -> Turn:
    """A turn of the assistant's without reasoning, and without the ids by which the upstream would
    miss it."""
    if turn.role is not Role.ASSISTANT:
        return turn
    parts = tuple(_without_id(part) for part in turn.parts if not isinstance(part, Reasoning))
    return changed(turn, parts=parts)


def connected(draft: Draft) -> Draft:
    """No reasoning that nothing followed, as of an answer that was broken off."""
    ours = draft.translated or draft.request.store is False
    if draft.upstream != RESPONSES or not ours:
        return draft
    turns = draft.request.turns
    if not _reasonings(turns):
        return draft
    backwards: list[Turn] = []
    for turn in reversed(turns):
        next_one = backwards[-1] if backwards else None
        followed = next_one is not None and next_one.role is Role.ASSISTANT and bool(next_one.parts)
        backwards += (turn,) if followed else _kept((turn,), _trimmed)
    kept = tuple(reversed(backwards))
    if kept == turns:
        return draft
    why = "reasoning that nothing came of"
    return draft.with_(turns=kept).noted("turns.reasoning", why, hint=True)


def _trimmed(turn: Turn) -> Turn:
    end = len(turn.parts)
    while end and turn.role is Role.ASSISTANT and isinstance(turn.parts[end - 1], Reasoning):
        end -= 1
    return turn if end == len(turn.parts) else changed(turn, parts=turn.parts[:end])


def sealed(draft: Draft) -> Draft:
    """Reasoning asked for sealed, for callers who can hand it back in no other way: where nothing is
    kept, and in Messages, which knows thoughts by their signature alone."""
    include = draft.request.include
    if draft.upstream != RESPONSES or not draft.facts.reasons or _ENCRYPTED in include:
        return draft
    signed = draft.translated and draft.caller == MESSAGES
    if not signed and draft.request.store is not False:
        return draft
    return draft.added("include", include=(*include, _ENCRYPTED))


def stateless(draft: Draft) -> Draft:
    """No ids of things that the upstream did not keep."""
    request = draft.request
    if draft.upstream != RESPONSES or request.store is not False:
        return draft
    if not any(turn.role in _ANSWERS for turn in request.turns):
        return draft
    bare = _kept(request.turns, _forgotten)
    if bare == request.turns:
        return draft
    why = "ids of what the upstream does not keep"
    draft = draft.with_(turns=bare).noted("turns.id", why, hint=True)
    if _reasonings(bare) < _reasonings(request.turns):
        why = "the upstream did not keep this reasoning"
        draft = draft.noted("turns.reasoning", why, hint=True)
    return draft


def _reasonings(turns: Iterable[Turn]) -> int:
    return sum(isinstance(part, Reasoning) for turn in turns for part in turn.parts)


def _forgotten(turn: Turn) -> Turn:
    if turn.role not in _ANSWERS:
        return turn
    kept = (part for part in turn.parts if not (isinstance(part, Reasoning) and _only_id(part)))
    return changed(turn, parts=tuple(_without_id(part) for part in kept))


def _only_id(part: Reasoning) -> bool:
    """Whether the upstream would have to look it up."""
    return part.id is not None and not part.seals


def _without_id(part: Part) -> Part:
    match part:
        case Text() | Refusal() | Reasoning() | ToolCall() | ToolResult():
            return part if part.id is None else changed(part, id=None)
        case Hosted(raw=raw) if raw.dialect == RESPONSES and raw.fields.get("type") in _IDLE:
            return changed(part, raw=evolve(raw, fields=_bare(raw.fields)), id=None)
        case Opaque(dialect="responses", raw=found) if part.type.partition(".")[0] == "message":
            return changed(part, raw=_bare(found))
        case _:
            return part


def _bare(item: JsonObject) -> JsonObject:
    return {name: value for name, value in item.items() if name != "id"}
