"""Requests and answers as a generator makes them up: any that the hub can hold and a wire might say.

Words are short and unlike each other, so that a lost one is missed. What the hub's own rules
exclude is not made: results without a call before them, seals that nobody gave, parts of an answer
in a question.
"""

from itertools import pairwise
from typing import Any

from hypothesis import strategies as st

from openaiproxy.hub.events import (
    Begin,
    Channel,
    End,
    Event,
    Finish,
    Idle,
    PartBegin,
    PartDelta,
    PartEnd,
    PartNote,
    Reason,
    Usage,
)
from openaiproxy.hub.parts import (
    Citation,
    Extra,
    File,
    Image,
    Part,
    Reasoning,
    Refusal,
    Seal,
    Text,
    ToolCall,
    ToolResult,
)
from openaiproxy.hub.request import (
    Cache,
    Choose,
    CustomTool,
    Format,
    FormatKind,
    FunctionTool,
    ReasoningSettings,
    Request,
    Role,
    Sampling,
    Tool,
    ToolChoice,
    ToolRef,
    Turn,
)
from openaiproxy.wire import json

__all__ = ["answers", "cuts", "requests"]

DIALECTS = ("chat", "responses", "messages")
SEALS = {"chat": '{"type":"reasoning.encrypted","data":"c2VhbA=="}'}
NAMES = ("alpha", "beta", "gamma")

words = st.text('abcdefghijklmnopqrstuvwxyzäß€😀\n"\\ ', min_size=1, max_size=12).map(
    lambda text: f"<{text}>"
)
numbers = st.integers(1, 999)
schema = st.just({"type": "object", "properties": {"a": {"type": "string"}}})
objects = st.dictionaries(st.sampled_from(["a", "b"]), words | numbers, max_size=2)


def maybe(what: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | what


@st.composite
def extras(draw: st.DrawFn) -> Extra | None:
    """Fields that only one dialect knows."""
    if draw(st.integers(0, 3)):
        return None
    return Extra(draw(st.sampled_from(DIALECTS)), {"odd_field": draw(words)})


texts = st.builds(Text, words)
pictures = st.one_of(
    st.builds(Image, url=words.map(lambda word: f"https://x.example/{len(word)}.png")),
    st.just(Image(data="AAAA", media="image/png")),
    st.builds(Image, file_id=st.just("file_1")),
)
papers = st.one_of(
    st.just(File(data="AAAA", media="application/pdf", filename="a.pdf")),
    st.builds(File, url=st.just("https://x.example/a.pdf")),
    st.builds(File, file_id=st.just("file_2")),
    st.builds(File, text=words, media=st.just("text/plain")),
)


@st.composite
def calls(draw: st.DrawFn, number: int, custom: st.SearchStrategy[bool]) -> ToolCall:
    """A call, numbered."""
    free = draw(custom)
    given = draw(words) if free else draw(objects.map(json.text))
    return ToolCall(f"call_{number}", draw(st.sampled_from(NAMES)), given, custom=free)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Turn, ...]:
    """Turns in an order that a conversation may have."""
    turns: list[Turn] = []
    if draw(st.booleans()):
        turns.append(Turn(Role.SYSTEM, (draw(texts),), top=True))
    number = 0
    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 4)) == 0:
            turns.append(Turn(draw(st.sampled_from([Role.SYSTEM, Role.DEVELOPER])), (draw(texts),)))
        said = draw(st.lists(st.one_of(texts, pictures, papers), min_size=1, max_size=3))
        turns.append(Turn(Role.USER, tuple(said), extra=None))
        parts: list[Part] = []
        if draw(st.booleans()):
            parts.append(draw(texts))
        made = [draw(calls(number + n, st.booleans())) for n in range(draw(st.integers(0, 2)))]
        number += len(made)
        if parts or made:
            turns.append(Turn(Role.ASSISTANT, (*parts, *made)))
        if made:
            turns.append(Turn(Role.TOOL, tuple(draw(results(call)) for call in made)))
    return tuple(turns)


@st.composite
def results(draw: st.DrawFn, call: ToolCall) -> ToolResult:
    """What came of a call."""
    parts = tuple(draw(st.lists(st.one_of(texts, pictures), max_size=2)))
    return ToolResult(call.call_id, parts, draw(maybe(st.just(True))), custom=call.custom)


@st.composite
def tools(draw: st.DrawFn) -> tuple[Tool, ...]:
    """Tools of the caller's."""
    found: list[Tool] = []
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=3)):
        if draw(st.integers(0, 3)):
            strict = draw(maybe(st.booleans()))
            tool = FunctionTool(
                name, draw(maybe(words)), draw(schema), strict, extra=draw(extras())
            )
            found.append(tool)
        else:
            found.append(CustomTool(name, draw(maybe(words))))
    return tuple(found)


@st.composite
def choices(draw: st.DrawFn, found: tuple[Tool, ...]) -> ToolChoice | None:
    """How free the model is."""
    if not found or draw(st.booleans()):
        return None
    word = draw(st.sampled_from(list(Choose)))
    if word is not Choose.ONE:
        return ToolChoice(word)
    tool = draw(st.sampled_from(found))
    assert isinstance(tool, FunctionTool | CustomTool)
    kind = "function" if isinstance(tool, FunctionTool) else "custom"
    return ToolChoice(word, ToolRef(kind, tool.name))


