"""Header fields of a relayed exchange: the caller's on their way up, the upstream's on their way down.

End-to-end fields pass as they are. What is changed, and why: the credential, where the profile spends its own; the
fields in which client keys of ours are accepted; the fields that stop hops in between from holding an event stream
back; CORS, where the profile grants it; and request ids.
"""

from collections.abc import Iterable

from twisted.web.http_headers import Headers

from openaiproxy.profile import Profile
from openaiproxy.wire.headers import Field, end_to_end, first

__all__ = ["REQUEST_ID", "answer_fields", "is_event_stream", "upstream_fields"]

#: Ours, on every answer to a request that could be read; the upstream's own ``x-request-id`` passes beside it.
REQUEST_ID = b"X-OpenAIProxy-Request-Id"
_UNBUFFERED = [(b"Cache-Control", b"no-cache, no-transform"), (b"X-Accel-Buffering", b"no")]
_UNBUFFERED_NAMES = frozenset(name.lower() for name, _ in _UNBUFFERED)
# The client's framing and the meeting of its expectation are this hop's; the upstream's are made anew.
_OF_THIS_HOP = frozenset((b"host", b"content-length", b"expect"))
_CREDENTIALS = frozenset((b"authorization", b"x-api-key", b"api-key"))


def upstream_fields(headers: Headers, profile: Profile) -> list[Field]:
    """The fields to send upstream, without ``Host`` and framing."""
    credential = profile.credential
    without = _OF_THIS_HOP
    if credential.key is not None:
        without = without | _CREDENTIALS | {place.encode("ascii") for place in profile.auth.places}
    elif profile.auth.keys:
        without = without | {place.encode("ascii") for place in profile.auth.places}
    fields = end_to_end(_pairs(headers), without)
    if credential.key is not None:
        fields.append((b"Authorization", b"Bearer " + credential.key.encode("ascii")))
    for name, value in (
        (b"OpenAI-Organization", credential.organization),
        (b"OpenAI-Project", credential.project),
    ):
        if value is not None and not headers.hasHeader(name):
            fields.append((name, value.encode("ascii")))
    return fields


def answer_fields(fields: Iterable[Field], cors: list[Field], ids: list[Field]) -> list[Field]:
    """The fields to answer with.

    :param fields: the upstream's, end-to-end already.
    :param cors: what the profile grants the caller's page; if anything, the upstream's own grants are left out.
    :param ids: ours, the first of them also as ``X-Request-Id`` where the upstream gave none.
    """
    passed = list(fields)
    if cors:
        passed = [
            (name, value)
            for name, value in passed
            if not name.lower().startswith(b"access-control-")
        ]
    if first(passed, b"x-request-id") is None:
        passed += [(b"X-Request-Id", value) for _, value in ids[:1]]
    if is_event_stream(passed, encoded=True):
        passed = [
            field for field in passed if field[0].lower() not in _UNBUFFERED_NAMES
        ] + _UNBUFFERED
    return [*passed, *cors, *ids]


def is_event_stream(fields: Iterable[Field], *, encoded: bool = False) -> bool:
    """Whether an answer is ``text/event-stream``.

    :param encoded: whether it counts when it is compressed, too; nothing can be put into a compressed one.
    """
    fields = list(fields)
    media = (first(fields, b"content-type") or b"").partition(b";")[0].strip().lower()
    coding = (first(fields, b"content-encoding") or b"identity").strip().lower()
    return media == b"text/event-stream" and (encoded or coding == b"identity")


def _pairs(headers: Headers) -> Iterable[Field]:
    return ((name, value) for name, values in headers.getAllRawHeaders() for value in values)
