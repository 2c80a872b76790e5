r"""The one place that reads and writes JSON.

orjson does the work. What it cannot do, or does quietly, is handled here, since a proxy must not
change what it does not understand:

* *Whole numbers* beyond 64 bits are exact, both ways. orjson would read them as floats.
* *Lone surrogates* (``"\ud83d"``, half of a pair, as JavaScript clients send them) survive as they
  are.
* *Invalid UTF-8* is read as U+FFFD, as a browser would.
* A *byte order mark* before the text is skipped.
* ``NaN``, ``Infinity`` and numbers too large for a double are refused: other programs could not
  read them.
* *Duplicate keys*: the last one holds. What is sent on is written anew, so that no two readers of
  it can differ.
* *Depth* is at most :data:`DEPTH`, so that what was read can be written.

Errors are ours, and never quote the text.
"""

import json
import math
from typing import Any, TypeAlias

import orjson

from openaiproxy.errors import BadRequest, BadUpstream

__all__ = [
    "DEPTH",
    "Blame",
    "dumps",
    "glance",
    "loads",
    "loads_object",
    "loads_record",
    "loads_words",
    "text",
]

Blame: TypeAlias = type[BadRequest] | type[BadUpstream]

DEPTH = 200
"""Most arrays and objects within each other."""

_DIGITS = bytes(0x30 if byte in b"0123456789" else 0 for byte in range(256))
"""Every digit as ``0``, all else as NUL: a run of digits is found at the speed of a search for text."""
_BIG = b"0" * 19
_STEP = 6
"""Of 19 digits in a row, at least three stand at multiples of it, one after the other."""


def loads(data: bytes, blame: Blame = BadUpstream) -> Any:
    """What a JSON text says, exactly.

    :param data: UTF-8.
    :param blame: whose fault it is if the text cannot be read.
    :raises BadRequest: or BadUpstream, as ``blame`` says.
    """
    if b"000" in data[::_STEP].translate(_DIGITS) and _BIG in data.translate(_DIGITS):
        return _read_slowly(data, blame)
    return loads_record(data, blame)


def loads_record(data: bytes, blame: Blame = BadUpstream) -> Any:
    """The same for one of a stream's many records, without the search for numbers beyond 64 bits.

    The search takes longer than the reading. Of the records of a stream, only those with
    a whole object made by a model can hold such a number; read these by :func:`loads`.

    :param data: UTF-8.
    :param blame: whose fault it is if the text cannot be read.
    :raises BadRequest: or BadUpstream, as ``blame`` says.
    """
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return _read_slowly(data, blame)
    if len(data) > 2 * DEPTH and _too_deep(data, value):
        raise _refuse(blame, "nested too deeply")
    return value


def glance(data: bytes) -> Any:
    """What a text says as far as it can be read, for whoever looks and writes nothing: depth and great numbers are
    as orjson has them.

    :returns: ``None`` where it can't.
    """
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def loads_words(data: bytes) -> str:
    """A string, of which the bytes between its quotes are given; empty if they can't be read at once.

    :param data: as they are spelt in JSON.
    """
    try:
        words: str = orjson.loads(b'"%b"' % data)
    except orjson.JSONDecodeError:
        return ""
    return words


def loads_object(data: bytes, blame: Blame = BadUpstream) -> dict[str, Any]:
    """The same, for a text that must be an object.

    :param data: UTF-8.
    :param blame: as for :func:`loads`.
    :raises BadRequest: or BadUpstream, as ``blame`` says.
    """
    value = loads(data, blame)
    if isinstance(value, dict):
        return value
    raise _refuse(blame, "not a JSON object")


def dumps(value: Any) -> bytes:
    """A value as JSON, compact, in UTF-8.

    :param value: of what :func:`loads` gives.
    """
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:
        compact = (",", ":")
        return json.dumps(value, separators=compact, allow_nan=False).encode("ascii")


def text(value: Any) -> str:
    """The same as a ``str``, for JSON within JSON, such as a tool call's arguments.

    :param value: of what :func:`loads` gives.
    """
    return dumps(value).decode()


def _too_deep(data: bytes, value: Any) -> bool:
    """Whether a value is deeper than we bear. Counting brackets first spares nearly all texts the
    walk."""
    if data.count(b"[") + data.count(b"{") <= DEPTH:
        return False
    level = [value]
    for _ in range(DEPTH):
        level = [child for node in level for child in _children(node)]
        if not level:
            return False
    return any(isinstance(node, dict | list) for node in level)


def _children(node: Any) -> Any:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _read_slowly(data: bytes, blame: Blame) -> Any:
    try:
        value = json.loads(
            data.decode("utf-8", "replace").removeprefix("\ufeff"),
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except RecursionError:
        raise _refuse(blame, "nested too deeply") from None
    except ValueError:
        raise _refuse(blame, "not valid JSON") from None
    if _too_deep(data, value):
        raise _refuse(blame, "nested too deeply")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isfinite(number):
        return number
    raise ValueError("too large")


def _refuse(blame: Blame, what: str) -> BadRequest | BadUpstream:
    if issubclass(blame, BadRequest):
        return BadRequest(400, "invalid_json", f"The request body is {what}.")
    return BadUpstream(502, "upstream_malformed", f"The upstream's answer is {what}.")
