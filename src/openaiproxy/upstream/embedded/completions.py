"""Completions, the API before chat: prompts in, texts out; streamed without event names, ended by
``[DONE]``.
"""

from collections.abc import Iterator
from typing import Any

from openaiproxy.upstream.embedded.calls import Answer, Call, Event, Events, Whole
from openaiproxy.upstream.embedded.refusals import Refusal
from openaiproxy.upstream.embedded.texts import Text, tokens

__all__ = ["create"]

Json = dict[str, Any]


def create(call: Call) -> Answer:
    """``POST /v1/completions``."""
    call.require("model", "prompt")
    prompts = _prompts(call.body["prompt"])
    text = call.text(f"This is the embedded upstream. You said: {prompts[0][:300]}")
    limit = call.count("max_tokens", 16, 0, 10_000_000)
    if "max_tokens" not in call.body and (call.fault.chunks or call.fault.size):
        limit = text.count
    finish = "length" if text.count > limit else "stop"
    text = text.head(limit)
    choices = len(prompts) * call.count("n", 1, 1, 16)
    asked, made = sum(map(tokens, prompts)), text.count * choices
    usage = {"prompt_tokens": asked, "completion_tokens": made, "total_tokens": asked + made}
    if call.flag("stream"):
        return Events(_chunks(call, text, choices, finish, usage), text)
    made_choices = [_choice(index, text.value, finish) for index in range(choices)]
    return Whole({**_frame(call), "choices": made_choices, "usage": usage}, text)


def _prompts(prompt: Any) -> list[str]:
    """A prompt is a text, several, one as tokens, or several as tokens."""
    if isinstance(prompt, str):
        return [prompt]
    if not isinstance(prompt, list) or not prompt:
        raise Refusal(400, "Invalid 'prompt': expected a string or an array.", param="prompt")
    if isinstance(prompt[0], int):
        return [" ".join(map(str, prompt))]
    return [p if isinstance(p, str) else " ".join(map(str, p)) for p in prompt]


def _frame(call: Call) -> Json:
    return {
        "id": call.name("cmpl-", length=29),
        "object": "text_completion",
        "created": call.now,
        "model": call.model,
        "system_fingerprint": "fp_embedded",
    }


def _choice(index: int, text: str, finish: str | None) -> Json:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}


def _chunks(
    call: Call, text: Text, choices: int, finish: str, usage: dict[str, int]
) -> Iterator[Event]:
    with_usage = bool((call.body.get("stream_options") or {}).get("include_usage"))
    frame = {**_frame(call), **({"usage": None} if with_usage else {})}
    for index in range(choices):
        for piece in text.pieces():
            yield Event({**frame, "choices": [_choice(index, piece, None)]})
        last = index == choices - 1
        yield Event({**frame, "choices": [_choice(index, "", finish)]}, terminal=last)
    if with_usage:
        yield Event({**frame, "choices": [], "usage": usage}, terminal=True)
    yield Event("[DONE]", terminal=True)
