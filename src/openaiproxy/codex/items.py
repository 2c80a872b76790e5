"""The items of a request's input as the backend takes them.

::

    {"role": "system", ...}                        ->  {"role": "developer", ...}
    {"type": "item_reference", "id": "msg_1"}      ->  left out: nothing is kept there
    {"type": "reasoning", "id": "rs_1", ...}       ->  left out, where it has no encrypted content
    {"type": "function_call", "id": "made_up"...}  ->  without its id
    {"call_id": "of more than 64 characters"...}   ->  shortened, in a call and its output alike
"""

from hashlib import sha256
from typing import Any

from openaiproxy.hub.loss import Loss

__all__ = ["fit_items"]

_LONGEST = 64
_PREFIXES = {
    "message": "msg_",
    "reasoning": "rs_",
    "function_call": "fc_",
    "function_call_output": "fc_",
    "custom_tool_call": "ctc_",
    "custom_tool_call_output": "ctc_",
    "web_search_call": "ws_",
    "local_shell_call": "lsh_",
    "image_generation_call": "ig_",
}
"""How the backend's own ids begin."""


def fit_items(found: Any) -> tuple[list[Any], list[Loss]]:
    """The input as a list of items that the backend takes, and what is not in it.

    :param found: a text, a list of items, or nothing.
    """
    if isinstance(found, str):
        content = [{"type": "input_text", "text": found}]
        return [{"type": "message", "role": "user", "content": content}], []
    items: list[Any] = []
    losses: list[Loss] = []
    for item in found if isinstance(found, list) else ():
        loss = _loss(item)
        if loss is None:
            items.append(_fitted(item) if isinstance(item, dict) else item)
        else:
            losses.append(loss)
    return items, losses


def _loss(item: Any) -> Loss | None:
    if not isinstance(item, dict):
        return None
    kind = item.get("type")
    if kind == "item_reference":
        return Loss("input[].item_reference", "the ChatGPT backend keeps no answers")
    if kind == "reasoning" and not item.get("encrypted_content"):
        # Without its proof the backend looks for what it kept, and finds nothing.
        return Loss("input[].reasoning", "the ChatGPT backend takes it encrypted alone", hint=True)
    return None


def _fitted(item: dict[str, Any]) -> dict[str, Any]:
    fitted = dict(item)
    if fitted.get("role") == "system":
        fitted["role"] = "developer"
    if "id" in fitted and not _is_theirs(fitted):
        del fitted["id"]
    call = fitted.get("call_id")
    if isinstance(call, str) and len(call) > _LONGEST:
        fitted["call_id"] = "call_" + sha256(call.encode("utf-8", "surrogatepass")).hexdigest()[:48]
    return fitted


def _is_theirs(item: dict[str, Any]) -> bool:
    identity = item["id"]
    prefix = _PREFIXES.get(item.get("type", "message"))
    return (
        prefix is not None
        and isinstance(identity, str)
        and identity.startswith(prefix)
        and len(identity) <= _LONGEST
    )
