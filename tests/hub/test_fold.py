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
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import Image, Reasoning, Seal, Text, ToolCall

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
