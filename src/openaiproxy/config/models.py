"""A list of models of the operator's own, in JSON.

OpenAI's list (``{"object": "list", "data": [...]}``) or its ``data`` alone; each model is an object
with an ``id``, or just that. What an entry leaves out is filled in, what it has is kept.
"""

import json
from collections.abc import Iterable

from openaiproxy.errors import BadRequest
from openaiproxy.hub.parts import JsonObject
from openaiproxy.wire.json import loads

__all__ = ["parse_models"]

_LIST = "expected a list of models, or an object with such a list in data"


def parse_models(text: str) -> tuple[tuple[JsonObject, ...], tuple[str, ...]]:
    """The models, and every mistake with the entry's number (from 1); none is left with one.

    :returns: models in OpenAI's shape, and mistakes.
    """
    try:
        value = loads(text.encode("utf-8", "surrogatepass"), BadRequest)
    except BadRequest:
        return (), (f"isn't JSON{_place(text)}",)
    entries = value.get("data") if isinstance(value, dict) else value
    if not isinstance(entries, list):
        return (), (_LIST,)
    if not entries:
        return (), ("expected at least one model",)
    return _models(entries)


def _place(text: str) -> str:
    """Where it stops to be JSON, in words that repeat nothing of it."""
    try:
        json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        return f" ({error.msg.lower()} at line {error.lineno}, column {error.colno})"
    except (RecursionError, ValueError):
        pass
    return ""


def _models(entries: Iterable[object]) -> tuple[tuple[JsonObject, ...], tuple[str, ...]]:
    models: list[JsonObject] = []
    mistakes = []
    seen: dict[str, int] = {}
    for number, entry in enumerate(entries, 1):
        model = {"id": entry} if isinstance(entry, str) else entry
        name = model.get("id") if isinstance(model, dict) else None
        if not isinstance(model, dict) or not isinstance(name, str) or not _sound(name):
            mistakes.append(f"entry {number}: expected a model's id, or an object with an id")
        elif seen.setdefault(name, number) != number:
            mistakes.append(f"entry {number}: has the same id as entry {seen[name]}")
        else:
            models.append({"object": "model", "created": 0, "owned_by": "openaiproxy", **model})
    return (() if mistakes else tuple(models)), tuple(mistakes)


def _sound(name: str) -> bool:
    return name.strip() == name != "" and name.isprintable()
