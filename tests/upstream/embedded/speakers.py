"""The same conversation in each of the three dialects, answered whole or streamed, and read back as :class:`Heard`."""

import json
from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen

from tests.upstream.embedded.room import Room, events, frames

__all__ = ["DIALECTS", "Heard", "Speaker"]

Json = dict[str, Any]


@frozen
class Heard:
    """What an answer says, whatever the dialect."""

    text: str
    calls: list[tuple[str, str, Any]]
    """Id, name, and arguments as read from their JSON."""
    finish: str
    usage: tuple[int, int]
    """Tokens in and out."""
    reasoning: str = ""
    refusal: bool = False


@define
class Speaker:
    """One conversation: :meth:`ask` it, :meth:`hear` the answer, :meth:`give` results of tools."""

    dialect: str
    stream: bool = False
    tools: dict[str, Json] = field(factory=dict)
    more: Json = field(factory=dict)
    room: Room = field(factory=Room)
    history: list[Json] = field(factory=list)
    model: str = "some-model"

    def hear(self, fault: str = "") -> Heard:
        """The answer to the history, which then has it."""
        path, body, read = getattr(self, f"_{self.dialect}")()
        answered = self.room.post(path, {**body, "stream": self.stream, **self.more}, fault)
        assert answered.status == 200, bytes(answered.body)
        heard: Heard = read(answered)
        return heard

    def ask(self, text: str, picture: str = "", url: str = "") -> Heard:
        """The answer to a question, with a picture (base64) or its URL."""
        self.history.append({"role": "user", "content": self._content(text, picture, url)})
        return self.hear()

    def _content(self, text: str, picture: str, url: str) -> Any:
        place = url or f"data:image/png;base64,{picture}"
        if not picture and not url:
            return text
        match self.dialect:
            case "chat":
                image: Json = {"type": "image_url", "image_url": {"url": place}}
                return [{"type": "text", "text": text}, image]
            case "responses":
                image = {"type": "input_image", "image_url": place}
                return [{"type": "input_text", "text": text}, image]
        source = {"type": "base64", "media_type": "image/png", "data": picture}
        source = {"type": "url", "url": url} if url else source
        return [{"type": "text", "text": text}, {"type": "image", "source": source}]

    def give(self, results: dict[str, str], beside: str = "") -> Heard:
        """The answer to results of tools, by their call's id, and perhaps words beside them."""
        match self.dialect:
            case "chat":
                items = [
                    {"role": "tool", "tool_call_id": i, "content": r} for i, r in results.items()
                ]
            case "responses":
                kind = "function_call_output"
                items = [{"type": kind, "call_id": i, "output": r} for i, r in results.items()]
            case _:
                blocks = [
                    {"type": "tool_result", "tool_use_id": i, "content": r}
                    for i, r in results.items()
                ]
                blocks += [{"type": "text", "text": beside}] if beside else []
                items, beside = [{"role": "user", "content": blocks}], ""
        self.history += items
        self.history += [{"role": "user", "content": beside}] if beside else []
        return self.hear()

    def _chat(self) -> tuple[str, Json, Callable[[Any], Heard]]:
        body: Json = {"model": self.model, "messages": self.history}
        if self.stream:
            body["stream_options"] = {"include_usage": True}
        if self.tools:
            functions = [{"name": n, "parameters": s} for n, s in self.tools.items()]
            body["tools"] = [{"type": "function", "function": f} for f in functions]
        return "/v1/chat/completions", body, self._read_chat

    def _read_chat(self, answered: Any) -> Heard:
        document = _fold_chat(events(answered.body)) if self.stream else answered.json
        [choice], usage = document["choices"], document["usage"]
        said = choice["message"]
        self.history.append(said)
        made = [(c["id"], c["function"]) for c in said.get("tool_calls") or ()]
        return Heard(
            said["content"] or said["refusal"] or "",
            [(i, f["name"], json.loads(f["arguments"])) for i, f in made],
            choice["finish_reason"],
            (usage["prompt_tokens"], usage["completion_tokens"]),
            said.get("reasoning_content") or "",
            bool(said["refusal"]),
        )

    def _responses(self) -> tuple[str, Json, Callable[[Any], Heard]]:
        tools = [{"type": "function", "name": n, "parameters": s} for n, s in self.tools.items()]
        body = {"model": self.model, "input": self.history, "tools": tools, "store": False}
        return "/v1/responses", body, self._read_responses

    def _read_responses(self, answered: Any) -> Heard:
        document = events(answered.body)[-1]["response"] if self.stream else answered.json
        self.history += document["output"]
        items = {kind: [i for i in document["output"] if i["type"] == kind] for kind in _ITEMS}
        parts = [p for i in items["message"] for p in i["content"]]
        made = items["function_call"]
        why = (document["incomplete_details"] or {}).get("reason")
        usage = document["usage"]
        return Heard(
            "".join(p.get("text") or p.get("refusal", "") for p in parts),
            [(c["call_id"], c["name"], json.loads(c["arguments"])) for c in made],
            why or document["status"],
            (usage["input_tokens"], usage["output_tokens"]),
            "".join(s["text"] for i in items["reasoning"] for s in i["summary"]),
            any(p["type"] == "refusal" for p in parts),
        )

    def _messages(self) -> tuple[str, Json, Callable[[Any], Heard]]:
        tools = [{"name": n, "input_schema": s} for n, s in self.tools.items()]
        body = {"model": self.model, "messages": self.history, "max_tokens": 4096, "tools": tools}
        return "/v1/messages", body, self._read_messages

    def _read_messages(self, answered: Any) -> Heard:
        document = fold_message(answered.body) if self.stream else answered.json
        self.history.append({"role": "assistant", "content": document["content"]})
        blocks, usage = document["content"], document["usage"]
        return Heard(
            "".join(b["text"] for b in blocks if b["type"] == "text"),
            [(b["id"], b["name"], b["input"]) for b in blocks if b["type"] == "tool_use"],
            document["stop_reason"],
            (usage["input_tokens"], usage["output_tokens"]),
            "".join(b["thinking"] for b in blocks if b["type"] == "thinking"),
            document["stop_reason"] == "refusal",
        )


