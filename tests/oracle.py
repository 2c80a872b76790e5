"""What the vendors' own clients understand of an answer.

The bytes of an answer are given to the public client of ``openai`` or ``anthropic`` over a
transport in memory, and what comes out is put into one shape: :class:`Facts`. Facts of a recorded
answer, read by the client of its own dialect, must be those of what we make of it, read by the
client of the other.
"""

import json
from collections.abc import Callable
from functools import cache
from typing import Any

import anthropic
import httpx2
import openai
from attrs import define, evolve, field, frozen

from openaiproxy.dialects.names import shorten

__all__ = ["Facts", "alike", "facts"]

Call = tuple[str, str, Any]


@define
class Facts:
    """What a program sees of an answer.

    :param text: and refusal and reasoning, each joined.
    :param spoken: the words of what is to be heard.
    :param calls: call id, name and parsed arguments of each.
    :param finish: ``stop``, ``tool``, ``length``, ``filter``, or the wire's own word.
    :param usage: input, output, cached and reasoning tokens.
    :param failed: the class of the client's exception, if it raised; or what a careful program sees
        where the client lets it pass: an answer that is ``unfinished``, or holds an ``error``, or
        is ``none``.
    """

    text: str = ""
    spoken: str = ""
    refusal: str = ""
    reasoning: str = ""
    calls: list[Call] = field(factory=list)
    finish: str = ""
    usage: tuple[int, int, int, int] | None = None
    failed: str = ""


@frozen
class _Body:
    """A transport that answers everything with one body."""

    data: bytes
    stream: bool
    status: int

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        media = "text/event-stream" if self.stream else "application/json"
        return httpx2.Response(self.status, headers={"content-type": media}, content=self.data)


@define
class _Wire:
    answer: Callable[[httpx2.Request], httpx2.Response] | None = None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        assert self.answer is not None
        return self.answer(request)


_wire = _Wire()


@cache
def _openai() -> openai.OpenAI:
    http = httpx2.Client(transport=httpx2.MockTransport(_wire))
    return openai.OpenAI(api_key="k", base_url="http://there/v1", http_client=http, max_retries=0)


@cache
def _anthropic() -> anthropic.Anthropic:
    http = httpx2.Client(transport=httpx2.MockTransport(_wire))
    return anthropic.Anthropic(
        api_key="k", base_url="http://there", http_client=http, max_retries=0
    )


def facts(dialect: str, body: bytes, stream: bool, status: int = 200) -> Facts:
    """What the dialect's client makes of a body.

    :param stream: whether it is a stream, or a whole answer.
    """
    _wire.answer = _Body(body, stream, status)
    found = Facts()
    try:
        _READERS[dialect, stream](found)
    except (openai.OpenAIError, anthropic.AnthropicError) as error:
        found.failed = type(error).__name__
    found.calls = [(call, name, _parsed(arguments)) for call, name, arguments in found.calls]
    if found.finish == "stop" and any(name for _, name, _ in found.calls):
        found.finish = "tool"
    if found.finish == "tool" and not any(name for _, name, _ in found.calls):
        found.finish = "stop"
    return found


def alike(source: Facts, target: Facts, names: tuple[str, str]) -> list[str]:
    """Where two sets of facts differ, in words.

    :param names: the dialects'. Only Chat has sound, of which the others have the words. Messages
        has no place for refusals but the text, and says ``refusal`` where OpenAI's wires say
        ``stop``; its client reads arguments that are no object as one, and it counts apart what no
        cache had a part in. Usage that the client does not see in the original may be seen in ours
        (Groq's).
    """
    if source.failed or target.failed:
        same = bool(source.failed) == bool(target.failed)
        return [] if same else [f"failed: {source.failed!r}, {target.failed!r}"]
    if source.usage is None:
        target = evolve(target, usage=None)
    one, other = _plain(source, names), _plain(target, names)
    other.calls = [
        _matched(mine, its, names) for mine, its in zip(one.calls, other.calls, strict=False)
    ] + other.calls[len(one.calls) :]
    return [
        f"{name}: {getattr(one, name)!r:.150} became {getattr(other, name)!r:.150}"
        for name in ("text", "spoken", "refusal", "reasoning", "calls", "finish", "usage")
        if getattr(one, name) != getattr(other, name)
    ]


def _plain(found: Facts, names: tuple[str, str]) -> Facts:
    calls = [(shorten(call), name, arguments) for call, name, arguments in found.calls]
    found = evolve(found, reasoning="".join(found.reasoning.split()), calls=calls)
    if names[1] != "chat":
        found = evolve(found, text=found.text + found.spoken, spoken="")
    if names[0] == names[1] or "messages" not in names:
        return found
    read, written, cached, thought = found.usage or (0, 0, 0, 0)
    found = evolve(found, usage=(max(read, cached), written, cached, thought))
    if not found.refusal:
        return found
    return evolve(found, text=found.text + found.refusal, refusal="", finish="filter")


