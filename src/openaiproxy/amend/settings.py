"""Settings: what a model refuses is taken away, and what a profile asks for is put in.

Each function is one amendment: a draft to a draft. Each leaves alone what it has nothing to say
about, and finds nothing to do in its own result.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from openaiproxy.amend.draft import CHAT, MESSAGES, RESPONSES, Draft
from openaiproxy.capabilities import EFFORTS, Sampled
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.parts import Extra, HostedKind
from openaiproxy.hub.request import HostedTool, ReasoningSettings, Request
from openaiproxy.hub.values import changed
from openaiproxy.learning import Remedy

__all__ = [
    "SAMPLING",
    "cached",
    "default_effort",
    "default_search",
    "default_store",
    "default_summary",
    "default_tier",
    "default_verbosity",
    "fitting_effort",
    "identified",
    "limited",
    "plain_settings",
    "sampled",
    "thoughtful",
    "unreasoning",
    "unstopped",
    "whole",
]

_SILENT = ReasoningSettings()

LONGEST_ID = 64
"""Characters of a cache key, and of an end user's id, for OpenAI."""

SAMPLING: dict[str, Any] = {
    "temperature": 1,
    "top_p": 1,
    "presence": 0,
    "frequency": 0,
    "bias": {},
    "logprobs": False,
    "top_logprobs": 0,
}
"""What reasoning models refuse, and the value of each that they take, as it changes nothing."""

_NO_SAMPLING: dict[str, Any] = dict.fromkeys(SAMPLING)


def default_effort(draft: Draft) -> Draft:
    """The effort that the model's name brought, or else the profile's, if the caller is silent."""
    settings = draft.request.reasoning or _SILENT
    if draft.effort == "none":
        return _without_reasoning(draft, settings)
    if settings.effort or settings.budget is not None or settings.enabled is False:
        return draft
    effort = draft.effort
    if effort is None and draft.facts.reasons:
        effort = _usual_effort(draft)
    if effort is None:
        return draft
    return draft.added("reasoning.effort", reasoning=changed(settings, effort=effort))


def _usual_effort(draft: Draft) -> str | None:
    """The profile's, or the one next to it where the model doesn't have it; what is further off is
    not what was meant."""
    usual, efforts = draft.amendments.effort, draft.facts.efforts
    if usual is None or not efforts or usual in efforts:
        return usual
    nearest = _nearest(usual, efforts)
    return nearest if abs(EFFORTS.index(nearest) - EFFORTS.index(usual)) == 1 else None


def _without_reasoning(draft: Draft, settings: ReasoningSettings) -> Draft:
    """No reasoning, as the name asks: said where the model can be told, else silence. What the
    caller says himself holds."""
    if settings.effort or settings.budget is not None or settings.enabled is not None:
        return changed(draft, effort=None, summary=None)
    if "none" in draft.facts.efforts:
        effort = changed(settings, effort="none", summary=None)
        return draft.added("reasoning.effort", reasoning=effort)
    return draft.with_(reasoning=None)


def thoughtful(draft: Draft) -> Draft:
    """Thinking, towards Messages, where a caller of another dialect says how much: there, that alone
    switches nothing on. What it thought is shown, as other dialects' upstreams do unasked."""
    settings = draft.request.reasoning
    if settings is None or draft.upstream != MESSAGES or not draft.translated:
        return draft
    decided = (settings.enabled, settings.adaptive, settings.budget) != (None, None, None)
    if decided or settings.effort in (None, "none"):
        return draft
    shown = changed(settings, adaptive=True, summary=settings.summary or "auto")
    return draft.added("reasoning.adaptive", reasoning=shown)


def default_summary(draft: Draft) -> Draft:
    """A summary of the reasoning, if the caller is silent; none where the upstream refused one."""
    settings = draft.request.reasoning or _SILENT
    if draft.upstream != RESPONSES or draft.facts.reasons is False:
        return draft
    if Remedy.WITHOUT_SUMMARY in draft.learnt:
        return _without_summary(draft, settings)
    if settings.summary is not None or draft.effort == "none" or draft.thought == "none":
        return draft
    if draft.summary == "none":
        return draft.with_(reasoning=changed(settings, summary="off"))
    summary = draft.summary
    if summary is None and draft.facts.reasons and draft.amendments.summary is not None:
        usual = draft.amendments.summary
        summary = usual if usual in draft.facts.summaries else None
    if summary is None:
        return draft
    return draft.added("reasoning.summary", reasoning=changed(settings, summary=summary))


