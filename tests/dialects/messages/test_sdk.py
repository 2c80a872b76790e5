"""The vendor's own client reads what we write as it reads what was recorded."""

from typing import Any

import pytest

from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.hub.events import Event
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.wire import json

from .recorded import Exchange, context, corpus, strict, write

anthropic = pytest.importorskip("anthropic")
httpx = pytest.importorskip("httpx2")

UNREADABLE = {"rig__streaming_gateway_message_delta_metadata_0"}
"""A gateway's stream with a ``[DONE]`` in it, at which the client stumbles."""

CALLED_AND_WENT_ON = {"ai__fixtures_anthropic_programmatic_tool_calling_1_0"}
"""Replies that hold a call and say ``end_turn``: the grammar makes ``tool_use`` of it."""


def streamed(data: bytes) -> dict[str, Any]:
    """What the client makes of a stream."""

    def answer(_request: Any) -> Any:
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, content=data)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        client = anthropic.Anthropic(api_key="k", http_client=http, max_retries=0)
        said: Any = {"role": "user", "content": "x"}
        with client.beta.messages.stream(model="m", max_tokens=1, messages=[said]) as stream:
            found = stream.get_final_message().model_dump()
    return {name: found[name] for name in ("content", "stop_reason", "stop_sequence")}


NOTHING: tuple[Any, ...] = (None, [], "")


def plain(found: Any) -> Any:
    """Without what is empty: absent citations and signatures are filled in by one side or other."""
    if isinstance(found, list):
        return [plain(item) for item in found]
    if isinstance(found, dict):
        return {name: plain(value) for name, value in found.items() if value not in NOTHING}
    return found


def finished() -> list[Exchange]:
    found = [e for e in corpus() if e.stream and e.status == 200 and e.op == "create"]
    return [exchange for exchange in found if "overloaded" not in exchange.name]


def test_the_client_reads_a_rendered_stream_as_it_reads_the_recorded_one() -> None:
    checked = 0
    for exchange in finished():
        data = exchange.answer.encode()
        try:
            expected = streamed(data)
        except Exception:
            continue
        events: list[Event] = strict(data)
        assert plain(streamed(write(events))) == plain(expected), exchange.name
        checked += 1
    assert checked == len(finished()) - len(UNREADABLE)


def test_the_client_reads_a_reply_told_as_a_stream_as_the_reply() -> None:
    for exchange in corpus():
        if exchange.stream or exchange.status != 200 or exchange.op != "create":
            continue
        body = json.loads_object(exchange.answer.encode())
        reply = MESSAGES.parse_reply(body, context())
        assert isinstance(reply, Reply)
        assert isinstance(fold(unfold(reply)), Reply)
        told = streamed(write(walk(unfold(reply))))
        whole = anthropic.types.beta.BetaMessage.construct(**body).model_dump()
        assert plain(told["content"]) == plain(whole["content"]), exchange.name
        word = "tool_use" if exchange.name in CALLED_AND_WENT_ON else body["stop_reason"]
        assert told["stop_reason"] == word, exchange.name
