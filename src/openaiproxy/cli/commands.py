"""``openaiproxy COMMAND``: the commands, and what each takes.

Those that need a configuration take every option of ``twistd openaiproxy``; the table of those is read once, by
:class:`openaiproxy.tap.Options`. What a command does stands in :mod:`openaiproxy.cli.work` and is imported when it is
asked for: ``status`` need not wait for a web server to be read in.

Exit codes: 0 done; 1 it failed, or it doesn't run; 2 the command line or the configuration is wrong.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from twisted.python import usage

__all__ = ["Openaiproxy", "main"]

_HOME = "~/.openaiproxy"
_PID_FILE = ["pid-file", None, f"{_HOME}/openaiproxy.pid", "File that names the process."]
_STATE_FILE = ["state-file", None, f"{_HOME}/config.toml", "File that keeps the options."]


class _Command(usage.Options):
    """A command without a configuration."""

    def path(self, name: str) -> Path:
        """A file that an option names; absolute."""
        return Path(self[name]).expanduser().absolute()


class Stop(_Command):
    """Ends the process, and lets running answers finish first."""

    optParameters = [
        _PID_FILE,
        # It needs none, and whoever names one to all commands need not leave it out here.
        _STATE_FILE,
        ["timeout", None, 35.0, "Seconds until it is forced.", float],
    ]


class Status(_Command):
    """Says whether the process runs, and whether its ports answer."""

    optParameters = [_PID_FILE, _STATE_FILE]
    optFlags = [["verbose", "v", "Say more: options, files, memory."]]

    def __init__(self) -> None:
        super().__init__()
        self["url"] = []

    def opt_url(self, url: str) -> None:
        """Ask this port, such as http://127.0.0.1:4567, and look at no file. Repeatable."""
        self["url"].append(url)


class SseCap(_Command):
    """Finds out whether something on the way to a port of the profile simple cuts long streams.

    The security key is read from SSE_CAP_PROBE_SECURITY_KEY, or SECURITY_KEY. Exit code 1 if nothing can be concluded.
    """

    synopsis = "[options] URL"
    optParameters = [
        ["seconds", None, 90.0, "How long each of three streams is to last (0.3 to 180).", float],
        [
            "patience",
            None,
            None,
            "Seconds after which one is given up (to 600); 30 more by default.",
            float,
        ],
    ]

    def parseArgs(self, *urls: str) -> None:
        """The port's address, or the endpoint's where something else stands before it."""
        if len(urls) != 1:
            raise usage.UsageError("expected one URL, behind the options")
        self["url"] = urls[0]

    def postOptions(self) -> None:
        """A probe has its bounds."""
        if not 0.3 <= self["seconds"] <= 180:
            raise usage.UsageError("expected --seconds from 0.3 to 180")
        if self["patience"] is not None and not 0 < self["patience"] <= 600:
            raise usage.UsageError("expected --patience from above 0 to 600")


class Version(_Command):
    """Says which version this is."""


def _configured(name: str) -> Callable[[], usage.Options]:
    """A command that takes the options of the service, too."""

    def make() -> usage.Options:
        from openaiproxy.cli import configured

        made: usage.Options = getattr(configured, name)()
        return made

    return make


class Openaiproxy(usage.Options):
    """The command line."""

    synopsis = "openaiproxy COMMAND [options]"
    longdesc = "A streaming proxy between OpenAI or Anthropic clients and OpenAI."
    subCommands = [
        ["start", None, _configured("Start"), "Start in the background."],
        ["stop", None, Stop, "Stop."],
        ["restart", None, _configured("Restart"), "Stop, and start with the same options."],
        ["status", None, Status, "Say whether it runs."],
        ["doctor", None, _configured("Doctor"), "Look for what is wrong, and say what to do."],
        ["run", None, _configured("Run"), "Run in the foreground."],
        ["check-config", None, _configured("CheckConfig"), "Read the configuration, open nothing."],
        ["sse-cap", None, SseCap, "Find what cuts long streams on the way to a port."],
        ["version", None, Version, "Say which version this is."],
        ["_serve", None, _configured("Serve"), ""],
    ]

    def getUsage(self, width: int | None = None) -> str:
        """Without the command that ``start`` uses."""
        text: str = super().getUsage(width)
        return "\n".join(line for line in text.split("\n") if "_serve" not in line)

    def opt_version(self) -> None:
        """Say which version this is."""
        self.subCommand = "version"
        self.subOptions = Version()
        raise _Enough

    def postOptions(self) -> None:
        """A command is needed."""
        if self.subCommand is None:
            raise usage.UsageError("expected a command; openaiproxy --help names them")


class _Enough(Exception):
    """The rest of the command line doesn't matter."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Do what the command line says.

    :param arguments: those of the process by default.
    :raises SystemExit: always.
    """
    options = Openaiproxy()
    try:
        options.parseOptions(sys.argv[1:] if arguments is None else list(arguments))
    except _Enough:
        pass
    except usage.UsageError as error:
        sys.stderr.write(f"ERROR: {error}\n")
        raise SystemExit(2) from None
    from openaiproxy.cli.work import WORK

    raise SystemExit(WORK[str(options.subCommand)](options.subOptions))
