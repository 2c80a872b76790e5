"""What the service refuses because of the model, or of who asks: the very status, words, ``param``
and ``code`` that people saw.

Some models refuse by their name, as the real ones do; any model refuses what the fault word
``refuse=NAME`` names (several joined by ``+``):

==================  ==============  ===============================================================
name                by itself       refuses
==================  ==============  ===============================================================
``not-chat``        ``*-pro``,      chat: 404, "not a chat model"
                    ``gpt-5.3-codex`` and later
``responses-only``  ``gpt-5-codex``, chat: 404, "only supported in v1/responses"
                    ``codex-mini-latest``
``tools``           ``gpt-5.6*``    chat: function tools, unless the effort is ``none``; ``gpt-5.4*``
                                    and ``gpt-5.5*`` only where an effort is given
``sampling``        ``o1* o3* o4*   chat, responses: sampling settings other than the default;
                    gpt-5*``        from ``gpt-5.1`` on not with the effort ``none``
``max-tokens``      the same        chat: ``max_tokens``
``beta``            ``o1-mini*``,   chat: the roles system and developer, tools, streams, and
                    ``o1-preview*`` settings other than the default
``summary``         none            responses: ``reasoning.summary``, of an organisation that isn't
                                    verified
``item``            none            responses: ids of reasoning that isn't stored
``sealed``          none            responses: encrypted reasoning that it can't read
``following``       none            responses: reasoning that nothing follows
``threads``         none            messages: the field ``thread``
``context``         none            all: the conversation is too long
==================  ==============  ===============================================================
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from attrs import frozen

from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.refusals import Refusal

__all__ = ["VETOES", "check_vetoes"]

Json = dict[str, Any]
_REASONS = r"o[134](-|$)|gpt-5(?!.*chat)"
_DEFAULTS: Json = {
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "logprobs": False,
    "top_logprobs": 0,
    "logit_bias": {},
}


@frozen
class Veto:
    """One rule.

    :param apis: where it holds.
    :param find: gives what is refused in a request, in order.
    :param models: of which models, without being asked for.
    """

    apis: tuple[str, ...]
    find: Callable[[Call], Iterator[Refusal]]
    models: str = r"(?!)"


def _no_parameter(name: str, hint: str = "") -> Refusal:
    message = f"Unsupported parameter: '{name}' is not supported with this model.{hint}"
    return Refusal(400, message, param=name, code="unsupported_parameter")


def _no_value(name: str, value: str, hint: str = "") -> Refusal:
    message = f"Unsupported value: '{name}' does not support {value} with this model.{hint}"
    return Refusal(400, message, param=name, code="unsupported_value")


def _effort(call: Call) -> str | None:
    reasoning = call.body.get("reasoning")
    inner = reasoning.get("effort") if isinstance(reasoning, dict) else None
    return call.body.get("reasoning_effort") or inner


def _sampled(call: Call) -> Iterator[tuple[str, Any]]:
    for name, default in _DEFAULTS.items():
        value = call.body.get(name)
        if value is not None and value != default:
            yield name, value


def _items(call: Call) -> list[Json]:
    given = call.body.get("input")
    return [i for i in given if isinstance(i, dict)] if isinstance(given, list) else []


def _not_chat(call: Call) -> Iterator[Refusal]:
    message = (
        "This is not a chat model and thus not supported in the v1/chat/completions endpoint. "
        "Did you mean to use v1/completions?"
    )
    yield Refusal(404, message, param="model")


def _responses_only(call: Call) -> Iterator[Refusal]:
    message = "This model is only supported in v1/responses and not in v1/chat/completions."
    yield Refusal(404, message, param="model")


def _tools(call: Call) -> Iterator[Refusal]:
    tools = [t for t in call.body.get("tools") or [] if t.get("type") == "function"]
    effort = _effort(call)
    older = re.match(r"gpt-5\.[45]", call.model) is not None
    if (tools or call.body.get("functions")) and effort != "none" and (effort or not older):
        message = (
            f"Function tools with reasoning_effort are not supported for {call.model} in "
            "/v1/chat/completions. To use function tools, use /v1/responses or set "
            "reasoning_effort to 'none'."
        )
        yield Refusal(400, message, param="reasoning_effort")


def _sampling(call: Call) -> Iterator[Refusal]:
    if _effort(call) == "none" and re.match(r"gpt-5\.", call.model):
        return
    for name, _ in _sampled(call):
        yield _no_parameter(name)


def _max_tokens(call: Call) -> Iterator[Refusal]:
    if call.body.get("max_tokens") is not None:
        yield _no_parameter("max_tokens", " Use 'max_completion_tokens' instead.")


def _beta(call: Call) -> Iterator[Refusal]:
    for index, message in enumerate(call.body["messages"]):
        if message.get("role") in ("system", "developer"):
            yield _no_value(f"messages[{index}].role", f"'{message['role']}'")
    for name in ("tools", "tool_choice", "parallel_tool_calls", "response_format"):
        if call.body.get(name) is not None:
            yield _no_parameter(name)
    if call.body.get("reasoning_effort") is not None:
        yield _no_parameter("reasoning_effort")
    if call.flag("stream"):
        yield _no_value("stream", "true", " Only the default (false) value is supported.")
    for name, value in _sampled(call):
        default = f" Only the default ({_DEFAULTS[name]}) value is supported."
        yield _no_value(name, str(value), default)


def _summary(call: Call) -> Iterator[Refusal]:
    reasoning = call.body.get("reasoning") or {}
    if reasoning.get("summary") or reasoning.get("generate_summary"):
        message = (
            "Your organization must be verified to generate reasoning summaries. Please go to: "
            "https://platform.openai.com/settings/organization/general and click on Verify "
            "Organization. If you just verified, it can take up to 15 minutes for access to "
            "propagate."
        )
        yield Refusal(400, message, param="reasoning.summary", code="unsupported_value")


def _item(call: Call) -> Iterator[Refusal]:
    for item in _items(call):
        id = str(item.get("id") or "")
        if id.startswith("rs_") or item.get("type") == "item_reference":
            message = (
                f"Item with id '{id}' not found. Items are not persisted when `store` is set to "
                "false. Try again with `store` set to true, or remove this item from your input."
            )
            yield Refusal(404, message, param="input")


def _sealed(call: Call) -> Iterator[Refusal]:
    for item in _items(call):
        seal = item.get("encrypted_content")
        if item.get("type") == "reasoning" and isinstance(seal, str):
            shown = f"{seal[:4]}...{seal[-4:]}"
            message = (
                f"The encrypted content {shown} could not be verified. "
                "Reason: Encrypted content could not be decrypted or parsed."
            )
            yield Refusal(400, message, code="invalid_encrypted_content")


def _following(call: Call) -> Iterator[Refusal]:
    items = _items(call)
    for item, after in zip(items, [*items[1:], {"role": "user"}], strict=True):
        alone = after.get("role") == "user" or str(after.get("type")).endswith("_output")
        if item.get("type") == "reasoning" and alone:
            message = (
                f"Item '{item.get('id') or 'rs_none'}' of type 'reasoning' was provided without "
                "its required following item."
            )
            yield Refusal(400, message, param="input")


def _threads(call: Call) -> Iterator[Refusal]:
    if call.body.get("thread"):
        details = {"error_code": "thread_unsupported_request", "unsupported": ["thread"]}
        yield Refusal(400, "This request does not support threads.", details=details)


def _context(call: Call) -> Iterator[Refusal]:
    if "messages" not in call.body:
        message = (
            "Your input exceeds the context window of this model. "
            "Please adjust your input and try again."
        )
        yield Refusal(400, message, param="input", code="context_length_exceeded")
    elif call.anthropic:
        yield Refusal(400, "prompt is too long: 200001 tokens > 200000 maximum")
    else:
        message = (
            "This model's maximum context length is 128000 tokens. However, your messages resulted "
            "in 128001 tokens. Please reduce the length of the messages."
        )
        yield Refusal(400, message, param="messages", code="context_length_exceeded")


_BOTH = ("chat", "responses")
VETOES: dict[str, Veto] = {
    "not-chat": Veto(("chat",), _not_chat, r".*-pro(-|$)|gpt-5\.[3-9].*-codex"),
    "responses-only": Veto(("chat",), _responses_only, r"gpt-5(\.[12])?-codex|codex-mini"),
    "beta": Veto(("chat",), _beta, r"o1-(mini|preview)"),
    "max-tokens": Veto(("chat",), _max_tokens, _REASONS),
    "tools": Veto(("chat",), _tools, r"gpt-5\.[4-9](?!.*chat)"),
    "sampling": Veto(_BOTH, _sampling, _REASONS),
    "summary": Veto(("responses",), _summary),
    "item": Veto(("responses",), _item),
    "sealed": Veto(("responses",), _sealed),
    "following": Veto(("responses",), _following),
    "threads": Veto(("messages",), _threads),
    "context": Veto((*_BOTH, "messages"), _context),
}


def check_vetoes(api: str, call: Call) -> None:
    """Refuse what the model, or the fault word, refuses.

    :param api: ``chat``, ``responses`` or ``messages``.
    :raises Refusal: the first that holds; 400 for a name that isn't known.
    """
    for name in call.fault.refuse - VETOES.keys():
        raise Refusal(400, f"Unknown veto: '{name}'.", code="unknown_fault")
    for name, veto in VETOES.items():
        asked = name in call.fault.refuse or re.match(veto.models, call.model)
        refusal = next(veto.find(call), None) if asked and api in veto.apis else None
        if refusal is not None:
            raise refusal
