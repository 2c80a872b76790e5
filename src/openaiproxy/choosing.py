"""Whether a request is translated, into which dialect, and what is changed about it.

A plan is made of a request and of four things that are known before anything is sent: the port's
bridging, what its upstream speaks, what is known of the model, and what the upstream refused
before. In this order:

1. Names: aliases and suffixes are resolved, as all else depends on the model.
2. The effort is settled, as what a model takes depends on how much it thinks.
3. A dialect is chosen.
4. The amendments are made, those that concern the dialect among them.

Where the dialect is the caller's own and nothing was changed, the caller's bytes pass as they came.
:func:`may_differ` foretells that from bytes alone, for most requests, and is never wrong when it
says so.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from attrs import field, frozen

from openaiproxy.amend.draft import CHAT, MESSAGES, RESPONSES, Draft
from openaiproxy.amend.naming import resolve
from openaiproxy.amend.settings import SAMPLING, default_effort
from openaiproxy.amend.table import AMENDMENTS, amended
from openaiproxy.bridging import Bridging, Mode
from openaiproxy.capabilities import facts_of
from openaiproxy.errors import BadRequest
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.parts import Reasoning
from openaiproxy.hub.request import FunctionTool, Request
from openaiproxy.hub.values import changed
from openaiproxy.learning import Remedy

__all__ = ["Plan", "may_differ", "plan"]


@frozen
class Plan:
    """What is sent.

    :param upstream: the dialect; ``None`` sends the caller's bytes as they came.
    :param request: as it is to be rendered. Its ``stream`` is what is asked of the upstream, which
        may be less than the caller wants.
    :param losses: what was taken away or changed, in the caller's words where it has any.
    :param ours: what was added, in the hub's words, such as ``reasoning.summary``.
    """

    upstream: str | None
    request: Request = field(repr=False)
    losses: tuple[Loss, ...] = ()
    ours: frozenset[str] = frozenset()
    _draft: Draft | None = field(default=None, eq=False, repr=False)

    @property
    def remedies(self) -> frozenset[Remedy]:
        """Those that would make another plan of this request: asked for once it is refused."""
        return frozenset() if self._draft is None else _remedies(self._draft, self.upstream is None)


def plan(
    request: Request,
    *,
    caller: str,
    bridging: Bridging,
    speaks: tuple[str, ...],
    learnt: frozenset[Remedy] = frozenset(),
    session: str | None = None,
) -> Plan:
    """The plan for a request.

    :param request: as its caller meant it.
    :param caller: the dialect that it was read from.
    :param speaks: what the upstream understands, what it is best at first.
    :param learnt: of this model and credential.
    :param session: what the caller's headers say of the conversation.
    :raises BadRequest: if it can't be served, or holds what the profile would rather refuse.
    """
    if bridging.mode is Mode.RELAY:
        return Plan(None, request)
    draft = default_effort(_named(request, caller, bridging, speaks, learnt, session))
    draft = changed(draft, upstream=_chosen(draft, bridging.mode))
    _check_thread(draft)
    done = amended(draft)
    same = not done.translated and done.request == request and not _reworded(done)
    return Plan(None if same else done.upstream, done.request, done.losses, done.ours, done)


def _named(
    request: Request,
    caller: str,
    bridging: Bridging,
    speaks: tuple[str, ...],
    learnt: frozenset[Remedy] = frozenset(),
    session: str | None = None,
) -> Draft:
    """A draft, the model's name resolved."""
    named = resolve(request.model, bridging.amendments)
    return Draft(
        request if named.model == request.model else changed(request, model=named.model),
        caller,
        speaks,
        facts_of(named.model),
        bridging.amendments,
        learnt=learnt,
        session=session,
        effort=named.effort,
        summary=named.summary,
    )


def _chosen(draft: Draft, mode: Mode) -> str:
    """The dialect to send."""
    kept = _kept(draft)
    if kept is not None:
        if RESPONSES not in draft.speaks:
            raise BadRequest(
                400, "unsupported_parameter", f"{kept}: only Responses knows it, not this upstream."
            )
        return RESPONSES
    spoken = draft.speaks
    if mode is Mode.AUTO and draft.caller in spoken:
        spoken = (draft.caller, *(one for one in spoken if one != draft.caller))
    takes = _takes if mode is Mode.AUTO else _offers
    return next((one for one in spoken if takes(draft, one)), spoken[0])


def _kept(draft: Draft) -> str | None:
    """The field by which a request needs what only Responses keeps."""
    request = draft.request
    if request.previous is not None:
        return "previous_response_id"
    if request.extra is None or request.extra.dialect != RESPONSES:
        return None
    fields = request.extra.fields
    return next(
        (name for name in ("conversation", "background", "prompt") if fields.get(name)), None
    )


def _check_thread(draft: Draft) -> None:
    """Whether all of the conversation is here. What Anthropic's API holds between requests, no other
    upstream does; its clients send everything again when they are told that it is gone.

    :raises BadRequest: if the request continues a conversation that is held elsewhere.
    """
    extra = draft.request.extra
    if draft.upstream == MESSAGES or extra is None or extra.dialect != MESSAGES:
        return
    thread = extra.fields.get("thread")
    if isinstance(thread, dict) and thread.get("type") == "continue":
        raise BadRequest(
            404,
            "thread_not_found",
            "Nothing is held here between requests: send the whole conversation.",
            details={"error_code": "thread_not_found"},
        )


