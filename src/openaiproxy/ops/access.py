r"""One event for each request, when it has ended.

:class:`Exchanged` is everything that is said of a request, and it can't say more: query values are
gone, and what a caller or an upstream sent is redacted and escaped, from the moment that the value
is made. Header values, bodies and keys have no field. :func:`emit` gives it to a logger as an event
of plain strings and numbers, so that any observer, ours or not, may keep it, format it later, or
write it as JSON.

The line, with fields that nobody knows left out::

    POST /v1/messages?beta= 200 complete id=3f2a port=4567 profile=gateway client=alice
    peer=127.0.0.1 in=120 out=5021 took=1.234 first=0.412 waited=0.404 own=0.002 upstream=200
    upstream_id=req_1 model=gpt-5 dialects=messages>responses streamed tokens=812/640/95/64

``tokens`` are those of input, of which from a cache, of output, of which reasoning; ``waited`` is the
upstream's time until its answer's head, ``own`` the proxy's.

The event carries it as ``line``, which is the value itself: it is rendered where somebody writes it, and not where a
file of JSON is written. (twisted.logger's own formatting of as many fields takes longer than relaying a chunk.)
"""

import re
from collections.abc import Callable
from functools import lru_cache
from operator import attrgetter, itemgetter
from time import time

from attrs import define, fields
from twisted.logger import LogEvent, Logger, LogLevel

from openaiproxy.ops.escaping import foreign_word, word

__all__ = ["ACCESS", "FIELDS", "FORMAT", "Exchanged", "Tell", "emit", "known", "path_shown"]

#: The namespace of requests' lines.
ACCESS = "openaiproxy.access"

FORMAT = "{line}"

_is_ours = re.compile(r"[0-9a-f]{32}").fullmatch
_QUERY_NAMES = 16
_NAME_CHARS = 40
# More than any model can count to, and small enough for sums of them and for who reads JSON's numbers as doubles.
_MOST_TOKENS = (1 << 31) - 1


def path_shown(target: str | bytes) -> str:
    """Show a request target without the values of its query.

    ``/v1/files?after=abc&limit=2`` is shown as ``/v1/files?after=&limit=``. A part without ``=``
    might be a value that stands alone, and is shown as ``_``.

    :param target: path and query as sent, or a path.
    """
    if isinstance(target, bytes):
        target = target.decode("latin-1")
    path, mark, query = target.partition("?")
    if not mark:
        return foreign_word(path)
    parts = query.split("&", _QUERY_NAMES)
    names = [_name_shown(part) for part in parts[:_QUERY_NAMES]]
    rest = ["..."] if len(parts) > _QUERY_NAMES else []
    return foreign_word(path) + "?" + "&".join(names + rest)


def _name_shown(part: str) -> str:
    name, equals, _ = part.partition("=")
    if not part:
        return ""
    return foreign_word(name, _NAME_CHARS) + "=" if equals else "_"


def _id_shown(text: str) -> str:
    # One of our own is as it should be, and is new each time, so that it would be remembered in vain.
    return text if _is_ours(text) else foreign_word(text)


def _counted(tokens: int | None) -> int | None:
    """What an upstream counted, as a number that can be added up and written; it may say any."""
    return tokens if tokens is None else min(max(tokens, 0), _MOST_TOKENS)


@lru_cache(maxsize=256)
def _words(
    method: str, path: str, ending: str, port: int | str, profile: str, client: str, peer: str
) -> tuple[str, str, str, int | str, str, str, str]:
    """What most requests have in common with one that was before, made fit for a line."""
    return (
        foreign_word(method),
        path_shown(path),
        word(ending),
        word(port) if isinstance(port, str) else port,
        word(profile),
        word(client),
        word(peer),
    )


