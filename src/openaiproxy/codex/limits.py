"""How much of an account's limits is used: what the backend says in header fields, and within a stream.

Two windows, usually of five hours and of a week::

    x-codex-primary-used-percent: 12.5          {"type": "codex.rate_limits", "rate_limits": {
    x-codex-primary-window-minutes: 300           "primary": {"used_percent": 12.5, "window_minutes": 300,
    x-codex-primary-reset-after-seconds: 60                   "reset_after_seconds": 60}, "secondary": null}}

The event is Codex's own. It passes to whoever speaks Responses; other dialects have no word for it,
and a translation leaves it out as it does every event without substance.
"""

import math
from collections.abc import Iterable
from typing import Any

from attrs import frozen

from openaiproxy.hub.parts import JsonObject
from openaiproxy.wire.headers import Field

__all__ = ["Limits", "Window", "event_limits", "header_limits", "number"]

EVENT = "codex.rate_limits"
_PREFIX = "x-codex-"


@frozen
class Window:
    """One window of time.

    :param used: percent of what may be used within it.
    :param minutes: its length.
    :param reset_after: seconds until it begins anew, from when it was told.
    """

    used: float
    minutes: float | None = None
    reset_after: float | None = None


@frozen
class Limits:
    """Both windows; ``None`` where nothing was said of one."""

    primary: Window | None = None
    secondary: Window | None = None


def header_limits(fields: Iterable[Field]) -> Limits | None:
    """The limits that an answer's head tells; ``None`` where it tells none.

    :param fields: names in any case.
    """
    found = {name.lower().decode("latin-1"): value.decode("latin-1") for name, value in fields}

    def window(name: str) -> Window | None:
        start = f"{_PREFIX}{name}-"
        return _window(
            found.get(f"{start}used-percent"),
            found.get(f"{start}window-minutes"),
            found.get(f"{start}reset-after-seconds"),
        )

    return _limits(window("primary"), window("secondary"))


def event_limits(event: JsonObject) -> Limits | None:
    """The limits that a stream's event tells; ``None`` where it is another event.

    :param event: the data of one record.
    """
    if event.get("type") != EVENT:
        return None
    told = event.get("rate_limits")
    told = told if isinstance(told, dict) else {}

    def window(name: str) -> Window | None:
        found = told.get(name)
        if not isinstance(found, dict):
            return None
        after = found.get("reset_after_seconds", found.get("resets_in_seconds"))
        return _window(found.get("used_percent"), found.get("window_minutes"), after)

    return _limits(window("primary"), window("secondary"))


def number(value: Any) -> float | None:
    """A finite number, also where it is written as text; else ``None``."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _window(used: Any, minutes: Any, after: Any) -> Window | None:
    percent = number(used)
    return None if percent is None else Window(percent, number(minutes), number(after))


def _limits(primary: Window | None, secondary: Window | None) -> Limits | None:
    return Limits(primary, secondary) if primary or secondary else None
