"""How recordings are spoilt: bytes, records and JSON values, by a dice that can be thrown again."""

import copy
import json
from collections.abc import Callable
from random import Random
from typing import Any

__all__ = ["spoilt"]

_DEEP: Any = 1
for _ in range(400):
    _DEEP = [_DEEP]

ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**63, 10**40, 1e308, 0.5, "", "x", "\ud83d", "\0", "\n\n", " "),
    *([], {}, [[]], [{}], [None], {"type": 1}, {"": {}}, _DEEP, "y" * 5_000, "null", "{", "[DONE]"),
)
RAW = (b"NaN", b"1e999", b"-Infinity", b'{"a":1,"a":2}', b"\xff\xfe", b"\xed\xa0\x80", b"{" * 300)


def spoilt(body: bytes, other: bytes, dice: Random) -> bytes:
    """A body with one to three things wrong with it.

    :param other: another body, of which pieces may be put into it.
    """
    for _ in range(dice.randint(1, 3)):
        body = dice.choice(_WAYS)(body, other, dice)
    return body[:400_000]


def _place(body: bytes, dice: Random) -> int:
    return dice.randint(0, len(body))


def _flip(body: bytes, other: bytes, dice: Random) -> bytes:
    found = bytearray(body)
    for _ in range(dice.randint(1, 8) if found else 0):
        found[dice.randrange(len(found))] = dice.randrange(256)
    return bytes(found)


def _cut(body: bytes, other: bytes, dice: Random) -> bytes:
    first, last = sorted((_place(body, dice), _place(body, dice)))
    return body[:first] + body[last:]


def _end(body: bytes, other: bytes, dice: Random) -> bytes:
    return body[: _place(body, dice)]


def _splice(body: bytes, other: bytes, dice: Random) -> bytes:
    at, start = _place(body, dice), _place(other, dice)
    return body[:at] + other[start : start + dice.randint(1, 3_000)] + body[at:]


def _raw(body: bytes, other: bytes, dice: Random) -> bytes:
    at = _place(body, dice)
    return body[:at] + dice.choice(RAW) + body[at + dice.randint(0, 3) :]


def _ends(body: bytes, other: bytes, dice: Random) -> bytes:
    return body.replace(b"\n", dice.choice([b"\r\n", b"\r", b"\n\n", b""]))


def _records(body: bytes, other: bytes, dice: Random) -> bytes:
    """Records in another order, left out, or told again and again."""
    found = body.split(b"\n\n")
    at = dice.randrange(len(found))
    match dice.randrange(4):
        case 0:
            found[at:at] = [found[at]] * dice.choice([1, 3, 300])
        case 1:
            del found[at]
        case 2:
            dice.shuffle(found)
        case _:
            found.insert(at, dice.choice(other.split(b"\n\n"))[:5_000])
    return b"\n\n".join(found)


def _values(body: bytes, other: bytes, dice: Random) -> bytes:
    """Values within the JSON of a record, or of the whole, changed for others."""
    records = body.split(b"\n\n")
    at = dice.randrange(len(records))
    head, mark, data = records[at].rpartition(b"data: ")
    try:
        found = json.loads(data)
    except ValueError:
        return body
    for _ in range(dice.randint(1, 3)):
        found = _changed(found, dice)
    records[at] = head + mark + json.dumps(found).encode("utf-8", "surrogatepass")
    return b"\n\n".join(records)


def _changed(value: Any, dice: Random) -> Any:
    """The value with something within it changed."""
    keys: list[Any] = []
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    if not keys or dice.random() < 0.15:
        return copy.copy(dice.choice(ODD))
    found, key = copy.copy(value), dice.choice(keys)
    match dice.randrange(6):
        case 0:
            del found[key]
        case 1:
            found[key] = found[dice.choice(keys)]
        case 2 if isinstance(found, list):
            found += [found[key]] * dice.choice([1, 50])
        case _:
            found[key] = _changed(found[key], dice)
    return found


_WAYS: tuple[Callable[[bytes, bytes, Random], bytes], ...] = (
    *(_flip, _cut, _end, _splice, _raw, _ends, _records, _records),
    *(_values, _values, _values, _values),
)
