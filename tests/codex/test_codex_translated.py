"""The backend behind translations: recorded exchanges with it, and requests of other dialects that reach it."""

import json
from typing import Any

import pytest

from openaiproxy.codex.limits import EVENT
from openaiproxy.codex.requests import fit_request
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.translation import Translation
from tests.corpus import ABSENT, Entry, entries, load
from tests.upstream.login.backend import complaint_about

RECORDED = [entry for entry in entries() if entry.provider == "chatgpt-codex"]
LIMITS = b'event: codex.rate_limits\ndata: {"type":"codex.rate_limits","rate_limits":{}}\n\n'
TOOL = {"type": "object", "properties": {"a": {"type": "string"}}}
ASKED: dict[str, dict[str, Any]] = {
    "chat": {
        "model": "gpt-5.4",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_" + "1" * 80,
                        "type": "function",
                        "function": {"name": "f", "arguments": "{}"},
                    }
                ],
            },
            {"role": "tool", "tool_call_id": "call_" + "1" * 80, "content": "done"},
        ],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": TOOL}}],
        "temperature": 0.5,
        "top_p": 0.5,
        "max_completion_tokens": 9,
        "user": "me",
        "metadata": {"a": "b"},
        "service_tier": "flex",
        "store": True,
    },
    "messages": {
        "model": "gpt-5.4",
        "max_tokens": 9,
        "system": [{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}}],
        "messages": [
            {"role": "user", "content": "Hi"},
            {
                "role": "assistant",
                "content": [
                    {"type": "text", "text": "Let me see."},
                    {"type": "tool_use", "id": "toolu_" + "1" * 80, "name": "f", "input": {}},
                ],
            },
            {
                "role": "user",
                "content": [
                    {"type": "tool_result", "tool_use_id": "toolu_" + "1" * 80, "content": "done"},
                    {"type": "text", "text": "Go on."},
                ],
            },
        ],
        "tools": [{"name": "f", "input_schema": TOOL}],
        "temperature": 1,
        "top_p": 0.5,
        "metadata": {"user_id": "me"},
        "stop_sequences": ["x"],
    },
}


def translated(body: dict[str, Any], caller: Dialect) -> Translation:
    return Translation.of(
        json.dumps(body).encode(),
        caller=caller,
        upstream=RESPONSES,
        now=lambda: 1.0,
        new_id=lambda prefix: f"{prefix}1",
    )


def recorded(entry: Entry) -> str:
    return entry.file


@pytest.mark.parametrize("caller", [CHAT, MESSAGES], ids=["chat", "messages"])
def test_whatever_the_caller_asks_the_backend_takes(caller: Dialect) -> None:
    """Pitfall 74, with a full round of tools."""
    sent = translated(ASKED[caller.name], caller).rendered.body
    fitted = fit_request(sent)
    assert complaint_about(fitted.body) is None
    assert json.dumps(fitted.body).count("Be kind.") == 1
    kinds = [item.get("type") for item in fitted.body["input"]]
    assert "function_call" in kinds
    assert "function_call_output" in kinds
    assert {loss.path for loss in fitted.losses} >= {"temperature", "top_p", "max_output_tokens"}


@pytest.mark.skipif(not RECORDED, reason=ABSENT)
@pytest.mark.parametrize("entry", RECORDED, ids=recorded)
def test_a_request_that_the_backend_took_is_left_as_it_is(entry: Entry) -> None:
    request = load(entry).request
    assert request is not None
    fitted = fit_request(request)
    assert fitted.body == request
    assert fitted.losses == ()


@pytest.mark.skipif(not RECORDED, reason=ABSENT)
@pytest.mark.parametrize("caller", [CHAT, MESSAGES], ids=["chat", "messages"])
@pytest.mark.parametrize("entry", [e for e in RECORDED if e.status == 200], ids=recorded)
def test_its_streams_become_whole_answers_without_its_own_events(
    entry: Entry, caller: Dialect
) -> None:
    """``response.completed`` comes with an empty output there; the answer is made of the events before it."""
    translation = translated(ASKED[caller.name], caller)
    plain = translation.collect(load(entry).body)
    assert plain.status == 200
    told = b"".join((LIMITS, load(entry).body))
    assert translation.collect(told).body == plain.body
    assert EVENT.encode() not in translation.stream().feed(told)
    answer = json.loads(plain.body)
    content = answer["choices"][0]["message"] if caller is CHAT else answer["content"]
    assert content not in ([], {"role": "assistant", "content": None})
