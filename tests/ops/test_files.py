"""The log files of a process: one for each path, opened anew, changed while lines are written."""

from pathlib import Path

import pytest
from attrs import evolve
from twisted.logger import LogEvent, Logger

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.files import LogFiles
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Logging, LogPolicy
from tests.ops.test_access import exchanged


def files_of(settings: Logging, otherwise: list[LogEvent]) -> LogFiles:
    return LogFiles(settings, lambda: 1e9, otherwise.append)


def test_a_request_goes_to_the_file_or_else_elsewhere_but_never_to_both(tmp_path: Path) -> None:
    elsewhere: list[LogEvent] = []
    files = files_of(Logging(), elsewhere)
    files.access(exchanged(path="/one"))
    settings = Logging(file=str(tmp_path / "log"))
    files.use(settings, files.open_log(settings), [])
    files.access(exchanged(path="/two"))
    assert [event["path"] for event in elsewhere] == ["/one"]
    assert "two" in (tmp_path / "log").read_text()
    assert "one" not in (tmp_path / "log").read_text()


def test_the_same_settings_keep_the_file_open(tmp_path: Path) -> None:
    settings = Logging(file=str(tmp_path / "log"))
    files = files_of(settings, [])
    assert files.open_log(settings) is files.open_log(evolve(settings))
    files.use(settings, files.open_log(settings), [])
    Logger(namespace="openaiproxy", observer=files).info("still there")
    assert "still there" in (tmp_path / "log").read_text()


def test_a_log_that_is_not_used_after_all_leaves_the_old_one(tmp_path: Path) -> None:
    files = files_of(Logging(file=str(tmp_path / "log")), [])
    files.drop(files.open_log(Logging(file=str(tmp_path / "other"))))
    with pytest.raises(Misconfigured):
        files.open_log(Logging(file=str(tmp_path / "nowhere" / "log")))
    Logger(namespace="openaiproxy", observer=files).info("still there")
    assert "still there" in (tmp_path / "log").read_text()


def test_profiles_that_name_one_payload_file_share_it_and_it_goes_with_them(tmp_path: Path) -> None:
    policy = LogPolicy(payload_file=str(tmp_path / "bodies"))
    profile = evolve(PRESETS["gateway"].profile, log=policy)
    files = files_of(Logging(), [])
    one, other = files.payload_log(profile), files.payload_log(evolve(profile, name="b"))
    assert one is not None
    assert other is not None
    assert one.file is other.file
    files.use(Logging(), None, [])
    again = files.payload_log(profile)
    assert again is not None
    assert again.file is not one.file
    assert files.payload_log(PRESETS["gateway"].profile) is None
