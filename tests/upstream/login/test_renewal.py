"""What goes wrong around a refresh, and is logged with its traceback."""

import fcntl
import json
import os
from pathlib import Path
from typing import Any

from twisted.logger import globalLogPublisher

from openaiproxy.errors import Unavailable
from openaiproxy.upstream.login.disk import AuthFile, Calls

from ..peers import error, got
from .home import HOUR, START, Home, bearer, jwt


def test_a_failure_of_our_own_is_an_error_too_and_is_logged(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.access(left=-1)
    asked = home.ask()
    logged: list[Any] = []
    globalLogPublisher.addObserver(logged.append)
    try:
        home.endpoint.refuse(RuntimeError("ours"))
    finally:
        globalLogPublisher.removeObserver(logged.append)
    failed = error(asked)
    assert isinstance(failed, Unavailable)
    assert failed.code == "login_refresh_failed"
    assert [event["log_failure"].getErrorMessage() for event in logged] == ["ours"]


def test_what_can_not_be_cleared_away_does_not_stop_a_refresh(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.access(left=-1)
    (tmp_path / ".auth.json.0.next").mkdir()
    logged: list[Any] = []
    globalLogPublisher.addObserver(logged.append)
    try:
        asked = home.ask()
        home.endpoint.grant("1")
    finally:
        globalLogPublisher.removeObserver(logged.append)
    got(asked)
    assert home.read()["tokens"]["refresh_token"] == "rt-1"
    assert any(event.get("log_failure") for event in logged)


def noted_by_another(home: Home) -> Path:
    """What a process leaves that was killed before new tokens took their place."""
    file = AuthFile(str(home.path), home.clock.seconds)
    place = file.prepare("rt-0")
    renewed = {"access_token": jwt("1", START + HOUR), "refresh_token": "rt-1"}
    file.note(place, file.look().renewed(renewed, START))
    place.close()
    return Path(place.path)


def test_what_a_crash_left_is_spent_and_kept_also_while_the_disk_is_full(tmp_path: Path) -> None:
    full = [True]

    def write(descriptor: int, data: bytes) -> int:
        if full[0]:
            raise OSError(28, "No space left on device")
        return os.write(descriptor, data)

    home = Home(tmp_path, Calls(write=write))
    home.access("0", left=-1)
    noted = noted_by_another(home)
    logged: list[Any] = []
    globalLogPublisher.addObserver(logged.append)
    try:
        assert bearer(got(home.ask())) == jwt("1", START + HOUR)
    finally:
        globalLogPublisher.removeObserver(logged.append)
    assert any(event.get("log_failure") for event in logged)
    assert json.loads(noted.read_bytes())["tokens"]["refresh_token"] == "rt-1"
    full[0] = False
    home.clock.advance(61)
    assert bearer(got(home.ask())) == jwt("1", START + HOUR)
    assert home.read()["tokens"]["refresh_token"] == "rt-1"
    assert not noted.exists()
    assert home.endpoint.asked == []


def test_what_a_crash_left_outlives_a_file_that_is_half_written_meanwhile(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.access("0", left=-1)
    noted_by_another(home)
    whole = home.path.read_bytes()
    with open(f"{home.path}.lock", "wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        asked = home.ask()
        home.path.write_bytes(whole[:40])
    home.clock.advance(1)
    assert not asked.called
    home.path.write_bytes(whole)
    home.clock.advance(1)
    assert bearer(got(asked)) == jwt("1", START + HOUR)
    assert home.read()["tokens"]["refresh_token"] == "rt-1"
    assert home.endpoint.asked == []
