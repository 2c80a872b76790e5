"""Between two dialects: parse, walk, render. Pure: bytes in, bytes out.

One :class:`Translation` belongs to one exchange between a caller's dialect and an upstream's::

    translation = Translation.of(body, caller=MESSAGES, upstream=RESPONSES, now=..., new_id=...)
    translation.body                    what goes upstream
    translation.reply(answer)           or feed(), feed(), ..., eof(), or refusal(status, answer)

Everything that an upstream says goes through the grammar, whole answers too. What an upstream does
wrong is a ``Fault`` in the caller's dialect, and is found in :attr:`Translation.fault`; nothing it
sends raises.
"""

from collections.abc import Callable, Iterable

from attrs import define, evolve, field

from openaiproxy.dialects.dialect import Context, Dialect, Parser, Renderer, Shown
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.hub.events import (
    Begin,
    End,
    Event,
    Fault,
    FaultKind,
    PartBegin,
    PartDelta,
    PartEnd,
    Usage,
)
from openaiproxy.hub.fold import fold, unfold
from openaiproxy.hub.grammar import Grammar, walk
from openaiproxy.hub.loss import Loss, Rendered
from openaiproxy.hub.parts import ToolCall
from openaiproxy.hub.request import Request
from openaiproxy.hub.stops import Stops
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder

__all__ = ["Answer", "Stream", "Translation", "fault_of"]


@define
class Answer:
    """A whole answer for the caller.

    :param status: HTTP status.
    :param losses: what is not in it.
    :param usage: what it took, where known.
    :param fault: what went wrong, if it did.
    """

    status: int
    body: bytes = field(repr=False)
    losses: tuple[Loss, ...] = ()
    usage: Usage | None = None
    fault: Fault | None = None


def fault_of(error: BadUpstream) -> Fault:
    """Our own error about an upstream, as a fault to tell the caller."""
    kind = FaultKind.TIMEOUT if error.status == 504 else FaultKind.MALFORMED
    return Fault(kind, error.message, code=error.code, status=error.status)


@define(eq=False)
class Stream:
    """One streamed answer on its way from the upstream's dialect to the caller's.

    :param begun: whether anything of substance was written: a part, or an end. Until then, a fault
        can still become a whole answer with a status of its own, and the bytes so far be forgotten.
    :param fault: what went wrong, if it did.
    :param over: whether the answer has ended, well or not; further input is ignored, and the
        upstream can go.
    :param usage: what it took, once known.
    """

    _parser: Parser
    _renderer: Renderer
    _names: dict[str, str]
    _stops: Stops | None
    begun: bool = field(default=False, init=False)
    fault: Fault | None = field(default=None, init=False)
    over: bool = field(default=False, init=False)
    model: str = field(default="", init=False)
    usage: Usage | None = field(default=None, init=False)
    end: End | None = field(default=None, init=False)
    _decoder: Decoder = field(factory=Decoder, init=False)
    _grammar: Grammar = field(factory=Grammar, init=False)

    def feed(self, data: bytes) -> bytes:
        """What these bytes of the upstream are for the caller. Never raises.

        :param data: the next bytes, cut anywhere.
        """
        if self.over:
            return b""
        written: list[bytes] = []
        try:
            parse = self._parser.feed
            for record in self._decoder.feed(data):
                self._take(parse(record), written)
                if self.over:
                    break
        except BadUpstream as error:
            self._take((fault_of(error),), written)
        return b"".join(written)

    def eof(self) -> bytes:
        """What the end of the upstream's input is for the caller: nothing if the answer was over,
        or its end if a finish had been read, and else a fault."""
        written: list[bytes] = []
        if not self.over:
            try:
                self._take(self._parser.eof(), written)
            except BadUpstream as error:
                self._take((fault_of(error),), written)
        self._write(self._grammar.eof(), written)
        return b"".join(written)

    def take(self, events: Iterable[Event]) -> bytes:
        """What loose events are for the caller, whoever made them.

        :param events: such as a fault that only the shell knows of (a timeout, a lost connection).
        """
        written: list[bytes] = []
        self._take(events, written)
        return b"".join(written)

    def losses(self) -> tuple[Loss, ...]:
        """What was not written so far."""
        return self._renderer.losses()

    def _take(self, events: Iterable[Event], written: list[bytes]) -> None:
        feed, names = self._grammar.feed, self._names
        for event in events:
            if names and event.__class__ is not PartDelta:
                event = _renamed(event, names)
            self._write(feed(event), written)

    def _write(self, events: Iterable[Event], written: list[bytes]) -> None:
        if self._stops is not None:
            events = [cut for event in events for cut in self._stops.feed(event)]
        render = self._renderer.render
        for event in events:
            if event.__class__ is not PartDelta:
                self._turn(event)
            written.append(render(event))

    def _turn(self, event: Event) -> None:
        """Keeps what the shell wants to know."""
        match event:
            case Begin():
                self.model = event.model
                self.usage = event.usage
            case PartBegin():
                self.begun = True
            case End():
                self.begun = self.over = True
                self.end = event
                self.usage = event.usage or self.usage
            case Fault():
                self.over = True
                self.fault = event
                self.usage = event.usage or self.usage
            case _:
                pass


