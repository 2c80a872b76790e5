"""What is known of models, and how a name finds its family."""

import re

import pytest

from openaiproxy.capabilities import EFFORTS, FAMILIES, Facts, Sampled, base_name, facts_of

CHAT, RESPONSES = frozenset({"chat"}), frozenset({"responses"})


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("gpt-5", "gpt-5"),
        ("GPT-5", "gpt-5"),
        ("gpt-5-2025-08-07", "gpt-5"),
        ("openai/gpt-5", "gpt-5"),
        ("openrouter/openai/gpt-5-2025-08-07", "gpt-5"),
        ("ft:gpt-4.1:org::id", "gpt-4.1"),
        ("ft:gpt-4.1-mini-2025-04-14:org:name:id", "gpt-4.1-mini"),
        ("ft:", ""),
        ("", ""),
    ],
)
def test_a_name_is_looked_up_without_provider_tuning_and_date(name: str, base: str) -> None:
    assert base_name(name) == base


@pytest.mark.parametrize(
    "name",
    [
        "gpt-5-codex",
        "gpt-5.1-codex",
        "gpt-5.1-codex-max",
        "gpt-5.1-codex-mini",
        "gpt-5.3-codex",
        "codex-mini-latest",
        "o1-pro-2025-03-19",
        "o3-pro",
        "gpt-5-pro",
        "gpt-5.2-pro-2025-12-11",
        "gpt-5.5-pro",
        "openai/gpt-5.1-codex",
        "o3-deep-research",
        "o4-mini-deep-research-2025-06-26",
        "computer-use-preview",
    ],
)
def test_pitfall_2_models_of_responses_alone_are_known(name: str) -> None:
    assert facts_of(name).absent == CHAT
    assert facts_of(name).reasons


@pytest.mark.parametrize(
    "name", ["o1-preview", "o1-mini-2024-09-12", "gpt-4o-audio-preview", "gpt-4o-search-preview"]
)
def test_models_of_chat_alone_are_known(name: str) -> None:
    assert facts_of(name).absent == RESPONSES


@pytest.mark.parametrize(
    "name", ["gpt-5.4", "gpt-5.4-mini", "gpt-5.5-2026-04-23", "gpt-5.6", "gpt-5.6-sol", "gpt-5.10"]
)
def test_pitfall_1_models_that_call_in_chat_only_unthinking_are_known(name: str) -> None:
    assert not facts_of(name).calls_thinking
    assert not facts_of(name).absent


@pytest.mark.parametrize(
    ("name", "sampled"),
    [
        ("o3", Sampled.NEVER),
        ("o4-mini", Sampled.NEVER),
        ("gpt-5", Sampled.NEVER),
        ("gpt-5-nano", Sampled.NEVER),
        ("gpt-5.5", Sampled.UNTHINKING),
        ("gpt-5.6-terra", Sampled.UNTHINKING),
        ("gpt-4.1", Sampled.ALWAYS),
        ("gpt-5-chat-latest", Sampled.ALWAYS),
    ],
)
def test_pitfall_9_it_is_known_when_models_take_sampling(name: str, sampled: Sampled) -> None:
    assert facts_of(name).sampled is sampled


@pytest.mark.parametrize(
    "name",
    [
        "",
        "llama3.2",
        "gemini-2.5-pro",
        "deepseek-reasoner",
        "my-codex",
        "claude-sonnet-4-5",
        "gpt-5" * 100,
        "gpt-5x",
        "text-embedding-3-small",
        "gpt-5.1-chat-latest",
    ],
)
def test_nothing_is_assumed_of_unknown_models(name: str) -> None:
    assert facts_of(name) == Facts()


def test_a_dated_name_and_a_tuned_one_fall_into_their_family() -> None:
    assert facts_of("gpt-5.4-mini-2026-03-17") == facts_of("gpt-5.4-mini")
    assert facts_of("ft:gpt-4o-mini-2024-07-18:acme::x") == facts_of("gpt-4o-mini")
    assert facts_of("gpt-4-1106-preview") == facts_of("gpt-4")


def test_every_family_is_reached_and_says_efforts_in_order() -> None:
    for pattern, facts in FAMILIES:
        assert re.compile(pattern)
        places = [EFFORTS.index(effort) for effort in facts.efforts]
        assert places == sorted(places)
        assert facts.effort is None or not facts.efforts or facts.effort in facts.efforts
        assert facts.reasons is not False or not facts.summaries
