"""The service's own refusals, by model and on request; what they leave must pass."""

import re
from pathlib import Path
from typing import Any

import pytest

from openaiproxy.upstream.embedded import vetoes
from openaiproxy.upstream.embedded.vetoes import VETOES
from tests.upstream.embedded.room import Room, chat, message, question

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SUMMARY = {"summary": "auto"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAABBBBCCCC"}
PLACES = {"chat": "/v1/chat/completions", "responses": "/v1/responses", "messages": "/v1/messages"}


def refused(api: str, body: dict[str, Any]) -> tuple[int, str | None, str | None, str]:
    answered = Room().post(PLACES[api], body)
    assert answered.status >= 400, bytes(answered.body)
    error = answered.json["error"]
    assert error["type"] == "invalid_request_error"
    return answered.status, error.get("param"), error.get("code"), error["message"]


def passes(api: str, body: dict[str, Any]) -> None:
    answered = Room().post(PLACES[api], body)
    assert answered.status == 200, bytes(answered.body)


def system(text: str, **more: Any) -> dict[str, Any]:
    said = [{"role": "system", "content": "x"}, {"role": "user", "content": text}]
    return {**chat(text, **more), "messages": said}


NO_TOOLS = "Function tools with reasoning_effort are not supported for gpt-5.6-terra"
NOT_CHAT = "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
ONLY = "This model is only supported in v1/responses and not in v1/chat/completions."
ROLE = "Unsupported value: 'messages[0].role' does not support 'system' with this model."
NO_STREAM = "Unsupported value: 'stream' does not support true with this model."


@pytest.mark.parametrize(
    ("body", "status", "param", "code", "words"),
    [
        (chat("x", model="gpt-5-pro"), 404, "model", None, NOT_CHAT),
        (chat("x", model="gpt-5.3-codex"), 404, "model", None, NOT_CHAT),
        (chat("x", model="gpt-5-codex"), 404, "model", None, ONLY),
        (chat("x", model="gpt-5.1-codex-max"), 404, "model", None, ONLY),
        (chat("x", model="codex-mini-latest"), 404, "model", None, ONLY),
        (
            chat("x", model="gpt-5.6-terra", tools=[TOOL]),
            400,
            "reasoning_effort",
            None,
            NO_TOOLS,
        ),
        (
            chat("x", model="gpt-5.4", tools=[TOOL], reasoning_effort="low"),
            400,
            "reasoning_effort",
            None,
            "Function tools with reasoning_effort are not supported for gpt-5.4 in",
        ),
        (
            chat("x", model="gpt-5", temperature=0.5),
            400,
            "temperature",
            "unsupported_parameter",
            "Unsupported parameter: 'temperature' is not supported with this model.",
        ),
        (
            chat("x", model="o3-mini", max_tokens=5),
            400,
            "max_tokens",
            "unsupported_parameter",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_compl",
        ),
        (system("x", model="o1-mini"), 400, "messages[0].role", "unsupported_value", ROLE),
        (
            chat("x", model="o1-preview", tools=[TOOL]),
            400,
            "tools",
            "unsupported_parameter",
            "Unsupported parameter: 'tools' is not supported with this model.",
        ),
        (chat("x", model="o1-mini", stream=True), 400, "stream", "unsupported_value", NO_STREAM),
        (
            chat("x", model="o1-mini", temperature=0.5),
            400,
            "temperature",
            "unsupported_value",
            "Unsupported value: 'temperature' does not support 0.5 with this model. Only the def",
        ),
    ],
)
def test_1_2_9_models_refuse_in_chat(
    body: dict[str, Any], status: int, param: str, code: str | None, words: str
) -> None:
    *told, message = refused("chat", body)
    assert told == [status, param, code]
    assert message.startswith(words)


@pytest.mark.parametrize(
    "body",
    [
        chat("x", model="gpt-5.6-terra"),
        chat("x", model="gpt-5.6-terra", tools=[TOOL], reasoning_effort="none"),
        chat("x", model="gpt-5.6-terra", tools=[], reasoning_effort="high"),
        chat("x", model="gpt-5.4", tools=[TOOL]),
        chat("x", model="gpt-5.6-terra", temperature=0.5, reasoning_effort="none"),
        chat("x", model="gpt-5", temperature=1, top_p=1, max_completion_tokens=50),
        chat("x", model="gpt-5-chat-latest", temperature=0.5, max_tokens=50),
        chat("x", model="gpt-4.1", temperature=0.5, max_tokens=50, tools=[TOOL]),
        chat("x", model="o1-mini", temperature=1),
        system("x", model="o3-mini", tools=[TOOL]),
    ],
)
def test_what_the_models_take_passes(body: dict[str, Any]) -> None:
    passes("chat", body)


@pytest.mark.parametrize("model", ["gpt-5-pro", "gpt-5-codex", "gpt-5.6-terra", "o3"])
def test_responses_takes_what_chat_does_not(model: str) -> None:
    tools = [{"type": "function", "name": "f", "parameters": {}}]
    passes("responses", question("x", model=model, tools=tools, reasoning={"effort": "high"}))
    told = refused("responses", question("x", model=model, top_p=0.5))
    assert told[:3] == (400, "top_p", "unsupported_parameter")


def asked(word: str, items: Any = "x", **more: Any) -> dict[str, Any]:
    return {"model": f"gpt-5!refuse={word}", "input": items, **more}


def test_19_an_organisation_that_is_not_verified_gets_no_summary() -> None:
    told = refused("responses", asked("summary", reasoning=SUMMARY))
    assert told[:3] == (400, "reasoning.summary", "unsupported_value")
    assert told[3].startswith("Your organization must be verified to generate reasoning summaries.")
    passes("responses", asked("summary", reasoning={"effort": "low"}))


def test_39_an_item_that_is_not_stored_is_not_found() -> None:
    told = refused("responses", asked("item", [REASONING, {"role": "assistant", "content": "x"}]))
    assert told[:3] == (404, "input", None)
    assert told[3].startswith("Item with id 'rs_1' not found. Items are not persisted when `store`")
    bare = {name: value for name, value in REASONING.items() if name != "id"}
    passes("responses", asked("item", [bare, {"role": "user", "content": "x"}]))


def test_38_encrypted_content_cannot_be_verified() -> None:
    told = refused("responses", asked("sealed", [REASONING, {"role": "user", "content": "x"}]))
    assert told[:3] == (400, None, "invalid_encrypted_content")
    assert told[3].startswith("The encrypted content gAAA...CCCC could not be verified.")
    passes("responses", asked("sealed", [{"role": "user", "content": "x"}]))


def test_38_reasoning_needs_what_followed_it() -> None:
    question_after = [REASONING, {"role": "user", "content": "x"}]
    for items in (question_after, [{"role": "user", "content": "x"}, REASONING]):
        told = refused("responses", asked("following", items))
        assert told[:2] == (400, "input")
        assert told[3].endswith("was provided without its required following item.")
    call = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}
    output = {"type": "function_call_output", "call_id": "c", "output": "x"}
    passes("responses", asked("following", [REASONING, call, output]))


