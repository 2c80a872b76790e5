"""``auth.json`` on disk: read when it changed, replaced whole or not at all."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from openaiproxy.errors import Unavailable
from openaiproxy.upstream.login.disk import AuthFile, Calls
from openaiproxy.upstream.login.document import HalfWritten, digest, parse_document

from .home import START, jwt, login_of


class Crash(BaseException):
    """The process ends here."""


def crash(*_: Any) -> Any:
    raise Crash


def text(serial: str) -> bytes:
    return json.dumps(login_of(jwt(serial, START), f"rt-{serial}")).encode()


def file_in(folder: Path, calls: Calls | None = None) -> AuthFile:
    path = folder / "auth.json"
    if not path.exists():
        path.write_bytes(text("0"))
    return AuthFile(str(path), lambda: START * 2, calls or Calls())


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_an_unchanged_file_is_not_read_again(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    assert file.look() is file.look()


def test_a_changed_file_is(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.look()
    (tmp_path / "auth.json").write_bytes(text("1"))
    assert file.look().refresh == "rt-1"


def test_a_file_of_this_moment_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "auth.json"
    path.write_bytes(text("0"))
    file = AuthFile(str(path), lambda: os.stat(path).st_mtime + 0.5)
    assert file.look() is not file.look()


def test_a_half_written_file_leaves_the_last_one_known(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    known = file.look()
    (tmp_path / "auth.json").write_bytes(text("1")[:40])
    with pytest.raises(HalfWritten):
        file.look()
    assert file.last is known
    (tmp_path / "auth.json").write_bytes(text("1"))
    assert file.look().refresh == "rt-1"


def test_a_file_that_is_gone_is_forgotten_and_its_path_is_not_told(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    file.look()
    (tmp_path / "auth.json").unlink()
    with pytest.raises(Unavailable, match="codex login") as raised:
        file.look()
    assert raised.value.code == "login_absent"
    assert str(tmp_path) not in str(raised.value)
    assert file.last is None


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_read(tmp_path: Path, make: Any) -> None:
    make(tmp_path / "auth.json")
    with pytest.raises(Unavailable) as raised:
        AuthFile(str(tmp_path / "auth.json"), lambda: START).look()
    assert raised.value.code == "login_unreadable"
    assert str(tmp_path) not in str(raised.value)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "auth.json").write_bytes(b" " * (1 << 20) + text("0"))
    with pytest.raises(Unavailable) as raised:
        file_in(tmp_path).look()
    assert raised.value.code == "login_unreadable"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o660])
def test_replacing_keeps_the_mode_and_leaves_nothing_beside(tmp_path: Path, mode: int) -> None:
    file = file_in(tmp_path)
    (tmp_path / "auth.json").chmod(mode)
    before = os.stat(tmp_path / "auth.json")
    file.replace(file.look().renewed({"refresh_token": "rt-1"}, START), "rt-0")
    after = os.stat(tmp_path / "auth.json")
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)
    assert after.st_ino != before.st_ino
    assert file.look().refresh == "rt-1"
    assert names(tmp_path) == ["auth.json"]


def test_the_successor_is_for_its_user_alone_from_the_first(tmp_path: Path) -> None:
    modes: list[int] = []

    def write(descriptor: int, data: bytes) -> int:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return os.write(descriptor, data[:100])

    (tmp_path / "auth.json").write_bytes(text("0"))
    (tmp_path / "auth.json").chmod(0o600)
    file = file_in(tmp_path, Calls(write=write))
    document = file.look().renewed({"refresh_token": "rt-1"}, START)
    file.replace(document, "rt-0")
    assert set(modes) == {0o600}
    assert (tmp_path / "auth.json").read_bytes() == document.written()


def test_the_owner_is_kept(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    file = file_in(tmp_path)
    os.chown(tmp_path / "auth.json", 12345, 23456)
    file.replace(file.look().renewed({"refresh_token": "rt-1"}, START), "rt-0")
    after = os.stat(tmp_path / "auth.json")
    assert (after.st_uid, after.st_gid) == (12345, 23456)


def test_a_link_goes_on_pointing_to_the_file(tmp_path: Path) -> None:
    real, home = tmp_path / "real", tmp_path / "home"
    real.mkdir()
    home.mkdir()
    (real / "auth.json").write_bytes(text("0"))
    (home / "auth.json").symlink_to(real / "auth.json")
    file = AuthFile(str(home / "auth.json"), lambda: START)
    file.replace(file.look().renewed({"refresh_token": "rt-1"}, START), "rt-0")
    assert (home / "auth.json").is_symlink()
    assert parse_document((real / "auth.json").read_bytes()).refresh == "rt-1"
    assert file.lock_path == str(real / "auth.json.lock")


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    def write(descriptor: int, data: bytes) -> int:
        os.write(descriptor, data[:10])
        raise OSError(28, "No space left on device")

    file = file_in(tmp_path, Calls(write=write))
    with pytest.raises(OSError, match="No space"):
        file.replace(file.look().renewed({"refresh_token": "rt-1"}, START), "rt-0")
    assert (tmp_path / "auth.json").read_bytes() == text("0")
    assert names(tmp_path) == ["auth.json"]


@pytest.mark.parametrize("calls", [Calls(fsync=crash), Calls(replace=crash)])
def test_after_a_crash_before_the_rename_the_next_one_finishes_it(
    tmp_path: Path, calls: Calls
) -> None:
    """Pitfall 73."""
    file = file_in(tmp_path, calls)
    with pytest.raises(Crash):
        file.replace(file.look().renewed({"refresh_token": "rt-1"}, START), "rt-0")
    assert (tmp_path / "auth.json").read_bytes() == text("0")
    later = file_in(tmp_path)
    later.recover()
    assert later.look().refresh == "rt-1"
    assert names(tmp_path) == ["auth.json"]


def test_what_was_noted_at_once_is_finished_by_the_next_one(tmp_path: Path) -> None:
    """Pitfall 73."""
    file = file_in(tmp_path)
    place = file.prepare("rt-0")
    file.note(place, file.look().renewed({"refresh_token": "rt-1"}, START))
    place.close()  # and here it was killed
    later = file_in(tmp_path)
    later.recover()
    assert later.look().refresh == "rt-1"
    assert names(tmp_path) == ["auth.json"]


def test_a_place_that_was_made_and_not_filled_changes_nothing(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    place = file.prepare("rt-0")
    assert len(names(tmp_path)) == 2
    place.close()
    later = file_in(tmp_path)
    later.recover()
    assert later.look().refresh == "rt-0"
    assert names(tmp_path) == ["auth.json"]


@pytest.mark.parametrize("survives", range(3))
def test_at_no_rename_is_what_was_noted_lost_though_the_file_has_changed_meanwhile(
    tmp_path: Path, survives: int
) -> None:
    """Pitfall 73: another member was written while the tokens were got, so that two texts are of them."""
    renames: list[str] = []

    def replace(old: str, new: str) -> None:
        if len(renames) == survives:
            raise Crash
        renames.append(new)
        os.replace(old, new)

    file = file_in(tmp_path, Calls(replace=replace))
    place = file.prepare("rt-0")
    file.note(place, file.look().renewed({"refresh_token": "rt-1"}, START))
    changed = json.loads(text("0")) | {"written": "meanwhile"}
    (tmp_path / "auth.json").write_text(json.dumps(changed))
    current = file_in(tmp_path).look().renewed({"refresh_token": "rt-1"}, START)
    if survives < 2:
        with pytest.raises(Crash):
            file.replace(current, "rt-0", place)
    else:
        file.replace(current, "rt-0", place)
    later = file_in(tmp_path)
    later.recover()
    assert later.look().refresh == "rt-1"
    assert names(tmp_path) == ["auth.json"]
    assert later.look().raw["written"] == "meanwhile"


def test_a_successor_that_was_cut_short_is_cleared_away(tmp_path: Path) -> None:
    def write(descriptor: int, data: bytes) -> int:
        os.write(descriptor, data[:-3])
        raise Crash

    file = file_in(tmp_path, Calls(write=write))
    with pytest.raises(Crash):
        file.replace(file.look().renewed({"refresh_token": "rt-1"}, START), "rt-0")
    assert len(names(tmp_path)) == 2
    later = file_in(tmp_path)
    later.recover()
    assert later.look().refresh == "rt-0"
    assert names(tmp_path) == ["auth.json"]


def test_a_successor_of_an_older_login_is_cleared_away(tmp_path: Path) -> None:
    file = file_in(tmp_path, Calls(replace=crash))
    with pytest.raises(Crash):
        file.replace(file.look().renewed({"refresh_token": "rt-1"}, START), "rt-0")
    (tmp_path / "auth.json").write_bytes(text("new login"))
    later = file_in(tmp_path)
    later.recover()
    assert later.look().refresh == "rt-new login"
    assert names(tmp_path) == ["auth.json"]


def test_while_the_file_is_half_written_a_successor_is_left_alone(tmp_path: Path) -> None:
    file = file_in(tmp_path, Calls(replace=crash))
    with pytest.raises(Crash):
        file.replace(file.look().renewed({"refresh_token": "rt-1"}, START), "rt-0")
    (tmp_path / "auth.json").write_bytes(b"")
    later = file_in(tmp_path)
    later.recover()
    (tmp_path / "auth.json").write_bytes(text("0"))
    later.recover()
    assert later.look().refresh == "rt-1"


@pytest.mark.parametrize("found", [b"{}", b" " * (1 << 20) + text("1")])
def test_a_successor_that_is_no_login_is_cleared_away(tmp_path: Path, found: bytes) -> None:
    file = file_in(tmp_path)
    (tmp_path / f".auth.json.{digest('rt-0')}.next").write_bytes(found)
    file.recover()
    assert file.look().refresh == "rt-0"
    assert names(tmp_path) == ["auth.json"]


@pytest.mark.parametrize(
    "calls", [Calls(access=lambda *_: False), Calls(geteuid=lambda: os.geteuid() + 1)]
)
def test_what_could_not_be_replaced_is_known_before(tmp_path: Path, calls: Calls) -> None:
    with pytest.raises(Unavailable) as raised:
        file_in(tmp_path, calls).check_replaceable()
    assert raised.value.code == "login_read_only"
    assert str(tmp_path) not in str(raised.value)
    file_in(tmp_path).check_replaceable()


def test_a_link_is_no_successor(tmp_path: Path) -> None:
    file = file_in(tmp_path)
    (tmp_path / "elsewhere").write_bytes(text("evil"))
    (tmp_path / f".auth.json.{digest('rt-0')}.next").symlink_to(tmp_path / "elsewhere")
    file.recover()
    assert file.look().refresh == "rt-0"
    assert names(tmp_path) == ["auth.json", "elsewhere"]
