"""Chapter 3.1: routes, the proxy's own fields, variables, and what every answer has."""

import json
from typing import Any

import pytest
from attrs import evolve

from openaiproxy.presets import PRESETS
from openaiproxy.profile import Simple, Timeouts
from openaiproxy.simple.endpoints import ENDPOINTS
from tests.chapter.routes import JSON_ROUTES, QUERY_ROUTES, ROUTES, Route, put
from tests.config.world import World
from tests.web.plugged import fields_of
from tests.web.simple.asked import KEY, ask, open_simple, sent_json, told
from tests.web.wiring import Connection

NAMED = pytest.mark.parametrize("route", ROUTES, ids=str)
OWN = {"openai_api_key": "sk-mine", "project": "proj-mine", "organization": "org-mine"}


def body_of(client: Connection) -> bytes:
    return client.received().partition(b"\r\n\r\n")[2]


# Every answer.


@NAMED
def test_an_answer_may_be_read_by_any_page_chapter_3_1(route: Route) -> None:
    _, client, _ = put(route)
    fields = fields_of(client)
    assert fields["access-control-allow-origin"] == "*"
    assert fields["access-control-allow-methods"] == "GET, POST, DELETE, OPTIONS"
    for name in ("Origin", "X-Requested-With", "Content-Type", "Accept", "X-Request-Id"):
        assert name in fields["access-control-allow-headers"].split(", ")


@pytest.mark.parametrize("path", ["/", "/health", "/log", "/log_errors", "/nowhere", "/openai"])
def test_pages_and_errors_may_be_read_by_any_page_too_chapter_3_1(path: str) -> None:
    for method in ("GET", "OPTIONS"):
        fields = fields_of(ask(open_simple(), path, method=method))
        assert fields["access-control-allow-origin"] == "*"


@NAMED
def test_an_options_of_any_route_is_an_empty_200_chapter_3_1(route: Route) -> None:
    client = ask(open_simple(), route.path, method="OPTIONS")
    assert client.received().startswith(b"HTTP/1.1 200")
    assert body_of(client) == b""


@pytest.mark.parametrize("route", JSON_ROUTES + QUERY_ROUTES, ids=str)
def test_a_json_answer_is_in_lines_of_two_blanks_chapter_3_1(route: Route) -> None:
    _, client, _ = put(route)
    data = body_of(client)
    assert data == json.dumps(json.loads(data), indent=2).encode()
    assert fields_of(client)["content-type"] == "application/json"


@pytest.mark.parametrize("path", ["/openai", "/openai2", "/chatgpt", "/nowhere", "/anthropic"])
def test_an_error_is_in_lines_too_chapter_3_1(path: str) -> None:
    data = body_of(ask(open_simple(), path, b"{"))
    assert data == json.dumps(json.loads(data), indent=2).encode()


@NAMED
def test_each_route_asks_its_own_upstream_chapter_3_1(route: Route) -> None:
    _, client, asked = put(route)
    assert f"{asked.method.decode()} {asked.target.decode()}" == route.upstream
    assert client.received().startswith(b"HTTP/1.1 200")


def test_no_route_is_left_out_here_chapter_3_1() -> None:
    shown = {str(route).replace("resp_1", "*") for route in ROUTES}
    others = {"POST /anthropic/stream"}
    assert {f"{each.method} {each.path}" for each in ENDPOINTS} - others <= shown


# What is the proxy's own.


@pytest.mark.parametrize("route", JSON_ROUTES, ids=str)
def test_the_proxys_own_fields_are_taken_off_a_body_chapter_3_1(route: Route) -> None:
    _, _, plain = put(route)
    before = bytes(plain.upload.data)
    _, _, asked = put(route, **OWN, timeout=5000, anthropic_api_key="sk-ant-mine")
    assert bytes(asked.upload.data) == before
    assert KEY.encode() not in before


@pytest.mark.parametrize("route", QUERY_ROUTES, ids=str)
def test_the_proxys_own_fields_are_taken_off_a_query_chapter_3_1(route: Route) -> None:
    _, _, asked = put(route, **OWN, timeout=5000)
    assert asked.target.decode() == route.upstream.partition(" ")[2]


@pytest.mark.parametrize(
    "route", [each for each in JSON_ROUTES + QUERY_ROUTES if not each.anthropic], ids=str
)
def test_a_key_project_and_organization_of_the_callers_are_spent_chapter_3_1(route: Route) -> None:
    _, _, usual = put(route)
    assert usual.header(b"authorization") == [b"Bearer sk-server"]
    assert usual.header(b"openai-project") == [b"proj-s"]
    assert usual.header(b"openai-organization") == [b"org-s"]
    _, _, asked = put(route, **OWN)
    assert asked.header(b"authorization") == [b"Bearer sk-mine"]
    assert asked.header(b"openai-project") == [b"proj-mine"]
    assert asked.header(b"openai-organization") == [b"org-mine"]


def test_the_key_may_be_none_for_a_cancel_without_a_body_chapter_3_1() -> None:
    wired = open_simple()
    ask(wired, "/openai2/resp_1/cancel", b"", f"X-Security-Key: {KEY}")
    assert wired.upstream.asked[0].target == b"/v1/responses/resp_1/cancel"


# All that is documented passes.

