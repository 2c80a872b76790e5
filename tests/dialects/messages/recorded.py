"""The recorded Messages exchanges, read in place, and the laws' small machinery."""

import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve, frozen

from openaiproxy.dialects.dialect import Context
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import Event, Fault, FaultKind
from openaiproxy.hub.fold import Reply, fold
from openaiproxy.hub.grammar import Grammar
from openaiproxy.hub.request import Request
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder

__all__ = ["Exchange", "context", "corpus", "read", "schema", "strict", "write"]

_BESIDE = Path(__file__).resolve().parents[4] / "shared"


def _folder(variable: str, name: str) -> Path:
    return Path(os.environ.get(variable) or _BESIDE / name)


@frozen
class Exchange:
    name: str
    stream: bool
    status: int
    op: str
    asked: Any
    answer: str


@cache
def corpus() -> tuple[Exchange, ...]:
    """Every recorded exchange; skips the test, and says why, where there are none."""
    folder = _folder("OPENAIPROXY_CORPUS", "corpus")
    paths = sorted(folder.glob("messages/*/*.json")) + sorted(folder.glob("supplement/messages_*"))
    if not paths:
        pytest.skip(f"no recorded exchanges in {folder}: set OPENAIPROXY_CORPUS")
    return tuple(_exchange(path) for path in paths)


def _exchange(path: Path) -> Exchange:
    found = json.loads_object(path.read_bytes())
    asked, answer = found["request"]["body"], found["response"]
    if isinstance(asked, str):
        try:
            asked = json.loads(asked.encode())
        except BadUpstream:
            asked = None
    body = answer["body"]
    text = body if isinstance(body, str) else json.text(body)
    return Exchange(path.stem, found["stream"], answer["status"], found["op"], asked, text)


def schema(name: str) -> Any:
    """A validator of a published schema; skips where there is none."""
    from jsonschema import Draft202012Validator

    path = _folder("OPENAIPROXY_SPECS", "specs") / "anthropic" / f"sdk-2.11.0-{name}.schema.json"
    if not path.exists():
        path = _folder("OPENAIPROXY_CORPUS", "corpus").parent / "specs/anthropic" / path.name
    if not path.exists():
        pytest.skip(f"no schema {name}: set OPENAIPROXY_SPECS")
    return Draft202012Validator(json.loads(path.read_bytes()))


def context(request: Request | None = None) -> Context:
    made = iter(range(1_000_000))
    asked = Request("m") if request is None else request
    return Context(asked, lambda: 0.0, lambda prefix: f"{prefix}{next(made)}")


def strict(data: bytes, request: Request | None = None) -> list[Event]:
    """The strict events of a stream's bytes, an end of input after them."""
    parser, grammar = MESSAGES.parser(context(request)), Grammar()
    events: list[Event] = []
    try:
        for record in Decoder().feed(data):
            for loose in parser.feed(record):
                events += grammar.feed(loose)
            if events and grammar.state.name == "OVER":
                return events
        for loose in parser.eof():
            events += grammar.feed(loose)
    except BadUpstream as error:
        events += grammar.feed(Fault(FaultKind.MALFORMED, error.message))
    return [*events, *grammar.eof()]


def write(events: list[Event], request: Request | None = None) -> bytes:
    renderer = MESSAGES.renderer(context(request))
    return b"".join(renderer.render(event) for event in events)


def read(data: bytes) -> Reply | Fault:
    """What a stream amounts to, but for how often it said that it is there."""
    reply = fold(strict(data))
    return evolve(reply, others=()) if isinstance(reply, Reply) else reply
