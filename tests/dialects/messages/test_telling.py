"""What the wire has no field for in an answer, and what it says in spite of that."""

from typing import Any

import pytest

from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.hub.events import (
    Begin,
    Channel,
    End,
    Event,
    Fault,
    Finish,
    PartBegin,
    PartDelta,
    PartEnd,
    Reason,
    Usage,
)
from openaiproxy.hub.fold import Reply, fold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.parts import Audio, Logprob, Part, Reasoning, Refusal, Text

from .recorded import context, strict
from .test_answering import STOP, block, finish, stream, told


def replied(*parts: Part, **end: Any) -> tuple[dict[str, Any], tuple[Loss, ...]]:
    events: list[Event] = [Begin("resp_1", "m")]
    for slot, part in enumerate(parts):
        events += (PartBegin(slot, part), PartEnd(slot, part))
    reply = fold([*events, End((Finish(Reason.STOP),), **end)])
    assert isinstance(reply, Reply)
    rendered = MESSAGES.render_reply(reply, context())
    return dict(rendered.body), rendered.losses


def test_odds_and_phases_of_words_are_hints_and_the_words_are_told() -> None:
    part = Text("a", logprobs=(Logprob("a", -0.5),), phase="final_answer")
    body, losses = replied(part)
    assert body["content"] == [{"type": "text", "text": "a"}]
    assert {(loss.path, loss.hint) for loss in losses} == {("text.phase", True), ("logprobs", True)}


def test_odds_in_a_stream_are_a_hint_and_the_words_are_told() -> None:
    renderer = MESSAGES.renderer(context())
    delta = PartDelta(0, "a", logprobs=(Logprob("a", -0.5),))
    events = walk([Begin(), PartBegin(0, Text()), delta, End()])
    written = b"".join(map(renderer.render, events))
    assert b'"text":"a"' in written
    assert [(loss.path, loss.hint) for loss in renderer.losses()] == [("logprobs", True)]


def test_thoughts_open_at_their_first_word() -> None:
    events = told(
        PartBegin(0, Reasoning()),
        PartDelta(0, "", Channel.SUMMARY, 0),
        PartDelta(0, "a", Channel.SUMMARY, 0),
        End(),
    )
    said = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    assert said == [{"type": "thinking_delta", "thinking": "a"}]


def test_of_sound_the_words_are_told_and_sound_is_a_loss() -> None:
    body, losses = replied(Audio("QQ==", transcript="Hi"))
    assert body["content"] == [{"type": "text", "text": "Hi"}]
    assert [(loss.path, loss.hint) for loss in losses] == [("audio", False)]


def test_a_refusal_is_told_by_its_words_and_by_the_finish() -> None:
    body, losses = replied(Refusal("No."))
    assert body["content"] == [{"type": "text", "text": "No."}]
    assert body["stop_reason"] == "refusal"
    assert losses == ()
    assert replied(Refusal())[0]["content"] == []


def test_counts_and_tiers_without_a_field_are_hints() -> None:
    usage = Usage(3, 4, input_audio=1, output_audio=0, accepted=2)
    body, losses = replied(usage=usage, tier="flex")
    assert body["usage"]["output_tokens"] == 4
    assert "service_tier" not in body["usage"]
    paths = {(loss.path, loss.hint) for loss in losses}
    assert paths == {("usage.input_audio", True), ("usage.accepted", True), ("tier", True)}


@pytest.mark.parametrize("delta", [None, "end_turn", []])
def test_a_finish_that_is_no_object_is_none(delta: Any) -> None:
    start = {"type": "message_start", "message": {"id": "msg_1"}}
    last = strict(stream(start, {"type": "message_delta", "delta": delta}, STOP))[-1]
    assert isinstance(last, Fault)


def test_what_a_message_begins_with_is_told_and_what_is_no_block_is_passed_over() -> None:
    content = ["no block", {"type": "text", "text": "a"}]
    start = {"type": "message_start", "message": {"id": "msg_1", "content": content}}
    more = block(0, {"type": "text", "text": "b"})
    reply = fold(strict(stream(start, *more, finish("end_turn"), STOP)))
    assert isinstance(reply, Reply)
    assert reply.parts == (Text("a"), Text("b"))


def test_an_error_between_the_finish_and_the_last_word_is_the_end() -> None:
    start = {"type": "message_start", "message": {"id": "msg_1"}}
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "O"}}
    events = strict(stream(start, finish("end_turn"), error, STOP))
    assert isinstance(events[-1], Fault)
    assert not [event for event in events if isinstance(event, End)]


def test_an_answer_that_was_whole_when_it_began_is_finished_by_its_stop() -> None:
    """Only by it: what begins with a finish may yet go on."""
    message = {"id": "msg_1", "content": [], "stop_reason": "end_turn"}
    start = {"type": "message_start", "message": message}
    assert isinstance(strict(stream(start, STOP))[-1], End)
    assert isinstance(strict(stream(start))[-1], Fault)
