"""One question, one answer (row 19)."""

import pytest

from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.simple.faults import fault_of
from openaiproxy.simple.prompts import ask_prompt, tell_prompt

SYSTEM = {"role": "system", "content": "You are an AI assistant."}


def test_a_prompt_is_asked_as_it_always_was_row_19() -> None:
    assert ask_prompt({"prompt": "Hi", "model": "gpt-4o-mini"}, "other") == {
        "model": "gpt-4o-mini",
        "messages": [SYSTEM, {"role": "user", "content": "Hi"}],
        "temperature": 1,
        "top_p": 1,
        "presence_penalty": 1,
    }


def test_the_default_model_is_asked_where_none_is_named_row_50() -> None:
    assert ask_prompt({"prompt": "Hi"}, "gpt-4.1")["model"] == "gpt-4.1"


def test_a_model_that_refuses_settings_is_not_sent_the_usual_ones() -> None:
    assert ask_prompt({"prompt": "Hi"}, "gpt-5.4-mini").keys() == {"model", "messages"}
    assert ask_prompt({"prompt": "Hi", "temperature": 0}, "gpt-5-nano")["temperature"] == 0


def test_a_model_without_instructions_gets_none() -> None:
    assert ask_prompt({"prompt": "Hi"}, "o1-mini")["messages"] == [
        {"role": "user", "content": "Hi"}
    ]


def test_an_old_limit_is_sent_by_its_new_name_where_only_that_is_taken() -> None:
    assert ask_prompt({"prompt": "Hi", "max_tokens": 9}, "gpt-4o")["max_tokens"] == 9
    asked = ask_prompt({"prompt": "Hi", "max_tokens": 9}, "gpt-5-nano")
    assert "max_tokens" not in asked
    assert asked["max_completion_tokens"] == 9


@pytest.mark.parametrize(
    "wrong",
    [
        {"prompt": None},
        {"prompt": ""},
        {"prompt": 5},
        {"model": 5},
        {"temperature": 2.1},
        {"temperature": -0.1},
        {"temperature": "1"},
        {"temperature": True},
        {"top_p": 1.1},
        {"top_p": -1},
        {"max_tokens": "9"},
        {"max_completion_tokens": []},
    ],
)
def test_a_field_out_of_its_bounds_is_a_bad_request_row_68(wrong: dict[str, object]) -> None:
    with pytest.raises(BadRequest, match="Bad Request"):
        ask_prompt({"prompt": "Hi", **wrong}, "gpt-4.1")


@pytest.mark.parametrize("right", [{"temperature": 0}, {"temperature": 2}, {"top_p": 0.5}])
def test_a_field_within_them_is_sent(right: dict[str, object]) -> None:
    assert right.items() <= ask_prompt({"prompt": "Hi", **right}, "gpt-4.1").items()


def test_the_answer_has_its_text_and_the_whole_completion() -> None:
    completion = {"id": "c1", "choices": [{"message": {"role": "assistant", "content": "Ho"}}]}
    assert tell_prompt(completion, "parent") == {
        "role": "assistant",
        "id": "c1",
        "parentMessageId": "parent",
        "text": "Ho",
        "detail": completion,
    }


@pytest.mark.parametrize("message", [{"content": None}, {"content": ""}, {"tool_calls": []}])
def test_a_message_without_words_has_an_empty_text(message: dict[str, object]) -> None:
    assert tell_prompt({"choices": [{"message": message}]}, "p")["text"] == ""


@pytest.mark.parametrize(
    "completion",
    [
        {},
        {"choices": None},
        {"choices": []},
        {"choices": [{}]},
        {"choices": [5]},
        {"choices": [{"message": None}]},
    ],
)
def test_a_completion_that_nobody_made_is_no_answer_row_19(completion: dict[str, object]) -> None:
    with pytest.raises(BadUpstream) as caught:
        tell_prompt(completion, "p")
    assert fault_of(caught.value).code == "OPENAI_PROXY_INVALID_RESPONSE"
