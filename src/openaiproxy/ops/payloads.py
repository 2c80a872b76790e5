"""Bodies on file, where a profile asks for it: what went upstream, what came back, and what the caller got of it, where
that is something else.

The first entry of a process says that it writes here (of several that share a file, that of the first). One follows for
each body, written when the body is over, complete or not; and of a stream of events one for each chunk of it, written
when it has come::

    [2026-10-01 12:00:00] port=system direction=info path=/-
    20000 characters are kept of a body
    ---
    [2026-10-01 12:00:00] port=5101 direction=upstream-request path=/v1/chat/completions
    {"model": "gpt-5", ...}
    ---
    [2026-10-01 12:00:01] port=5101 direction=upstream-response-chunk path=/v1/chat/completions
    data: {"choices": ...}

    ---

A chunk ends where an event ends, however the stream was cut on its way, so that nothing that looks like a key is cut in
two before it is looked for.

Text is kept up to a number of characters, then ``... [truncated N chars]``; what is no text is
named by its size (``<1024 bytes of image/png>``), and an empty body is ``<no body>``. Headers are
never seen here, text is redacted, and control characters are escaped. A line ``---`` inside a body
is indented, so that no body can end its entry and begin one of its own.

What is held of a body is bounded while it streams: the characters to be kept, and a margin in which
a credential that crosses the limit can still be recognized.
"""

import codecs
import os
import re
import time
from collections.abc import Callable
from io import StringIO

from attrs import Factory, define, field, frozen

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.access import path_shown
from openaiproxy.ops.escaping import block, word
from openaiproxy.ops.logfile import RotatedFile, SteadyFile, say_on_stderr
from openaiproxy.ops.redaction import redact
from openaiproxy.profile import LogPolicy

__all__ = [
    "DOWNSTREAM_RESPONSE",
    "UPSTREAM_REQUEST",
    "UPSTREAM_RESPONSE",
    "Body",
    "Entry",
    "PayloadLog",
    "StreamedBody",
    "binary_kind",
    "open_payload_log",
]

UPSTREAM_REQUEST = "upstream-request"
UPSTREAM_RESPONSE = "upstream-response"
DOWNSTREAM_RESPONSE = "downstream-response"
_CHUNK = "-chunk"
_INFO = "port=system direction=info path=/-"

ROTATE_BYTES = 50_000_000
KEEP = 4

_MARGIN = 1000

_is_text = re.compile(
    r"|text/.*|application/(?:.*\+)?(?:json|xml|x-ndjson|jsonl|x-www-form-urlencoded|javascript)",
    re.IGNORECASE,
).fullmatch
_is_stream = re.compile(r"text/event-stream *(?:;.*)?", re.IGNORECASE).fullmatch
_event_end = re.compile(rb"\n\n|\r\n\r\n|\r\r")
_false_end = re.compile(r"^---$", re.MULTILINE)


def binary_kind(media_type: str, coding: str) -> str:
    """What a body is called if it is no text, such as ``image/png``; empty if it is.

    :param media_type: value of ``Content-Type``.
    :param coding: value of ``Content-Encoding``; anything but ``identity`` makes a body no text.
    """
    kind = media_type.partition(";")[0].strip()
    coding = "" if coding.strip().lower() == "identity" else coding.strip()
    binary = ", ".join(filter(None, (kind, coding))) if coding or not _is_text(kind) else ""
    return word(binary, 100)


def _decoder() -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder("utf-8")("replace")


@define
class Body:
    """One body on its way, of which the beginning is kept.

    :param write: is given the whole entry, once.
    :param head: the entry's first line.
    :param limit: characters written.
    :param binary: what the body is called if it is no text, such as ``image/png``; empty if it is.
    """

    _write: Callable[[str], None]
    _head: str
    _limit: int
    _binary: str
    _decoder: codecs.IncrementalDecoder = field(default=Factory(_decoder), init=False)
    _kept: StringIO = field(factory=StringIO, init=False)
    _room: int = field(init=False)
    _dropped: int = field(default=0, init=False)
    _bytes: int = field(default=0, init=False)
    _closed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._room = self._limit + _MARGIN

    def feed(self, data: bytes) -> None:
        """Take the next bytes."""
        self._bytes += len(data)
        if not self._binary:
            self._keep(self._decoder.decode(data))

    def close(self) -> None:
        """Write the entry: the body is over, or nobody will see the rest.

        Later calls do nothing.
        """
        if self._closed:
            return
        self._closed = True
        if not self._binary:
            self._keep(self._decoder.decode(b"", final=True))
        self._write(f"{self._head}\n{self._shown()}\n---\n")

    def _keep(self, text: str) -> None:
        kept = text[: self._room]
        self._kept.write(kept)
        self._room -= len(kept)
        self._dropped += len(text) - len(kept)

    def _shown(self) -> str:
        if not self._bytes:
            return "<no body>"
        if self._binary:
            return f"<{self._bytes} bytes of {self._binary}>"
        whole = redact(self._kept.getvalue())
        text = whole[: self._limit]
        shown = _false_end.sub(" ---", block(text))
        truncated = len(whole) - len(text) + self._dropped
        return f"{shown}... [truncated {truncated} chars]" if truncated else shown


