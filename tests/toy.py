"""A dialect small enough to see through, in which the mechanics of translation are tested.

A request, a reply, and a stream::

    {"model": "m", "say": ["hi"], "tools": ["f"], "stop": ["END"], "odd": 1}

    {"id": "r", "text": "Hi", "calls": [["c", "f", "{}"]], "finish": "stop", "used": [1, 2]}

    data: {"begin": "r"}
    data: {"text": "Hi"}
    data: {"call": ["c", "f"]}      begins a call, which "args" add to
    data: {"args": "{}"}
    data: {"finish": "stop"}        is held back until the end of input, or "over"
    data: {"over": [1, 2]}

An error is ``{"error": "message"}``. A toy of another name is another dialect.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any

from attrs import define, field

from openaiproxy.dialects.dialect import Context, Dialect, Seen, Spotter
from openaiproxy.dialects.lane import Likeness
from openaiproxy.dialects.names import shorten, shorten_all
from openaiproxy.dialects.table import Fate, Row, Table
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.hub.events import (
    Begin,
    End,
    Event,
    Fault,
    FaultKind,
    Finish,
    PartBegin,
    PartDelta,
    Reason,
    Usage,
)
from openaiproxy.hub.fold import Reply
from openaiproxy.hub.loss import Loss, Losses, Rendered
from openaiproxy.hub.parts import JsonObject, Part, Text, ToolCall
from openaiproxy.hub.request import FunctionTool, Request, Role, Turn
from openaiproxy.wire import json, sse

__all__ = ["toy"]


def table(name: str) -> Table:
    return Table(
        name,
        "request",
        (
            Row("model", Fate.MAPPED, "model"),
            Row("say", Fate.MAPPED, "turns"),
            Row("tools", Fate.MAPPED, "tools"),
            Row("stop", Fate.EMULATED, "stop", "the answer is cut"),
            Row("mark", Fate.PASSED, hint=True),
            Row("stream", Fate.LOST, "toys always stream"),
        ),
    )


def toy(name: str, *, short: int = 64) -> Dialect:
    """A toy dialect.

    :param short: how long a tool's name may be.
    """
    fields = table(name)

    def parse_request(found: JsonObject) -> Request:
        if not isinstance(found.get("model"), str):
            raise BadRequest(400, "invalid_value", "model: must be a string.")
        return Request(
            found["model"],
            tuple(Turn(Role.USER, (Text(said),)) for said in found.get("say", ())),
            tuple(FunctionTool(tool) for tool in found.get("tools", ())),
            stop=tuple(found.get("stop", ())),
            extra=fields.rest(found),
        )

    def render_request(request: Request) -> Rendered:
        losses = Losses(name)
        tools = [tool.name for tool in request.tools if isinstance(tool, FunctionTool)]
        body = {
            "model": request.model,
            "say": [part.text for turn in request.turns for part in turn.parts if is_text(part)],
            "tools": [shorten(tool, short) for tool in tools],
            **losses.extra(request.extra, "", fields.hints),
        }
        return Rendered(body, losses.all(), shorten_all(tools, short), request.stop)

    def parse_reply(found: JsonObject, context: Context) -> Reply | Fault:
        if "error" in found:
            return Fault(FaultKind.SERVER, found["error"], dialect=name)
        if "finish" not in found:
            raise BadUpstream(502, "upstream_malformed", "No finish.")
        calls = tuple(ToolCall(*call) for call in found["calls"])
        texts = (Text(found["text"]),) if found["text"] else ()
        end = End((Finish(Reason(found["finish"])),), used(found.get("used")))
        return Reply(Begin(found["id"], "m"), ((*texts, *calls),), end)

    def render_reply(reply: Reply, context: Context) -> Rendered:
        usage = reply.end.usage
        calls = [[p.call_id, p.name, p.arguments] for p in reply.parts if isinstance(p, ToolCall)]
        body = {
            "id": reply.begin.id,
            "text": "".join(part.text for part in reply.parts if is_text(part)),
            "calls": calls,
            "finish": reply.end.finish.reason.value,
            "used": [usage.input, usage.output] if usage else None,
        }
        return Rendered(body)

    return Dialect(
        name,
        parse_request,
        render_request,
        parse_reply,
        render_reply,
        lambda context: ToyParser(),
        lambda context: ToyRenderer(Losses(name)),
        lambda status, body: Fault(FaultKind.SERVER, body.decode(), status=status, dialect=name),
        lambda fault: (fault.status or fault.kind.status, {"error": fault.message}),
        lambda fault: frame({"error": fault.message}),
        Spotter(re.compile(rb'"(?:over|finish|error|used)":'), glance),
        (fields,),
    )


def is_text(part: Part) -> Any:
    return isinstance(part, Text)


def used(pair: Any) -> Usage | None:
    return Usage(*pair) if pair else None


def frame(value: Any) -> bytes:
    return sse.encode(json.dumps(value))


def glance(found: JsonObject) -> Seen:
    error = found.get("error")
    return Seen(
        found.get("begin"),
        used(found.get("over") or found.get("used")),
        found.get("finish"),
        Fault(FaultKind.SERVER, error) if error else None,
        "over" in found or "used" in found,
    )


@define
class ToyParser:
    """Numbers slots as they come, and closes none."""

    slot: int = -1
    words: int = -1
    end: End | None = None

    def feed(self, record: sse.Record) -> Iterable[Event]:
        found = json.loads_object(record.data)
        if "error" in found:
            return [Fault(FaultKind.SERVER, found["error"])]
        if "begin" in found:
            return [Begin(found["begin"], "m", usage=Usage(1, 0))]
        if "text" in found:
            began = self.words < 0
            if began:
                self.slot += 1
                self.words = self.slot
            begin = [PartBegin(self.slot, Text())] if began else []
            return [*begin, PartDelta(self.words, found["text"])]
        if "call" in found:
            self.slot += 1
            return [PartBegin(self.slot, ToolCall(*found["call"]))]
        if "args" in found:
            return [PartDelta(self.slot, found["args"])]
        if "finish" in found:
            self.end = End((Finish(Reason(found["finish"])),))
            return []
        if "over" in found:
            finishes = self.end.finishes if self.end else ()
            return [End(finishes, used(found["over"]))]
        raise BadUpstream(502, "upstream_malformed", "What is this?")

    def likeness(self, record: bytes, delta: PartDelta) -> Likeness | None:
        return Likeness.of(record, delta.text, (b"text", b"args"))

    def eof(self) -> Iterable[Event]:
        if self.slot > 8:
            raise BadUpstream(504, "upstream_timeout", "Too late.")
        return [self.end] if self.end else []


@define
class ToyRenderer:
    """One record to an event, and none to an end of a part."""

    noted: Losses
    seen: list[Event] = field(factory=list)

    def render(self, event: Event) -> bytes:
        match event:
            case Begin():
                return frame({"begin": event.id})
            case PartBegin(part=ToolCall() as call):
                return frame({"call": [call.call_id, call.name]})
            case PartBegin(slot, Text()):
                self.seen.append(event)
            case PartDelta(slot):
                words = any(isinstance(e, PartBegin) and e.slot == slot for e in self.seen)
                return frame({"text" if words else "args": event.text})
            case End():
                used = [event.usage.input, event.usage.output] if event.usage else []
                return frame({"finish": event.finish.reason.value}) + frame({"over": used})
            case Fault():
                return frame({"error": event.message})
            case _:
                self.noted.note(type(event).__name__, "toys have no word for it", hint=True)
        return b""

    def writer(self, delta: PartDelta) -> Callable[[str], bytes] | None:
        return lambda text: self.render(PartDelta(delta.slot, text))

    def losses(self) -> tuple[Loss, ...]:
        return self.noted.all()
