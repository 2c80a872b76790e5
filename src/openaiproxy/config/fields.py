"""Values on their way into and out of nested records, by dotted path (``limits.body``).

The settings table says where each value ends up; this is what lets it say so in data. A setting
that was said wrongly leaves the record as it is, and its mistake in the ledger.
"""

from pathlib import Path
from typing import Any

from attrs import evolve

from openaiproxy.config.setting import Setting
from openaiproxy.config.sources import Given, Reading, expand
from openaiproxy.config.values import Parser

__all__ = ["get", "lay", "put", "value_of"]

_SHOWN_CHARACTERS = 60


def get(record: Any, path: str) -> Any:
    """What stands at a dotted path; ``None`` if a record on the way to it is."""
    for part in path.split("."):
        if record is None:
            return None
        record = getattr(record, part)
    return record


def put(record: Any, path: str, value: object) -> Any:
    """The record with a value at a dotted path."""
    head, _, rest = path.partition(".")
    inner = put(getattr(record, head), rest, value) if rest else value
    return evolve(record, **{head: inner})


def lay(record: Any, setting: Setting, given: Given | None, reading: Reading) -> Any:
    """The record with a setting laid over it, if it was given and makes sense."""
    if given is None:
        return record
    value = value_of(setting, given, reading, get(record, setting.field))
    return put(record, setting.field, value)


def value_of(setting: Setting, given: Given, reading: Reading, default: object) -> Any:
    """A raw value's meaning, or ``default`` beside a mistake. Paths come back absolute, as text."""
    if setting.customary is not None and given.variable in setting.environment:
        return _customary(setting.customary, given, reading, default)
    try:
        value = setting.parse(given.raw)
    except ValueError as error:
        shown = _shown(given.raw) if setting.shown else ""
        reading.ledger.mistake(given.where, f"{error}{shown}")
        return default
    if isinstance(value, Path):
        return str(expand(value, given.base, reading.outside.environ))
    return value


def _customary(parse: Parser, given: Given, reading: Reading, default: object) -> object:
    """What a customary variable says; one that can't be read never kept anything from starting."""
    try:
        return parse(given.raw)
    except ValueError as error:
        reading.ledger.warn(given.where, f"{error}; left aside")
        return default


def _shown(raw: object) -> str:
    """What was given instead, unless that is a table that strayed here, or a key."""
    shown = repr(raw)
    if isinstance(raw, dict | list) or "sk-" in shown:
        return ""
    clipped = shown if len(shown) <= _SHOWN_CHARACTERS else f"{shown[:_SHOWN_CHARACTERS]}..."
    return f", not {clipped}"
