"""Pitfalls 40 to 44 and 46: what Responses answers, as Messages tells it."""

from typing import Any

import pytest

from tests.exchange import CHAT, MESSAGES, RESPONSES, Found, answered, between, said
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

FIRST = call("f", '{"a":1}')
SECOND = call("g", '{"b":2}', number=2)
THIRD = call("h", "{}", number=3)
THOUGHT = reasoning("Hm.")


def blocks(*events: Found | str, upstream: Any = RESPONSES, **body: Any) -> list[Found]:
    return said(between(MESSAGES, upstream, {"stream": True, **body}), *events)


def check(told: list[Found]) -> list[tuple[Found, list[Found]]]:
    """Each block's beginning and deltas, seen to be one after the other, numbered from 0.

    This is what the vendor's client relies upon, for it looks a block up by its number.
    """
    found: list[tuple[Found, list[Found]]] = []
    open_block: int | None = None
    for one in told:
        match one["type"]:
            case "content_block_start":
                assert (open_block, one["index"]) == (None, len(found))
                open_block = one["index"]
                found.append((one["content_block"], []))
            case "content_block_delta":
                assert one["index"] == open_block
                found[-1][1].append(one["delta"])
            case "content_block_stop":
                assert one["index"] == open_block
                open_block = None
    assert open_block is None
    return found


def inputs(told: list[Found]) -> dict[str, str]:
    """Name of each tool called to its arguments, as deltas told them."""
    return {
        start["name"]: "".join(delta["partial_json"] for delta in deltas)
        for start, deltas in check(told)
        if start["type"] == "tool_use"
    }


def test_pitfall_40_interleaved_calls_are_told_one_after_the_other() -> None:
    told = blocks(
        created(),
        *thinking(0, THOUGHT),
        added(1, FIRST),
        added(2, SECOND),
        arguments(2, SECOND, '{"b"'),
        arguments(1, FIRST, '{"a"'),
        arguments(2, SECOND, ":2}"),
        done(2, SECOND),
        arguments(1, FIRST, ":1}"),
        done(1, FIRST),
        ended(THOUGHT, FIRST, SECOND),
    )
    kinds = [start["type"] for start, _ in check(told)]
    assert kinds == ["thinking", "tool_use", "tool_use"]
    assert inputs(told) == {"f": '{"a":1}', "g": '{"b":2}'}


def test_pitfall_40_so_are_those_of_chat_and_words_among_them() -> None:
    told = blocks(
        piece(role="assistant", content="Let me see."),
        piece(tool_calls=[part(0, "f"), part(1, "g")]),
        piece(tool_calls=[part(1, arguments='{"b"'), part(0, arguments='{"a":1}')]),
        piece(content=" And so."),
        piece(tool_calls=[part(1, arguments=":2}")]),
        piece("tool_calls"),
        "[DONE]",
        upstream=CHAT,
    )
    assert inputs(told) == {"f": '{"a":1}', "g": '{"b":2}'}
    words = [
        delta["text"]
        for start, deltas in check(told)
        for delta in deltas
        if start["type"] == "text"
    ]
    assert "".join(words) == "Let me see. And so."


