"""What the tests of this dialect share: a context with numbered ids, both ways through a
stream, and the recordings, read where they lie."""

import os
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from openaiproxy.dialects.dialect import Context
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.events import Event
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import JsonObject
from openaiproxy.hub.request import Request
from openaiproxy.wire import json, sse

ROOT = Path(__file__).parents[3].parent / "shared" / "corpus"
CORPUS = Path(os.environ.get("OPENAIPROXY_CORPUS", ROOT))
SPECS = CORPUS.parent / "specs" / "openai"

recorded = pytest.mark.skipif(
    not CORPUS.is_dir(), reason=f"no recordings at {CORPUS}: set OPENAIPROXY_CORPUS"
)


def context(request: Request | None = None) -> Context:
    numbers = count()
    return Context(request or Request("m"), lambda: 1.0, lambda prefix: f"{prefix}{next(numbers)}")


def again(value: Any) -> Any:
    """As it is after a journey as bytes."""
    return json.loads(json.dumps(value))


def records(data: bytes) -> list[sse.Record]:
    return sse.Decoder().feed(data)


def parse(*data: bytes | JsonObject) -> list[Event]:
    """The strict events of a stream, bytes or the objects in it."""
    parser = RESPONSES.parser(context())
    events: list[Event] = []
    for piece in data:
        framed = piece if isinstance(piece, bytes) else sse.encode(json.dumps(piece))
        for record in records(framed):
            events.extend(parser.feed(record))
    return walk([*events, *parser.eof()])


def render(events: list[Event], request: Request | None = None) -> bytes:
    renderer = RESPONSES.renderer(context(request))
    return b"".join(renderer.render(event) for event in events)


def said(data: bytes) -> list[dict[str, Any]]:
    """The objects of a stream."""
    return [json.loads(record.data) for record in records(data)]


@cache
def recordings() -> tuple[dict[str, Any], ...]:
    found = []
    for path in sorted(CORPUS.glob("responses/*/*.json")):
        one = json.loads(path.read_bytes())
        if one["op"] == "create":
            found.append({**one, "name": path.stem})
    return tuple(found)


def streams() -> Iterator[tuple[str, bytes, dict[str, Any]]]:
    for one in recordings():
        if one["stream"] and one["response"]["status"] < 300:
            yield one["name"], one["response"]["body"].encode(), one


def wholes() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for one in recordings():
        if not one["stream"] and one["response"]["status"] < 300:
            body = one["response"]["body"]
            yield one["name"], json.loads(body.encode()) if isinstance(body, str) else body, one
