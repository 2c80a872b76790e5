"""Parsers of single values: what a flag, a variable or a TOML key holds, to what a profile holds.

Each takes the raw value (text from a flag or a variable, a native value from TOML, a list from a
flag that is repeated) and either returns the value or raises :class:`ValueError` with what was
expected. They never repeat what they were given: the caller knows whether that may be shown.

``none`` is how a limit is lifted or an optional value taken back. Where ``none`` could be taken for
a value, or isn't what taking back means, another word stands for it.
"""

import re
from collections.abc import Callable
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address
from math import isfinite
from pathlib import Path

from openaiproxy.profile import WIRE

__all__ = [
    "KEY_REFUSED",
    "NAME",
    "Parser",
    "address",
    "choice",
    "distinct",
    "endpoint",
    "file_path",
    "header_names",
    "header_value",
    "host_name",
    "level",
    "listed",
    "listens",
    "member",
    "name",
    "or_none",
    "origin",
    "refused",
    "seconds",
    "size",
    "unordered",
    "whole",
    "wire",
    "yes_no",
]

Parser = Callable[[object], object]

NAME = re.compile(r"[A-Za-z0-9_-]+")

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?i?b?)", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_TOKEN = re.compile(r"[a-z0-9!#$%&'*+.^_`|~-]+")
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9_])?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^/?#@\s]+")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


def header_value(raw: object) -> str:
    """Text that can stand in a request header: visible ASCII without spaces."""
    if isinstance(raw, str) and _VISIBLE.fullmatch(raw.strip()):
        return raw.strip()
    raise ValueError("expected visible ASCII characters without spaces")


def name(raw: object) -> str:
    """A profile's name."""
    if isinstance(raw, str) and NAME.fullmatch(raw.strip()):
        return raw.strip()
    raise ValueError("expected a profile's name, of letters, digits, - and _")


def choice(*words: str) -> Parser:
    """A parser of one of some words."""

    def parse(raw: object) -> str:
        if isinstance(raw, str) and raw.strip().lower() in words:
            return raw.strip().lower()
        raise ValueError(f"expected {' or '.join(words)}")

    return parse


def wire(raw: object) -> str:
    """``ours`` or ``twisted``; the former needs a parser that may not be installed."""
    said = choice("ours", "twisted")(raw)
    if said == "ours" and WIRE != "ours":
        raise ValueError("needs the package httptools, which is not installed")
    return str(said)


_LEVEL = choice("debug", "info", "warn", "warning", "error")


def level(raw: object) -> str:
    """How much a log is told; ``warning`` is another word for ``warn``."""
    return str(_LEVEL(raw)).removesuffix("ing")


def member(of: type[Enum]) -> Parser:
    """A parser of one member of an enumeration whose values are words."""
    word = choice(*(str(each.value) for each in of))
    return lambda raw: of(word(raw))


def yes_no(raw: object) -> bool:
    """A decision: TOML's booleans, or the words that people write for them."""
    match raw.strip().lower() if isinstance(raw, str) else raw:
        case True | "yes" | "true" | "on" | "1":
            return True
        case False | "no" | "false" | "off" | "0":
            return False
    raise ValueError("expected yes or no")


def whole(low: int, high: int | None = None) -> Parser:
    """A parser of whole numbers between two bounds, both included."""
    span = f"from {low} to {high}" if high is not None else f"of {low} or more"

    def parse(raw: object) -> int:
        value = _integer(raw)
        if value is None or value < low or (high is not None and value > high):
            raise ValueError(f"expected a whole number {span}")
        return value

    return parse


def _integer(raw: object) -> int | None:
    match raw:
        case bool():
            return None
        case int():
            return raw
        case str() if re.fullmatch(r"\d{1,18}", raw.strip(), re.ASCII):
            return int(raw)
    return None


def seconds(low: float = 0.001) -> Parser:
    """A parser of a time in seconds of at least ``low``; an ``s`` may follow."""
    span = "of 0 or more" if low == 0 else "above 0"

    def parse(raw: object) -> float:
        value = _number(raw)
        if value is None or not isfinite(value) or value < low:
            raise ValueError(f"expected a number of seconds {span}")
        return value

    return parse


def _number(raw: object) -> float | None:
    match raw:
        case bool():
            return None
        case int() | float():
            return float(raw)
        case str() if re.fullmatch(
            r"\d{1,12}(\.\d{1,9})?", raw.strip().removesuffix("s"), re.ASCII
        ):
            return float(raw.strip().removesuffix("s"))
    return None


