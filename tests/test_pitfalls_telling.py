"""Pitfalls 27 to 30 and 32: reasoning, usage and sources, as Chat Completions tells them."""

from typing import Any

import pytest

from openaiproxy.dialects.dialect import Shown
from tests.exchange import CHAT, MESSAGES, RESPONSES, Found, answered, asked, between, said
from tests.scripted import (
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

HELLO = message("Hello")
THOUGHT = reasoning("First.", "Second.")
THINKING = (created(), *thinking(0, THOUGHT), *speech(1, HELLO, "Hel", "lo"), ended(THOUGHT, HELLO))


def shown(reasoning: str) -> dict[str, str]:
    """What each field of the deltas comes to."""
    made = between(CHAT, RESPONSES, {"stream": True}, shown=Shown(reasoning))
    texts: dict[str, str] = {}
    for one in said(made, *THINKING)[:-1]:
        for name, value in one["choices"][0]["delta"].items():
            if name != "role" and isinstance(value, str):
                texts[name] = texts.get(name, "") + value
    return {name: text for name, text in texts.items() if text}


THOUGHTS = "First.\n\nSecond."


@pytest.mark.parametrize(
    ("how", "texts"),
    [
        ("reasoning_content", {"content": "Hello", "reasoning_content": THOUGHTS}),
        ("reasoning", {"content": "Hello", "reasoning": THOUGHTS}),
        (
            "both",
            {"content": "Hello", "reasoning_content": THOUGHTS, "reasoning": THOUGHTS},
        ),
        ("think", {"content": f"<think>\n{THOUGHTS}\n</think>\n\nHello"}),
        ("content", {"content": f"Reasoning Summary:\n{THOUGHTS}\n\nHello"}),
        ("off", {"content": "Hello"}),
    ],
)
def test_pitfall_27_summaries_are_shown_where_they_are_wanted(
    how: str, texts: dict[str, str]
) -> None:
    assert shown(how) == texts


def test_pitfall_27_a_whole_reply_shows_the_same() -> None:
    whole = answered(between(CHAT, RESPONSES, {}), response(THOUGHT, HELLO))
    (choice,) = whole["choices"]
    assert choice["message"]["reasoning_content"] == THOUGHTS
    assert choice["message"]["content"] == "Hello"


TWICE = (reasoning("One."), HELLO, reasoning("Two.", number=2), message("again", number=2))


@pytest.mark.parametrize("how", ["think", "content", "reasoning_content"])
def test_pitfall_27_a_stream_and_a_whole_reply_have_one_order(how: str) -> None:
    events = [created()]
    for index, item in enumerate(TWICE):
        grown = thinking(index, item) if "summary" in item else speech(index, item)
        events += grown
    events.append(ended(*TWICE))
    streamed = between(CHAT, RESPONSES, {"stream": True}, shown=Shown(how))
    deltas = [one["choices"][0]["delta"] for one in said(streamed, *events)[:-1]]
    whole = answered(between(CHAT, RESPONSES, {}, shown=Shown(how)), response(*TWICE))
    (choice,) = whole["choices"]
    assert choice["message"]["content"] == "".join(delta.get("content", "") for delta in deltas)
    if how == "content":
        head = "Reasoning Summary:\n"
        assert choice["message"]["content"] == f"{head}One.\n\nHello{head}Two.\n\nagain"


def counted(upstream: Any = RESPONSES, *events: Found | str, **body: Any) -> list[Found]:
    plain = (created(), *speech(0, HELLO, "Hello"), ended(HELLO, usage=usage(10, 5)))
    found = said(between(CHAT, upstream, {"stream": True, **body}), *(events or plain))
    assert found[-1] == "[DONE]"
    return found[:-1]


def test_pitfall_28_usage_is_told_in_one_last_chunk_when_asked_for() -> None:
    *rest, last = counted(stream_options={"include_usage": True})
    assert last["choices"] == []
    assert last["usage"]["total_tokens"] == 15
    assert all(one["usage"] is None and one["choices"] for one in rest)


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": False}}])
def test_pitfall_28_usage_is_not_told_when_not_asked_for(options: Found) -> None:
    found = counted(**options)
    assert all(one["choices"] and not one.get("usage") for one in found)


def test_pitfall_28_usage_that_somebody_else_asked_for_is_not_told() -> None:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 5, "model": "m"}
    counts = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
    choice = {"index": 0, "delta": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    events = ({**head, "choices": [choice]}, {**head, "choices": [], "usage": counts}, "[DONE]")
    found = counted(CHAT, *events)
    assert all(one["choices"] and not one.get("usage") for one in found)
    found = counted(CHAT, *events, stream_options={"include_usage": True})
    assert [one["usage"] for one in found if not one["choices"]] == [counts]


def test_pitfall_28_a_caller_who_cannot_ask_gets_usage_from_an_upstream_that_is_asked() -> None:
    for caller in (MESSAGES, RESPONSES):
        made = asked(caller, CHAT, stream=True)
        assert made["stream_options"]["include_usage"] is True


@pytest.mark.parametrize("caller", [CHAT, RESPONSES, MESSAGES])
@pytest.mark.parametrize("stream", [{}, {"stream": False}])
def test_pitfall_29_without_a_stream_there_are_no_options_of_one(
    caller: Any, stream: Found
) -> None:
    assert "stream_options" not in asked(caller, CHAT, **stream)
    options = {"stream_options": {"include_usage": True}}
    for upstream in (CHAT, RESPONSES):
        assert "stream_options" not in asked(CHAT, upstream, **stream, **options)


def test_pitfall_30_details_of_usage_are_carried_and_totals_agree() -> None:
    counts = usage(100, 50, cached=60, thought=20)
    made = answered(between(CHAT, RESPONSES, {}), response(HELLO, usage=counts))["usage"]
    assert made["prompt_tokens"] + made["completion_tokens"] == made["total_tokens"] == 150
    assert (made["prompt_tokens"], made["prompt_tokens_details"]["cached_tokens"]) == (100, 60)
    assert made["completion_tokens_details"]["reasoning_tokens"] == 20
    events = (created(), done(0, HELLO), ended(HELLO, usage=counts))
    assert counted(RESPONSES, *events, stream_options={"include_usage": True})[-1]["usage"] == made


def test_pitfall_30_usage_of_messages_is_summed_for_chat() -> None:
    counts = {
        "input_tokens": 40,
        "cache_read_input_tokens": 50,
        "cache_creation_input_tokens": 10,
        "output_tokens": 5,
    }
    reply = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": [{"type": "text", "text": "Hi"}],
        "stop_reason": "end_turn",
        "usage": counts,
    }
    made = answered(between(CHAT, MESSAGES, {}), reply)["usage"]
    assert (made["prompt_tokens"], made["completion_tokens"], made["total_tokens"]) == (100, 5, 105)
    assert made["prompt_tokens_details"]["cached_tokens"] == 50


