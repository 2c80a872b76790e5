"""The preset ``codex`` with the vendors' SDKs: a ChatGPT login behind all three dialects."""

import base64
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anthropic
import openai
import pytest
from anthropic import Anthropic
from openai import OpenAI

from tests.e2e.codexhouse import CodexHouse
from tests.e2e.threads import Thread
from tests.upstream.login.home import ACCOUNT, HOUR, jwt

pytestmark = pytest.mark.usefixtures("thread")
Open = Callable[..., CodexHouse]
MODEL = "gpt-5.5"
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
PIXEL = base64.b64encode(b"not really a picture").decode()


@pytest.fixture
def codex(open_house_of_codex: Open) -> Open:
    return open_house_of_codex


def gpt(house: CodexHouse, base: str = "/v1", **more: Any) -> OpenAI:
    client = openai.DefaultHttpxClient(trust_env=False)
    settings: dict[str, Any] = {"api_key": "unused", "max_retries": 0, "timeout": 20, **more}
    return OpenAI(base_url=house.origin + base, http_client=client, **settings)


def claude(house: CodexHouse, **more: Any) -> Anthropic:
    client = anthropic.DefaultHttpxClient(trust_env=False)
    settings: dict[str, Any] = {"api_key": "unused", "max_retries": 0, "timeout": 20, **more}
    return Anthropic(base_url=house.origin, http_client=client, **settings)


def ask(house: CodexHouse, **more: Any) -> Any:
    messages: Any = [{"role": "user", "content": "Hi"}]
    return gpt(house).chat.completions.create(model=MODEL, messages=messages, **more)


@pytest.mark.parametrize("base", ["/v1", "", "/openai/v1", "/backend-api/codex"])
def test_chat_is_answered_whole_though_the_backend_streams(
    codex: Open, thread: Thread, base: str
) -> None:
    house = codex()
    messages: Any = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}]
    said = gpt(house, base).chat.completions.create(
        model=MODEL, messages=messages, max_tokens=5, temperature=0.3, user="me"
    )
    assert said.choices[0].message.content == "Hello there."
    assert said.choices[0].finish_reason == "stop"
    assert said.usage is not None
    assert (said.usage.prompt_tokens, said.usage.completion_tokens) == (11, 7)
    [seen] = house.backend.seen
    assert (seen.method, seen.target) == ("POST", "/backend-api/codex/responses")
    assert (seen.body["stream"], seen.body["store"]) == (True, False)
    assert seen.headers["chatgpt-account-id"] == ACCOUNT
    assert seen.headers["accept"] == "text/event-stream"
    assert seen.headers["originator"] == "openaiproxy"
    assert seen.headers["user-agent"].startswith("openaiproxy")


def test_chat_streams_as_it_comes_and_says_what_was_dropped(codex: Open, thread: Thread) -> None:
    house = codex()
    messages: Any = [{"role": "user", "content": "Hi"}]
    with gpt(house).chat.completions.with_streaming_response.create(
        model=MODEL,
        messages=messages,
        stream=True,
        stream_options={"include_usage": True},
        max_tokens=5,
    ) as raw:
        dropped = raw.headers["x-openaiproxy-dropped"]
        names = set(raw.headers)
        chunks = list(raw.parse())
    assert "max_output_tokens" in dropped
    assert not any(name.startswith("x-codex-") or name == "set-cookie" for name in names)
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == "Hello there."
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 18
    assert len({chunk.id for chunk in chunks}) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_chat_makes_a_full_round_of_tools(codex: Open, thread: Thread, stream: bool) -> None:
    house, tool = codex(), {"name": "weather", "parameters": SCHEMA}
    asked: Any = {"model": MODEL, "tools": [{"type": "function", "function": tool}]}
    messages: list[Any] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": "How is it in Paris?"},
    ]
    client = gpt(house)
    if stream:
        with client.chat.completions.stream(**asked, messages=messages) as events:
            said = events.until_done().get_final_completion().choices[0]
    else:
        said = client.chat.completions.create(**asked, messages=messages).choices[0]
    assert said.finish_reason == "tool_calls"
    [made] = said.message.tool_calls or []
    assert (made.function.name, json.loads(made.function.arguments)) == (
        "weather",
        {"city": "Paris"},
    )
    assert said.message.content == "Let me look."
    messages.append(said.message.model_dump(exclude_none=True))
    messages.append({"role": "tool", "tool_call_id": made.id, "content": "sunny"})
    again = client.chat.completions.create(**asked, messages=messages).choices[0]
    assert again.message.content == "It is sunny."
    items = house.backend.seen[-1].body["input"]
    kinds = [item.get("type", "message") for item in items]
    assert kinds[-2:] == ["function_call", "function_call_output"]
    assert items[-1]["output"] == "sunny"
    assert "Be brief." in json.dumps(house.backend.seen[-1].body)
    assert "Let me look." in json.dumps(items)


