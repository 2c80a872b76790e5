"""What codex-api-proxy 0.1.6 did wrong, and this port does not: chapter 5.10 of its contract, by number.

Those of its command line are tested with the command line; 5, 6 and 7 also with the configuration.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI

from tests.e2e.codexhouse import CodexHouse, framed
from tests.e2e.threads import Thread
from tests.scripted import created, ended, message, speech, usage

pytestmark = pytest.mark.usefixtures("thread")
Open = Callable[..., CodexHouse]
MODEL = "gpt-5.5"
HI = {"role": "user", "content": "Hi"}
HELLO = message("Hello")
BEGUN = [created(), *speech(0, HELLO, "Hel", "lo")[:3]]


def chat(house: CodexHouse, **more: Any) -> Any:
    body = {"model": MODEL, "messages": [HI], **more}
    return house.plain("POST", "/v1/chat/completions", body)


def messages(house: CodexHouse, **more: Any) -> Any:
    body = {"model": MODEL, "max_tokens": 9, "messages": [HI], **more}
    return house.plain("POST", "/v1/messages", body)


@pytest.mark.parametrize(
    "said",
    [
        {"environ": {"CODEX_PROXY_FAST": "1"}},
        {"fast": 1},
        {"reasoning_effort": "low", "verbosity": "low", "service_tier": "priority"},
    ],
)
@pytest.mark.parametrize("ask", [chat, messages])
def test_defect_5_10_1_settings_reach_the_upstream_rows_57_58_59(
    open_house_of_codex: Open, thread: Thread, said: dict[str, Any], ask: Any
) -> None:
    house = open_house_of_codex(**said)
    assert ask(house).status == 200
    body = house.backend.seen[0].body
    assert body["reasoning"]["effort"] == "low"
    assert body["text"]["verbosity"] == "low"
    assert body["service_tier"] == "priority"


def test_defect_5_10_1_what_the_caller_says_goes_before_them(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex(fast=1)
    chat(house, reasoning_effort="high", verbosity="high")
    body = house.backend.seen[0].body
    assert (body["reasoning"]["effort"], body["text"]["verbosity"]) == ("high", "high")
    asked = {"model": MODEL, "input": "Hi", "reasoning": {"effort": "medium"}}
    house.plain("POST", "/v1/responses", asked)
    body = house.backend.seen[1].body
    assert (body["reasoning"]["effort"], body["text"]["verbosity"]) == ("medium", "low")


@pytest.mark.parametrize(
    "said",
    [
        {"reasoning": {"effort": "high"}, "text": {"verbosity": "high"}},
        {"model_reasoning_effort": "high", "text_verbosity": "high"},
    ],
)
def test_words_of_codex_are_understood_in_chat(
    open_house_of_codex: Open, thread: Thread, said: dict[str, Any]
) -> None:
    house = open_house_of_codex()
    reply = chat(house, **said)
    body = house.backend.seen[0].body
    assert (body["reasoning"]["effort"], body["text"]["verbosity"]) == ("high", "high")
    assert "x-openaiproxy-dropped" not in reply.headers


def test_each_host_is_reached_by_proxy_or_without_one(
    open_house_of_codex: Open, thread: Thread
) -> None:
    """The double is also the proxy: what comes by it names a whole URL."""
    house = open_house_of_codex(left=-1, by_proxy=True)
    assert chat(house).status == 200
    assert house.backend.refreshes == 1
    assert house.backend.proxied == [f"http://127.0.0.1:{house.behind}/oauth/token"]


def test_defect_5_10_2_nothing_that_chat_says_is_dropped_in_silence(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    schema = {"type": "object", "properties": {}, "additionalProperties": False, "required": []}
    called = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    reply = house.plain(
        "POST",
        "/v1/chat/completions",
        {
            "model": MODEL,
            "messages": [
                {"role": "developer", "content": "Be brief."},
                HI,
                {"role": "assistant", "content": None, "tool_calls": [called]},
                {"role": "tool", "tool_call_id": "call_1", "content": "done"},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": schema}}],
            "tool_choice": "required",
            "parallel_tool_calls": False,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "s", "schema": schema, "strict": True},
            },
            "max_tokens": 7,
            "seed": 3,
        },
    )
    assert reply.status == 200
    body = house.backend.seen[0].body
    kinds = [item.get("type", "message") for item in body["input"]]
    assert kinds.count("function_call") == kinds.count("function_call_output") == 1
    assert "output_text" not in json.dumps(body["input"])
    assert "Be brief." in json.dumps(body)
    assert (body["tools"][0]["name"], body["tool_choice"]) == ("f", "required")
    assert body["parallel_tool_calls"] is False
    assert body["text"]["format"]["type"] == "json_schema"
    dropped = reply.headers["x-openaiproxy-dropped"]
    assert "max_output_tokens" in dropped
    assert "seed" in dropped


FAILED = {
    "type": "response.failed",
    "response": {"status": "failed", "error": {"code": "server_error", "message": "It broke."}},
}
ERROR = {"type": "error", "code": "server_error", "message": "It broke."}


@pytest.mark.parametrize("last", [[FAILED], [ERROR], []], ids=["failed", "error", "truncated"])
def test_defect_5_10_3_a_stream_that_broke_is_no_stop(
    open_house_of_codex: Open, thread: Thread, last: list[Any]
) -> None:
    house = open_house_of_codex()
    house.backend.say = lambda body: [*BEGUN, *last]
    words = "It broke." if last else "before it was finished"
    streamed = chat(house, stream=True)
    assert words in streamed.body.decode()
    assert b'"finish_reason":"stop"' not in streamed.body
    said = messages(house, stream=True).body
    assert words in said.decode()
    assert b"event: error" in said
    assert b"message_stop" not in said
    for ask in (chat, messages):
        whole = ask(house)
        assert whole.status >= 500
        assert words in whole.body.decode()
    assert {line["ending"] for line in house.lines} == {"upstream-fault"}


def test_defect_5_10_3_an_answer_cut_at_its_limit_says_so(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    short = ended(kind="incomplete", incomplete_details={"reason": "max_output_tokens"})
    house.backend.say = lambda body: [created(), *speech(0, HELLO, "Hello"), short]
    assert json.loads(chat(house).body)["choices"][0]["finish_reason"] == "length"
    assert b'"finish_reason":"length"' in chat(house, stream=True).body
    assert json.loads(messages(house).body)["stop_reason"] == "max_tokens"


def test_defect_5_10_4_usage_is_told_and_ids_differ(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    identities = iter(("resp_a", "resp_b"))

    def say(body: Any) -> list[Any]:
        name = next(identities)
        first, last = created(), ended(usage=usage(11, 7))
        first["response"]["id"] = last["response"]["id"] = name
        return [first, *speech(0, HELLO, "Hello"), last]

    house.backend.say = say
    found = [json.loads(chat(house).body) for _ in range(2)]
    assert [one["usage"]["total_tokens"] for one in found] == [18, 18]
    assert found[0]["id"] != found[1]["id"]


def test_defect_5_10_11_a_refused_api_key_is_not_shown_twice(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex(login={"OPENAI_API_KEY": "sk-in-the-file"})
    house.backend.refuse = (401, {"content-type": "application/json"}, b"{}")
    for ask in (chat, messages):
        reply = ask(house)
        assert reply.status == 503
        assert "login's API key is refused" in reply.body.decode()
    assert len(house.backend.seen) == 2


def test_defect_5_10_11_an_odd_mode_with_tokens_alone_is_a_login_of_chatgpt(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    house.path.write_text(json.dumps({**house.read(), "auth_mode": "apiKey"}))
    assert chat(house).status == 200
    assert house.backend.seen[0].target == "/backend-api/codex/responses"


def test_defect_5_10_12_responses_have_a_line_and_keep_their_query(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    asked = {"model": MODEL, "input": "Hi", "stream": True}
    assert house.plain("POST", "/v1/responses?beta=1&x=%2F", asked).status == 200
    assert house.backend.seen[0].target == "/backend-api/codex/responses?beta=1&x=%2F"
    [line] = house.lines
    assert (line["status"], line["model"], line["ending"]) == (200, MODEL, "complete")
    assert line["bytes_out"] > 0


def test_defect_5_10_13_line_ends_and_long_data_are_read_as_they_are_meant(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    house.backend.end = "\r\n"
    assert json.loads(chat(house).body)["choices"][0]["message"]["content"] == "Hello there."

    def odd(body: Any) -> bytes:
        whole = framed(created(), *speech(0, HELLO, "Hello"), ended())
        return whole.replace(b"data: {", b"data:{\ndata: ")

    house.backend.say = odd
    assert json.loads(chat(house).body)["choices"][0]["message"]["content"] == "Hello"
    assert b"Hello" in chat(house, stream=True).body


def test_defect_5_10_14_no_cookie_is_kept_or_handed_on(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    for stream in (False, True):
        assert "set-cookie" not in chat(house, stream=stream).headers
    asked = {"model": MODEL, "input": "Hi", "stream": True}
    reply = house.plain("POST", "/v1/responses", asked, {"Cookie": "mine=1"})
    assert "set-cookie" not in reply.headers
    assert not any("cookie" in seen.headers for seen in house.backend.seen)


def test_defect_5_10_15_the_api_is_told_nothing_that_is_the_backends(
    open_house_of_codex: Open, thread: Thread
) -> None:
    told = {"CODEX_API_PROXY_RESIDENCY": "us", "CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "me"}
    house = open_house_of_codex(login={"OPENAI_API_KEY": "sk-1"}, environ=told)
    chat(house)
    messages(house)
    for seen in house.backend.seen:
        assert not {"originator", "x-openai-internal-codex-residency", "chatgpt-account-id"} & (
            seen.headers.keys()
        )
    house = open_house_of_codex(environ=told)
    chat(house)
    headers = house.backend.seen[0].headers
    assert (headers["originator"], headers["x-openai-internal-codex-residency"]) == ("me", "us")
    house = open_house_of_codex()
    chat(house)
    assert "x-openai-internal-codex-residency" not in house.backend.seen[0].headers


def test_defect_5_10_16_anthropics_callers_are_refused_in_their_own_shape(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    error = b'{"detail": "Unsupported model"}'
    house.backend.refuse = (400, {"content-type": "application/json"}, error)
    found = json.loads(messages(house).body)
    assert found["type"] == "error"
    assert found["error"]["type"] == "invalid_request_error"
    assert "Unsupported model" in found["error"]["message"]
    house.path.unlink()
    found = json.loads(messages(house).body)
    assert (found["type"], found["error"]["code"]) == ("error", "login_absent")


def test_defect_5_10_16_a_document_and_the_thoughts_beside_a_call_arrive(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex()
    document = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}
    called = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}}
    said: list[Any] = [
        {"role": "user", "content": [{"type": "document", "source": document}]},
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, called]},
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "toolu_1", "content": "done"},
                {"type": "text", "text": "Go on."},
            ],
        },
    ]
    tools = [{"name": "f", "input_schema": {"type": "object"}}]
    assert messages(house, messages=said, tools=tools).status == 200
    sent = json.dumps(house.backend.seen[0].body["input"])
    for words in ("JVBERi0=", "I look.", "done", "Go on."):
        assert words in sent


def test_defect_5_10_17_a_whole_answer_is_held_up_to_a_limit(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex(max_answer="2KiB")
    long = "x" * 4096
    house.backend.say = lambda body: [created(), *speech(0, message(long), long), ended()]
    reply = chat(house)
    assert reply.status == 502
    assert json.loads(reply.body)["error"]["code"] == "upstream_answer_too_large"


def test_defect_5_10_18_pages_may_call_where_they_are_let_and_bodies_have_a_limit(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex(allow_origin=["https://app.example"], max_read="1KiB")
    asked = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    reply = house.plain("OPTIONS", "/v1/chat/completions", None, asked)
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == "https://app.example"
    foreign = {"Origin": "https://evil.example"}
    assert house.plain("GET", "/v1/models", None, foreign).status == 403
    assert house.backend.seen == []
    assert chat(house, user="x" * 2000).status == 413


def test_it_is_the_sdks_client_that_reads_all_this(
    open_house_of_codex: Open, thread: Thread
) -> None:
    """The checks above read bytes; one of them once more as a client does."""
    house = open_house_of_codex()
    house.backend.say = lambda body: [*BEGUN, FAILED]
    client = OpenAI(base_url=f"{house.origin}/v1", api_key="unused", max_retries=0, timeout=20)
    asked: Any = {"model": MODEL, "messages": [HI]}
    with pytest.raises(Exception, match="It broke"):
        list(client.chat.completions.create(**asked, stream=True))
    client.close()


def test_defect_5_10_9_refreshes_are_counted_where_they_are_looked_for(
    open_house_of_codex: Open, thread: Thread
) -> None:
    house = open_house_of_codex(left=-1)
    said = house.plain("GET", "/ready")
    assert said.status == 200
    found = json.loads(said.body)
    assert (found["mode"], found["ok"]) == ("chatgpt", True)
    assert found["upstream_base"] == f"http://127.0.0.1:{house.behind}/backend-api/codex"
    assert str(house.path) not in said.body.decode()
    registry = house.ports.watch.metrics.text().decode()
    assert 'token_refreshes_total{profile="codex",result="ok"} 1.0' in registry
    chat(house)
    registry = house.ports.watch.metrics.text().decode()
    assert 'login_used_percent{profile="codex",window="primary"} 12.5' in registry
    assert 'window="secondary"' not in registry
    house.path.unlink()
    said = house.plain("GET", "/ready")
    assert (said.status, json.loads(said.body)["error"]) == (503, "login_absent")
