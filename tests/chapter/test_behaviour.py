"""Chapter 3.2: pictures, streams, prompts, recordings, and what is refused."""

import json
from typing import Any

import pytest

from openaiproxy.wire.sse import Decoder
from tests.web.plugged import fields_of, head_and_json
from tests.web.simple.asked import (
    EVENTS,
    KEY,
    OWN,
    answer_json,
    ask,
    open_simple,
    sent_json,
    stream,
    told,
)
from tests.web.wiring import Connection, Wired, request

PICTURE = {"type": "image_url", "image_url": {"url": "https://a.example/b.png"}}
GIVEN = {"url": "https://a.example/b.png"}


def chunked(client: Connection) -> bytes:
    """The body of a chunked answer."""
    rest, body = client.received().partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        body, rest = body + rest[:count], rest[count + 2 :]
    return body


# Pictures.


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            [{"role": "user", "content": "x"}],
            [{"role": "user", "content": [{"type": "text", "text": "x"}, PICTURE]}],
        ),
        (
            [{"role": "assistant", "content": "x"}],
            [{"role": "assistant", "content": "x"}, {"role": "user", "content": [PICTURE]}],
        ),
        ([], [{"role": "user", "content": [PICTURE]}]),
    ],
)
def test_a_picture_goes_with_the_users_last_message_chapter_3_2(
    before: list[Any], after: list[Any]
) -> None:
    wired = open_simple()
    ask(wired, "/openai", {"model": "m", "messages": before, "image": GIVEN})
    assert sent_json(wired.upstream.asked[0]) == {"model": "m", "messages": after}


def test_a_picture_in_base64_is_a_data_url_chapter_3_2() -> None:
    wired = open_simple()
    ask(wired, "/openai", {"messages": [], "image": {"base64": "iVBORw0KGgo="}})
    [message] = sent_json(wired.upstream.asked[0])["messages"]
    assert message["content"][0]["image_url"]["url"] == "data:image/png;base64,iVBORw0KGgo="


@pytest.mark.parametrize("image", [{}, {"url": ""}, {"base64": 5}, "https://a.example", [1]])
def test_what_is_no_picture_is_refused_chapter_3_2(image: object) -> None:
    status, error = told(ask(open_simple(), "/openai", {"messages": [], "image": image}))
    assert (status, error["message"]) == (400, "Invalid image payload")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/openai", "Streaming is not supported on this endpoint"),
        (
            "/anthropic",
            "Streaming is not supported on this endpoint. Use /anthropic/stream instead.",
        ),
    ],
)
def test_a_stream_is_refused_where_there_is_none_chapter_3_2(path: str, message: str) -> None:
    wired = open_simple()
    status, error = told(ask(wired, path, {"model": "m", "stream": True}))
    assert (status, error["message"]) == (400, message)
    client = ask(wired, path, {"model": "m", "stream": False})
    assert client.received() == b""


# Streams.


def test_a_streams_head_is_that_of_events_which_nobody_holds_chapter_3_2() -> None:
    client, played = stream(open_simple())
    played.send(b'data: {"type":"a"}\n\n')
    fields = fields_of(client)
    assert fields["content-type"] == "text/event-stream"
    assert fields["cache-control"].startswith("no-cache")
    assert fields["x-accel-buffering"] == "no"
    assert fields["transfer-encoding"] == "chunked"


@pytest.mark.parametrize("kind", ["completed", "failed", "incomplete"])
def test_each_event_is_a_data_line_and_a_mark_ends_them_chapter_3_2(kind: str) -> None:
    client, played = stream(open_simple())
    events = [{"type": "response.created"}, {"type": f"response.{kind}", "n": 1.5}]
    for event in events:
        played.send(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    played.end()
    records = Decoder().feed(chunked(client))
    assert [record.event for record in records] == [b"", b"", b""]
    assert [json.loads(record.data) for record in records[:2]] == events
    assert records[2].data == b"[DONE]"


def test_an_anthropic_stream_is_written_alike_chapter_3_3() -> None:
    wired = open_simple()
    client = ask(wired, "/anthropic/stream", {"model": "c", "max_tokens": 5, "messages": []})
    [asked] = wired.port.anthropic.asked
    assert sent_json(asked)["stream"] is True
    played = asked.answer(headers=EVENTS)
    played.send(b'event: message_stop\ndata: {"type":"message_stop"}\n\n')
    played.end()
    assert chunked(client) == b'data: {"type":"message_stop"}\n\ndata: [DONE]\n\n'


# A prompt.


def test_a_prompt_is_asked_with_its_own_words_and_settings_chapter_3_2() -> None:
    wired = open_simple()
    ask(wired, "/chatgpt", {"prompt": "Hi", "model": "gpt-4o-mini"})
    assert sent_json(wired.upstream.asked[0]) == {
        "model": "gpt-4o-mini",
        "messages": [
            {"role": "system", "content": "You are an AI assistant."},
            {"role": "user", "content": "Hi"},
        ],
        "temperature": 1,
        "top_p": 1,
        "presence_penalty": 1,
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 0.2),
        ("top_p", 0.3),
        ("max_tokens", 9),
        ("max_completion_tokens", 8),
        ("model", "gpt-4.1"),
    ],
)
def test_a_field_of_a_prompt_is_sent_chapter_3_2(name: str, value: object) -> None:
    wired = open_simple()
    ask(wired, "/chatgpt", {"prompt": "Hi", "model": "gpt-4o-mini", name: value})
    assert sent_json(wired.upstream.asked[0])[name] == value


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"prompt": 5},
        {"prompt": "x", "temperature": 2.01},
        {"prompt": "x", "temperature": -0.01},
        {"prompt": "x", "top_p": 1.01},
        {"prompt": "x", "top_p": -0.01},
    ],
)
def test_a_prompt_out_of_bounds_is_a_bad_request_chapter_3_2(body: dict[str, object]) -> None:
    status, error = told(ask(open_simple(), "/chatgpt", body))
    assert (status, error["message"]) == (400, "Bad Request")