SEARCH = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "q"},
}
CITED = {
    "type": "url_citation",
    "url": "https://example.com",
    "title": "T",
    "start_index": 0,
    "end_index": 5,
}
SOURCED = message({"type": "output_text", "text": "Hello", "annotations": [CITED]})
NOTED = {
    "type": "url_citation",
    "url_citation": {
        "url": "https://example.com",
        "title": "T",
        "start_index": 0,
        "end_index": 5,
    },
}


def test_pitfall_32_sources_are_annotations_and_a_search_is_no_call() -> None:
    made = answered(between(CHAT, RESPONSES, {}), response(SEARCH, SOURCED))["choices"][0]
    assert made["message"]["annotations"] == [NOTED]
    assert not made["message"].get("tool_calls")
    assert made["finish_reason"] == "stop"


def test_pitfall_32_a_stream_tells_the_same_once() -> None:
    added = {
        "type": "response.output_text.annotation.added",
        "item_id": "msg_1",
        "output_index": 1,
        "content_index": 0,
        "annotation_index": 0,
        "annotation": CITED,
    }
    words = speech(1, SOURCED, "Hello")
    events = (created(), done(0, SEARCH), *words[:3], added, *words[3:], ended(SEARCH, SOURCED))
    found = said(between(CHAT, RESPONSES, {"stream": True}), *events)[:-1]
    deltas = [one["choices"][0]["delta"] for one in found]
    assert [note for delta in deltas for note in delta.get("annotations") or ()] == [NOTED]
    assert not any(delta.get("tool_calls") for delta in deltas)
    assert found[-1]["choices"][0]["finish_reason"] == "stop"
