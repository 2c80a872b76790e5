"""Masks credentials in what others write of an event: twistd's own log, and any observer that an operator added.

Our own files redact what they write (:mod:`openaiproxy.ops.lines`). Where there are none, lines and tracebacks go
where twistd's go, ours as well as Twisted's and any library's, and nothing on that way knows of credentials. All
observers are given the same event, in the order in which they were added; twistd adds its own when the service has
been made. So an observer that was added by then can mask the event itself, before it is written.

Nothing is done to an event in which there is nothing to mask, and little to the others: texts within it are redacted;
where that doesn't suffice, as a credential stands in something else (bytes, a dictionary, an exception), what would be
written takes the place of the format, and of the fields. A traceback is redacted as text.
"""

from typing import Any

from attrs import field, frozen
from twisted.logger import ILogObserver, LogEvent, formatEvent
from twisted.python.failure import Failure
from zope.interface import implementer

from openaiproxy.ops.access import FORMAT
from openaiproxy.ops.redaction import REDACTED, redact

__all__ = ["MaskedFailure", "mask"]

_OURS = "openaiproxy."
_PLAIN = (str, int, float, type(None))
_HOLDING = (bytes, bytearray, dict, list, tuple, set, frozenset)
# A failure has one of these names in events of twisted.logger, the other in those of twisted.python.log.
_FAILURES = ("log_failure", "failure")


@frozen
class MaskedFailure:
    """Stands for a failure that told a credential; gives its text to observers, as they ask for it.

    :param type: of the exception.
    """

    type: Any
    _text: str = field(repr=False)

    def getTraceback(self, *_: object, **__: object) -> str:
        """The traceback, without what was masked."""
        return self._text

    getBriefTraceback = getTraceback

    def getErrorMessage(self) -> str:
        """Its last line."""
        return self._text.rstrip("\n").rpartition("\n")[2]


@implementer(ILogObserver)
class _Mask:
    """An observer that writes nothing."""

    def __call__(self, event: LogEvent) -> None:
        if event.get("log_format") == FORMAT and str(event["log_namespace"]).startswith(_OURS):
            return  # These words were redacted when they were made.
        for name in _FAILURES:
            if isinstance(event.get(name), Failure):
                _mask_failure(event, name)
        for name, value in list(event.items()):
            if isinstance(value, str):
                event[name] = redact(value)
            elif name == "message" and isinstance(value, tuple):
                event[name] = tuple(redact(str(each)) for each in value)
        _mask_text(event)


mask = _Mask()
"""The observer."""


def _mask_failure(event: LogEvent, name: str) -> None:
    failure = event[name]
    try:
        text = failure.getTraceback()
    except Exception as error:
        text = f"no traceback: {type(error).__name__}"
    masked = redact(text)
    if masked != text:
        event[name] = MaskedFailure(failure.type, masked)
        event["traceback"] = masked  # for observers that write JSON, which take no such object


def _mask_text(event: LogEvent) -> None:
    text = formatEvent(event)
    masked = redact(text)
    telling = {
        name for name, value in event.items() if isinstance(value, _HOLDING) and _tells(value)
    }
    if masked == text and not telling:
        return
    if masked != text:
        telling.update(
            name
            for name, value in event.items()
            if name not in _FAILURES and not isinstance(value, (*_PLAIN, tuple))
        )
    event.update({name: REDACTED for name in telling if not name.startswith("log_")})
    event["log_format"], event["log_text"] = "{log_text}", masked
    event.pop("log_flattened", None)


def _tells(value: Any) -> bool:
    """Whether a credential stands in it, written or not: an observer that writes JSON writes all fields."""
    try:
        text = repr(value)
    except Exception:
        return True
    return redact(text) is not text
