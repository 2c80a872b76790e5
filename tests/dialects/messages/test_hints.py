"""What of an answer is lost elsewhere is called as weak, or as strong, as in a request."""

from typing import Any

import pytest

from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.hub.events import Begin, End
from openaiproxy.hub.fold import Reply
from openaiproxy.hub.loss import Loss, Losses
from openaiproxy.hub.parts import Extra
from openaiproxy.hub.request import Choose, FunctionTool, Request, ToolChoice

from .recorded import context, strict
from .test_answering import START, STOP, block, stream

TEXT = {"type": "text", "text": "a"}


def lost(*extras: Extra | None) -> set[Loss]:
    """What another dialect, which knows no hints of ours, reports."""
    losses = Losses("chat")
    for extra in extras:
        losses.extra(extra, "x")
    return set(losses.all())


def asked(**fields: Any) -> Extra | None:
    return MESSAGES.parse_request({"model": "m", "messages": [], **fields}).extra


def replied(**fields: Any) -> tuple[Extra | None, ...]:
    reply = MESSAGES.parse_reply({"content": [], "stop_reason": "end_turn", **fields}, context())
    assert isinstance(reply, Reply)
    usage = reply.end.usage
    return reply.begin.extra, reply.end.finish.extra, usage.extra if usage else None


def told(*, delta: Any = None, usage: Any = None, **fields: Any) -> tuple[Extra | None, ...]:
    """Extras of a stream whose ``message_delta`` has these."""
    last = {"type": "message_delta", "delta": {"stop_reason": "end_turn", **(delta or {})}}
    last |= {"usage": usage or {}, **fields}
    begin, *_, end = strict(stream(START, *block(0, TEXT), last, STOP))
    assert isinstance(begin, Begin)
    assert isinstance(end, End)
    return begin.extra, end.extra, end.finish.extra, end.usage.extra if end.usage else None


@pytest.mark.parametrize(
    ("name", "hint"), [("context_management", True), ("diagnostics", True), ("news", False)]
)
def test_a_field_of_the_answer_is_lost_as_it_is_in_the_request(name: str, hint: bool) -> None:
    loss = {Loss(f"x.{name}", "only messages has a word for it", hint)}
    assert lost(asked(**{name: {"a": 1}})) == loss
    assert lost(*replied(**{name: {"a": 1}})) == loss
    assert lost(*told(**{name: {"a": 1}})) == loss
    assert lost(*told(delta={name: {"a": 1}})) == loss


def test_details_of_a_finish_are_a_hint_and_a_word_that_we_do_not_know_is_none() -> None:
    said = {"stop_reason": "melted", "stop_details": {"type": "heat"}}
    for extras in (replied(**said), told(delta=said)):
        assert {loss.path: loss.hint for loss in lost(*extras)} == {
            "x.stop_details": True,
            "x.stop_reason": False,
        }


def test_no_count_is_of_the_answer() -> None:
    usage = {"input_tokens": 1, "iterations": [], "cost": 1, "output_tokens_details": {"odd": 1}}
    usage["server_tool_use"] = {"web_fetch_requests": 2}
    found = lost(*replied(usage=usage))
    assert found == lost(*told(usage=usage))
    assert {loss.path for loss in found} == {f"x.{name}" for name in usage if name[0] != "i"} | {
        "x.iterations"
    }
    assert all(loss.hint for loss in found)


def test_how_thoughts_are_bound_is_a_hint_and_an_unknown_kind_of_thought_is_none() -> None:
    thinking = {"type": "dream", "block_binding": {"a": 1}}
    reasoning = MESSAGES.parse_request({"model": "m", "messages": [], "thinking": thinking})
    assert reasoning.reasoning is not None
    assert {loss.path: loss.hint for loss in lost(reasoning.reasoning.extra)} == {
        "x.type": False,
        "x.block_binding": True,
    }


def test_settings_in_objects_are_hints_if_all_that_is_left_of_them_is() -> None:
    def hints(**fields: Any) -> list[bool]:
        return [loss.hint for loss in lost(asked(**fields))]

    assert hints(output_config={"effort": "low", "task_budget": {"total": 1}}) == [True]
    assert hints(output_config={"task_budget": {"total": 1}, "news": 1}) == [False]
    assert hints(metadata={"user_id": "u", "label": "l"}) == [True]
    assert hints(output_config={"effort": "low"}, metadata={"user_id": "u"}) == []


@pytest.mark.parametrize("display", [[], {}, 5, "odd"])
def test_an_odd_display_is_kept_for_its_own_dialect(display: object) -> None:
    body = {
        "model": "m",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "hi"}],
        "thinking": {"type": "adaptive", "display": display},
    }
    made = MESSAGES.render_request(MESSAGES.parse_request(body)).body
    assert made["thinking"] == {"type": "adaptive", "display": display}


def test_parallel_calls_of_no_tool_at_all_are_a_hint() -> None:
    asked = Request(
        "m",
        tools=(FunctionTool("f", {}),),
        tool_choice=ToolChoice(Choose.NONE),
        parallel=False,
    )
    made = MESSAGES.render_request(asked)
    assert [(loss.path, loss.hint) for loss in made.losses if loss.path == "parallel"] == [
        ("parallel", True)
    ]
