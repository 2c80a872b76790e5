"""An answer in the making: a closed set of events.

::

    Begin  PartBegin(0, Reasoning)  PartDelta(0, "Hm")  PartNote(0, Seal)  PartEnd(0,
    Reasoning("Hm", Seal))
           PartBegin(1, Text)       PartDelta(1, "Hello")                  PartEnd(1, Text("Hello"))
    End(finishes, usage)            or, at any moment,                     Fault(kind, message)

A *slot* numbers the parts of one answer from 0 in order of their beginning, whatever the wire calls
them, through all choices. Parts may be open side by side. :mod:`~openaiproxy.hub.grammar` says
which order is legal, and fills in what a parser may leave out.
"""

from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from openaiproxy.hub.parts import Citation, Extra, JsonObject, Logprob, Part, Seal

__all__ = [
    "Begin",
    "Channel",
    "End",
    "Event",
    "Fault",
    "FaultKind",
    "Finish",
    "Idle",
    "Note",
    "Other",
    "PartBegin",
    "PartDelta",
    "PartEnd",
    "PartNote",
    "Reason",
    "Usage",
]


class Channel(Enum):
    """Which of a part's texts a delta adds to."""

    TEXT = "text"
    """The part's own: text, refusal, raw reasoning, arguments (of hosted calls too), transcript."""
    SUMMARY = "summary"
    """A reasoning's summary."""
    DATA = "data"
    """Audio's base64, each delta whole groups of four."""

    __hash__ = object.__hash__  # That of Enum is no quicker than a word's.


class Reason(Enum):
    """Why an answer ended, as the model's side says."""

    STOP = "stop"
    STOP_SEQUENCE = "stop_sequence"
    LENGTH = "length"
    CONTEXT = "context"
    """The context window is full."""
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    """The provider's filter cut the answer."""
    REFUSAL = "refusal"
    """The model, or a classifier before it, declined."""
    PAUSE = "pause"
    """A long turn was paused, to be sent back and continued."""
    OTHER = "other"
    """A word unknown to us, in :attr:`Finish.word`."""


class FaultKind(Enum):
    """What went wrong, as coarsely as an HTTP status. The value is the status when nobody gave
    one."""

    INVALID = (400, "invalid")
    CONTEXT = (400, "context")
    """The prompt is longer than the model bears."""
    CONTENT = (400, "content")
    """Refused by a policy on content."""
    AUTHENTICATION = (401, "authentication")
    BILLING = (402, "billing")
    PERMISSION = (403, "permission")
    NOT_FOUND = (404, "not_found")
    CONFLICT = (409, "conflict")
    TOO_LARGE = (413, "too_large")
    RATE = (429, "rate")
    QUOTA = (429, "quota")
    SERVER = (500, "server")
    MALFORMED = (502, "malformed")
    """The upstream's answer could not be read."""
    TRUNCATED = (502, "truncated")
    """The upstream's answer ended before it was finished."""
    OVERLOADED = (503, "overloaded")
    TIMEOUT = (504, "timeout")

    @property
    def status(self) -> int:
        """The HTTP status that goes with it."""
        return self.value[0]


@frozen(slots=False)
class Usage:
    """Tokens counted. Each is counted once, in ``input`` or in ``output``; the other counts are
    parts of these.

    :param input: everything that was read: fresh, from the cache, and written to the cache.
    :param output: everything that was written, reasoning included.
    :param cached: of ``input``, read from a cache.
    :param written: of ``input``, written to a cache.
    :param total: as the wire gave it; ``None`` is ``input + output``.
    :param searches: web searches made.
    :param extra: further counts of one dialect.
    """

    input: int = 0
    output: int = 0
    cached: int | None = None
    written: int | None = None
    reasoning: int | None = None
    input_audio: int | None = None
    output_audio: int | None = None
    accepted: int | None = None
    rejected: int | None = None
    total: int | None = None
    searches: int | None = None
    extra: Extra | None = None

    @property
    def fresh(self) -> int:
        """Of ``input``, what no cache had a part in; never below 0."""
        return max(0, self.input - (self.cached or 0) - (self.written or 0))

    @property
    def sum(self) -> int:
        """The total: as given, or else computed."""
        return self.input + self.output if self.total is None else self.total


