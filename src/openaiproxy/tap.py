"""The door: ``twistd openaiproxy``'s options, and the service that they ask for.

The only module that touches the global reactor, the real clock and the process's signals and limits.
"""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.application.service import IService, MultiService
from twisted.logger import Logger, globalLogPublisher
from twisted.python import usage

from openaiproxy.config.load import load
from openaiproxy.config.printing import print_config
from openaiproxy.config.settings import flags
from openaiproxy.errors import Misconfigured
from openaiproxy.ops.console import open_console
from openaiproxy.ops.logs import Log, open_log
from openaiproxy.ops.payloads import PayloadLog, open_payload_log
from openaiproxy.profile import Config, Profile
from openaiproxy.web.binding import bind_hosts, resolve
from openaiproxy.web.ports import ACCESS, Ports

__all__ = ["Options", "makeService"]


class Options(usage.Options):
    """The command line. Every option is a row of :mod:`openaiproxy.config.settings`."""

    synopsis = "[options]"
    longdesc = (
        "A streaming proxy between OpenAI or Anthropic clients and OpenAI. Without options it opens the profile "
        "'gateway' on 127.0.0.1:4567. Every option can also be given as OPENAIPROXY_NAME in the environment or in a "
        "configuration file."
    )
    optParameters = [
        [flag.name, None, None, flag.help]
        for flag in flags()
        if flag.takes_value and not flag.repeatable
    ]
    optFlags = [[flag.name, None, flag.help] for flag in flags() if not flag.takes_value]

    config: Config

    def __init__(self) -> None:
        self.update({flag.name: [] for flag in flags() if flag.repeatable})
        super().__init__()

    def postOptions(self) -> None:
        """Read the whole configuration, so that a mistake shows before anything is opened.

        :raises SystemExit: 1 with every mistake on standard error; 0 after ``--print-config``.
        """
        try:
            self.config = load(
                dict(self),
                os.environ,
                _read_text,
                Path.cwd(),
                bind_hosts,
                resolve,
                lambda path: path.stat().st_mode,
            )
        except Misconfigured as mistakes:
            sys.stderr.write(f"openaiproxy: {mistakes}\n")
            raise SystemExit(1) from None
        if self["print-config"]:
            sys.stdout.write(print_config(self.config))
            raise SystemExit(0)


def makeService(options: Options) -> IService:
    """The service: ports, logs, signals.

    :param options: parsed.
    """
    from twisted.internet import reactor as the_reactor

    reactor: Any = the_reactor
    # The wall clock may jump, and would fire or starve every timer.
    reactor.seconds = time.monotonic
    _raise_descriptor_limit()
    config = options.config
    for warning in config.warnings:
        sys.stderr.write(f"openaiproxy: warning: {warning}\n")
    log = _open_log(config)
    logs = _Logs(log)
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(logs.reopen))
    service = _Service()
    ports = Ports(
        reactor,
        config,
        salt=os.urandom(32),
        payloads=logs.payload_log,
        # Requests' lines go to the file alone; twistd's log would only repeat them.
        access=None if log is None else Logger(namespace=ACCESS, observer=log),
        now=time.time,
        on_stopping=lambda cut: _on_second_signal(reactor, cut),
        console=open_console(time.time),
    )
    ports.setServiceParent(service)
    return service


def _open_log(config: Config) -> Log | None:
    """The process's own log file, if it has one, listening to all of our events."""
    if config.logging.file is None and config.logging.format != "text":
        sys.stderr.write(
            "openaiproxy: warning: log-format is of the log file, and there is none (log-file)\n"
        )
    try:
        log = open_log(config.logging, time.time)
    except Misconfigured as mistake:
        sys.stderr.write(f"openaiproxy: {mistake}\n")
        raise SystemExit(1) from None
    if log is not None:
        globalLogPublisher.addObserver(log)
    return log


class _Service(MultiService):
    """The top service, which turns a port that can't be opened into one line and exit code 1."""

    def privilegedStartService(self) -> None:
        try:
            super().privilegedStartService()
        except Misconfigured as mistake:
            sys.stderr.write(f"openaiproxy: {mistake}\n")
            raise SystemExit(1) from None


class _Logs:
    """The open log files of the process: one for each path, whoever writes to it."""

    def __init__(self, log: Log | None) -> None:
        self._log = log
        self._payloads: dict[str, PayloadLog] = {}

    def payload_log(self, profile: Profile) -> PayloadLog | None:
        """The payload log of a profile. Those that name the same file share it; two would rotate it twice."""
        policy = profile.log
        opened = self._payloads.get(policy.payload_file or "") or open_payload_log(
            policy, time.time
        )
        if opened is None or policy.payload_file is None:
            return None
        self._payloads.setdefault(policy.payload_file, opened)
        return PayloadLog(opened.file, policy.payload_chars, time.time)

    def reopen(self) -> None:
        """Open what now stands at the paths."""
        for each in (self._log, *self._payloads.values()):
            if each is not None:
                each.reopen()


def _collector(name: str, text: str) -> Callable[[Options, str], None]:
    def collect(options: Options, value: str) -> None:
        options[name].append(value)

    collect.__doc__ = text
    return collect


# Twisted finds the methods of repeatable options on the class alone.
for _flag in flags():
    if _flag.repeatable:
        _method = "opt_" + _flag.name.replace("-", "_")
        setattr(Options, _method, _collector(_flag.name, _flag.help))


def _read_text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def _raise_descriptor_limit() -> None:
    """A stream takes two descriptors; the soft limit is often 1,024 where the hard one is far higher."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _on_second_signal(reactor: Any, cut: Callable[[], None]) -> None:
    """From now on SIGTERM and SIGINT end what still runs."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: reactor.callFromThread(cut))
