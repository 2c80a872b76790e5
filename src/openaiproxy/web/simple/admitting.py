"""Who may call a simplified endpoint, whose key is spent for him, and how long he may wait.

The security key may stand in the request itself, so that the body is read before anybody is let in; a header with a
right one spares nothing but that. Where no key is configured, nobody is let in.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice

from attrs import evolve

from openaiproxy.errors import BadRequest
from openaiproxy.profile import Profile, Simple
from openaiproxy.simple.own import Own
from openaiproxy.simple.waiting import wait_fields, wait_for
from openaiproxy.web.exchange import Exchange
from openaiproxy.wire.headers import Field
from openaiproxy.wire.json import loads

__all__ = ["admit", "anthropic_fields", "openai_fields", "simple_of", "turn_away", "wait_as"]

#: Bytes of a body that may be taken apart for anybody.
_SMALL = 1 << 16
_SHOWN = re.compile(rb'"security_key"\s*:\s*("(?:[^"\\]|\\.){1,512}")')
_MOST_SHOWN = 8
_VERSION = b"anthropic-version"
_OF_ANTHROPIC: Mapping[bytes, bytes | None] = {_VERSION: b"2023-06-01", b"anthropic-beta": None}


def simple_of(profile: Profile) -> Simple:
    """What a profile says of these endpoints; it has them, as none of their courses is taken elsewhere."""
    assert profile.simple is not None, "a course of a port that has no such endpoint"
    return profile.simple


def admit(exchange: Exchange, own: Own | None = None, *, status: int = 403) -> None:
    """Let a caller in who shows a key.

    :param own: what the request says in its query or body.
    :param status: of the refusal.
    :raises BadRequest: 403 or 401; 429, when the key made too many requests.
    """
    gate = exchange.port.gate
    shown = list(gate.in_headers(exchange.request.requestHeaders))
    if own is not None and own.security_key is not None:
        shown.append(own.security_key.encode("utf-8", "surrogatepass"))
    name = gate.name_of(shown)
    if name is None:
        code = "forbidden" if status == 403 else "unauthorized"
        raise BadRequest(status, code, "Forbidden" if status == 403 else "Unauthorized")
    exchange.record.client = name
    exchange.port.ration(exchange.record)


def turn_away(exchange: Exchange, own: Own, raw: bytes) -> None:
    """Turn away who shows no key, before a large body is taken apart, which costs far more than to send it.

    :param own: what the request says in its query.
    :param raw: its body, in which a key would stand in clear.
    :raises BadRequest: 403.
    """
    if len(raw) <= _SMALL:
        return
    gate = exchange.port.gate
    shown = list(gate.in_headers(exchange.request.requestHeaders))
    if own.security_key is not None:
        shown.append(own.security_key.encode("utf-8", "surrogatepass"))
    for found in islice(_SHOWN.finditer(raw), _MOST_SHOWN):
        with suppress(BadRequest):
            shown.append(loads(found[1], BadRequest).encode("utf-8", "surrogatepass"))
    if gate.name_of(shown) is None:
        raise BadRequest(403, "forbidden", "Forbidden")


def wait_as(exchange: Exchange, asked: object) -> float:
    """Wait for the upstream as long as a request asks, and report it on every answer.

    :param asked: the request's ``timeout``.
    :returns: seconds that a whole answer may take.
    """
    times = exchange.port.profile.timeouts
    wait = wait_for(asked, simple_of(exchange.port.profile))
    exchange.timeouts = evolve(
        times,
        first_byte=min(wait.seconds, times.first_byte),
        idle=min(wait.seconds, times.idle),
    )
    exchange.beside = wait_fields(wait, times.first_byte)
    return wait.seconds


def openai_fields(exchange: Exchange, own: Own) -> list[Field]:
    """The fields that say to OpenAI whose request it is.

    :raises BadRequest: 401, where there is no key to spend.
    """
    profile = exchange.port.profile
    credential = profile.credential
    key = own.openai_api_key or credential.key
    fields: list[Field] = []
    if key is not None:
        fields.append((b"Authorization", b"Bearer " + key.encode("ascii")))
    elif not profile.upstream.embedded:
        raise BadRequest(401, "unauthorized", "No OpenAI API key: expected openai_api_key")
    for name, value in (
        (b"OpenAI-Organization", own.organization or credential.organization),
        (b"OpenAI-Project", own.project or credential.project),
    ):
        if value is not None:
            fields.append((name, value.encode("ascii")))
    return fields


def anthropic_fields(exchange: Exchange, own: Own) -> list[Field]:
    """The fields that say the same to Anthropic, and in which version of its API it is asked.

    :raises BadRequest: 401, where there is no key to spend.
    """
    simple, headers = simple_of(exchange.port.profile), exchange.request.requestHeaders
    key = own.anthropic_api_key or simple.anthropic_key
    fields: list[Field] = []
    if key is not None:
        fields.append((b"x-api-key", key.encode("ascii")))
    elif not simple.anthropic.embedded:
        raise BadRequest(401, "unauthorized", "No Anthropic API key: expected anthropic_api_key")
    for name, usual in _OF_ANTHROPIC.items():
        said = headers.getRawHeaders(name)
        value = said[0] if said else usual
        if value is not None:
            fields.append((name, value))
    return fields
