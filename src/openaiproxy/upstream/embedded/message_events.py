"""A message as a stream: ``message_start``, each block as it begins, grows and ends, then
``message_delta`` and ``message_stop``.

::

    event: content_block_delta
    data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}}

Each event bears the name of its type. A ``ping`` follows the beginning of the first block. A tool's
input begins with an empty piece, and is JSON only when it's whole.
"""

from collections.abc import Iterator

import orjson

from openaiproxy.upstream.embedded.calls import Call, Event
from openaiproxy.upstream.embedded.conversation import Said
from openaiproxy.upstream.embedded.message_documents import (
    Json,
    blocks,
    final_usage,
    frame,
    opening_usage,
    stop_reason,
)

__all__ = ["broken", "events"]

_WIDTH = 8


def events(call: Call, said: Said) -> Iterator[Event]:
    """The whole stream of a message."""
    opening = {**frame(call), "usage": opening_usage(said)}
    yield _event({"type": "message_start", "message": opening})
    for index, block in enumerate(blocks(call, said)):
        yield from _block(said, index, block)
    delta = {"stop_reason": stop_reason(said), "stop_sequence": said.stopped}
    yield _event({"type": "message_delta", "delta": delta, "usage": final_usage(said)}, True)
    yield _event({"type": "message_stop"}, True)


def broken(word: str, sent: int) -> list[Event]:
    """How a message's stream fails: one error event."""
    error = {"type": "overloaded_error", "message": "Overloaded"}
    return [_event({"type": "error", "error": error})]


def _event(fields: Json, terminal: bool = False) -> Event:
    return Event(fields, fields["type"], terminal)


def _block(said: Said, index: int, block: Json) -> Iterator[Event]:
    yield _event({"type": "content_block_start", "index": index, "content_block": _begun(block)})
    if index == 0:
        yield _event({"type": "ping"})
    for delta in _deltas(said, block):
        yield _event({"type": "content_block_delta", "index": index, "delta": delta})
    yield _event({"type": "content_block_stop", "index": index})


def _begun(block: Json) -> Json:
    """A block before it grew."""
    empty = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {name: empty.get(name, value) for name, value in block.items()}


def _deltas(said: Said, block: Json) -> Iterator[Json]:
    match block["type"]:
        case "thinking":
            for piece in said.reasoning.pieces() if said.reasoning and block["thinking"] else ():
                yield {"type": "thinking_delta", "thinking": piece}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case "text":
            text = said.refusal or said.text
            for piece in text.pieces() if text else ():
                yield {"type": "text_delta", "text": piece}
        case "tool_use":
            yield {"type": "input_json_delta", "partial_json": ""}
            written = orjson.dumps(block["input"]).decode()
            for at in range(0, len(written), _WIDTH):
                yield {"type": "input_json_delta", "partial_json": written[at : at + _WIDTH]}
