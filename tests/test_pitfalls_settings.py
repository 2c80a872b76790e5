"""Pitfalls 15 to 18: shapes, parts, choices and small fields, asked for in Chat Completions."""

from typing import Any

import pytest

from openaiproxy.errors import BadRequest
from tests.exchange import CHAT, MESSAGES, RESPONSES, Found, asked, lost

PIXEL = "data:image/png;base64,iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
TOOLS = [
    {"type": "function", "function": {"name": "f", "parameters": {}}},
    {"type": "function", "function": {"name": "g", "parameters": {}}},
]


def bridged(**body: Any) -> Found:
    return asked(CHAT, RESPONSES, **body)


def content(*parts: Found) -> list[Found]:
    """How the parts of a user's message go upstream."""
    (item,) = bridged(messages=[{"role": "user", "content": list(parts)}])["input"]
    found: list[Found] = item["content"]
    return found


def test_pitfall_15_a_schema_is_flat_and_never_dropped() -> None:
    inner = {"name": "n", "schema": SCHEMA, "strict": True, "description": "d"}
    made = bridged(response_format={"type": "json_schema", "json_schema": inner})
    assert made["text"] == {"format": {"type": "json_schema", **inner}}
    assert not made.keys() & {"response_format", "metadata"}


def test_pitfall_15_a_long_schema_is_whole() -> None:
    schema = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(100)}}
    shape = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    assert bridged(response_format=shape)["text"]["format"]["schema"] == schema
    made = asked(CHAT, MESSAGES, response_format=shape)
    assert made["output_config"]["format"]["schema"] == schema


def test_pitfall_15_json_and_text_are_formats_too() -> None:
    for kind in ("json_object", "text"):
        assert bridged(response_format={"type": kind})["text"] == {"format": {"type": kind}}


@pytest.mark.parametrize("url", ["https://example.com/a.png", PIXEL])
def test_pitfall_16_a_picture_is_seen_whatever_its_form(url: str) -> None:
    (found,) = content({"type": "image_url", "image_url": {"url": url, "detail": "low"}})
    assert found == {"type": "input_image", "image_url": url, "detail": "low"}
    (found,) = content({"type": "image_url", "image_url": url})
    assert (found["type"], found["image_url"]) == ("input_image", url)


def test_pitfall_16_a_file_is_read_by_id_and_by_data() -> None:
    (found,) = content({"type": "file", "file": {"file_id": "file-1"}})
    assert found == {"type": "input_file", "file_id": "file-1"}
    data = "data:application/pdf;base64,JVBERg=="
    (found,) = content({"type": "file", "file": {"file_data": data, "filename": "a.pdf"}})
    assert found == {"type": "input_file", "file_data": data, "filename": "a.pdf"}


def test_pitfall_16_sound_is_heard_where_there_is_a_word_for_it() -> None:
    sound = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
    assert content(sound, {"type": "text", "text": "?"})[0] == sound
    messages = [{"role": "user", "content": [sound, {"type": "text", "text": "?"}]}]
    assert lost(CHAT, RESPONSES, messages=messages) == {}
    assert lost(CHAT, MESSAGES, messages=messages) == {"audio": False}


def test_pitfall_16_an_unknown_part_is_a_loss_that_may_be_refused() -> None:
    part = {"type": "smell", "smell": "rose"}
    messages = [{"role": "user", "content": [part, {"type": "text", "text": "?"}]}]
    for upstream in (RESPONSES, MESSAGES):
        assert list(lost(CHAT, upstream, messages=messages).values()) == [False]
    assert asked(CHAT, CHAT, messages=messages)["messages"] == messages


def test_pitfall_16_a_part_that_cannot_be_read_is_a_bad_request() -> None:
    for part in ({"type": "image_url"}, {"type": "text", "text": 1}, {"no": "type"}, "words"):
        with pytest.raises(BadRequest) as caught:
            content(part)  # type: ignore[arg-type]
        assert caught.value.status == 400


