"""The tap that looks on."""

import pytest

from openaiproxy.hub.events import FaultKind, Usage
from openaiproxy.passthrough import Tap
from openaiproxy.wire.json import dumps
from tests.toy import frame, toy

TOY = toy("toy")
RECORDS = b"".join(
    [
        frame({"begin": "m-1"}),
        frame({"text": 'he said "over": and left'}),
        frame({"text": "x" * 50}),
        frame({"finish": "stop"}),
        frame({"over": [3, 4]}),
    ]
)


@pytest.mark.parametrize("size", [1, 2, 7, 64, 10_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_everything_is_seen_however_the_bytes_are_cut(size: int, end: bytes) -> None:
    data = b": comment\n\n".replace(b"\n", end) + RECORDS.replace(b"\n", end)
    tap = Tap(TOY, stream=True)
    for at in range(0, len(data), size):
        tap.feed(data[at : at + size])
    seen = tap.eof()
    assert (seen.model, seen.usage, seen.finish) == ("m-1", Usage(3, 4), "stop")
    assert (seen.complete, seen.fault) == (True, None)


def test_the_end_is_seen_without_a_last_blank_line() -> None:
    tap = Tap(TOY, stream=True)
    tap.feed(RECORDS[:-2])
    assert tap.eof().complete


@pytest.mark.parametrize("size", range(0, len(RECORDS) - 20, 5))
def test_a_cut_stream_is_never_seen_as_complete_26(size: int) -> None:
    tap = Tap(TOY, stream=True)
    tap.feed(RECORDS[:size])
    seen = tap.eof()
    assert not seen.complete
    assert seen.fault is not None
    assert seen.fault.kind is FaultKind.TRUNCATED


def test_an_error_is_seen() -> None:
    tap = Tap(TOY, stream=True)
    tap.feed(frame({"begin": "m"}) + frame({"error": "broken"}))
    fault = tap.eof().fault
    assert fault is not None
    assert fault.message == "broken"


def test_a_whole_answer_is_seen() -> None:
    tap = Tap(TOY, stream=False)
    body = dumps({"begin": "m", "finish": "stop", "used": [1, 2]})
    tap.feed(body[:9])
    tap.feed(b"")
    tap.feed(body[9:])
    assert tap.eof().usage == Usage(1, 2)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b""])
def test_what_cannot_be_read_is_let_pass(body: bytes) -> None:
    tap = Tap(TOY, stream=False)
    tap.feed(body)
    assert tap.eof().usage is None


def test_a_record_beyond_the_limit_is_forgotten_and_the_next_one_read() -> None:
    tap = Tap(TOY, stream=True, limit=100)
    tap.feed(frame({"begin": "m"}))
    for _ in range(30):
        tap.feed(b"data: " + b"x" * 90)
    assert sum(map(len, tap._pieces)) <= 100
    tap.feed(b"\n\n" + frame({"over": [3, 4]}))
    assert tap.eof().usage is None
    tap.feed(b"x\n\n")
    tap.feed(frame({"over": [3, 4]}))
    assert tap.eof().usage == Usage(3, 4)


@pytest.mark.parametrize(("size", "blind"), [(20, False), (300, True)])
def test_a_tap_says_whether_something_passed_that_it_could_not_look_at(
    size: int, blind: bool
) -> None:
    tap = Tap(TOY, stream=True, limit=100)
    tap.feed(frame({"text": "x" * size}))
    tap.eof()
    assert tap.blind is blind
