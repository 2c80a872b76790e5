"""The table of endpoints (rows 4, 6, 7, 8, 19, 22)."""

import json
from typing import Any

import pytest

from openaiproxy.errors import BadRequest
from openaiproxy.simple.endpoints import ENDPOINTS, Ask, Given, find_endpoint


def ask(method: str, path: str, body: dict[str, Any] | None = None, query: Any = ()) -> Ask:
    found = find_endpoint(method, path)
    assert found is not None
    endpoint, id = found
    return endpoint.ask(Given(body or {}, list(query), id, "default-model"))


@pytest.mark.parametrize(
    ("method", "path", "upstream"),
    [
        ("POST", "/openai", "POST /v1/chat/completions"),
        ("POST", "/openai2", "POST /v1/responses"),
        ("GET", "/openai2/resp_1", "GET /v1/responses/resp_1"),
        ("DELETE", "/openai2/resp_1", "DELETE /v1/responses/resp_1"),
        ("POST", "/openai2/resp_1/cancel", "POST /v1/responses/resp_1/cancel"),
        ("GET", "/openai2/resp_1/input_items", "GET /v1/responses/resp_1/input_items"),
        ("POST", "/openai2/compact", "POST /v1/responses/compact"),
        ("POST", "/openai2/input_tokens", "POST /v1/responses/input_tokens"),
        ("POST", "/embeddings", "POST /v1/embeddings"),
        ("POST", "/anthropic", "POST /v1/messages"),
        ("POST", "/anthropic/stream", "POST /v1/messages"),
    ],
)
def test_each_asks_its_own_rows_4_6_7_8_22_defect_3(method: str, path: str, upstream: str) -> None:
    asked = ask(method, path)
    assert f"{asked.method.decode()} {asked.target}" == upstream


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/openai"),
        ("POST", "/openai/"),
        ("POST", "/openai2/resp_1"),
        ("GET", "/openai2/a/b"),
        ("GET", "/openai2/resp_1/cancel"),
        ("DELETE", "/openai2/resp_1/input_items"),
        ("POST", "/openai2/a/b/cancel"),
        ("PUT", "/openai2"),
        ("POST", "/v1/embeddings"),
    ],
)
def test_nothing_else_is_one(method: str, path: str) -> None:
    assert find_endpoint(method, path) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/openai2/"), ("DELETE", "/openai2/"), ("POST", "/openai2//cancel")],
)
def test_a_missing_id_is_said(method: str, path: str) -> None:
    with pytest.raises(BadRequest, match="Missing response_id"):
        ask(method, path)


def test_an_id_stays_one_step_of_the_path() -> None:
    assert ask("GET", "/openai2/a%2fb%3Fc%ff").target == "/v1/responses/a%2fb%3Fc%ff"


def test_a_stream_is_refused_where_there_is_none() -> None:
    with pytest.raises(
        BadRequest, match=r"^400 bad_request: Streaming is not supported on this endpoint$"
    ):
        ask("POST", "/openai", {"stream": True})
    with pytest.raises(BadRequest, match=r"Use /anthropic/stream instead\."):
        ask("POST", "/anthropic", {"stream": True})


def test_responses_stream_where_it_is_wanted_row_5() -> None:
    asked = ask("POST", "/openai2", {"model": "m", "stream": 1})
    assert asked.stream
    assert json.loads(asked.body or b"") == {"model": "m", "stream": True}
    asked = ask("POST", "/openai2", {"model": "m", "stream": False})
    assert not asked.stream
    assert json.loads(asked.body or b"") == {"model": "m"}
    assert ask("GET", "/openai2/r", query=[("stream", "true")]).stream


def test_an_anthropic_stream_is_always_one_row_22() -> None:
    asked = ask("POST", "/anthropic/stream", {"model": "c"})
    assert asked.stream
    assert json.loads(asked.body or b"")["stream"] is True


def test_all_other_fields_pass_untouched() -> None:
    body = {"model": "m", "input": [{"a": 1}], "text": {"format": {}}, "unheard_of": [None, 1.5]}
    assert json.loads(ask("POST", "/openai2", body).body or b"") == body
    body = {"model": "m", "messages": [], "logit_bias": {"1": 2}, "stream": False}
    assert json.loads(ask("POST", "/openai", body).body or b"") == body


def test_an_image_is_put_in_and_its_field_taken_off_row_20() -> None:
    said = json.loads(ask("POST", "/openai", {"image": {"url": "u"}}).body or b"")
    assert said.keys() == {"messages"}


def test_embeddings_have_a_default_model_row_11() -> None:
    assert json.loads(ask("POST", "/embeddings", {"input": "x"}).body or b"") == {
        "model": "text-embedding-3-large",
        "input": "x",
    }
    assert ask("POST", "/embeddings", {"model": "m"}).model == "m"


def test_only_safe_calls_are_asked_again_row_103_defect_7() -> None:
    assert {f"{each.method} {each.path}" for each in ENDPOINTS if each.retries} == {
        "GET /openai2/*",
        "DELETE /openai2/*",
        "GET /openai2/*/input_items",
        "POST /openai2/input_tokens",
    }
    assert {each.retries for each in ENDPOINTS} == {0, 2}