def _matched(mine: Call, its: Call, names: tuple[str, str]) -> Call:
    """The other's call, without an id that was made for none, and what its client makes of
    arguments that are no object."""
    call, name, arguments = its
    if names[1] == "messages" and not isinstance(mine[2], dict):
        arguments = mine[2]
    return (call if mine[0] else ""), name, arguments


def _parsed(arguments: Any) -> Any:
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments


_FINISHES = {
    "stop": "stop",
    "completed": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_calls": "tool",
    "function_call": "tool",
    "tool_use": "tool",
    "length": "length",
    "max_output_tokens": "length",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "pause_turn": "length",
    "content_filter": "filter",
    "refusal": "filter",
}


def _finish(word: Any) -> str:
    return _FINISHES.get(str(word), "length") if word else ""


def _whole_chat(found: Facts) -> None:
    reply = _openai().chat.completions.create(model="m", messages=[])
    if not reply.choices:
        found.failed = "none"
        return
    choice = reply.choices[0]
    _chat_message(found, choice.message)
    message = choice.message
    for call in message.tool_calls or ():
        found.calls.append(_chat_call(call))
    if message.function_call is not None and message.function_call.name:
        found.calls.append(("", message.function_call.name, message.function_call.arguments))
    found.finish = _finish(choice.finish_reason or _finish_details(choice))
    found.failed = "error" if getattr(choice, "error", None) else _unfinished(found.finish)
    _chat_usage(found, reply.usage)


def _finish_details(choice: Any) -> Any:
    """How an answer ended, as the vision preview of 2023 said it."""
    return (getattr(choice, "finish_details", None) or {}).get("type")


def _unfinished(*finishes: str) -> str:
    return "" if finishes and all(finishes) else "unfinished"


def _chat_call(call: Any) -> Call:
    if call.type == "custom":
        return call.id, call.custom.name, call.custom.input
    return call.id, call.function.name, call.function.arguments


def _chat_message(found: Facts, message: Any) -> None:
    content = message.content
    if isinstance(content, list):
        for part in content:
            found.text += part.get("text") or "" if isinstance(part.get("text"), str) else ""
            for thought in part.get("thinking") or ():
                found.reasoning += thought.get("text") or ""
    elif isinstance(content, dict):
        found.text += json.dumps(content, separators=(",", ":"))
    else:
        found.text += content or ""
    found.refusal += message.refusal or ""
    sound = getattr(message, "audio", None)
    read = sound.get if isinstance(sound, dict) else lambda name: getattr(sound, name, None)
    found.spoken += read("transcript") or ""
    shown = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    details = getattr(message, "reasoning_details", None) or ()
    told = "".join(one.get("text") or one.get("summary") or "" for one in details)
    found.reasoning += shown if isinstance(shown, str) else told


def _chat_usage(found: Facts, usage: Any) -> None:
    if usage is None or usage.prompt_tokens is None:
        return
    read, written = usage.prompt_tokens_details, usage.completion_tokens_details
    cached = getattr(read, "cached_tokens", None) or getattr(usage, "cached_tokens", None) or 0
    thought = getattr(written, "reasoning_tokens", None) or 0
    found.usage = (usage.prompt_tokens, usage.completion_tokens or 0, cached, thought)


def _streamed_chat(found: Facts) -> None:
    calls: dict[int, list[str]] = {}
    finishes: dict[int, str] = {}
    legacy = ["", "", ""]
    chunks: Any = _openai().chat.completions.create(model="m", messages=[], stream=True)
    for chunk in chunks:
        for choice in chunk.choices or ():
            index = choice.index or 0
            finishes[index] = _finish(choice.finish_reason) or finishes.get(index, "")
            if index:
                continue
            if choice.delta is not None:
                _chat_message(found, choice.delta)
                for call in choice.delta.tool_calls or ():
                    _chat_piece(calls, call)
                if choice.delta.function_call is not None:
                    legacy[1] += choice.delta.function_call.name or ""
                    legacy[2] += choice.delta.function_call.arguments or ""
        _chat_usage(found, chunk.usage)
    found.finish = finishes.get(0, "")
    found.failed = _unfinished(*finishes.values())
    found.calls = [(call[0], call[1], call[2]) for call in calls.values()]
    if legacy[1]:
        found.calls.append(("", legacy[1], legacy[2]))


def _chat_piece(calls: dict[int, list[str]], call: Any) -> None:
    own = calls.setdefault(call.index or 0, ["", "", ""])
    own[0] = own[0] or call.id or ""
    said = call.function or getattr(call, "custom", None) or {}
    read = said.get if isinstance(said, dict) else lambda name: getattr(said, name, None)
    own[1] = own[1] or read("name") or ""
    own[2] += read("arguments") or read("input") or ""


