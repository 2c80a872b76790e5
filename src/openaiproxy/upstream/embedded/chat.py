"""Chat Completions: one conversation in, one completion or its chunks out.

A stream is chunks of one id: the role, then deltas, then a chunk with ``finish_reason``, then (with
``stream_options.include_usage``) one without choices that holds the usage, then ``[DONE]``. Models
named as those of DeepSeek and Qwen that reason (``deepseek-reasoner``, ``qwq-32b``) show it before
the answer, as ``reasoning_content``.
"""

import re
from collections.abc import Iterator
from typing import Any

import orjson

from openaiproxy.upstream.embedded.attachments import attached
from openaiproxy.upstream.embedded.braiding import braided, chained
from openaiproxy.upstream.embedded.calls import Answer, Call, Event, Events, Whole
from openaiproxy.upstream.embedded.conversation import Ask, Offer, Said, ToolCall, answer
from openaiproxy.upstream.embedded.history import SPOKEN, Step, await_answer, came, say
from openaiproxy.upstream.embedded.refusals import Refusal
from openaiproxy.upstream.embedded.texts import Short, tokens
from openaiproxy.upstream.embedded.vetoes import check_vetoes

__all__ = ["create"]

Json = dict[str, Any]
_OPEN_MINDED = re.compile("reasoner|qwq|-r1")


def create(call: Call) -> Answer:
    """``POST /v1/chat/completions``."""
    call.require("model", "messages")
    check_vetoes("chat", call)
    ask = parse_ask(call)
    said = answer(ask, call)
    choices = call.count("n", 1, 1, 16)
    text = said.text or Short(())
    if call.flag("stream"):
        return Events(_chunks(call, said, choices), text)
    return Whole(_completion(call, said, choices), text)


def parse_ask(call: Call) -> Ask:
    """Read what a chat request asks for."""
    body, messages = call.body, call.body["messages"]
    if not messages:
        raise Refusal(400, "Invalid 'messages': empty array.", param="messages")
    form = body.get("response_format") or {}
    if not isinstance(form, dict):
        message = "Invalid type for 'response_format': expected an object."
        raise Refusal(400, message, param="response_format", code="invalid_type")
    return Ask(
        awaited=await_answer(step for step in map(_step, messages) if step),
        offers=tuple(_offers(body)),
        choice=_choice(body.get("tool_choice") or body.get("function_call")),
        parallel=body.get("parallel_tool_calls") is not False,
        format=form.get("type", "text"),
        schema=(form.get("json_schema") or {}).get("schema", {}),
        reasons=shows_reasoning(call) or body.get("reasoning_effort") not in (None, "none"),
        stops=_stops(body.get("stop")),
        limit=call.limit("max_completion_tokens", "max_tokens"),
        tokens=sum(3 + tokens(_text(m.get("content"))) for m in messages)
        + tokens(orjson.dumps(body.get("tools") or []).decode()),
    )


def shows_reasoning(call: Call) -> bool:
    """Whether the model shows its reasoning, as those of other makers do."""
    return _OPEN_MINDED.search(call.model) is not None


def _step(message: Json) -> Step | None:
    content = message.get("content")
    match message.get("role"):
        case "user":
            return say(_text(content), attached(_parts(content)))
        case "tool" | "function":
            return came(_text(content), attached(_parts(content)))
        case "assistant":
            return SPOKEN
    return None


def _stops(stop: Any) -> tuple[str, ...]:
    return (stop,) if isinstance(stop, str) else tuple(map(str, stop or ()))


def _parts(content: Any) -> list[Json]:
    return [p for p in content if isinstance(p, dict)] if isinstance(content, list) else []


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "".join(str(p.get("text", "")) for p in _parts(content))


def _offers(body: Json) -> Iterator[Offer]:
    for tool in [*(body.get("tools") or []), *(body.get("functions") or [])]:
        if tool.get("type") == "custom":
            yield Offer(str((tool.get("custom") or {}).get("name")))
        else:
            function = tool.get("function") or tool
            yield Offer(str(function.get("name")), function.get("parameters") or {})


def _choice(choice: Any) -> str:
    if isinstance(choice, dict):
        named = choice.get("function") or choice.get("custom") or choice
        return str(named.get("name", "auto"))
    return choice or "auto"


