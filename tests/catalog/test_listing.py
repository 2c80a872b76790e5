"""Which models a port shows, and under which names."""

import json
from typing import Any

import pytest

from openaiproxy.bridging import Alias, Bridging, Keep, Models
from openaiproxy.catalog.listing import build_listing
from tests.catalog.lists import ANTHROPIC, CODEX, OPENAI, listing, names, thinks

ALIASES = (
    Alias("claude-gpt-5", "gpt-5-codex", "high", "none"),
    Alias("quiet", "gpt-5-codex", "none"),
    Alias("other", "not-there"),
)


@pytest.mark.parametrize("body", [OPENAI, ANTHROPIC])
def test_a_list_of_which_nothing_is_changed_is_the_upstreams_own(body: bytes) -> None:
    assert listing(body).raw == body


@pytest.mark.parametrize(
    ("keep", "kept"),
    [
        (Keep.CODEX, ["gpt-5-codex", "GPT-Codex-Mini"]),
        (Keep.PLAIN, ["gpt-4.1"]),
        (Keep.ALL, ["gpt-4.1", "gpt-5-codex", "GPT-Codex-Mini"]),
    ],
)
def test_codex_is_looked_for_in_any_case_row_45(keep: Keep, kept: list[str]) -> None:
    assert names(listing(OPENAI, keep=keep)) == kept


def test_entries_keep_all_they_have_and_other_keys_their_order_row_45() -> None:
    found = listing(OPENAI, keep=Keep.CODEX)
    assert found.raw is None
    assert list(found.entries[1]) == ["id", "created", "object", "owned_by", "extra"]
    assert list(found.top) == ["object", "more", "data", "first"]


@pytest.mark.parametrize("entry", [{"object": "model"}, {"id": 7}, {"id": " "}, "gpt", None])
def test_an_entry_without_a_name_is_left_out(entry: object) -> None:
    body = json.dumps({"data": [entry, {"id": "gpt-5"}]}).encode()
    found = listing(body)
    assert names(found) == ["gpt-5"]
    assert found.raw is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'"x"', b"{}", b'{"data": {}}'])
def test_what_is_no_list_is_told_apart(body: bytes) -> None:
    assert build_listing(body, Bridging(models=Models()), thinks) is None


def test_suffixes_follow_a_model_that_thinks_row_46() -> None:
    found = listing(OPENAI, keep=Keep.ALL, suffixes=True)
    assert names(found) == [
        "gpt-4.1",
        "gpt-5-codex",
        "gpt-5-codex:res-low:sum-auto",
        "gpt-5-codex:res-low:sum-none",
        "gpt-5-codex:res-medium:sum-none",
        "gpt-5-codex:res-high:sum-auto",
        "gpt-5-codex:res-high:sum-none",
        "GPT-Codex-Mini",
    ]
    assert found.entries[3] == {
        "id": "gpt-5-codex:res-low:sum-none",
        "object": "model",
        "created": 1757527818,
        "owned_by": "system",
        "metadata": {
            "proxy_reasoning_profile": {
                "alias_effort": "low",
                "alias_summary": "none",
                "effort": "low",
                "summary": None,
                "disable": False,
                "base_model": "gpt-5-codex",
            }
        },
    }


def test_metadata_of_the_upstreams_stays_beside_ours() -> None:
    body = json.dumps({"data": [{"id": "gpt-5", "metadata": {"a": "b"}}]}).encode()
    added = listing(body, suffixes=True).entries[1]["metadata"]
    assert list(added) == ["a", "proxy_reasoning_profile"]


def test_aliases_are_listed_at_the_end_with_what_is_known_of_their_model_pitfall_56() -> None:
    found = listing(OPENAI, keep=Keep.PLAIN, aliases=ALIASES)
    assert names(found) == ["gpt-4.1", "claude-gpt-5", "quiet", "other"]
    hidden, quiet, unknown = found.entries[1:]
    assert hidden["created"] == 1757527818
    meaning: dict[str, Any] = hidden["metadata"]["proxy_reasoning_profile"]
    assert (meaning["base_model"], meaning["effort"]) == ("gpt-5-codex", "high")
    assert quiet["metadata"]["proxy_reasoning_profile"]["disable"] is True
    assert quiet["metadata"]["proxy_reasoning_profile"]["effort"] is None
    assert unknown["owned_by"] == "openaiproxy"
    assert unknown["created"] == 0


def test_an_alias_that_is_named_like_a_model_is_not_listed_twice() -> None:
    found = listing(OPENAI, aliases=(Alias("gpt-4.1", "gpt-5-codex"),))
    assert names(found).count("gpt-4.1") == 1


def test_one_entry_less_and_one_more_is_not_the_upstreams_list() -> None:
    body = json.dumps({"data": [{"id": "gpt-5-codex"}, {"id": "a"}]}).encode()
    found = listing(body, keep=Keep.CODEX, aliases=(Alias("b", "a"),))
    assert names(found) == ["gpt-5-codex", "b"]
    assert found.raw is None


def test_a_list_of_the_operators_own_stands_in_place_of_the_upstreams_row_47() -> None:
    own = {"id": "gpt-5-mine", "object": "model", "created": 3, "owned_by": "me"}
    found = listing(None, keep=Keep.CODEX, suffixes=True, listed=(own,), aliases=ALIASES[:1])
    assert names(found) == ["gpt-5-mine", "claude-gpt-5"]
    assert found.entries[0] is own
    assert names(listing(OPENAI, listed=(own,))) == ["gpt-5-mine"]


def test_without_an_upstreams_list_our_own_names_are_known_pitfall_57() -> None:
    assert names(listing(None, aliases=ALIASES)) == ["claude-gpt-5", "quiet", "other"]
    assert names(listing(None)) == []


def test_an_alias_of_codexs_keeps_the_instructions_of_its_model_row_49() -> None:
    found = listing(CODEX, aliases=(Alias("mine", "gpt-5.4", "low"),))
    assert found.entries[-1]["slug"] == "mine"
    assert found.entries[-1]["display_name"] == "mine"
    assert found.entries[-1]["base_instructions"] == "Be brief."


def test_a_model_is_found_by_any_name_that_is_understood_pitfall_57() -> None:
    found = listing(OPENAI, suffixes=True, aliases=ALIASES[:1])
    for name in ("gpt-4.1", "claude-gpt-5", "gpt-5-codex:res-low:sum-none"):
        entry = found.find(name)
        assert entry is not None
        assert entry["id"] == name
    unlisted = found.find("gpt-5-codex:res-high:sum-detailed")
    assert unlisted is not None
    assert unlisted["metadata"]["proxy_reasoning_profile"]["summary"] == "detailed"
    assert found.find("gpt-4.1:res-high") is None, "it does not think"
    assert found.find("gpt-9:res-high") is None
    assert found.find("gpt-5-codex:res-bogus") is None
    assert found.find("gpt-9") is None
    assert listing(OPENAI).find("gpt-5-codex:res-high") is None, "suffixes are off"
    assert listing(OPENAI, keep=Keep.PLAIN).find("gpt-5-codex") is None, "it is not shown"
