"""What the laws over recorded traffic brought to light, each by hand."""

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Context, Dialect, Shown
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.events import Begin, End, Event, Finish, PartBegin, PartEnd, Reason, Usage
from openaiproxy.hub.fold import Reply, fold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.parts import (
    Citation,
    Extra,
    File,
    Image,
    Opaque,
    Part,
    Reasoning,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.request import (
    Choose,
    FunctionTool,
    ReasoningSettings,
    Request,
    Role,
    Sampling,
    ToolChoice,
    ToolRef,
    Turn,
)
from tests.cases import NOW, PLAIN, ids, streamed
from tests.settled import settled
from tests.wires import read


def context(shown: str = "reasoning_content") -> Context:
    return Context(PLAIN, lambda: NOW, ids(), Shown(shown))


def answer(*parts: Part, finish: Finish | None = None, usage: Usage | None = None) -> list[Event]:
    told: list[Event] = [Begin("r", "m", tier="turbo")]
    for slot, part in enumerate(parts):
        told += [PartBegin(slot, part), PartEnd(slot, part)]
    return [*told, End((finish or Finish(Reason.STOP),), usage)]


def lost(dialect: Dialect, events: list[Event]) -> set[str]:
    """Paths of losses, which must be the same of a stream and a whole answer."""
    reply = fold(events)
    assert isinstance(reply, Reply)
    renderer = dialect.renderer(context())
    for event in walk(events):
        renderer.render(event)
    whole = dialect.render_reply(reply, context()).losses
    assert tails(renderer.losses()) == tails(whole)
    return {loss.path for loss in whole}


def tails(losses: tuple[Loss, ...]) -> set[str]:
    """Paths without the numbers that only a whole answer has."""
    return {loss.path.rpartition(".")[2] for loss in losses}


def thoughts(data: bytes) -> str:
    deltas = [choice["delta"] for found in read(data) for choice in found.get("choices", ())]
    return "".join(delta.get("reasoning_content") or "" for delta in deltas)


def test_thoughts_that_follow_thoughts_stand_after_a_blank_line_27() -> None:
    told = answer(Reasoning(text=("One.",)), Text("A"), Reasoning(), Reasoning(text=("Two.",)))
    assert thoughts(streamed(CHAT, told, context())) == "One.\n\nTwo."


def test_what_chat_cannot_say_of_an_answer_is_told() -> None:
    finish = Finish(Reason.STOP_SEQUENCE, sequence="END")
    odd = Reasoning(text=("Hm",), extra=Extra("responses", {"format": "x"}))
    words = Text("A", phase="final_answer", extra=Extra("responses", {"message": {"a": 1}}))
    events = answer(odd, words, finish=finish)
    told = {"finish.sequence", "text.phase", "text.message", "reasoning.format"}
    assert lost(CHAT, events) == told


def test_what_messages_cannot_say_of_an_answer_is_told() -> None:
    usage = Usage(1, 2, input_audio=1, output_audio=1, accepted=1, rejected=1)
    note = Citation("url", url="https://x.example", start=0, end=1)
    told = lost(MESSAGES, answer(Text("A", (note,), phase="commentary"), usage=usage))
    counts = {f"usage.{name}" for name in ("input_audio", "output_audio", "accepted", "rejected")}
    assert told == {"tier", "text.phase", "citations[].start", *counts}


def test_what_responses_cannot_say_of_an_answer_is_told() -> None:
    finish = Finish(Reason.STOP, sequence="END", extra=Extra("chat", {"odd": 1}))
    own = Extra("messages", {"encrypted_index": "x"})
    note = Citation("url", url="https://x.example", quote="so", extra=own)
    usage = Usage(1, 2, accepted=1, rejected=1, searches=1)
    told = lost(RESPONSES, answer(Text("A", (note,)), finish=finish, usage=usage))
    assert {path.rpartition(".")[2] for path in told} == {
        "odd", "sequence", "encrypted_index", "quote", "accepted", "rejected", "searches",
    }  # fmt: skip


def test_what_a_request_loses_is_told_18() -> None:
    note = Citation("url", url="https://x.example")
    paper = File(url="https://x.example/a.pdf", title="A", cited=True)
    turns = (Turn(Role.USER, (paper,)), Turn(Role.ASSISTANT, (Text("A", (note,), phase="x"),)))
    asked = Request("m", turns, reasoning=ReasoningSettings(adaptive=True))
    paths = {loss.path for loss in CHAT.render_request(asked).losses}
    assert {path.rpartition(".")[2] for path in paths} == {
        "cited", "citations[]", "phase", "adaptive",
    }  # fmt: skip
    paths = {loss.path for loss in RESPONSES.render_request(asked).losses}
    assert {path.rpartition(".")[2] for path in paths} == {"title", "cited", "adaptive"}


def test_a_seed_of_zero_is_a_seed() -> None:
    asked = Request("m", PLAIN.turns, sampling=Sampling(seed=0))
    assert Loss("sampling.seed", "no field for it") in MESSAGES.render_request(asked).losses


def test_a_settled_answer_is_the_same_settled_again() -> None:
    reply = fold(answer(Reasoning(text=("Hm",)), Text("A"), Text("B"), usage=Usage(1, 2)))
    assert isinstance(reply, Reply)
    for name in ("chat", "responses", "messages"):
        once = settled(reply, name)
        assert settled(once, name) == once


def test_a_picture_says_how_closely_it_is_looked_at_16() -> None:
    asked = Request("m", (Turn(Role.USER, (Image(url="https://x.example/a.png"),)),))
    body = RESPONSES.render_request(asked).body
    assert body["input"][0]["content"][0]["detail"] == "auto"
    assert RESPONSES.parse_request(body).turns == asked.turns


def test_a_function_chosen_in_the_words_of_messages_is_that_function_17() -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": "Hi"}],
        "tools": [{"type": "function", "function": {"name": "f"}}],
        "tool_choice": {"type": "tool", "name": "f"},
    }
    asked = CHAT.parse_request(body)
    assert RESPONSES.render_request(asked).body["tool_choice"] == {"type": "function", "name": "f"}
    assert CHAT.render_request(asked).body["tool_choice"] == body["tool_choice"]


