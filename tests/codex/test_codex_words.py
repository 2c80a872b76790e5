"""Words beside Chat's own."""

from typing import Any

import pytest

from openaiproxy.codex.words import chat_words


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (
            {"reasoning": {"effort": "high"}, "reasoning_effort": "low"},
            {"reasoning_effort": "high"},
        ),
        ({"reasoning_effort": "low", "model_reasoning_effort": "x"}, {"reasoning_effort": "low"}),
        ({"model_reasoning_effort": "low"}, {"reasoning_effort": "low"}),
        (
            {"reasoning": {"effort": "high", "summary": "auto"}},
            {"reasoning_effort": "high", "reasoning": {"summary": "auto"}},
        ),
        ({"text": {"verbosity": "low"}, "verbosity": "high"}, {"verbosity": "low"}),
        ({"text_verbosity": "low", "model_verbosity": "high"}, {"verbosity": "low"}),
        ({"model_verbosity": "high"}, {"verbosity": "high"}),
        ({"reasoning": "odd", "text": 3}, {"reasoning": "odd", "text": 3}),
        ({"reasoning_effort": None}, {}),
    ],
)
def test_the_first_that_is_said_holds(said: dict[str, Any], meant: dict[str, Any]) -> None:
    before = dict(said)
    assert chat_words({"model": "m", **said}) == {"model": "m", **meant}
    assert said == before
