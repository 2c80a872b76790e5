"""One streamed answer on its way: bytes in, bytes out.

Records are parsed, walked through the grammar and rendered one by one. Where one after the other says nothing but
more words of one part, they take a short way (:mod:`openaiproxy.dialects.lane`), which writes the same.
"""

from collections.abc import Iterable

from attrs import Factory, define, field, frozen

from openaiproxy.dialects.dialect import Parser, Renderer
from openaiproxy.dialects.lane import Lane
from openaiproxy.errors import BadUpstream
from openaiproxy.hub.events import (
    Begin,
    Channel,
    End,
    Event,
    Fault,
    FaultKind,
    PartBegin,
    PartDelta,
    PartEnd,
    Usage,
)
from openaiproxy.hub.grammar import Grammar
from openaiproxy.hub.loss import Loss
from openaiproxy.hub.parts import Part, ToolCall
from openaiproxy.hub.stops import Stops
from openaiproxy.hub.values import changed
from openaiproxy.wire.sse import Decoder

__all__ = ["AnswerLimits", "Stream", "called", "check_room", "fault_of", "renamed"]


@frozen
class AnswerLimits:
    """What an answer may make us hold. What passes ``event`` or ``reply`` is a fault.

    :param event: bytes of one event of a stream. The last event of a Responses stream holds the
        whole answer once more.
    :param reply: bytes of an answer: of a whole one's body, or of all events of a stream together.
        The longest answers that models give are some megabytes of text; pictures and sound are more.
    :param losses: losses that are listed of a request, or of an answer; those that change no answer
        are left out first.
    """

    event: int = 1 << 26
    reply: int = 1 << 28
    losses: int = 1000

    @property
    def weight(self) -> int:
        """What the grammar may reckon of an answer. It counts something for each event beside its
        words, and a few bytes can be many events, or large ones."""
        return 4 * self.reply

    def listed(self, losses: tuple[Loss, ...]) -> tuple[Loss, ...]:
        """As many of the losses as are listed, in order."""
        if len(losses) <= self.losses:
            return losses
        kept = set(sorted(losses, key=lambda loss: loss.hint)[: self.losses])
        return tuple(loss for loss in losses if loss in kept)


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
    _limits: AnswerLimits = AnswerLimits()
    begun: bool = field(default=False, init=False)
    fault: Fault | None = field(default=None, init=False)
    over: bool = field(default=False, init=False)
    model: str = field(default="", init=False)
    usage: Usage | None = field(default=None, init=False)
    end: End | None = field(default=None, init=False)
    _lane: Lane | None = field(default=None, init=False)
    _grown: tuple[int, Channel, int] | None = field(default=None, init=False)
    """Where the last record added words, if it did nothing else."""
    _alike: int = field(default=0, init=False)
    """How many records in a row did, and (:attr:`_wait`) how many have to before a lane is made, which costs what
    some five records save."""
    _wait: int = field(default=6, init=False)
    _room: int = field(
        init=False, default=Factory(lambda self: self._limits.reply, takes_self=True)
    )
    """Bytes that may yet come."""
    _decoder: Decoder = field(
        init=False, default=Factory(lambda self: Decoder(self._limits.event), takes_self=True)
    )
    _grammar: Grammar = field(
        init=False, default=Factory(lambda self: Grammar(self._limits.weight), takes_self=True)
    )

    def feed(self, data: bytes) -> bytes:
        """What these bytes of the upstream are for the caller. Never raises.

        :param data: the next bytes, cut anywhere.
        """
        if self.over:
            return b""
        written: list[bytes] = []
        self._room -= len(data)
        try:
            check_room(self._room)
            for block in self._decoder.blocks(data):
                words = self._lane.take(block) if self._lane is not None else b""
                if words:
                    written.append(words)
                elif not self._read(block, written):
                    break
        except BadUpstream as error:
            self._take((fault_of(error),), written)
        return b"".join(written)

    def eof(self) -> bytes:
        """What the end of the upstream's input is for the caller: nothing if the answer was over,
        or its end if a finish had been read, and else a fault."""
        written: list[bytes] = []
        self._leave()
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
        self._leave()
        self._take(events, written)
        return b"".join(written)

    def losses(self) -> tuple[Loss, ...]:
        """What was not written so far."""
        return self._limits.listed(self._renderer.losses())

    def _read(self, block: bytes, written: list[bytes]) -> bool:
        """A record takes the long way; whether the answer goes on.

        :param block: its lines.
        """
        if self._lane is not None:
            self._leave()
        record = self._decoder.read(block)
        if record is None:
            return True
        events = tuple(self._parser.feed(record))
        self._take(events, written)
        if len(events) == 1 and events[0].__class__ is PartDelta:
            self._look(block, events[0])
        else:
            self._grown = None
        return not self.over

    def _look(self, block: bytes, delta: PartDelta) -> None:
        """Make a lane, if records like this one, of which nothing came but a delta, keep coming."""
        plain = delta.text and delta.logprobs is None
        place = (delta.slot, delta.channel, delta.index) if plain else None
        self._alike = self._alike + 1 if place == self._grown else 1
        self._grown = place
        if place is None or self._alike < self._wait or self._stops is not None:
            return
        grow, write = self._grammar.grower(delta), self._renderer.writer(delta)
        likeness = self._parser.likeness(block, delta) if grow and write else None
        if grow and write and likeness:
            self._lane = Lane(likeness, grow, write)

    def _leave(self) -> None:
        """Something else is to be read or written. A lane that nothing took was a mistake, to be made less often."""
        if self._lane is not None and not self._lane.taken:
            self._wait *= 2
        self._lane = None

    def _take(self, events: Iterable[Event], written: list[bytes]) -> None:
        feed, names = self._grammar.feed, self._names
        for event in events:
            if names and event.__class__ is not PartDelta:
                event = renamed(event, names)
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


def check_room(room: int) -> None:
    """Whether there is room for an answer.

    :param room: bytes that are left of it.
    :raises BadUpstream: if none are.
    """
    if room < 0:
        raise BadUpstream(502, "upstream_too_large", "The upstream's answer is too large.")


def renamed(event: Event, names: dict[str, str]) -> Event:
    """The event with the tool's name as the caller wrote it."""
    if isinstance(event, PartBegin | PartEnd) and isinstance(event.part, ToolCall):
        return changed(event, part=called(event.part, names))
    return event


def called(part: Part, names: dict[str, str]) -> Part:
    """The part, a call with the name as the caller wrote it."""
    if isinstance(part, ToolCall) and part.name in names:
        return changed(part, name=names[part.name])
    return part
