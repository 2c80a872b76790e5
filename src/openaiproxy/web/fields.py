"""Header fields of an exchange: the caller's on their way up, the upstream's on their way down.

End-to-end fields pass as they are. What is changed, and why: the credential, where the profile spends its own; the
fields in which client keys of ours are accepted; the fields that stop hops in between from holding an event stream
back; CORS, where the profile grants it; and request ids. Where a body is translated, the fields that describe it, or
its vendor's API, are made anew, and the credential goes where the upstream's dialect looks for it.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from attrs import frozen
from twisted.web.http_headers import Headers

from openaiproxy.bridging import Mode
from openaiproxy.hub.loss import Loss
from openaiproxy.profile import Profile
from openaiproxy.web.record import Record
from openaiproxy.wire.headers import Field, end_to_end, first

__all__ = [
    "DROPPED",
    "REQUEST_ID",
    "Media",
    "answer_fields",
    "dropped_field",
    "id_fields",
    "is_event_stream",
    "media_of",
    "reread_fields",
    "translated_answer_fields",
    "translated_fields",
    "upstream_fields",
    "with_fields",
]

#: Ours, on every answer to a request that could be read; the upstream's own ``x-request-id`` passes beside it.
REQUEST_ID = b"X-OpenAIProxy-Request-Id"
# The names that clients of the simplified endpoints know.
_PROXY_ID = b"X-Proxy-Request-Id"
_INCOMING_ID = b"X-Incoming-Request-Id"
_UNBUFFERED = [(b"Cache-Control", b"no-cache, no-transform"), (b"X-Accel-Buffering", b"no")]
_UNBUFFERED_NAMES = frozenset(name.lower() for name, _ in _UNBUFFERED)
# The client's framing and the meeting of its expectation are this hop's; the upstream's are made anew.
_OF_THIS_HOP = frozenset((b"host", b"content-length", b"expect"))
_CREDENTIALS = frozenset((b"authorization", b"x-api-key", b"api-key"))
#: What of a request isn't in what went upstream, and what was changed about it, as paths in the caller's words.
DROPPED = b"X-OpenAIProxy-Dropped"
_DROPPED_BYTES = 2048
_TYPE, _CODING = len(b"content-type"), len(b"content-encoding")
_VISIBLE = re.compile(r"[^\x21-\x7e]|[;,]")
_CODED = frozenset(
    (
        b"accept-encoding",
        b"content-digest",
        b"content-encoding",
        b"content-md5",
        b"digest",
        b"repr-digest",
    )
)
_OF_A_BODY = frozenset(
    (
        b"accept",
        b"accept-encoding",
        b"accept-ranges",
        b"content-digest",
        b"content-encoding",
        b"content-length",
        b"content-md5",
        b"content-type",
        b"digest",
        b"etag",
        b"repr-digest",
    )
)
_OF_A_VENDOR = {"messages": (b"openai-",), "chat": (b"anthropic-",), "responses": (b"anthropic-",)}
_ANTHROPIC_VERSION = (b"anthropic-version", b"2023-06-01")


def upstream_fields(headers: Headers, profile: Profile) -> list[Field]:
    """The fields to send upstream, without ``Host`` and framing."""
    credential = profile.credential
    places = profile.auth.places if credential.is_ours or profile.auth.keys else ()
    without = _not_passed(places, credential.is_ours)
    fields = end_to_end(_pairs(headers), without)
    if credential.key is not None:
        fields.append(_credential(profile.upstream.speaks[0], credential.key.encode("ascii")))
    elif profile.bridging.mode is not Mode.RELAY and credential.login is None:
        fields = _placed(fields, profile.upstream.speaks[0])
    for name, value in (
        (b"OpenAI-Organization", credential.organization),
        (b"OpenAI-Project", credential.project),
    ):
        if value is not None and not headers.hasHeader(name):
            fields.append((name, value.encode("ascii")))
    return fields


@lru_cache(maxsize=64)
def _not_passed(places: tuple[str, ...], credential_is_ours: bool) -> frozenset[bytes]:
    """Names of fields that end here, whatever the caller says of them."""
    names = frozenset(place.encode("ascii") for place in places)
    return _OF_THIS_HOP | names | (_CREDENTIALS if credential_is_ours else frozenset())


def reread_fields(headers: Headers, profile: Profile) -> list[Field]:
    """The fields to send upstream with a body that was read here: without its content coding, and
    for an answer without one, since its refusal may have to be read, too."""
    fields = upstream_fields(headers, profile)
    kept = [each for each in fields if each[0].lower() not in _CODED]
    return [*kept, (b"Accept-Encoding", b"identity")]


def translated_fields(
    headers: Headers, profile: Profile, dialect: str, *, stream: bool
) -> list[Field]:
    """The fields to send upstream with a body of another dialect.

    :param dialect: the body's.
    :param stream: whether it asks for a stream.
    """
    foreign = _OF_A_VENDOR[dialect]
    fields = [
        (name, value)
        for name, value in upstream_fields(headers, profile)
        if name.lower() not in _OF_A_BODY and not name.lower().startswith(foreign)
    ]
    fields = _placed(fields, dialect)
    if dialect == "messages" and first(fields, _ANTHROPIC_VERSION[0]) is None:
        fields.append(_ANTHROPIC_VERSION)
    accept = b"text/event-stream" if stream else b"application/json"
    return [*fields, (b"Content-Type", b"application/json"), (b"Accept", accept)]


def _credential(dialect: str, key: bytes) -> Field:
    """A key, where an upstream of a dialect looks for it."""
    return (b"x-api-key", key) if dialect == "messages" else (b"Authorization", b"Bearer " + key)


def _placed(fields: list[Field], dialect: str) -> list[Field]:
    """The caller's own key, moved to where an upstream of that dialect looks for it."""
    at = {name.lower(): value for name, value in fields if name.lower() in _CREDENTIALS}
    scheme, _, bearer = at.get(b"authorization", b"").partition(b" ")
    key = at.get(b"x-api-key") or at.get(b"api-key")
    if scheme.lower() == b"bearer":
        key = bearer.strip() if dialect != "messages" or key is None else key
    if not key:
        return fields
    others = [field for field in fields if field[0].lower() not in _CREDENTIALS]
    return [*others, _credential(dialect, key)]