def piece(finish: str | None = None, **delta: Any) -> Found:
    """A chunk of Chat Completions."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "m"}
    return {**head, "choices": [choice]}


def part(index: int, name: str | None = None, arguments: str | None = None) -> Found:
    """A delta of a call: its beginning if it has a name."""
    if name is not None:
        inner = {"name": name, "arguments": ""}
        return {"index": index, "id": f"call_{name}", "type": "function", "function": inner}
    return {"index": index, "function": {"arguments": arguments}}


def test_pitfall_41_a_call_begins_empty_and_its_arguments_are_deltas() -> None:
    events = (created(), done(0, FIRST), done(1, THIRD), ended(FIRST, THIRD))
    for start, deltas in check(blocks(*events)):
        assert (start["type"], start["input"]) == ("tool_use", {})
        assert deltas
        assert {delta["type"] for delta in deltas} == {"input_json_delta"}
    assert inputs(blocks(*events)) == {"f": '{"a":1}', "h": "{}"}


def test_pitfall_41_no_arguments_at_all_are_an_empty_object() -> None:
    silent = call("h", "", number=3)
    assert inputs(blocks(created(), added(0, silent), done(0, silent), ended(silent))) == {
        "h": "{}"
    }
    told = blocks(piece(tool_calls=[part(0, "h")]), piece("tool_calls"), "[DONE]", upstream=CHAT)
    assert inputs(told) == {"h": "{}"}
    whole = answered(between(MESSAGES, RESPONSES, {}), response(silent))
    assert whole["content"][0]["input"] == {}


def test_pitfall_42_an_empty_text_between_pieces_of_a_call_changes_nothing() -> None:
    told = blocks(
        piece(role="assistant", content=""),
        piece(tool_calls=[part(0, "f")], content=""),
        piece(tool_calls=[part(0, arguments='{"a"')]),
        piece(content=""),
        piece(tool_calls=[part(0, arguments=":1}")]),
        piece(content=""),
        piece("tool_calls"),
        "[DONE]",
        upstream=CHAT,
    )
    ((start, deltas),) = check(told)
    assert start["type"] == "tool_use"
    assert "".join(delta["partial_json"] for delta in deltas) == '{"a":1}'


def test_pitfall_42_nor_does_one_of_responses() -> None:
    empty = message("")
    place = {"item_id": "msg_1", "output_index": 1, "content_index": 0}
    told = blocks(
        created(),
        added(0, FIRST),
        arguments(0, FIRST, '{"a"'),
        *speech(1, empty)[:2],
        {"type": "response.output_text.delta", **place, "delta": ""},
        arguments(0, FIRST, ":1}"),
        done(0, FIRST),
        *speech(1, empty)[2:],
        ended(FIRST, empty),
    )
    ((start, _),) = check(told)
    assert (start["type"], inputs(told)) == ("tool_use", {"f": '{"a":1}'})


def incomplete(reason: str) -> Found:
    return {"kind": "incomplete", "incomplete_details": {"reason": reason}}


HI = message("Hi")
CUT = {**call("f", '{"a":'), "status": "incomplete"}
STOPS: list[tuple[tuple[Found, ...], Found, str]] = [
    ((HI,), {}, "end_turn"),
    ((FIRST,), {}, "tool_use"),
    ((HI, FIRST), {}, "tool_use"),
    ((HI,), incomplete("max_output_tokens"), "max_tokens"),
    ((CUT,), incomplete("max_output_tokens"), "max_tokens"),
    ((HI,), incomplete("content_filter"), "refusal"),
]


@pytest.mark.parametrize(("output", "how", "reason"), STOPS)
def test_pitfall_43_the_stop_reason_says_how_it_ended(
    output: tuple[Found, ...], how: Found, reason: str
) -> None:
    items = [done(index, item) for index, item in enumerate(output)]
    told = blocks(created(), *items, ended(*output, **how))
    assert [one["type"] for one in told[-2:]] == ["message_delta", "message_stop"]
    assert told[-2]["delta"]["stop_reason"] == reason
    more = {**how, "status": how.get("kind", "completed")}
    more.pop("kind", None)
    whole = answered(between(MESSAGES, RESPONSES, {}), response(*output, **more))
    assert whole["stop_reason"] == reason


def test_pitfall_43_a_stop_sequence_is_named() -> None:
    long = message("one END two")
    events = (created(), *speech(0, long, "one E", "ND two"), ended(long))
    told = blocks(*events, stop_sequences=["END"])
    assert told[-2]["delta"] == {"stop_reason": "stop_sequence", "stop_sequence": "END"}
    ((_, deltas),) = check(told)
    assert "".join(delta["text"] for delta in deltas) == "one "
    whole = answered(between(MESSAGES, RESPONSES, {"stop_sequences": ["END"]}), response(long))
    assert (whole["stop_reason"], whole["stop_sequence"]) == ("stop_sequence", "END")


def test_pitfall_43_a_full_window_is_the_others_length() -> None:
    reply = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "model_context_window_exceeded",
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    assert answered(between(MESSAGES, MESSAGES, {}), reply)["stop_reason"] == reply["stop_reason"]
    chat = answered(between(CHAT, MESSAGES, {}), reply)
    assert chat["choices"][0]["finish_reason"] == "length"


COUNTS = {"input_tokens", "output_tokens", "cache_creation_input_tokens", "cache_read_input_tokens"}


def test_pitfall_44_a_message_starts_with_an_estimate_and_ends_with_the_truth() -> None:
    made = between(MESSAGES, RESPONSES, {"stream": True}, input_estimate=42)
    events = (created(), *speech(0, HI, "Hi"), ended(HI, usage=usage(100, 5, cached=60)))
    told = said(made, *events)
    assert told[0]["type"] == "message_start"
    first = told[0]["message"]["usage"]
    assert first.keys() >= COUNTS
    assert first["input_tokens"] == 42
    last = told[-2]["usage"]
    assert last.keys() >= COUNTS
    assert (last["input_tokens"], last["cache_read_input_tokens"], last["output_tokens"]) == (
        40,
        60,
        5,
    )


def test_pitfall_44_without_an_estimate_the_fields_are_there_all_the_same() -> None:
    for upstream, events in (
        (RESPONSES, (created(), ended(HI))),
        (CHAT, (piece(role="assistant", content="Hi"), piece("stop"), "[DONE]")),
    ):
        told = blocks(*events, upstream=upstream)
        assert told[0]["message"]["usage"].keys() >= COUNTS
        assert {"input_tokens", "output_tokens"} <= told[-2]["usage"].keys()


def test_pitfall_46_no_token_is_counted_twice() -> None:
    counts = usage(100, 5, cached=60)
    counts["input_tokens_details"]["cache_write_tokens"] = 30
    events = (created(), ended(HI, usage=counts))
    whole = answered(between(MESSAGES, RESPONSES, {}), response(HI, usage=counts))
    for made in (whole["usage"], blocks(*events)[-2]["usage"]):
        assert made["cache_read_input_tokens"] == 60
        assert made["cache_creation_input_tokens"] == 30
        assert made["input_tokens"] == 10
        assert made["output_tokens"] == 5


def test_pitfall_46_what_chat_counts_is_parted_too() -> None:
    counts = {
        "prompt_tokens": 100,
        "completion_tokens": 5,
        "total_tokens": 105,
        "prompt_tokens_details": {"cached_tokens": 60},
    }
    events = (piece(role="assistant", content="Hi"), {**piece("stop"), "usage": counts}, "[DONE]")
    made = blocks(*events, upstream=CHAT)[-2]["usage"]
    assert (made["input_tokens"], made["cache_read_input_tokens"]) == (40, 60)