@pytest.mark.parametrize(
    ("api", "body", "param", "code"),
    [
        ("chat", chat("x"), "messages", "context_length_exceeded"),
        ("responses", question("x"), "input", "context_length_exceeded"),
        ("messages", message("x"), None, None),
    ],
)
def test_45_a_conversation_can_be_too_long_in_each_dialect(
    api: str, body: dict[str, Any], param: str | None, code: str | None
) -> None:
    told = refused(api, {**body, "model": body["model"] + "!refuse=context"})
    assert told[:3] == (400, param, code)


def test_any_model_refuses_on_request_and_several_at_once() -> None:
    several = chat("x", model="gpt-4.1!refuse=tools+not-chat", tools=[TOOL])
    assert refused("chat", several)[0] == 404
    told = refused("chat", chat("x", model="gpt-4.1!refuse=tools", tools=[TOOL]))
    assert (told[0], told[1]) == (400, "reasoning_effort")
    passes("chat", chat("x", model="gpt-4.1!refuse=tools"))


def test_an_unknown_veto_is_named() -> None:
    told = refused("chat", chat("x", model="gpt-4.1!refuse=tea"))
    assert told[2:] == ("unknown_fault", "Unknown veto: 'tea'.")


def test_the_table_of_vetoes_names_them_all() -> None:
    assert vetoes.__doc__ is not None
    named = re.findall(r"^``([a-z-]+)``", vetoes.__doc__, re.M)
    assert sorted(named) == sorted(VETOES)
    assert "refuse=NAMES" in Path(vetoes.__file__).with_name("faults.py").read_text()
