"""A form with a file, sent on while it comes (rows 13, 31)."""

import json
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.defer import Deferred

from openaiproxy.presets import PRESETS
from openaiproxy.profile import Simple
from tests.simple.test_form import read, written
from tests.web.plugged import head_and_json
from tests.web.simple.asked import KEY, answer_json, ask, open_simple, told
from tests.web.wiring import Asked, Connection, ScriptedUpstream, Upload, Wired

MEDIA = "Content-Type: multipart/form-data; boundary=xyz"
TARGET = "/openai/audio/transcriptions"
SECRET = ("security_key", None, KEY.encode())
FILE = ("file", "a.wav", b"RIFF" + bytes(300_000))


def begin(wired: Wired, data: bytes, length: int, *headers: str) -> Connection:
    """The head of a form, and its first bytes."""
    lines = [f"POST {TARGET} HTTP/1.1", "Host: localhost", MEDIA, f"Content-Length: {length}"]
    return wired.client().send("\r\n".join([*lines, *headers, "", ""]).encode() + data)


def settle(wired: Wired) -> None:
    """Let what was put aside go up."""
    for _ in range(50):
        wired.clock.advance(0)


def test_a_form_goes_up_while_it_comes_when_its_key_is_first_row_13() -> None:
    wired = open_simple()
    data = written([SECRET, ("timeout", None, b"5000"), ("language", None, b"de"), FILE])
    cut = data.index(b"RIFF") + 1000
    client = begin(wired, data[:cut], len(data))
    [asked] = wired.upstream.asked
    assert asked.target == b"/v1/audio/transcriptions"
    assert asked.header(b"content-type") == [b"multipart/form-data; boundary=xyz"]
    assert asked.header(b"authorization") == [b"Bearer sk-server"]
    assert b"RIFF" in asked.upload.data
    client.send(data[cut:])
    assert asked.upload.finished
    assert read(bytes(asked.upload.data)) == {
        "language": (None, b"de"),
        "file": ("a.wav", FILE[2]),
        "model": (None, b"whisper-1"),
        "temperature": (None, b"0"),
        "response_format": (None, b"json"),
    }
    answer_json(asked, {"text": "Hi"})
    head, said = head_and_json(client)
    assert said == {"text": "Hi"}
    assert b"upstream-timeout-ms: 5000" in head.lower()
    assert wired.lines[0]["model"] == "whisper-1"


def test_a_form_whose_key_comes_last_is_sent_when_it_is_whole_row_31() -> None:
    wired = open_simple()
    data = written([FILE, SECRET, ("openai_api_key", None, b"sk-mine"), ("model", None, b"m")])
    client = begin(wired, data[:-1], len(data))
    assert wired.upstream.asked == []
    client.send(data[-1:])
    settle(wired)
    [asked] = wired.upstream.asked
    assert asked.header(b"authorization") == [b"Bearer sk-mine"]
    assert read(bytes(asked.upload.data))["file"] == ("a.wav", FILE[2])
    assert asked.body.length == len(asked.upload.data)
    answer_json(asked, {"text": "Hi"})
    assert client.received().startswith(b"HTTP/1.1 200")


def test_a_form_without_its_key_goes_nowhere_row_31_defect_2() -> None:
    wired = open_simple()
    client = ask(wired, TARGET, written([FILE]), MEDIA)
    assert told(client)[1]["code"] == "OPENAI_PROXY_FORBIDDEN"
    data = written([("security_key", None, b"wrong"), FILE, SECRET])
    client = begin(wired, data[:1000], len(data))
    assert told(client)[0] == 403
    assert wired.upstream.asked == []


def test_what_is_put_aside_has_a_limit() -> None:
    wired = open_simple(simple=Simple(spool=100_000))
    status, error = told(ask(wired, TARGET, written([FILE, SECRET]), MEDIA))
    assert (status, error["code"]) == (413, "OPENAI_PROXY_PAYLOAD_TOO_LARGE")
    assert "security_key must come before the file" in error["message"]
    ask(wired, TARGET, written([SECRET, FILE]), MEDIA)
    assert len(wired.upstream.asked) == 1


def test_a_key_in_the_header_or_the_query_lets_a_form_through_row_32() -> None:
    wired = open_simple()
    ask(wired, TARGET, written([FILE]), MEDIA, f"X-Security-Key: {KEY}")
    ask(wired, f"{TARGET}?security_key={KEY}", written([FILE]), MEDIA)
    assert len(wired.upstream.asked) == 2


def test_a_key_for_the_upstream_that_comes_after_the_file_is_refused_clearly() -> None:
    wired = open_simple()
    data = written([SECRET, FILE, ("openai_api_key", None, b"sk-late")])
    cut = data.index(b"RIFF") + 9
    client = begin(wired, data[:cut], len(data))
    client.send(data[cut:])
    status, error = told(client)
    assert (status, error["message"]) == (400, "openai_api_key must come before the file")
    assert wired.upstream.asked[0].cancelled
    assert not wired.upstream.asked[0].upload.finished


def test_a_slow_upstream_slows_its_client_row_88() -> None:
    wired = open_simple()
    data = written([SECRET, FILE])
    cut = data.index(b"RIFF")
    client = begin(wired, data[:cut], len(data))
    [asked] = wired.upstream.asked
    asked.body.pauseProducing()
    client.send(data[cut : cut + 1000])
    assert client.transport.producerState == "paused"
    asked.body.resumeProducing()
    assert client.transport.producerState == "producing"
    client.send(data[cut + 1000 :])
    assert asked.upload.finished


