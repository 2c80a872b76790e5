"""The rows of the settings' table that say how a port meets callers who speak differently.

They end up in a profile's :class:`~openaiproxy.bridging.Bridging`, but for the dialects that the
upstream speaks.
"""

from openaiproxy.bridging import Keep, Mode, Unsupported
from openaiproxy.config.aliases import EFFORTS, SUMMARIES, parse_aliases
from openaiproxy.config.setting import Setting
from openaiproxy.config.values import (
    choice,
    distinct,
    file_path,
    member,
    or_none,
    seconds,
    yes_no,
)

__all__ = [
    "FAST",
    "KEEP_MODELS",
    "MODE",
    "MODELS",
    "MODELS_FILE",
    "SPEAKS",
    "TRANSLATING",
    "WEB_SEARCH",
]

# "none" is an effort of its own, and a word that could be taken for one elsewhere.
CALLER = "caller"

SPEAKS = Setting(
    "speaks",
    distinct(choice("responses", "chat", "messages")),
    "upstream.speaks",
    "Dialect that the upstream speaks, best first: responses, chat, messages. Repeatable.",
    repeatable=True,
)
MODE = Setting(
    "mode",
    member(Mode),
    "bridging.mode",
    "What is translated: relay (nothing), bridge (other dialects), auto (what must be).",
)
WEB_SEARCH = Setting(
    "web-search",
    yes_no,
    "bridging.amendments.web_search",
    "Whether a request without tools gets a web search: yes or no.",
)

FAST = Setting(
    "fast",
    yes_no,
    "",
    "Little thought, few words and the tier priority, where nothing else is said.",
    environment=("CODEX_PROXY_FAST",),
    switch=True,
)
"""It has no place of its own: it says what three other settings are unless they are said."""

TRANSLATING = (
    MODE,
    Setting(
        "aliases",
        parse_aliases,
        "bridging.amendments.aliases",
        "NAME=MODEL[:res-EFFORT][:sum-SUMMARY]: another name for a model. Repeatable.",
        repeatable=True,
    ),
    Setting(
        "reasoning-suffixes",
        yes_no,
        "bridging.amendments.suffixes",
        "Whether MODEL:res-EFFORT:sum-SUMMARY is understood and listed: yes or no.",
    ),
    Setting(
        "default-effort",
        or_none(choice(*EFFORTS), CALLER),
        "bridging.amendments.effort",
        "Reasoning effort where the caller names none, or caller for no default.",
        environment=("CODEX_PROXY_REASONING_EFFORT",),
        absent=CALLER,
        also=("reasoning-effort",),
    ),
    Setting(
        "default-summary",
        or_none(choice(*SUMMARIES), CALLER),
        "bridging.amendments.summary",
        "Reasoning summary where the caller names none, or caller for no default.",
        absent=CALLER,
    ),
    Setting(
        "default-verbosity",
        or_none(choice("low", "medium", "high"), CALLER),
        "bridging.amendments.verbosity",
        "Verbosity where the caller names none, or caller for no default.",
        environment=("CODEX_PROXY_VERBOSITY",),
        absent=CALLER,
        also=("verbosity",),
    ),
    Setting(
        "default-tier",
        or_none(choice("auto", "default", "flex", "scale", "priority", "fast"), CALLER),
        "bridging.amendments.tier",
        "Service tier where the caller names none, or caller for no default.",
        environment=("CODEX_PROXY_SERVICE_TIER",),
        absent=CALLER,
        also=("service-tier",),
    ),
    WEB_SEARCH,
    Setting(
        "store",
        or_none(yes_no, CALLER),
        "bridging.amendments.store",
        "Whether the upstream keeps answers: yes, no, or caller to leave it open.",
        absent=CALLER,
    ),
    Setting(
        "cache-key",
        yes_no,
        "bridging.amendments.cache_key",
        "Whether a conversation gets a prompt cache key: yes or no.",
    ),
    Setting(
        "unsupported",
        member(Unsupported),
        "bridging.amendments.unsupported",
        "What is done about settings that a model refuses: drop, reject or pass.",
    ),
    Setting(
        "reasoning-shown",
        choice("reasoning_content", "reasoning", "both", "think", "content", "off"),
        "bridging.reasoning",
        "Where Chat callers see reasoning: reasoning_content, reasoning, both, think, content, off.",
    ),
    Setting(
        "refuse-losses",
        yes_no,
        "bridging.refuse_losses",
        "Whether a request that can't be said whole is refused: yes or no.",
    ),
)
"""What only means something where requests are translated."""

KEEP_MODELS = Setting(
    "keep-models",
    or_none(member(Keep), "relay"),
    "bridging.models.keep",
    "Models listed: all, codex, plain (no codex), or relay for the upstream's own list.",
    absent="relay",
)
MODELS_FILE = Setting(
    "models-file",
    or_none(file_path),
    "bridging.models.file",
    "JSON file of the models to list in place of the upstream's, or none.",
)

MODELS = (
    KEEP_MODELS,
    MODELS_FILE,
    Setting(
        "models-ttl",
        seconds(0),
        "bridging.models.ttl",
        "Seconds for which the upstream's list is good; 0 asks always.",
        environment=("CODEX_PROXY_MODELS_CACHE_TTL",),
        also=("models-cache-ttl",),
    ),
    Setting(
        "models-patience",
        seconds(0),
        "bridging.models.patience",
        "Seconds to wait for the upstream's list where an older one can be shown.",
    ),
)
"""What only means something where the list of models isn't relayed, but for the first, which says
so."""
