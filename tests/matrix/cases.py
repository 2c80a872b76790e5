"""The cases: a question each, and what must be heard, for every client and upstream alike.

The stand-in counts words, so that what an answer must have cost is known to the token.
"""

import json
from collections.abc import Callable
from typing import Any

from attrs import evolve

from openaiproxy.upstream.embedded.conversation import REASONING
from openaiproxy.upstream.embedded.texts import tokens
from tests.matrix.heard import IMAGE, IMAGE_URL, Heard, Question, Verdict

__all__ = ["CASES", "MODEL", "check", "question_of"]

MODEL = "gpt-4.1"
_HELLO = "Hello, Grüße, 世界 🙂"
_ECHO = "This is the embedded upstream. You said: "

CASES: dict[str, Question] = {
    "plain": Question(_HELLO, MODEL),
    "streaming": Question(_HELLO, MODEL, stream=True),
    "tools": Question("Call both in parallel, twice.", MODEL, tools=True),
    "tools, streamed": Question("Call both in parallel, twice.", MODEL, tools=True, stream=True),
    "image": Question("What is this?", MODEL, image=True),
    "structured": Question("Judge it.", MODEL, schema=True),
    "structured, streamed": Question("Judge it.", MODEL, schema=True, stream=True),
    "reasoning": Question("Think.", MODEL, thinks=True),
    "reasoning, streamed": Question("Think.", MODEL, thinks=True, stream=True),
}


def question_of(case: str, thinker: str) -> Question:
    """A case's question.

    :param thinker: the model to ask where it is to think.
    """
    question = CASES[case]
    return evolve(question, model=thinker) if question.thinks else question


def check(case: str, heard: list[Heard], *, urls: bool = True, shows: bool = True) -> None:
    """Check what a client heard.

    :param urls: whether it sent the picture's URL too.
    :param shows: whether it has a place for thoughts.
    :raises AssertionError: if anything isn't as it must be.
    """
    assert heard, "no answer"
    for each in heard:
        assert each.usage[0] > 0, f"input tokens: {each.usage}"
    kind = case.partition(",")[0]
    _CHECKS[kind](heard, urls if kind == "image" else shows)


def _is(what: str, got: Any, wanted: Any) -> None:
    """Say both where they differ; the table has no other way to show it."""
    assert got == wanted, f"{what}: {got!r:.200}, and not {wanted!r:.200}"


def _said(heard: Heard, text: str, thoughts: str = "") -> None:
    _is("text", heard.text, text)
    _is("calls", heard.calls, [])
    _is("end", heard.end, "stop")
    _is("thoughts", heard.thoughts, thoughts)
    _is("output tokens", heard.usage[1], tokens(text) + tokens(thoughts))


def _plain(heard: list[Heard], _: bool) -> None:
    [only] = heard
    _said(only, _ECHO + _HELLO)
    _is("input tokens", only.usage[0], 3 + tokens(_HELLO) + 1)


def _streaming(heard: list[Heard], _: bool) -> None:
    _plain(heard, _)
    assert heard[0].pieces > 3, "it did not come in pieces"


def _tools(heard: list[Heard], _: bool) -> None:
    *rounds, last = heard
    made: list[tuple[str, Any]] = [("weather", {"city": "text"}), ("clock", {"zone": "text"})]
    _is("calls", [each.calls for each in rounds], [made, made])
    for each in rounds:
        _is("text and end", (each.text, each.end), ("", "tools"))
        _is("output tokens", each.usage[1], 4)
    _said(last, "The tool answered: weather 1; clock 1; weather 2; clock 2")
    read = [each.usage[0] for each in heard]
    assert read[0] < read[1] < read[2], f"input tokens: {read}"


def _image(heard: list[Heard], urls: bool) -> None:
    [only] = heard
    seen = f"an image (image/png, {len(IMAGE)} bytes)"
    seen += f", an image ({IMAGE_URL})" if urls else ""
    _said(only, f"{_ECHO}What is this? You also sent {seen}.")


def _structured(heard: list[Heard], _: bool) -> None:
    [only] = heard
    _is("end and calls", (only.end, only.calls), ("stop", []))
    _is("parsed", only.parsed, json.loads(only.text))
    _is("output tokens", only.usage[1], tokens(only.text))
    Verdict.model_validate(only.parsed)


def _reasoning(heard: list[Heard], shows: bool) -> None:
    [only] = heard
    if shows:
        _said(only, f"{_ECHO}Think.", REASONING)
        return
    _is("text, end, thoughts", (only.text, only.end, only.thoughts), (f"{_ECHO}Think.", "stop", ""))
    _is("output tokens", only.usage[1], tokens(only.text) + tokens(REASONING))


_CHECKS: dict[str, Callable[[list[Heard], bool], None]] = {
    "plain": _plain,
    "streaming": _streaming,
    "tools": _tools,
    "image": _image,
    "structured": _structured,
    "reasoning": _reasoning,
}
