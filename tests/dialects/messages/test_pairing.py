"""Which call a result answers, in histories that do not say."""

from typing import Any

from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.hub.parts import Text, ToolCall, ToolResult
from openaiproxy.hub.request import Request, Role, Turn


def said(*turns: Turn) -> list[tuple[str, str]]:
    """What was called and answered: ``name id`` of calls, ``text id`` of results."""
    body = MESSAGES.render_request(Request("m", turns)).body
    blocks: list[Any] = [block for message in body["messages"] for block in message["content"]]
    return [
        (block["name"], block["id"])
        if block["type"] == "tool_use"
        else (block["content"], block["tool_use_id"])
        for block in blocks
        if block["type"] != "text"
    ]


def calls(*ids_and_names: str) -> Turn:
    pairs = (text.split(":") for text in ids_and_names)
    return Turn(Role.ASSISTANT, tuple(ToolCall(call_id, name) for call_id, name in pairs))


def result(words: str, call_id: str = "", name: str | None = None, legacy: bool = False) -> Turn:
    part = ToolResult(call_id, (Text(words),), name=name, legacy=legacy)
    return Turn(Role.TOOL, (part,))


def user() -> Turn:
    return Turn(Role.USER, (Text("a"), Text("b")))


def test_a_result_without_an_id_answers_the_call_that_has_one() -> None:
    assert said(calls("x:f"), result("1")) == [("f", "x"), ("1", "x")]


def test_results_without_ids_answer_the_calls_of_a_run_in_order() -> None:
    asked = said(calls("x:f", ":g"), calls("z:f"), result("1"), result("2"), result("3"))
    assert [call_id for _, call_id in asked] == ["x", "toolu_1", "z", "x", "toolu_1", "z"]


def test_the_last_run_with_an_unanswered_call_is_answered_first() -> None:
    asked = said(calls("x:f"), user(), calls("y:f"), result("1", "y"), result("2"))
    assert asked[2:] == [("1", "y"), ("2", "x")]
    asked = said(calls("x:f"), user(), calls("y:f"), result("1"))
    assert asked[2:] == [("1", "y")]


def test_a_result_that_names_its_tool_answers_a_call_of_it() -> None:
    asked = said(calls("x:f", "y:g"), result("1", name="g"), result("2", name="f"))
    assert asked[2:] == [("1", "y"), ("2", "x")]


def test_a_result_that_finds_no_call_has_an_id_of_its_own() -> None:
    asked = said(result("0"), calls(":f"), result("1", name="g"), result("2"), result("3"))
    ids = [call_id for _, call_id in asked]
    assert asked[3] == ("2", ids[1])
    assert len({ids[0], ids[1], ids[2], ids[4]}) == 4


def test_the_made_id_of_a_legacy_result_counts_only_if_there_is_such_a_call() -> None:
    asked = said(calls("x:f"), result("1", "call_function_0", "f", legacy=True))
    assert asked[1] == ("1", "x")
    asked = said(calls("call_function_1:f"), result("1", "call_function_1", "f", legacy=True))
    assert asked[1] == ("1", "call_function_1")
    assert said(result("1", "call_function_0", "f", legacy=True)) == [("1", "call_function_0")]


def test_a_given_id_is_never_replaced() -> None:
    assert said(calls("x:f"), result("1", "y"))[1] == ("1", "y")
