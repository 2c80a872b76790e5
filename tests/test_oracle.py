"""The vendors' clients read what we make of recorded answers, and see what they see in the
original."""

import re
from typing import Any

import pytest

from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder, encode
from tests import corpus
from tests.cases import Case
from tests.corpus import Entry, entries, load, sample
from tests.exchange import between
from tests.oracle import alike, facts
from tests.wires import WIRES, read

_DONE = re.compile(rb"(event: ?\w*\r?\n)?data: ?\[DONE\]\r?\n\r?\n")
NEEDED = pytest.mark.skipif(corpus.root() is None, reason=corpus.ABSENT)


def chosen() -> list[Entry]:
    groups: dict[tuple[str, bool], list[Entry]] = {}
    for entry in entries():
        if entry.status < 400:
            groups.setdefault((entry.dialect, entry.stream), []).append(entry)
    return [found for group in groups.values() for found in sample(tuple(group), 10)]


def disagreements(entry: Entry, target: str) -> list[str]:
    recording = load(entry)
    translation = Case(recording, WIRES[entry.dialect], WIRES[target]).translation()
    if entry.stream:
        stream = translation.stream()
        made, status = stream.feed(recording.body) + stream.eof(), 200
    else:
        answer = translation.reply(recording.body)
        made, status = answer.body, answer.status
    names = (entry.dialect, target)
    original = facts(entry.dialect, readable(entry.dialect, recording.body), entry.stream)
    return alike(original, facts(target, made, entry.stream, status), names)


def readable(dialect: str, body: bytes) -> bytes:
    """An answer as its own client can read it: some gateways end a stream of Messages as Chat ends,
    which the vendor's client takes for broken JSON."""
    return _DONE.sub(b"", body) if dialect == "messages" else body


@NEEDED
@pytest.mark.parametrize("target", WIRES)
@pytest.mark.parametrize("entry", chosen(), ids=lambda entry: entry.file)
def test_a_client_sees_the_same_in_every_dialect(entry: Entry, target: str) -> None:
    assert disagreements(entry, target) == []


HI = {
    "chat": {"role": "assistant", "content": "Half an"},
    "messages": [{"type": "text", "text": "Half an"}],
}
UNFINISHED: dict[str, dict[str, Any]] = {
    "chat": {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "message": HI["chat"], "finish_reason": None}],
    },
    "messages": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": HI["messages"],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    },
}
"""Whole answers that do not say that they are finished."""


@pytest.mark.parametrize("target", WIRES)
@pytest.mark.parametrize("source", UNFINISHED)
def test_a_whole_answer_without_a_finish_is_an_error_to_every_client_26(
    source: str, target: str
) -> None:
    translation = between(WIRES[target].dialect, WIRES[source].dialect, {})
    answer = translation.reply(json.dumps(UNFINISHED[source]))
    found = facts(target, answer.body, False, answer.status)
    assert found.failed not in ("", "unfinished")
    assert found.finish == ""


@NEEDED
@pytest.mark.parametrize("target", WIRES)
@pytest.mark.parametrize("source", WIRES)
def test_a_stream_cut_before_its_finish_is_an_error_to_every_client_26(
    source: str, target: str
) -> None:
    """Not merely an answer that is unfinished, which a client may not notice: an exception."""
    streams = [entry for entry in entries() if entry.dialect == source and entry.stream]
    for entry in sample(tuple(streams), 3)[:20]:
        recording = load(entry)
        end = WIRES[source].finish(read(recording.body))
        if end is None:
            continue
        records = Decoder().feed(recording.body)[: end // 2 + 1]
        body = b"".join(encode(record.data, record.event) for record in records[:end])
        stream = Case(recording, WIRES[source], WIRES[target]).translation().stream()
        found = facts(target, stream.feed(body) + stream.eof(), True)
        assert found.failed not in ("", "unfinished"), entry.file


def test_words_of_a_sound_are_words_where_there_is_no_sound() -> None:
    sound = {"id": "audio_1", "data": "AAAA", "expires_at": 9, "transcript": "Hello!"}
    reply = UNFINISHED["chat"] | {
        "choices": [{"index": 0, "message": {"audio": sound}, "finish_reason": "stop"}]
    }
    for name in ("responses", "messages"):
        translation = between(WIRES[name].dialect, WIRES["chat"].dialect, {})
        answer = translation.reply(json.dumps(reply))
        assert facts(name, answer.body, False).text == "Hello!"
        assert [loss.hint for loss in answer.losses] == [False]
        assert facts(name, translation.replay(json.dumps(reply)), True).text == "Hello!"


def test_a_done_after_a_stream_of_messages_is_left_out_for_its_own_client_only() -> None:
    body = b'event: message_stop\ndata: {"type":"message_stop"}\n\nevent: data\ndata: [DONE]\n\n'
    assert readable("messages", body) == body[:51]
    assert readable("chat", body) == body