@define(kw_only=True)
class Exchanged:
    """What is said of one request, after it ended.

    Text that others chose may be given as it came.

    :param id: ours or the caller's, see :mod:`openaiproxy.ops.request_ids`.
    :param port: the TCP port, or a name where the endpoint has none.
    :param profile: name of the port's profile.
    :param ending: how it ended, one word: ``complete``, ``client-gone``, ``upstream-cut``,
        ``refused``, ``timeout-first-byte``, ``drained`` and the like.
    :param duration: seconds from the request's head to its ending.
    :param method: as sent.
    :param path: the request target as sent; the value keeps it without query values.
    :param status: what the caller was answered, ``None`` where it left before.
    :param bytes_in: bytes of the request's body that were read.
    :param bytes_out: bytes of the answer's body that were written.
    :param client: name of the client key, never the key; empty where none was asked for.
    :param peer: the caller's address.
    :param model: where a body was read for it.
    :param upstream_status: ``None`` where no answer came.
    :param upstream_id: the upstream's own ``x-request-id``.
    :param first_byte: seconds from the request's head to the first byte of the answer's body.
    :param code: of the error that was answered, where it was ours or one that we passed on.
    :param dropped: paths of what could not be sent upstream, or was changed, joined by commas.
    :param route: what was asked for, a word of :mod:`openaiproxy.ops.routes`.
    :param dialects: the caller's and the upstream's, such as ``chat>responses``.
    :param streamed: whether the answer was a stream of events.
    :param retries: how often the upstream was asked again.
    :param fault: what the upstream did wrong, or said that went wrong; one of our words.
    :param tokens_in: of input, those from a cache included; ``None`` where nobody told. These four are kept within 0
        and 2,147,483,647.
    :param tokens_cached: of these, from a cache.
    :param tokens_out: of output, reasoning included.
    :param tokens_reasoning: of these, reasoning.
    :param waited: seconds from the request's going up to the head of the upstream's answer.
    :param overhead: seconds that the proxy took for itself: from having what it needs until the
        request went up, and from the upstream's first word that could be told until it was; ``None``
        where the upstream was not asked.
    :param marks: what happened when, as words and seconds from the request's head; for whoever looks at this one
        request, and in no line.
    """

    method: str
    path: str
    status: int | None = None
    ending: str
    id: str
    port: int | str
    profile: str
    client: str = ""
    peer: str = ""
    model: str | None = None
    upstream_status: int | None = None
    upstream_id: str | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    first_byte: float | None = None
    duration: float
    code: str | None = None
    dropped: str | None = None
    route: str = "other"
    dialects: str | None = None
    streamed: bool = False
    retries: int = 0
    fault: str | None = None
    tokens_in: int | None = None
    tokens_cached: int | None = None
    tokens_out: int | None = None
    tokens_reasoning: int | None = None
    waited: float | None = None
    overhead: float | None = None
    marks: tuple[tuple[str, float], ...] = ()

    def __attrs_post_init__(self) -> None:
        words = _words(
            self.method, self.path, self.ending, self.port, self.profile, self.client, self.peer
        )
        self.method, self.path, self.ending, self.port, self.profile, self.client, self.peer = words
        self.id = _id_shown(self.id)
        if self.model is not None:
            self.model = foreign_word(self.model)
        if self.dropped is not None:
            self.dropped = foreign_word(self.dropped)
        if self.upstream_id is not None:
            self.upstream_id = foreign_word(self.upstream_id)
        if self.code is not None:
            self.code = foreign_word(self.code)
        if self.tokens_in is not None or self.tokens_out is not None:
            self.tokens_in, self.tokens_out = _counted(self.tokens_in), _counted(self.tokens_out)
            self.tokens_cached = _counted(self.tokens_cached)
            self.tokens_reasoning = _counted(self.tokens_reasoning)

    @property
    def timeline(self) -> tuple[tuple[str, float], ...]:
        """The marks in order."""
        return tuple(sorted(self.marks, key=itemgetter(1)))

    @property
    def truncated(self) -> bool:
        """Whether the upstream's answer ended before it was finished."""
        return self.ending == "upstream-cut" or self.fault == "truncated"

    def __str__(self) -> str:
        """Give the line, of visible ASCII words."""
        line = (
            f"{self.method} {self.path} {self.status or '-'} {self.ending} "
            f"id={self.id} port={self.port} profile={self.profile} client={self.client or '-'} "
            f"peer={self.peer or '-'} in={self.bytes_in} out={self.bytes_out} "
            f"took={self.duration:.3f}"
        )
        if self.first_byte is not None:
            line += f" first={self.first_byte:.3f}"
        if self.waited is not None:
            line += f" waited={self.waited:.3f}"
        if self.overhead is not None:
            line += f" own={self.overhead:.4f}"
        if self.upstream_status is not None:
            line += f" upstream={self.upstream_status}"
        if self.upstream_id is not None:
            line += f" upstream_id={self.upstream_id}"
        if self.model is not None:
            line += f" model={self.model}"
        if self.dropped is not None:
            line += f" dropped={self.dropped}"
        line += self._traffic_shown()
        return line if self.code is None else f"{line} code={self.code}"

    def _traffic_shown(self) -> str:
        line = "" if self.dialects is None else f" dialects={self.dialects}"
        if self.streamed:
            line += " streamed"
        if self.tokens_in is not None or self.tokens_out is not None:
            line += (
                f" tokens={self.tokens_in or 0}/{self.tokens_cached or 0}"
                f"/{self.tokens_out or 0}/{self.tokens_reasoning or 0}"
            )
        if self.retries:
            line += f" retries={self.retries}"
        return line if self.fault is None else f"{line} fault={self.fault}"


FIELDS: tuple[str, ...] = tuple(each.name for each in fields(Exchanged) if each.name != "marks")
Tell = Callable[[Exchanged], None]
"""Takes the line of a request that has ended."""
_values = attrgetter(*FIELDS)


def known(exchanged: Exchanged) -> dict[str, str | int | float | bool]:
    """The fields that somebody knows, by their names."""
    pairs = zip(FIELDS, _values(exchanged), strict=True)
    return {name: value for name, value in pairs if value is not None}


def emit(log: Logger, exchanged: Exchanged) -> None:
    """Log the event of one request.

    Its fields are those of :class:`Exchanged`, all of them ``str``, ``int``, ``float``, ``bool`` or ``None``, and
    ``line``, whose text is the line.
    """
    said: LogEvent = dict(zip(FIELDS, _values(exchanged), strict=True))
    # As Logger.emit makes it, which would look up whether there is such a level.
    said |= {
        "line": exchanged,
        "log_logger": log,
        "log_level": LogLevel.info,
        "log_namespace": log.namespace,
        "log_source": log.source,
        "log_format": FORMAT,
        "log_time": time(),
    }
    log.observer(said)