def test_a_prompts_answer_holds_the_whole_completion_chapter_3_2() -> None:
    wired = open_simple()
    client = ask(wired, "/chatgpt", {"prompt": "Hi"})
    completion = {"id": "c1", "choices": [{"message": {"role": "assistant", "content": "Ho"}}]}
    answer_json(wired.upstream.asked[0], completion)
    said = head_and_json(client)[1]
    assert said.keys() == {"role", "id", "parentMessageId", "text", "detail"}
    assert (said["role"], said["id"], said["text"]) == ("assistant", "c1", "Ho")
    assert said["detail"] == completion


def test_a_prompt_that_nobody_answered_is_no_success_chapter_3_2() -> None:
    wired = open_simple()
    client = ask(wired, "/chatgpt", {"prompt": "Hi"})
    answer_json(wired.upstream.asked[0], {"id": "c1", "choices": []})
    status, error = told(client)
    assert (status, error["code"]) == (502, "OPENAI_PROXY_INVALID_RESPONSE")
    assert wired.lines[0]["ending"] == "upstream-failed"


# A recording.


def form(wired: Wired, *fields: tuple[str, str], media: str | None = None) -> Connection:
    """A form with these fields, and a file at its end unless one is named."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"'
        + ('; filename="a.wav"' if name == "file" else "")
        + f"\r\n\r\n{value}\r\n"
        for name, value in fields
    ]
    head = f"Content-Type: {media or 'multipart/form-data; boundary=b'}"
    body = "".join([*parts, "--b--\r\n"]).encode()
    target = "/openai/audio/transcriptions"
    client = wired.client().send(request("POST", target, head, body=body))
    wired.clock.pump([0.01] * 3)  # A form that is whole goes up piece by piece.
    return client


FIELDS = [
    ("language", "en"),
    ("model", "gpt-4o-transcribe"),
    ("prompt", "names"),
    ("temperature", "0.4"),
    ("response_format", "verbose_json"),
    ("timestamp_granularities[]", "word"),
]


@pytest.mark.parametrize(("name", "value"), FIELDS)
def test_a_field_of_a_form_goes_up_chapter_3_2(name: str, value: str) -> None:
    wired = open_simple()
    form(wired, *OWN.items(), (name, value), ("file", "RIFF"))
    data = bytes(wired.upstream.asked[0].upload.data).decode()
    assert f'name="{name}"\r\n\r\n{value}\r\n' in data


def test_the_defaults_of_a_form_chapter_3_2() -> None:
    wired = open_simple()
    form(wired, *OWN.items(), ("file", "RIFF"))
    data = bytes(wired.upstream.asked[0].upload.data).decode()
    for name, value in {
        "model": "whisper-1",
        "temperature": "0",
        "response_format": "json",
    }.items():
        assert f'name="{name}"\r\n\r\n{value}\r\n' in data
    assert "language" not in data


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("openai_api_key", b"authorization"),
        ("project", b"openai-project"),
        ("organization", b"openai-organization"),
    ],
)
def test_the_proxys_own_fields_of_a_form_are_in_force_and_stay_here_chapter_3_2(
    name: str, field: bytes
) -> None:
    wired = open_simple()
    form(wired, *OWN.items(), (name, "callers-own"), ("timeout", "5000"), ("file", "RIFF"))
    [asked] = wired.upstream.asked
    assert b"callers-own" in asked.header(field)[0]
    sent = bytes(asked.upload.data)
    assert b"RIFF" in sent
    assert not any(word in sent for word in (b"callers-own", KEY.encode(), b"timeout"))


@pytest.mark.parametrize(
    ("media", "fields", "message"),
    [
        ("application/json", (), "Content-Type must be multipart/form-data"),
        (None, (("model", "m"),), "No audio file uploaded"),
    ],
)
def test_what_is_no_form_with_a_file_is_refused_chapter_3_2(
    media: str | None, fields: tuple[tuple[str, str], ...], message: str
) -> None:
    status, error = told(form(open_simple(), *OWN.items(), *fields, media=media))
    assert (status, error["message"]) == (400, message)


@pytest.mark.parametrize("format", ["text", "srt", "vtt"])
def test_a_transcript_that_is_text_is_a_json_string_chapter_3_2(format: str) -> None:
    wired = open_simple()
    client = form(wired, *OWN.items(), ("response_format", format), ("file", "RIFF"))
    played = wired.upstream.asked[0].answer(headers=[(b"Content-Type", b"text/plain")])
    played.send("1\nHi, я".encode())
    played.end()
    assert head_and_json(client)[1] == "1\nHi, я"


def test_embeddings_have_a_model_chapter_3_1() -> None:
    wired = open_simple()
    ask(wired, "/embeddings", {"input": "x"})
    assert sent_json(wired.upstream.asked[0])["model"] == "text-embedding-3-large"