def test_a_client_that_leaves_within_its_form_takes_the_call_with_it_row_89() -> None:
    wired = open_simple()
    data = written([SECRET, FILE])
    client = begin(wired, data[:1000], len(data))
    client.lose()
    assert wired.upstream.asked[0].cancelled
    assert wired.lines[0]["ending"] == "client-gone"


@pytest.mark.parametrize(
    ("data", "media", "message"),
    [
        (b"{}", "Content-Type: application/json", "Content-Type must be multipart/form-data"),
        (written([SECRET]), MEDIA, "No audio file uploaded"),
        (b"nonsense", MEDIA, "The form ended before it was complete"),
    ],
)
def test_what_is_no_form_with_a_file_is_refused(data: bytes, media: str, message: str) -> None:
    status, error = told(ask(open_simple(), TARGET, data, media))
    assert (status, error["message"]) == (400, message)


def test_a_form_that_breaks_within_its_file_is_refused_and_ends_the_call() -> None:
    wired = open_simple()
    data = written([SECRET, FILE])[:-9]
    cut = data.index(b"RIFF") + 9
    client = begin(wired, data[:cut], len(data))
    client.send(data[cut:])
    assert told(client)[1]["message"] == "The form ended before it was complete"
    assert wired.upstream.asked[0].cancelled


def test_an_early_answer_ends_the_upload() -> None:
    wired = open_simple()
    data = written([SECRET, FILE])
    client = begin(wired, data[:1000], len(data))
    [asked] = wired.upstream.asked
    asked.body.stopProducing()
    answer_json(asked, {"error": {"message": "Too large"}}, 413)
    size = len(asked.upload.data)
    client.send(data[1000:])
    assert told(client)[1]["message"] == "Too large"
    assert len(asked.upload.data) == size


@pytest.mark.parametrize("key", [(SECRET,), ()])
def test_a_form_that_stops_coming_is_refused(key: tuple[object, ...]) -> None:
    wired = open_simple()
    data = written([*key, FILE])  # type: ignore[list-item]
    client = begin(wired, data[:1000], len(data))
    wired.clock.advance(21)
    assert told(client)[0] == 408
    assert all(asked.cancelled for asked in wired.upstream.asked)
    client.send(data[1000:])
    assert len(wired.lines) == 1


class Late(ScriptedUpstream):
    """An upstream whose connection is not there at once."""

    def fetch(self, method: bytes, target: bytes, headers: Any, body: Any) -> "Deferred[Any]":
        waiting: Deferred[Any] = Deferred()
        self.asked.append(Asked(method, target, headers, body, Upload(), waiting=waiting))
        return waiting


def test_a_form_that_is_whole_before_there_is_a_connection_goes_up_whole() -> None:
    upstream = Late()
    wired = open_simple()
    wired.port.client = upstream  # type: ignore[assignment]
    data = written([SECRET, FILE])
    begin(wired, data[:20], len(data)).send(data[20:])
    [asked] = upstream.asked
    sent = asked.body.startProducing(asked.upload)
    assert sent.called
    assert read(bytes(asked.upload.data))["file"] == ("a.wav", FILE[2])


def test_a_form_may_come_a_byte_at_a_time() -> None:
    wired = open_simple()
    data = written([SECRET, ("file", "a.wav", b"RIFF\r\n--x")])
    client = begin(wired, b"", len(data))
    for at in range(len(data)):
        client.send(data[at : at + 1])
    [asked] = wired.upstream.asked
    assert asked.upload.finished
    assert read(bytes(asked.upload.data))["file"] == ("a.wav", b"RIFF\r\n--x")


@pytest.mark.parametrize("first", [("security_key", None, b"wrong"), FILE])
def test_what_comes_after_the_answer_is_nobodys(first: tuple[str, str | None, bytes]) -> None:
    times = evolve(PRESETS["simple"].profile.timeouts, total=5.0)
    wired = open_simple(timeouts=times)
    data = written([first, ("file", "a.wav", b"x")] if first != FILE else [FILE, SECRET])
    client = begin(wired, data[:-30], len(data))
    wired.clock.advance(6)
    assert told(client)[0] in (403, 504)
    client.send(data[-30:])
    assert len(wired.lines) == 1
    assert wired.upstream.asked == []


def test_a_malformed_name_in_a_form_is_refused_before_it_goes_anywhere() -> None:
    wired = open_simple()
    data = written([SECRET, ("project", None, b"a b"), FILE])
    assert told(ask(wired, TARGET, data, MEDIA))[0] == 400
    assert wired.upstream.asked == []


@pytest.mark.parametrize("media", [b"text/plain", b"text/vtt; charset=utf-8"])
def test_a_transcript_in_text_is_told_as_text_in_json(media: bytes) -> None:
    wired = open_simple()
    client = ask(wired, TARGET, written([SECRET, FILE]), MEDIA)
    played = wired.upstream.asked[0].answer(headers=[(b"Content-Type", media)])
    played.send(b"WEBVTT\n")
    played.end()
    assert json.loads(client.received().partition(b"\r\n\r\n")[2]) == "WEBVTT\n"
