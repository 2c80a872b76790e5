"""What is lost is told alike: in a request, a whole answer, and a stream."""

from typing import Any

import pytest

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Context, Dialect
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.events import Event, Fault
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.loss import Loss
from openaiproxy.wire import json
from openaiproxy.wire.sse import encode
from tests import corpus
from tests.cases import NOW, PLAIN, Case, answered, events, ids
from tests.corpus import entries, load
from tests.wires import WIRES

CONTEXT = Context(PLAIN, lambda: NOW, ids())

CHAT_REQUEST = {
    "model": "m",
    "messages": [{"role": "user", "content": "hi"}],
    "prediction": {"type": "content", "content": "x"},
    "odd": 1,
}
CHAT_WHOLE = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "m",
    "created": 1,
    "system_fingerprint": "f",
    "odd": 1,
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Hi"},
            "finish_reason": "stop",
            "native_finish_reason": "STOP",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 3},
}
CHAT_STREAM = [
    {
        "id": "gen_1",
        "model": "m",
        "system_fingerprint": "f",
        "choices": [{"index": 0, "delta": {"content": "Hi"}}],
    },
    {
        "id": "gen_1",
        "system_fingerprint": "g",
        "odd": 1,
        "choices": [
            {"index": 0, "delta": {}, "finish_reason": "stop", "native_finish_reason": "STOP"}
        ],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2, "cost": 3},
    },
]
OUTPUT: dict[str, Any] = {
    "type": "message",
    "role": "assistant",
    "id": "msg_1",
    "odder": 1,
    "content": [{"type": "output_text", "text": "Hi", "prompt_cache_breakpoint": True}],
}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "m",
    "status": "completed",
    "billing": {"payer": "p"},
    "odd": 1,
    "output": [OUTPUT],
    "usage": {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2, "cost": 3},
}
RESPONSES_REQUEST = {"model": "m", "input": "hi", "client_metadata": {"a": "b"}, "odd": 1}
RESPONSES_STREAM = [
    {"type": "response.created", "response": {"id": "resp_1", "object": "response", "model": "m"}},
    {"type": "response.output_item.done", "output_index": 0, "item": OUTPUT},
    {"type": "response.completed", "response": RESPONSE},
]


def losses_of_whole(found: Reply, target: Dialect) -> set[Loss]:
    return set(target.render_reply(found, CONTEXT).losses)


def losses_of_stream(strict: list[Event], target: Dialect) -> set[Loss]:
    renderer = target.renderer(CONTEXT)
    for event in strict:
        renderer.render(event)
    return set(renderer.losses())


def names(losses: set[Loss], hint: bool) -> set[str]:
    return {loss.path.rpartition(".")[2] for loss in losses if loss.hint is hint}


@pytest.mark.parametrize(
    ("source", "whole", "stream", "hints", "others"),
    [
        (
            CHAT,
            CHAT_WHOLE,
            CHAT_STREAM,
            {"system_fingerprint", "native_finish_reason", "cost"},
            {"odd"},
        ),
        (
            RESPONSES,
            RESPONSE,
            RESPONSES_STREAM,
            {"billing", "prompt_cache_breakpoint"},
            {"odd", "message"},
        ),
    ],
    ids=["chat", "responses"],
)
def test_a_hint_of_an_answer_is_a_hint_in_a_stream_too(
    source: Dialect, whole: Any, stream: list[Any], hints: set[str], others: set[str]
) -> None:
    reply = source.parse_reply(whole, CONTEXT)
    assert isinstance(reply, Reply)
    body = b"".join(encode(json.dumps(one)) for one in stream)
    strict = walk(events(source, body, CONTEXT))
    for target in (CHAT, RESPONSES, MESSAGES):
        if target is source:
            continue
        for losses in (losses_of_whole(reply, target), losses_of_stream(strict, target)):
            assert names(losses, hint=False) == others, (target.name, losses)
            assert hints <= names(losses, hint=True) | {"cost"}, (target.name, losses)


@pytest.mark.parametrize(
    ("source", "body", "hint"),
    [(CHAT, CHAT_REQUEST, "prediction"), (RESPONSES, RESPONSES_REQUEST, "client_metadata")],
    ids=["chat", "responses"],
)
def test_a_hint_of_a_request_is_a_hint(source: Dialect, body: Any, hint: str) -> None:
    for target in (CHAT, RESPONSES, MESSAGES):
        if target is not source:
            losses = set(target.render_request(source.parse_request(body)).losses)
            assert (names(losses, hint=False), hint in names(losses, hint=True)) == ({"odd"}, True)


@pytest.mark.skipif(corpus.root() is None, reason=corpus.ABSENT)
@pytest.mark.parametrize("target", [CHAT, RESPONSES], ids=lambda target: target.name)
def test_a_whole_answer_loses_what_the_same_answer_streamed_loses(target: Dialect) -> None:
    wrong = []
    for entry in entries():
        if entry.status >= 400:
            continue
        case = Case(load(entry), WIRES[entry.dialect], WIRES[target.name])
        context = case.context()
        found = answered(case, context)
        if isinstance(found, Fault):
            continue
        strict = walk(unfold(found))
        reply = fold(strict)
        assert isinstance(reply, Reply)
        renderer = target.renderer(context)
        for event in strict:
            renderer.render(event)
        if set(target.render_reply(reply, context).losses) != set(renderer.losses()):
            wrong.append(entry.file)
    assert wrong == []