def _whole_responses(found: Facts) -> None:
    _response(found, _openai().responses.create(model="m", input="x"), items=True)


def _response(found: Facts, reply: Any, *, items: bool) -> None:
    for item in reply.output or () if items else ():
        _item(found, item)
    if reply.status == "failed" or reply.error is not None:
        found.failed = "failed"
    cut = reply.incomplete_details
    found.finish = _finish(cut.reason if cut is not None else reply.status)
    usage = reply.usage
    if usage is not None:
        cached = getattr(usage.input_tokens_details, "cached_tokens", None) or 0
        thought = getattr(usage.output_tokens_details, "reasoning_tokens", None) or 0
        found.usage = (usage.input_tokens, usage.output_tokens, cached, thought)


def _item(found: Facts, item: Any) -> None:
    match item.type:
        case "message":
            for part in item.content or ():
                found.text += (getattr(part, "text", "") or "") if part.type != "refusal" else ""
                found.refusal += part.refusal if part.type == "refusal" else ""
        case "reasoning":
            parts = item.summary or item.content or ()
            found.reasoning += "\n\n".join(part.text for part in parts)
        case "function_call":
            found.calls.append((item.call_id, item.name, item.arguments))
        case "custom_tool_call":
            found.calls.append((item.call_id, item.name, item.input))


def _streamed_responses(found: Facts) -> None:
    """Deltas where there are any; items' final values where there are none."""
    texts: dict[tuple[str, Any], str] = {}
    done: dict[Any, Any] = {}
    last: Any = None
    events: Any = _openai().responses.create(model="m", input="x", stream=True)
    for event in events:
        kind = event.type
        if kind in _DELTAS:
            key = (_DELTAS[kind], event.output_index)
            texts[key] = texts.get(key, "") + event.delta
        elif kind == "response.output_item.done":
            done[event.output_index] = event.item
        elif kind in ("response.completed", "response.incomplete", "response.failed"):
            last = event.response
        elif kind == "error":
            found.failed = "error"
    items = [item for _, item in sorted(done.items())] or list(last.output if last else ())
    for place, item in zip(sorted(done) or range(len(items)), items, strict=True):
        own = Facts()
        _item(own, item)
        found.text += texts.get(("text", place), own.text)
        found.refusal += texts.get(("refusal", place), own.refusal)
        shown = texts.get(("summary", place)) or texts.get(("reasoning", place))
        found.reasoning += shown or own.reasoning
        found.calls += own.calls
    if last is not None:
        _response(found, last, items=False)
    found.failed = found.failed or _unfinished(found.finish)


_DELTAS = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "summary",
    "response.reasoning_text.delta": "reasoning",
}


def _whole_messages(found: Facts) -> None:
    reply = _anthropic().messages.create(model="m", max_tokens=9, messages=[])
    for block in reply.content:
        _block(found, block)
    found.finish = _finish(reply.stop_reason)
    found.failed = _unfinished(found.finish)
    _messages_usage(found, reply.usage)


def _block(found: Facts, block: Any) -> None:
    match block.type:
        case "text":
            found.text += block.text
        case "thinking":
            found.reasoning += block.thinking
        case "tool_use":
            found.calls.append((block.id, block.name, _unwrapped(block.input)))


def _unwrapped(value: Any) -> Any:
    """What was wrapped since Messages needs an object."""
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        if name in ("input", "arguments") and isinstance(inner, str):
            return _Wrapped(value)
    return value


class _Wrapped(dict[str, Any]):
    """An object that equals what it wraps."""

    def __eq__(self, other: object) -> bool:
        inner = next(iter(self.values()))
        return dict(self) == other or inner == other or _parsed(inner) == other

    __hash__ = None


def _messages_usage(found: Facts, usage: Any) -> None:
    if usage is None:
        return
    cached = usage.cache_read_input_tokens or 0
    read = (usage.input_tokens or 0) + cached + (usage.cache_creation_input_tokens or 0)
    details = getattr(usage, "output_tokens_details", None)
    thought = getattr(details, "thinking_tokens", None) or 0
    found.usage = (read, usage.output_tokens or 0, cached, thought)


def _streamed_messages(found: Facts) -> None:
    with _anthropic().messages.stream(model="m", max_tokens=9, messages=[]) as stream:
        reply = stream.get_final_message()
    for block in reply.content:
        _block(found, block)
    found.finish = _finish(reply.stop_reason)
    found.failed = _unfinished(found.finish)
    _messages_usage(found, reply.usage)


_READERS: dict[tuple[str, bool], Callable[[Facts], None]] = {
    ("chat", False): _whole_chat,
    ("chat", True): _streamed_chat,
    ("responses", False): _whole_responses,
    ("responses", True): _streamed_responses,
    ("messages", False): _whole_messages,
    ("messages", True): _streamed_messages,
}
