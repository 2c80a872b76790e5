"""The name that one request has in logs and in answers.

A caller that sends ``x-request-id`` keeps its own, so that its logs and ours can be laid side by
side; but only when it is short and plain enough to be repeated in a header and a log line without a
second thought. What it sent is never mended: an id that was changed would match nothing of the
caller's.
"""

import re
from collections.abc import Callable
from random import getrandbits

__all__ = ["fresh_id", "request_id"]

_plain = re.compile(rb"[A-Za-z0-9._:~+/=-]{1,128}").fullmatch


def fresh_id() -> str:
    """Make an id: 32 random hexadecimal digits, as many as a UUID has. It is a name and no secret, so that no system
    call is spent on it."""
    return f"{getrandbits(128):032x}"


def request_id(incoming: bytes | None, make: Callable[[], str] = fresh_id) -> str:
    """Choose the id of a request.

    :param incoming: the caller's ``x-request-id``, if it sent one.
    :param make: gives an id where the caller's can't serve.
    :return: 1 to 128 characters that are safe in a header and in a line.
    """
    if incoming is not None and _plain(incoming):
        return incoming.decode("ascii")
    return make()
