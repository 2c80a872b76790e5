"""Watching a process for long: its memory and descriptors by the second, and every line of its log."""

import json
import statistics
from collections import Counter
from pathlib import Path
from typing import IO

from attrs import define, field
from processes import Process

__all__ = ["ENDINGS", "LogTail", "Samples"]

#: How a request may end whose upstream never fails: well, or by its client's doing.
ENDINGS = {
    "complete",
    "client-gone",
    "refused head_timeout",
    "timeout-body",
    "timeout-client-write",
}


@define
class Samples:
    """Memory in MB and open descriptors, as they were seen one after another."""

    memory: list[float] = field(factory=list)
    descriptors: list[int] = field(factory=list)

    def take(self, process: Process) -> None:
        """Look once."""
        self.memory.append(process.rss() / 1e6)
        self.descriptors.append(len(process.open_files()))

    def quarters(self) -> list[float]:
        """The median of memory in each quarter of the time."""
        size = len(self.memory) // 4
        starts = range(0, 4 * size, size)
        return [statistics.median(self.memory[start : start + size]) for start in starts]


@define
class LogTail:
    """Reads a log of JSON lines as it grows, across rotations.

    :ivar errors: lines at the level error or above, or with a traceback.
    :ivar endings: of requests, and how many there were.
    """

    path: Path
    errors: list[str] = field(factory=list)
    endings: Counter[str] = field(factory=Counter)
    _file: IO[bytes] | None = None
    _rest: bytes = b""

    def read(self) -> None:
        """Take what was written since the last time."""
        if self._file is None:
            if not self.path.exists():
                return
            self._file = self.path.open("rb")
        self._take(self._file)
        if self.path.exists() and self.path.stat().st_ino != _number(self._file):
            self._take(self._file)
            self._file.close()
            self._file = self.path.open("rb")
            self._take(self._file)

    def _take(self, file: IO[bytes]) -> None:
        *lines, self._rest = (self._rest + file.read()).split(b"\n")
        for line in lines:
            self._see(line)

    def _see(self, line: bytes) -> None:
        said = json.loads(line)
        if said["level"] in ("error", "critical") or "traceback" in said:
            self.errors.append(line.decode())
        if "ending" in said:
            refused = f" {said.get('code')}" if said["ending"] == "refused" else ""
            self.endings[said["ending"] + refused] += 1


def _number(file: IO[bytes]) -> int:
    return Path(f"/proc/self/fd/{file.fileno()}").stat().st_ino
