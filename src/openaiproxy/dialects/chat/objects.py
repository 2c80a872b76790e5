"""Wire objects within wire objects, as extras."""

from collections.abc import Iterable

from openaiproxy.dialects.chat.fields import NAME
from openaiproxy.dialects.table import Table
from openaiproxy.hub.parts import Extra, JsonObject

__all__ = ["merge", "rest"]


def rest(
    table: Table, found: JsonObject, inner: Table | None = None, keys: Iterable[str] = ()
) -> Extra | None:
    """What a table has no word for, in an object and in the objects within it.

    :param inner: the table of those within.
    :param keys: under which they stand.
    """
    outer = table.rest(found)
    fields = dict(outer.fields) if outer else {}
    hints = table.hints
    for key in keys:
        value = found.get(key)
        more = (inner or table).rest(value) if isinstance(value, dict) else None
        if more:
            fields[key] = more.fields
            if more.fields.keys() <= more.hints:
                hints |= {key}
    return Extra(NAME, fields, hints) if fields else None


def merge(under: JsonObject, over: JsonObject) -> JsonObject:
    """Two objects as one. What both have is an object within, and is merged too.

    :param under: as :func:`rest` gave it.
    :param over: what has the last word.
    """
    both = {**under, **over}
    for key in under.keys() & over.keys():
        both[key] = {**under[key], **over[key]}
    return both
