"""Between two dialects: parse, walk, render. Pure: bytes in, bytes out.

One :class:`Translation` belongs to one exchange between a caller's dialect and an upstream's::

    translation = Translation.of(body, caller=MESSAGES, upstream=RESPONSES, now=..., new_id=...)
    translation.body                    what goes upstream
    translation.reply(answer)           or feed(), feed(), ..., eof(), or refusal(status, answer)

Everything that an upstream says goes through the grammar, whole answers too. What an upstream does
wrong is a ``Fault`` in the caller's dialect, and is found in :attr:`Stream.fault` or
:attr:`Answer.fault`; nothing it sends raises.

What an answer may make us hold is bounded by its bytes, which are counted before anything is made of
them (:class:`AnswerLimits`). A parser, the grammar, a renderer and a fold each keep at most a fixed
multiple of what was read, whatever it says.
"""

from collections.abc import Callable, Iterable

from attrs import define, field

from openaiproxy.dialects.dialect import Context, Dialect, Shown
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.hub.events import (
    Begin,
    End,
    Event,
    Fault,
    Usage,
)
from openaiproxy.hub.fold import Reply, folded, judged, retold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.loss import Loss, Rendered
from openaiproxy.hub.request import Request
from openaiproxy.hub.stops import Stops
from openaiproxy.hub.values import changed
from openaiproxy.streaming import AnswerLimits, Stream, called, check_room, fault_of, renamed
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder

__all__ = ["Answer", "AnswerLimits", "Stream", "Translation", "fault_of"]