def test_responses_are_answered_whole_from_an_empty_output(codex: Open, thread: Thread) -> None:
    house = codex()
    said = gpt(house).responses.create(model=MODEL, input="Hi")
    assert said.output_text == "Hello there."
    assert said.usage is not None
    assert said.usage.output_tokens == 7
    assert house.backend.seen[0].body["instructions"] == ""


def test_responses_stream_as_the_backend_says_it_and_codex_is_told_its_limits(
    codex: Open, thread: Thread
) -> None:
    house = codex()
    reply = house.plain("POST", "/v1/responses", {"model": MODEL, "input": "Hi", "stream": True})
    assert reply.status == 200
    assert reply.headers["x-codex-primary-used-percent"] == "12.5"
    assert "set-cookie" not in reply.headers
    assert b'"codex.rate_limits"' in reply.body
    names = [line[7:] for line in reply.body.decode().splitlines() if line.startswith("event: ")]
    assert names[-1] == "response.completed"
    assert house.backend.seen[0].body["input"][0]["content"][0]["text"] == "Hi"


@pytest.mark.parametrize("stream", [False, True])
def test_responses_make_a_full_round_of_tools(codex: Open, thread: Thread, stream: bool) -> None:
    house = codex()
    asked: Any = {
        "model": MODEL,
        "tools": [{"type": "function", "name": "weather", "parameters": SCHEMA, "strict": False}],
    }
    items: list[Any] = [{"role": "user", "content": "How is it in Paris?"}]
    client = gpt(house)
    if stream:
        with client.responses.stream(**asked, input=items) as events:
            said = events.get_final_response()
    else:
        said = client.responses.create(**asked, input=items)
    kinds = [item.type for item in said.output]
    assert kinds == ["reasoning", "message", "function_call"]
    made: Any = said.output[2]
    items += [item.model_dump(exclude_none=True) for item in said.output]
    items.append({"type": "function_call_output", "call_id": made.call_id, "output": "sunny"})
    assert client.responses.create(**asked, input=items).output_text == "It is sunny."
    sent = house.backend.seen[-1].body["input"]
    assert [item.get("encrypted_content") for item in sent if item.get("type") == "reasoning"] == [
        "sealed-1"
    ]


@pytest.mark.parametrize("stream", [False, True])
def test_messages_make_a_full_round_of_tools_rows_69_84_defect_5_10_16(
    codex: Open, thread: Thread, stream: bool
) -> None:
    house = codex()
    client = claude(house)
    asked: Any = {
        "model": MODEL,
        "max_tokens": 500,
        "system": "Be kind.",
        "tools": [{"name": "weather", "input_schema": SCHEMA}],
        "tool_choice": {"type": "any"},
    }
    messages: list[Any] = [{"role": "user", "content": "How is it in Paris?"}]
    if stream:
        with client.messages.stream(**asked, messages=messages) as events:
            said = events.get_final_message()
    else:
        said = client.messages.create(**asked, messages=messages)
    assert said.stop_reason == "tool_use"
    assert (said.usage.input_tokens, said.usage.output_tokens) == (21, 9)
    texts = [block.text for block in said.content if block.type == "text"]
    [made] = [block for block in said.content if block.type == "tool_use"]
    assert (texts, made.name, made.input) == (["Let me look."], "weather", {"city": "Paris"})
    assert house.backend.seen[0].body["tool_choice"] == "required"
    picture = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    result = {
        "type": "tool_result",
        "tool_use_id": made.id,
        "is_error": True,
        "content": [
            {"type": "text", "text": "no sensor"},
            {"type": "image", "source": picture},
        ],
    }
    answered = [result, {"type": "text", "text": "Try again."}]
    messages += [
        {"role": "assistant", "content": said.to_dict()["content"]},
        {"role": "user", "content": answered},
    ]
    again = client.messages.create(**asked, messages=messages)
    assert again.stop_reason == "end_turn"
    sent = json.dumps(house.backend.seen[-1].body["input"])
    for words in ("Let me look.", "Try again.", "no sensor", PIXEL):
        assert words in sent
    assert "error" in sent.lower()


