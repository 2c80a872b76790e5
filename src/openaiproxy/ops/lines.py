"""From an event of twisted.logger to what stands in our log file: text, or one JSON object a line.

Text::

    2026-10-01T12:00:00.123+0200 [info] POST /v1/models 200 complete id=... took=0.120
    2026-10-01T12:00:01.456+0200 [critical openaiproxy.web.exchange] While ending a request
    \tTraceback (most recent call last):
    \t...

JSON, with the fields of :class:`~openaiproxy.ops.access.Exchanged` where the event is of a
request::

    {"time":"2026-10-01T12:00:00.123+0200","level":"info","from":"openaiproxy.access",
     "event":"proxy.request.complete","method":"POST","path":"/v1/responses","status":200,...}

Only events of our own namespace are formatted. A message is one line whatever was formatted into
it; only a traceback has several, and each is indented, so that nothing but an event begins at the
margin. A traceback names files, lines, and the exception's text, never the values of variables.

Formatting never raises, for it runs inside whatever was logging.
"""

import json
import time
from collections.abc import Callable
from functools import lru_cache

import orjson
from twisted.logger import LogEvent, formatEvent
from twisted.python.failure import Failure

from openaiproxy.ops.access import FIELDS, FORMAT
from openaiproxy.ops.escaping import block, one_line
from openaiproxy.ops.events import NAMESPACE as EVENTS
from openaiproxy.ops.redaction import redact

__all__ = ["FORMATS", "json_line", "text_line"]

_ROOT = "openaiproxy"
_SECONDS = ("first_byte", "duration", "waited", "overhead")

# Escapes all that is not ASCII, lone surrogates too.
_dump = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=str).encode


def text_line(event: LogEvent) -> str | None:
    """Format an event as text.

    :return: one line, or several with a traceback, with the line feed; ``None`` for events of
        others.
    """
    if not _is_ours(event):
        return None
    if event.get("log_format") == FORMAT:
        # The words were redacted when they were made; once more would cost as much as the rest.
        return f"{_stamp(event)} [{_level(event)}] {one_line(str(event.get('line')))}\n"
    source = f"{_level(event)} {event['log_namespace']}"
    message = f"{_stamp(event)} [{source}] {one_line(formatEvent(event))}"
    traceback = _traceback(event)
    if traceback is not None:
        message += ("\n" + block(traceback).rstrip("\n")).replace("\n", "\n\t")
    return redact(message) + "\n"


def json_line(event: LogEvent) -> str | None:
    """Format an event as JSON.

    Strings are redacted before they are encoded, so that what is replaced can't end inside an
    escape.

    :return: one object and the line feed; ``None`` for events of others.
    """
    if not _is_ours(event):
        return None
    said: dict[str, object] = {
        "time": _stamp(event),
        "level": _level(event),
        "from": event["log_namespace"],
    }
    if event["log_namespace"] == EVENTS:
        said |= {"event": event.get("event"), **event.get("fields", {})}
    elif event.get("log_format") == FORMAT:
        return _request_line(event, said)
    else:
        said["message"] = redact(formatEvent(event))
        traceback = _traceback(event)
        if traceback is not None:
            said["traceback"] = redact(traceback)
    return _dump(said) + "\n"


FORMATS: dict[str, Callable[[LogEvent], str | None]] = {"text": text_line, "json": json_line}


def _is_ours(event: LogEvent) -> bool:
    namespace = event.get("log_namespace")
    return isinstance(namespace, str) and (namespace == _ROOT or namespace.startswith(_ROOT + "."))


def _request_line(event: LogEvent, said: dict[str, object]) -> str:
    """Every value is a number or a word of visible ASCII, so that the fast encoder writes what the other would."""
    said["event"] = "proxy.request.complete"
    for name in FIELDS:
        value = event[name]
        if value is not None:
            said[name] = value
    for name in _SECONDS:
        if name in said:
            said[name] = round(event[name], 6)
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE).decode("ascii")


def _traceback(event: LogEvent) -> str | None:
    failure = event.get("log_failure")
    if not isinstance(failure, Failure):
        return None
    try:
        # "default" is the detail without variables, whatever the failure captured.
        return failure.getTraceback(detail="default")
    except Exception as error:
        return f"no traceback: {type(error).__name__}"


def _level(event: LogEvent) -> str:
    return getattr(event.get("log_level"), "name", "-")


def _stamp(event: LogEvent) -> str:
    when = event.get("log_time", 0.0)
    second = int(when)
    start, zone = _second(second)
    return f"{start}.{int((when - second) * 1000):03d}{zone}"


@lru_cache(maxsize=4)
def _second(second: int) -> tuple[str, str]:
    local = time.localtime(second)
    return time.strftime("%Y-%m-%dT%H:%M:%S", local), time.strftime("%z", local)
