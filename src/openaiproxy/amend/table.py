"""The amendments in their order, and how to tell from bytes that none of them has anything to do.

:data:`AMENDMENTS` come after an upstream was chosen; names and efforts, which the choice depends
on, come before. Each row has beside its amendment the *signs* without which the amendment changes
nothing, if a request stays in its caller's dialect: searched in the body's bytes, they spare most
requests the reading. A sign may be there for nothing, but where it is missing the amendment must
have nothing to do.
"""

from collections.abc import Callable
from typing import TypeAlias

from attrs import frozen

from openaiproxy.amend import history, settings
from openaiproxy.amend.draft import CHAT, MESSAGES, RESPONSES, Draft
from openaiproxy.bridging import Unsupported
from openaiproxy.capabilities import Sampled

__all__ = ["AMENDMENTS", "Amendment", "Signs", "amended"]

Signs: TypeAlias = tuple[bytes, ...] | None
"""Any of these, as a JSON string of its own; an empty tuple is never found, and ``None`` needs no
finding."""

_NEVER: Signs = ()
_ALWAYS: Signs = None


@frozen
class Amendment:
    """One row.

    :param apply: a draft to a draft.
    :param signs: what to look for, given a draft of a request of which only the model is known, and
        which stays in its caller's dialect.
    """

    apply: Callable[[Draft], Draft]
    signs: Callable[[Draft], Signs]


def _never(_: Draft) -> Signs:
    """For what is done on the way to another dialect only, or to learnt ends only."""
    return _NEVER


def _plain(draft: Draft) -> Signs:
    return _ALWAYS if draft.facts.plain else _NEVER


def _developers(draft: Draft) -> Signs:
    return (b"developer",) if draft.caller == CHAT and not draft.openai else _NEVER


def _refused(draft: Draft, refused: bool, *signs: bytes) -> Signs:
    lenient = draft.amendments.unsupported is Unsupported.PASS
    return signs if refused and not lenient else _NEVER


def _sampling(draft: Draft) -> Signs:
    return _refused(
        draft,
        draft.facts.sampled is not Sampled.ALWAYS,
        b"temperature",
        b"top_p",
        b"presence_penalty",
        b"frequency_penalty",
        b"logit_bias",
        b"logprobs",
        b"top_logprobs",
        b"message.output_text.logprobs",
    )


def _reasoning(draft: Draft) -> Signs:
    refused = draft.facts.reasons is False and draft.caller != MESSAGES
    return _refused(draft, refused, b"reasoning_effort", b"reasoning")


def _stops(draft: Draft) -> Signs:
    return _refused(draft, not draft.facts.stops and draft.caller == CHAT, b"stop")


def _default(wanted: bool) -> Signs:
    return _ALWAYS if wanted else _NEVER


def _effort(draft: Draft) -> Signs:
    return _default(bool(draft.amendments.effort and draft.facts.reasons))


def _summary(draft: Draft) -> Signs:
    return _default(bool(draft.amendments.summary) and draft.caller == RESPONSES)


def _verbosity(draft: Draft) -> Signs:
    deaf = draft.facts.verbosity is False or draft.caller == MESSAGES
    return _default(draft.amendments.verbosity is not None and not deaf)


def _tier(draft: Draft) -> Signs:
    return _default(draft.amendments.tier is not None and draft.caller != MESSAGES)


def _search(draft: Draft) -> Signs:
    wanted = draft.amendments.web_search and draft.caller == RESPONSES
    return _default(wanted and draft.facts.searches)


def _store(draft: Draft) -> Signs:
    usual = draft.amendments.store
    return _default(
        (draft.caller == RESPONSES and usual is not None)
        or (draft.caller == CHAT and bool(usual) and draft.openai)
    )


def _kept(draft: Draft) -> Signs:
    return (b"store",) if draft.caller == RESPONSES else _NEVER


AMENDMENTS: tuple[Amendment, ...] = (
    Amendment(history.unattributed, _never),
    Amendment(settings.plain_settings, _plain),
    Amendment(history.instructed, _developers),
    Amendment(settings.unreasoning, _reasoning),
    Amendment(settings.fitting_effort, _effort),
    Amendment(settings.sampled, _sampling),
    Amendment(settings.unstopped, _stops),
    Amendment(settings.thoughtful, _never),
    Amendment(settings.default_summary, _summary),
    Amendment(settings.default_verbosity, _verbosity),
    Amendment(settings.default_tier, _tier),
    Amendment(settings.default_search, _search),
    Amendment(settings.default_store, _store),
    Amendment(history.unsealed, _never),
    Amendment(history.sealed, _kept),
    Amendment(history.stateless, _kept),
    Amendment(history.connected, _kept),
    Amendment(history.plain_turns, _plain),
    Amendment(settings.cached, _never),
    Amendment(settings.identified, _never),
    Amendment(settings.limited, _never),
    Amendment(settings.whole, _plain),
)
"""Every one. What a model refuses goes before what is put in; how the answer is kept, before what
follows from that; what leaves turns out, before what joins those that are left."""

_APPLY = tuple(amendment.apply for amendment in AMENDMENTS)


def amended(draft: Draft) -> Draft:
    """A draft with all that has to be done to it."""
    for apply in _APPLY:
        draft = apply(draft)
    return draft
