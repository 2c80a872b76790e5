"""Requests of the wrong shape are the caller's mistake, never a crash of the stand-in."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from tests.upstream.embedded.room import Room, chat, question

ODD: list[Any] = [None, 0, -1, 1.5, "x", "", [], [1], [None], {}, {"a": 1}, [{}], [[]], True]
SCHEMA = {"type": "object", "properties": {"a": {"type": "array", "items": {"type": "integer"}}}}
OPTIONS = {"stream": True, "stream_options": {"include_usage": True}}
BODIES: list[tuple[str, Any]] = [
    (
        "chat/completions",
        chat(
            "x",
            tools=[{"type": "function", "function": {"name": "f", "parameters": SCHEMA}}],
            tool_choice={"type": "function", "function": {"name": "f"}},
            **OPTIONS,
        ),
    ),
    (
        "chat/completions",
        {
            "model": "x",
            "messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}],
            "response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}},
            "max_tokens": 4,
        },
    ),
    (
        "responses",
        {
            "model": "x",
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "a"}]},
                {"type": "function_call_output", "call_id": "c", "output": [{"text": "a"}]},
                {"type": "reasoning", "summary": []},
            ],
            "reasoning": {"effort": "low", "summary": "auto"},
            "include": ["reasoning.encrypted_content"],
            "text": {"format": {"type": "json_schema", "name": "a", "schema": SCHEMA}},
        },
    ),
    (
        "responses",
        question(
            "x",
            tools=[{"type": "function", "name": "f", "parameters": SCHEMA}],
            tool_choice={"type": "function", "name": "f"},
            metadata={"a": "b"},
            background=True,
            stream=True,
        ),
    ),
    ("responses/compact", {"model": "x", "input": [{"role": "user", "content": "x"}]}),
    ("completions", {"model": "x", "prompt": ["a"], "n": 2, "max_tokens": 3, **OPTIONS}),
    ("embeddings", {"model": "x", "input": ["a"], "dimensions": 3, "encoding_format": "float"}),
    ("moderations", {"model": "x", "input": [{"type": "text", "text": "a"}]}),
    (
        "images/generations",
        {"model": "gpt-image-1", "prompt": "x", "n": 1, "stream": True, "partial_images": 1},
    ),
    ("images/edits", {"model": "gpt-image-1", "prompt": "x", "images": [{"image_url": "x"}]}),
    (
        "audio/speech",
        {
            "model": "x",
            "input": "a",
            "voice": "b",
            "response_format": "mp3",
            "stream_format": "sse",
        },
    ),
]


def places(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a document but its top."""
    inner: Any = ()
    if isinstance(value, dict):
        inner = value.items()
    elif isinstance(value, list):
        inner = enumerate(value)
    for key, each in inner:
        yield (*place, key)
        yield from places(each, (*place, key))


def replaced(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    """The document with something else in one place."""
    made = copy.deepcopy(document)
    *outer, last = place
    inner = made
    for step in outer:
        inner = inner[step]
    inner[last] = value
    return made


@pytest.mark.parametrize(("path", "body"), BODIES)
def test_odd_values_anywhere_are_answered_or_refused(path: str, body: Any) -> None:
    room = Room()
    assert room.post(f"/v1/{path}", body).status == 200
    for place in places(body):
        for odd in ODD:
            answered = room.post(f"/v1/{path}", replaced(body, place, odd))
            assert answered.status in (200, 400), (place, odd)
            assert answered.whole, (place, odd)
