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
from operator import attrgetter
from time import time

from attrs import field, fields, frozen
from twisted.logger import LogEvent, Logger, LogLevel

from openaiproxy.ops.escaping import foreign_word, word

__all__ = ["FIELDS", "FORMAT", "Exchanged", "emit", "path_shown"]

FORMAT = "{line}"

_is_ours = re.compile(r"[0-9a-f]{32}").fullmatch
_QUERY_NAMES = 16
_NAME_CHARS = 40


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


def _foreign_if_known(text: str | bytes | None) -> str | None:
    return None if text is None else foreign_word(text)


def _id_shown(text: str) -> str:
    # One of our own is as it should be, and is new each time, so that it would be remembered in vain.
    return text if _is_ours(text) else foreign_word(text)


def _port_shown(port: int | str) -> int | str:
    return word(port) if isinstance(port, str) else port


@frozen(kw_only=True)
class Exchanged:
    """What is said of one request, after it ended.

    Text that others chose may be given as it came, as ``str`` or ``bytes``.

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
    :param code: of the error that was answered, where it was ours.
    :param dropped: paths of what could not be sent upstream, or was changed, joined by commas.
    :param route: what was asked for, a word of :mod:`openaiproxy.ops.routes`.
    :param dialects: the caller's and the upstream's, such as ``chat>responses``.
    :param streamed: whether the answer was a stream of events.
    :param retries: how often the upstream was asked again.
    :param fault: what the upstream did wrong, or said that went wrong; one of our words.
    :param tokens_in: of input, those from a cache included; ``None`` where nobody told.
    :param tokens_cached: of these, from a cache.
    :param tokens_out: of output, reasoning included.
    :param tokens_reasoning: of these, reasoning.
    :param waited: seconds from the request's going up to the head of the upstream's answer.
    :param overhead: seconds that the proxy took for itself: from having what it needs until the
        request went up, and from the upstream's first word that could be told until it was; ``None``
        where the upstream was not asked.
    :param marks: what happened when, as words and seconds from the request's head, in order; for whoever looks at this
        one request, and in no line.
    """

    method: str = field(converter=foreign_word)
    path: str = field(converter=path_shown)
    status: int | None = None
    ending: str = field(converter=word)
    id: str = field(converter=_id_shown)
    port: int | str = field(converter=_port_shown)
    profile: str = field(converter=word)
    client: str = field(default="", converter=word)
    peer: str = field(default="", converter=word)
    model: str | None = field(default=None, converter=_foreign_if_known)
    upstream_status: int | None = None
    upstream_id: str | None = field(default=None, converter=_foreign_if_known)
    bytes_in: int = 0
    bytes_out: int = 0
    first_byte: float | None = None
    duration: float
    code: str | None = None
    dropped: str | None = field(default=None, converter=_foreign_if_known)
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
_values = attrgetter(*FIELDS)


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
