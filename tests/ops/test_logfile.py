"""Files: rotated by size and by day, private, not redirected, and harmless when they fail."""

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import define, field
from twisted.internet.task import Clock

from openaiproxy.ops.logfile import RotatedFile, SteadyFile, say_on_stderr

NOON = 1_750_000_000.0
DAY = 86_400.0


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.advance(NOON)
    return clock


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_file_is_rotated_before_it_would_exceed_its_size_rows_125_126(
    tmp_path: Path, clock: Clock
) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=10)
    for line in (b"1234\n", b"5678\n", b"9\n"):
        file.write(line)
    assert (tmp_path / "log.1").read_bytes() == b"1234\n5678\n"
    assert (tmp_path / "log").read_bytes() == b"9\n"


def test_size_is_counted_in_bytes(tmp_path: Path, clock: Clock) -> None:
    steady = SteadyFile(
        RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=6), "log", clock.seconds
    )
    steady.write("éé\n")
    steady.write("é\n")
    assert (tmp_path / "log.1").read_text() == "éé\n"


def test_an_entry_larger_than_the_limit_is_written_alone(tmp_path: Path, clock: Clock) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=3)
    file.write(b"12345\n")
    file.write(b"1\n")
    assert (tmp_path / "log.1").read_bytes() == b"12345\n"
    assert names(tmp_path) == ["log", "log.1"]


@pytest.mark.parametrize("keep", [0, 1, 3])
def test_no_more_than_the_kept_count_stay_row_126(tmp_path: Path, clock: Clock, keep: int) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=1, keep=keep)
    for number in range(8):
        file.write(b"%d" % number)
    kept = [f"log.{number}" for number in range(1, keep + 1)]
    assert names(tmp_path) == ["log", *kept]
    assert [(tmp_path / name).read_bytes() for name in ["log", *kept]] == [
        b"%d" % (7 - age) for age in range(keep + 1)
    ]


def test_a_lower_kept_count_removes_older_files(tmp_path: Path, clock: Clock) -> None:
    for number in range(1, 6):
        (tmp_path / f"log.{number}").write_text("old")
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=1, keep=2)
    file.write(b"a")
    file.write(b"b")
    assert names(tmp_path) == ["log", "log.1", "log.2"]


def test_files_that_only_look_rotated_are_left_alone(tmp_path: Path, clock: Clock) -> None:
    strangers = ["l[o]g.007", "l[o]g.-1", "l[o]g.old", "l[o]g.1.gz", "log.1"]
    for name in strangers:
        (tmp_path / name).write_text("stranger")
    file = RotatedFile(str(tmp_path / "l[o]g"), clock.seconds, rotate_bytes=1, keep=1)
    for number in range(3):
        file.write(b"%d" % number)
    assert names(tmp_path) == sorted([*strangers, "l[o]g", "l[o]g.1"])
    assert all((tmp_path / name).read_text() == "stranger" for name in strangers)
    assert (tmp_path / "l[o]g.1").read_bytes() == b"1"


def test_the_first_write_of_a_new_day_rotates_row_125(tmp_path: Path, clock: Clock) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, daily=True, keep=2)
    for day in range(4):
        file.write(b"day %d\n" % day)
        file.write(b"more\n")
        clock.advance(DAY)
    assert names(tmp_path) == ["log", "log.1", "log.2"]
    assert (tmp_path / "log").read_bytes() == b"day 3\nmore\n"
    assert (tmp_path / "log.2").read_bytes() == b"day 1\nmore\n"


def test_size_and_day_rotate_the_same_files(tmp_path: Path, clock: Clock) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=2, daily=True, keep=9)
    file.write(b"a")
    file.write(b"bb")
    clock.advance(DAY)
    file.write(b"c")
    file.write(b"d")
    contents = [(tmp_path / name).read_bytes() for name in ("log", "log.1", "log.2")]
    assert contents == [b"cd", b"bb", b"a"]