def _without_summary(draft: Draft, settings: ReasoningSettings) -> Draft:
    """What the caller asks for in Responses' own words is left to be refused."""
    if not draft.translated or settings.summary in (None, "off"):
        return draft
    bare = draft.with_(reasoning=changed(settings, summary=None))
    return bare.noted("reasoning.summary", "the upstream makes none for this caller", hint=True)


def default_verbosity(draft: Draft) -> Draft:
    """The profile's, unless the model is known to have no ear for it."""
    usual = draft.amendments.verbosity
    deaf = draft.facts.verbosity is False or draft.upstream == MESSAGES
    if usual is None or deaf or draft.request.verbosity is not None:
        return draft
    return draft.added("verbosity", verbosity=usual)


def default_tier(draft: Draft) -> Draft:
    """The profile's service tier; Messages has other ones."""
    usual = draft.amendments.tier
    if usual is None or draft.upstream == MESSAGES or draft.request.tier is not None:
        return draft
    return draft.added("tier", tier=usual)


def default_search(draft: Draft) -> Draft:
    """A web search, where there are no tools and the model can."""
    request = draft.request
    if not draft.amendments.web_search or draft.upstream != RESPONSES:
        return draft
    own = request.extra is not None and "prompt" in request.extra.fields
    if request.tools or request.tool_choice is not None or own or not draft.facts.searches:
        return draft
    if draft.thought == "minimal":  # OpenAI has no search with so little thought.
        return draft
    tool = HostedTool(HostedKind.WEB_SEARCH, Extra(RESPONSES, {"type": "web_search"}))
    return draft.added("tools.web_search", tools=(tool,))


def default_store(draft: Draft) -> Draft:
    """Whether the answer is kept. What runs in the background has to be. Callers of other dialects
    have nothing kept unless they say so, which Responses has to be told."""
    usual, request = draft.amendments.store, draft.request
    if usual is None and draft.upstream == RESPONSES and draft.caller != RESPONSES:
        usual = False
    if usual is None or request.store is not None:
        return draft
    if draft.upstream == MESSAGES or (draft.upstream == CHAT and not (usual and draft.openai)):
        return draft  # Chat keeps nothing unless it is told to.
    if request.extra is not None and request.extra.fields.get("background"):
        return draft
    return draft.added("store", store=usual)


def sampled(draft: Draft) -> Draft:
    """Sampling that the model refuses, all in one step."""
    sampling = draft.request.sampling
    told = Remedy.WITHOUT_SAMPLING in draft.learnt
    if draft.passes or not (told or _unsampled(draft)):
        return draft
    said = [name for name in SAMPLING if getattr(sampling, name) is not None]
    refused = [name for name in said if told or getattr(sampling, name) != SAMPLING[name]]
    if not refused:
        return draft
    for name in said:
        why = "the model takes no sampling settings"
        if getattr(sampling, name) == SAMPLING[name]:
            draft = draft.noted(f"sampling.{name}", why, hint=True)
        else:
            draft = draft.dropped(f"sampling.{name}", why)
    bare = draft.with_(sampling=changed(sampling, **_NO_SAMPLING))
    include = tuple(one for one in draft.request.include if one != _LOGPROBS)
    return bare.with_(include=include)


_LOGPROBS = "message.output_text.logprobs"


def _unsampled(draft: Draft) -> bool:
    when = draft.facts.sampled
    return when is Sampled.NEVER or (when is Sampled.UNTHINKING and draft.thinks)


def unreasoning(draft: Draft) -> Draft:
    """How to think, told to a model that does not."""
    settings = draft.request.reasoning
    if settings is None or draft.facts.reasons is not False or draft.passes:
        return draft
    if draft.upstream == MESSAGES:
        return draft
    said = [
        name
        for name in ("effort", "budget", "adaptive", "summary", "enabled")
        if getattr(settings, name) not in (None, "none", "off", False)
    ]
    for name in said:
        draft = draft.dropped(f"reasoning.{name}", "the model does not reason")
    if not said:
        draft = draft.noted("reasoning", "the model does not reason", hint=True)
    return draft.with_(reasoning=None)


