"""How long the upstream may take, by what a request asks and the profile allows; and the headers that report it.

``timeout`` is in milliseconds: a number, or digits where it comes from a query or a form.

=====================  ====================  ===========
it says                in force              source
=====================  ====================  ===========
nothing                the default           ``default``
a number above 0       that                  ``provided``
more than the longest  the longest           ``clamped``
anything else          the default           ``invalid``
=====================  ====================  ===========
"""

from math import isfinite

from attrs import frozen

from openaiproxy.errors import ProxyError
from openaiproxy.profile import Simple
from openaiproxy.wire.headers import Field

__all__ = ["TIMEOUT_FIELDS", "Wait", "origin_fields", "wait_fields", "wait_for"]

_EFFECTIVE = b"x-openai-proxy-upstream-timeout-ms"
_SOURCE = b"x-openai-proxy-timeout-source"
_REQUESTED = b"x-openai-proxy-requested-timeout-ms"
_FETCH = b"x-openai-proxy-fetch-timeout-ms"
_ORIGIN = b"x-openai-proxy-timeout-origin"

TIMEOUT_FIELDS = (_EFFECTIVE, _SOURCE, _REQUESTED, _FETCH, _ORIGIN)
"""Their names."""

# The words are those of the system whose clients read them.
_ORIGINS = {
    "upstream_first_byte_timeout": b"openai_sdk_timeout",
    "upstream_deadline_timeout": b"openai_sdk_timeout",
    "upstream_connect_timeout": b"undici_connect_timeout",
    "upstream_idle_timeout": b"undici_body_timeout",
    "upstream_total_timeout": b"proxy_socket_timeout",
    "body_timeout": b"proxy_socket_timeout",
}


@frozen
class Wait:
    """How long the upstream may take.

    :param seconds: in force.
    :param source: ``default``, ``provided``, ``clamped`` or ``invalid``.
    :param requested: milliseconds that were asked for, if they were a number.
    """

    seconds: float
    source: str
    requested: int | None = None


def wait_for(asked: object, simple: Simple) -> Wait:
    """How long, for what a request's ``timeout`` says.

    :param asked: of any type; ``None`` where it says nothing.
    """
    if asked is None or asked == "":
        return Wait(simple.timeout, "default")
    number = _milliseconds(asked)
    if number is None or number <= 0:
        return Wait(simple.timeout, "invalid", None if number is None else int(number))
    if number > simple.longest * 1000:
        return Wait(simple.longest, "clamped", int(number))
    return Wait(number / 1000, "provided", int(number))


def _milliseconds(asked: object) -> float | None:
    if isinstance(asked, bool) or not isinstance(asked, int | float | str):
        return None
    try:
        number = float(asked)
    except (ValueError, OverflowError):
        return None
    return number if isfinite(number) else None


def wait_fields(wait: Wait, fetch: float) -> list[Field]:
    """The headers that report it.

    :param fetch: seconds that the connection itself bears without an answer.
    """
    fields = [(_EFFECTIVE, _shown(wait.seconds)), (_SOURCE, wait.source.encode("ascii"))]
    if wait.requested is not None:
        fields.append((_REQUESTED, b"%d" % wait.requested))
    return [*fields, (_FETCH, _shown(fetch))]


def origin_fields(error: ProxyError) -> list[Field]:
    """The header that says whose patience ended, where it was one's."""
    if not error.code.endswith("_timeout"):
        return []
    return [(_ORIGIN, _ORIGINS.get(error.code, b"unknown_timeout"))]


def _shown(seconds: float) -> bytes:
    return b"%d" % max(1, round(seconds * 1000))
