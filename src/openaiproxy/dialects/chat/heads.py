"""What an answer says of itself, and what its caller said that bears on how it is written."""

from typing import Any

from openaiproxy.dialects.chat.fields import NAME, REPLY
from openaiproxy.dialects.chat.pieces import count, word
from openaiproxy.dialects.dialect import Context
from openaiproxy.hub.events import Begin
from openaiproxy.hub.parts import Extra, JsonObject
from openaiproxy.hub.request import FunctionTool

__all__ = ["begin_of", "head", "legacy_names"]


def begin_of(found: JsonObject, extra: Extra | None) -> Begin:
    """What an answer says of itself at its beginning.

    :param extra: what else it says.
    """
    if _elsewhere(word(found.get("id"))):
        extra = Extra(NAME, {**(extra.fields if extra else {}), "id": found["id"]}, REPLY.hints)
    return Begin(
        word(found.get("id")),
        word(found.get("model")),
        count(found.get("created")),
        word(found.get("service_tier")) or None,
        extra=extra,
    )


def legacy_names(context: Context) -> frozenset[str]:
    """Functions that the caller told of in the words of before tools, and wants called so."""
    tools = context.request.tools
    return frozenset(t.name for t in tools if isinstance(t, FunctionTool) and t.legacy)


def _elsewhere(name: str) -> bool:
    """Whether an id is one like ``resp_1``, as other worlds make them."""
    prefix, underscore, _ = name.partition("_")
    return bool(underscore) and prefix.isalpha() and prefix.islower()


def head(begin: Begin, context: Context, kind: str) -> dict[str, Any]:
    """The fields that name an answer. An id of another world is kept if it was read here."""
    own = begin.extra is not None and begin.extra.dialect == NAME and "id" in begin.extra.fields
    kept = begin.id and (own or not _elsewhere(begin.id))
    return {
        "id": begin.id if kept else context.new_id("chatcmpl-"),
        "object": kind,
        "created": int(context.now()) if begin.created is None else begin.created,
        "model": begin.model or context.request.model,
    }