@define
class StreamedBody:
    """A stream of events on its way: a :class:`Body` for each chunk of it.

    :param begin: begins the entry of a chunk, or of a stream without any.
    """

    _begin: Callable[[str], Body]
    _chunk: Body | None = field(default=None, init=False)
    _edge: bytes = field(default=b"", init=False)
    _written: bool = field(default=False, init=False)
    _closed: bool = field(default=False, init=False)

    def feed(self, data: bytes) -> None:
        """Take the next bytes; what they complete is written."""
        at = self._end_of_last_event(data)
        if at:
            self._put(data[:at])
            self._flush()
        self._put(data[at:])

    def close(self) -> None:
        """Write what is left, or that there was nothing. Later calls do nothing."""
        if not self._closed:
            self._closed = True
            if self._chunk is None and not self._written:
                self._begin("").close()
            self._flush()

    def _put(self, data: bytes) -> None:
        if data:
            self._chunk = self._chunk or self._begin(_CHUNK)
            self._chunk.feed(data)

    def _flush(self) -> None:
        chunk, self._chunk = self._chunk, None
        if chunk is not None:
            self._written = True
            chunk.close()

    def _end_of_last_event(self, data: bytes) -> int:
        """How much of this belongs to events that have ended; their ends may have begun before it."""
        seen = self._edge + data
        self._edge = seen[-3:]
        ends = [found.end() for found in _event_end.finditer(seen)]
        return max(0, ends[-1] - len(seen) + len(data)) if ends else 0


Entry = Body | StreamedBody
"""A body on its way to the file."""


@frozen
class PayloadLog:
    """The file of one or more profiles' bodies.

    :param file: where entries go. Two logs must not share one path, as each would rotate it.
    :param chars: characters kept of one body.
    :param now: time of day, in seconds since 1970.
    """

    file: SteadyFile
    chars: int
    now: Callable[[], float]

    def body(
        self,
        direction: str,
        port: int | str,
        path: str | bytes,
        media_type: str = "",
        coding: str = "",
    ) -> Entry:
        """Begin an entry, or those of a stream of events.

        :param direction: :data:`UPSTREAM_REQUEST`, :data:`UPSTREAM_RESPONSE` or :data:`DOWNSTREAM_RESPONSE`.
        :param port: that the caller came through.
        :param path: the request target; values of its query are left out.
        :param media_type: value of ``Content-Type``, empty if there is none.
        :param coding: value of ``Content-Encoding``; anything but ``identity`` makes the body no
            text.
        """
        binary, place = binary_kind(media_type, coding), path_shown(path)

        def begin(kind: str) -> Body:
            head = f"[{self._when()}] port={port} direction={direction}{kind} path={place}"
            return Body(self.file.write, head, self.chars, binary)

        return StreamedBody(begin) if _is_stream(media_type) and not binary else begin("")

    def say(self, text: str) -> None:
        """Write an entry of our own.

        :param text: one line.
        """
        self.file.write(f"[{self._when()}] {_INFO}\n{text}\n---\n")

    def _when(self) -> str:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.now()))

    def reopen(self) -> None:
        """Open what now stands at the path, as after SIGHUP."""
        self.file.reopen()

    def close(self) -> None:
        """Close for good; later entries vanish."""
        self.file.close()


def open_payload_log(
    policy: LogPolicy,
    now: Callable[[], float],
    say: Callable[[str], None] = say_on_stderr,
    rotate_bytes: int = ROTATE_BYTES,
    keep: int = KEEP,
    shared: bool = False,
) -> PayloadLog | None:
    """Open the file that a profile's policy names.

    :param now: time of day, in seconds since 1970 (``time.time``).
    :param rotate_bytes: size at which the file is rotated.
    :param keep: rotated files kept.
    :param shared: whether other processes write to the same file.
    :return: ``None`` where the policy names none.
    :raises Misconfigured: where the file can't be opened.
    """
    path = policy.payload_file
    if path is None:
        return None
    try:
        rotated = RotatedFile(path, now, rotate_bytes, keep=keep, shared=shared)
    except OSError as error:
        raise Misconfigured(f"payload file {path}: {error.strerror or error}") from error
    log = PayloadLog(
        SteadyFile(rotated, f"payload file {path}", now, say), policy.payload_chars, now
    )
    if not shared or not os.path.getsize(path):
        log.say(f"{policy.payload_chars} characters are kept of a body")
    return log