@frozen(slots=False)
class Finish:
    """How one choice ended.

    :param word: the wire's own, when ``reason`` is ``OTHER``.
    :param sequence: the stop sequence that was met.
    :param extra: what else stood beside it.
    """

    reason: Reason
    word: str | None = None
    sequence: str | None = None
    extra: Extra | None = None


@frozen(slots=False)
class Begin:
    """The answer exists.

    :param id: the wire's name of the answer; empty where none was given.
    :param created: seconds since the epoch.
    :param usage: what is known of the input at this time.
    :param extra: other fields of the answer as a whole, as they were at its beginning.
    """

    id: str = ""
    model: str = ""
    created: int | None = None
    tier: str | None = None
    usage: Usage | None = None
    extra: Extra | None = None


@frozen(slots=False)
class PartBegin:
    """A part begins.

    :param part: what is known of it: all but what grows (texts empty, no citations, logprobs,
        seals).
    :param choice: which of several answers it belongs to.
    """

    slot: int
    part: Part
    choice: int = 0


@frozen(slots=False)
class PartDelta:
    """A part grows.

    :param index: which of a reasoning's summary parts or texts; 0 elsewhere. A new index begins a
        new one.
    :param logprobs: of these words.
    """

    slot: int
    text: str
    channel: Channel = Channel.TEXT
    index: int = 0
    logprobs: tuple[Logprob, ...] | None = None


Note: TypeAlias = Citation | Seal
"""What a part can gain beside text: a citation of a text, a seal of a reasoning."""


@frozen(slots=False)
class PartNote:
    """A part gains something that is not text."""

    slot: int
    note: Note


@frozen(slots=False)
class PartEnd:
    """A part is whole.

    :param part: its final value. A parser whose wire does not say it gives ``None``, and the
        grammar puts in what the events so far amount to; a renderer always gets it.
    """

    slot: int
    part: Part | None = None


@frozen(slots=False)
class Idle:
    """The upstream says that it is still there."""


@frozen(slots=False)
class Other:
    """An event that only its own dialect has a word for.

    :param type: the wire's word for it.
    :param quiet: whether nothing is lost without it (progress of a hosted tool, a half-painted
        picture).
    """

    dialect: str
    type: str
    raw: JsonObject
    quiet: bool = False


@frozen(slots=False)
class End:
    """The answer is finished, and says so.

    :param finishes: one for each choice, by its number.
    :param tier: the service tier, where it was told only now.
    :param extra: other fields of the answer as a whole that are new, or changed since
        :class:`Begin`.
    """

    finishes: tuple[Finish, ...] = (Finish(Reason.STOP),)
    usage: Usage | None = None
    tier: str | None = None
    extra: Extra | None = None

    @property
    def finish(self) -> Finish:
        """The first choice's."""
        return self.finishes[0]


@frozen(slots=False)
class Fault:
    """The answer failed. Nothing follows it.

    :param kind: what went wrong.
    :param message: the upstream's words, verbatim.
    :param code: the wire's word for the case, such as ``context_length_exceeded``, or one of ours.
    :param type: the wire's word for the class, such as ``invalid_request_error``.
    :param param: the request's field at fault.
    :param status: the HTTP status it came with, if it did.
    :param dialect: in which ``type`` and ``code`` are words; empty for our own faults.
    """

    kind: FaultKind
    message: str
    code: str | None = None
    type: str | None = None
    param: str | None = None
    status: int | None = None
    dialect: str = ""
    usage: Usage | None = None
    extra: Extra | None = field(default=None, repr=False)


Event: TypeAlias = Begin | PartBegin | PartDelta | PartNote | PartEnd | Idle | Other | End | Fault
