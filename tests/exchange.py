"""One exchange between two dialects, made by hand: what the tests of pitfalls are written in.

A request is a Python object that leaves as bytes; an answer is a Python object, or the objects of a
stream, that arrives as bytes. Everything between is the real translation, with numbered ids.
"""

from itertools import count
from typing import Any

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.loss import Loss
from openaiproxy.translation import Answer, Translation
from openaiproxy.wire import json, sse
from openaiproxy.wire.sse import Decoder

__all__ = [
    "CHAT",
    "MESSAGES",
    "RESPONSES",
    "Found",
    "answered",
    "asked",
    "between",
    "frames",
    "lost",
    "opened",
    "said",
    "told",
    "whole",
]

Found = dict[str, Any]

QUESTIONS: dict[str, Found] = {
    "chat": {"model": "m", "messages": [{"role": "user", "content": "Hi"}]},
    "responses": {"model": "m", "input": "Hi"},
    "messages": {
        "model": "m",
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "Hi"}],
    },
}
"""Dialect to the least that can be asked in it."""


def between(caller: Dialect, upstream: Dialect, body: Found, **options: Any) -> Translation:
    """The exchange that begins with a request.

    :param body: over the least request of the caller's dialect.
    """
    numbers = count()
    return Translation.of(
        json.dumps({**QUESTIONS[caller.name], **body}),
        caller=caller,
        upstream=upstream,
        now=lambda: 7.0,
        new_id=lambda prefix: f"{prefix}{next(numbers)}",
        **options,
    )


def asked(caller: Dialect, upstream: Dialect, **body: Any) -> Found:
    """What goes upstream."""
    found: Found = json.loads_object(between(caller, upstream, body).body)
    return found


def lost(caller: Dialect, upstream: Dialect, **body: Any) -> dict[str, bool]:
    """Path of each loss of the request, to whether it is a hint."""
    losses: tuple[Loss, ...] = between(caller, upstream, body).losses
    return {loss.path: loss.hint for loss in losses}


def frames(*objects: Found | str) -> bytes:
    """Objects as a stream, each named by its type where it has one; texts as they are."""
    return b"".join(_frame(one) for one in objects)


def _frame(one: Found | str) -> bytes:
    if isinstance(one, str):
        return f"data: {one}\n\n".encode()
    kind = one.get("type")
    return sse.encode(json.dumps(one), kind.encode() if isinstance(kind, str) else b"")


def told(data: bytes) -> list[Any]:
    """The objects of a stream, and ``[DONE]`` as it is."""
    records = Decoder().feed(data)
    return ["[DONE]" if one.data == b"[DONE]" else json.loads(one.data) for one in records]


def said(translation: Translation, *objects: Found | str) -> list[Any]:
    """What the caller is told of a stream that ends after these."""
    stream = translation.stream()
    return told(stream.feed(frames(*objects)) + stream.eof())


def answered(translation: Translation, reply: Found) -> Found:
    """What the caller is told of a whole answer."""
    return opened(whole(translation, reply))


def opened(answer: Answer) -> Found:
    """A whole answer's body."""
    found: Found = json.loads_object(answer.body)
    return found


def whole(translation: Translation, reply: Found) -> Answer:
    """The same, with its status."""
    return translation.reply(json.dumps(reply))
