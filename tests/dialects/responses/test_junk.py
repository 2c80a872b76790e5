"""Values of the wrong type, at every place: no exception but ours, and all can be written."""

import copy
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.wire import json
from tests.dialects.responses.support import again, context, parse, render
from tests.dialects.responses.test_requests import WHOLE
from tests.dialects.responses.test_stream import CREATED, added, call, completed, done, grown, words
from tests.dialects.responses.test_stream import message as said_message

JUNK: tuple[Any, ...] = (None, True, -1, 1.5, "x", [], {}, [1], [[]], {"a": {}}, [{}])

REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "A"}],
    "content": [{"type": "reasoning_text", "text": "B"}],
    "encrypted_content": "s",
}
SHELL = {"type": "shell_call", "id": "sh", "call_id": "c", "action": {"commands": ["ls"]}}
CODE = {"type": "code_interpreter_call", "id": "ci", "code": "1", "container_id": "c"}
SEARCH = {
    "type": "web_search_call",
    "id": "ws",
    "action": {"type": "search", "query": "q", "sources": [{"type": "url", "url": "u"}]},
}
NOTE = {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}
PROBS = [{"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": [{"token": "b"}]}]
USAGE = {
    "input_tokens": 1,
    "input_tokens_details": {"cached_tokens": 1},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 3,
}
AT = {"output_index": 0, "content_index": 0}
OUTPUT = (said_message("Hi"), call("f", "{}"), REASONING, SHELL, CODE, SEARCH)
STREAM: tuple[Any, ...] = (
    CREATED,
    added(0, **said_message()),
    {"type": "response.content_part.added", **AT, "part": {"type": "output_text", "text": ""}},
    words(0, "Hi", logprobs=PROBS),
    words(0, "!"),
    {"type": "response.output_text.annotation.added", **AT, "annotation": NOTE},
    {"type": "response.output_text.done", **AT, "text": "Hi!"},
    done(0, **said_message("Hi!")),
    added(1, **call("f")),
    grown(1, "{}"),
    done(1, **call("f", "{}")),
    added(2, **REASONING),
    {
        "type": "response.reasoning_summary_text.delta",
        "output_index": 2,
        "summary_index": 0,
        "delta": "A",
    },
    done(2, **REASONING),
    added(3, **CODE),
    {"type": "response.code_interpreter_call_code.delta", "output_index": 3, "delta": "1"},
    done(3, **CODE),
    completed(*OUTPUT, usage=USAGE, incomplete_details={"reason": "x"}),
)


def spoilt(value: Any) -> Iterator[Any]:
    """The value with junk at each place in it, in turn."""
    yield from JUNK
    if isinstance(value, dict):
        for name, inner in value.items():
            yield {other: found for other, found in value.items() if other != name}
            for junk in spoilt(inner):
                yield {**value, name: junk}
    elif isinstance(value, list | tuple):
        for place, inner in enumerate(value):
            for junk in spoilt(inner):
                yield [*value[:place], junk, *value[place + 1 :]]


def test_junk_in_a_stream() -> None:
    tried = 0
    for place, event in enumerate(STREAM):
        for junk in spoilt(event):
            tried += 1
            stream = [again(one) for one in (*STREAM[:place], junk, *STREAM[place + 1 :])]
            with suppress(BadUpstream):
                events = parse(*stream)
                render(events)
                fold(events)
    assert tried > 1000


def test_junk_in_a_reply() -> None:
    found = completed(*OUTPUT, usage=USAGE, created_at=3)["response"]
    for junk in spoilt(found):
        if isinstance(junk, dict):
            with suppress(BadUpstream):
                reply = RESPONSES.parse_reply(junk, context())
                if isinstance(reply, Reply):
                    walk(unfold(reply))
                    again(RESPONSES.render_reply(reply, context()).body)
            RESPONSES.spotter.glance({"response": junk})


def test_junk_in_a_request() -> None:
    for junk in spoilt(copy.deepcopy(WHOLE)):
        if isinstance(junk, dict):
            with suppress(BadRequest):
                again(RESPONSES.render_request(RESPONSES.parse_request(junk)).body)


def test_junk_in_an_error() -> None:
    error = {"message": "m", "type": "t", "code": "c", "param": "p"}
    for junk in spoilt({"error": error, "detail": "d"}):
        fault = RESPONSES.parse_fault(400, json.dumps(junk))
        again(RESPONSES.render_fault(fault)[1])
