"""Tools on the provider's side: what was called, and what came of it.

The whole block is kept for Messages itself. Of a foreign call, only a web search has a shape here.
"""

from openaiproxy.dialects.messages.fields import NAME
from openaiproxy.hub.loss import Losses
from openaiproxy.hub.parts import (
    Extra,
    Hosted,
    HostedKind,
    HostedResult,
    Json,
    JsonObject,
    Opaque,
    Part,
    Seal,
    WebHit,
)
from openaiproxy.wire import json

__all__ = ["kind_of", "parse_hosted", "parse_hosted_result", "render_foreign_search"]

_KINDS = (
    ("web_search", HostedKind.WEB_SEARCH),
    ("web_fetch", HostedKind.WEB_FETCH),
    ("code_execution", HostedKind.CODE),
    ("bash_code_execution", HostedKind.CODE),
    ("text_editor_code_execution", HostedKind.CODE),
    ("tool_search_tool", HostedKind.TOOL_SEARCH),
    ("mcp", HostedKind.MCP),
    ("computer", HostedKind.COMPUTER),
    ("bash", HostedKind.SHELL),
    ("text_editor", HostedKind.EDITOR),
)
"""Head of a word to the kind; the first that fits."""


def kind_of(word: str) -> HostedKind:
    """The kind that a name, or a type with a date behind it, stands for."""
    for head, kind in _KINDS:
        if word.startswith(head):
            return kind
    return HostedKind.OTHER


def parse_hosted(found: JsonObject) -> Part:
    """``server_tool_use`` and ``mcp_tool_use``."""
    name, call_id, given = found.get("name"), found.get("id"), found.get("input")
    if not isinstance(name, str):
        return Opaque(NAME, str(found.get("type")), found)
    query = given.get("query") if isinstance(given, dict) else None
    return Hosted(
        HostedKind.MCP if found.get("type") == "mcp_tool_use" else kind_of(name),
        name,
        Extra(NAME, found),
        call_id if isinstance(call_id, str) else None,
        json.text(given if given is not None else {}),
        (query,) if isinstance(query, str) else (),
    )


def parse_hosted_result(found: JsonObject) -> Part:
    """Any block whose type ends in ``_tool_result`` but ``tool_result`` itself."""
    content = found.get("content")
    items = content if isinstance(content, list) else []
    hits = tuple(_hit(item) for item in items if _is_hit(item))
    error = content.get("error_code") if isinstance(content, dict) else None
    return HostedResult(
        kind_of(str(found.get("type"))),
        str(found.get("tool_use_id")),
        Extra(NAME, found),
        hits,
        _text(content),
        error if isinstance(error, str) else None,
    )


def _is_hit(item: Json) -> bool:
    return isinstance(item, dict) and isinstance(item.get("url"), str)


def _hit(item: JsonObject) -> WebHit:
    title, age, sealed = (item.get(name) for name in ("title", "page_age", "encrypted_content"))
    return WebHit(
        item["url"],
        title if isinstance(title, str) else None,
        age if isinstance(age, str) else None,
        Seal.read(sealed, NAME) if isinstance(sealed, str) and sealed else None,
    )


def _text(content: Json) -> str | None:
    """The words of a result: what a program printed, or the texts of blocks."""
    if isinstance(content, dict):
        printed = content.get("stdout")
        return printed if isinstance(printed, str) else None
    blocks = content if isinstance(content, list) else []
    texts = [item.get("text") for item in blocks if isinstance(item, dict)]
    words = [text for text in texts if isinstance(text, str)]
    return "\n".join(words) if words else None


def render_foreign_search(part: Hosted, losses: Losses, call_id: str) -> list[JsonObject]:
    """A foreign web search as the two blocks that the wire has for it; other kinds are lost.

    :param call_id: made for it.
    """
    if part.kind is not HostedKind.WEB_SEARCH:
        losses.note(f"hosted.{part.kind.value}", "no word for a foreign tool's call")
        return []
    call: JsonObject = {
        "type": "server_tool_use",
        "id": call_id,
        "name": "web_search",
        "input": {"query": "\n".join(part.queries)},
    }
    found = [_render_hit(hit) for hit in part.hits]
    return [call, {"type": "web_search_tool_result", "tool_use_id": call_id, "content": found}]


def _render_hit(hit: WebHit) -> JsonObject:
    return {
        "type": "web_search_result",
        "url": hit.url,
        "title": hit.title or "",
        "page_age": hit.age,
        "encrypted_content": hit.seal.packed() if hit.seal is not None else "",
    }
