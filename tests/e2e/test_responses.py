"""Responses: made, streamed, and all that is done to one afterwards."""

import openai
import pytest
from pydantic import BaseModel

from tests.e2e.callers import Caller

ANSWER = "This is the embedded upstream. You said: Grüße, 世界 🙂"
ASKED = {"model": "gpt-4.1", "input": "Grüße, 世界 🙂"}
TOOLS = [
    {
        "type": "function",
        "name": name,
        "parameters": {"type": "object", "properties": {}, "additionalProperties": False},
        "strict": True,
    }
    for name in ("weather", "clock")
]


class Verdict(BaseModel):
    """What a structured answer holds."""

    label: str
    score: float


def test_a_whole_response_arrives(caller: Caller) -> None:
    response = caller.call(lambda c: c.responses.create(**ASKED))
    assert response.status == "completed"
    assert response.output_text == ANSWER
    assert response.usage.total_tokens > 0


def test_a_streamed_response_arrives_in_order_and_to_its_end(caller: Caller) -> None:
    events = caller.items(lambda c: c.responses.create(**ASKED, stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    deltas = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert "".join(deltas) == ANSWER == events[-1].response.output_text


def test_parallel_calls_make_the_round_by_the_id_of_the_response(caller: Caller) -> None:
    first = caller.call(
        lambda c: c.responses.create(model="gpt-4.1", input="Both in parallel.", tools=TOOLS)
    )
    calls = [item for item in first.output if item.type == "function_call"]
    assert [call.name for call in calls] == ["weather", "clock"]
    outputs = [
        {"type": "function_call_output", "call_id": call.call_id, "output": call.name}
        for call in calls
    ]
    second = caller.call(
        lambda c: c.responses.create(
            model="gpt-4.1", input=outputs, tools=TOOLS, previous_response_id=first.id
        )
    )
    assert second.output_text == "The tool answered: weather; clock"


def test_a_structured_response_is_parsed(caller: Caller) -> None:
    response = caller.call(lambda c: c.responses.parse(**ASKED, text_format=Verdict))
    assert isinstance(response.output_parsed, Verdict)


def test_reasoning_arrives_sealed_as_it_was(caller: Caller) -> None:
    response = caller.call(
        lambda c: c.responses.create(
            **ASKED,
            reasoning={"effort": "medium", "summary": "auto"},
            include=["reasoning.encrypted_content"],
            store=False,
        )
    )
    assert response.output[0].type == "reasoning"
    assert response.output[0].encrypted_content


def test_a_stored_response_is_retrieved(caller: Caller) -> None:
    made = caller.call(lambda c: c.responses.create(**ASKED))
    again = caller.call(lambda c: c.responses.retrieve(made.id))
    assert (again.id, again.output_text) == (made.id, ANSWER)


def test_the_rest_of_a_stream_is_retrieved_after_an_event(caller: Caller) -> None:
    made = caller.call(lambda c: c.responses.create(**ASKED))
    events = caller.items(lambda c: c.responses.retrieve(made.id, stream=True, starting_after=3))
    sent, _ = caller.place.last()
    assert sent.target.startswith(b"/v1/responses/" + made.id.encode() + b"?")
    assert events[0].sequence_number == 4
    assert events[-1].type == "response.completed"


def test_input_items_are_listed_with_a_repeated_include_in_the_query(caller: Caller) -> None:
    made = caller.call(lambda c: c.responses.create(**ASKED))
    includes = ["message.input_image.image_url", "reasoning.encrypted_content"]
    items = caller.items(
        lambda c: c.responses.input_items.list(made.id, include=includes, order="asc", limit=5)
    )
    assert [item.role for item in items] == ["user"]
    _, seen = caller.place.last()
    assert seen.target.count(b"include") == 2


def test_a_background_response_is_cancelled(caller: Caller) -> None:
    made = caller.call(lambda c: c.responses.create(**ASKED, background=True))
    assert made.status == "queued"
    cancelled = caller.call(lambda c: c.responses.cancel(made.id))
    assert cancelled.id == made.id
    sent, seen = caller.place.last()
    assert (sent.body, seen.body) == (b"", b"")
    assert seen.values(b"content-length") == [b"0"]


def test_a_deleted_response_is_gone(caller: Caller) -> None:
    made = caller.call(lambda c: c.responses.create(**ASKED))
    caller.call(lambda c: c.responses.delete(made.id))
    with pytest.raises(openai.NotFoundError, match="not found"):
        caller.call(lambda c: c.responses.retrieve(made.id))


def test_input_tokens_are_counted(caller: Caller) -> None:
    counted = caller.call(lambda c: c.responses.input_tokens.count(**ASKED))
    assert counted.input_tokens > 0


def test_a_conversation_is_compacted(caller: Caller) -> None:
    compacted = caller.call(lambda c: c.responses.compact(**ASKED))
    assert compacted.output[-1].type == "compaction"
    assert compacted.output[-1].encrypted_content