def test_models_are_the_visible_ones_in_each_callers_shape(codex: Open, thread: Thread) -> None:
    house = codex()
    for base in ("/v1", ""):
        listed = gpt(house, base).models.list().data
        assert [(model.id, model.owned_by) for model in listed] == [
            ("gpt-5.4", "openai"),
            ("gpt-5.5", "openai"),
        ]
    assert gpt(house).models.retrieve("gpt-5.4").id == "gpt-5.4"
    assert {model.id for model in claude(house).models.list().data} == {"gpt-5.4", "gpt-5.5"}
    asked = [seen for seen in house.backend.seen if "client_version" in seen.target]
    assert {seen.target for seen in asked} == {"/backend-api/codex/models?client_version=1.0.0"}
    own = house.plain("GET", "/v1/models?client_version=0.154.0")
    assert len(json.loads(own.body)["models"]) == 4
    assert house.backend.seen[-1].target.endswith("client_version=0.154.0")


def test_a_list_outlives_its_tokens_and_is_asked_for_anew_when_told(
    codex: Open, thread: Thread
) -> None:
    house = codex()
    house.plain("GET", "/v1/models")
    house.backend.access = jwt("9", time.time() + HOUR)
    assert ask_after_401(house) == 200
    before = len(house.backend.seen)
    assert house.plain("GET", "/v1/models").headers["cache-status"].startswith("openaiproxy; hit")
    assert len(house.backend.seen) == before
    house.plain("GET", "/v1/models?refresh=1")
    assert len(house.backend.seen) == before + 1


def ask_after_401(house: CodexHouse) -> int:
    body = {"model": MODEL, "messages": [{"role": "user", "content": "Hi"}]}
    return house.plain("POST", "/v1/chat/completions", body).status


def test_codex_can_ask_how_much_is_used(codex: Open, thread: Thread) -> None:
    house = codex()
    for path in ("/api/codex/usage", "/v1/api/codex/usage", "/backend-api/codex/usage?x=1"):
        assert json.loads(house.plain("GET", path).body) == {"plan_type": "plus"}
    assert house.backend.seen[-1].target == "/backend-api/wham/usage?x=1"
    sent = {"model": MODEL, "input": []}
    assert house.plain("POST", "/v1/responses/compact", sent).status == 200
    assert house.backend.seen[-1].target == "/backend-api/codex/responses/compact"
    assert house.backend.seen[-1].body == sent


@pytest.mark.parametrize("path", ["/v1/embeddings", "/v1/files", "/v1/responses/resp_1/cancel"])
def test_what_a_login_does_not_offer_is_said(codex: Open, thread: Thread, path: str) -> None:
    reply = codex().plain("POST", path, {"model": "m", "input": "x"})
    assert reply.status == 404
    assert json.loads(reply.body)["error"]["code"] == "not_with_this_login"


def test_a_local_key_is_taken_as_bearer_and_as_x_api_key_rows_29_30(
    codex: Open, thread: Thread
) -> None:
    house = codex(environ={"CODEX_PROXY_API_KEY": "a-local-key"})
    assert gpt(house, api_key="a-local-key").models.list().data
    assert claude(house, api_key="a-local-key").models.list().data
    assert claude(house, api_key=None, auth_token="a-local-key").models.list().data
    with pytest.raises(openai.AuthenticationError, match="openaiproxy"):
        gpt(house, api_key="another").models.list()
    assert all("a-local-key" not in json.dumps(seen.headers) for seen in house.backend.seen)


def test_tokens_are_refreshed_ahead_and_the_file_keeps_what_it_had_rows_38_40_defect_5_10_8(
    codex: Open, thread: Thread
) -> None:
    house = codex(left=100)
    before = house.read()
    assert ask(house).choices[0].message.content == "Hello there."
    # The next request spends what the first one has begun to get.
    for _ in range(20):
        if house.read() != before:
            break
        ask(house)
    after = house.read()
    assert house.backend.refreshes == 1
    assert list(after) == list(before)
    assert after["future"] == before["future"]
    assert after["tokens"]["refresh_token"] == "rt-1"
    assert house.path.stat().st_mode & 0o777 == 0o600


