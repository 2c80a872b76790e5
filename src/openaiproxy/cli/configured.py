"""The commands that take the options of the service.

A mistake in the configuration is told here, before anything is started or stopped, and with exit code 2; only
``doctor`` goes on and makes it its first finding.
"""

import os
import sys
from pathlib import Path
from typing import Any

from twisted.python.usage import UsageError

from openaiproxy.cli.commands import _PID_FILE, _STATE_FILE
from openaiproxy.cli.saved import arguments, given, secrets_in
from openaiproxy.cli.state import State, read_state
from openaiproxy.config.printing import print_config
from openaiproxy.errors import Misconfigured
from openaiproxy.tap import Options

__all__ = ["CheckConfig", "Configured", "Doctor", "Restart", "Run", "Serve", "Start"]

_OUTPUT = ["output", None, None, "File for the log where no log-file is named (beside pid-file)."]


class Configured(Options):
    """The service's options, and some of the command's own."""

    def postOptions(self) -> None:
        """Read the configuration.

        :raises SystemExit: 2 with every mistake.
        """
        try:
            self.config = self.read()
        except Misconfigured as mistakes:
            sys.stderr.writelines(f"ERROR: {line}\n" for line in str(mistakes).splitlines())
            raise SystemExit(2) from None
        if self["print-config"]:
            sys.stdout.write(print_config(self.config))
            raise SystemExit(0)

    def path(self, name: str) -> Path:
        """A file that an option names; absolute."""
        return Path(self[name]).expanduser().absolute()


class Run(Configured):
    """Runs in the foreground."""


class Serve(Options):
    """What ``start`` starts. Its configuration was read before, and is read again by the service."""

    optParameters = [_OUTPUT]

    def postOptions(self) -> None:
        """Nothing: the service will read it."""


class CheckConfig(Configured):
    """Reads the configuration and opens nothing."""


class Doctor(Configured):
    """Looks at everything that a start needs."""

    optParameters = [_PID_FILE, _STATE_FILE]
    optFlags = [["skip-upstream", None, "Ask nothing of the upstream."]]

    def postOptions(self) -> None:
        """Read the configuration; mistakes are findings."""
        self.mistakes: list[str] = []
        try:
            self.config = self.read()
        except Misconfigured as mistakes:
            self.mistakes = str(mistakes).splitlines()


class _Background(Configured):
    optParameters: list[list[Any]] = [_PID_FILE, _STATE_FILE, _OUTPUT]

    def postOptions(self) -> None:
        """Keep what was said, and read the configuration."""
        self.saved = given(self)
        if secrets := secrets_in(self.saved):
            sys.stderr.writelines(f"ERROR: {line}\n" for line in secrets)
            raise SystemExit(2)
        super().postOptions()

    @property
    def output(self) -> Path:
        """Where the process writes what isn't in a log file of its own."""
        return self.path("output") if self["output"] else self.path("pid-file").with_suffix(".log")

    def arguments(self) -> list[str]:
        """What the process is given."""
        return arguments(self.saved)


class Start(_Background):
    """Starts in the background."""

    optFlags = [["foreground", None, "Stay in the foreground instead, as run does."]]


class Restart(_Background):
    """Stops, and starts with the options of last time; those that are given now come first."""

    optParameters: list[list[Any]] = [
        ["timeout", None, 35.0, "Seconds until it is forced to stop.", float]
    ]

    def postOptions(self) -> None:
        """Lay what is given over what was kept, in the folder where it was started."""
        state = self._state()
        try:
            os.chdir(state.directory)
        except OSError as error:
            raise UsageError(f"the folder where it was started: {error}") from None
        self._cwd = Path(state.directory)
        for name, value in state.options.items():
            if not self.get(name):
                self[name] = value
        super().postOptions()

    def _state(self) -> State:
        path = self.path("state-file")
        for name in ("pid-file", "state-file", "output"):
            # They are named from here, not from where it was started.
            self[name] = str(self.path(name)) if self[name] else self[name]
        try:
            return read_state(path)
        except FileNotFoundError:
            sys.stderr.write(f"openaiproxy config file not found: {path}\n")
        except (OSError, ValueError) as error:
            sys.stderr.write(f"openaiproxy config file {path} can't be used: {error}\n")
        raise SystemExit(1)
