"""How a port meets callers and upstreams that speak differently, as a value.

Part of a :class:`~openaiproxy.profile.Profile`, and like it nothing but data: which requests are
translated, what is changed about them on the way, which models are shown, and how an answer is
shown to a caller whose dialect leaves that open.
"""

from enum import Enum

from attrs import field, frozen

from openaiproxy.hub.parts import JsonObject

__all__ = ["Alias", "Amendments", "Bridging", "Keep", "Mode", "Models", "Unsupported"]


class Mode(Enum):
    """Which requests are translated."""

    RELAY = "relay"
    """None: bytes pass, whatever the upstream makes of them."""
    BRIDGE = "bridge"
    """All that come in another dialect than the first that the upstream speaks."""
    AUTO = "auto"
    """Those that the upstream can't take as they are."""


class Unsupported(Enum):
    """What is done about a setting that the model is known to refuse."""

    DROP = "drop"
    """It is left out, and named."""
    REJECT = "reject"
    """The caller is told so (400)."""
    PASS = "pass"
    """It goes upstream, who may refuse it."""


class Keep(Enum):
    """Which models are listed."""

    ALL = "all"
    CODEX = "codex"
    """Those with ``codex`` in their id."""
    PLAIN = "plain"
    """Those without."""


@frozen
class Alias:
    """Another name for a model.

    :param effort: reasoning effort that goes with the name, unless the caller says otherwise;
        ``none`` for no reasoning at all.
    :param summary: reasoning summary, likewise; ``none`` for none.
    """

    name: str
    model: str
    effort: str | None = None
    summary: str | None = None


@frozen
class Amendments:
    """What is changed about a request that is understood. Whatever the caller says himself goes
    before an alias, and an alias before a default.

    :param aliases: names that this port has of its own.
    :param suffixes: whether ``NAME:res-EFFORT:sum-SUMMARY`` is understood, and listed for models
        that reason.
    :param effort: default reasoning effort for models that reason.
    :param summary: default reasoning summary, likewise.
    :param verbosity: default.
    :param tier: default service tier.
    :param web_search: whether a request without tools gets a web search, for models that can.
    :param store: whether the upstream is to keep the answers; ``None`` leaves it to the caller.
    :param cache_key: whether a prompt cache key is made from what names the conversation, where the
        caller gives none.
    :param unsupported: what is done about settings that the model is known to refuse.
    """

    aliases: tuple[Alias, ...] = ()
    suffixes: bool = False
    effort: str | None = None
    summary: str | None = None
    verbosity: str | None = None
    tier: str | None = None
    web_search: bool = False
    store: bool | None = None
    cache_key: bool = True
    unsupported: Unsupported = Unsupported.DROP


@frozen
class Models:
    """The list of models that a port shows.

    :param keep: those of the upstream's that are shown.
    :param file: the file that ``listed`` was read from, if it was.
    :param listed: a list of our own in place of the upstream's, in OpenAI's shape (objects with an
        ``id``); ``None`` asks the upstream.
    :param ttl: seconds for which an upstream's list is good without asking again; 0 asks always.
    :param patience: seconds that a caller waits for the upstream's list where an older one, or a
        name of our own, can be shown instead.
    """

    keep: Keep = Keep.ALL
    file: str | None = None
    listed: tuple[JsonObject, ...] | None = field(default=None, repr=False)
    ttl: float = 300.0
    patience: float = 2.0


@frozen
class Bridging:
    """Everything about it.

    :param amendments: of requests that are translated, also within one dialect.
    :param models: ``None`` relays the list as it is.
    :param reasoning: where Chat callers are shown reasoning: ``reasoning_content``, ``reasoning``,
        ``both``, ``think`` (in tags within the content), ``content`` (in words of its own before
        the answer), or ``off``.
    :param refuse_losses: whether a request that can't be said whole is refused (400, the field
        named) rather than sent without and reported.
    """

    mode: Mode = Mode.RELAY
    amendments: Amendments = Amendments()
    models: Models | None = None
    reasoning: str = "reasoning_content"
    refuse_losses: bool = False
