"""Streams in data lines (row 5), and how they end."""

import json

import pytest

from openaiproxy.errors import BadUpstream
from openaiproxy.simple.faults import Fault, fault_record
from openaiproxy.simple.frames import Frames

CREATED = b'event: response.created\ndata: {"type":"response.created"}\n\n'
DONE = b"data: [DONE]\n\n"


def frames(limit: int = 10_000) -> Frames:
    return Frames(lambda fault: fault_record(fault, "ours"), limit, "req_1")


def last(kind: str) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), json.dumps({"type": kind}).encode())


def test_events_lose_their_names_and_nothing_else() -> None:
    assert frames().feed(CREATED) == b'data: {"type":"response.created"}\n\n'


@pytest.mark.parametrize(
    "kind",
    ["response.completed", "response.failed", "response.incomplete", "message_stop"],
)
def test_a_mark_follows_the_last_event_also_of_a_failed_answer(kind: str) -> None:
    stream = frames()
    assert stream.feed(CREATED + last(kind)).endswith(
        b'data: {"type": "%b"}\n\n' % kind.encode() + DONE
    )
    assert stream.over
    assert stream.fault is None
    assert stream.end() == b""


def test_the_upstreams_own_mark_is_not_doubled() -> None:
    assert frames().feed(last("response.completed") + DONE).count(DONE) == 1
    assert frames().feed(DONE) == b""


def test_one_byte_at_a_time_gives_the_same() -> None:
    data = b": hi\n\n" + CREATED + last("response.completed")
    stream = frames()
    assert b"".join(stream.feed(data[i : i + 1]) for i in range(len(data))) == frames().feed(data)


def test_a_stream_that_ends_early_ends_with_an_error_and_without_the_mark() -> None:
    stream = frames()
    sent = stream.feed(CREATED) + stream.end()
    assert b"event: error\n" in sent
    assert b"OPENAI_PROXY_INCOMPLETE_STREAM" in sent
    assert DONE not in sent
    assert stream.fault is not None


def test_its_cause_is_told_where_it_is_known() -> None:
    late = BadUpstream(504, "upstream_idle_timeout", "late")
    assert b"OPENAI_PROXY_TIMEOUT" in frames().end(late)


def test_an_error_event_is_told_as_an_error() -> None:
    stream = frames()
    sent = stream.feed(b'data: {"type":"error","code":"server_error","message":"Sorry"}\n\n')
    told = json.loads(sent.partition(b"data: ")[2])["error"]
    assert told["message"] == "Sorry"
    assert told["upstream"]["requestId"] == "req_1"
    assert stream.over
    assert isinstance(stream.fault, Fault)


@pytest.mark.parametrize("data", [b"data: nonsense\n\n", b"data: " + b"x" * 20_000])
def test_what_cannot_be_read_ends_it_with_an_error(data: bytes) -> None:
    sent = frames().feed(data)
    assert b"OPENAI_PROXY_INVALID_RESPONSE" in sent
    assert frames().feed(data + CREATED).count(b"data:") == 1


def test_an_event_of_several_lines_is_written_in_one() -> None:
    assert frames().feed(b'data: {"a":\ndata: 1}\n\n') == b'data: {"a":1}\n\n'


def test_json_that_is_no_object_passes() -> None:
    assert frames().feed(b"data: [1]\n\n") == b"data: [1]\n\n"
