"""What a turn, or an answer, is made of: a closed set of parts.

A part is a value. It knows what was said, and nothing of how a wire spells it. Three rules hold for
all:

* ``None`` means "the wire did not say", and is never a stand-in for a default. Text that was said
  and is empty is ``""``.
* What only its own dialect can read lives in :class:`Extra`, under that dialect's name: unknown
  fields of a part, and settings without a word here. It goes back whole to the dialect it came
  from, and is a
  :class:`~openaiproxy.hub.loss.Loss` on the way to another. The same goes for a whole
      :class:`Opaque` part.
* A :class:`Seal` is proof that only its maker can check (encrypted reasoning, a signature). It
  carries its maker's name. A dialect that is not the maker may carry it, packed by
  :meth:`Seal.packed`, in a place that its clients hand back untouched, and never shows it to an
      upstream of another dialect.

``id`` of a part is the wire's name of the *item*. Text and refusals that stand side by side with
one ``id`` are one message with several contents; where ids differ, there were several messages.
"""

from enum import Enum
from typing import TypeAlias

from attrs import field, frozen

from openaiproxy.hub.marks import Citation, Extra, Json, JsonObject, Logprob, Seal

__all__ = [
    "Audio",
    "Citation",
    "Extra",
    "File",
    "Hosted",
    "HostedKind",
    "HostedResult",
    "Image",
    "Json",
    "JsonObject",
    "Logprob",
    "Opaque",
    "Part",
    "Reasoning",
    "Refusal",
    "Seal",
    "Text",
    "ToolCall",
    "ToolResult",
    "WebHit",
]


@frozen(slots=False)
class Text:
    """Words for the reader.

    :param phase: the model's own mark of what the words are, such as ``final_answer``.
    :param status: the item's, such as ``incomplete``.
    """

    text: str = ""
    citations: tuple[Citation, ...] = ()
    logprobs: tuple[Logprob, ...] | None = None
    id: str | None = None
    phase: str | None = None
    status: str | None = None
    extra: Extra | None = None


@frozen(slots=False)
class Refusal:
    """The model's words for why it will not."""

    text: str = ""
    logprobs: tuple[Logprob, ...] | None = None
    id: str | None = None
    phase: str | None = None
    status: str | None = None
    extra: Extra | None = None


@frozen(slots=False)
class Reasoning:
    """What the model thought on its way.

    :param summary: parts of a summary made to be shown.
    :param text: parts of the thoughts themselves.
    :param seals: proofs that go with it, in order.
    """

    summary: tuple[str, ...] = ()
    text: tuple[str, ...] = ()
    seals: tuple[Seal, ...] = ()
    id: str | None = None
    status: str | None = None
    extra: Extra | None = None

    def shown(self) -> str:
        """What a dialect with one reasoning text shows: the summary, or else the text; parts apart
        by a blank line."""
        return "\n\n".join(self.summary or self.text)


@frozen(slots=False)
class ToolCall:
    """A call that the caller is to carry out.

    :param call_id: pairs it with its :class:`ToolResult`; empty where the wire gave none.
    :param arguments: as the model wrote them: JSON text for a function, any text for a custom tool.
    :param custom: whether the tool takes free text.
    :param legacy: whether this is the ``function_call`` of before tools.
    :param id: the item's, which is not ``call_id``.
    """

    call_id: str
    name: str
    arguments: str = ""
    custom: bool = False
    legacy: bool = False
    namespace: str | None = None
    id: str | None = None
    status: str | None = None
    extra: Extra | None = None


@frozen(slots=False)
class Image:
    """A picture: exactly one of ``url``, ``data`` and ``file_id``, or none where the wire gave
    none.

    :param data: base64.
    :param media: its media type, such as ``image/png``.
    """

    url: str | None = None
    data: str | None = field(default=None, repr=False)
    file_id: str | None = None
    media: str | None = None
    detail: str | None = None
    extra: Extra | None = None