_ITEMS = ("message", "function_call", "reasoning")
DIALECTS = ("chat", "responses", "messages")


def _fold_chat(chunks: list[Json]) -> Json:
    """A completion out of its chunks."""
    said: Json = {"role": "assistant", "content": None, "refusal": None}
    finish = None
    for chunk in chunks[:-1]:
        [choice] = chunk["choices"]
        for name, value in choice["delta"].items():
            if name in ("content", "refusal", "reasoning_content") and value is not None:
                said[name] = (said.get(name) or "") + value
        for call in choice["delta"].get("tool_calls", ()):
            calls = said.setdefault("tool_calls", [])
            if call["index"] == len(calls):
                calls.append({n: v for n, v in call.items() if n != "index"})
            else:
                calls[-1]["function"]["arguments"] += call["function"]["arguments"]
        finish = choice["finish_reason"] or finish
    message = {"message": said, "finish_reason": finish}
    return {"choices": [message], "usage": chunks[-1]["usage"]}


def fold_message(body: bytes) -> Json:
    """A message out of its events, their order checked on the way."""
    told = [(name, json.loads(data)) for name, data in frames(body)]
    assert all(name == event["type"] for name, event in told)
    kinds = [event["type"] for _, event in told]
    assert kinds[:3] == ["message_start", "content_block_start", "ping"]
    assert kinds[-2:] == ["message_delta", "message_stop"]
    message: Json = {**told[0][1]["message"]}
    blocks: list[Json] = []
    open_block: int | None = None
    written: dict[int, str] = {}
    for _, event in told[1:-2]:
        match event["type"]:
            case "content_block_start":
                assert (open_block, event["index"]) == (None, len(blocks))
                open_block = event["index"]
                blocks.append({**event["content_block"]})
            case "content_block_delta":
                assert event["index"] == open_block
                _grow(blocks[-1], event["delta"], written, event["index"])
            case "content_block_stop":
                assert event["index"] == open_block
                open_block = None
    assert open_block is None
    for index, text in written.items():
        blocks[index]["input"] = json.loads(text)
    last = told[-2][1]
    usage = {**message["usage"], **last["usage"]}
    return {**message, "content": blocks, **last["delta"], "usage": usage}


def _grow(block: Json, delta: Json, written: dict[int, str], index: int) -> None:
    match delta["type"]:
        case "input_json_delta":
            assert block["input"] == {}
            written[index] = written.get(index, "") + delta["partial_json"]
        case "signature_delta":
            block["signature"] += delta["signature"]
        case kind:
            name = kind.removesuffix("_delta")
            block[name] += delta[name]
