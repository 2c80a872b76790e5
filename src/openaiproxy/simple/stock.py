"""The endpoints for unchanged SDKs: what their requests need, and which of their headers go on.

::

    POST /v1/responses
    X-Security-Key: (for the proxy)
    Authorization: Bearer (for the upstream)
    X-Project: proj_1
"""

import re
from collections.abc import Iterable

from openaiproxy.errors import BadRequest
from openaiproxy.wire.headers import Field, end_to_end, first

__all__ = ["STOCK_PATHS", "check_media", "is_json", "upstream_stock_fields"]

STOCK_PATHS = frozenset((b"/v1/chat/completions", b"/v1/responses"))
"""Where they stand."""

_BEARER = re.compile(rb"bearer +[\x21-\x7e]+", re.IGNORECASE)
_JSON = re.compile(r"application/(?:[\w.-]+\+)?json", re.IGNORECASE)
_NOT_SENT = frozenset(
    (
        b"host",
        b"content-length",
        b"content-encoding",
        b"expect",
        b"cookie",
        b"origin",
        b"referer",
        b"x-api-key",
        b"api-key",
        b"x-project",
    )
)


def upstream_stock_fields(fields: Iterable[Field], places: Iterable[str]) -> list[Field]:
    """The headers for the upstream.

    :param fields: the caller's.
    :param places: lower-case names of headers in which keys of ours stand.
    :raises BadRequest: 401, without a key for the upstream.
    """
    fields = list(fields)
    if _BEARER.fullmatch(first(fields, b"authorization") or b"") is None:
        raise BadRequest(
            401, "unauthorized", "A key for the upstream is needed: Authorization: Bearer KEY"
        )
    sent = end_to_end(fields, _NOT_SENT | {place.encode("ascii") for place in places})
    project = first(fields, b"x-project")
    if project is not None and first(sent, b"openai-project") is None:
        sent.append((b"OpenAI-Project", project))
    return sent


def check_media(content_type: str | None) -> None:
    """Only JSON is taken.

    :raises BadRequest: 415.
    """
    if not is_json(content_type):
        raise BadRequest(415, "unsupported_media_type", "Content-Type must be application/json")


def is_json(content_type: str | None) -> bool:
    """Whether a body of this type is JSON."""
    return _JSON.fullmatch((content_type or "").partition(";")[0].strip()) is not None