def fitting_effort(draft: Draft) -> Draft:
    """An effort that the model does not have, as the nearest one that it has. What a caller says to
    his own dialect's model himself is left to be refused."""
    efforts, thought = draft.facts.efforts, draft.thought
    if not efforts or thought in efforts or thought not in EFFORTS or draft.passes:
        return draft
    if not draft.translated and "reasoning.effort" not in draft.ours:
        return draft
    nearest = _nearest(thought, efforts)
    settings = changed(draft.request.reasoning or _SILENT, effort=nearest)
    fitted = draft.with_(reasoning=changed(settings, enabled=None))
    return fitted.noted(
        "reasoning.effort", f"the nearest that the model has is {nearest}", hint=True
    )


def _nearest(effort: str, efforts: Sequence[str]) -> str:
    """The nearest of these, of two the greater."""
    place = EFFORTS.index(effort)
    return min(reversed(efforts), key=lambda one: abs(EFFORTS.index(one) - place))


def unstopped(draft: Draft) -> Draft:
    """Stop sequences towards a model that refuses them in Chat; Responses' answers are cut."""
    if not draft.request.stop or draft.facts.stops or draft.upstream != CHAT or draft.passes:
        return draft
    return draft.dropped("stop", "the model takes none").with_(stop=())


_PLAIN: dict[str, Any] = {
    name: getattr(Request(""), name)
    for name in ("tools", "tool_choice", "parallel", "format", "n", "modalities", "audio")
}
"""What models of words alone refuse, and the value that says nothing."""


def plain_settings(draft: Draft) -> Draft:
    """All but words, towards a model that takes nothing else."""
    if not draft.facts.plain or draft.passes:
        return draft
    for name, nothing in _PLAIN.items():
        said = getattr(draft.request, name)
        if said != nothing and not (name == "n" and said == 1):
            draft = draft.dropped(name, "the model has no such setting").with_(**{name: nothing})
    return draft


def identified(draft: Draft) -> Draft:
    """Ids of the end user that are too long for OpenAI, as a hash."""
    if not draft.translated or draft.upstream == MESSAGES:
        return draft
    for name in ("user", "safety_id"):
        said = getattr(draft.request, name)
        if said is not None and len(said) > LONGEST_ID:
            why = f"longer than {LONGEST_ID} characters; a hash of it is sent"
            draft = draft.with_(**{name: _digest(name, said)}).noted(name, why, hint=True)
    return draft


def cached(draft: Draft) -> Draft:
    """A prompt cache key that is the same for all of a conversation, and tells nobody which."""
    request = draft.request
    if not draft.amendments.cache_key or not draft.translated or not draft.openai:
        return draft
    if draft.upstream == MESSAGES:
        return draft
    key = request.cache.key
    if key is not None and len(key) > LONGEST_ID:
        short = changed(request.cache, key=_digest("key", key))
        why = f"longer than {LONGEST_ID} characters; a hash of it is sent"
        return draft.with_(cache=short).noted("cache.key", why, hint=True)
    name = draft.session or (request.user if draft.caller == MESSAGES else None)
    if key is not None or not name:
        return draft
    return draft.added("cache.key", cache=changed(request.cache, key=_digest("session", name)))


def _digest(kind: str, text: str) -> str:
    data = f"{kind}:{text}".encode("utf-8", "surrogatepass")
    return f"oap-{sha256(data).hexdigest()[:40]}"


def limited(draft: Draft) -> Draft:
    """The limit of the answer by its old name, for an upstream of Chat that knows no other. It goes
    as an extra, since the hub has one word for both."""
    most = draft.request.max_tokens
    if draft.upstream != CHAT or most is None or Remedy.OLD_LIMIT not in draft.learnt:
        return draft
    extra, fields = draft.request.extra, {"max_tokens": most}
    if extra is not None and extra.dialect == CHAT:
        fields = {**extra.fields, **fields}
    elif extra is not None:
        for name in extra.fields:
            loss = Loss(name, f"only {extra.dialect} has a word for it", name in extra.hints)
            draft = changed(draft, losses=(*draft.losses, loss))
    hints = extra.hints if extra is not None else frozenset()
    return draft.with_(max_tokens=None, extra=Extra(CHAT, fields, hints))


def whole(draft: Draft) -> Draft:
    """No stream, from a model that has none to give, or not to this caller."""
    refused = Remedy.WHOLE_ANSWER in draft.learnt or not draft.facts.streams
    return draft.with_(stream=False) if draft.request.stream and refused else draft