def test_a_401_is_refreshed_and_the_request_sent_again_row_39(codex: Open, thread: Thread) -> None:
    house = codex()
    house.backend.access = jwt("9", time.time() + HOUR)
    assert ask(house).choices[0].message.content == "Hello there."
    assert house.backend.refreshes == 1
    spent = [seen.headers["authorization"] for seen in house.backend.seen]
    assert len(spent) == len(set(spent)) == 2
    assert [line["status"] for line in house.lines] == [200]
    house.backend.access = jwt("8", time.time() + HOUR)
    house.plain("GET", "/v1/models")
    assert house.lines[-1]["status"] in (200, 503)


def test_a_login_that_is_refused_for_good_is_never_a_401_pitfall_68(
    codex: Open, thread: Thread
) -> None:
    house = codex()
    house.backend.access = jwt("9", time.time() + HOUR)
    house.backend.verdict = (401, "refresh_token_expired")
    with pytest.raises(openai.InternalServerError) as raised:
        ask(house)
    assert raised.value.status_code == 503
    assert raised.value.code == "login_expired"
    with pytest.raises(anthropic.APIStatusError) as said:
        claude(house).messages.create(
            model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
        )
    assert said.value.status_code == 503
    assert house.plain("GET", "/v1/models").status == 503
    assert house.plain("GET", "/api/codex/usage").status == 503


def test_without_a_login_every_request_says_so_and_health_does_not(
    codex: Open, thread: Thread
) -> None:
    house = codex()
    house.path.unlink()
    reply = house.plain("POST", "/v1/responses", {"model": MODEL, "input": "Hi"})
    assert reply.status == 503
    assert json.loads(reply.body)["error"]["code"].startswith("login_")
    assert str(house.path) not in reply.body.decode()
    assert house.plain("GET", "/health").status == 200
    assert house.backend.seen == []


def test_fifty_requests_make_one_refresh(codex: Open, thread: Thread) -> None:
    house = codex(left=-1)
    with ThreadPoolExecutor(50) as pool:
        said = list(pool.map(lambda _: ask(house).choices[0].message.content, range(50)))
    assert said == ["Hello there."] * 50
    assert (house.backend.refreshes, house.backend.calls) == (1, 1)


def test_an_api_key_is_spent_at_the_api_and_chat_passes_raw(codex: Open, thread: Thread) -> None:
    house = codex(login={"OPENAI_API_KEY": "sk-in-the-file"})
    said = ask(house, max_tokens=5, extra_body={"odd": [1, 2]})
    assert said.choices[0].message.content == "From the API"
    seen = house.backend.seen[0]
    assert seen.target == "/v1/chat/completions"
    assert seen.headers["authorization"] == "Bearer sk-in-the-file"
    assert seen.body["odd"] == [1, 2]
    answered = claude(house).messages.create(
        model=MODEL, max_tokens=9, messages=[{"role": "user", "content": "Hi"}]
    )
    assert answered.content[0].text == "From the API"  # type: ignore[union-attr]
    assert house.backend.seen[-1].target == "/v1/responses"
    assert house.backend.seen[-1].body["max_output_tokens"] == 16
    assert [model.id for model in gpt(house).models.list().data] == ["gpt-5"]


