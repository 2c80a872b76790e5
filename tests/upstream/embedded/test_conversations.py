"""What is said, in both dialects: tools, refusals, structure, reasoning, limits, and usage that adds up."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.upstream.embedded.room import Room, chat, events, question

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
CLOCK = {"type": "object", "properties": {}}
TOOLS = {"weather": WEATHER, "clock": CLOCK}
CHAT_TOOLS = [
    {"type": "function", "function": {"name": n, "parameters": s}} for n, s in TOOLS.items()
]
TOOL_LIST = [{"type": "function", "name": n, "parameters": s} for n, s in TOOLS.items()]


def completion(room: Room, body: dict[str, Any], stream: bool) -> dict[str, Any]:
    """A completion, whole or folded from its stream: message, finish_reason, usage."""
    if not stream:
        answered = room.post("/v1/chat/completions", body)
        assert answered.status == 200, answered.body
        [choice] = answered.json["choices"]
        return {**choice, "usage": answered.json["usage"], "id": answered.json["id"]}
    body = {**body, "stream": True, "stream_options": {"include_usage": True}}
    answered = room.post("/v1/chat/completions", body)
    assert answered.body.endswith(b"data: [DONE]\n\n")
    *chunks, last = events(answered.body)
    assert last["choices"] == []
    assert all(chunk["usage"] is None for chunk in chunks)
    message: dict[str, Any] = {"content": None, "refusal": None}
    finishes = []
    for chunk in chunks:
        [choice] = chunk["choices"]
        grow(message, choice["delta"])
        finishes.append(choice["finish_reason"])
    assert finishes[:-1] == [None] * (len(finishes) - 1)
    return {"message": message, "finish_reason": finishes[-1], "usage": last["usage"]}


def grow(message: dict[str, Any], delta: dict[str, Any]) -> None:
    """Add a delta to a message, as clients do."""
    for name in ("content", "refusal"):
        if delta.get(name) is not None:
            message[name] = (message[name] or "") + delta[name]
    for call in delta.get("tool_calls", []):
        calls = message.setdefault("tool_calls", [])
        if call["index"] == len(calls):
            calls.append({k: v for k, v in call.items() if k != "index"})
        else:
            grown = calls[call["index"]]["function"]
            grown["arguments"] += call["function"]["arguments"]


def response(room: Room, body: dict[str, Any], stream: bool) -> dict[str, Any]:
    """A response, whole or from its terminal event, its deltas checked on the way."""
    answered = room.post("/v1/responses", {**body, "stream": stream})
    assert answered.status == 200, answered.body
    if not stream:
        return answered.json
    documents = events(answered.body)
    assert [d["sequence_number"] for d in documents] == list(range(len(documents)))
    check_growth(documents)
    return documents[-1]["response"]


def check_growth(documents: list[dict[str, Any]]) -> None:
    """Joined deltas are the value that ends them; finished items are the output."""
    grown: dict[tuple[str, str], str] = {}
    for document in documents:
        kind, _, stage = document["type"].rpartition(".")
        if stage == "delta":
            key = (kind, document["item_id"])
            grown[key] = grown.get(key, "") + document["delta"]
        elif stage == "done" and (kind, document.get("item_id")) in grown:
            values = [document.get(n) for n in ("text", "refusal", "arguments", "input")]
            assert grown.pop((kind, document["item_id"])) in values
    assert grown == {}
    items = [d["item"] for d in documents if d["type"] == "response.output_item.done"]
    assert items == documents[-1]["response"]["output"]


both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


@both
def test_chat_quotes_the_user(stream: bool) -> None:
    said = completion(Room(), chat("good morning"), stream)
    assert said["message"]["content"].endswith("You said: good morning")
    assert said["finish_reason"] == "stop"


@both
def test_a_response_quotes_the_user(stream: bool) -> None:
    said = response(Room(), question("good morning"), stream)
    [message] = said["output"]
    assert message["content"][0]["text"].endswith("You said: good morning")
    assert (said["status"], message["status"]) == ("completed", "completed")


@both
@pytest.mark.parametrize(
    ("text", "extra", "names"),
    [
        ("what now?", {}, ["weather"]),
        ("ask the clock", {}, ["clock"]),
        ("in parallel please", {}, ["weather", "clock"]),
        ("in parallel please", {"parallel_tool_calls": False}, ["weather"]),
        ("what now?", {"tool_choice": "none"}, []),
        ("what now?", {"tool_choice": "required"}, ["weather"]),
    ],
)
def test_offered_tools_are_called(
    stream: bool, text: str, extra: dict[str, Any], names: list[str]
) -> None:
    room = Room()
    said = completion(room, chat(text, tools=CHAT_TOOLS, **extra), stream)
    calls = [c["function"] for c in said["message"].get("tool_calls", [])]
    assert [c["name"] for c in calls] == names
    assert said["finish_reason"] == ("tool_calls" if names else "stop")
    items = response(room, question(text, tools=TOOL_LIST, **extra), stream)["output"]
    made = [i for i in items if i["type"] == "function_call"]
    assert [c["name"] for c in made] == names
    for call in [*calls, *made]:
        Draft202012Validator(TOOLS[call["name"]]).validate(json.loads(call["arguments"]))


def test_a_named_tool_choice_is_kept() -> None:
    room = Room()
    choice = {"type": "function", "function": {"name": "clock"}}
    said = completion(room, chat("hi", tools=CHAT_TOOLS, tool_choice=choice), False)
    assert said["message"]["tool_calls"][0]["function"]["name"] == "clock"
    choice = {"type": "function", "name": "clock"}
    told = response(room, question("hi", tools=TOOL_LIST, tool_choice=choice), False)
    assert told["output"][0]["name"] == "clock"


@both
def test_custom_tools_are_called_with_text(stream: bool) -> None:
    tools = [{"type": "custom", "name": "shell"}]
    [call] = response(Room(), question("hi", tools=tools), stream)["output"]
    assert (call["type"], call["name"], call["input"]) == (
        "custom_tool_call",
        "shell",
        "plain text",
    )


@both
def test_a_chat_round_trip_quotes_the_tools_output(stream: bool) -> None:
    room, ask = Room(), chat("weather in parallel", tools=CHAT_TOOLS)
    first = completion(room, ask, stream)["message"]
    results = [
        {"role": "tool", "tool_call_id": call["id"], "content": f"result {n} é"}
        for n, call in enumerate(first["tool_calls"])
    ]
    ask["messages"] = [*ask["messages"], {"role": "assistant", **first}, *results]
    said = completion(room, ask, stream)
    assert said["message"]["content"] == "The tool answered: result 0 é; result 1 é"


@both
def test_a_response_round_trip_quotes_the_tools_output(stream: bool) -> None:
    room = Room()
    first = response(room, question("weather?", tools=TOOL_LIST), stream)
    [call] = first["output"]
    result = {"type": "function_call_output", "call_id": call["call_id"], "output": "21 degrees"}
    ask = question("", tools=TOOL_LIST, previous_response_id=first["id"])
    said = response(room, {**ask, "input": [result]}, stream)
    assert said["output"][0]["content"][0]["text"] == "The tool answered: 21 degrees"
    assert said["usage"]["input_tokens"] > first["usage"]["input_tokens"]


@both
def test_a_refusal_comes_on_request(stream: bool) -> None:
    room = Room()
    said = completion(room, chat("please refuse"), stream)
    assert said["message"]["refusal"].startswith("I'm sorry")
    assert (said["message"]["content"], said["finish_reason"]) == (None, "stop")
    part = response(room, question("please refuse"), stream)["output"][0]["content"][0]
    assert (part["type"], part["refusal"]) == ("refusal", said["message"]["refusal"])


@both
def test_structured_output_fits_the_schema(stream: bool) -> None:
    room = Room()
    form = {"name": "w", "schema": WEATHER, "strict": True}
    wanted = {"type": "json_schema", "json_schema": form}
    said = completion(room, chat("hi", response_format=wanted), stream)
    Draft202012Validator(WEATHER).validate(json.loads(said["message"]["content"]))
    told = response(room, question("hi", text={"format": {"type": "json_schema", **form}}), stream)
    Draft202012Validator(WEATHER).validate(json.loads(told["output"][0]["content"][0]["text"]))
    plain = completion(room, chat("hi", response_format={"type": "json_object"}), stream)
    assert json.loads(plain["message"]["content"]) == {"answer": "hi"}


@both
def test_reasoning_comes_when_it_is_asked_for(stream: bool) -> None:
    room = Room()
    ask = question("hi", reasoning={"effort": "low", "summary": "auto"})
    ask["include"] = ["reasoning.encrypted_content"]
    said = response(room, ask, stream)
    reasoning, message = said["output"]
    assert (reasoning["type"], message["type"]) == ("reasoning", "message")
    assert reasoning["summary"][0]["text"]
    assert reasoning["encrypted_content"]
    assert said["usage"]["output_tokens_details"]["reasoning_tokens"] > 0
    bare = response(room, question("hi", reasoning={"effort": "low"}), stream)["output"][0]
    assert (bare["summary"], "encrypted_content" in bare) == ([], False)
    chatted = completion(room, chat("hi", reasoning_effort="low"), stream)
    details = chatted["usage"]["completion_tokens_details"]
    assert details["reasoning_tokens"] > 0
    assert chatted["usage"]["completion_tokens"] > details["reasoning_tokens"]


@both
def test_a_limit_cuts_the_text_and_says_so(stream: bool) -> None:
    room = Room()
    said = completion(room, chat("hi", max_completion_tokens=3), stream)
    assert (said["message"]["content"], said["finish_reason"]) == ("This is the", "length")
    assert said["usage"]["completion_tokens"] == 3
    told = response(room, question("hi", max_output_tokens=3), stream)
    assert told["status"] == "incomplete"
    assert told["incomplete_details"] == {"reason": "max_output_tokens"}
    assert told["output"][0]["content"][0]["text"] == "This is the"


@both
@pytest.mark.parametrize("extra", [{}, {"tools": CHAT_TOOLS}, {"reasoning_effort": "high"}])
def test_usage_adds_up(stream: bool, extra: dict[str, Any]) -> None:
    usage = completion(Room(), chat("hello there", **extra), stream)["usage"]
    assert usage["prompt_tokens"] + usage["completion_tokens"] == usage["total_tokens"]
    assert min(usage["prompt_tokens"], usage["completion_tokens"]) > 0


def test_usage_of_whole_and_stream_is_the_same() -> None:
    room = Room()
    assert completion(room, chat("a"), True)["usage"] == completion(room, chat("a"), False)["usage"]
    one, other = (response(room, question("a"), stream)["usage"] for stream in (True, False))
    assert one == other
    assert one["input_tokens"] + one["output_tokens"] == one["total_tokens"]


def test_several_choices_come_whole_and_streamed() -> None:
    room = Room()
    whole = room.post("/v1/chat/completions", chat("hi", n=3)).json
    assert [c["index"] for c in whole["choices"]] == [0, 1, 2]
    chunks = events(room.post("/v1/chat/completions", chat("hi", n=3, stream=True)).body)
    ended = [c["choices"][0]["index"] for c in chunks if c["choices"][0]["finish_reason"]]
    assert ended == [0, 1, 2]


def test_the_same_request_gets_the_same_answer() -> None:
    one, other = (Room().post("/v1/responses", question("x")) for _ in range(2))
    assert one.body == other.body
    assert one.json["id"] != Room().post("/v1/responses", question("y")).json["id"]