def test_an_empty_file_is_not_rotated_at_midnight(tmp_path: Path, clock: Clock) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, daily=True)
    clock.advance(DAY)
    file.write(b"a")
    assert names(tmp_path) == ["log"]


def test_a_file_of_yesterday_is_rotated_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"yesterday\n")
    os.utime(path, (NOON - DAY, NOON - DAY))
    RotatedFile(str(path), clock.seconds, daily=True).write(b"today\n")
    assert (tmp_path / "log.1").read_bytes() == b"yesterday\n"
    assert path.read_bytes() == b"today\n"


def test_a_clock_set_back_rotates_nothing(tmp_path: Path) -> None:
    times = iter([NOON, NOON, NOON - DAY, NOON - DAY])
    file = RotatedFile(str(tmp_path / "log"), lambda: next(times), daily=True)
    file.write(b"a")
    file.write(b"b")
    assert names(tmp_path) == ["log"]


def test_a_file_is_appended_to_after_a_restart(tmp_path: Path, clock: Clock) -> None:
    for line in (b"a\n", b"b\n"):
        file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=100)
        file.write(line)
        file.close()
    assert (tmp_path / "log").read_bytes() == b"a\nb\n"


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def test_only_the_owner_reads_new_and_rotated_files(tmp_path: Path, clock: Clock) -> None:
    with umask(0):
        file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=1)
        file.write(b"a")
        file.write(b"b")
        os.rename(tmp_path / "log", tmp_path / "moved")
        file.reopen()
    assert names(tmp_path) == ["log", "log.1", "moved"]
    assert {mode(each) for each in tmp_path.iterdir()} == {0o600}


def test_the_mode_of_a_file_that_stands_is_the_operators(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "log").touch(0o640)
    (tmp_path / "log").chmod(0o640)
    RotatedFile(str(tmp_path / "log"), clock.seconds).write(b"a")
    assert mode(tmp_path / "log") == 0o640


def test_a_symbolic_link_is_not_followed(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "target").write_text("precious")
    (tmp_path / "log").symlink_to("target")
    with pytest.raises(OSError, match="symbolic links") as caught:
        RotatedFile(str(tmp_path / "log"), clock.seconds)
    assert caught.value.errno == errno.ELOOP
    assert (tmp_path / "target").read_text() == "precious"


def test_a_dangling_link_creates_nothing(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "log").symlink_to("target")
    with pytest.raises(OSError, match="symbolic links"):
        RotatedFile(str(tmp_path / "log"), clock.seconds)
    assert names(tmp_path) == ["log"]


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_regular_file_is_refused_without_waiting(
    tmp_path: Path, clock: Clock, make: Callable[[Path], None]
) -> None:
    make(tmp_path / "log")
    with pytest.raises(OSError, match=r"log|No such device"):
        RotatedFile(str(tmp_path / "log"), clock.seconds)


def test_a_device_is_refused(clock: Clock) -> None:
    with pytest.raises(OSError, match="not a regular file"):
        RotatedFile("/dev/null", clock.seconds)


def test_a_link_laid_after_the_start_is_not_followed_at_reopen(
    tmp_path: Path, clock: Clock
) -> None:
    said: list[str] = []
    path = tmp_path / "log"
    (tmp_path / "target").write_text("precious")
    steady = SteadyFile(RotatedFile(str(path), clock.seconds), "log", clock.seconds, said.append)
    path.unlink()
    path.symlink_to("target")
    steady.reopen()
    steady.write("lost\n")
    assert (tmp_path / "target").read_text() == "precious"
    assert steady.lost == 1
    assert len(said) == 2
    path.unlink()
    steady.write("found\n")
    assert path.read_text() == "found\n"


def test_a_file_that_was_moved_is_followed_until_it_is_reopened(
    tmp_path: Path, clock: Clock
) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds)
    file.write(b"a\n")
    os.rename(tmp_path / "log", tmp_path / "moved")
    file.write(b"b\n")
    file.reopen()
    file.write(b"c\n")
    assert (tmp_path / "moved").read_bytes() == b"a\nb\n"
    assert (tmp_path / "log").read_bytes() == b"c\n"


