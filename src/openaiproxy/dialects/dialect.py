"""What a wire dialect is: a record of functions.

A dialect knows its own wire and the hub, and nothing else: no other dialect, no HTTP beyond a
status, no clock. Every function is pure but for the two kinds of machine that live as long as one
stream: a :class:`Parser` and a
:class:`Renderer`. What a function needs to know of the exchange comes as a :class:`Context`.

``parse_*`` reads the wire and forgives it; ``render_*`` writes the wire and trusts the hub. A
parser raises
:class:`~openaiproxy.errors.BadRequest` for a caller's mistake, with the field's name as
    :func:`bad_field` puts it,
and :class:`~openaiproxy.errors.BadUpstream` for an upstream's. Nothing else is raised.
"""

import re
from collections.abc import Callable, Iterable
from typing import Protocol

from attrs import field, frozen

from openaiproxy.dialects.lane import Likeness
from openaiproxy.dialects.table import Table
from openaiproxy.errors import BadRequest
from openaiproxy.hub.events import Event, Fault, PartDelta, Usage
from openaiproxy.hub.fold import Reply
from openaiproxy.hub.loss import Loss, Rendered
from openaiproxy.hub.parts import JsonObject
from openaiproxy.hub.request import Request
from openaiproxy.wire.sse import Record

__all__ = ["Context", "Dialect", "Parser", "Renderer", "Seen", "Shown", "Spotter", "bad_field"]


@frozen
class Shown:
    """What a caller of a dialect is shown, where the dialect leaves it open.

    :param reasoning: where Chat shows reasoning: ``reasoning_content``, ``reasoning``, ``both``,
        ``think`` (in tags within the content), ``content`` (in words of its own before the answer),
        or ``off``.
    :param thoughts_as_summary: whether Responses shows thoughts, where there is no summary, as one:
        most clients that asked for a summary show nothing else.
    """

    reasoning: str = "reasoning_content"
    thoughts_as_summary: bool = False


@frozen
class Context:
    """What is known of an exchange while its answer is read and written.

    :param request: as its caller meant it.
    :param now: seconds since the epoch.
    :param new_id: a fresh id that begins with the given prefix, such as ``chatcmpl-``.
    :param shown: what the caller is shown.
    :param input_estimate: tokens of input, where somebody could estimate them before the upstream
        told.
    """

    request: Request
    now: Callable[[], float]
    new_id: Callable[[str], str]
    shown: Shown = Shown()
    input_estimate: int | None = None


class Parser(Protocol):
    """Reads one stream. Gives loose events, as :mod:`openaiproxy.hub.grammar` understands them."""

    def feed(self, record: Record) -> Iterable[Event]:
        """The events of one record.

        :raises BadUpstream: if the record can't be read; the stream is over then.
        """

    def likeness(self, record: bytes, delta: PartDelta) -> Likeness | None:
        """What makes further records say no more than the last one fed, but for its words.

        :param record: the last one, with its lines, up to the blank one.
        :param delta: what it was: of some words, and nothing else.
        :return: ``None`` if that can't be told by bytes. A record that is alike must be one that :meth:`feed` would
            give the same delta for, but for its words; it need not be fed.
        """

    def eof(self) -> Iterable[Event]:
        """What the end of input completes: ``End`` if a finish was read and held back, and else
        nothing."""


class Renderer(Protocol):
    """Writes one stream. Is given strict events only."""

    def render(self, event: Event) -> bytes:
        """The bytes of one event, framed; empty if it has none."""

    def writer(self, delta: PartDelta) -> Callable[[str], bytes] | None:
        """What writes more words as :meth:`render` would the same delta with them, until another event is rendered;
        ``None`` if that takes more thought.

        :param delta: of some words, and nothing else; it was the last to be rendered.
        """

    def losses(self) -> tuple[Loss, ...]:
        """What was not written so far."""


@frozen
class Seen:
    """What a glance at an answer shows. Glances are merged, later ones over earlier.

    :param finish: the wire's word, such as ``stop`` or ``end_turn``.
    :param complete: whether the answer said that it is finished.
    :param amend: what an earlier usage becomes by this glance, on a wire that tells usage in
        pieces; on others a later usage is the whole of it.
    """

    model: str | None = None
    usage: Usage | None = None
    finish: str | None = None
    fault: Fault | None = None
    complete: bool = False
    amend: Callable[[Usage], Usage] | None = field(default=None, eq=False, repr=False)

    def merged(self, later: "Seen") -> "Seen":
        """Both."""
        usage = later.usage or self.usage
        if later.amend is not None and self.usage is not None:
            usage = later.amend(self.usage)
        return Seen(
            later.model or self.model,
            usage,
            later.finish or self.finish,
            later.fault or self.fault,
            later.complete or self.complete,
        )


@frozen
class Spotter:
    """How to read an answer at a glance, without parsing all of it.

    :param mark: matches, within a record's bytes, if it may be worth reading; must never miss one
        that is, and should seldom match others. It is searched in every record, so let it begin
        with a rare literal.
    :param glance: what one JSON object of a stream, or a whole answer, shows by itself. Never
        raises.
    """

    mark: re.Pattern[bytes]
    glance: Callable[[JsonObject], Seen]


@frozen
class Dialect:
    """One wire dialect.

    :param name: as in :class:`~openaiproxy.hub.parts.Extra`, and in the name of its package.
    :param parse_request: a request body to a request.
    :param render_request: a request to a body. Losses are its return value, never an exception; the
        one exception is :class:`~openaiproxy.errors.BadRequest` where no request at all can be
        made.
    :param parse_reply: a body with a good status to a reply, or to a fault if it says so itself.
    :param render_reply: a reply, walked through the grammar, to a body. ``Rendered.body`` of it.
    :param parser: a new parser of one stream.
    :param renderer: a new renderer of one stream.
    :param parse_fault: status and raw body of a bad answer to a fault. Any bytes at all must do.
        Never raises.
    :param render_fault: a fault to status and body.
    :param render_fault_record: a fault to the bytes that end a stream, by one who knows nothing of
        the stream so far.
    :param spotter: for traffic that passes unchanged.
    :param keepalive: a sign of life within a stream, between two events of it. A comment that
        begins with ``: ping`` is none: it makes one client's parser stop reading.
    :param tables: one for the request, one for the reply, and further ones for what they hold.
    """

    name: str
    parse_request: Callable[[JsonObject], Request]
    render_request: Callable[[Request], Rendered]
    parse_reply: Callable[[JsonObject, Context], Reply | Fault]
    render_reply: Callable[[Reply, Context], Rendered]
    parser: Callable[[Context], Parser]
    renderer: Callable[[Context], Renderer]
    parse_fault: Callable[[int, bytes], Fault]
    render_fault: Callable[[Fault], tuple[int, JsonObject]]
    render_fault_record: Callable[[Fault], bytes]
    spotter: Spotter = field(repr=False)
    tables: tuple[Table, ...] = field(default=(), repr=False)
    keepalive: bytes = b": keepalive\n\n"


def bad_field(path: str, what: str) -> BadRequest:
    """The error for a field that can't be read.

    :param path: such as ``messages[2].content``.
    :param what: a clause, such as ``must be a string``.
    """
    return BadRequest(400, "invalid_value", f"{path}: {what}.")
