"""What a request asks for, in one word out of a fixed number, whatever its path says.

A path is the caller's to choose, and holds ids of responses and files; a label of a metric must be neither. So the
first segments that are known give the word, and all else is ``other``.
"""

from collections.abc import Mapping
from functools import lru_cache

__all__ = ["CREATES", "OTHER", "OURS", "ROUTES", "route_of"]

OTHER = "other"

_DEEPER: Mapping[tuple[str, str], str] = {
    ("chat", "completions"): "chat_completions",
    ("messages", "count_tokens"): "count_tokens",
    ("responses", "input_tokens"): "input_tokens",
    ("responses", "compact"): "compact",
    ("audio", "transcriptions"): "transcriptions",
    ("audio", "translations"): "translations",
    ("audio", "speech"): "speech",
    ("fine_tuning", "jobs"): "fine_tuning",
}
_FIRST = frozenset(
    (
        "assistants",
        "batches",
        "completions",
        "containers",
        "conversations",
        "embeddings",
        "evals",
        "files",
        "images",
        "messages",
        "models",
        "moderations",
        "realtime",
        "responses",
        "threads",
        "uploads",
        "vector_stores",
        "videos",
    )
)
#: Pages that a port answers by itself.
OURS = frozenset(("health", "metrics", "page", "ready", "status"))
#: Calls that make a model write, with their names in OpenTelemetry's conventions (``gen_ai.operation.name``).
CREATES: Mapping[str, str] = {
    "chat_completions": "chat",
    "completions": "text_completion",
    "embeddings": "embeddings",
    "messages": "chat",
    "responses": "chat",
}
#: Every word there is.
ROUTES = frozenset((*_FIRST, *_DEEPER.values(), *OURS, OTHER))


@lru_cache(maxsize=256)
def route_of(path: str) -> str:
    """The word for a path.

    :param path: as the upstream is asked for it, with ``/v1`` or without; a query may follow.
    """
    segments = path.partition("?")[0].removeprefix("/v1").split("/", 3)
    first = segments[1] if len(segments) > 1 else ""
    if len(segments) > 2 and (found := _DEEPER.get((first, segments[2]))) is not None:
        return found
    return first if first in _FIRST else OTHER