@define(eq=False)
class Translation:
    """One exchange between two dialects.

    :param request: as the caller meant it.
    :param rendered: what goes upstream, and what is not in it.
    """

    caller: Dialect
    upstream: Dialect
    request: Request = field(repr=False)
    rendered: Rendered = field(repr=False)
    _context: Context = field(repr=False)

    @classmethod
    def of(
        cls,
        body: bytes,
        *,
        caller: Dialect,
        upstream: Dialect,
        now: Callable[[], float],
        new_id: Callable[[str], str],
        amend: Callable[[Request], Request] | None = None,
        shown: Shown | None = None,
        input_estimate: int | None = None,
    ) -> "Translation":
        """Translate a request, and be ready for its answer.

        :param body: the caller's, as JSON.
        :param now: seconds since the epoch.
        :param new_id: a fresh id that begins with the given prefix.
        :param amend: what a profile changes about the request before it goes upstream.
        :param shown: what the caller is shown; ``None`` for the usual.
        :param input_estimate: tokens of input, if estimated.
        :raises BadRequest: if the body can't be read, or not be said at all in the upstream's
            dialect.
        """
        request = caller.parse_request(json.loads_object(body, BadRequest))
        amended = amend(request) if amend else request
        rendered = upstream.render_request(amended)
        context = Context(request, now, new_id, shown or Shown(), input_estimate)
        return cls(caller, upstream, request, rendered, context)

    @property
    def body(self) -> bytes:
        """What goes upstream."""
        return json.dumps(self.rendered.body)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What of the request is not in it."""
        return self.rendered.losses

    def stream(self) -> Stream:
        """A new stream, for a streamed answer of the upstream to a caller who wants one."""
        return Stream(
            self.upstream.parser(self._context),
            self.caller.renderer(self._context),
            self.rendered.names,
            Stops(self.rendered.stops) if self.rendered.stops else None,
        )

    def reply(self, body: bytes) -> Answer:
        """A whole answer with a good status, for a caller who wants a whole one. Never raises.

        :param body: the upstream's.
        """
        try:
            reply = self.upstream.parse_reply(json.loads_object(body), self._context)
        except BadUpstream as error:
            return self.failure(fault_of(error))
        if isinstance(reply, Fault):
            return self.failure(reply)
        return self.collected(unfold(reply))

    def collected(self, events: Iterable[Event]) -> Answer:
        """Loose events as a whole answer.

        :param events: all of them; the end of input is understood.
        """
        named = [_renamed(event, self.rendered.names) for event in events]
        strict = walk(named)
        usage = _usage(strict)
        if self.rendered.stops:
            stops = Stops(self.rendered.stops)
            strict = [cut for event in strict for cut in stops.feed(event)]
        reply = fold(strict)
        if isinstance(reply, Fault):
            return self.failure(reply)
        if reply.end.usage is None:
            reply = evolve(reply, end=evolve(reply.end, usage=usage))
        made = self.caller.render_reply(reply, self._context)
        return Answer(200, json.dumps(made.body), made.losses, usage)

    def collect(self, body: bytes) -> Answer:
        """A streamed answer of the upstream, all of it, for a caller who wants a whole one. Never
        raises.

        :param body: the stream from its first byte to its last.
        """
        parser = self.upstream.parser(self._context)
        events: list[Event] = []
        try:
            for record in Decoder().feed(body):
                events.extend(parser.feed(record))
            events.extend(parser.eof())
        except BadUpstream as error:
            events.append(fault_of(error))
        return self.collected(events)

    def replay(self, body: bytes) -> bytes:
        """A whole answer of the upstream, for a caller who wants a stream. Never raises.

        :param body: the upstream's.
        """
        stream = self.stream()
        try:
            reply = self.upstream.parse_reply(json.loads_object(body), self._context)
        except BadUpstream as error:
            reply = fault_of(error)
        return stream.take((reply,) if isinstance(reply, Fault) else unfold(reply))

    def refusal(self, status: int, body: bytes) -> Answer:
        """An answer with a bad status. Never raises.

        :param status: the upstream's.
        :param body: the upstream's, of whatever kind.
        """
        return self.failure(self.upstream.parse_fault(status, body))

    def failure(self, fault: Fault) -> Answer:
        """A fault as a whole answer.

        :param fault: the upstream's, or ours.
        """
        status, body = self.caller.render_fault(fault)
        return Answer(status, json.dumps(body), (), fault.usage, fault)


def _renamed(event: Event, names: dict[str, str]) -> Event:
    """The event with the tool's name as the caller wrote it."""
    match event:
        case PartBegin(part=ToolCall(name=name) as call) if name in names:
            return evolve(event, part=evolve(call, name=names[name]))
        case PartEnd(part=ToolCall(name=name) as call) if name in names:
            return evolve(event, part=evolve(call, name=names[name]))
    return event


def _usage(strict: list[Event]) -> Usage | None:
    """What an answer took, though its text be cut at a stop sequence before its end."""
    last, first = strict[-1], strict[0]
    if isinstance(last, End | Fault) and last.usage is not None:
        return last.usage
    return first.usage if isinstance(first, Begin) else None
