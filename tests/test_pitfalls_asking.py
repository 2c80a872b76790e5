"""Pitfalls 6 to 14: a question asked in Chat Completions, for Responses to answer.

Of 7, the renaming of a field for an upstream of the caller's own dialect is tested as the dialect
writes it. Of 9, what a model bears is a table's business; here is shown that all the settings it
may name stand in one place of the request, so that an amendment drops them in one step.
"""

import re
from typing import Any

import pytest
from attrs import evolve

from openaiproxy.hub.request import Request, Sampling
from tests.exchange import (
    CHAT,
    MESSAGES,
    RESPONSES,
    Found,
    answered,
    asked,
    between,
    frames,
    lost,
    said,
    told,
)
from tests.scripted import created, done, ended, message, response

PIXEL = "data:image/png;base64,iVBORw0KGgo="
LONG = "look_up_the_weather_of." + "very_" * 12 + "long"


def function(name: str, **more: Any) -> Found:
    return {"type": "function", "function": {"name": name, "parameters": {}, **more}}


def call(call_id: str, name: str = "f", arguments: str = "{}") -> Found:
    inner = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": inner}


def user(content: Any) -> Found:
    return {"role": "user", "content": content}


def bridged(**body: Any) -> Found:
    return asked(CHAT, RESPONSES, **body)


def test_pitfall_06_a_tool_without_strict_is_not_bound() -> None:
    tools = [function("a"), function("b", strict=True), function("c", strict=False)]
    made = bridged(tools=tools)["tools"]
    assert [(tool["name"], tool["strict"]) for tool in made] == [
        ("a", False),
        ("b", True),
        ("c", False),
    ]
    (tool,) = asked(MESSAGES, RESPONSES, tools=[{"name": "a", "input_schema": {}}])["tools"]
    assert tool["strict"] is False
    plain = {"type": "function", "name": "a", "parameters": {}}
    assert asked(RESPONSES, CHAT, tools=[plain])["tools"][0]["function"]["strict"] is True


@pytest.mark.parametrize(
    "limits",
    [
        {"max_tokens": 40},
        {"max_completion_tokens": 40},
        {"max_tokens": 99, "max_completion_tokens": 40},
    ],
)
def test_pitfall_07_the_limit_is_told_and_the_newer_word_wins(limits: Found) -> None:
    made = bridged(**limits)
    assert made["max_output_tokens"] == 40
    assert not made.keys() & {"max_tokens", "max_completion_tokens"}
    same = asked(CHAT, CHAT, **limits)
    assert (same["max_completion_tokens"], "max_tokens" in same) == (40, False)
    assert asked(CHAT, MESSAGES, **limits)["max_tokens"] == 40


@pytest.mark.parametrize(("asked_for", "sent"), [(1, 16), (15, 16), (16, 16), (17, 17)])
def test_pitfall_08_a_limit_below_16_is_raised_to_it(asked_for: int, sent: int) -> None:
    assert bridged(max_tokens=asked_for)["max_output_tokens"] == sent
    assert asked(MESSAGES, RESPONSES, max_tokens=asked_for)["max_output_tokens"] == sent


def test_pitfall_08_a_raised_limit_that_is_hit_is_still_length() -> None:
    cut = response(
        message("Once"), status="incomplete", incomplete_details={"reason": "max_output_tokens"}
    )
    made = answered(between(CHAT, RESPONSES, {"max_tokens": 1}), cut)
    assert made["choices"][0]["finish_reason"] == "length"
    made = answered(between(MESSAGES, RESPONSES, {"max_tokens": 1}), cut)
    assert made["stop_reason"] == "max_tokens"


