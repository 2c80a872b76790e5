"""The laws of requests: identity, order, and that no loss goes untold."""

from collections import Counter

from attrs import evolve

from openaiproxy.dialects.names import shorten
from openaiproxy.errors import BadRequest
from openaiproxy.hub.parts import Text, ToolCall, ToolResult
from openaiproxy.hub.request import Request, Role
from openaiproxy.wire import json
from tests.cases import Case
from tests.missing import differences, unaccounted

__all__ = ["allowed", "identity_of_requests", "losses_of_requests", "order_of_turns"]


def identity_of_requests(case: Case) -> list[str] | None:
    """``parse(render(x)) == x``, and a dialect loses nothing of its own.

    Responses takes no less than 16 tokens, and so asks for these, and tells it (8).
    """
    found, dialect = case.recording.request, case.source.dialect
    if not case.same or found is None or case.recording.entry.status >= 400:
        return None
    first = dialect.parse_request(found)
    made = dialect.render_request(first)
    again = dialect.parse_request(json.loads_object(json.dumps(made.body)))
    meant = first
    if dialect.name == "responses" and first.max_tokens is not None:
        meant = evolve(first, max_tokens=max(16, first.max_tokens))
    told = {"max_tokens"} if meant != first else set()
    lost = {loss.path: f"lost to itself: {loss.path}: {loss.why}" for loss in made.losses}
    wrong = [line for path, line in lost.items() if path not in told]
    return wrong + [f"{path}: not told" for path in told - lost.keys()] + differences(meant, again)


def losses_of_requests(case: Case) -> list[str] | None:
    """What of a request is not in the other's words is in its losses."""
    if case.same or case.recording.request is None or case.recording.entry.status >= 400:
        return None
    asked, target = case.asked(), case.target.dialect
    try:
        made = target.render_request(asked)
        again = target.parse_request(json.loads_object(json.dumps(made.body)))
    except BadRequest:
        return []
    written = [made.body, list(made.stops)]
    return unaccounted(allowed(asked), again, written, made.losses, target.name)


def order_of_turns(case: Case) -> list[str] | None:
    """What a request says stays in its order, and in the mouth of who said it."""
    if case.same or case.recording.request is None or case.recording.entry.status >= 400:
        return None
    asked, target = case.asked(), case.target.dialect
    try:
        made = target.render_request(asked)
        again = target.parse_request(json.loads_object(json.dumps(made.body)))
    except BadRequest:
        return []
    one, other = _said(asked), _said(again)
    counts = Counter(one) & Counter(other)
    common = {mark for mark in counts if one.count(mark) == 1 == other.count(mark)}
    first = [mark for mark in one if mark in common]
    then = [mark for mark in other if mark in common]
    if first == then:
        return []
    number = next(n for n, pair in enumerate(zip(first, then, strict=True)) if len(set(pair)) > 1)
    return [f"{first[number]} where {then[number]} was said"[:200]]


def _said(request: Request) -> list[tuple[str, str, str]]:
    """Speaker, kind and text (or call) of each part; what stands outside comes first."""
    system = (Role.SYSTEM, Role.DEVELOPER)
    turns = sorted(request.turns, key=lambda turn: not turn.top)
    found: list[tuple[str, str, str]] = []
    for turn in turns:
        role = "system" if turn.role in system else turn.role.value
        for part in turn.parts:
            match part:
                case Text() if part.text:
                    found.append((role, "text", part.text))
                case ToolCall():
                    found.append((role, "call", shorten(part.call_id)))
                case ToolResult():
                    found.append((role, "result", shorten(part.call_id)))
    return found


def allowed(asked: Request) -> Request:
    """The request without tools that may not be called, which a wire without that word leaves
    out."""
    choice = asked.tool_choice
    if choice is None or choice.allowed is None:
        return asked
    names = {ref.name for ref in choice.allowed}
    kept = tuple(tool for tool in asked.tools if getattr(tool, "name", None) in names)
    return evolve(asked, tools=kept)
