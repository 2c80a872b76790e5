"""Pitfall 65: the same stream, framed in every way that the standard allows, is told the same."""

from typing import Any

import pytest

from tests.exchange import CHAT, MESSAGES, RESPONSES, between, frames
from tests.scripted import created, ended, message, speech

WORDS = message("Grüße, 世界 \U0001f30d!")
EVENTS = (created(), *speech(0, WORDS, "Grüße, ", "世界 \U0001f30d", "!"), ended(WORDS))
PLAIN = frames(*EVENTS)


def written(data: bytes, size: int, caller: Any = CHAT) -> bytes:
    """What the caller is told of a stream that comes in pieces.

    :param size: bytes of a piece.
    """
    stream = between(caller, RESPONSES, {"stream": True}).stream()
    pieces = [stream.feed(data[at : at + size]) for at in range(0, len(data), size)]
    end = stream.eof()
    assert stream.fault is None
    return b"".join(pieces) + end


def many_lines(data: bytes) -> bytes:
    """The same, each object over several lines of data."""
    return data.replace(b'{"', b'{\ndata: "')


FRAMINGS = {
    "CRLF": PLAIN.replace(b"\n", b"\r\n"),
    "CR": PLAIN.replace(b"\n", b"\r"),
    "no space": PLAIN.replace(b"data: ", b"data:").replace(b"event: ", b"event:"),
    "many lines": many_lines(PLAIN),
    "comments": PLAIN.replace(b"event: ", b": keepalive\n\n:\nevent: "),
    "no names": b"".join(line + b"\n\n" for line in PLAIN.split(b"\n") if line[:4] == b"data"),
    "a mark first": b"\xef\xbb\xbf" + PLAIN,
    "fields unknown": PLAIN.replace(b"event: ", b"id: 1\nretry: 10\nodd\nevent: "),
}


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1 << 20])
@pytest.mark.parametrize("how", FRAMINGS)
def test_pitfall_65_framing_and_packets_change_nothing(how: str, size: int) -> None:
    data = FRAMINGS[how]
    assert data != PLAIN
    expected = written(PLAIN, len(PLAIN))
    assert "世界".encode() in expected
    assert b"[DONE]" in expected
    assert written(data, size) == expected


def test_pitfall_65_for_a_caller_of_messages_too() -> None:
    expected = written(PLAIN, len(PLAIN), MESSAGES)
    assert all(written(data, 5, MESSAGES) == expected for data in FRAMINGS.values())
