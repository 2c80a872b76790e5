"""The response object, both ways, and the parts of it that a stream's first and last event share.

Fields that only echo the request, or that only Responses has, are extras of ``Begin``. An answer
from elsewhere has none: it echoes the request that its caller made.
"""

from collections.abc import Iterator
from typing import Any

from attrs import evolve

from openaiproxy.dialects.dialect import Context
from openaiproxy.dialects.responses.faults import parse_error
from openaiproxy.dialects.responses.fields import NAME
from openaiproxy.dialects.responses.items import parse_item, render_items, shown
from openaiproxy.dialects.responses.messages import Pen
from openaiproxy.dialects.responses.reply_fields import ECHOED, REPLY
from openaiproxy.dialects.responses.requests import render_request
from openaiproxy.dialects.responses.usage import parse_usage, render_usage
from openaiproxy.dialects.responses.values import objects, string, thing, whole
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Begin, End, Fault, FaultKind, Finish, Reason
from openaiproxy.hub.fold import Reply
from openaiproxy.hub.loss import Losses, Rendered
from openaiproxy.hub.parts import Extra, JsonObject

__all__ = [
    "OUTPUT",
    "changed",
    "head",
    "parse_begin",
    "parse_failure",
    "parse_finish",
    "parse_reply",
    "render_reply",
    "tail",
]

OUTPUT = "output[]"
"""Where every part of an answer stands, for losses: a stream and a whole answer lose the same."""

_REASONS = {"max_output_tokens": Reason.LENGTH, "content_filter": Reason.CONTENT_FILTER}
_INCOMPLETE = {
    Reason.LENGTH: "max_output_tokens",
    Reason.CONTEXT: "max_output_tokens",
    Reason.PAUSE: "max_output_tokens",
    Reason.CONTENT_FILTER: "content_filter",
    Reason.REFUSAL: "content_filter",
}
_WAITING = frozenset({"queued", "in_progress"})
"""Statuses of an answer that is not there yet: no finish, and no fault either."""


def parse_reply(found: JsonObject, context: Context) -> Reply | Fault:
    """The reply of a body, or its fault.

    :raises BadUpstream: if it is no response.
    """
    if not isinstance(found.get("output"), list) or "object" not in found:
        if found.get("error") is not None:
            return parse_error(found)
        raise BadUpstream(502, "upstream_malformed", "The upstream's answer is no response.")
    fault = parse_failure(found)
    if fault is not None:
        return fault
    parts = tuple(part for item in objects(found["output"]) for part in parse_item(item))
    end = End((parse_finish(found),), parse_usage(found.get("usage")))
    return Reply(parse_begin(found, ended=True), (parts,), end)


def parse_failure(found: JsonObject) -> Fault | None:
    """The fault of a response that says that it failed."""
    error = found.get("error")
    if error is not None or found.get("status") == "failed":
        return evolve(parse_error(error), usage=parse_usage(found.get("usage")))
    if found.get("status") == "cancelled":
        return Fault(FaultKind.SERVER, "The response was cancelled.", "cancelled", dialect=NAME)
    return None


def parse_begin(found: JsonObject, *, ended: bool = False) -> Begin:
    """What a response is, apart from its output and its end.

    :param ended: whether its end is known, too, which tells the usage then.
    """
    return Begin(
        string(found.get("id")) or "",
        string(found.get("model")) or "",
        whole(found.get("created_at")),
        string(found.get("service_tier")),
        None if ended else parse_usage(found.get("usage")),
        REPLY.rest(found) or Extra(NAME, {}),  # So that it is known as ours.
    )


def parse_finish(found: JsonObject) -> Finish:
    """How a response that did not fail has ended."""
    details = thing(found.get("incomplete_details"))
    status = string(found.get("status"))
    if status in _WAITING:
        return Finish(Reason.OTHER, status)
    if status != "incomplete" and not details:
        return Finish(Reason.STOP)
    word = string(details.get("reason")) or "incomplete"
    rest = {name: value for name, value in details.items() if name != "reason"}
    extra = Extra(NAME, rest) if rest else None
    if word in _REASONS:
        return Finish(_REASONS[word], extra=extra)
    return Finish(Reason.OTHER, word, extra=extra)


