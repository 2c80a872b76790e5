"""The process itself: twistd, with our service and no search for plugins.

``run`` stays in the foreground and writes to standard output. ``_serve`` is what ``start`` starts: it writes to a
file that is rotated, and is told by its lock on the pid file (:mod:`openaiproxy.cli.pidfile`).
"""

import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, cast

from twisted.application import app
from twisted.application.service import ServiceMaker
from twisted.scripts import twistd

from openaiproxy.ops.logfile import RotatedFile, SteadyFile

__all__ = ["serve"]

# twistd names it for one of two systems, where checkers of types don't look.
_ServerOptions: Any = vars(twistd)["ServerOptions"]
_ROTATE_BYTES = 10_000_000
_KEEP = 4


class _Twistd(_ServerOptions):  # type: ignore[misc]
    """twistd's own options, with one service to choose from."""

    @property
    def subCommands(self) -> Iterator[Any]:
        """The one."""
        maker = ServiceMaker("openaiproxy", "openaiproxy.tap", "", "openaiproxy")
        self.loadedPlugins = {maker.tapname: maker}
        yield (maker.tapname, None, lambda: maker.options(), maker.description)


def serve(arguments: Sequence[str], output: Path | None = None) -> None:
    """Run until told to stop.

    :param arguments: of the service.
    :param output: the file for all that would go to standard output and error.
    :raises SystemExit: 1 where nothing could be opened.
    """
    if output is not None:
        rotated = RotatedFile(str(output), time.time, _ROTATE_BYTES, keep=_KEEP)
        nowhere: list[str] = []
        written = SteadyFile(rotated, "log", time.time, nowhere.append)
        sys.stdout = sys.stderr = cast(Any, written)
    sys.argv = ["openaiproxy", "-n", "--pidfile=", "openaiproxy", *arguments]
    app.run(twistd.runApp, _Twistd)
