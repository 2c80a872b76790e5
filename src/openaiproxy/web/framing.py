"""What both server wires refuse, once a request's head is in their hands.

A head comes here as values, whoever read its bytes; what is wrong about it is told by a :class:`BadRequest`. The rules
are the same on either wire: one ``Host``, one length or one coding, no coding before HTTP/1.1, no expectation but one.
"""

import re
from collections.abc import Sequence

from openaiproxy.errors import BadRequest
from openaiproxy.wire.target import parse_target

__all__ = [
    "FLUSH_SECONDS",
    "HEAD_BYTES",
    "HEAD_FIELDS",
    "HEAD_SECONDS",
    "IDLE_SECONDS",
    "LINE_BYTES",
    "LINGER_SECONDS",
    "bad_framing",
    "check_head",
    "head_too_large",
    "head_too_late",
    "is_chunked",
    "is_length",
    "is_sound",
    "stays",
    "target_too_long",
]

#: Seconds that a request's head may take, from its first byte.
HEAD_SECONDS = 20.0
#: Seconds that a connection may stay open between two requests.
IDLE_SECONDS = 75
#: Seconds for which bytes after a refusal are read and dropped.
LINGER_SECONDS = 2.0
#: Seconds that a client may take to read what was written before a close.
FLUSH_SECONDS = 30.0
#: Fields that a head may have.
HEAD_FIELDS = 100
#: Bytes of a head, its line ends aside.
HEAD_BYTES = 32_768
#: Bytes of one field; a request line may have half of them.
LINE_BYTES = 16_384

_LENGTH = re.compile(rb"[0-9]{1,18}\Z")
_HOST = re.compile(rb"(?:[A-Za-z0-9\-._~!$&'()*+,;=%]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?\Z")
_BAD = "the request's framing is not valid HTTP/1.1: "


def bad_framing(what: str) -> BadRequest:
    """:param what: of the request can't be read in one way only."""
    return BadRequest(400, "bad_framing", _BAD + what)


def target_too_long() -> BadRequest:
    """A request line beyond its bound."""
    return BadRequest(414, "target_too_long", "the request line is too long")


def head_too_large() -> BadRequest:
    """A head beyond one of its bounds."""
    return BadRequest(431, "head_too_large", "the request's head is too large")


def head_too_late() -> BadRequest:
    """A head that took too long."""
    return BadRequest(
        408, "head_timeout", f"the request's head took longer than {HEAD_SECONDS:g} seconds"
    )


def is_length(value: bytes) -> bool:
    """Whether a length is a plain number."""
    return _LENGTH.match(value) is not None


def is_chunked(value: bytes) -> bool:
    """Whether a transfer coding is the only one that is read."""
    return value.lower() == b"chunked"


def is_sound(method: bytes, target: bytes) -> bool:
    """Whether a target is one that the exchange will serve, or refuse for where it leads alone."""
    if target == b"*":
        return method == b"OPTIONS"
    try:
        parse_target(target)
    except BadRequest:
        return False
    return True


def stays(method: bytes, target: bytes, version: bytes, connection: Sequence[bytes]) -> bool:
    """Whether another request may follow: after HTTP/1.1 without ``Connection: close``, with a sound target.

    :param connection: the values of that field.
    """
    if version != b"HTTP/1.1" or not is_sound(method, target):
        return False
    return not any(
        token.strip().lower() == b"close" for value in connection for token in value.split(b",")
    )


def check_head(
    version: bytes, hosts: Sequence[bytes], expected: Sequence[bytes], *, chunked: bool
) -> None:
    """Look at a complete head.

    :param hosts: the values of ``Host``.
    :param expected: the values of ``Expect``.
    :param chunked: whether it has a transfer coding.
    :raises BadRequest: when it is none that this proxy serves.
    """
    if len(hosts) > 1 or (not hosts and version == b"HTTP/1.1"):
        raise BadRequest(400, "bad_host", "a request has exactly one Host field")
    if hosts and not _HOST.match(hosts[0]):
        raise BadRequest(400, "bad_host", "the Host field is no host")
    if chunked and version != b"HTTP/1.1":
        raise bad_framing("chunked before HTTP/1.1")
    if expected and [value.lower() for value in expected] != [b"100-continue"]:
        raise BadRequest(
            417, "bad_expectation", "the only expectation that can be met is 100-continue"
        )
