"""What an upstream's exact refusal teaches, and for how long.

Some facts are in no table: an organisation that isn't verified gets no summaries, a model is newer
than we are, a provider knows only an older word. The upstream says so, in words that are always the
same. Each row of :data:`REFUSALS` is one such sentence with the status, code and parameter that it
comes with, and the remedy that a second try would take. Anything else is the caller's to read.

A remedy is learnt for a model *and* a credential, since most of these refusals are about who asks.
It is forgotten after a while: organisations are verified, upstreams are mended. What concerns one
conversation only, as sealed reasoning does, is not remembered at all.
"""

import re
from collections import OrderedDict
from collections.abc import Callable
from enum import Enum
from hashlib import sha256
from typing import TYPE_CHECKING

from attrs import define, field, frozen

from openaiproxy.hub.events import Fault

if TYPE_CHECKING:
    from openaiproxy.choosing import Plan

__all__ = ["REFUSALS", "Memory", "Refusal", "Remedy", "remedy_for"]


class Remedy(Enum):
    """What a second try does otherwise."""

    USE_RESPONSES = "use_responses"
    """It goes to Responses rather than Chat."""
    WITHOUT_SUMMARY = "without_summary"
    """It asks for no summary of the reasoning that the caller did not ask for in these words."""
    WITHOUT_SAMPLING = "without_sampling"
    """It says nothing of how words are drawn."""
    WITHOUT_REASONING_ITEMS = "without_reasoning_items"
    """The history holds no reasoning."""
    WHOLE_ANSWER = "whole_answer"
    """It asks for no stream."""
    NEW_LIMIT = "new_limit"
    """It says ``max_completion_tokens`` to Chat, where the caller said ``max_tokens``."""
    OLD_LIMIT = "old_limit"
    """The reverse."""

    @property
    def remembered(self) -> bool:
        """Whether it holds for later requests, too."""
        return self is not Remedy.WITHOUT_REASONING_ITEMS


@frozen
class Refusal:
    """One sentence of an upstream's.

    :param statuses: with which it comes; a failure within a stream has none.
    :param says: is found in the message.
    :param codes: those that may stand beside it; ``None`` for any.
    :param params: likewise.
    """

    remedy: Remedy
    statuses: frozenset[int]
    says: re.Pattern[str]
    codes: frozenset[str | None] | None = None
    params: frozenset[str | None] | None = None

    def fits(self, status: int, fault: Fault) -> bool:
        """Whether this is what was said."""
        return (
            status in self.statuses
            and (self.codes is None or fault.code in self.codes)
            and (self.params is None or fault.param in self.params)
            and self.says.search(fault.message[:_LONGEST]) is not None
        )


_LONGEST = 2000
"""Characters of a message that are read."""

_BAD = frozenset({400})
_MISSING = frozenset({400, 404})
_STRICT = frozenset({400, 422})
_UNSUPPORTED = frozenset({"unsupported_value", "unsupported_parameter", None})
_SAMPLING = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "logprobs",
    "top_logprobs",
    "logit_bias",
)


def _refusal(
    remedy: Remedy,
    statuses: frozenset[int],
    says: str,
    codes: frozenset[str | None] | None = None,
    *params: str | None,
) -> Refusal:
    return Refusal(remedy, statuses, re.compile(says), codes, frozenset(params) or None)