@define
class Answer:
    """A whole answer for the caller.

    :param status: HTTP status.
    :param made: what its body was made as; ``None`` for a fault.
    :param usage: what it took, where known.
    :param fault: what went wrong, if it did.
    """

    status: int
    body: bytes = field(repr=False)
    _made: Rendered | None = field(default=None, repr=False)
    usage: Usage | None = None
    fault: Fault | None = None
    _limits: AnswerLimits = field(default=AnswerLimits(), repr=False)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What is not in it."""
        return () if self._made is None else self._limits.listed(self._made.losses)


@define(eq=False)
class Translation:
    """One exchange between two dialects.

    :param request: as the caller meant it.
    :param rendered: what goes upstream, and what is not in it: all of it, for whoever refuses to
        lose anything.
    :param limits: what an answer may make us hold.
    """

    caller: Dialect
    upstream: Dialect
    request: Request = field(repr=False)
    rendered: Rendered = field(repr=False)
    _context: Context = field(repr=False)
    limits: AnswerLimits = field(factory=AnswerLimits)

    @classmethod
    def of(
        cls,
        body: bytes,
        *,
        caller: Dialect,
        upstream: Dialect,
        now: Callable[[], float],
        new_id: Callable[[str], str],
        metered: bool = False,
        amend: Callable[[Request], Request] | None = None,
        shown: Shown | None = None,
        input_estimate: int | None = None,
        limits: AnswerLimits | None = None,
    ) -> "Translation":
        """Translate a request, and be ready for its answer.

        :param body: the caller's, as JSON.
        :param now: seconds since the epoch.
        :param new_id: a fresh id that begins with the given prefix.
        :param metered: whether the upstream is asked for usage in any case. A Chat stream tells it
            only if asked (``stream_options.include_usage``); a caller that did not ask is not told,
            and :attr:`Stream.usage` knows it all the same.
        :param amend: what a profile changes about the request before it goes upstream. The answer is
            written for the request as the caller made it, whatever was changed.
        :param shown: what the caller is shown; ``None`` for the usual.
        :param input_estimate: tokens of input, if estimated.
        :param limits: what the answer may make us hold; ``None`` for the usual.
        :raises BadRequest: if the body can't be read, or not be said at all in the upstream's
            dialect.
        """
        request = caller.parse_request(json.loads_object(body, BadRequest))
        asked = changed(request, usage=True) if metered else request
        rendered = upstream.render_request(amend(asked) if amend else asked)
        context = Context(request, now, new_id, shown or Shown(), input_estimate)
        return cls(caller, upstream, request, rendered, context, limits or AnswerLimits())

    @property
    def body(self) -> bytes:
        """What goes upstream."""
        return json.dumps(self.rendered.body)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What of the request is not in it."""
        return self.limits.listed(self.rendered.losses)

    def stream(self) -> Stream:
        """A new stream, for a streamed answer of the upstream to a caller who wants one."""
        return Stream(
            self.upstream.parser(self._context),
            self.caller.renderer(self._context),
            self.rendered.names,
            self._stops(),
            self.limits,
        )

    def _stops(self) -> Stops | None:
        stops = self.rendered.stops
        return Stops(stops, self.limits.weight) if stops else None

    def reply(self, body: bytes) -> Answer:
        """A whole answer with a good status, for a caller who wants a whole one. Never raises.

        :param body: the upstream's.
        """
        reply = self._parsed(body)
        if isinstance(reply, Reply) and self.rendered.stops:
            return self.collected(unfold(reply))
        if isinstance(reply, Reply):
            reply = judged(self._named(reply), self.limits.weight)
        return self._whole(reply)

    def _named(self, reply: Reply) -> Reply:
        """The reply with its tools' names as the caller wrote them."""
        names = self.rendered.names
        if not names:
            return reply
        choices = tuple(tuple(called(part, names) for part in parts) for parts in reply.choices)
        return changed(reply, choices=choices)

    def _whole(self, reply: Reply | Fault, usage: Usage | None = None) -> Answer:
        """A reply that the grammar has seen, as an answer.

        :param usage: what it took, where its end does not tell.
        """
        if isinstance(reply, Fault):
            return self.failure(reply)
        usage = reply.end.usage or usage or reply.begin.usage
        if reply.end.usage is None and usage is not None:
            reply = changed(reply, end=changed(reply.end, usage=usage))
        made = self.caller.render_reply(reply, self._context)
        return Answer(200, json.dumps(made.body), made, usage, limits=self.limits)

    def _parsed(self, body: bytes) -> Reply | Fault:
        try:
            check_room(self.limits.reply - len(body))
            return self.upstream.parse_reply(json.loads_object(body), self._context)
        except BadUpstream as error:
            return fault_of(error)

    def collected(self, events: Iterable[Event]) -> Answer:
        """Loose events as a whole answer.

        :param events: all of them; the end of input is understood.
        """
        named = [renamed(event, self.rendered.names) for event in events]
        strict = walk(named, self.limits.weight)
        usage = _usage(strict)
        if (stops := self._stops()) is not None:
            strict = [cut for event in strict for cut in stops.feed(event)]
        return self._whole(folded(strict), usage)

    def collect(self, body: bytes) -> Answer:
        """A streamed answer of the upstream, all of it, for a caller who wants a whole one. Never
        raises.

        :param body: the stream from its first byte to its last.
        """
        parser = self.upstream.parser(self._context)
        events: list[Event] = []
        try:
            check_room(self.limits.reply - len(body))
            for record in Decoder(self.limits.event).feed(body):
                events.extend(parser.feed(record))
            events.extend(parser.eof())
        except BadUpstream as error:
            events.append(fault_of(error))
        return self.collected(events)

    def replay(self, body: bytes, stream: Stream | None = None) -> bytes:
        """A whole answer of the upstream, for a caller who wants a stream. Never raises.

        :param body: the upstream's.
        :param stream: the caller's, which nothing was written to yet; ``None`` for a new one.
        """
        stream, reply = stream or self.stream(), self._parsed(body)
        return stream.take((reply,) if isinstance(reply, Fault) else retold(reply))

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
        return Answer(status, json.dumps(body), usage=fault.usage, fault=fault)


def _usage(strict: list[Event]) -> Usage | None:
    """What an answer took, though its text be cut at a stop sequence before its end."""
    last, first = strict[-1], strict[0]
    if isinstance(last, End | Fault) and last.usage is not None:
        return last.usage
    return first.usage if isinstance(first, Begin) else None
