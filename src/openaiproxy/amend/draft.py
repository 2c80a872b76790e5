"""A request while it is being amended, and what has to be known to do so.

A draft is a value; each amendment makes a new one. What is taken away is named at once, in the
words of the caller's dialect where it has any, and where a profile would rather refuse than leave
out, that is the moment when it does.
"""

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from openaiproxy.bridging import Amendments, Unsupported
from openaiproxy.capabilities import Facts
from openaiproxy.errors import BadRequest
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.request import Request
from openaiproxy.hub.values import changed
from openaiproxy.learning import Remedy

__all__ = ["CHAT", "MESSAGES", "RESPONSES", "Draft", "word"]

CHAT = "chat"
RESPONSES = "responses"
MESSAGES = "messages"

_SAME: Mapping[str, str] = {
    "sampling.temperature": "temperature",
    "sampling.top_p": "top_p",
    "sampling.presence": "presence_penalty",
    "sampling.frequency": "frequency_penalty",
    "sampling.bias": "logit_bias",
    "sampling.logprobs": "logprobs",
    "sampling.top_logprobs": "top_logprobs",
    "parallel": "parallel_tool_calls",
    "max_calls": "max_tool_calls",
    "safety_id": "safety_identifier",
    "cache.key": "prompt_cache_key",
}
"""Paths of the hub that all callers spell alike."""

_OWN: Mapping[str, Mapping[str, str]] = {
    CHAT: {
        "format": "response_format",
        "reasoning": "reasoning_effort",
        "reasoning.effort": "reasoning_effort",
        "turns": "messages[]",
    },
    RESPONSES: {
        "format": "text.format",
        "sampling.logprobs": "include",
        "turns": "input[]",
        "system": "instructions",
        "verbosity": "text.verbosity",
    },
    MESSAGES: {
        "stop": "stop_sequences",
        "format": "output_config.format",
        "reasoning": "thinking",
        "reasoning.effort": "output_config.effort",
        "reasoning.summary": "thinking.display",
        "reasoning.budget": "thinking.budget_tokens",
        "reasoning.enabled": "thinking",
        "reasoning.adaptive": "thinking",
        "turns": "messages[]",
        "user": "metadata.user_id",
        "parallel": "tool_choice.disable_parallel_tool_use",
    },
}
"""Paths that a dialect spells in its own way."""


def word(path: str, dialect: str) -> str:
    """A path of the hub in a caller's words.

    :param path: such as ``sampling.bias``, or ``turns.role`` for what each turn has.
    :param dialect: the caller's.
    """
    own = _OWN.get(dialect, {})
    head, _, tail = path.partition(".")
    if head == "turns":
        return f"{own.get(head, 'turns[]')}.{tail}" if tail else own.get(head, "turns[]")
    return own.get(path) or _SAME.get(path, path)


@frozen(slots=False)
class Draft:
    """A request on its way.

    :param caller: the dialect that it came in.
    :param upstream: the dialect that it goes in.
    :param speaks: what the upstream understands.
    :param facts: of its model.
    :param learnt: what the upstream refused before.
    :param session: what the caller's headers say of the conversation.
    :param losses: what was taken away or changed.
    :param ours: what was added.
    :param effort: the effort that the model's name brought; ``none`` keeps defaults away, too.
    :param summary: the summary that it brought, likewise.
    """

    request: Request
    caller: str
    speaks: tuple[str, ...]
    facts: Facts
    amendments: Amendments
    upstream: str = ""
    learnt: frozenset[Remedy] = frozenset()
    session: str | None = field(default=None, repr=False)
    losses: tuple[Loss, ...] = ()
    ours: frozenset[str] = frozenset()
    effort: str | None = None
    summary: str | None = None

    @property
    def translated(self) -> bool:
        """Whether it goes in another dialect than it came in."""
        return self.upstream != self.caller

    @property
    def openai(self) -> bool:
        """Whether the upstream may be OpenAI: those who speak Chat alone are others."""
        return RESPONSES in self.speaks

    @property
    def passes(self) -> bool:
        """Whether settings that a model refuses are left to the upstream."""
        return self.amendments.unsupported is Unsupported.PASS

    @property
    def thought(self) -> str | None:
        """The effort that is asked for, as far as it is said."""
        settings = self.request.reasoning
        if settings is None:
            return None
        if settings.effort is None and settings.enabled is False:
            return "none"
        return settings.effort

    @property
    def thinks(self) -> bool:
        """Whether the model will think about its answer, as far as is known."""
        settings = self.request.reasoning
        if settings is not None and settings.budget is not None and self.thought is None:
            return True
        return (self.thought or self.facts.effort) != "none"

    def with_(self, **fields: Any) -> "Draft":
        """With other fields of the request."""
        return changed(self, request=changed(self.request, **fields))

    def added(self, path: str, **fields: Any) -> "Draft":
        """With something of ours."""
        return changed(self, request=changed(self.request, **fields), ours=self.ours | {path})

    def noted(self, path: str, why: str, *, hint: bool = False) -> "Draft":
        """With something named that is changed.

        :param path: in the hub's words.
        """
        loss = Loss(word(path, self.caller), why, hint)
        return self if loss in self.losses else changed(self, losses=(*self.losses, loss))

    def dropped(self, path: str, why: str) -> "Draft":
        """With a setting named that is left out because it is refused.

        :raises BadRequest: if the profile would rather refuse, too.
        """
        if self.amendments.unsupported is Unsupported.REJECT:
            name = word(path, self.caller)
            raise BadRequest(400, "unsupported_parameter", f"{name}: {why}.")
        return self.noted(path, why)
