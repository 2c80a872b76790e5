"""A response as a stream: created, in progress, each item as it begins, grows and ends, and one
terminal event.

Sequence numbers count from 0 without a gap, joined deltas equal the final value, and there is no
``[DONE]``.
"""

from collections.abc import Iterator
from itertools import count

from openaiproxy.upstream.embedded.braiding import braided, chained
from openaiproxy.upstream.embedded.calls import Event
from openaiproxy.upstream.embedded.conversation import ToolCall
from openaiproxy.upstream.embedded.response_documents import (
    Json,
    Turn,
    call_item,
    document,
    failure,
    has_summary,
    message_item,
    message_part,
    reasoning_item,
)

__all__ = ["broken", "events"]


def events(turn: Turn) -> Iterator[Event]:
    """The whole stream of a response."""
    for number, fields in enumerate(_shaped(turn)):
        terminal = fields["type"] in ("response.completed", "response.incomplete")
        yield Event({**fields, "sequence_number": number}, fields["type"], terminal)


def _shaped(turn: Turn) -> Iterator[Json]:
    """The events, less what the fault leaves out."""
    shape = turn.call.fault.shape
    for fields in _events(turn):
        if "done" in shape and fields["type"].endswith(".delta"):
            continue
        over = fields["type"] in ("response.completed", "response.incomplete")
        if "bare" in shape and over:
            fields = {**fields, "response": {**fields["response"], "output": []}}
        yield fields


def broken(turn: Turn, word: str, sent: int) -> list[Event]:
    """How a response's stream fails after that many events.

    Under ``error`` an error event with its object nested, as the service sends it, and then the
    failed response; under ``failed`` only that.
    """
    error = {"type": "server_error", **failure(turn), "param": None}
    frames: list[Json] = [{"type": "response.failed", "response": document(turn, "failed")}]
    if word == "error":
        frames.insert(0, {"type": "error", "error": error})
    numbers = count(sent)
    return [Event({**f, "sequence_number": next(numbers)}, f["type"], True) for f in frames]


def _events(turn: Turn) -> Iterator[Json]:
    said, index = turn.said, count()
    opening = document(turn, "in_progress")
    yield {"type": "response.created", "response": opening}
    if opening["background"]:
        yield {"type": "response.queued", "response": {**opening, "status": "queued"}}
    yield {"type": "response.in_progress", "response": opening}
    if said.reasoning:
        yield from _reasoning(turn, next(index))
    if said.text or said.refusal:
        yield from _message(turn, next(index))
    joined = braided if "interleaved" in turn.call.fault.shape else chained
    yield from joined(_call(turn, made, n, next(index)) for n, made in enumerate(said.calls))
    status = "completed" if said.whole else "incomplete"
    yield {"type": f"response.{status}", "response": document(turn, status)}


def _reasoning(turn: Turn, index: int) -> Iterator[Json]:
    item = reasoning_item(turn)
    place = {"item_id": item["id"], "output_index": index, "summary_index": 0}
    kind = "response.reasoning_summary"
    yield {"type": "response.output_item.added", "output_index": index} | {
        "item": {**item, "summary": []}
    }
    if has_summary(turn) and turn.said.reasoning:
        part = item["summary"][0]
        yield {"type": f"{kind}_part.added", **place, "part": {**part, "text": ""}}
        for piece in turn.said.reasoning.pieces():
            yield {"type": f"{kind}_text.delta", **place, "delta": piece}
        yield {"type": f"{kind}_text.done", **place, "text": part["text"]}
        yield {"type": f"{kind}_part.done", **place, "part": part}
    yield {"type": "response.output_item.done", "output_index": index, "item": item}


def _message(turn: Turn, index: int) -> Iterator[Json]:
    said, part = turn.said, message_part(turn.said)
    begun = message_item(turn, "in_progress", [])
    place = {"item_id": begun["id"], "output_index": index, "content_index": 0}
    grows = "refusal" if said.refusal else "text"
    logprobs: Json = {} if said.refusal else {"logprobs": []}
    kind = "response.refusal" if said.refusal else "response.output_text"
    text = said.refusal or said.text
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    yield {"type": "response.content_part.added", **place, "part": {**part, grows: ""}}
    for piece in text.pieces() if text else ():
        yield {"type": f"{kind}.delta", **place, "delta": piece, **logprobs}
    yield {"type": f"{kind}.done", **place, grows: part[grows], **logprobs}
    yield {"type": "response.content_part.done", **place, "part": part}
    ended = {**begun, "status": "completed" if said.whole else "incomplete", "content": [part]}
    yield {"type": "response.output_item.done", "output_index": index, "item": ended}


def _call(turn: Turn, made: ToolCall, number: int, index: int) -> Iterator[Json]:
    begun = call_item(turn, made, number, "in_progress", "")
    place = {"item_id": begun["id"], "output_index": index}
    kind, grows = ("custom_tool_call_input", "input") if made.plain else (None, "arguments")
    kind = f"response.{kind or 'function_call_arguments'}"
    yield {"type": "response.output_item.added", "output_index": index, "item": begun}
    for at in range(0, len(made.arguments), 8):
        yield {"type": f"{kind}.delta", **place, "delta": made.arguments[at : at + 8]}
    named = {} if made.plain else {"name": made.name}
    yield {"type": f"{kind}.done", **place, **named, grows: made.arguments}
    ended = call_item(turn, made, number, "completed", made.arguments)
    yield {"type": "response.output_item.done", "output_index": index, "item": ended}
