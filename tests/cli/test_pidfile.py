"""Which process runs is told by a lock."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openaiproxy.cli.pidfile import Found, Held, hold, look


def test_no_file_is_nothing_running(tmp_path: Path) -> None:
    assert look(tmp_path / "pid") == Found()


def test_who_holds_it_is_found_and_nobody_else_can_hold_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "pid"
    held = hold(path)
    assert isinstance(held, Held)
    held.write(4711)
    assert look(path) == Found(True, True, 4711)
    assert hold(path) == Found(True, True, 4711)
    held.close()
    assert look(path) == Found(True, False, 4711)
    assert path.stat().st_mode & 0o777 == 0o600


def test_chapter_5_defect_10_a_reused_pid_is_not_taken_for_ours(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text(f"{os.getpid()}\n")
    assert look(path) == Found(True, False, os.getpid())


def test_the_lock_goes_to_the_started_process_and_with_it(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    held = hold(path)
    assert isinstance(held, Held)
    command = [sys.executable, "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=(held.descriptor,)) as process:
        held.write(process.pid)
        held.close()
        assert look(path) == Found(True, True, process.pid)
        process.kill()
        process.wait()
    assert not look(path).running


@pytest.mark.parametrize("text", ["", "-4", "0", "1", str(1 << 40)])
def test_what_is_no_pid_is_none(text: str, tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text(text)
    assert look(path).pid is None


@pytest.mark.parametrize("text", ["abc", "12 13", "٣٤", "[server]\nport = 1\n", "1" * 40])
def test_a_file_that_is_no_pid_file_is_neither_taken_for_one_nor_emptied(
    text: str, tmp_path: Path
) -> None:
    path = tmp_path / "pid"
    path.write_text(text)
    for use in (look, hold):
        with pytest.raises(OSError, match="no pid file"):
            use(path)
    assert path.read_text() == text


def test_links_and_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for path in (tmp_path / "link", tmp_path):
        with pytest.raises(OSError, match=r"\S"):
            hold(path)
    assert not (tmp_path / "elsewhere").exists()


def test_those_who_look_do_not_take_one_another_for_the_process(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("1\n")
    looking = os.open(path, os.O_RDONLY)
    fcntl.flock(looking, fcntl.LOCK_SH)
    try:
        assert not look(path).running
    finally:
        os.close(looking)


def test_a_stale_pid_is_gone_as_soon_as_the_file_is_held(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("1\n")
    held = hold(path)
    assert isinstance(held, Held)
    assert path.read_text() == ""
    held.close()
