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
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson
from attrs import frozen
from twisted.logger import LogEvent, formatEvent
from twisted.python.failure import Failure

from openaiproxy.ops.access import ACCESS, FORMAT, Exchanged, known
from openaiproxy.ops.escaping import block, one_line
from openaiproxy.ops.events import NAMESPACE as EVENTS
from openaiproxy.ops.redaction import redact

__all__ = ["FORMATS", "Form", "json_line", "json_of", "text_line", "text_of"]

_ROOT = "openaiproxy"
_COMPLETE = "proxy.request.complete"
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
        return f"{_stamp(event.get('log_time', 0.0))} [{_level(event)}] {one_line(str(event.get('line')))}\n"
    source = f"{_level(event)} {event['log_namespace']}"
    message = f"{_stamp(event.get('log_time', 0.0))} [{source}] {one_line(formatEvent(event))}"
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
        "time": _stamp(event.get("log_time", 0.0)),
        "level": _level(event),
        "from": event["log_namespace"],
    }
    if event["log_namespace"] == EVENTS:
        said |= {"event": event.get("event"), **event.get("fields", {})}
    else:
        said["message"] = redact(formatEvent(event))
        traceback = _traceback(event)
        if traceback is not None:
            said["traceback"] = redact(traceback)
    return _dump(said) + "\n"


def text_of(exchanged: Exchanged, when: float) -> str:
    """A request's line as text. Its words were redacted when they were made.

    :param when: it ended, in seconds since 1970.
    """
    return f"{_stamp(when)} [info] {exchanged}\n"


def json_of(exchanged: Exchanged, when: float) -> str:
    """The same as JSON. Every value is a number or a word of visible ASCII, so that the fast encoder writes what the
    other would.
    """
    said: dict[str, Any] = {"time": _stamp(when), "level": "info", "from": ACCESS}
    said["event"] = _COMPLETE
    said |= known(exchanged)
    for name in _SECONDS:
        if name in said:
            # Six digits, without the exactness of round(), which takes longer than all the rest of the line's numbers.
            said[name] = int(said[name] * 1e6 + 0.5) / 1e6
    return orjson.dumps(said, option=orjson.OPT_APPEND_NEWLINE).decode("ascii")


@frozen
class Form:
    """How a log file is written.

    :param event: an event as a line, or several; ``None`` for those of others.
    :param request: a request's line, and when it ended.
    """

    event: Callable[[LogEvent], str | None]
    request: Callable[[Exchanged, float], str]


FORMATS: Mapping[str, Form] = {"text": Form(text_line, text_of), "json": Form(json_line, json_of)}


def _is_ours(event: LogEvent) -> bool:
    namespace = event.get("log_namespace")
    return isinstance(namespace, str) and (namespace == _ROOT or namespace.startswith(_ROOT + "."))


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


def _stamp(when: float) -> str:
    second = int(when)
    start, zone = _second(second)
    return f"{start}.{int((when - second) * 1000):03d}{zone}"


@lru_cache(maxsize=4)
def _second(second: int) -> tuple[str, str]:
    local = time.localtime(second)
    return time.strftime("%Y-%m-%dT%H:%M:%S", local), time.strftime("%z", local)
