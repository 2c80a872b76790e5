"""Whatever the wire holds, only our own errors are raised."""

import copy
import json
import random
from typing import Any

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.hub.events import Fault
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.wire import sse
from tests.dialects.chat.recorded import chunks, context, strict, written

ODD: tuple[Any, ...] = (None, 0, -1, True, 1.5, "", "x", [], {}, [1], [None], {"type": 1}, "\ud83d")

CALL = {
    "index": 0,
    "id": "a",
    "type": "function",
    "function": {"name": "f", "arguments": "{}"},
}
MESSAGE = {
    "role": "assistant",
    "content": [{"type": "thinking", "thinking": [{"text": "a"}]}, {"type": "text", "text": "b"}],
    "refusal": "r",
    "reasoning_content": "c",
    "reasoning_details": [{"type": "reasoning.text", "text": "c", "signature": "s"}],
    "audio": {"id": "s", "data": "AAAA", "transcript": "t", "expires_at": 9},
    "annotations": [
        {"type": "url_citation", "url_citation": {"url": "u", "title": "t", "start_index": 0}}
    ],
    "tool_calls": [CALL, {"id": "b", "type": "custom", "custom": {"name": "g", "input": "x"}}],
    "function_call": {"name": "h", "arguments": "{}"},
}
ODDS = {
    "content": [{"token": "b", "logprob": -1, "bytes": [98], "top_logprobs": [{"token": "b"}]}],
    "refusal": None,
}
USAGE = {
    "prompt_tokens": 1,
    "completion_tokens": 2,
    "total_tokens": 3,
    "prompt_tokens_details": {"cached_tokens": 1, "odd": 2},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
ABOUT = {"id": "c", "created": 1, "model": "m", "service_tier": "t", "usage": USAGE, "odd": 1}
REPLY = {
    **ABOUT,
    "choices": [{"index": 0, "message": MESSAGE, "logprobs": ODDS, "finish_reason": "stop"}],
}
CHUNKS = [
    {**ABOUT, "choices": [{"index": 0, "delta": MESSAGE, "logprobs": ODDS}]},
    {**ABOUT, "choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]},
    {"x_groq": {"usage": USAGE}, "choices": []},
]
REQUEST = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s", "name": "n"},
        {
            "role": "user",
            "content": [
                {
                    "type": "image_url",
                    "image_url": {"url": "data:image/png;base64,AA", "detail": "low"},
                },
                {"type": "input_audio", "input_audio": {"data": "AA", "format": "wav"}},
                {"type": "file", "file": {"file_id": "f", "file_data": "AA", "filename": "n"}},
            ],
        },
        {**MESSAGE, "content": "b"},
        {"role": "tool", "tool_call_id": "a", "content": [{"type": "text", "text": "t"}]},
        {"role": "function", "name": "h", "content": "t"},
    ],
    "tools": [
        {"type": "function", "function": {"name": "f", "parameters": {}, "strict": True}},
        {
            "type": "custom",
            "custom": {
                "name": "g",
                "format": {"type": "grammar", "grammar": {"syntax": "lark", "definition": "x"}},
            },
        },
    ],
    "functions": [{"name": "h"}],
    "tool_choice": {
        "type": "allowed_tools",
        "allowed_tools": {
            "mode": "auto",
            "tools": [{"type": "function", "function": {"name": "f"}}],
        },
    },
    "web_search_options": {
        "user_location": {"type": "approximate", "approximate": {"city": "P"}},
        "search_context_size": "low",
    },
    "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
    "stream": True,
    "stream_options": {"include_usage": True},
    "stop": ["a"],
    "audio": {"format": "wav", "voice": "v"},
    "modalities": ["text"],
    "logit_bias": {"1": 2},
}
ERROR = {"error": {"message": "m", "type": "t", "code": "c", "param": "p", "odd": 1}}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every node but the root."""
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        inner = [place for key in keys for place in places(value[key], (*path, key))]
        return [path, *inner] if path else inner
    return [path]


def changed(value: Any, path: tuple[Any, ...], to: Any) -> Any:
    copied = copy.deepcopy(value)
    node = copied
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = to
    return copied


def mutants(value: Any) -> list[Any]:
    """Each node replaced by each odd value, and some with two replaced."""
    ways = places(value)
    ones = [changed(value, path, to) for path in ways for to in ODD]
    dice = random.Random(1)
    for one in dice.sample(ones, min(300, len(ones))):
        path = dice.choice(places(one))
        ones.append(changed(one, path, dice.choice(ODD)))
    return ones


def test_any_request() -> None:
    read = 0
    for mutant in mutants(REQUEST):
        try:
            request = CHAT.parse_request(mutant)
        except BadRequest:
            continue
        read += 1
        rendered = CHAT.render_request(request)
        again = CHAT.parse_request(rendered.body)
        assert CHAT.parse_request(CHAT.render_request(again).body) == again
    assert read > 500


def test_any_reply() -> None:
    read = 0
    for mutant in mutants(REPLY):
        try:
            found = CHAT.parse_reply(mutant, context())
        except BadUpstream:
            continue
        whole = found if isinstance(found, Fault) else fold(unfold(found))
        if isinstance(whole, Reply):
            read += 1
            CHAT.parse_reply(CHAT.render_reply(whole, context()).body, context())
    assert read > 500


def test_any_stream() -> None:
    for mutant in mutants(CHUNKS):
        body = b"".join(sse.encode(json.dumps(one).encode()) for one in mutant)
        events = strict(body)
        again = strict(written(events))
        assert isinstance(again[-1], type(events[-1]))
        assert chunks(written(events))[-1] == "[DONE]"


def test_any_glance_and_error() -> None:
    for mutant in [*mutants(REPLY), *mutants(CHUNKS[0]), *mutants(ERROR)]:
        CHAT.spotter.glance(mutant)
        fault = CHAT.parse_fault(400, json.dumps(mutant).encode())
        status, body = CHAT.render_fault(fault)
        assert CHAT.parse_fault(status, json.dumps(body).encode()) == fault
