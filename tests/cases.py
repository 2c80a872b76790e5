"""One recording in one direction, and what the laws read of it."""

from collections.abc import Callable, Iterable
from itertools import count
from typing import TypeAlias

from attrs import evolve, frozen

from openaiproxy.dialects.dialect import Context, Dialect
from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.hub.events import Event, Fault
from openaiproxy.hub.fold import Reply, fold, unfold
from openaiproxy.hub.grammar import walk
from openaiproxy.hub.parts import Text
from openaiproxy.hub.request import Request, Role, Turn
from openaiproxy.translation import Translation, fault_of
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder
from tests.corpus import Recording
from tests.wires import Wire

__all__ = ["NOW", "PLAIN", "Case", "Law", "answered", "events", "ids", "streamed"]

NOW = 1_700_000_000.0
PLAIN = Request("model", (Turn(Role.USER, (Text("hi"),)),))


@frozen
class Case:
    """One recording in one direction."""

    recording: Recording
    source: Wire
    target: Wire

    @property
    def same(self) -> bool:
        """Whether the direction is from a dialect to itself."""
        return self.source.dialect.name == self.target.dialect.name

    def asked(self) -> Request:
        """What was asked, as the hub has it: a plain question, where it was not kept."""
        found = self.recording.request
        asked = PLAIN if found is None else self.source.dialect.parse_request(found)
        return evolve(asked, stream=True, usage=True)

    def translation(self) -> Translation:
        """A fresh exchange: its request in the target's words, towards the source."""
        asked = self.asked()
        try:
            body = self.target.dialect.render_request(asked).body
            self.target.dialect.parse_request(body)
        except BadRequest:
            plain = evolve(PLAIN, stream=True, usage=True)
            body = self.target.dialect.render_request(plain).body
        return Translation.of(
            json.dumps(body),
            caller=self.target.dialect,
            upstream=self.source.dialect,
            now=lambda: NOW,
            new_id=ids(),
        )

    def context(self) -> Context:
        """For a dialect that is asked directly."""
        return Context(self.asked(), lambda: NOW, ids())


Law: TypeAlias = Callable[[Case], list[str] | None]


def ids() -> Callable[[str], str]:
    """A maker of ids that counts."""
    numbers = count(1)
    return lambda prefix: f"{prefix}{next(numbers):024x}"


def events(dialect: Dialect, body: bytes, context: Context) -> list[Event]:
    """The loose events of a stream."""
    parser = dialect.parser(context)
    found: list[Event] = []
    try:
        for record in Decoder().feed(body):
            found.extend(parser.feed(record))
        found.extend(parser.eof())
    except BadUpstream as error:
        found.append(fault_of(error))
    return found


def streamed(dialect: Dialect, loose: Iterable[Event], context: Context) -> bytes:
    """Events as a dialect writes them."""
    renderer = dialect.renderer(context)
    return b"".join(renderer.render(event) for event in walk(loose))


def answered(case: Case, context: Context) -> Reply | Fault:
    """What was recorded, walked, as one value."""
    dialect, body = case.source.dialect, case.recording.body
    if case.recording.streamed:
        return fold(events(dialect, body, context))
    try:
        reply = dialect.parse_reply(json.loads_object(body), context)
    except BadUpstream as error:
        return fault_of(error)
    return reply if isinstance(reply, Fault) else fold(unfold(reply))
