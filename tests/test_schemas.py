"""The vendors' descriptions find what is wrong, and let through what is tolerated only."""

import re
from typing import Any

import pytest

from openaiproxy.wire.sse import Decoder, encode
from tests import corpus, schemas
from tests.corpus import entries, load
from tests.exchange import RESPONSES, asked, between, frames
from tests.laws_of_schemas import wrong_events
from tests.schemas import invalid
from tests.scripted import call, created, done, ended, message, speech
from tests.tolerated import TOLERATED
from tests.wires import WIRES, read

NEEDED = pytest.mark.skipif(schemas.root() is None, reason=schemas.ABSENT)
ALL = pytest.mark.skipif(
    not corpus.ALL or corpus.root() is None or schemas.root() is None,
    reason="only with all recordings: OPENAIPROXY_CORPUS_ALL=1",
)


def spoken(name: str) -> bytes:
    """A stream in a dialect: words, and a call."""
    translation = between(WIRES[name].dialect, RESPONSES, {"stream": True})
    words, called = message("Hi"), call("f")
    events = (created(), *speech(0, words, "Hi"), done(1, called), ended(words, called))
    stream = translation.stream()
    return stream.feed(frames(*events)) + stream.eof()


@NEEDED
@pytest.mark.parametrize(("name", "field"), [("chat", "delta"), ("responses", "response")])
def test_an_event_without_a_field_that_is_demanded_is_found(name: str, field: str) -> None:
    def missing(data: bytes) -> bool:
        lines = wrong_events(name, Decoder().feed(data))
        return any(f'"{field}" is a required' in line for line in lines)

    data = spoken(name)
    assert not missing(data)
    assert missing(data.replace(f'"{field}":'.encode(), b'"odd":'))


@NEEDED
def test_a_block_of_an_unknown_type_is_found() -> None:
    data = spoken("messages")
    assert wrong_events("messages", Decoder().feed(data)) == []
    spoilt = Decoder().feed(data.replace(b'"tool_use","id"', b'"tool_used","id"'))
    assert wrong_events("messages", spoilt) != []


@NEEDED
def test_a_frame_that_names_another_type_is_found_54() -> None:
    records = Decoder().feed(encode(b'{"type":"ping"}', b"message_stop"))
    assert wrong_events("messages", records) == ["pingits frame has another type"]


@NEEDED
def test_a_done_is_for_chat_alone_54() -> None:
    records = Decoder().feed(b"data: [DONE]\n\n")
    assert wrong_events("chat", records) == []
    assert wrong_events("messages", records) == ["[DONE]"]


@NEEDED
@pytest.mark.parametrize(
    ("name", "spoilt"),
    [
        ("chat", {"messages": [{"role": "user", "content": 1}]}),
        ("responses", {"input": [{"type": "function_call", "name": "f", "arguments": "{}"}]}),
        ("messages", {"messages": [{"role": "user", "content": [{"type": "image"}]}]}),
    ],
)
def test_a_request_that_does_not_fit_is_found(name: str, spoilt: dict[str, Any]) -> None:
    dialect = WIRES[name].dialect
    body = {**asked(dialect, dialect), "stream": True}
    assert invalid(name, "request", body) == []
    assert invalid(name, "request", {**body, **spoilt}) != []


def test_every_tolerance_has_a_reason_of_its_own() -> None:
    reasons = [rule.why for rule in TOLERATED]
    assert all(reasons)
    assert len(set(reasons)) >= len(reasons) - 1
    assert all(rule.line.pattern not in ("", ".*") for rule in TOLERATED)


@ALL
def test_what_the_vendors_send_themselves_fits_but_for_a_few_words() -> None:
    """Of what OpenAI and Anthropic were recorded to answer, hardly anything is left that neither
    fits nor is tolerated: the tolerances are theirs, and not ours alone."""
    tried = 0
    wrong: set[str] = set()
    for entry in entries():
        if entry.provider not in ("openai", "anthropic") or entry.status >= 400:
            continue
        body = load(entry).body
        kind = "event" if entry.stream else "reply"
        for found in read(body) if entry.stream else read(encode(body.replace(b"\n", b" "))):
            if found and "error" not in (found.get("type"), kind):
                tried += 1
                lines = invalid(entry.dialect, kind, found)
                wrong |= {re.sub(r"^/\S*", "", line) for line in lines}
    assert tried > 15_000
    assert len(wrong) < 30
