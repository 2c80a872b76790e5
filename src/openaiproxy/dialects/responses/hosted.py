"""Hosted tools' items: calls that run on the provider's side, and what came of them.

Its own items come back as they were read. Of foreign calls, those of web search and code can be
told; what they found can't.
"""

from typing import Any

from openaiproxy.dialects.responses.fields import NAME
from openaiproxy.dialects.responses.values import objects, string, thing
from openaiproxy.hub.parts import (
    Extra,
    Hosted,
    HostedKind,
    HostedResult,
    JsonObject,
    WebHit,
)
from openaiproxy.wire import json

__all__ = ["CALLS", "RESULTS", "parse_hosted", "parse_hosted_result", "render_hosted"]

CALLS = {
    "web_search_call": HostedKind.WEB_SEARCH,
    "file_search_call": HostedKind.FILE_SEARCH,
    "code_interpreter_call": HostedKind.CODE,
    "image_generation_call": HostedKind.IMAGE,
    "mcp_call": HostedKind.MCP,
    "computer_call": HostedKind.COMPUTER,
    "shell_call": HostedKind.SHELL,
    "local_shell_call": HostedKind.SHELL,
    "apply_patch_call": HostedKind.APPLY_PATCH,
    "tool_search_call": HostedKind.TOOL_SEARCH,
}
RESULTS = {
    "computer_call_output": HostedKind.COMPUTER,
    "shell_call_output": HostedKind.SHELL,
    "local_shell_call_output": HostedKind.SHELL,
    "apply_patch_call_output": HostedKind.APPLY_PATCH,
    "tool_search_output": HostedKind.TOOL_SEARCH,
}


def parse_hosted(item: JsonObject) -> Hosted:
    """A hosted call; what it found is in it too."""
    word = string(item.get("type")) or ""
    action = thing(item.get("action"))
    sources = objects(action.get("sources"))
    return Hosted(
        CALLS[word],
        string(item.get("name")) or word.removesuffix("_call"),
        Extra(NAME, item),
        string(item.get("call_id")),
        _arguments(item, action),
        _queries(item, action),
        tuple(WebHit(url) for one in sources if (url := string(one.get("url")))),
        string(item.get("id")),
        string(item.get("status")),
    )


def _arguments(item: JsonObject, action: JsonObject) -> str:
    diff = thing(item.get("operation")).get("diff")
    for value in (item.get("code"), diff, item.get("arguments")):
        if isinstance(value, str):
            return value
        if isinstance(value, dict):
            return json.text(value)
    for value, between in ((action.get("commands"), "\n"), (action.get("command"), " ")):
        if isinstance(value, list):
            return between.join(word for word in value if isinstance(word, str))
    return ""


def _queries(item: JsonObject, action: JsonObject) -> tuple[str, ...]:
    for value in (action.get("queries"), item.get("queries"), [action.get("query")]):
        found = [one for one in value if isinstance(one, str)] if isinstance(value, list) else []
        if found:
            return tuple(found)
    return ()


def parse_hosted_result(item: JsonObject) -> HostedResult:
    """What came of a hosted call, where it is an item of its own."""
    kind = RESULTS[string(item.get("type")) or ""]
    return HostedResult(kind, string(item.get("call_id")) or "", Extra(NAME, item))


def render_hosted(part: Hosted, id: str) -> dict[str, Any] | None:
    """A foreign hosted call as an item of ours; ``None`` if there is none like it.

    :param id: the item's, if it has none.
    """
    head = {"id": part.id or id, "status": "completed"}
    if part.kind is HostedKind.WEB_SEARCH:
        query = part.queries[0] if part.queries else ""
        sources = [{"type": "url", "url": hit.url} for hit in part.hits]
        action = {"type": "search", "query": query, "sources": sources}
        return {"type": "web_search_call", **head, "action": action}
    if part.kind is HostedKind.CODE:
        code = {"code": part.arguments, "container_id": "", "outputs": None}
        return {"type": "code_interpreter_call", **head, **code}
    return None