@frozen(slots=False)
class File:
    """A document, by ``url``, ``data`` (base64), ``file_id`` or inline ``text``.

    :param cited: whether the model is to cite it.
    :param context: words about it that are not part of it.
    """

    url: str | None = None
    data: str | None = field(default=None, repr=False)
    file_id: str | None = None
    text: str | None = None
    media: str | None = None
    filename: str | None = None
    title: str | None = None
    context: str | None = None
    detail: str | None = None
    cited: bool | None = None
    extra: Extra | None = None


@frozen(slots=False)
class Audio:
    """Sound, as base64 ``data``, with the words in it where they are known.

    :param format: ``wav``, ``mp3`` and so on.
    :param id: by which a later request may name it.
    :param expires: seconds since the epoch until ``id`` is good.
    """

    data: str = field(default="", repr=False)
    format: str | None = None
    transcript: str = ""
    id: str | None = None
    expires: int | None = None
    extra: Extra | None = None


class HostedKind(Enum):
    """Tools that run on the provider's side."""

    WEB_SEARCH = "web_search"
    WEB_FETCH = "web_fetch"
    FILE_SEARCH = "file_search"
    CODE = "code"
    IMAGE = "image"
    MCP = "mcp"
    COMPUTER = "computer"
    SHELL = "shell"
    EDITOR = "editor"
    APPLY_PATCH = "apply_patch"
    TOOL_SEARCH = "tool_search"
    OTHER = "other"


@frozen(slots=False)
class WebHit:
    """One thing found.

    :param seal: what the maker wants back unread.
    """

    url: str
    title: str | None = None
    age: str | None = None
    seal: Seal | None = None


@frozen(slots=False)
class Hosted:
    """A hosted tool's call, and what came of it where the wire keeps both in one item.

    What several dialects understand has a field; ``raw`` is the whole item for its own dialect,
    which reads nothing else of this part when it renders.

    :param call_id: pairs it with a :class:`HostedResult`, where results are parts of their own.
    :param arguments: JSON text, code or commands, as the model wrote them.
    :param queries: searches made.
    :param hits: what a search found.
    :param raw: the item (Responses) or block (Messages) as it ended, with its type.
    """

    kind: HostedKind
    name: str
    raw: Extra
    call_id: str | None = None
    arguments: str = ""
    queries: tuple[str, ...] = ()
    hits: tuple[WebHit, ...] = ()
    id: str | None = None
    status: str | None = None


@frozen(slots=False)
class HostedResult:
    """What a hosted tool gave, where that is a part of its own.

    :param error: the provider's code of failure.
    """

    kind: HostedKind
    call_id: str
    raw: Extra
    hits: tuple[WebHit, ...] = ()
    text: str | None = None
    error: str | None = None


@frozen(slots=False)
class Opaque:
    """A part for which the hub has no word. Its own dialect renders ``raw`` as it stands; others
    report a loss.

    :param type: the wire's word, for the loss report.
    """

    dialect: str
    type: str
    raw: JsonObject


@frozen(slots=False)
class ToolResult:
    """What came of a :class:`ToolCall`.

    :param parts: :class:`Text`, :class:`Image`, :class:`File` and :class:`Opaque`; none is an empty
        result.
    :param error: whether the tool failed; ``None`` where the wire has no word for it.
    :param name: the tool's, where the wire repeats it.
    """

    call_id: str
    parts: tuple[Text | Image | File | Audio | Opaque, ...] = ()
    error: bool | None = None
    custom: bool = False
    legacy: bool = False
    name: str | None = None
    id: str | None = None
    status: str | None = None
    extra: Extra | None = None


Part: TypeAlias = (
    Text
    | Refusal
    | Reasoning
    | ToolCall
    | ToolResult
    | Image
    | File
    | Audio
    | Hosted
    | HostedResult
    | Opaque
)