def _call_document(call: Call, made: ToolCall, key: object) -> Json:
    id = call.name("call_", key, 24)
    if made.plain:
        return {
            "id": id,
            "type": "custom",
            "custom": {"name": made.name, "input": made.arguments},
        }
    function = {"name": made.name, "arguments": made.arguments}
    return {"id": id, "type": "function", "function": function}


def _finish(said: Said) -> str:
    if said.filtered:
        return "content_filter"
    return "tool_calls" if said.calls else "length" if said.short else "stop"


def _usage(said: Said, choices: int) -> Json:
    made = said.tokens * choices
    return {
        "prompt_tokens": said.asked_tokens,
        "completion_tokens": made,
        "total_tokens": said.asked_tokens + made,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": said.reasoning_tokens * choices,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _message(call: Call, said: Said, index: int) -> Json:
    message: Json = {
        "role": "assistant",
        "content": said.text.value if said.text else None,
        "refusal": said.refusal.value if said.refusal else None,
        "annotations": [],
    }
    if shows_reasoning(call) and said.reasoning:
        message["reasoning_content"] = said.reasoning.value
    if said.calls:
        made = [_call_document(call, c, (index, n)) for n, c in enumerate(said.calls)]
        message["tool_calls"] = made
    return message


def _completion(call: Call, said: Said, choices: int) -> Json:
    return {
        "id": call.name("chatcmpl-", length=29),
        "object": "chat.completion",
        "created": call.now,
        "model": call.model,
        "choices": [
            {
                "index": index,
                "message": _message(call, said, index),
                "logprobs": None,
                "finish_reason": _finish(said),
            }
            for index in range(choices)
        ],
        "usage": _usage(said, choices),
        "service_tier": "default",
        "system_fingerprint": "fp_embedded",
    }


def _chunks(call: Call, said: Said, choices: int) -> Iterator[Event]:
    with_usage = bool((call.body.get("stream_options") or {}).get("include_usage"))

    def chunk(choices: list[Json], terminal: bool = False, usage: Json | None = None) -> Event:
        document: Json = {
            "id": call.name("chatcmpl-", length=29),
            "object": "chat.completion.chunk",
            "created": call.now,
            "model": call.model,
            "service_tier": "default",
            "system_fingerprint": "fp_embedded",
            "choices": choices,
        }
        if with_usage:
            document["usage"] = usage
        return Event(document, terminal=terminal)

    def choice(index: int, delta: Json, finish: str | None = None) -> list[Json]:
        return [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]

    for index in range(choices):
        for delta in _deltas(call, said, index):
            yield chunk(choice(index, delta))
        yield chunk(choice(index, {}, _finish(said)), terminal=index == choices - 1)
    if with_usage:
        yield chunk([], terminal=True, usage=_usage(said, choices))
    yield Event("[DONE]", terminal=True)


def _deltas(call: Call, said: Said, index: int) -> Iterator[Json]:
    opening = None if said.calls or said.refusal else ""
    yield {"role": "assistant", "content": opening, "refusal": None}
    if shows_reasoning(call) and said.reasoning:
        for piece in said.reasoning.pieces():
            yield {"reasoning_content": piece}
    joined = braided if "interleaved" in call.fault.shape else chained
    strands = (_call_deltas(call, made, index, n) for n, made in enumerate(said.calls))
    yield from joined(strands)
    for piece in said.refusal.pieces() if said.refusal else ():
        yield {"refusal": piece}
    for piece in said.text.pieces() if said.text else ():
        yield {"content": piece}


def _call_deltas(call: Call, made: ToolCall, index: int, number: int) -> Iterator[Json]:
    document = {"index": number, **_call_document(call, made, (index, number))}
    kind, grows = ("custom", "input") if made.plain else ("function", "arguments")
    document[kind] = {**document[kind], grows: ""}
    yield {"tool_calls": [document]}
    for piece in _slices(made.arguments):
        yield {"tool_calls": [{"index": number, kind: {grows: piece}}]}


def _slices(arguments: str, width: int = 8) -> Iterator[str]:
    return (arguments[at : at + width] for at in range(0, len(arguments), width))
