"""What a Responses upstream says, by hand: items, and the events of a stream."""

from typing import Any

Found = dict[str, Any]

__all__ = [
    "added",
    "arguments",
    "call",
    "created",
    "done",
    "ended",
    "message",
    "reasoning",
    "response",
    "speech",
    "summary",
    "thinking",
    "usage",
]


def response(*output: Found, **more: Any) -> Found:
    """A whole answer, complete unless said otherwise."""
    head = {"id": "resp_1", "object": "response", "created_at": 5, "status": "completed"}
    return {**head, "model": "m-1", "output": list(output), **more}


def usage(read: int = 10, written: int = 5, *, cached: int = 0, thought: int = 0) -> Found:
    return {
        "input_tokens": read,
        "input_tokens_details": {"cached_tokens": cached},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": read + written,
    }


def message(*parts: Found | str, number: int = 1) -> Found:
    """An item of words; a text stands for a part of text."""
    texts = [
        {"type": "output_text", "text": part, "annotations": []} if isinstance(part, str) else part
        for part in parts
    ]
    head = {"type": "message", "id": f"msg_{number}", "role": "assistant"}
    return {**head, "status": "completed", "content": texts}


def call(name: str, arguments: str = "{}", *, number: int = 1) -> Found:
    head = {"type": "function_call", "id": f"fc_{number}", "call_id": f"call_{number}"}
    return {**head, "name": name, "arguments": arguments, "status": "completed"}


def reasoning(*texts: str, seal: str | None = None, number: int = 1) -> Found:
    parts = [{"type": "summary_text", "text": text} for text in texts]
    found = {"type": "reasoning", "id": f"rs_{number}", "summary": parts}
    return found if seal is None else {**found, "encrypted_content": seal}


def created() -> Found:
    return {"type": "response.created", "response": response(status="in_progress")}


def added(index: int, item: Found) -> Found:
    """The beginning of an item, as yet empty."""
    empty: Found = {"arguments": ""} if "arguments" in item else {}
    empty |= {"content": []} if "content" in item else {}
    empty |= {"summary": []} if "summary" in item else {}
    found = {**item, **empty}
    found.pop("encrypted_content", None)
    return {"type": "response.output_item.added", "output_index": index, "item": found}


def done(index: int, item: Found) -> Found:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


def arguments(index: int, item: Found, delta: str) -> Found:
    kind = "response.function_call_arguments.delta"
    return {"type": kind, "item_id": item["id"], "output_index": index, "delta": delta}


def _place(index: int, item: Found, content: int = 0) -> Found:
    return {"item_id": item["id"], "output_index": index, "content_index": content}


def speech(index: int, item: Found, *deltas: str, kind: str = "output_text") -> list[Found]:
    """An item of words with one part, from its beginning to its end.

    :param kind: or ``refusal``.
    """
    place = _place(index, item)
    (whole,) = item["content"]
    said = "text" if kind == "output_text" else "refusal"
    return [
        added(index, item),
        {"type": "response.content_part.added", **place, "part": {**whole, said: ""}},
        *({"type": f"response.{kind}.delta", **place, "delta": delta} for delta in deltas),
        {"type": f"response.{kind}.done", **place, said: whole[said]},
        {"type": "response.content_part.done", **place, "part": whole},
        done(index, item),
    ]


def summary(index: int, item: Found, number: int, *deltas: str) -> list[Found]:
    """One summary part of a reasoning item, from its beginning to its end."""
    place = {"item_id": item["id"], "output_index": index, "summary_index": number}
    whole = item["summary"][number]
    head = "response.reasoning_summary"
    return [
        {"type": f"{head}_part.added", **place, "part": {**whole, "text": ""}},
        *({"type": f"{head}_text.delta", **place, "delta": delta} for delta in deltas),
        {"type": f"{head}_text.done", **place, "text": whole["text"]},
        {"type": f"{head}_part.done", **place, "part": whole},
    ]


def thinking(index: int, item: Found) -> list[Found]:
    """A reasoning item with all its summaries."""
    parts = [
        event
        for number, part in enumerate(item["summary"])
        for event in summary(index, item, number, part["text"])
    ]
    return [added(index, item), *parts, done(index, item)]


def ended(*output: Found, kind: str = "completed", **more: Any) -> Found:
    """The last event of a stream."""
    return {"type": f"response.{kind}", "response": response(*output, status=kind, **more)}
