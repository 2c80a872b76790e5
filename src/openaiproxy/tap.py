"""The door: ``twistd openaiproxy``'s options, and the service that they ask for.

The only module that touches the global reactor, the real clock and the process's signals and limits.
"""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from twisted.application.service import IService, MultiService
from twisted.internet.defer import Deferred
from twisted.logger import Logger, globalLogPublisher
from twisted.python import usage

from openaiproxy.config.load import load
from openaiproxy.config.printing import print_config
from openaiproxy.config.settings import flags
from openaiproxy.errors import Misconfigured
from openaiproxy.ops.collector import settle
from openaiproxy.ops.console import open_console
from openaiproxy.ops.files import LogFiles
from openaiproxy.ops.masking import mask
from openaiproxy.ops.notify import Announcer
from openaiproxy.profile import Config
from openaiproxy.web.binding import bind_hosts, resolve
from openaiproxy.web.ports import Ports

if TYPE_CHECKING:
    from openaiproxy.workers.crew import Crew

__all__ = ["Options", "Reload", "makeService"]

_log = Logger(namespace="openaiproxy")


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
        self._cwd = Path.cwd()
        self._hosts: dict[str, list[str]] = {}
        super().__init__()

    def postOptions(self) -> None:
        """Read the whole configuration, so that a mistake shows before anything is opened.

        :raises SystemExit: 1 with every mistake on standard error; 0 after ``--print-config``.
        """
        try:
            self.config = self.read()
        except Misconfigured as mistakes:
            sys.stderr.write(f"openaiproxy: {mistakes}\n")
            raise SystemExit(1) from None
        if self["print-config"]:
            sys.stdout.write(print_config(self.config))
            raise SystemExit(0)

    def read(self) -> Config:
        """The configuration as its files now have it, under the same flags and variables.

        :raises Misconfigured: with every mistake.
        """
        known = {flag.name for flag in flags()}
        return load(
            {name: value for name, value in self.items() if name in known},
            os.environ,
            _read_text,
            self._cwd,
            self._bind_hosts,
            resolve,
            lambda path: path.stat().st_mode,
        )

    def _bind_hosts(self, endpoint: str) -> list[str]:
        # A socket that was handed to the process can be asked once: then its port has taken it over.
        if endpoint not in self._hosts:
            self._hosts[endpoint] = bind_hosts(endpoint)
        return self._hosts[endpoint]


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
    files = _open_files(config)
    environ = dict(os.environ)
    # What this process starts is not what the manager asked after.
    for name in ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"):
        os.environ.pop(name, None)
    serving, announcer = _serve(reactor, config, files, environ)
    reload = Reload(options.read, files, serving, announcer, config)
    signal.signal(signal.SIGHUP, lambda *_: reactor.callFromThread(reload.run))
    reactor.callWhenRunning(settle)
    service = _Service()
    serving.setServiceParent(service)
    announcer.setServiceParent(service)
    return service


def _serve(
    reactor: Any, config: Config, files: LogFiles, environ: Mapping[str, str]
) -> tuple["Ports | Crew", Announcer]:
    """What serves, in this process or in others, and what tells of it."""

    def on_stopping(cut: Callable[[], None]) -> None:
        _on_second_signal(reactor, cut)

    if config.workers == 0:
        ports = Ports(
            reactor,
            config,
            salt=os.urandom(32),
            payloads=files.payload_log,
            access=files.access,
            now=time.time,
            on_stopping=on_stopping,
            console=open_console(time.time),
        )
        return ports, Announcer(reactor, environ, ports.describe, ports.urls)
    # Not where one process serves alone.
    from openaiproxy.workers.crew import Crew

    crew = Crew(
        reactor,
        config,
        config.workers or _cores(),
        now=time.time,
        payloads=files.payload_log,
        on_ready=lambda: announcer.ready(),
        on_stopping=on_stopping,
    )
    announcer = Announcer(reactor, environ, crew.describe, crew.urls, at_once=False)
    return crew, announcer


def _open_files(config: Config) -> LogFiles:
    """The process's log file, if it has one, listening to all of our events; what others write of them is masked."""
    if config.logging.file is None and config.logging.format != "text":
        sys.stderr.write(
            "openaiproxy: warning: log-format is of the log file, and there is none (log-file)\n"
        )
    try:
        files = LogFiles(config.logging, time.time, globalLogPublisher, shared=config.workers != 0)
    except Misconfigured as mistake:
        sys.stderr.write(f"openaiproxy: {mistake}\n")
        raise SystemExit(1) from None
    globalLogPublisher.addObserver(files)
    # Before twistd's own, which is added when the service is made.
    globalLogPublisher.addObserver(mask)
    return files


class _Service(MultiService):
    """The top service, which turns a port that can't be opened into one line and exit code 1."""

    def privilegedStartService(self) -> None:
        try:
            super().privilegedStartService()
        except Misconfigured as mistake:
            sys.stderr.write(f"openaiproxy: {mistake}\n")
            raise SystemExit(1) from None


@frozen
class Reload:
    """What SIGHUP does: opens the logs anew, and goes over to what the configuration's files now say.

    A configuration with a mistake is refused as a whole; the log says what is wrong with it, and the old one stays.
    """

    _read: Callable[[], Config]
    _files: LogFiles
    _serving: "Ports | Crew"
    _announcer: Announcer
    _begun_with: Config = field(repr=False)

    def run(self) -> None:
        """Do it. Nothing is raised."""
        self._announcer.reloading()
        self._files.reopen()
        try:
            taken = self._take()
        except Misconfigured as mistakes:
            for mistake in str(mistakes).splitlines():
                _log.error("not reloaded, the old configuration stays: {mistake}", mistake=mistake)
            self._announcer.ready()
        else:
            taken.addCallback(self._done)

    def _done(self, everywhere: bool) -> None:
        if everywhere:
            _log.info("the configuration is reloaded")
        else:
            _log.error("not reloaded at every worker; the next reload tries again")
        self._announcer.ready()

    def _take(self) -> "Deferred[bool]":
        config = self._read()
        self._refuse_what_stays(config)
        log = self._files.open_log(config.logging)
        try:
            taken = self._serving.reload(config)
        except Misconfigured:
            self._files.drop(log)
            raise
        self._files.use(config.logging, log, [port.profile for port in config.ports])
        for warning in config.warnings:
            _log.warn("{warning}", warning=warning)
        return taken

    def _refuse_what_stays(self, config: Config) -> None:
        """:raises Misconfigured: where it changes what a process is made with, rather than leave that out unsaid."""
        begun = self._begun_with
        if config.workers != begun.workers:
            former, new = (
                "auto" if each is None else each for each in (begun.workers, config.workers)
            )
            raise Misconfigured(f"workers: from {former} to {new} takes a restart")
        # Workers are made anew, with whatever is configured by then.
        if config.workers == 0 and config.wire != begun.wire:
            raise Misconfigured(f"wire: from {begun.wire} to {config.wire} takes a restart")


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


def _cores() -> int:
    """Those that this process may use, where the system tells."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _on_second_signal(reactor: Any, cut: Callable[[], None]) -> None:
    """From now on SIGTERM and SIGINT end what still runs."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: reactor.callFromThread(cut))
