"""Recorded exchanges of Chat Completions, read where they lie.

The folder is ``shared/corpus`` beside the project, or what ``OPENAIPROXY_CORPUS`` names. Where it
is absent, the tests that need it are skipped and say so.
"""

import json
import os
from collections.abc import Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Context, Shown
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Event
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.request import Request
from openaiproxy.translation import fault_of
from openaiproxy.wire.sse import Decoder

ROOT = Path(__file__).parents[4]
CORPUS = Path(os.environ.get("OPENAIPROXY_CORPUS", ROOT / "shared" / "corpus"))
SPECS = CORPUS.parent / "specs" / "openai"

needs_corpus = pytest.mark.skipif(
    not (CORPUS / "index.jsonl").exists(),
    reason=f"no recorded exchanges at {CORPUS}; set OPENAIPROXY_CORPUS to where they are",
)


@frozen
class Exchange:
    name: str
    provider: str
    stream: bool
    status: int
    request: Any
    body: bytes


@cache
def exchanges() -> tuple[Exchange, ...]:
    lines = (CORPUS / "index.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, lines) if row["dialect"] == "chat"]
    return tuple(map(read, rows))


def read(row: dict[str, Any]) -> Exchange:
    found = json.loads((CORPUS / row["file"]).read_bytes())
    body = found["response"]["body"]
    text = body if isinstance(body, str) else json.dumps(body)
    request = found["request"]["body"]
    name = row["file"].removeprefix("chat/").removesuffix(".json")
    return Exchange(name, row["provider"], row["stream"], row["status"], request, text.encode())


def streams() -> Iterator[Exchange]:
    return (one for one in exchanges() if one.stream)


def wholes() -> Iterator[Exchange]:
    return (one for one in exchanges() if not one.stream and one.status == 200)


def context(request: Request | None = None, reasoning: str = "reasoning_content") -> Context:
    """One with a clock that stands still and ids that are counted."""
    numbers = count(1)
    asked = request or Request("m", stream=True, usage=True)
    return Context(asked, lambda: 1.5, lambda prefix: f"{prefix}{next(numbers)}", Shown(reasoning))


def loose(body: bytes) -> list[Event]:
    """What the parser says, its own error last if it raised one."""
    parser = CHAT.parser(context())
    events: list[Event] = []
    try:
        for record in Decoder().feed(body):
            events.extend(parser.feed(record))
        events.extend(parser.eof())
    except BadUpstream as error:
        events.append(fault_of(error))
    return events


def strict(body: bytes) -> list[Event]:
    return walk(loose(body))


def written(events: list[Event], about: Context | None = None) -> bytes:
    renderer = CHAT.renderer(about or context())
    return b"".join(map(renderer.render, events))


def chunks(body: bytes) -> list[Any]:
    """The objects of a stream; ``"[DONE]"`` as it is."""
    data = [record.data for record in Decoder().feed(body)]
    return [one.decode() if one == b"[DONE]" else json.loads(one) for one in data]