def test_pitfall_09_all_settings_of_sampling_are_dropped_in_one_step() -> None:
    def plain(request: Request) -> Request:
        return evolve(request, sampling=Sampling())

    drawn = {
        "temperature": 0.5,
        "top_p": 0.9,
        "logprobs": True,
        "top_logprobs": 2,
        "presence_penalty": 1,
        "frequency_penalty": 1,
        "seed": 3,
        "logit_bias": {"1": 1},
    }
    for upstream in (CHAT, RESPONSES, MESSAGES):
        made = between(CHAT, upstream, drawn, amend=plain)
        bare = between(CHAT, upstream, {})
        assert (made.body, made.losses) == (bare.body, bare.losses)


def test_pitfall_10_what_responses_has_no_field_for_is_mapped() -> None:
    made = bridged(
        logprobs=True,
        top_logprobs=2,
        functions=[{"name": "f", "parameters": {}}],
        function_call={"name": "f"},
    )
    assert made["top_logprobs"] == 2
    assert made["include"] == ["message.output_text.logprobs"]
    assert [tool["name"] for tool in made["tools"]] == ["f"]
    assert made["tool_choice"] == {"type": "function", "name": "f"}
    assert not made.keys() & {"logprobs", "functions", "function_call"}


@pytest.mark.parametrize(
    ("field", "value", "path"),
    [
        ("n", 2, "n"),
        ("seed", 1, "sampling.seed"),
        ("logit_bias", {"1": 1}, "sampling.bias"),
        ("presence_penalty", 0.5, "sampling.presence"),
        ("frequency_penalty", 0.5, "sampling.frequency"),
    ],
)
def test_pitfall_10_what_cannot_be_mapped_is_a_loss_and_no_hint(
    field: str, value: Any, path: str
) -> None:
    assert field not in bridged(**{field: value})
    assert lost(CHAT, RESPONSES, **{field: value}) == {path: False}


def test_pitfall_10_an_answer_is_cut_at_a_stop_sequence() -> None:
    made = between(CHAT, RESPONSES, {"stop": ["END"]})
    assert (b"END" in made.body, made.losses) == (False, ())
    (choice,) = answered(made, response(message("one END two")))["choices"]
    assert (choice["message"]["content"], choice["finish_reason"]) == ("one ", "stop")


def test_pitfall_10_a_stream_is_cut_at_a_stop_sequence_split_between_deltas() -> None:
    item = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
    place = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
    part = {"type": "output_text", "text": "", "annotations": []}
    stream = between(CHAT, RESPONSES, {"stop": "END", "stream": True}).stream()
    data = stream.feed(
        frames(
            created(),
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.content_part.added", **place, "part": part},
            {"type": "response.output_text.delta", **place, "delta": "one E"},
            {"type": "response.output_text.delta", **place, "delta": "ND two"},
        )
    )
    chunks = told(data + stream.eof())
    text = [one["choices"][0]["delta"].get("content") or "" for one in chunks[:-1]]
    assert "".join(text) == "one "
    assert chunks[-2]["choices"][0]["finish_reason"] == "stop"
    assert (chunks[-1], stream.over, stream.fault) == ("[DONE]", True, None)


def test_pitfall_11_system_and_developer_keep_their_places() -> None:
    roles = ["system", "developer", "user", "system", "user", "developer"]
    messages = [{"role": role, "content": f"{n}"} for n, role in enumerate(roles)]
    made = bridged(messages=messages)
    assert "instructions" not in made
    assert [item["role"] for item in made["input"]] == roles
    texts = [str(item["content"]) for item in made["input"]]
    assert all(str(number) in text for number, text in enumerate(texts))


def test_pitfall_12_calls_without_words_are_calls_alone() -> None:
    turn = {"role": "assistant", "content": None, "tool_calls": [call("c1"), call("c2", "g")]}
    items = bridged(messages=[user("Hi"), turn])["input"][1:]
    assert [(item["type"], item["call_id"]) for item in items] == [
        ("function_call", "c1"),
        ("function_call", "c2"),
    ]


