"""A Responses request as the backend takes it.

It takes less than OpenAI's API, and refuses what it doesn't know. What must be so is made so, what
it refuses is left out and named, and what it spells otherwise is spelt so::

    {"model": "gpt-5.4", "input": "Hi", "store": true, "max_output_tokens": 50, "service_tier": "auto"}

    {"model": "gpt-5.4", "store": false, "stream": true, "instructions": "",
     "input": [{"type": "message", "role": "user",
                "content": [{"type": "input_text", "text": "Hi"}]}],
     "include": ["reasoning.encrypted_content"]}

Nothing is kept there, so what points to something kept can't be followed: such items are left out
and named, and ids of items stay only where they look like the backend's own.

It knows no limit of tokens, so an answer may be longer than the caller asked for.
"""

from typing import Any

from attrs import frozen

from openaiproxy.codex.items import fit_items
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.parts import JsonObject

__all__ = ["Fitted", "fit_request"]

ENCRYPTED = "reasoning.encrypted_content"

_REFUSED = "the ChatGPT backend refuses it"
_KEEPS_NOTHING = "the ChatGPT backend keeps no answers"
_REMOVED = {
    "max_output_tokens": "the ChatGPT backend has no limit of tokens",
    "max_completion_tokens": "the ChatGPT backend has no limit of tokens",
    "max_tokens": "the ChatGPT backend has no limit of tokens",
    "temperature": _REFUSED,
    "top_p": _REFUSED,
    "truncation": _REFUSED,
    "context_management": _REFUSED,
    "previous_response_id": _KEEPS_NOTHING,
    "conversation": _KEEPS_NOTHING,
    "background": _KEEPS_NOTHING,
}
_REMOVED_HINTS = (
    "user",
    "metadata",
    "prompt_cache_retention",
    "prompt_cache_options",
    "stream_options",
)
"""What changes no answer."""

_PLAIN = {"truncation": "disabled", "background": False}
"""What is the case anyway."""

_TIERS = ("priority", "fast")
_USUAL_TIERS = ("auto", "default")
_OLD_SEARCH = "web_search_preview"


@frozen
class Fitted:
    """A request that the backend takes.

    :param body: the object to send.
    :param losses: what of the given one is not in it.
    """

    body: dict[str, Any]
    losses: tuple[Loss, ...]


def fit_request(given: JsonObject) -> Fitted:
    """Make a request one that the backend takes. The given one is not changed.

    :param given: a body for OpenAI's Responses API.
    """
    body = dict(given)
    losses = [*_remove(body), *_remove_tier(body)]
    if body.get("store") is True:
        losses.append(Loss("store", _KEEPS_NOTHING, hint=True))
    body["store"] = False
    body["stream"] = True
    if body.get("instructions") is None:
        body["instructions"] = ""
    body["include"] = _including(body.get("include"))
    body["input"], of_items = fit_items(body.get("input"))
    _fit_tools(body)
    return Fitted(body, (*losses, *of_items))


def _remove(body: dict[str, Any]) -> list[Loss]:
    losses = []
    for name, why in _REMOVED.items():
        value = body.pop(name, None)
        if value is not None and value != _PLAIN.get(name):
            losses.append(Loss(name, why))
    for name in _REMOVED_HINTS:
        if body.pop(name, None) is not None:
            losses.append(Loss(name, _REFUSED, hint=True))
    return losses


def _remove_tier(body: dict[str, Any]) -> list[Loss]:
    tier = body.get("service_tier")
    if tier in _TIERS:
        return []
    body.pop("service_tier", None)
    if tier is None:
        return []
    why = "the ChatGPT backend knows the tier priority alone"
    return [Loss("service_tier", why, hint=tier in _USUAL_TIERS)]


def _including(found: Any) -> list[Any]:
    found = found if isinstance(found, list) else []
    return found if ENCRYPTED in found else [*found, ENCRYPTED]


def _fit_tools(body: dict[str, Any]) -> None:
    tools = body.get("tools")
    if isinstance(tools, list):
        body["tools"] = [_renamed(tool) for tool in tools]
    choice = body.get("tool_choice")
    if isinstance(choice, dict):
        choice = _renamed(choice)
        if isinstance(choice.get("tools"), list):
            choice = {**choice, "tools": [_renamed(tool) for tool in choice["tools"]]}
        body["tool_choice"] = choice
    if not tools:
        # Calls side by side are no matter where nothing can be called; no answer changes by it.
        body.pop("parallel_tool_calls", None)


def _renamed(tool: Any) -> Any:
    """A hosted search under its name of today."""
    kind = tool.get("type") if isinstance(tool, dict) else None
    if isinstance(kind, str) and kind.startswith(_OLD_SEARCH):
        return {**tool, "type": "web_search"}
    return tool
