"""One question, one answer: ``POST /chatgpt``.

::

    {"prompt": "Why is the sky blue?"}
    {"role": "assistant", "id": "chatcmpl-1", "parentMessageId": "...", "text": "...", "detail": {...}}

What is asked of Chat Completions is what the endpoint always asked: a system message, and settings of its own. A
model that is known to refuse one of these is not sent it, unless the caller names it.
"""

from typing import Any

from openaiproxy.capabilities import Sampled, facts_of
from openaiproxy.errors import BadRequest, BadUpstream

__all__ = ["ask_prompt", "tell_prompt"]

_SYSTEM = "You are an AI assistant."
_SETTINGS = {"temperature": 1, "top_p": 1, "presence_penalty": 1}
_BOUNDS = {"temperature": 2, "top_p": 1}
_LIMITS = ("max_tokens", "max_completion_tokens")


def ask_prompt(body: dict[str, Any], default_model: str) -> dict[str, Any]:
    """The Chat request for a prompt.

    :param body: without what is the proxy's own.
    :raises BadRequest: 400, for a field of another type or out of its bounds.
    """
    prompt, model = body.get("prompt"), body.get("model") or default_model
    if not isinstance(prompt, str) or not prompt or not isinstance(model, str):
        raise _refused()
    facts = facts_of(model)
    messages = [{"role": "user", "content": prompt}]
    if not facts.plain:
        messages.insert(0, {"role": "system", "content": _SYSTEM})
    usual = _SETTINGS if facts.sampled is Sampled.ALWAYS else {}
    asked = {"model": model, "messages": messages, **usual, **_sampling(body), **_limits(body)}
    if not facts.old_limit and "max_tokens" in asked:
        old = asked.pop("max_tokens")
        asked.setdefault("max_completion_tokens", old)
    return asked


def _sampling(body: dict[str, Any]) -> dict[str, Any]:
    said = {name: body[name] for name in _BOUNDS if body.get(name) is not None}
    for name, value in said.items():
        if not _is_number(value) or not 0 <= value <= _BOUNDS[name]:
            raise _refused()
    return said


def _limits(body: dict[str, Any]) -> dict[str, Any]:
    said = {name: body[name] for name in _LIMITS if body.get(name) is not None}
    if not all(_is_number(value) for value in said.values()):
        raise _refused()
    return said


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _refused() -> BadRequest:
    return BadRequest(400, "bad_request", "Bad Request")


def tell_prompt(completion: dict[str, Any], parent: str) -> dict[str, Any]:
    """The answer to a prompt.

    :param completion: the Chat API's answer.
    :param parent: an id for the prompt itself.
    :raises BadUpstream: 502, where nobody answered: a completion without a choice, or one without a message.
    """
    match completion.get("choices"):
        case [{"message": dict(message)}, *_]:
            pass
        case _:
            raise BadUpstream(502, "upstream_malformed", "the upstream's answer has no choice")
    return {
        "role": message.get("role") or "assistant",
        "id": completion.get("id"),
        "parentMessageId": parent,
        "text": message.get("content") or "",
        "detail": completion,
    }
