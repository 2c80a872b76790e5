"""The log files of a process: its own log, and the payload logs of its profiles.

One file for each path, whoever writes to it: two would rotate it twice. All of them can be opened anew after someone
moved them, and the log can give way to one with other settings while lines are being written; a payload log that no
profile names any more stays open for the requests that still write to it, and goes with the last of them.
"""

from collections.abc import Callable, Iterable

from twisted.logger import ILogObserver, LogEvent
from zope.interface import implementer

from openaiproxy.ops.logs import Log, open_log
from openaiproxy.ops.payloads import PayloadLog, open_payload_log
from openaiproxy.profile import Logging, Profile

__all__ = ["LogFiles"]


@implementer(ILogObserver)
class LogFiles:
    """The open files, and an observer that writes to the log, if there is one.

    :param settings: of the log.
    :param now: time of day, in seconds since 1970.
    :param otherwise: gets the lines of requests where there is no log file.
    :param shared: whether other processes write to the same files.
    :raises Misconfigured: where the log can't be opened.
    """

    def __init__(
        self,
        settings: Logging,
        now: Callable[[], float],
        otherwise: Callable[[LogEvent], None],
        shared: bool = False,
    ) -> None:
        self._settings = settings
        self._now = now
        self._otherwise = otherwise
        self._shared = shared
        self._log = open_log(settings, now, shared=shared)
        self._payloads: dict[str, PayloadLog] = {}

    def __call__(self, event: LogEvent) -> None:
        """Write an event of the process."""
        if self._log is not None:
            self._log(event)

    def access(self, event: LogEvent) -> None:
        """Write a request's line: to the log file alone, where there is one."""
        if self._log is None:
            self._otherwise(event)
        else:
            self._log.access(event)

    def payload_log(self, profile: Profile) -> PayloadLog | None:
        """The payload log of a profile, shared with those that name the same file.

        :raises Misconfigured: where it can't be opened.
        """
        policy = profile.log
        if policy.payload_file is None:
            return None
        opened = self._payloads.get(policy.payload_file) or open_payload_log(
            policy, self._now, shared=self._shared
        )
        if opened is None:
            return None
        self._payloads.setdefault(policy.payload_file, opened)
        return PayloadLog(opened.file, policy.payload_chars, self._now)

    def reopen(self) -> None:
        """Open what now stands at the paths."""
        for each in (self._log, *self._payloads.values()):
            if each is not None:
                each.reopen()

    def open_log(self, settings: Logging) -> Log | None:
        """A log with these settings, to be handed to :meth:`use` or closed again; the present one where it has them.

        :raises Misconfigured: where it can't be opened.
        """
        return (
            self._log
            if settings == self._settings
            else open_log(settings, self._now, shared=self._shared)
        )

    def drop(self, log: Log | None) -> None:
        """Close a log that was opened and is not to be used after all."""
        if log is not None and log is not self._log:
            log.close()

    def use(self, settings: Logging, log: Log | None, profiles: Iterable[Profile]) -> None:
        """Go over to a log, and forget the payload logs that no profile names."""
        former, self._log, self._settings = self._log, log, settings
        self.drop(former)
        named = {profile.log.payload_file for profile in profiles}
        self._payloads = {path: each for path, each in self._payloads.items() if path in named}
