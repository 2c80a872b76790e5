"""Odd framing changes bytes and nothing else."""

import json
from itertools import combinations

import pytest

from openaiproxy.upstream.embedded.calls import Event
from openaiproxy.upstream.embedded.faults import FRAMINGS
from openaiproxy.upstream.embedded.framing import frame
from tests.upstream.embedded.room import Room, chat, events, frames, question

EVENT = Event({"type": "x", "text": 'a "b"\nc: é', "list": [1, {"a": None}]}, "x")
STYLES = [frozenset(c) for n in range(4) for c in combinations(sorted(FRAMINGS), n)]


@pytest.mark.parametrize("styles", [s for s in STYLES if not {"cr", "crlf"} <= s], ids="+".join)
def test_every_framing_is_read_as_the_same_event(styles: frozenset[str]) -> None:
    [(name, data)] = frames(frame(EVENT, styles))
    assert name == "x"
    assert json.loads(data) == EVENT.data


@pytest.mark.parametrize(
    ("style", "start"),
    [
        ("crlf", b'event: x\r\ndata: {"type"'),
        ("cr", b'event: x\rdata: {"type"'),
        ("nospace", b'event:x\ndata:{"type"'),
        ("multiline", b'event: x\ndata: {\ndata:   "type"'),
        ("comments", b": a comment\n:\nid: 1\nevent: x\n"),
    ],
)
def test_each_framing_is_odd_in_its_way(style: str, start: bytes) -> None:
    assert frame(EVENT, frozenset({style})).startswith(start)


@pytest.mark.parametrize("style", sorted(FRAMINGS))
@pytest.mark.parametrize("path", ["chat/completions", "responses"])
def test_a_stream_says_the_same_in_every_framing(style: str, path: str) -> None:
    room = Room()
    ask = chat("hello") if path.startswith("chat") else question("hello")
    plain = room.post(f"/v1/{path}", {**ask, "stream": True})
    odd = room.post(f"/v1/{path}", {**ask, "stream": True}, f"framing={style}")
    assert odd.whole
    assert events(odd.body) == events(plain.body)
    assert (odd.body == plain.body) == (style == "bytewise")