def changed(begin: Begin, found: JsonObject) -> Extra | None:
    """Extras of the last response that differ from those of the first."""
    last = REPLY.rest(found)
    if last is None:
        return None
    first = begin.extra.fields if begin.extra else {}
    fields = {k: v for k, v in last.fields.items() if k not in first or first[k] != v}
    return Extra(NAME, fields, REPLY.hints) if fields else None


def head(begin: Begin, context: Context, losses: Losses) -> dict[str, Any]:
    """A response that has just begun, without output."""
    ours = begin.extra is not None and begin.extra.dialect == NAME
    known = ours or begin.id.startswith("resp_")
    return {
        "id": begin.id if known and begin.id else context.new_id("resp_"),
        "object": "response",
        "created_at": int(context.now()) if begin.created is None else begin.created,
        "status": "in_progress",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": None,
        "temperature": None,
        "top_p": None,
        "model": begin.model,
        "output": [],
        **({} if ours else dict(_echo(context))),
        **losses.extra(begin.extra, "response", REPLY.hints),
        **({"service_tier": begin.tier} if begin.tier is not None else {}),
        "usage": None,
    }


_DEFAULTS: dict[str, Any] = {
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "store": False,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "truncation": "disabled",
}

_UNSAID = frozenset({"access_programs", "conversation", "image", "prompt"})
"""Fields that are no word of a caller's, or no good as ``null``."""

_NO_NULL = frozenset({"prompt_cache_options"})
"""Fields that are left out where there is nothing to repeat."""


def _echo(context: Context) -> Iterator[tuple[str, Any]]:
    """What the response repeats of the request, as its caller meant it."""
    body = render_request(context.request).body
    for name in ECHOED:
        if name not in _UNSAID and (name in body or name not in _NO_NULL):
            yield name, body.get(name, _DEFAULTS.get(name))


def tail(end: End, losses: Losses) -> dict[str, Any]:
    """What of a response is known only at its end, apart from the output."""
    status, reason = _status(end.finish)
    extra = losses.extra(end.finish.extra, "finish")
    details = None if reason is None else {"reason": reason, **extra}
    if end.finish.sequence is not None:
        losses.note("finish.sequence", "Responses has no field for it", hint=True)
    return {
        **losses.extra(end.extra, "response", REPLY.hints),
        "status": status,
        "incomplete_details": details,
        **({"service_tier": end.tier} if end.tier is not None else {}),
        "usage": render_usage(end.usage, losses) if end.usage is not None else None,
    }


def _status(finish: Finish) -> tuple[str, str | None]:
    if finish.reason is Reason.OTHER:
        if finish.word in _WAITING:
            return finish.word or "", None
        own = finish.word if finish.extra is None or finish.extra.dialect == NAME else None
        return "incomplete", own or "max_output_tokens"
    reason = _INCOMPLETE.get(finish.reason)
    return ("incomplete", reason) if reason is not None else ("completed", None)


def render_reply(reply: Reply, context: Context) -> Rendered:
    """The body of a reply."""
    losses = Losses(NAME)
    if len(reply.choices) > 1:
        losses.note("choices[1]", "Responses gives one answer")
    for other in reply.others:
        if other.dialect != NAME and not other.quiet:
            losses.note(other.type, f"only {other.dialect} has a word for it")
    body = head(reply.begin, context, losses)
    pen = Pen(losses, context.new_id)
    parts = [shown(part, context) for part in reply.parts]
    output = list(render_items(parts, pen, lambda number: OUTPUT))
    body.update(tail(reply.end, losses))
    body["output"] = output
    return Rendered(body, losses)
