"""Whole answers and the streams that they could have been."""

from openaiproxy.hub.events import (
    Begin,
    End,
    Fault,
    FaultKind,
    Finish,
    Other,
    PartBegin,
    PartDelta,
    PartEnd,
    Reason,
    Usage,
)
from openaiproxy.hub.fold import Reply, fold, retold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import Image, Logprob, Reasoning, Refusal, Seal, Text, ToolCall

REPLY = Reply(
    Begin("r", "m", 7),
    (
        (Reasoning(("why",), (), (Seal("chat", "s"),)), Text("Hi", phase="p"), Image(url="u")),
        (ToolCall("c", "f", "{}"),),
        (),
    ),
    End((Finish(Reason.STOP), Finish(Reason.TOOL_CALLS), Finish(Reason.LENGTH)), Usage(1, 2)),
    (Other("chat", "x", {"y": 1}),),
)


def test_folding_undoes_unfolding() -> None:
    assert fold(unfold(REPLY)) == REPLY
    assert fold(walk(unfold(REPLY))) == REPLY
    assert REPLY.parts == REPLY.choices[0]


def test_unfolding_tells_deltas_once_walked() -> None:
    assert PartDelta(1, "Hi") in walk(unfold(REPLY))


def test_parts_of_choices_are_told_apart() -> None:
    events = [
        Begin(),
        PartBegin(0, Text(), 1),
        PartBegin(1, Text(), 0),
        PartDelta(0, "one"),
        PartDelta(1, "zero"),
        PartEnd(1),
        End((Finish(Reason.STOP), Finish(Reason.STOP))),
    ]
    reply = fold(events)
    assert isinstance(reply, Reply)
    assert reply.choices == ((Text("zero"),), (Text("one"),))


WORDS = "one two three four five six seven eight nine ten eleven twelve thirteen fourteen"


def test_retelling_tells_a_few_words_at_a_time_and_amounts_to_the_same() -> None:
    thought = Reasoning((WORDS, "short"), (), (Seal("chat", "s"),))
    call = ToolCall("c", "f", f'{{"words": "{WORDS}"}}')
    reply = Reply(Begin(), ((thought, Text(WORDS), Refusal(WORDS), call),), End())
    events = list(retold(reply))
    assert fold(events) == fold(unfold(reply)) == fold(walk(events))
    pieces = [event.text for event in events if isinstance(event, PartDelta) and event.slot == 1]
    assert "".join(pieces) == WORDS
    assert len(pieces) > 2
    assert all(piece.endswith(" ") and len(piece) <= 48 for piece in pieces[:-1])
    assert not any(isinstance(event, PartDelta) and event.slot == 3 for event in events)


def test_words_with_odds_are_retold_whole() -> None:
    part = Text(WORDS, logprobs=(Logprob(WORDS, -0.1),))
    reply = Reply(Begin(), ((part,),), End())
    assert list(retold(reply)) == list(unfold(reply))


def test_a_long_text_is_retold_in_longer_pieces() -> None:
    reply = Reply(Begin(), ((Text("word " * 100_000),),), End())
    assert len(list(retold(reply))) < 1010
    assert fold(retold(reply)) == reply


def test_a_stream_that_fails_folds_to_its_fault() -> None:
    fault = Fault(FaultKind.SERVER, "broken")
    assert fold([Begin(), PartBegin(0, Text()), fault]) == fault


def test_a_stream_that_is_cut_folds_to_a_fault_26() -> None:
    folded = fold([Begin(), PartBegin(0, Text())])
    assert isinstance(folded, Fault)
    assert folded.kind is FaultKind.TRUNCATED


def test_an_answer_larger_than_the_limit_folds_to_a_fault() -> None:
    events = [Begin(), PartBegin(0, Text()), PartDelta(0, "x" * 1000), End()]
    assert isinstance(fold(events, 2000), Reply)
    fault = fold(events, 1000)
    assert isinstance(fault, Fault)
    assert fault.code == "upstream_too_large"
