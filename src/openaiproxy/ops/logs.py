"""Where the process's own lines go: our file with our formats, or else twistd's log.

An observer made here takes events of the namespace ``openaiproxy`` and no others. It is meant both
as the ``observer`` of a ``Logger`` and for ``globalLogPublisher.addObserver``.
"""

from collections.abc import Callable
from typing import IO, cast

from attrs import frozen
from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogObserver,
    LogEvent,
    LogLevel,
    LogLevelFilterPredicate,
)
from zope.interface import implementer

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.lines import FORMATS
from openaiproxy.ops.logfile import RotatedFile, SteadyFile, say_on_stderr
from openaiproxy.profile import Logging

__all__ = ["Log", "open_log"]


@implementer(ILogObserver)
@frozen
class Log:
    """An open log file, as an observer of events."""

    file: SteadyFile
    _observe: ILogObserver
    _format: Callable[[LogEvent], str | None]
    _takes_requests: bool

    def __call__(self, event: LogEvent) -> None:
        """Write an event of ours. Raises nothing that the disk does."""
        self._observe(event)

    def access(self, event: LogEvent) -> None:
        """Write a request's line, whose level needs no looking up."""
        if self._takes_requests:
            self.file.write(self._format(event) or "")

    @property
    def lost(self) -> int:
        """Events that could not be written since the start."""
        return self.file.lost

    def reopen(self) -> None:
        """Open what now stands at the path, as after SIGHUP."""
        self.file.reopen()

    def close(self) -> None:
        """Close for good, at the end of the process; later events vanish."""
        self.file.close()


def open_log(
    settings: Logging,
    now: Callable[[], float],
    say: Callable[[str], None] = say_on_stderr,
    shared: bool = False,
) -> Log | None:
    """Open the log file that the settings name.

    :param now: time of day, in seconds since 1970 (``time.time``).
    :param say: takes a sentence for the operator when the file fails and when it recovers.
    :param shared: whether other processes write to the same file.
    :return: ``None`` where they name no file, so that events go where twistd's go.
    :raises Misconfigured: where the format is unknown or the file can't be opened.
    """
    if settings.format not in FORMATS:
        known = " or ".join(FORMATS)
        raise Misconfigured(f"log format {settings.format!r}: expected {known}")
    path = settings.file
    if path is None:
        return None
    try:
        rotated = RotatedFile(
            path, now, settings.rotate_bytes, settings.rotate_daily, settings.keep, shared
        )
    except OSError as error:
        raise Misconfigured(f"log file {path}: {error.strerror or error}") from error
    file = SteadyFile(rotated, f"log file {path}", now, say)
    format_ = FORMATS[settings.format]
    written = FileLogObserver(cast(IO[str], file), format_)
    least = LogLevel.levelWithName(settings.level)
    chosen = FilteringLogObserver(written, [LogLevelFilterPredicate(least)])
    return Log(file, chosen, format_, least <= LogLevel.info)
