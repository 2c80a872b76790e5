"""What is asked, as a value.

Every field of the three create calls has a home here, or in an
:class:`~openaiproxy.hub.parts.Extra`, or a row that names its loss. A field has a home *here* if
    two dialects have a word for it; what only one knows is
that dialect's ``extra``.

Turns stand in the order in which they were sent:

* ``Turn(SYSTEM, top=True)`` is what stands outside the conversation (``instructions``, ``system``),
  and comes first. Without ``top``, a system or developer turn is one at its place among the others.
* ``Turn(TOOL)`` is a maximal run of results, and holds nothing else. Where a wire puts results and
  words into one message, the results are a turn of their own before the words.
* ``Turn(ASSISTANT)`` holds its parts in order: reasoning, words, calls, hosted calls and their
  results.
* ``Turn(USER)`` holds words, pictures, files, sound.
"""

from enum import Enum

from attrs import field, frozen

from openaiproxy.hub.parts import Extra, JsonObject, Part
from openaiproxy.hub.tools import (
    Choose,
    CustomTool,
    FunctionTool,
    HostedTool,
    OpaqueTool,
    Tool,
    ToolChoice,
    ToolRef,
)

__all__ = [
    "AudioOut",
    "Cache",
    "Choose",
    "CustomTool",
    "Format",
    "FormatKind",
    "FunctionTool",
    "HostedTool",
    "OpaqueTool",
    "ReasoningSettings",
    "Request",
    "Role",
    "Sampling",
    "Tool",
    "ToolChoice",
    "ToolRef",
    "Turn",
]


class Role(Enum):
    """Who speaks."""

    SYSTEM = "system"
    DEVELOPER = "developer"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@frozen(slots=False)
class Turn:
    """One speaker's say.

    :param top: whether it stands outside the conversation.
    :param name: the speaker's, where given.
    """

    role: Role
    parts: tuple[Part, ...] = ()
    top: bool = False
    name: str | None = None
    extra: Extra | None = None


class FormatKind(Enum):
    """What shape the answer's words take."""

    TEXT = "text"
    JSON = "json_object"
    SCHEMA = "json_schema"


@frozen(slots=False)
class Format:
    """The shape of the answer's words.

    :param schema: a JSON Schema, with ``SCHEMA``.
    """

    kind: FormatKind
    name: str | None = None
    schema: JsonObject | None = None
    strict: bool | None = None
    description: str | None = None
    extra: Extra | None = None


@frozen(slots=False)
class ReasoningSettings:
    """How much to think, and how much of it to show.

    :param enabled: ``False`` forbids, ``True`` demands; ``None`` leaves it to the model.
    :param effort: ``none``, ``minimal``, ``low``, ``medium``, ``high``, ``xhigh``, ``max``, as
        spelt.
    :param summary: ``auto``, ``concise``, ``detailed``; ``off`` asks for none.
    :param budget: tokens.
    :param adaptive: whether the model decides by itself how long.
    """

    enabled: bool | None = None
    effort: str | None = None
    summary: str | None = None
    budget: int | None = None
    adaptive: bool | None = None
    extra: Extra | None = None


@frozen(slots=False)
class Sampling:
    """How words are drawn.

    :param logprobs: whether they are told.
    :param top_logprobs: how many others at each place.
    """

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    presence: float | None = None
    frequency: float | None = None
    seed: int | None = None
    bias: JsonObject | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None


@frozen(slots=False)
class Cache:
    """How the prompt is cached.

    :param options: as Chat and Responses both spell them.
    """

    key: str | None = None
    retention: str | None = None
    options: JsonObject | None = None


@frozen(slots=False)
class AudioOut:
    """Sound in the answer."""

    format: str
    voice: str | JsonObject


@frozen(slots=False)
class Request:
    """One question to a model.

    :param max_tokens: most tokens written, reasoning included.
    :param max_calls: most calls of hosted tools.
    :param parallel: whether several tools may be called at once.
    :param n: how many answers.
    :param usage: whether a stream is to tell its usage, where the wire leaves that open.
    :param obfuscation: whether a stream is to be padded against eavesdroppers.
    :param user: the end user's id, as the caller gave it.
    :param safety_id: an id of the end user for abuse reports.
    :param modalities: kinds of output, ``text`` and ``audio``.
    :param previous: the id of the answer that this one continues.
    :param include: further data to send, in Responses' words.
    :param truncation: what to do when the window is full: ``auto`` or ``disabled``.
    """

    model: str
    turns: tuple[Turn, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel: bool | None = None
    format: Format | None = None
    verbosity: str | None = None
    reasoning: ReasoningSettings | None = None
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    max_calls: int | None = None
    stop: tuple[str, ...] = ()
    n: int | None = None
    stream: bool | None = None
    usage: bool | None = None
    obfuscation: bool | None = None
    metadata: JsonObject | None = None
    user: str | None = None
    safety_id: str | None = None
    cache: Cache = Cache()
    tier: str | None = None
    store: bool | None = None
    previous: str | None = None
    include: tuple[str, ...] = ()
    truncation: str | None = None
    modalities: tuple[str, ...] = ()
    audio: AudioOut | None = None
    moderation: JsonObject | None = None
    extra: Extra | None = field(default=None, repr=False)
