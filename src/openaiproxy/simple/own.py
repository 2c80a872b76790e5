"""What a request to a simplified endpoint says to the proxy itself, apart from what it says to the upstream.

::

    {"security_key": "...", "timeout": 60000, "model": "gpt-5", "input": "Hi"}
     for the proxy                            for the upstream

The same words stand in a body, a query or a form. They are taken off here, before anything else is read, so that
nothing that goes upstream or into a log can hold one of them.
"""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl

from attrs import field, frozen

from openaiproxy.errors import BadRequest

__all__ = ["OWN", "Own", "merge", "read_own", "split_body", "split_query"]

OWN = frozenset(
    (
        "security_key",
        "openai_api_key",
        "anthropic_api_key",
        "project",
        "organization",
        "timeout",
    )
)
"""The names that never go upstream."""

_SENT = ("openai_api_key", "anthropic_api_key", "project", "organization")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


@frozen
class Own:
    """The proxy's part of a request; ``None`` is unsaid.

    :param timeout: as it was given, of any type.
    """

    security_key: str | None = field(default=None, repr=False)
    openai_api_key: str | None = field(default=None, repr=False)
    anthropic_api_key: str | None = field(default=None, repr=False)
    project: str | None = None
    organization: str | None = None
    timeout: object = None


def read_own(said: dict[str, Any]) -> Own:
    """The proxy's part of what was said.

    A security key of another type than text is one that fits nobody. Empty text counts as unsaid.

    :raises BadRequest: 400, for a key or name that can't stand in a header.
    """
    shown = said.get("security_key")
    return Own(
        security_key=shown if isinstance(shown, str) and shown else None,
        timeout=said.get("timeout"),
        **{name: _sendable(name, said.get(name)) for name in _SENT},
    )


def _sendable(name: str, value: object) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, str) and _VISIBLE.fullmatch(value):
        return value
    raise BadRequest(400, "bad_request", f"{name} must be text of visible ASCII characters")


def split_body(body: dict[str, Any]) -> tuple[Own, dict[str, Any]]:
    """The proxy's part of a body, and the rest.

    :raises BadRequest: as :func:`read_own`.
    """
    return read_own(body), {name: value for name, value in body.items() if name not in OWN}


def split_query(query: str) -> tuple[Own, list[tuple[str, str]]]:
    """The proxy's part of a query, and the rest in its order.

    :param query: as sent, without its question mark.
    :raises BadRequest: as :func:`read_own`.
    """
    pairs = parse_qsl(query, keep_blank_values=True)
    return read_own(dict(reversed(pairs))), [pair for pair in pairs if pair[0] not in OWN]


def merge(parts: Iterable[Own]) -> Own:
    """What several places say together; an earlier one goes first."""
    said: dict[str, Any] = {}
    for part in parts:
        for name in OWN:
            if said.get(name) is None:
                said[name] = getattr(part, name)
    return Own(**said)
