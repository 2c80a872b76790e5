"""Reading JSON values of which nobody promised the type: the value if it is what it should be, else
``None``. It knows no field of any wire object."""

from collections.abc import Iterable
from typing import Any

from openaiproxy.hub.parts import JsonObject

__all__ = ["objects", "said", "string", "thing", "whole"]


def string(value: Any) -> str | None:
    """Text."""
    return value if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """A whole number; a float is cut, a truth value is none."""
    if value.__class__ is int:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return int(value)


def thing(value: Any) -> JsonObject:
    """An object; an empty one for everything else."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[JsonObject]:
    """The objects of a list; none for everything else."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def said(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs whose value says something."""
    return {name: value for name, value in pairs if value is not None}
