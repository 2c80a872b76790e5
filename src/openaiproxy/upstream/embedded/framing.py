"""Answers as bytes: events in SSE frames (plain, or odd but legal), documents as JSON, in chunks of
a bounded size.

Where a fault fails a stream or takes its end away, that happens here, between the events and their
frames.
"""

from collections.abc import Iterator
from typing import Any

import orjson

from openaiproxy.upstream.embedded.calls import Event, Events, Whole
from openaiproxy.upstream.embedded.faults import Fault
from openaiproxy.upstream.embedded.texts import spread, spread_size

__all__ = ["frame", "framed", "sliced", "whole_bytes", "whole_size"]

_SMALL = 256


def _faulted(answer: Events, fault: Fault) -> Iterator[Event]:
    """The events of an answer, as far as the fault lets them come."""
    word = "error" if fault.error is not None else "failed"
    at = fault.error if fault.error is not None else fault.failed
    for sent, event in enumerate(answer.events):
        # A stream that is over before the fault's turn fails where its end would be.
        if at is not None and (sent == at or event.terminal):
            yield from answer.broken(word, sent)
            return
        if fault.noend and event.terminal:
            return
        yield event


def framed(answer: Events, fault: Fault) -> Iterator[bytes]:
    """A stream as chunks: one for each event, more for those that hold a long text."""
    for event in _faulted(answer, fault):
        for chunk in spread(frame(event, fault.framing), answer.text):
            if "bytewise" in fault.framing:
                yield from (chunk[at : at + 1] for at in range(len(chunk)))
            elif chunk:
                yield chunk


def frame(event: Event, styles: frozenset[str] = frozenset()) -> bytes:
    """One event as bytes.

    :param styles: of :data:`~openaiproxy.upstream.embedded.faults.FRAMINGS`.
    """
    indent = orjson.OPT_INDENT_2 if "multiline" in styles else 0
    data = (
        event.data.encode()
        if isinstance(event.data, str)
        else orjson.dumps(event.data, None, indent)
    )
    colon = b":" if "nospace" in styles else b": "
    lines = [b"event" + colon + event.name.encode()] if event.name else []
    lines += [b"data" + colon + line for line in data.split(b"\n")]
    if "comments" in styles:
        lines = [b": a comment", b":", b"id" + colon + b"1", *lines, b"retry" + colon + b"3000"]
    ending = b"\r\n" if "crlf" in styles else b"\r" if "cr" in styles else b"\n"
    return ending.join([*lines, b"", b""])


def _serialised(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else orjson.dumps(body, None, orjson.OPT_INDENT_2)


def whole_bytes(answer: Whole) -> Iterator[bytes]:
    """A whole answer as bytes, its long text made while it's written."""
    return spread(_serialised(answer.body), answer.text)


def whole_size(answer: Whole) -> int:
    """How many bytes :func:`whole_bytes` gives."""
    return spread_size(_serialised(answer.body), answer.text)


def sliced(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in chunks small enough to count by."""
    for block in blocks:
        yield from (block[at : at + _SMALL] for at in range(0, len(block), _SMALL))
