"""Events of a stream as bytes.

All but the text of a delta is the same from one delta to the next, and is made once.
"""

from openaiproxy.hub.parts import Json, JsonObject
from openaiproxy.wire import json, sse

__all__ = ["DELTA", "PING", "STOP", "TAIL", "frame", "frame_whole"]

DELTA = (
    b"event: content_block_delta\n"
    b'data: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":'
)
"""What stands before a delta's text: to be filled with index, type, and the text's field."""

TAIL = b"}}\n\n"
"""What stands behind it."""

PING = sse.encode(b'{"type":"ping"}', b"ping")
STOP = sse.encode(b'{"type":"message_stop"}', b"message_stop")


def frame(kind: str, **fields: Json) -> bytes:
    """One event.

    :param kind: its name, and its type.
    """
    return sse.encode(json.dumps({"type": kind, **fields}), kind.encode())


def frame_whole(index: int, block: JsonObject) -> bytes:
    """The events, but for its stop, of a block that comes at once.

    What clients read only from deltas is told by them. A block that came as it stands may lack
    what it should have.
    """
    deltas: list[tuple[str, str, Json]] = []
    match block.get("type"):
        case "thinking":
            deltas = [
                ("thinking_delta", "thinking", block.get("thinking")),
                ("signature_delta", "signature", block.get("signature")),
            ]
            block = {**block, "thinking": "", "signature": ""}
        case "text":
            deltas = [("text_delta", "text", block.get("text"))]
            block = {**block, "text": ""}
        case "server_tool_use" | "mcp_tool_use":
            deltas = [("input_json_delta", "partial_json", json.text(block.get("input", {})))]
            block = {**block, "input": {}}
    written = [frame("content_block_start", index=index, content_block=block)]
    for kind, name, text in deltas:
        if isinstance(text, str) and text:
            delta = {"type": kind, name: text}
            written.append(frame("content_block_delta", index=index, delta=delta))
    return b"".join(written)
