"""Asking an upstream for its list of models, on behalf of all who may see the answer.

Whoever sends the same fields gets the same list. Fields that belong to one request or one program are not sent, and
the digest of all others is what a list is kept under, so that nobody is shown what was answered to another; the
credential is among them, and can't be found again in the digest.
"""

from collections.abc import Iterable
from hashlib import blake2b
from typing import NoReturn

from twisted.internet.defer import Deferred

from openaiproxy.bridging import Mode
from openaiproxy.capabilities import facts_of
from openaiproxy.catalog.listing import Listing, build_listing
from openaiproxy.errors import BadUpstream
from openaiproxy.upstream.client import Answer
from openaiproxy.upstream.gather import Gathered, gather
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.port import OpenPort
from openaiproxy.web.spending import Spending, spend
from openaiproxy.wire.headers import Field, first

__all__ = [
    "OF_THE_CALLER",
    "begin_asking",
    "fields_for",
    "key_of",
    "listing_of",
    "shareable",
]

#: Statuses that refuse the caller, and say nothing of the upstream's health.
OF_THE_CALLER = frozenset((400, 401, 402, 403))
_VERSION = b"anthropic-version"
# What belongs to one request or one program: it changes nothing about a list, and isn't sent to ask for one.
_NOT_SENT = frozenset(
    (
        b"accept",
        b"accept-encoding",
        b"accept-language",
        b"baggage",
        b"cache-control",
        b"content-encoding",
        b"content-type",
        b"if-match",
        b"if-modified-since",
        b"if-none-match",
        b"if-range",
        b"if-unmodified-since",
        b"origin",
        b"pragma",
        b"priority",
        b"range",
        b"referer",
        b"session-id",
        b"session_id",
        b"thread-id",
        b"traceparent",
        b"tracestate",
        b"x-client-request-id",
        b"x-request-id",
    )
)
_NOT_SENT_KINDS = (b"sec-", b"x-stainless-", b"x-claude-code-", b"x-codex-", b"sentry-")
_NOT_COMPARED = frozenset((b"user-agent",))


def begin_asking(
    port: OpenPort, spending: Spending, target: bytes, fields: list[Field], key: bytes
) -> "Deferred[Gathered]":
    """Ask; what comes is kept if it is a list.

    :param target: the list's, as for OpenAI's API.
    :param fields: by :func:`fields_for`.
    :param key: what it is kept under, by :func:`key_of`.
    :returns: fires with the answer, whatever its status; fails with ``BadUpstream`` when there is none, and with
        ``Unavailable`` when a login is no good.
    """
    return Deferred.fromCoroutine(_fetch(port, spending, target, fields, key))


async def _fetch(
    port: OpenPort, spending: Spending, target: bytes, fields: list[Field], key: bytes
) -> Gathered:
    timeouts = port.profile.timeouts

    def send(spending: Spending) -> "Deferred[Answer]":
        there, full = spending.target(target), spending.over(fields)
        asking = spending.client.fetch(b"GET", there, full, None)
        return asking.addTimeout(timeouts.first_byte, port.clock, _too_late)

    answer = await spend(port.purse, spending, send)
    body = await gather(answer, port.clock, limit=port.profile.limits.answer, idle=timeouts.idle)
    if answer.status >= 400 and (found := spending.refusal(answer, body, port.now())) is not None:
        raise found.error()
    said = Gathered(answer.status, answer.headers, body)
    if said.status == 200 and listing_of(port, body) is not None:
        port.lists.put(key, said, len(body))
    elif said.status in OF_THE_CALLER:
        port.lists.drop(key)
    return said


def _too_late(_: object, __: float) -> NoReturn:
    message = "the upstream did not begin to answer in time"
    raise BadUpstream(504, "upstream_first_byte_timeout", message)


def fields_for(exchange: Exchange, spending: Spending) -> list[Field]:
    """The fields to ask with.

    Where a port translates, the upstream's own dialect decides whether Anthropic's are among them: a gateway that is
    told of a version it isn't asked to speak might list models that can't be had from here.
    """
    profile = spending.profile
    fields = shareable(spending.passed(exchange.request.requestHeaders))
    if profile.bridging.mode is not Mode.RELAY:
        speaks = profile.upstream.speaks
        if "messages" not in speaks:
            fields = [each for each in fields if not each[0].lower().startswith(b"anthropic-")]
        elif speaks[0] == "messages" and first(fields, _VERSION) is None:
            fields.append((_VERSION, b"2023-06-01"))
    return [*fields, (b"Accept", b"application/json"), (b"Accept-Encoding", b"identity")]


def shareable(fields: Iterable[Field]) -> list[Field]:
    """Those that may be sent for several callers at once."""
    return [
        (name, value)
        for name, value in fields
        if name.lower() not in _NOT_SENT and not name.lower().startswith(_NOT_SENT_KINDS)
    ]


def key_of(spending: Spending, fields: Iterable[Field], target: bytes, body: bytes = b"") -> bytes:
    """A digest of all that the answer may depend on; the lengths keep two fields apart from one. A
    login whose tokens were refreshed is the same login."""
    digest = blake2b(digest_size=32)
    if spending.spent is not None:
        fields = [(b"login", spending.whose(fields)), *spending.foreign(fields)]
    compared = sorted(
        (name.lower(), value) for name, value in fields if name.lower() not in _NOT_COMPARED
    )
    for name, value in ((target, body), *compared):
        digest.update(b"%d %d " % (len(name), len(value)) + name + value)
    return digest.digest()


def listing_of(port: OpenPort, body: bytes | None) -> Listing | None:
    """What a port shows of an upstream's answer; of its own names where that is ``None``."""
    return build_listing(body, port.profile.bridging, _reasons)


def _reasons(model: str) -> bool:
    return facts_of(model).reasons is True