def test_pitfall_17_a_choice_is_reshaped() -> None:
    one = {"type": "function", "function": {"name": "f"}}
    assert bridged(tools=TOOLS, tool_choice=one)["tool_choice"] == {"type": "function", "name": "f"}
    made = asked(CHAT, MESSAGES, tools=TOOLS, tool_choice=one)["tool_choice"]
    assert made == {"type": "tool", "name": "f"}
    for word in ("auto", "none", "required"):
        assert bridged(tools=TOOLS, tool_choice=word)["tool_choice"] == word


def test_pitfall_17_allowed_tools_are_reshaped() -> None:
    inner = {"mode": "required", "tools": [{"type": "function", "function": {"name": "g"}}]}
    choice = {"type": "allowed_tools", "allowed_tools": inner}
    assert bridged(tools=TOOLS, tool_choice=choice)["tool_choice"] == {
        "type": "allowed_tools",
        "mode": "required",
        "tools": [{"type": "function", "name": "g"}],
    }
    made = asked(CHAT, MESSAGES, tools=TOOLS, tool_choice=choice)
    assert [tool["name"] for tool in made["tools"]] == ["g"]
    assert made["tool_choice"] == {"type": "any"}


@pytest.mark.parametrize("tools", [[], None])
@pytest.mark.parametrize("upstream", [CHAT, RESPONSES, MESSAGES])
def test_pitfall_17_without_tools_there_is_no_choice(upstream: Any, tools: Any) -> None:
    made = asked(CHAT, upstream, tools=tools, tool_choice="auto", parallel_tool_calls=True)
    assert not made.keys() & {"tools", "tool_choice", "parallel_tool_calls"}


@pytest.mark.parametrize("tools", [[], None])
def test_pitfall_17_without_tools_responses_asks_for_no_choice_either(tools: Any) -> None:
    made = asked(RESPONSES, CHAT, tools=tools, tool_choice="auto", parallel_tool_calls=True)
    assert not made.keys() & {"tools", "tool_choice", "parallel_tool_calls"}


SAME: Found = {
    "user": "u",
    "metadata": {"a": "b"},
    "safety_identifier": "s",
    "prompt_cache_key": "k",
    "service_tier": "flex",
    "store": False,
}


@pytest.mark.parametrize("name", SAME)
def test_pitfall_18_a_field_of_both_is_passed(name: str) -> None:
    body = {name: SAME[name]}
    assert bridged(**body)[name] == SAME[name]
    assert lost(CHAT, RESPONSES, **body) == {}


def test_pitfall_18_verbosity_and_search_have_places_of_their_own() -> None:
    assert bridged(verbosity="low")["text"] == {"verbosity": "low"}
    near = {"type": "approximate", "approximate": {"country": "DE"}}
    options = {"search_context_size": "low", "user_location": near}
    assert bridged(web_search_options=options)["tools"] == [
        {
            "type": "web_search",
            "user_location": {"type": "approximate", "country": "DE"},
            "search_context_size": "low",
        }
    ]


def test_pitfall_18_sound_asked_for_is_a_loss_and_words_are_none() -> None:
    assert lost(CHAT, RESPONSES, modalities=["text"]) == {}
    losses = lost(CHAT, RESPONSES, modalities=["text", "audio"])
    assert losses == {"modalities": False}


def test_pitfall_18_a_prediction_is_a_named_loss() -> None:
    prediction = {"type": "content", "content": "x"}
    assert "prediction" not in bridged(prediction=prediction)
    assert lost(CHAT, RESPONSES, prediction=prediction) == {"prediction": True}


@pytest.mark.parametrize("caller", [CHAT, RESPONSES, MESSAGES])
@pytest.mark.parametrize("upstream", [CHAT, RESPONSES, MESSAGES])
def test_pitfall_18_an_unknown_field_is_passed_to_its_own_and_lost_by_name_elsewhere(
    caller: Any, upstream: Any
) -> None:
    made = asked(caller, upstream, odd_one={"a": 1})
    if caller is upstream:
        assert made["odd_one"] == {"a": 1}
    else:
        assert "odd_one" not in made
        assert lost(caller, upstream, odd_one={"a": 1})["odd_one"] is False
