"""A whole answer is judged as its events would fold, whatever it holds and however much it may."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from openaiproxy.asking import DIALECTS
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Begin, End, Fault, Finish, Other, Reason, Usage
from openaiproxy.hub.fold import Reply, fold, judged, unfold
from openaiproxy.hub.parts import (
    Audio,
    Citation,
    Extra,
    Hosted,
    HostedKind,
    Image,
    Logprob,
    Opaque,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
)
from openaiproxy.wire.json import loads_object
from tests import corpus
from tests.dialects.chat.recorded import context

words = st.text("ab ä😀", max_size=6)
few = st.lists(words, max_size=3).map(tuple)
bare_odds = st.builds(Logprob, words, st.just(-0.5))
odds = st.builds(Logprob, words, st.just(-0.5), top=st.lists(bare_odds, max_size=2).map(tuple))
many_odds = st.none() | st.lists(odds, max_size=3).map(tuple)
seals = st.lists(st.builds(Seal, st.just("chat"), words), max_size=2).map(tuple)
sources = st.lists(st.builds(Citation, st.just("url"), quote=st.none() | words), max_size=2)
parts: st.SearchStrategy[Part] = st.one_of(
    st.builds(Text, words, sources.map(tuple), many_odds, phase=st.none() | words),
    st.builds(Refusal, words, many_odds),
    st.builds(Reasoning, few, few, seals),
    st.builds(ToolCall, words, words, words),
    st.builds(Audio, words, transcript=words, id=st.none() | words),
    st.builds(Hosted, st.just(HostedKind.MCP), words, st.just(Extra("x", {})), arguments=words),
    st.builds(Image, url=words),
    st.builds(Opaque, words, words, st.just({})),
)
finishes = st.lists(st.builds(Finish, st.sampled_from(list(Reason))), max_size=3).map(tuple)
replies = st.builds(
    Reply,
    st.builds(Begin, words, usage=st.none() | st.just(Usage(1, 2))),
    st.lists(st.lists(parts, max_size=3).map(tuple), max_size=3).map(tuple),
    st.builds(End, finishes, st.none() | st.just(Usage(3, 4))),
    st.lists(st.just(Other("chat", "x", {})), max_size=2).map(tuple),
)


@settings(deadline=None)
@given(replies, st.integers(0, 3000))
@example(Reply(Begin(), ((),), End(())), 1 << 20)
@example(Reply(Begin(), ((Text("a"),), ()), End()), 1 << 20)
@example(Reply(Begin(), ((), (Text("a"),)), End()), 1 << 20)
@example(Reply(Begin(), ((Reasoning(("",), ("", "b")),),), End()), 64 * 7)
@example(Reply(Begin(), ((ToolCall("c", "f"),),), End()), 1 << 20)
def test_a_whole_answer_is_judged_as_it_would_fold(reply: Reply, limit: int) -> None:
    assert judged(reply, limit) == fold(unfold(reply), limit)


@settings(deadline=None)
@given(replies)
def test_the_limit_is_met_to_the_character(reply: Reply) -> None:
    assert _least(reply, judged) == _least(reply, lambda one, limit: fold(unfold(one), limit))


def _least(reply: Reply, judge: Any) -> int:
    """The least limit that the answer is not too large for."""
    least, most = 0, 1 << 16
    while least < most:
        middle = (least + most) // 2
        found = judge(reply, middle)
        if isinstance(found, Fault) and found.code == "upstream_too_large":
            least = middle + 1
        else:
            most = middle
    return least


@pytest.mark.skipif(not corpus.entries(), reason=corpus.ABSENT)
def test_recorded_answers_are_judged_as_they_fold() -> None:
    seen = 0
    for entry in corpus.entries():
        if entry.stream or entry.status != 200 or entry.size > 60_000:
            continue
        recording = corpus.load(entry)
        try:
            found = DIALECTS[entry.dialect].parse_reply(loads_object(recording.body), context())
        except BadUpstream:
            continue
        if isinstance(found, Reply):
            seen += 1
            assert judged(found) == fold(unfold(found)), entry.file
    assert seen > 500
