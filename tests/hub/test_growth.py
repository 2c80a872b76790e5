"""How parts grow."""

from openaiproxy.hub.events import Channel
from openaiproxy.hub.growth import bare, grown, logprobs, notes, texts
from openaiproxy.hub.parts import Citation, Image, Logprob, Reasoning, Seal, Text, ToolCall


def test_a_bare_part_keeps_what_does_not_grow() -> None:
    full = Text("x", (Citation("url"),), (Logprob("x", 0.0),), "m", "p", "done")
    assert bare(full) == Text("", (), None, "m", "p", "done")
    assert bare(ToolCall("c", "f", "{}", custom=True)) == ToolCall("c", "f", custom=True)
    assert bare(Image(url="u")) == Image(url="u")


def test_texts_and_notes_are_what_was_taken_off() -> None:
    full = Reasoning(("a", "b"), ("c",), (Seal("chat", "s"),))
    assert texts(full) == {
        (Channel.SUMMARY, 0): "a",
        (Channel.SUMMARY, 1): "b",
        (Channel.TEXT, 0): "c",
    }
    assert grown(bare(full), texts(full), notes(full), logprobs(full)) == full


def test_parts_that_do_not_grow_have_neither() -> None:
    assert (texts(Image()), notes(Image()), logprobs(Image())) == ({}, (), None)
