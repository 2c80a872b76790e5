"""Reading a Responses request: its input as items with ids, and what it asks for.

Input is a text or a list of items; an item without a type is a message. Items that only carry state
(reasoning, item references) pass into the memory as they came.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from openaiproxy.upstream.embedded.attachments import attached
from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.conversation import Ask, Offer
from openaiproxy.upstream.embedded.history import SPOKEN, Step, await_answer, came, say
from openaiproxy.upstream.embedded.refusals import Refusal
from openaiproxy.upstream.embedded.texts import tokens

__all__ = ["count_tokens", "parse_ask", "parse_items"]

Json = dict[str, Any]
_OUTPUTS = ("function_call_output", "custom_tool_call_output")
_PREFIXES = {"message": "msg_", "function_call": "fc_", "reasoning": "rs_"}


def parse_items(call: Call) -> list[Json]:
    """The input as items of their full form, each with an id."""
    given = call.body.get("input")
    if given is None:
        return []
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list) or not all(isinstance(item, dict) for item in given):
        message = "Invalid type for 'input': expected a string or an array of items."
        raise Refusal(400, message, param="input", code="invalid_type")
    return [_item(call, index, item) for index, item in enumerate(given)]


def _item(call: Call, index: int, item: Json) -> Json:
    kind = item.get("type") or "message"
    id = item.get("id") or call.name(_PREFIXES.get(kind, "item_"), index, 48)
    full = {**item, "type": kind, "id": id}
    if kind == "message":
        full["role"] = item.get("role", "user")
        full["content"] = _content(full["role"], item.get("content"))
    if kind == "reasoning":
        full.setdefault("summary", [])
    else:
        full.setdefault("status", "completed")
    return full


def _content(role: str, content: Any) -> list[Json]:
    if not isinstance(content, str):
        return content or []
    if role == "assistant":
        return [{"type": "output_text", "text": content, "annotations": [], "logprobs": []}]
    return [{"type": "input_text", "text": content}]


def parse_ask(call: Call, items: list[Json], earlier: list[Json]) -> Ask:
    """Read what a request asks for.

    :param items: its input, from :func:`parse_items`.
    :param earlier: the items of the responses that it continues.
    """
    body, history = call.body, [*earlier, *items]
    form = (body.get("text") or {}).get("format") or {}
    return Ask(
        awaited=await_answer(step for step in map(_step, history) if step),
        offers=tuple(_offers(body.get("tools") or [])),
        choice=_choice(body.get("tool_choice")),
        parallel=body.get("parallel_tool_calls") is not False,
        format=form.get("type", "text"),
        schema=form.get("schema", {}),
        reasons=_reasons(body.get("reasoning")),
        limit=call.limit("max_output_tokens"),
        tokens=count_tokens(call, history),
    )


def _step(item: Json) -> Step | None:
    content, output = item.get("content") or [], item.get("output")
    match item["type"], item.get("role"):
        case "message", "user":
            return say("".join(str(p.get("text", "")) for p in content), attached(content))
        case "message", "assistant":
            return SPOKEN
        case kind, _ if kind in _OUTPUTS:
            return came(_output(output), attached(output if isinstance(output, list) else None))
        case (("function_call" | "custom_tool_call"), _):
            return SPOKEN
    return None


def _reasons(reasoning: Any) -> bool:
    asked = reasoning if isinstance(reasoning, dict) else {}
    effort = asked.get("effort")
    return effort != "none" and bool(effort or asked.get("summary"))


def count_tokens(call: Call, items: list[Json]) -> int:
    """How many tokens a request has: its items, instructions and tools."""
    count = tokens(str(call.body.get("instructions") or ""))
    count += tokens(orjson.dumps(call.body.get("tools") or []).decode())
    return count + sum(3 + tokens(_spoken(item)) for item in items)


def _spoken(item: Json) -> str:
    """The words of an item, wherever its type keeps them."""
    parts = item.get("content")
    words = [str(p.get("text", "")) for p in parts or [] if isinstance(p, dict)]
    words += [str(item.get("arguments", "")), _output(item.get("output", ""))]
    return " ".join(words)


def _output(output: Any) -> str:
    if isinstance(output, list):
        return "".join(str(p.get("text", "")) for p in output if isinstance(p, dict))
    return str(output or "")


def _offers(tools: list[Json]) -> Iterator[Offer]:
    for tool in tools:
        match tool.get("type"):
            case "function":
                yield Offer(str(tool.get("name")), tool.get("parameters") or {})
            case "custom":
                yield Offer(str(tool.get("name")))


def _choice(choice: Any) -> str:
    if isinstance(choice, dict):
        return str(choice.get("name", "auto"))
    return choice or "auto"
