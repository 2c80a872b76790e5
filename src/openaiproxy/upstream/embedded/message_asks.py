"""Reading a Messages request: what it asks for, and what of it the service would refuse.

The service checks histories strictly, and so does the stand-in, since a translation that loses a
block shows here: every ``tool_use`` is answered in the very next message, results answer a call
that is there, and a thinking block is as it was signed.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from openaiproxy.upstream.embedded.attachments import attached
from openaiproxy.upstream.embedded.calls import Call
from openaiproxy.upstream.embedded.conversation import Ask, Offer
from openaiproxy.upstream.embedded.history import SPOKEN, Step, await_answer, came, say
from openaiproxy.upstream.embedded.refusals import Refusal
from openaiproxy.upstream.embedded.signatures import signature
from openaiproxy.upstream.embedded.texts import tokens

__all__ = ["check_messages", "count_tokens", "parse_ask", "thinks"]

Json = dict[str, Any]
_CHOICES = {"any": "required", "none": "none", "auto": "auto"}


def parse_ask(call: Call) -> Ask:
    """Read what a request asks for."""
    body = call.body
    choice = body.get("tool_choice") or {}
    form = (body.get("output_config") or {}).get("format") or body.get("output_format") or {}
    kind = choice.get("type", "auto")
    return Ask(
        awaited=await_answer(_steps(body["messages"])),
        offers=tuple(_offers(body.get("tools") or [])),
        choice=str(choice.get("name")) if kind == "tool" else _CHOICES.get(kind, "auto"),
        parallel=choice.get("disable_parallel_tool_use") is not True,
        format=form.get("type", "text"),
        schema=form.get("schema", {}),
        reasons=thinks(call),
        stops=tuple(map(str, body.get("stop_sequences") or ())),
        limit=call.limit("max_tokens"),
        tokens=count_tokens(call),
    )


def thinks(call: Call) -> bool:
    """Whether the model is to think."""
    return (call.body.get("thinking") or {}).get("type") in ("enabled", "adaptive")


def blocks_of(content: Any) -> list[Json]:
    """A content as blocks."""
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    return [block for block in content or [] if isinstance(block, dict)]


def _steps(messages: list[Json]) -> Iterator[Step]:
    for message in messages:
        blocks = blocks_of(message.get("content"))
        if message.get("role") == "assistant":
            yield SPOKEN
            continue
        if message.get("role") != "user":
            continue
        yield from (_result(block) for block in blocks if block.get("type") == "tool_result")
        text, things = _text(blocks), attached(blocks)
        if text or things:
            yield say(text, things)


def _result(block: Json) -> Step:
    blocks = blocks_of(block.get("content"))
    failed = "(an error) " if block.get("is_error") else ""
    return came(failed + _text(blocks), attached(blocks))


def _text(blocks: list[Json]) -> str:
    return "".join(str(b.get("text", "")) for b in blocks if b.get("type") == "text")


def _offers(tools: list[Json]) -> Iterator[Offer]:
    for tool in tools:
        # A tool with a dated type is run by the service; it has none of them.
        if tool.get("type") in (None, "custom"):
            yield Offer(str(tool.get("name")), tool.get("input_schema") or {})


def count_tokens(call: Call) -> int:
    """How many tokens a request has: its messages, system and tools."""
    count = tokens(_text(blocks_of(call.body.get("system"))))
    count += tokens(orjson.dumps(call.body.get("tools") or []).decode())
    contents = (blocks_of(message.get("content")) for message in call.body["messages"])
    return count + sum(3 + sum(map(_weight, blocks)) for blocks in contents)


def _weight(block: Json) -> int:
    inner = _text(blocks_of(block.get("content")))
    words = [str(block.get("text", "")), str(block.get("thinking", "")), inner]
    if "input" in block:
        words.append(orjson.dumps(block["input"]).decode())
    return tokens(" ".join(words))


def check_messages(call: Call) -> None:
    """Check a request as strictly as the service does.

    :raises Refusal: 400, in the service's words.
    """
    messages = call.body["messages"]
    if not messages:
        raise Refusal(400, "messages: at least one message is required")
    called: list[str] = []
    for index, message in enumerate(messages):
        if message.get("role") not in ("user", "assistant", "system"):
            words = "Input should be 'user' or 'assistant'"
            raise Refusal(400, f"messages.{index}.role: {words}")
        blocks = blocks_of(message.get("content"))
        _check_blocks(index, blocks)
        _check_results(index, blocks, called)
        called = [str(b.get("id")) for b in blocks if b.get("type") == "tool_use"]
    if called:
        raise _unanswered(len(messages) - 1, called)
    if isinstance(call.body.get("tool_choice"), str):
        raise Refusal(400, "tool_choice: Input should be an object")
    _check_thinking(call)


def _check_blocks(index: int, blocks: list[Json]) -> None:
    for number, block in enumerate(blocks):
        place = f"messages.{index}.content.{number}"
        match block.get("type"):
            case "text" if not block.get("text"):
                raise Refusal(400, "messages: text content blocks must be non-empty")
            case "thinking" if block.get("signature") != signature(block.get("thinking")):
                raise Refusal(400, f"{place}: Invalid `signature` in `thinking` block")
            case "tool_use" if not isinstance(block.get("input"), dict):
                words = "Input should be a valid dictionary"
                raise Refusal(400, f"{place}.tool_use.input: {words}")


def _check_results(index: int, blocks: list[Json], called: list[str]) -> None:
    for number, block in enumerate(blocks):
        id = block.get("tool_use_id")
        if block.get("type") == "tool_result" and id not in called:
            raise Refusal(
                400,
                f"messages.{index}.content.{number}: unexpected `tool_use_id` found in "
                f"`tool_result` blocks: {id}. Each `tool_result` block must have a corresponding "
                "`tool_use` block in the previous message.",
            )
    answered = {block.get("tool_use_id") for block in blocks if block.get("type") == "tool_result"}
    missing = [id for id in called if id not in answered]
    if missing:
        raise _unanswered(index - 1, missing)


def _unanswered(index: int, ids: list[str]) -> Refusal:
    return Refusal(
        400,
        f"messages.{index}: `tool_use` ids were found without `tool_result` blocks immediately "
        f"after: {', '.join(ids)}. Each `tool_use` block must have a corresponding `tool_result` "
        "block in the next message.",
    )


def _check_thinking(call: Call) -> None:
    if not thinks(call):
        return
    body = call.body
    budget = body["thinking"].get("budget_tokens")
    if body["thinking"]["type"] == "enabled":
        if not isinstance(budget, int) or budget < 1024:
            words = "Input should be greater than or equal to 1024"
            raise Refusal(400, f"thinking.enabled.budget_tokens: {words}")
        if budget >= (call.limit("max_tokens") or 0):
            raise Refusal(400, "`max_tokens` must be greater than `thinking.budget_tokens`.")
    if body.get("temperature") not in (None, 1):
        raise Refusal(400, "`temperature` may only be set to 1 when thinking is enabled.")
    if (body.get("tool_choice") or {}).get("type") in ("any", "tool"):
        raise Refusal(400, "Thinking may not be enabled when tool_choice forces tool use.")
