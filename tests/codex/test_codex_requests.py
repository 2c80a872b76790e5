"""A Responses request as the backend of a ChatGPT login takes it."""

from copy import deepcopy
from typing import Any

import pytest

from openaiproxy.codex.requests import fit_request
from openaiproxy.hub.loss import Loss
from tests.upstream.login.backend import REFUSED, complaint_about

HI = [{"role": "user", "content": "Hi"}]


def body(**given: Any) -> dict[str, Any]:
    return fit_request({"model": "m", "input": HI, **given}).body


def losses(**given: Any) -> list[tuple[str, bool]]:
    fitted = fit_request({"model": "m", "input": HI, **given})
    return [(loss.path, loss.hint) for loss in fitted.losses]


def test_what_must_be_so_is_made_so() -> None:
    assert fit_request({"model": "m", "input": HI, "store": True, "stream": False}).body == {
        "model": "m",
        "input": HI,
        "store": False,
        "stream": True,
        "instructions": "",
        "include": ["reasoning.encrypted_content"],
    }


def test_the_given_one_is_not_changed() -> None:
    given: dict[str, Any] = {
        "input": [{"role": "system", "content": "x", "id": "mine"}],
        "tools": [{"type": "web_search_preview"}],
        "include": ["a"],
        "temperature": 1,
    }
    before = deepcopy(given)
    fit_request(given)
    assert given == before


def test_a_plain_request_loses_nothing() -> None:
    assert (
        losses(instructions="Be kind.", reasoning={"effort": "low"}, text={"verbosity": "low"})
        == []
    )


def test_what_is_refused_is_left_out_and_named() -> None:
    """Pitfall 74: every parameter of the list."""
    given = dict.fromkeys(REFUSED, 1)
    fitted = fit_request({"model": "m", "input": HI, **given})
    assert complaint_about(fitted.body) is None
    assert {loss.path for loss in fitted.losses} == REFUSED
    assert {loss.path for loss in fitted.losses if loss.hint} == {
        "user",
        "metadata",
        "prompt_cache_retention",
        "prompt_cache_options",
        "stream_options",
    }


@pytest.mark.parametrize("given", [{"truncation": "disabled"}, {"background": False}])
def test_what_is_the_case_anyway_is_no_loss(given: dict[str, Any]) -> None:
    assert losses(**given) == []
    assert not set(given) & set(body(**given))


def test_null_is_no_loss() -> None:
    assert losses(temperature=None, service_tier=None, previous_response_id=None, user=None) == []
    assert body(instructions=None)["instructions"] == ""


def test_what_would_point_to_something_kept_is_named() -> None:
    assert losses(previous_response_id="resp_1", conversation="c", background=True) == [
        ("previous_response_id", False),
        ("conversation", False),
        ("background", False),
    ]
    assert losses(store=True) == [("store", True)]


@pytest.mark.parametrize("tier", ["priority", "fast"])
def test_the_fast_tiers_pass(tier: str) -> None:
    assert body(service_tier=tier)["service_tier"] == tier
    assert losses(service_tier=tier) == []


@pytest.mark.parametrize(("tier", "hint"), [("auto", True), ("default", True), ("flex", False)])
def test_other_tiers_are_left_out_and_named(tier: str, hint: bool) -> None:
    assert "service_tier" not in body(service_tier=tier)
    assert losses(service_tier=tier) == [("service_tier", hint)]


def test_what_else_was_to_be_included_stays() -> None:
    encrypted = "reasoning.encrypted_content"
    assert body(include=["a"])["include"] == ["a", encrypted]
    assert body(include=[encrypted, "a"])["include"] == [encrypted, "a"]


def test_a_text_is_a_message() -> None:
    assert body(input="Hi")["input"] == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
    ]
    assert fit_request({}).body["input"] == []


def test_system_is_developer() -> None:
    items = [{"role": "system", "content": "x"}, {"role": "user", "content": "y"}]
    found = body(input=items)["input"]
    assert [item["role"] for item in found] == ["developer", "user"]


@pytest.mark.parametrize(
    ("item", "stays"),
    [
        ({"type": "message", "id": "msg_1"}, True),
        ({"role": "user", "id": "msg_1"}, True),
        ({"type": "message", "id": "item-1"}, False),
        ({"type": "message", "id": "msg_" + "1" * 61}, False),
        ({"type": "function_call", "id": "fc_1"}, True),
        ({"type": "function_call", "id": "call_1"}, False),
        ({"type": "reasoning", "id": "rs_1", "encrypted_content": "e"}, True),
        ({"type": "tomorrow", "id": "to_1"}, False),
        ({"type": "message", "id": None}, False),
    ],
)
def test_ids_stay_where_they_look_like_the_backends_own(item: dict[str, Any], stays: bool) -> None:
    assert ("id" in body(input=[item])["input"][0]) is stays


def test_what_the_backend_would_look_up_is_left_out_and_named() -> None:
    items = [{"type": "item_reference", "id": "msg_1"}, {"type": "reasoning", "id": "rs_1"}, *HI]
    fitted = fit_request({"input": items})
    assert fitted.body["input"] == HI
    assert [loss.path for loss in fitted.losses] == ["input[].item_reference", "input[].reasoning"]
    assert all(isinstance(loss, Loss) for loss in fitted.losses)


def test_a_call_and_its_output_stay_a_pair() -> None:
    items = [
        {"type": "function_call", "call_id": "x" * 65},
        {"type": "function_call_output", "call_id": "x" * 65},
        {"type": "function_call_output", "call_id": "y" * 65},
        {"type": "function_call_output", "call_id": "z" * 64},
    ]
    ids = [item["call_id"] for item in body(input=items)["input"]]
    assert ids[0] == ids[1] != ids[2]
    assert ids[3] == "z" * 64
    assert all(len(name) <= 64 for name in ids)


def test_search_has_its_name_of_today() -> None:
    found = body(
        tools=[{"type": "web_search_preview_2025_03_11", "a": 1}, {"type": "function"}],
        tool_choice={"type": "allowed_tools", "tools": [{"type": "web_search_preview"}]},
    )
    assert found["tools"] == [{"type": "web_search", "a": 1}, {"type": "function"}]
    assert found["tool_choice"]["tools"] == [{"type": "web_search"}]
    assert body(tool_choice={"type": "web_search_preview"})["tool_choice"] == {"type": "web_search"}


def test_parallel_calls_need_tools() -> None:
    assert "parallel_tool_calls" not in body(parallel_tool_calls=True, tools=[])
    found = body(parallel_tool_calls=False, tools=[{"type": "function"}])
    assert found["parallel_tool_calls"] is False


@pytest.mark.parametrize("found", [7, [7, None, "x"], {"a": 1}])
def test_what_makes_no_sense_does_not_raise(found: Any) -> None:
    fit_request({"input": found, "tools": found, "tool_choice": found, "include": found})