def size(raw: object) -> int:
    """A number of bytes above 0: ``1073741824``, ``64MB`` (of 1000), ``1GiB`` (of 1024)."""
    found = _SIZE.fullmatch(str(raw).strip()) if isinstance(raw, int | str) else None
    if found is None or isinstance(raw, bool):
        raise ValueError("expected a size in bytes, such as 1GiB, 64MB or 1073741824")
    number, unit = found[1], found[2].lower()
    step = 1024 if "i" in unit else 1000
    count = int(float(number) * step ** _POWERS[unit.rstrip("b").rstrip("i")])
    if count < 1:
        raise ValueError("expected a size above 0 bytes (none lifts the limit)")
    return count


def endpoint(raw: object) -> str:
    """The description of an endpoint, which Twisted reads."""
    if isinstance(raw, str) and ":" in raw and raw.isprintable():
        return raw.strip()
    raise ValueError("expected an endpoint, such as tcp:9464:interface=127.0.0.1")


def file_path(raw: object) -> Path:
    """A file; a relative one is relative to whatever the caller knows it to be."""
    if isinstance(raw, str) and (line := raw.strip()) and line.isprintable():
        return Path(line)
    raise ValueError("expected a file's path")


def or_none(parser: Parser, word: str = "none") -> Parser:
    """The same parser, which also knows a word for ``None``."""

    def parse(raw: object) -> object:
        if isinstance(raw, str) and raw.strip().lower() == word:
            return None
        try:
            return parser(raw)
        except ValueError as error:
            raise ValueError(f"{error}, or {word}") from None

    return parse


def listed(item: Parser) -> Callable[[object], tuple[object, ...]]:
    """A parser of several values, in a list or in one text with commas or spaces between them."""

    def parse(raw: object) -> tuple[object, ...]:
        words = raw if isinstance(raw, list) else [raw]
        return tuple(item(part) for word in words for part in _parts(word))

    return parse


def _parts(raw: object) -> list[str]:
    if isinstance(raw, str):
        return raw.replace(",", " ").split()
    raise ValueError("expected text, or a list of texts")


def unordered(item: Parser) -> Parser:
    """A parser of several values whose order says nothing."""
    parser = listed(item)
    return lambda raw: frozenset(parser(raw))


def distinct(item: Parser) -> Parser:
    """A parser of several values in an order that counts: at least one, and none twice."""

    def parse(raw: object) -> tuple[object, ...]:
        values = listed(item)(raw)
        if not values:
            raise ValueError("expected at least one")
        if len(set(values)) < len(values):
            raise ValueError("expected none of them twice")
        return values

    return parse


def header_names(raw: object) -> tuple[object, ...]:
    """Headers' names in lower case, at least one."""
    names = listed(_header_name)(raw)
    if not names:
        raise ValueError("expected at least one header name, such as x-api-key")
    return names


def _header_name(raw: object) -> str:
    if isinstance(raw, str) and _TOKEN.fullmatch(raw.lower()):
        return raw.lower()
    raise ValueError("expected header names, such as x-api-key")


def host_name(raw: object) -> str:
    """A host's name or address in lower case, without port or brackets."""
    host = str(raw).lower().removeprefix("[").removesuffix("]").removesuffix(".")
    if _HOST.fullmatch(host) or address(host):
        return host
    raise ValueError("expected host names without scheme or port, such as proxy.example.com")


def address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is written as, or ``None`` for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def origin(raw: object) -> str:
    """A web page's origin in lower case, or ``*`` for any."""
    value = str(raw).lower().removesuffix("/")
    if value == "*" or _ORIGIN.fullmatch(value):
        return value
    raise ValueError("expected origins, such as https://app.example.com, or *")


def listens(raw: object) -> tuple[tuple[str, str], ...]:
    """Pairs of a profile's name and an endpoint; ``;`` or a line end stands between them."""
    lines = (
        raw if isinstance(raw, list) else re.split(r"[;\n]", raw) if isinstance(raw, str) else [raw]
    )
    pairs = [_listen(line) for line in lines if not isinstance(line, str) or line.strip()]
    if not pairs:
        raise ValueError("expected PROFILE=ENDPOINT")
    return tuple(pairs)


def _listen(raw: object) -> tuple[str, str]:
    profile, equals, endpoint = raw.partition("=") if isinstance(raw, str) else ("", "", "")
    if not equals or not NAME.fullmatch(profile.strip()) or not endpoint.strip():
        raise ValueError("expected PROFILE=ENDPOINT, such as keyed=tcp:18443:interface=127.0.0.1")
    return profile.strip(), endpoint.strip()


KEY_REFUSED = (
    "a key isn't taken from here, where others can read it:"
    " put it in the environment, or in a file named by api-key-file, client-keys-file or admin-token-file"
)


def refused(raw: object) -> object:
    """What a key on the command line is told."""
    raise ValueError(KEY_REFUSED)
