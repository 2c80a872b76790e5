"""The short way of a stream's words writes what the long way writes, byte for byte, and keeps what it keeps."""

import json
from collections.abc import Callable, Iterable
from itertools import count, product
from typing import Any

import pytest
from attrs import define, evolve, field
from hypothesis import given, settings
from hypothesis import strategies as st

from openaiproxy.asking import DIALECTS
from openaiproxy.dialects.dialect import Dialect, Parser, Shown
from openaiproxy.dialects.lane import Likeness
from openaiproxy.hub.events import Event, PartDelta
from openaiproxy.hub.parts import Text
from openaiproxy.hub.request import Request, Role, Turn
from openaiproxy.streaming import AnswerLimits, Stream
from openaiproxy.translation import Translation
from openaiproxy.wire.sse import Record
from tests import corpus

ASKED = Request("m", (Turn(Role.USER, (Text("hi"),)),), stream=True, usage=True)


@define(eq=False)
class Watched:
    """A parser that counts its records, and on the long way says of none that another could be like it."""

    parser: Parser
    short: bool
    fed: list[bytes] = field(factory=list)

    def feed(self, record: Record) -> Iterable[Event]:
        self.fed.append(record.data)
        return self.parser.feed(record)

    def likeness(self, record: bytes, delta: PartDelta) -> Likeness | None:
        return self.parser.likeness(record, delta) if self.short else None

    def eof(self) -> Iterable[Event]:
        return self.parser.eof()


def started(
    upstream: Dialect,
    caller: Dialect,
    short: bool,
    limits: AnswerLimits | None = None,
    shown: Shown | None = None,
) -> tuple[Stream, Watched]:
    made: list[Watched] = []

    def parser(context: Any) -> Watched:
        made.append(Watched(upstream.parser(context), short))
        return made[0]

    numbers = count(1)
    translation = Translation.of(
        json.dumps(caller.render_request(ASKED).body).encode(),
        caller=caller,
        upstream=evolve(upstream, parser=parser),
        now=lambda: 1.0,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        limits=limits,
        shown=shown,
    )
    stream = translation.stream()
    return stream, made[0]


def played(stream: Stream, pieces: Iterable[bytes]) -> tuple[Any, ...]:
    """All that a stream gives: its bytes, piece by piece, and what the shell asks it for."""
    written = [stream.feed(piece) for piece in pieces]
    written.append(stream.eof())
    kept = (stream.begun, stream.over, stream.model, stream.usage, stream.fault, stream.losses())
    return written, kept


def both(
    upstream: Dialect,
    caller: Dialect,
    pieces: list[bytes],
    limits: AnswerLimits | None = None,
    shown: Shown | None = None,
) -> int:
    """Plays both ways; how many records the short one spared the parser."""
    (short, spared), (long, read) = (
        started(upstream, caller, way, limits, shown) for way in (True, False)
    )
    assert played(short, pieces) == played(long, pieces)
    return len(read.fed) - len(spared.fed)


def cuts(body: bytes) -> dict[str, list[bytes]]:
    records = [record + b"\n\n" for record in body.split(b"\n\n")]
    odd = [body[at : at + 777] for at in range(0, len(body), 777)]
    return {"whole": [body], "records": [*records[:-1], records[-1][:-2]], "odd": odd}


STREAMS = tuple(entry for entry in corpus.entries() if entry.stream and entry.status < 400)


@pytest.mark.skipif(not STREAMS, reason=corpus.ABSENT)
@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize("source", DIALECTS)
def test_recordings_are_told_alike_both_ways(source: str, caller: str) -> None:
    found = corpus.sample(tuple(entry for entry in STREAMS if entry.dialect == source), 120)
    assert found
    spared = 0
    for entry in found:
        for pieces in cuts(corpus.load(entry).body).values():
            spared += both(DIALECTS[source], DIALECTS[caller], pieces)
    assert spared > 500


def response(kind: str, number: int, **fields: Any) -> bytes:
    body = {"type": f"response.{kind}", "sequence_number": number, **fields}
    return f"event: response.{kind}\ndata: {json.dumps(body)}\n\n".encode().replace(b'": ', b'":')


RESPONSES: dict[str, tuple[str, Any]] = {
    "text": ("output_text", {"type": "message", "content": [], "role": "assistant"}),
    "thoughts": ("reasoning_summary_text", {"type": "reasoning", "summary": []}),
    "call": ("function_call_arguments", {"type": "function_call", "call_id": "c", "name": "f"}),
}


def of_responses(words: list[str], kind: str = "text") -> bytes:
    event, item = RESPONSES[kind]
    place = {"output_index": 0, "item_id": "i_1", "content_index": 0, "summary_index": 0}
    place.pop("content_index" if kind == "thoughts" else "summary_index")
    said = [response(f"{event}.delta", n, **place, delta=w) for n, w in enumerate(words)]
    made = {"id": "r", "model": "m", "output": [], "object": "response", "status": "completed"}
    opened = response("created", 0, response={**made, "status": "in_progress"})
    opened += response("output_item.added", 1, output_index=0, item={"id": "i_1", **item})
    return opened + b"".join(said) + response("completed", 9, response=made)


CHAT: dict[str, Callable[[str], Any]] = {
    "text": lambda word: {"content": word},
    "thoughts": lambda word: {"reasoning_content": word, "content": None},
    "call": lambda word: {"tool_calls": [{"index": 0, "function": {"arguments": word}}]},
}