RESPONSES_FIELDS: dict[str, Any] = {
    "model": "gpt-4o",
    "input": [{"role": "user", "content": [{"type": "input_text", "text": "x"}]}],
    "instructions": "Be brief.",
    "tools": [
        {"type": "web_search_preview", "search_context_size": "medium"},
        {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 20},
        {"type": "function", "name": "f", "parameters": {"type": "object", "properties": {}}},
        {"type": "mcp", "server_label": "s", "server_url": "https://s.example"},
        {"type": "code_interpreter", "container": {"type": "auto"}},
    ],
    "tool_choice": {"type": "function", "name": "f"},
    "temperature": 0.5,
    "top_p": 1,
    "max_output_tokens": 10,
    "max_tool_calls": 2,
    "parallel_tool_calls": False,
    "previous_response_id": "resp_0",
    "conversation": {"id": "conv_1"},
    "store": False,
    "metadata": {"a": "b"},
    "include": [
        "web_search_call.action.sources",
        "code_interpreter_call.outputs",
        "file_search_call.results",
        "message.input_image.image_url",
        "message.output_text.logprobs",
        "reasoning.encrypted_content",
    ],
    "text": {"format": {"type": "json_schema", "name": "n", "schema": {"type": "object"}}},
    "reasoning": {"effort": "high", "summary": "auto"},
    "truncation": "auto",
    "background": True,
    "service_tier": "flex",
    "unheard_of": [None, 1.5e300, "я"],
}


@pytest.mark.parametrize("name", RESPONSES_FIELDS)
def test_a_field_of_responses_passes_untouched_chapter_3_1(name: str) -> None:
    wired = open_simple()
    ask(wired, "/openai2", {"model": "m", name: RESPONSES_FIELDS[name]})
    assert sent_json(wired.upstream.asked[0]) == {"model": "m", name: RESPONSES_FIELDS[name]}


def test_all_fields_of_responses_pass_together_chapter_3_1() -> None:
    wired = open_simple()
    ask(wired, "/openai2", {**RESPONSES_FIELDS, "stream": True})
    assert sent_json(wired.upstream.asked[0]) == {**RESPONSES_FIELDS, "stream": True}


def test_all_fields_of_chat_pass_together_chapter_3_1() -> None:
    fields = {
        "model": "gpt-4o",
        "messages": [{"role": "developer", "content": "x"}, {"role": "user", "content": "y"}],
        "temperature": 2,
        "top_p": 0.1,
        "max_tokens": 5,
        "max_completion_tokens": 6,
        "stop": ["a"],
        "unheard_of": {"b": None},
    }
    wired = open_simple()
    ask(wired, "/openai", fields)
    assert sent_json(wired.upstream.asked[0]) == fields


@pytest.mark.parametrize(
    "fields",
    [
        {"input": ["a", "b"], "dimensions": 512, "encoding_format": "float"},
        {"input": "a", "encoding_format": "base64", "model": "text-embedding-3-small"},
    ],
)
def test_the_fields_of_embeddings_pass_chapter_3_1(fields: dict[str, Any]) -> None:
    wired = open_simple()
    ask(wired, "/embeddings", fields)
    assert sent_json(wired.upstream.asked[0]) == {"model": "text-embedding-3-large", **fields}


# The port.


def test_the_port_is_3002_chapter_3_1() -> None:
    assert PRESETS["simple"].endpoint == "tcp:3002:interface=127.0.0.1"


def test_the_defaults_of_times_and_limits_chapter_3_3() -> None:
    profile = World(environ={"SECURITY_KEY": "a-security-key"}).profile(profile="simple")
    assert profile.timeouts == Timeouts(
        connect=30.0,
        first_byte=905.0,
        idle=905.0,
        total=930.0,
        client_idle=65.0,
        keepalive=15.0,
    )
    simple = profile.simple
    assert simple is not None
    assert evolve(simple, anthropic=Simple().anthropic) == Simple(
        model="gpt-5.4-mini", timeout=600.0, longest=900.0, responses_body=70_000_000
    )
    assert profile.limits.requests == 32


@pytest.mark.parametrize("name", [".env.local", ".env"])
def test_variables_are_read_from_files_chapter_3_1(name: str) -> None:
    text = "SECURITY_KEY=from-the-file\nOPENAI_PROJECT_KEY=proj_f\nACCESS_TOKEN=token-of-the-file\n"
    world = World(files={f"/srv/{name}": text})
    config = world.load(profile="simple")
    [key] = config.ports[0].profile.auth.keys
    assert key.secret == "from-the-file"
    assert config.ports[0].profile.credential.project == "proj_f"
    assert config.operator.token == "token-of-the-file"


def test_a_project_of_the_servers_holds_without_a_key_of_the_servers_chapter_3_1() -> None:
    environ = {"SECURITY_KEY": "a-security-key", "OPENAI_PROJECT_KEY": "proj_1"}
    credential = World(environ=environ).profile(profile="simple").credential
    wired = open_simple(credential=credential)
    ask(wired, "/openai2", {"model": "m", "openai_api_key": "sk-mine"})
    [asked] = wired.upstream.asked
    assert asked.header(b"authorization") == [b"Bearer sk-mine"]
    assert asked.header(b"openai-project") == [b"proj_1"]


def test_env_local_goes_before_env_chapter_3_1() -> None:
    files = {
        "/srv/.env.local": "SECURITY_KEY=the-local-one\n",
        "/srv/.env": "SECURITY_KEY=the-other-one\n",
    }
    [key] = World(files=files).profile(profile="simple").auth.keys
    assert key.secret == "the-local-one"


@pytest.mark.parametrize(("method", "path"), [("PUT", "/openai2"), ("GET", "/chatgpt")])
def test_another_method_is_not_found_chapter_3_1(method: str, path: str) -> None:
    status, error = told(ask(open_simple(), path, {}, method=method))
    assert (status, error["message"]) == (404, "Not Found")
