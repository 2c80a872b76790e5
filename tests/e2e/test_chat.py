"""Chat Completions and the older completions."""

import json

import pytest
from pydantic import BaseModel

from tests.e2e.callers import Caller

ASKED = [{"role": "user", "content": "Grüße, 世界 🙂"}]
ANSWER = "This is the embedded upstream. You said: Grüße, 世界 🙂"


def function(name: str, field: str) -> dict:
    schema = {
        "type": "object",
        "properties": {field: {"type": "string"}},
        "required": [field],
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "parameters": schema, "strict": True}}


TOOLS = [function("weather", "city"), function("clock", "zone")]


class Verdict(BaseModel):
    """What a structured answer holds."""

    label: str
    score: float
    sure: bool


def test_a_whole_completion_arrives(caller: Caller) -> None:
    completion = caller.call(lambda c: c.chat.completions.create(model="gpt-4.1", messages=ASKED))
    assert completion.choices[0].message.content == ANSWER
    assert completion.choices[0].finish_reason == "stop"
    usage = completion.usage
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


def test_a_streamed_completion_arrives(caller: Caller) -> None:
    chunks = caller.items(
        lambda c: c.chat.completions.create(model="gpt-4.1", messages=ASKED, stream=True)
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ANSWER
    assert chunks[-1].choices[0].finish_reason == "stop"
    assert all(chunk.usage is None for chunk in chunks)


def test_a_stream_ends_with_its_usage_where_that_was_asked_for(caller: Caller) -> None:
    chunks = caller.items(
        lambda c: c.chat.completions.create(
            model="gpt-4.1",
            messages=ASKED,
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    assert chunks[-1].choices == []
    assert chunks[-1].usage.completion_tokens > 0
    assert chunks[-2].choices[0].finish_reason == "stop"


@pytest.mark.parametrize(
    "framing", ["crlf", "nospace+comments", "bytewise", "multiline+crlf+comments"]
)
def test_oddly_framed_streams_pass_as_they_are(caller: Caller, framing: str) -> None:
    chunks = caller.items(
        lambda c: c.chat.completions.create(
            model="gpt-4.1",
            messages=ASKED,
            stream=True,
            extra_headers={"x-embedded-fault": f"framing={framing}"},
        )
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == ANSWER


def test_parallel_tool_calls_make_the_round(caller: Caller) -> None:
    asked = [{"role": "user", "content": "Call both in parallel."}]
    first = caller.call(
        lambda c: c.chat.completions.create(model="gpt-4.1", messages=asked, tools=TOOLS)
    )
    message = first.choices[0].message
    assert first.choices[0].finish_reason == "tool_calls"
    assert [call.function.name for call in message.tool_calls] == ["weather", "clock"]
    results = [
        {"role": "tool", "tool_call_id": call.id, "content": f"{call.function.name} says {n}"}
        for n, call in enumerate(message.tool_calls)
    ]
    history = [*asked, message.model_dump(exclude_none=True), *results]
    second = caller.call(
        lambda c: c.chat.completions.create(model="gpt-4.1", messages=history, tools=TOOLS)
    )
    content = second.choices[0].message.content
    assert content == "The tool answered: weather says 0; clock says 1"


def test_streamed_tool_calls_are_whole_when_put_together(caller: Caller) -> None:
    chunks = caller.items(
        lambda c: c.chat.completions.create(
            model="gpt-4.1",
            messages=[{"role": "user", "content": "parallel"}],
            tools=TOOLS,
            stream=True,
        )
    )
    names: dict[int, str] = {}
    arguments: dict[int, str] = {}
    for chunk in chunks:
        for call in chunk.choices[0].delta.tool_calls or []:
            names[call.index] = names.get(call.index) or call.function.name
            arguments[call.index] = arguments.get(call.index, "") + (call.function.arguments or "")
    assert names == {0: "weather", 1: "clock"}
    assert list(json.loads(arguments[0])) == ["city"]
    assert list(json.loads(arguments[1])) == ["zone"]
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


def test_a_structured_answer_is_parsed(caller: Caller) -> None:
    completion = caller.call(
        lambda c: c.chat.completions.parse(model="gpt-4.1", messages=ASKED, response_format=Verdict)
    )
    assert isinstance(completion.choices[0].message.parsed, Verdict)


def test_a_whole_older_completion_arrives(caller: Caller) -> None:
    completion = caller.call(
        lambda c: c.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello")
    )
    assert "Hello" in completion.choices[0].text


def test_a_streamed_older_completion_arrives(caller: Caller) -> None:
    whole = caller.call(
        lambda c: c.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello")
    )
    chunks = caller.items(
        lambda c: c.completions.create(model="gpt-3.5-turbo-instruct", prompt="Hello", stream=True)
    )
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == (
        whole.choices[0].text
    )


def test_an_answer_of_a_megabyte_arrives_whole(caller: Caller) -> None:
    completion = caller.call(
        lambda c: c.chat.completions.create(
            model="gpt-4.1", messages=ASKED, extra_headers={"x-embedded-fault": "size=1000000"}
        )
    )
    assert len(completion.choices[0].message.content) == 1_000_000


def test_a_question_of_a_megabyte_arrives_whole(caller: Caller) -> None:
    question = [{"role": "user", "content": "x" * 1_000_000}]
    completion = caller.call(
        lambda c: c.chat.completions.create(model="gpt-4.1", messages=question)
    )
    assert completion.choices[0].message.content.endswith("x" * 300)


def test_a_caller_that_leaves_a_stream_can_ask_again(caller: Caller) -> None:
    first = caller.leave(
        lambda c: c.chat.completions.create(
            model="gpt-4.1",
            messages=ASKED,
            stream=True,
            extra_headers={"x-embedded-fault": "stall=1"},
        )
    )
    assert first.choices[0].delta.role == "assistant"
    completion = caller.call(lambda c: c.chat.completions.create(model="gpt-4.1", messages=ASKED))
    assert completion.choices[0].message.content == ANSWER


def test_an_unknown_field_of_the_caller_passes(caller: Caller) -> None:
    caller.call(
        lambda c: c.chat.completions.create(
            model="gpt-4.1", messages=ASKED, extra_body={"a_field_of_tomorrow": {"deep": [1, None]}}
        )
    )
    sent, _ = caller.place.last()
    assert b"a_field_of_tomorrow" in sent.body


def test_the_callers_organization_and_project_pass(caller: Caller) -> None:
    caller.call(lambda c: c.chat.completions.create(model="gpt-4.1", messages=ASKED))
    _, seen = caller.place.last()
    assert seen.values(b"openai-organization") == [b"org-of-the-caller"]
    assert seen.values(b"openai-project") == [b"proj-of-the-caller"]