def translated_answer_fields(fields: Iterable[Field], media: bytes) -> list[Field]:
    """The upstream's fields for an answer whose body was made here.

    :param media: the body's media type.
    """
    kept = [(name, value) for name, value in fields if name.lower() not in _OF_A_BODY]
    return [*kept, (b"Content-Type", media)]


def with_fields(fields: Iterable[Field], others: Iterable[Field]) -> list[Field]:
    """Fields with others in place of those of the same name."""
    others = list(others)
    named = {name.lower() for name, _ in others}
    return [*(field for field in fields if field[0].lower() not in named), *others]


def dropped_field(losses: Iterable[Loss]) -> list[Field]:
    """The field that names what was lost, if anything was; no values are in it.

    :param losses: each with a path, of which names may be the caller's own words.
    """
    paths = list(dict.fromkeys(_VISIBLE.sub("_", loss.path) for loss in losses))
    told: list[str] = []
    size = 0
    for path in paths:
        size += len(path) + 2
        if size > _DROPPED_BYTES:
            told.append(f"and {len(paths) - len(told)} more")
            break
        told.append(path)
    return [(DROPPED, ", ".join(told).encode("ascii"))] if told else []


def answer_fields(
    fields: list[Field], cors: list[Field], ids: list[Field], *, streamed: bool
) -> list[Field]:
    """The fields to answer with.

    :param fields: the upstream's, end-to-end already.
    :param cors: what the profile grants the caller's page; if anything, the upstream's own grants are left out.
    :param ids: ours, the first of them also as ``X-Request-Id`` where the upstream gave none.
    :param streamed: whether they are those of an event stream.
    """
    passed = fields
    if cors:
        passed = [
            (name, value)
            for name, value in passed
            if not name.lower().startswith(b"access-control-")
        ]
    if first(passed, b"x-request-id") is None:
        passed = [*passed, *((b"X-Request-Id", value) for _, value in ids[:1])]
    if streamed:
        passed = [
            field for field in passed if field[0].lower() not in _UNBUFFERED_NAMES
        ] + _UNBUFFERED
    return [*passed, *cors, *ids]


def id_fields(record: Record, profile: Profile) -> list[Field]:
    """The fields that name a request."""
    named = record.id.encode("ascii")
    fields = [(REQUEST_ID, named)]
    if profile.simple is not None:
        fields.append((_PROXY_ID, named))
    if record.incoming is not None:
        fields.append((_INCOMING_ID, record.incoming.encode("ascii")))
    return fields


@frozen
class Media:
    """What an answer's body is.

    :param type: its media type, without parameters, in lower case.
    :param plain: whether it is uncompressed; nothing can be read in, or put into, a compressed one.
    """

    type: bytes
    plain: bool

    @property
    def is_events(self) -> bool:
        """Whether it is an event stream, compressed or not."""
        return self.type == b"text/event-stream"


def media_of(fields: Iterable[Field]) -> Media:
    """What these fields say of their body; the first of each name counts."""
    kind = coding = None
    for name, value in fields:
        size = len(name)
        if size == _TYPE and kind is None and name.lower() == b"content-type":
            kind = value
        elif size == _CODING and coding is None and name.lower() == b"content-encoding":
            coding = value
    return _media(kind or b"", coding or b"identity")


@lru_cache(maxsize=64)
def _media(kind: bytes, coding: bytes) -> Media:
    plain = coding.strip().lower() == b"identity"
    return Media(kind.partition(b";")[0].strip().lower(), plain)


def is_event_stream(fields: Iterable[Field]) -> bool:
    """Whether an answer is ``text/event-stream`` and uncompressed."""
    media = media_of(fields)
    return media.plain and media.is_events


def _pairs(headers: Headers) -> Iterable[Field]:
    as_sent = getattr(headers, "pairs", None)
    if as_sent is not None:
        return as_sent  # type: ignore[no-any-return]
    return ((name, value) for name, values in headers.getAllRawHeaders() for value in values)