def test_pitfall_12_words_and_calls_come_in_order() -> None:
    turn = {"role": "assistant", "content": "Wait.", "tool_calls": [call("c1", "f", '{"a":1}')]}
    words, called = bridged(messages=[user("Hi"), turn])["input"][1:]
    assert words["role"] == "assistant"
    assert "Wait." in str(words["content"])
    assert (called["type"], called["arguments"]) == ("function_call", '{"a":1}')


def test_pitfall_13_a_result_keeps_its_call_and_its_parts() -> None:
    content = [
        {"type": "text", "text": "seen"},
        {"type": "image_url", "image_url": {"url": PIXEL}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]
    messages = [
        user("Hi"),
        {"role": "assistant", "content": None, "tool_calls": [call("c1")]},
        {"role": "tool", "tool_call_id": "c1", "content": content},
    ]
    result = bridged(messages=messages)["input"][-1]
    assert (result["type"], result["call_id"]) == ("function_call_output", "c1")
    assert [part["type"] for part in result["output"]] == [
        "input_text",
        "input_image",
        "input_file",
    ]
    assert result["output"][1]["image_url"] == PIXEL
    assert result["output"][2]["file_id"] == "file-1"


def test_pitfall_13_a_result_of_text_parts_is_their_text() -> None:
    parts = [{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]
    messages = [
        user("Hi"),
        {"role": "assistant", "content": None, "tool_calls": [call("c1"), call("c2")]},
        {"role": "tool", "tool_call_id": "c1", "content": parts[:1]},
        {"role": "tool", "tool_call_id": "c2", "content": parts},
    ]
    one, two = bridged(messages=messages)["input"][-2:]
    assert one["output"] in ("one", [{"type": "input_text", "text": "one"}])
    assert [part["text"] for part in two["output"]] == ["one", "two"]


@pytest.mark.parametrize(("upstream", "limit"), [(RESPONSES, 64), (CHAT, 64), (MESSAGES, 128)])
def test_pitfall_14_a_name_is_short_in_the_same_way_wherever_it_stands(
    upstream: Any, limit: int
) -> None:
    body = {
        "tools": [function(LONG), function("f")],
        "tool_choice": {"type": "function", "function": {"name": LONG}},
        "messages": [
            user("Hi"),
            {"role": "assistant", "content": None, "tool_calls": [call("c1", LONG)]},
            {"role": "tool", "tool_call_id": "c1", "content": "ok"},
        ],
    }
    made = between(CHAT, upstream, body)
    assert made.body == between(CHAT, upstream, body).body
    assert LONG.encode() not in made.body
    (short,) = made.rendered.names
    assert re.fullmatch(f"[a-zA-Z0-9_-]{{1,{limit}}}", short)
    assert made.body.count(f'"{short}"'.encode()) == 3


def test_pitfall_14_call_and_result_have_the_same_short_id() -> None:
    messages = [
        user("Hi"),
        {"role": "assistant", "content": None, "tool_calls": [call("c" * 90)]},
        {"role": "tool", "tool_call_id": "c" * 90, "content": "ok"},
    ]
    called, result = bridged(messages=messages)["input"][-2:]
    assert called["call_id"] == result["call_id"]
    assert len(called["call_id"]) <= 64


def test_pitfall_14_the_name_in_the_answer_is_the_callers() -> None:
    made = between(CHAT, RESPONSES, {"tools": [function(LONG)]})
    (short,) = made.rendered.names
    item = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": short}
    item |= {"arguments": "{}", "status": "completed"}
    (choice,) = answered(made, response(item))["choices"]
    assert choice["message"]["tool_calls"][0]["function"]["name"] == LONG
    chunks = said(
        between(CHAT, RESPONSES, {"tools": [function(LONG)], "stream": True}),
        created(),
        done(0, item),
        ended(item),
    )
    calls = [one["choices"][0]["delta"].get("tool_calls") for one in chunks[:-1]]
    assert next(c[0]["function"]["name"] for c in calls if c) == LONG