def _offers(draft: Draft, dialect: str) -> bool:
    """Whether the model is there in a dialect, as far as is known."""
    if dialect == CHAT and Remedy.USE_RESPONSES in draft.learnt and RESPONSES in draft.speaks:
        return False
    return dialect not in draft.facts.absent


def _takes(draft: Draft, dialect: str) -> bool:
    """Whether the upstream takes this request in a dialect, as far as is known."""
    if not _offers(draft, dialect):
        return False
    if dialect != CHAT:
        return True
    calls = any(isinstance(tool, FunctionTool) for tool in draft.request.tools)
    if calls and not draft.facts.calls_thinking and draft.thought != "none":
        # Only an effort that is said is sure: what these models do unasked has changed before.
        return False
    return not draft.request.stop or draft.facts.stops or draft.facts.plain


def _reworded(draft: Draft) -> bool:
    """Whether the caller may have said ``max_tokens`` to a model of Chat's that knows only the newer
    word. The hub has one word for both, so that it is said anew in either case."""
    if draft.upstream != CHAT or draft.request.max_tokens is None:
        return False
    return not draft.facts.old_limit or Remedy.NEW_LIMIT in draft.learnt


def _remedies(draft: Draft, passes: bool) -> frozenset[Remedy]:
    """What could still be done otherwise.

    :param passes: whether the caller's bytes go as they came.
    """
    request, chat = draft.request, draft.upstream == CHAT
    summary = request.reasoning.summary if request.reasoning is not None else None
    parts = (part for turn in request.turns for part in turn.parts)
    sampling = any(getattr(request.sampling, name) is not None for name in SAMPLING)
    open_ = {
        Remedy.USE_RESPONSES: chat and draft.openai and RESPONSES not in draft.facts.absent,
        Remedy.WITHOUT_SUMMARY: draft.upstream == RESPONSES
        and summary not in (None, "off")
        and (draft.translated or "reasoning.summary" in draft.ours),
        Remedy.WITHOUT_SAMPLING: sampling and not draft.passes,
        Remedy.WITHOUT_REASONING_ITEMS: any(isinstance(part, Reasoning) for part in parts),
        Remedy.WHOLE_ANSWER: bool(request.stream),
        Remedy.NEW_LIMIT: chat and passes and request.max_tokens is not None,
        Remedy.OLD_LIMIT: chat and request.max_tokens is not None,
    }
    return frozenset(remedy for remedy, helps in open_.items() if helps) - draft.learnt


_HIDDEN = re.compile(rb"\\u00(?:2[defDEF]|3[0-9aA]|[46][1-9a-fA-F]|5[0-9aAfF]|7[0-9aA])")
"""Letters, digits and the like, spelt so that a search does not find them."""


def may_differ(
    body: bytes,
    model: str | None,
    *,
    caller: str,
    bridging: Bridging,
    speaks: tuple[str, ...],
    learnt: frozenset[Remedy],
) -> bool:
    """Whether :func:`plan` may say anything but that the bytes pass. Nothing is parsed; a few
    strings are searched.

    :param body: the caller's, as JSON.
    :param model: the one that it names, as far as is known. What a glance took for it is believed
        only if the body holds the word but once.
    :return: ``False`` if the bytes pass for sure.
    """
    if bridging.mode is Mode.RELAY:
        return False
    if model is None or learnt or caller not in speaks or body.count(b'"model"') != 1:
        return True
    if b"\\u00" in body and _HIDDEN.search(body) is not None:
        return True
    draft = changed(_named(Request(model), caller, bridging, speaks), upstream=caller)
    if draft.request.model != model or draft.effort or draft.summary:
        return True
    if _elsewhere(draft, bridging.mode):
        return True
    signs: set[bytes] = set(_routing(draft))
    for row in AMENDMENTS:
        found = row.signs(draft)
        if found is None:
            return True
        signs.update(found)
    return bool(signs) and _strings(frozenset(signs)).search(body) is not None


def _elsewhere(draft: Draft, mode: Mode) -> bool:
    """Whether another dialect is chosen than the caller's, whatever else the request says."""
    if mode is Mode.AUTO:
        return not _offers(draft, draft.caller)
    return next((one for one in draft.speaks if _offers(draft, one)), None) != draft.caller


def _routing(draft: Draft) -> Iterator[bytes]:
    """The signs without which the caller's dialect is chosen, and its limit not said anew."""
    if draft.caller != CHAT:
        return
    if not draft.facts.calls_thinking:
        yield from (b"tools", b"functions")
    if not draft.facts.stops:
        yield b"stop"
    if not draft.facts.old_limit:
        yield from (b"max_tokens", b"max_completion_tokens")


@lru_cache(maxsize=256)
def _strings(words: frozenset[bytes]) -> re.Pattern[bytes]:
    """Finds any of these as a JSON string. One pattern is searched faster than each word."""
    return re.compile(b'"(?:' + b"|".join(re.escape(one) for one in sorted(words)) + b')"')
