"""Pitfalls 20 to 24, 31 and 33: what Responses answers, as Chat Completions tells it."""

from typing import Any

import pytest

from tests.exchange import CHAT, MESSAGES, RESPONSES, Found, answered, between, frames, opened, said
from tests.scripted import (
    added,
    arguments,
    call,
    created,
    done,
    ended,
    message,
    reasoning,
    response,
    speech,
    thinking,
    usage,
)

THOUGHT = reasoning("Hm.")
FIRST = call("f", '{"a":1}')
SECOND = call("g", '{"b":2}', number=2)
INTERLEAVED = (
    created(),
    *thinking(0, THOUGHT),
    added(1, FIRST),
    added(2, SECOND),
    arguments(1, FIRST, '{"a"'),
    arguments(2, SECOND, '{"b"'),
    arguments(1, FIRST, ":1}"),
    arguments(2, SECOND, ":2}"),
    done(2, SECOND),
    done(1, FIRST),
    ended(THOUGHT, FIRST, SECOND),
)


def chunks(*events: Found, **body: Any) -> list[Found]:
    """What a caller of Chat Completions is told, without the word that all is over."""
    found = said(between(CHAT, RESPONSES, {"stream": True, **body}), *events)
    assert found[-1] == "[DONE]"
    return found[:-1]


def deltas(found: list[Found]) -> list[Found]:
    return [one["choices"][0]["delta"] for one in found if one.get("choices")]


def calls(found: list[Found]) -> list[Found]:
    return [one for delta in deltas(found) for one in delta.get("tool_calls") or ()]


def joined(found: list[Found], name: str = "content") -> str:
    return "".join(delta.get(name) or "" for delta in deltas(found))


def finish(found: list[Found]) -> list[str]:
    reasons = [one["choices"][0].get("finish_reason") for one in found if one.get("choices")]
    return [reason for reason in reasons if reason]


def test_pitfall_20_calls_are_numbered_from_0_without_gaps() -> None:
    found = calls(chunks(*INTERLEAVED))
    assert [one["index"] for one in found if one.get("id")] == [0, 1]
    assert {one["index"] for one in found} == {0, 1}


def test_pitfall_20_numbers_follow_the_first_appearance() -> None:
    found = calls(
        chunks(
            created(),
            added(5, SECOND),
            added(3, FIRST),
            done(3, FIRST),
            done(5, SECOND),
            ended(FIRST, SECOND),
        )
    )
    numbers = {one["id"]: one["index"] for one in found if one.get("id")}
    assert sorted(numbers.values()) == [0, 1]
    assert numbers["call_2"] == 0


def test_pitfall_21_each_delta_goes_to_its_own_call() -> None:
    found = calls(chunks(*INTERLEAVED))
    for index, whole in enumerate((FIRST, SECOND)):
        own = [one for one in found if one["index"] == index]
        assert "".join(one["function"].get("arguments", "") for one in own) == whole["arguments"]


def test_pitfall_21_id_type_and_name_are_told_once_and_first() -> None:
    found = calls(chunks(*INTERLEAVED))
    for index, whole in enumerate((FIRST, SECOND)):
        head, *rest = (one for one in found if one["index"] == index)
        assert (head["id"], head["type"]) == (whole["call_id"], "function")
        assert head["function"]["name"] == whole["name"]
        assert rest
        assert not any("id" in one or "type" in one or "name" in one["function"] for one in rest)


DONE_ONLY: dict[str, tuple[Found, ...]] = {
    "items alone": (created(), done(0, message("Hello")), done(1, FIRST), ended()),
    "the last event alone": (created(), ended(message("Hello"), FIRST)),
    "both": (
        created(),
        done(0, message("Hello")),
        done(1, FIRST),
        ended(message("Hello"), FIRST),
    ),
    "deltas, and an end without output": (
        created(),
        *speech(0, message("Hello"), "Hel", "lo"),
        added(1, FIRST),
        arguments(1, FIRST, FIRST["arguments"]),
        done(1, FIRST),
        ended(),
    ),
}


@pytest.mark.parametrize("how", DONE_ONLY)
def test_pitfall_22_everything_is_told_exactly_once(how: str) -> None:
    found = chunks(*DONE_ONLY[how])
    assert joined(found) == "Hello"
    assert "".join(one["function"].get("arguments", "") for one in calls(found)) == '{"a":1}'
    assert finish(found) == ["tool_calls"]
    blocks = said(between(MESSAGES, RESPONSES, {"stream": True}), *DONE_ONLY[how])
    parts = [one["delta"] for one in blocks if one["type"] == "content_block_delta"]
    assert "".join(part.get("text", "") for part in parts) == "Hello"
    assert "".join(part.get("partial_json", "") for part in parts) == '{"a":1}'


@pytest.mark.parametrize("how", DONE_ONLY)
def test_pitfall_22_a_whole_reply_is_rebuilt_from_events(how: str) -> None:
    answer = between(CHAT, RESPONSES, {}).collect(frames(*DONE_ONLY[how]))
    (choice,) = opened(answer)["choices"]
    assert choice["message"]["content"] == "Hello"
    (made,) = choice["message"]["tool_calls"]
    assert made["function"] == {"name": "f", "arguments": '{"a":1}'}
    assert choice["finish_reason"] == "tool_calls"


def incomplete(reason: str) -> Found:
    return {"kind": "incomplete", "incomplete_details": {"reason": reason}}