@pytest.mark.parametrize("caller", ["chat", "messages", "responses"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_spent_limit_is_429_and_says_when_it_passes_pitfall_75(
    codex: Open, thread: Thread, caller: str, stream: bool
) -> None:
    house = codex()
    error = {"type": "usage_limit_reached", "message": "All used.", "resets_in_seconds": 600}
    house.backend.refuse = (
        429,
        {"content-type": "application/json"},
        json.dumps({"error": error}).encode(),
    )
    reply = house.plain("POST", *asking(caller, stream))
    assert reply.status == 429
    assert reply.headers["retry-after"] == "600"
    assert "All used." in reply.body.decode()


@pytest.mark.parametrize("caller", ["chat", "messages"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_that_a_stream_begins_with_is_429_too(
    codex: Open, thread: Thread, caller: str, stream: bool
) -> None:
    house = codex()
    error = {"code": "usage_limit_reached", "message": "All used.", "resets_in_seconds": 30}
    failed = {"type": "response.failed", "response": {"status": "failed", "error": error}}
    house.backend.say = lambda body: [failed]
    reply = house.plain("POST", *asking(caller, stream))
    assert reply.status == 429
    assert reply.headers["retry-after"] == "30"


@pytest.mark.parametrize("caller", ["chat", "messages", "responses"])
def test_a_model_at_capacity_is_503_pitfall_75(codex: Open, thread: Thread, caller: str) -> None:
    house = codex()
    said = {"detail": "Selected model is at capacity. Please try a different model."}
    house.backend.refuse = (400, {"content-type": "application/json"}, json.dumps(said).encode())
    reply = house.plain("POST", *asking(caller, False))
    assert reply.status == 503
    assert "at capacity" in reply.body.decode()


@pytest.mark.parametrize("caller", ["chat", "messages", "responses", "usage", "models"])
def test_a_web_page_is_recognised_and_shown_to_nobody(
    codex: Open, thread: Thread, caller: str
) -> None:
    house = codex()
    house.backend.page = True
    page = b"<!DOCTYPE html><title>Just a moment...</title>"
    house.backend.refuse = (403, {"content-type": "text/html", "cf-mitigated": "challenge"}, page)
    if caller in ("usage", "models"):
        path = {"usage": "/api/codex/usage", "models": "/v1/models"}[caller]
        reply = house.plain("GET", path)
    else:
        reply = house.plain("POST", *asking(caller, True))
    assert reply.status == 502
    assert b"<" not in reply.body
    assert "challenge page of Cloudflare" in reply.body.decode()


def asking(caller: str, stream: bool) -> tuple[str, dict[str, Any]]:
    """Path and body of the same question in a dialect."""
    messages = [{"role": "user", "content": "Hi"}]
    path, more = {
        "chat": ("/v1/chat/completions", {"messages": messages}),
        "messages": ("/v1/messages", {"messages": messages, "max_tokens": 9}),
        "responses": ("/v1/responses", {"input": "Hi"}),
    }[caller]
    return path, {"model": MODEL, "stream": stream, **more}


def test_an_answer_to_words_that_are_not_there_is_refused(codex: Open, thread: Thread) -> None:
    house = codex()
    with pytest.raises(openai.BadRequestError, match="previous_response_id"):
        gpt(house).responses.create(model=MODEL, input="And?", previous_response_id="resp_0")
    assert house.backend.seen == []


def test_tokens_are_counted_by_nobody_there_and_estimated_here(codex: Open, thread: Thread) -> None:
    house = codex()
    counted = claude(house).messages.count_tokens(
        model=MODEL, messages=[{"role": "user", "content": "Hi"}]
    )
    assert counted.input_tokens > 0
    assert house.backend.seen == []


def test_what_a_port_that_refuses_losses_would_lose_is_refused(codex: Open, thread: Thread) -> None:
    house = codex(refuse_losses="yes")
    with pytest.raises(openai.BadRequestError, match="sent to this upstream"):
        ask(house, temperature=0.3, max_tokens=5)
    assert ask(house).choices[0].message.content == "Hello there."


@pytest.mark.parametrize("stream", [False, True])
def test_anthropics_own_tool_runner_runs_through_it(
    codex: Open, thread: Thread, stream: bool
) -> None:
    house, asked = codex(), []

    @anthropic.beta_tool
    def weather(city: str) -> str:
        """The weather.

        Args:
            city: where.
        """
        asked.append(city)
        return "sunny"

    runner: Any = claude(house).beta.messages.tool_runner(
        model=MODEL,
        max_tokens=500,
        tools=[weather],
        messages=[{"role": "user", "content": "How is it in Paris?"}],
        stream=stream,
    )
    *_, last = runner
    said = last.get_final_message() if stream else last
    assert asked == ["Paris"]
    assert said.content[0].text == "It is sunny."
    assert len(house.backend.seen) == 2


def test_codex_is_told_to_go_on_by_http_pitfall_63(codex: Open, thread: Thread) -> None:
    house = codex()
    fields = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    assert house.plain("GET", "/v1/responses", None, fields).status == 426
    assert house.backend.seen == []
    sent = {"model": MODEL, "input": "Hi", "stream": True}
    assert house.plain("POST", "/v1/responses", sent).status == 200