def test_a_choice_of_what_nobody_knows_is_a_loss_17() -> None:
    choice = ToolChoice(Choose.ONE, ToolRef("oracle", "f"))
    asked = Request("m", PLAIN.turns, (FunctionTool("f"),), choice)
    made = RESPONSES.render_request(asked)
    assert "tool_choice" not in made.body
    assert Loss("tool_choice", "Responses can't choose oracle") in made.losses


def test_a_turn_of_which_nothing_is_left_is_no_empty_message() -> None:
    odd = Turn(Role.ASSISTANT, (Opaque("responses", "item_reference", {"id": "x"}),))
    made = CHAT.render_request(Request("m", (*PLAIN.turns, odd)))
    assert [message["role"] for message in made.body["messages"]] == ["user"]
    assert "turns[1].parts[0]" in {loss.path for loss in made.losses}


def test_a_result_without_an_id_answers_the_first_open_call_13() -> None:
    calls = [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": "{}"}}
        for name in ("a", "b", "c")
    ]
    messages = [
        {"role": "assistant", "content": None, "tool_calls": calls},
        {"role": "tool", "content": "1", "tool_call_id": "b"},
        {"role": "tool", "content": "2"},
        {"role": "tool", "content": "3"},
    ]
    turns = CHAT.parse_request({"model": "m", "messages": messages}).turns
    assert [p.call_id for p in turns[0].parts if isinstance(p, ToolCall)] == ["a", "b", "c"]
    assert [p.call_id for p in turns[1].parts if isinstance(p, ToolResult)] == ["b", "a", "c"]


def test_a_source_has_all_four_fields_that_chat_demands_32() -> None:
    note = Citation("url", url="https://x.example")
    reply = fold(answer(Text("A"), Text("B", (note,))))
    assert isinstance(reply, Reply)
    message = CHAT.render_reply(reply, context()).body["choices"][0]["message"]
    (found,) = message["annotations"]
    assert found["url_citation"] == {
        "url": "https://x.example", "title": "", "start_index": 1, "end_index": 1,
    }  # fmt: skip


def test_a_response_repeats_no_cache_options_that_nobody_gave() -> None:
    reply = fold(answer(Text("A")))
    assert isinstance(reply, Reply)
    assert "prompt_cache_options" not in RESPONSES.render_reply(reply, context()).body
