"""A cell is green only if everything that was heard is right; the table says where it isn't, and why."""

import json

import pytest
from attrs import evolve

from openaiproxy.upstream.embedded.conversation import REASONING
from openaiproxy.upstream.embedded.texts import tokens
from tests.matrix.cases import CASES, check
from tests.matrix.heard import IMAGE, IMAGE_URL, Heard
from tests.matrix.table import Cell, draw

_SAID = "This is the embedded upstream. You said: "
_CALLS = [("weather", {"city": "text"}), ("clock", {"zone": "text"})]
_OUTPUTS = "The tool answered: weather 1; clock 1; weather 2; clock 2"
_VERDICT = {"label": "text", "score": 1.0, "sure": True}
_JSON = json.dumps(_VERDICT)


def said(text: str, thoughts: str = "", asked: int = 8) -> Heard:
    usage = (asked, tokens(text) + tokens(thoughts))
    return Heard(text=text, end="stop", usage=usage, thoughts=thoughts, pieces=9)


_IMAGES = f"an image (image/png, {len(IMAGE)} bytes), an image ({IMAGE_URL})"
_CALLED = Heard(calls=_CALLS, end="tools", usage=(9, 4))
RIGHT: dict[str, list[Heard]] = {
    "plain": [said(f"{_SAID}Hello, Grüße, 世界 🙂")],
    "streaming": [said(f"{_SAID}Hello, Grüße, 世界 🙂")],
    "tools": [_CALLED, evolve(_CALLED, usage=(19, 4)), said(_OUTPUTS, asked=29)],
    "image": [said(f"{_SAID}What is this? You also sent {_IMAGES}.")],
    "structured": [evolve(said(_JSON), parsed=_VERDICT)],
    "reasoning": [said(f"{_SAID}Think.", REASONING)],
}
RIGHT |= {case: RIGHT[case.partition(",")[0]] for case in CASES}
WRONG = {
    "text": {"text": "something else"},
    "end": {"end": "length"},
    "tokens out": {"usage": (8, 1)},
    "tokens in": {"usage": (0, 8)},
    "calls": {"calls": [("weather", {"city": "another"})]},
}


@pytest.mark.parametrize("case", CASES)
def test_a_right_answer_is_green(case: str) -> None:
    check(case, RIGHT[case])


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("case", CASES)
def test_each_thing_that_is_wrong_is_red(case: str, wrong: str) -> None:
    for number, heard in enumerate(RIGHT[case]):
        others = [*RIGHT[case]]
        others[number] = evolve(heard, **WRONG[wrong])
        with pytest.raises((AssertionError, ValueError)):
            check(case, others)


def test_what_a_case_is_about_is_red_without_it() -> None:
    for case, without in {
        "streaming": {"pieces": 1},
        "structured": {"parsed": None},
        "reasoning": {"thoughts": ""},
    }.items():
        with pytest.raises(AssertionError):
            check(case, [evolve(RIGHT[case][0], **without)])
    with pytest.raises(AssertionError):
        check("tools", RIGHT["tools"][1:])
    with pytest.raises(AssertionError):
        check("plain", [])


def test_thoughts_are_spared_where_a_client_has_no_place_for_them_but_counted() -> None:
    silent = evolve(RIGHT["reasoning"][0], thoughts="")
    check("reasoning", [silent], shows=False)
    with pytest.raises(AssertionError, match="output tokens"):
        check("reasoning", [evolve(silent, usage=(8, 2))], shows=False)


def test_the_table_has_a_row_for_each_client_and_upstream_and_tells_reasons_once() -> None:
    cells = {
        ("one", "chat", "plain"): Cell("ok"),
        ("one", "chat", "tools"): Cell("RED", "calls: none"),
        ("another", "chat", "tools"): Cell("RED", "calls: none"),
        ("node", "chat", "plain"): Cell("skip", "node is not here"),
    }
    lines = draw(cells, ["plain", "tools"])
    assert lines[:4] == [
        "client   upstream  plain  tools",
        "one      chat      ok     RED  ",
        "another  chat             RED  ",
        "node     chat      skip        ",
    ]
    assert lines[4:] == [
        "",
        "RED: calls: none",
        "    one | chat | tools",
        "    another | chat | tools",
        "skip: node is not here",
        "    node | chat | plain",
        "1 ok, 2 RED, 1 skip",
    ]
    assert "\x1b[32mok   \x1b[0m" in draw(cells, ["plain"], coloured=True)[1]