def of_chat(words: list[str], kind: str = "text") -> bytes:
    def chunk(delta: Any, end: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        body = {"id": "c", "model": "m", "created": 1, "choices": [choice]}
        return b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"

    begun: list[Any] = [{"index": 0, "id": "c", "function": {"name": "f", "arguments": ""}}]
    first = {"role": "assistant", **({"tool_calls": begun} if kind == "call" else {})}
    said = [chunk(CHAT[kind](word)) for word in words]
    return b"".join([chunk(first), *said, chunk({}, "stop"), b"data: [DONE]\n\n"])


MESSAGES: dict[str, tuple[str, str, Any]] = {
    "text": ("text_delta", "text", {"type": "text", "text": ""}),
    "thoughts": ("thinking_delta", "thinking", {"type": "thinking", "thinking": ""}),
    "call": (
        "input_json_delta",
        "partial_json",
        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
    ),
}


def of_messages(words: list[str], kind: str = "text") -> bytes:
    def event(kind: str, **fields: Any) -> bytes:
        body = json.dumps({"type": kind, **fields}, separators=(",", ":"), ensure_ascii=False)
        return f"event: {kind}\ndata: {body}\n\n".encode()

    delta, name, block = MESSAGES[kind]
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": []}
    said = [
        event("content_block_delta", index=0, delta={"type": delta, name: word}) for word in words
    ]
    return b"".join(
        [
            event("message_start", message=message),
            event("content_block_start", index=0, content_block=block),
            *said,
            event("content_block_stop", index=0),
            event("message_delta", delta={"stop_reason": "end_turn"}),
            event("message_stop"),
        ]
    )


MAKERS: dict[str, Callable[..., bytes]] = {
    "responses": of_responses,
    "chat": of_chat,
    "messages": of_messages,
}
word = st.text('ab "\\\n\u20ac\U0001f600{}:,/', max_size=8) | st.sampled_from(["delta", '","x":"'])


@settings(deadline=None, max_examples=60)
@given(
    st.lists(word, max_size=24),
    st.integers(1, 400),
    st.sampled_from(list(product(MAKERS, DIALECTS, CHAT))),
)
def test_words_of_all_sorts_are_told_alike_both_ways(
    words: list[str], step: int, which: tuple[str, str, str]
) -> None:
    source, caller, kind = which
    body = MAKERS[source](words, kind)
    both(DIALECTS[source], DIALECTS[caller], [body])
    both(
        DIALECTS[source],
        DIALECTS[caller],
        [body[at : at + step] for at in range(0, len(body), step)],
    )


@pytest.mark.parametrize("kind", CHAT)
@pytest.mark.parametrize("caller", DIALECTS)
@pytest.mark.parametrize("source", MAKERS)
def test_plain_words_do_take_the_short_way(source: str, caller: str, kind: str) -> None:
    body = MAKERS[source]([f"word {number}" for number in range(50)], kind)
    long = kind == "thoughts" and caller == "responses"  # There, they have no bytes made before.
    assert both(DIALECTS[source], DIALECTS[caller], [body]) in ((0,) if long else (43, 44))


def test_thoughts_within_the_content_are_counted_one_by_one() -> None:
    body = of_responses([f"word {number}" for number in range(50)], "thoughts")
    for shown in ("think", "content", "off"):
        assert both(DIALECTS["responses"], DIALECTS["chat"], [body], shown=Shown(shown)) == 0


@pytest.mark.parametrize("source", MAKERS)
@pytest.mark.parametrize("reply", range(300, 6000, 211))
def test_a_limit_is_met_at_the_same_word_both_ways(source: str, reply: int) -> None:
    body = MAKERS[source]([f"word {number}" for number in range(50)])
    limits = AnswerLimits(reply=reply)
    pieces = [record + b"\n\n" for record in body.split(b"\n\n")[:-1]]
    both(DIALECTS[source], DIALECTS["chat"], pieces, limits)
    both(DIALECTS[source], DIALECTS["messages"], [body], limits)


@pytest.mark.parametrize("source", MAKERS)
@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_what_is_cut_off_is_no_finish_on_either_way_26(source: str, cut: int) -> None:
    body = MAKERS[source]([f"word {number}" for number in range(20)])
    pieces = [record + b"\n\n" for record in body.split(b"\n\n")[:-1]]
    stream, _ = started(DIALECTS[source], DIALECTS["chat"], True)
    for piece in pieces[: min(cut, len(pieces) - 2)]:
        stream.feed(piece)
    stream.eof()
    assert stream.fault is not None


def test_a_likeness_that_nobody_takes_is_sought_less_and_less() -> None:
    stream, watched = started(DIALECTS["messages"], DIALECTS["chat"], True)
    sought: list[int] = []
    inner = watched.parser

    @define
    class Counting:
        def feed(self, record: Record) -> Iterable[Event]:
            return inner.feed(record)

        def likeness(self, record: bytes, delta: PartDelta) -> Likeness | None:
            sought.append(1)
            return inner.likeness(record, delta)

        def eof(self) -> Iterable[Event]:
            return inner.eof()

    watched.parser = Counting()
    records = of_messages([f"word {number}" for number in range(200)]).split(b"\n\n")
    for number, record in enumerate(records[:-3]):
        # Each names a number of its own, in a field that nobody reads.
        stream.feed(record.replace(b'"index":0', b'"more":%d,"index":0' % number) + b"\n\n")
    assert 1 < len(sought) < 8
