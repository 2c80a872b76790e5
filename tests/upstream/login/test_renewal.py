"""What goes wrong around a refresh, and is logged with its traceback."""

from pathlib import Path
from typing import Any

from twisted.logger import globalLogPublisher

from openaiproxy.errors import Unavailable

from ..peers import error, got
from .home import Home


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