def test_a_file_that_was_removed_does_not_grow_unseen(tmp_path: Path, clock: Clock) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=2)
    file.write(b"ab")
    (tmp_path / "log").unlink()
    file.write(b"c")
    assert (tmp_path / "log").read_bytes() == b"c"


def test_a_rotation_that_fails_does_not_stop_writing(tmp_path: Path, clock: Clock) -> None:
    file = RotatedFile(str(tmp_path / "log"), clock.seconds, rotate_bytes=1, keep=1)
    # A folder stands where the rotated file would go, and has something in it.
    (tmp_path / "log.1").mkdir()
    (tmp_path / "log.1" / "x").touch()
    file.write(b"a")
    file.write(b"b")
    file.write(b"c")
    assert (tmp_path / "log").read_bytes() == b"abc"
    (tmp_path / "log.1" / "x").unlink()
    (tmp_path / "log.1").rmdir()
    file.write(b"d")
    assert names(tmp_path) == ["log"]
    clock.advance(10)
    file.write(b"e")
    assert (tmp_path / "log.1").read_bytes() == b"abcd"


@contextmanager
def disk_of(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: what follows is a true failing write."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_loses_lines_and_is_said_once_and_once_more(
    tmp_path: Path, clock: Clock
) -> None:
    said: list[str] = []
    file = RotatedFile(str(tmp_path / "log"), clock.seconds)
    steady = SteadyFile(file, "log file x", clock.seconds, said.append)
    with disk_of(12):
        steady.write("0123456\n")
        steady.write("torn apart\n")
        steady.write("lost\n")
        steady.write("lost\n")
    assert steady.lost == 3
    assert len(said) == 1
    assert said[0].startswith("log file x: not written, requests go on: ")
    clock.advance(60)
    steady.write("whole\n")
    steady.write("again\n")
    assert said[1:] == ["log file x: written again, 3 entries were lost"]
    assert (tmp_path / "log").read_text() == "0123456\ntorn\nwhole\nagain\n"


@define
class Disk:
    """A file whose writes can be made to fail."""

    full: bool = False
    lines: list[bytes] = field(factory=list)
    closed: bool = False

    def write(self, data: bytes) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.lines.append(data)

    def reopen(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")

    def close(self) -> None:
        self.closed = True
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_that_takes_a_line_now_and_then_is_not_said_each_time(clock: Clock) -> None:
    said: list[str] = []
    disk = Disk()
    steady = SteadyFile(disk, "log", clock.seconds, said.append)
    for _ in range(50):
        disk.full = not disk.full
        steady.write("x\n")
        clock.advance(1)
    assert said == ["log: not written, requests go on: No space left on device"]
    clock.advance(10)
    steady.write("x\n")
    assert said[1:] == ["log: written again, 25 entries were lost"]
    disk.full = True
    steady.write("x\n")
    assert len(said) == 3
    assert steady.lost == 26


def test_reopening_and_closing_raise_nothing(clock: Clock) -> None:
    said: list[str] = []
    disk = Disk(full=True)
    steady = SteadyFile(disk, "log", clock.seconds, said.append)
    steady.reopen()
    assert said == ["log: not reopened: No space left on device"]
    steady.close()
    assert disk.closed


def test_what_is_written_after_the_close_vanishes(clock: Clock) -> None:
    disk = Disk()
    steady = SteadyFile(disk, "log", clock.seconds)
    steady.close()
    steady.write("x\n")
    assert disk.lines == []
    assert steady.lost == 0


def test_text_that_is_no_unicode_is_written_all_the_same(clock: Clock) -> None:
    disk = Disk()
    SteadyFile(disk, "log", clock.seconds).write("\udc80\n")
    assert disk.lines == [b"\\udc80\n"]


def test_what_is_said_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    say_on_stderr("trouble")
    assert capsys.readouterr().err == "trouble\n"
