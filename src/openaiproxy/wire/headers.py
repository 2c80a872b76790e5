"""Header fields on their way through: which are for one hop only, and which pass, each way (RFC 9110, 7.6.1).

Fields are pairs of bytes in the order in which they came; repeated ones stay repeated.
"""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

__all__ = ["HOP_BY_HOP", "Field", "end_to_end", "first", "is_token"]

Field = tuple[bytes, bytes]

# RFC 9110 names the first line; the others are older or proxies' own, and concern one connection just as much.
HOP_BY_HOP = frozenset(
    (
        b"connection",
        b"te",
        b"transfer-encoding",
        b"upgrade",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-authentication-info",
        b"proxy-connection",
        b"trailer",
        b"trailers",
        b"http2-settings",
    )
)
# Named in "Connection", these would otherwise change the meaning of the message; a sender can't have them taken out.
_NEVER_NAMED = frozenset(
    (b"content-length", b"host", b"authorization", b"x-api-key", b"api-key", b"content-type")
)
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")


def is_token(name: bytes) -> bool:
    """Whether these bytes are a token (RFC 9110, 5.6.2), as methods and field names must be."""
    return _TOKEN.match(name) is not None


def end_to_end(fields: Iterable[Field], without: frozenset[bytes] = frozenset()) -> list[Field]:
    """The fields that pass on: not hop-by-hop, not named in ``Connection``, not in ``without``.

    :param fields: names in any case.
    :param without: lower-case names to leave out besides.
    """
    fields = list(fields)
    left_out = _left_out(without)
    named = [value for name, value in fields if len(name) == 10 and name.lower() == b"connection"]
    if named:
        left_out = left_out | (_tokens(named) - _NEVER_NAMED)
    return [field for field in fields if field[0].lower() not in left_out]


@lru_cache(maxsize=64)
def _left_out(without: frozenset[bytes]) -> frozenset[bytes]:
    return HOP_BY_HOP | without


def first(fields: Sequence[Field], name: bytes) -> bytes | None:
    """The value of the first field of this lower-case name."""
    length = len(name)
    for key, value in fields:
        if len(key) == length and key.lower() == name:
            return value
    return None


def _tokens(values: Iterable[bytes]) -> frozenset[bytes]:
    return frozenset(token.strip().lower() for value in values for token in value.split(b","))