REFUSALS: tuple[Refusal, ...] = (
    _refusal(
        Remedy.USE_RESPONSES,
        _BAD,
        r"^Function tools with reasoning_effort are not supported for \S+ in /v1/chat/completions\b"
        r"|^To use function tools, use /v1/responses or set reasoning_effort to 'none'",
    ),
    _refusal(
        Remedy.USE_RESPONSES,
        _MISSING,
        r"^This is not a chat model and thus not supported in the v1/chat/completions endpoint"
        r"|^This model is only supported in v1/responses and not in v1/chat/completions",
    ),
    _refusal(
        Remedy.USE_RESPONSES,
        _BAD,
        r"^[^\n]{0,200} is not accessible via the /chat/completions endpoint",
        frozenset({"unsupported_api_for_model"}),
    ),
    _refusal(
        Remedy.WITHOUT_SUMMARY,
        _BAD,
        r"must be verified to generate reasoning summaries|'reasoning\.summary' is not supported",
        _UNSUPPORTED,
        "reasoning.summary",
    ),
    _refusal(
        Remedy.WITHOUT_SAMPLING,
        _BAD,
        rf"^Unsupported (parameter|value): '({'|'.join(_SAMPLING)})'",
        _UNSUPPORTED,
        *_SAMPLING,
    ),
    _refusal(
        Remedy.WITHOUT_REASONING_ITEMS,
        _BAD,
        r"^The encrypted content .{0,400}could not be verified",
        frozenset({"invalid_encrypted_content", None}),
    ),
    _refusal(
        Remedy.WITHOUT_REASONING_ITEMS,
        _MISSING,
        r"of type 'reasoning' was provided without its required following item"
        r"|was provided without its required 'reasoning' item"
        r"|^Item with id 'rs_[^']{0,200}' not found",
    ),
    _refusal(
        Remedy.WITHOUT_REASONING_ITEMS, _BAD, r"Invalid [`']signature[`'] in [`']thinking[`'] block"
    ),
    _refusal(
        Remedy.WHOLE_ANSWER,
        _BAD,
        r"must be verified to stream this model|'stream' does not support true",
        _UNSUPPORTED,
        "stream",
    ),
    _refusal(
        Remedy.NEW_LIMIT,
        _BAD,
        r"'max_tokens' is not supported with this model. Use 'max_completion_tokens'",
        _UNSUPPORTED,
        "max_tokens",
    ),
    _refusal(
        Remedy.OLD_LIMIT,
        _STRICT,
        r"^Unrecognized request argument supplied: max_completion_tokens\b"
        r"|['\"]?max_completion_tokens['\"]?[\])].{0,60}Extra inputs are not permitted",
    ),
)
"""Every refusal that is understood; the first that fits holds."""


def remedy_for(status: int, fault: Fault, plan: "Plan") -> Remedy | None:
    """The remedy for a refusal, if it is one that we know, and if it would change this plan.

    :param status: the upstream's.
    :param fault: what it said.
    :param plan: what was asked of it.
    """
    for refusal in REFUSALS:
        if refusal.remedy in plan.remedies and refusal.fits(status, fault):
            return refusal.remedy
    return None


_Key = bytes
TTL = 3600.0
SIZE = 1024


@define(eq=False)
class Memory:
    """What was learnt lately. Holds no model's name and no credential, only a digest of both.

    :param now: seconds, of any clock that never goes back.
    :param ttl: seconds for which a remedy holds.
    :param size: pairs of model and credential; the one asked for longest ago goes first.
    """

    _now: Callable[[], float] = field(repr=False)
    _ttl: float = TTL
    _size: int = SIZE
    _held: OrderedDict[_Key, dict[Remedy, float]] = field(
        factory=OrderedDict, init=False, repr=False
    )

    @property
    def blank(self) -> bool:
        """Whether nothing is held of anybody, so that nobody need be named to be asked about."""
        return not self._held

    def learnt(self, model: str, credential: bytes) -> frozenset[Remedy]:
        """What holds for a model and a credential.

        :param model: as the upstream knows it.
        :param credential: whatever names who asks; empty for nobody.
        """
        key = _key(model, credential)
        held = self._held.get(key)
        if held is None:
            return frozenset()
        now = self._now()
        good = {remedy: until for remedy, until in held.items() if now < until}
        if not good:
            del self._held[key]
            return frozenset()
        self._held[key] = good
        self._held.move_to_end(key)
        return frozenset(good)

    def note(self, model: str, credential: bytes, remedy: Remedy) -> None:
        """Learn a remedy, if it is one to remember."""
        if not remedy.remembered:
            return
        key = _key(model, credential)
        self._held.setdefault(key, {})[remedy] = self._now() + self._ttl
        self._held.move_to_end(key)
        while len(self._held) > self._size:
            self._held.popitem(last=False)


def _key(model: str, credential: bytes) -> _Key:
    name = model.encode("utf-8", "surrogatepass")
    return sha256(len(name).to_bytes(8, "big") + name + credential).digest()
