"""Lists of models, as upstreams give them."""

import json
from typing import Any

from openaiproxy.bridging import Alias, Amendments, Bridging, Keep, Models
from openaiproxy.catalog.listing import Listing, build_listing

__all__ = ["ANTHROPIC", "CODEX", "OPENAI", "listing", "names", "thinks"]

OPENAI = json.dumps(
    {
        "object": "list",
        "more": {"b": 1, "a": 2},
        "data": [
            {"id": "gpt-4.1", "object": "model", "created": 1744316542, "owned_by": "system"},
            {"id": "gpt-5-codex", "object": "model", "created": 1757527818, "owned_by": "system"},
            {
                "id": "GPT-Codex-Mini",
                "created": 7,
                "object": "model",
                "owned_by": "x",
                "extra": [1],
            },
        ],
        "first": None,
    },
    indent=2,
).encode()

ANTHROPIC = json.dumps(
    {
        "data": [
            {
                "type": "model",
                "id": "claude-opus-4-8",
                "display_name": "Claude Opus 4.8",
                "created_at": "2026-02-04T00:00:00Z",
                "max_tokens": 128000,
            },
            {
                "type": "model",
                "id": "claude-haiku-4-5",
                "display_name": "Claude Haiku 4.5",
                "created_at": "2025-10-15T00:00:00Z",
            },
        ],
        "has_more": False,
        "first_id": "claude-opus-4-8",
        "last_id": "claude-haiku-4-5",
    }
).encode()

CODEX = json.dumps(
    {
        "models": [
            {
                "slug": "gpt-5.4",
                "display_name": "GPT-5.4",
                "visibility": "list",
                "supported_in_api": True,
                "base_instructions": "Be brief.",
            },
            {
                "slug": "gpt-5-codex",
                "display_name": "Codex",
                "visibility": "list",
                "base_instructions": "Be good.",
            },
            {"slug": "hidden", "visibility": "hide"},
            {"slug": "elsewhere", "visibility": "list", "supported_in_api": False},
            {"slug": " ", "visibility": "list"},
        ],
        "etag": "x",
    }
).encode()


def thinks(name: str) -> bool:
    """Whether a model is told how much to think, in these tests."""
    return name.startswith("gpt-5")


def listing(
    body: bytes | None,
    *,
    keep: Keep = Keep.ALL,
    aliases: tuple[Alias, ...] = (),
    suffixes: bool = False,
    listed: tuple[dict[str, Any], ...] | None = None,
) -> Listing:
    """The list of a port."""
    bridging = Bridging(
        amendments=Amendments(aliases=aliases, suffixes=suffixes),
        models=Models(keep=keep, listed=listed),
    )
    found = build_listing(body, bridging, thinks)
    assert found is not None
    return found


def names(found: Listing) -> list[Any]:
    """The names in it."""
    return [entry.get("id", entry.get("slug")) for entry in found.entries]