ENDS: list[tuple[tuple[Found, ...], Found, str]] = [
    ((message("Hi"),), {}, "stop"),
    ((FIRST,), {}, "tool_calls"),
    ((message("Hi"), FIRST), {}, "tool_calls"),
    ((FIRST, message("Hi")), {}, "tool_calls"),
    ((message("Hi"),), incomplete("max_output_tokens"), "length"),
    ((FIRST,), incomplete("max_output_tokens"), "length"),
    ((message("Hi"),), incomplete("content_filter"), "content_filter"),
]


@pytest.mark.parametrize(("output", "how", "reason"), ENDS)
def test_pitfall_23_the_finish_says_how_it_ended(
    output: tuple[Found, ...], how: Found, reason: str
) -> None:
    items = [done(index, item) for index, item in enumerate(output)]
    assert finish(chunks(created(), *items, ended(*output, **how))) == [reason]
    more = {**how, "status": how.get("kind", "completed")}
    more.pop("kind", None)
    whole = answered(between(CHAT, RESPONSES, {}), response(*output, **more))
    assert whole["choices"][0]["finish_reason"] == reason


def chunk(delta: Found, reason: str | None = None) -> Found:
    choice = {"index": 0, "delta": delta, "finish_reason": reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "m-1"}
    return {**head, "choices": [choice]}


NAMELESS = {"index": 0, "id": "c1", "type": "function", "function": {"arguments": "{}"}}


@pytest.mark.parametrize("phantom", [{}, {"tool_calls": [NAMELESS]}, {"tool_calls": []}])
def test_pitfall_24_a_stop_for_tools_without_a_call_is_a_plain_stop(phantom: Found) -> None:
    events = (
        chunk({"role": "assistant", "content": "Hi"}),
        chunk(phantom),
        chunk({}, "tool_calls"),
        "[DONE]",
    )
    found = said(between(CHAT, CHAT, {"stream": True}), *events)[:-1]
    assert (finish(found), calls(found)) == (["stop"], [])
    blocks = said(between(MESSAGES, CHAT, {"stream": True}), *events)
    reasons = [one["delta"]["stop_reason"] for one in blocks if one["type"] == "message_delta"]
    assert reasons == ["end_turn"]
    last = said(between(RESPONSES, CHAT, {"stream": True}), *events)[-1]
    assert [item["type"] for item in last["response"]["output"]] == ["message"]


def test_pitfall_24_a_whole_reply_too() -> None:
    choice = {"message": {"role": "assistant", "content": "Hi"}, "finish_reason": "tool_calls"}
    reply = {"id": "chatcmpl-1", "created": 5, "model": "m", "choices": [{"index": 0, **choice}]}
    made = answered(between(CHAT, CHAT, {}), reply)
    assert made["choices"][0]["finish_reason"] == "stop"
    assert answered(between(MESSAGES, CHAT, {}), reply)["stop_reason"] == "end_turn"


REFUSED = message({"type": "refusal", "refusal": "I won't."})


def test_pitfall_31_a_refusal_is_told_as_one_by_chat() -> None:
    events = (created(), *speech(0, REFUSED, "I ", "won't.", kind="refusal"), ended(REFUSED))
    found = chunks(*events)
    assert (joined(found, "refusal"), joined(found)) == ("I won't.", "")
    assert sum(bool(delta.get("refusal")) for delta in deltas(found)) == 2
    whole = answered(between(CHAT, RESPONSES, {}), response(REFUSED))["choices"][0]["message"]
    assert (whole["refusal"], whole["content"]) == ("I won't.", None)


def test_pitfall_31_a_refusal_is_text_and_a_stop_reason_to_messages() -> None:
    events = (created(), *speech(0, REFUSED, "I ", "won't.", kind="refusal"), ended(REFUSED))
    found = said(between(MESSAGES, RESPONSES, {"stream": True}), *events)
    parts = [one["delta"] for one in found if one["type"] == "content_block_delta"]
    assert "".join(part["text"] for part in parts) == "I won't."
    assert found[-2]["delta"]["stop_reason"] == "refusal"
    whole = answered(between(MESSAGES, RESPONSES, {}), response(REFUSED))
    assert (whole["content"][0]["text"], whole["stop_reason"]) == ("I won't.", "refusal")


def test_pitfall_33_chunks_have_one_head_a_role_first_and_a_finish_last() -> None:
    hello = message("Hello")
    found = chunks(created(), *speech(0, hello, "Hel", "lo"), ended(hello, usage=usage()))
    heads = {(one["id"], one["created"], one["model"], one["object"]) for one in found}
    assert len(heads) == 1
    assert heads.pop()[1:] == (5, "m-1", "chat.completion.chunk")
    roles = [delta.get("role") for delta in deltas(found)]
    assert roles[0] == "assistant"
    assert found[-1]["choices"][0]["finish_reason"] == "stop"
    assert finish(found) == ["stop"]


def test_pitfall_33_the_id_is_made_for_each_answer() -> None:
    made = between(CHAT, RESPONSES, {"stream": True})
    events = (created(), ended(message("Hi")))
    one, other = said(made, *events), said(made, *events)
    assert one[0]["id"].startswith("chatcmpl-")
    assert one[0]["id"] != other[0]["id"]


def test_pitfall_10_who_asked_with_functions_is_answered_with_a_function_call() -> None:
    made = between(CHAT, RESPONSES, {"functions": [{"name": "f", "parameters": {}}]})
    (choice,) = answered(made, response(FIRST))["choices"]
    assert choice["message"]["function_call"] == {"name": "f", "arguments": '{"a":1}'}
    assert choice["finish_reason"] == "function_call"
