"""One conversation, three dialects: the stand-in says the same in each, whole and streamed."""

import base64
import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.upstream.embedded.speakers import DIALECTS, Heard, Speaker

WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 2}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS: dict[str, dict[str, Any]] = {
    "weather": WEATHER,
    "clock": {"type": "object", "properties": {}},
}
PNG = base64.b64encode(b"\x89PNG" + bytes(64)).decode()
FINISHES = {
    "chat": {"end": "stop", "call": "tool_calls", "limit": "length"},
    "responses": {"end": "completed", "call": "completed", "limit": "max_output_tokens"},
    "messages": {"end": "end_turn", "call": "tool_use", "limit": "max_tokens"},
}
LIMITS = {"chat": "max_tokens", "responses": "max_output_tokens", "messages": "max_tokens"}
every = pytest.mark.parametrize("dialect", DIALECTS)
both = pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])


def test_all_say_the_same() -> None:
    def told(dialect: str, stream: bool) -> list[Any]:
        speaker = Speaker(dialect, stream, TOOLS)
        first = speaker.ask("in parallel, please", picture=PNG)
        assert [name for _, name, _ in first.calls] == ["weather", "clock"]
        assert first.finish == FINISHES[dialect]["call"]
        ids = [id for id, _, _ in first.calls]
        second = speaker.give(dict(zip(ids, ["21 degrees", "noon é"], strict=True)))
        speaker.tools = {}
        third = speaker.ask("and now?", url="https://example.com/a.png")
        refused = speaker.ask("please refuse")
        assert refused.refusal
        assert second.finish == third.finish == FINISHES[dialect]["end"]
        assert min(*first.usage, *second.usage) > 0
        return [
            *(call[1:] for call in first.calls),
            second.text,
            third.text,
            refused.text,
        ]

    answers = [told(dialect, stream) for dialect in DIALECTS for stream in (False, True)]
    assert answers == [answers[0]] * 6
    assert answers[0][2].startswith("The tool answered: 21 degrees; noon é")
    assert "an image (image/png, 68 bytes)" in answers[0][2]
    assert answers[0][3].endswith("You also sent an image (https://example.com/a.png).")


@both
@every
def test_twice_takes_two_rounds_and_the_text_tells_of_both(dialect: str, stream: bool) -> None:
    speaker = Speaker(dialect, stream, TOOLS)
    heard = speaker.ask("the weather, twice")
    for output in ("rain", "sun"):
        [(id, name, _)] = heard.calls
        assert name == "weather"
        heard = speaker.give({id: output})
    assert (heard.calls, heard.text) == ([], "The tool answered: rain; sun")


@every
def test_34_words_beside_results_are_told(dialect: str) -> None:
    speaker = Speaker(dialect, False, TOOLS)
    [(id, _, _)] = speaker.ask("weather?").calls
    heard = speaker.give({id: "rain"}, beside="be quick")
    assert heard.text == "The tool answered: rain You also said: be quick"


@both
@every
def test_a_limit_cuts_and_a_stop_sequence_stops(dialect: str, stream: bool) -> None:
    heard = Speaker(dialect, stream, more={LIMITS[dialect]: 3}).ask("hi")
    assert (heard.text, heard.finish) == ("This is the", FINISHES[dialect]["limit"])
    assert heard.usage[1] == 3
    if dialect != "responses":
        name = {"chat": "stop", "messages": "stop_sequences"}[dialect]
        heard = Speaker(dialect, stream, more={name: ["zzz", " said"]}).ask("hi")
        assert heard.text == "This is the embedded upstream. You"
        assert heard.finish == {"chat": "stop", "messages": "stop_sequence"}[dialect]


@both
@every
def test_structured_output_fits_the_schema(dialect: str, stream: bool) -> None:
    named = {"name": "w", "schema": WEATHER, "strict": True}
    settings: dict[str, Any] = {
        "chat": {"response_format": {"type": "json_schema", "json_schema": named}},
        "responses": {"text": {"format": {"type": "json_schema", **named}}},
        "messages": {"output_config": {"format": {"type": "json_schema", "schema": WEATHER}}},
    }
    heard = Speaker(dialect, stream, more=settings[dialect]).ask("hi")
    Draft202012Validator(WEATHER).validate(json.loads(heard.text))


def reasoned(dialect: str, stream: bool) -> Heard:
    settings: dict[str, Any] = {
        "chat": {},
        "responses": {"reasoning": {"effort": "low", "summary": "auto"}},
        "messages": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    }
    speaker = Speaker(dialect, stream, more=settings[dialect], model="deepseek-reasoner")
    return speaker.ask("hi")


def test_reasoning_is_shown_the_same() -> None:
    heard = [reasoned(dialect, stream) for dialect in DIALECTS for stream in (False, True)]
    assert {h.reasoning for h in heard} == {heard[0].reasoning}
    assert heard[0].reasoning.startswith("**Reading the question**")
    assert {h.usage[1] for h in heard} == {heard[0].usage[1]}


@both
@every
def test_a_long_answer_is_all_there(dialect: str, stream: bool) -> None:
    speaker = Speaker(dialect, stream, history=[{"role": "user", "content": "hi"}])
    text = speaker.hear("chunks=200,size=9000").text
    assert len(text) == 9000
    assert text[-45:].startswith("00000199 ")