formats = st.one_of(
    st.just(Format(FormatKind.TEXT)),
    st.just(Format(FormatKind.JSON)),
    st.builds(
        Format,
        kind=st.just(FormatKind.SCHEMA),
        name=st.just("shape"),
        schema=schema,
        strict=maybe(st.booleans()),
        description=maybe(words),
    ),
)
reasonings = st.builds(
    ReasoningSettings,
    effort=maybe(st.sampled_from(["none", "low", "medium", "high"])),
    summary=maybe(st.sampled_from(["auto", "off"])),
)
samplings = st.builds(
    Sampling,
    temperature=maybe(st.sampled_from([0.0, 0.25, 1.0])),
    top_p=maybe(st.sampled_from([0.125, 1.0])),
    top_k=maybe(st.just(7)),
    presence=maybe(st.just(0.5)),
    frequency=maybe(st.just(0.75)),
    seed=maybe(numbers),
    bias=maybe(st.just({"50256": -100})),
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A question."""
    found = draw(tools())
    return Request(
        draw(st.sampled_from(["gpt-5", "claude-x"])),
        draw(conversations()),
        found,
        draw(choices(found)),
        draw(maybe(st.booleans())) if found else None,
        draw(maybe(formats)),
        draw(maybe(st.sampled_from(["low", "high"]))),
        draw(maybe(reasonings)),
        draw(samplings),
        draw(maybe(st.integers(16, 9999))),
        stop=tuple(draw(st.lists(words, max_size=2))),
        n=draw(maybe(st.integers(2, 3))),
        stream=draw(maybe(st.booleans())),
        metadata=draw(maybe(st.just({"label": "<m>"}))),
        user=draw(maybe(st.just("<user>"))),
        safety_id=draw(maybe(st.just("<safe>"))),
        cache=Cache(draw(maybe(st.just("<cache>"))), draw(maybe(st.just("24h")))),
        tier=draw(maybe(st.sampled_from(["flex", "priority"]))),
        store=draw(maybe(st.just(True))),
        previous=draw(maybe(st.just("resp_0"))),
        truncation=draw(maybe(st.just("auto"))),
        extra=draw(extras()),
    )


@st.composite
def grown(draw: st.DrawFn, slot: int) -> tuple[Part, list[Event]]:
    """A part, and the events of its growth: in pieces, or only whole at its end."""
    part = draw(
        st.one_of(
            texts,
            st.builds(Refusal, words),
            st.builds(lambda text: Reasoning(summary=(text,)), words),
            st.builds(lambda text: Reasoning(text=(text,)), words),
            calls(slot, st.booleans()),
        )
    )
    bare, told, channel = _split(part)
    pieces = draw(cuts(told)) if draw(st.booleans()) else []
    events: list[Event] = [PartDelta(slot, piece, channel) for piece in pieces]
    if isinstance(part, Text) and draw(st.integers(0, 3)) == 0:
        events.append(PartNote(slot, Citation("url", url="https://x.example/c", title="<title>")))
    if isinstance(part, Reasoning) and draw(st.booleans()):
        dialect = draw(st.sampled_from(DIALECTS))
        events.append(PartNote(slot, Seal(dialect, SEALS.get(dialect, "c2VhbA=="))))
    whole = not pieces or draw(st.booleans())
    noted = any(isinstance(event, PartNote) for event in events)
    end = PartEnd(slot, part if whole and not noted else None)
    if noted and not pieces:
        events.insert(0, PartDelta(slot, told, channel))
    return bare, [*events, end]


def _split(part: Part) -> tuple[Part, str, Channel]:
    """A part without its words, the words, and how they are told."""
    match part:
        case Text(text=text):
            return Text(), text, Channel.TEXT
        case Refusal(text=text):
            return Refusal(), text, Channel.TEXT
        case Reasoning(summary=(text,)):
            return Reasoning(), text, Channel.SUMMARY
        case Reasoning(text=(text,)):
            return Reasoning(), text, Channel.TEXT
        case ToolCall(call_id=call, name=name, arguments=text, custom=custom):
            return ToolCall(call, name, custom=custom), text, Channel.TEXT
    raise AssertionError(part)


@st.composite
def cuts(draw: st.DrawFn, whole: Any) -> list[Any]:
    """A text, or bytes, in pieces; some may be empty."""
    places = sorted(draw(st.lists(st.integers(0, len(whole)), max_size=4)))
    edges = [0, *places, len(whole)]
    return [whole[a:b] for a, b in pairwise(edges)]


@st.composite
def answers(draw: st.DrawFn) -> list[Event]:
    """Loose events of a finished answer, whose parts may grow side by side."""
    events: list[Event] = [Begin("r_1", "m-1", 5, usage=None)]
    waiting: list[list[Event]] = []
    for slot in range(draw(st.integers(0, 4))):
        bare, growth = draw(grown(slot))
        events.append(PartBegin(slot, bare))
        waiting.append(growth)
        while waiting and draw(st.booleans()):
            _advance(draw, waiting, events)
    while waiting:
        _advance(draw, waiting, events)
    usage = draw(maybe(st.builds(Usage, numbers, numbers, maybe(st.just(1)))))
    reason = draw(st.sampled_from([Reason.STOP, Reason.LENGTH, Reason.CONTENT_FILTER]))
    return [*events, End((Finish(reason),), usage)]


def _advance(draw: st.DrawFn, waiting: list[list[Event]], events: list[Event]) -> None:
    """One event of one of the parts that are open."""
    if draw(st.integers(0, 9)) == 0:
        events.append(Idle())
    growth = draw(st.sampled_from(waiting))
    events.append(growth.pop(0))
    if not growth:
        waiting.remove(growth)
