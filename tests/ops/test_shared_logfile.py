"""One file, several processes, and a size that makes all of them want to rotate it: no line is lost."""

import multiprocessing
import os
from pathlib import Path

from openaiproxy.ops.logfile import RotatedFile

LINES, WRITERS = 2000, 3


def _write(path: str, writer: int) -> None:
    file = RotatedFile(path, lambda: 1e9, 2000, keep=100_000, shared=True)
    for line in range(LINES):
        file.write(b"%d:%d\n" % (writer, line))


def test_no_line_is_lost_however_many_rotate(tmp_path: Path) -> None:
    path = str(tmp_path / "log")
    spawn = multiprocessing.get_context("fork")
    writers = [spawn.Process(target=_write, args=(path, number)) for number in range(WRITERS)]
    for each in writers:
        each.start()
    for each in writers:
        each.join(60)
    assert [each.exitcode for each in writers] == [0] * WRITERS
    files = list(tmp_path.iterdir())
    lines = [line for file in files for line in file.read_bytes().splitlines()]
    expected = {b"%d:%d" % (writer, line) for writer in range(WRITERS) for line in range(LINES)}
    assert len(lines) == len(expected)
    assert set(lines) == expected
    assert len(files) > 10, "it was rotated"


def _file(path: Path) -> RotatedFile:
    return RotatedFile(str(path), lambda: 1e9, 20, keep=3, shared=True)


def test_a_file_that_another_rotated_is_followed(tmp_path: Path) -> None:
    path = tmp_path / "log"
    one, other = _file(path), _file(path)
    one.write(b"fifteen bytes..\n")
    other.write(b"then a new one.\n")
    one.write(b"1\n")
    assert path.read_bytes() == b"then a new one.\n1\n"
    assert (tmp_path / "log.1").read_bytes() == b"fifteen bytes..\n"


def test_a_file_that_was_taken_away_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "log"
    file = _file(path)
    file.write(b"1\n")
    os.rename(path, tmp_path / "moved")
    file.write(b"2\n")
    assert (path.read_bytes(), (tmp_path / "moved").read_bytes()) == (b"2\n", b"1\n")
