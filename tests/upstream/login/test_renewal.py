"""A refresh that breaks down through a mistake of ours."""

from pathlib import Path
from typing import Any

from twisted.logger import globalLogPublisher

from openaiproxy.errors import Unavailable

from ..peers import error
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
