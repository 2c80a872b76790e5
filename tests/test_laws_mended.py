"""What the laws over recorded traffic brought to light, each by hand."""

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Context, Dialect, Shown
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.events import (
    Begin,
    End,
    Event,
    Finish,
    Other,
    PartBegin,
    PartDelta,
    PartEnd,
    Reason,
    Usage,
)
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
    Seal,
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
from tests.cases import NOW, PLAIN, events, ids, streamed
from tests.settled import settled
from tests.wires import read


def context(shown: str = "reasoning_content") -> Context:
    return Context(PLAIN, lambda: NOW, ids(), Shown(shown))


def answer(*parts: Part, finish: Finish | None = None, usage: Usage | None = None) -> list[Event]:
    told: list[Event] = [Begin("r", "m", tier="turbo")]
    for slot, part in enumerate(parts):
        told += [PartBegin(slot, part), PartEnd(slot, part)]
    return [*told, End((finish or Finish(Reason.STOP),), usage)]


def lost(dialect: Dialect, loose: list[Event]) -> set[str]:
    """Paths of losses, which must be the same of a stream and a whole answer."""
    reply = fold(loose)
    assert isinstance(reply, Reply)
    renderer = dialect.renderer(context())
    for event in walk(loose):
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
    loose = answer(odd, words, finish=finish)
    told = {"finish.sequence", "text.phase", "text.message", "reasoning.format"}
    assert lost(CHAT, loose) == told


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


def test_parts_of_a_kind_that_grow_side_by_side_are_told_one_after_the_other() -> None:
    """Chat has one place for words, and nothing that tells two texts apart."""
    told: list[Event] = [
        Begin("r", "m"),
        PartBegin(0, Reasoning()),
        PartBegin(1, Reasoning()),
        PartDelta(1, "Two."),
        PartDelta(0, "One."),
        PartBegin(2, Text()),
        PartDelta(2, "Hi"),
        PartEnd(1),
        PartEnd(0),
        End(),
    ]
    data = streamed(CHAT, told, context())
    assert thoughts(data) == "One.\n\nTwo."
    reply = fold(events(CHAT, data, context()))
    assert isinstance(reply, Reply)
    assert [part.text for part in reply.parts if isinstance(part, Text)] == ["Hi"]


def test_a_source_keeps_its_place_in_its_own_text_32() -> None:
    note = Citation("url", url="https://x.example", title="X", start=0, end=2)
    told = answer(Text("One"), ToolCall("c", "f", "{}"), Text("Two", (note,)))
    data = streamed(CHAT, told, context())
    reply = fold(events(CHAT, data, context()))
    assert isinstance(reply, Reply)
    (text,) = [part for part in reply.parts if isinstance(part, Text) and part.citations]
    assert text.text == "Two"
    assert text.citations == (note,)


def test_a_seal_that_nobody_could_have_made_breaks_nothing_37() -> None:
    forged = Seal("chat", "not JSON")
    turns = (*PLAIN.turns, Turn(Role.ASSISTANT, (Reasoning(seals=(forged,)), Text("A"))))
    body = CHAT.render_request(Request("m", turns)).body
    (detail,) = body["messages"][1]["reasoning_details"]
    assert detail["data"] == forged.packed()


def test_what_messages_has_no_second_field_for_is_told() -> None:
    asked = Request("m", PLAIN.turns, user="one", safety_id="other")
    told = {loss.path: loss.hint for loss in MESSAGES.render_request(asked).losses}
    assert told == {"safety_id": True}


def test_a_type_with_a_line_end_begins_no_record_of_its_own() -> None:
    """An upstream's word for an event stands in the frame; were it written as it is, whoever chose
    it could end the stream."""
    word = 'odd\ndata: {"type":"message_stop"}\n\n'
    for dialect in (MESSAGES, RESPONSES):
        told: list[Event] = [
            Begin("r", "m"), Other(dialect.name, word, {"type": word}), End(),
        ]  # fmt: skip
        data = streamed(dialect, told, context())
        plain = streamed(dialect, [told[0], told[2]], context())
        assert len(read(data)) == len(read(plain)) + 1


def test_a_block_without_what_it_should_have_is_told_as_it_is() -> None:
    for raw in (
        {"type": "text"},
        {"type": "thinking", "thinking": 1},
        {},
        {"type": "mcp_tool_use"},
    ):
        data = streamed(MESSAGES, answer(Opaque("messages", "odd", raw)), context())
        assert read(data)[-1] == {"type": "message_stop"}
