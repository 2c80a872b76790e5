"""Usage that a stream tells in pieces: what the later piece leaves out, stays."""

from typing import Any

import pytest

from openaiproxy.dialects.dialect import Seen
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.hub.events import End, Usage
from openaiproxy.hub.parts import Extra
from openaiproxy.passthrough import Tap

from .recorded import corpus, strict
from .test_answering import STOP, finish, stream

SHAPE = {"ephemeral_5m_input_tokens": 4, "ephemeral_1h_input_tokens": 0}
BEGUN = {
    "input_tokens": 10,
    "cache_read_input_tokens": 20,
    "cache_creation_input_tokens": 4,
    "cache_creation": SHAPE,
    "output_tokens": 1,
    "server_tool_use": {"web_search_requests": 1, "web_fetch_requests": 2},
}


def streamed(early: Any, late: Any) -> bytes:
    start = {"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": early}}
    return stream(start, {**finish("end_turn"), "usage": late}, STOP)


def tapped(data: bytes) -> Seen:
    tap = Tap(MESSAGES, stream=True)
    tap.feed(data)
    return tap.eof()


@pytest.mark.parametrize(
    ("late", "amounts"),
    [
        ({"output_tokens": 9}, {"input": 34, "cached": 20, "written": 4, "output": 9}),
        ({"output_tokens": 9, "cache_read_input_tokens": 30}, {"input": 44, "cached": 30}),
        ({"input_tokens": 5, "output_tokens": 9}, {"input": 29, "written": 4}),
        ({"input_tokens": None, "output_tokens": 9, "cache_creation": None}, {"input": 34}),
        ({"server_tool_use": {"web_search_requests": 3}}, {"searches": 3, "output": 1}),
        ({"output_tokens_details": {"thinking_tokens": 7}}, {"reasoning": 7, "searches": 1}),
        ({}, {"input": 34, "output": 1}),
        (None, {"input": 34, "output": 1}),
    ],
)
def test_what_the_later_usage_leaves_out_stays_44(late: Any, amounts: dict[str, int]) -> None:
    data = streamed(BEGUN, late)
    last = strict(data)[-1]
    assert isinstance(last, End)
    assert last.usage is not None
    assert {name: getattr(last.usage, name) for name in amounts} == amounts
    assert last.usage.extra == Extra(
        "messages", {"cache_creation": SHAPE, "server_tool_use": {"web_fetch_requests": 2}}
    )
    assert tapped(data).usage == last.usage


def test_usage_told_only_at_the_end_or_only_at_the_beginning_is_the_usage() -> None:
    assert tapped(streamed(None, {"input_tokens": 3, "output_tokens": 4})).usage == Usage(3, 4)
    assert tapped(streamed({"input_tokens": 3}, None)).usage == Usage(3, 0)
    assert tapped(streamed(None, None)).usage is None
    last = strict(streamed(None, None))[-1]
    assert isinstance(last, End)
    assert last.usage is None


def test_who_looks_on_counts_as_who_translates_44() -> None:
    counted = 0
    for exchange in corpus():
        if not (exchange.stream and exchange.status == 200 and exchange.op == "create"):
            continue
        last = strict(exchange.answer.encode())[-1]
        if isinstance(last, End):
            assert tapped(exchange.answer.encode()).usage == last.usage, exchange.name
            counted += 1
    assert counted > 170
