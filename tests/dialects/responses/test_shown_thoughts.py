"""Thoughts that have no summary, shown as one to who asked for a summary."""

from openaiproxy.dialects.dialect import Context, Shown
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.events import Begin, Channel, End, PartBegin, PartDelta, PartEnd
from openaiproxy.hub.fold import Reply, fold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import Reasoning
from openaiproxy.hub.request import Request

EVENTS = [
    Begin("a", "m"),
    PartBegin(0, Reasoning()),
    PartDelta(0, "Hm", Channel.TEXT),
    PartEnd(0),
    End(),
]


def context(as_summary: bool) -> Context:
    return Context(
        Request("m"), lambda: 0, lambda prefix: prefix + "1", Shown(thoughts_as_summary=as_summary)
    )


def test_thoughts_are_a_summary_streamed_and_whole() -> None:
    renderer, strict = RESPONSES.renderer(context(True)), walk(EVENTS)
    stream = b"".join(renderer.render(event) for event in strict)
    assert b"response.reasoning_summary_text.delta" in stream
    assert b"reasoning_text.delta" not in stream
    reply = fold(strict)
    assert isinstance(reply, Reply)
    (item,) = RESPONSES.render_reply(reply, context(True)).body["output"]
    assert item["summary"] == [{"type": "summary_text", "text": "Hm"}]
    assert "content" not in item
    assert b'"summary":[{"type":"summary_text","text":"Hm"}]' in stream


def test_thoughts_are_thoughts_where_nobody_asked_for_a_summary() -> None:
    renderer = RESPONSES.renderer(context(False))
    stream = b"".join(renderer.render(event) for event in walk(EVENTS))
    assert b"response.reasoning_text.delta" in stream
