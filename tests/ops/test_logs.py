"""The log as a whole: settings in, lines on file out (rows 122, 125, 126)."""

import json
import stat
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, Logger, LogPublisher
from zope.interface.verify import verifyObject

from openaiproxy.errors import Misconfigured
from openaiproxy.ops.access import emit
from openaiproxy.ops.logs import Log, open_log
from openaiproxy.profile import Logging
from tests.ops.test_access import exchanged


def opened(settings: Logging, said: list[str] | None = None) -> Log:
    log = open_log(settings, Clock().seconds, [].append if said is None else said.append)
    assert log is not None
    return log


def test_without_a_file_events_are_left_to_twistd() -> None:
    assert open_log(Logging(), Clock().seconds) is None


def test_a_log_is_an_observer(tmp_path: Path) -> None:
    verifyObject(ILogObserver, opened(Logging(file=str(tmp_path / "log"))))


@pytest.mark.parametrize("format", ["text", "json"])
def test_events_of_ours_are_on_file_at_once(tmp_path: Path, format: str) -> None:
    path = tmp_path / "log"
    log = opened(Logging(file=str(path), format=format))
    observer = LogPublisher(log)
    log.tell(exchanged(status=200), 1.5)
    Logger("openaiproxy", observer=observer).info("Listening on {port}", port=4567)
    Logger("twisted.web", observer=observer).info("not ours")
    lines = path.read_text().splitlines()
    assert len(lines) == 2
    assert "not ours" not in path.read_text()
    if format == "json":
        assert json.loads(lines[0])["status"] == 200
        assert json.loads(lines[1])["message"] == "Listening on 4567"
    else:
        assert lines[1].endswith("[info openaiproxy] Listening on 4567")


def test_rotation_follows_the_settings(tmp_path: Path) -> None:
    log = opened(Logging(file=str(tmp_path / "log"), rotate_bytes=200, keep=2))
    logger = Logger("openaiproxy.access", observer=log)
    for _ in range(9):
        emit(logger, exchanged())
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log", "log.1", "log.2"]
    for each in tmp_path.iterdir():
        assert each.stat().st_size <= 200
        assert stat.S_IMODE(each.stat().st_mode) == 0o600


def test_the_day_rotates_by_the_clock_that_was_given(tmp_path: Path) -> None:
    clock = Clock()
    clock.advance(1_750_000_000)
    log = open_log(Logging(file=str(tmp_path / "log"), rotate_bytes=None), clock.seconds)
    assert log is not None
    logger = Logger("openaiproxy", observer=log)
    logger.info("one")
    logger.info("two")
    clock.advance(86_400)
    logger.info("three")
    assert (tmp_path / "log.1").read_text().count("\n") == 2
    assert (tmp_path / "log").read_text().endswith("three\n")


def test_a_log_that_fails_stops_nobody(tmp_path: Path) -> None:
    said: list[str] = []
    folder = tmp_path / "logs"
    folder.mkdir()
    log = opened(Logging(file=str(folder / "log")), said)
    (folder / "log").unlink()
    folder.rmdir()
    log.reopen()
    logger = Logger("openaiproxy.access", observer=log)
    for _ in range(3):
        emit(logger, exchanged())
    assert log.lost == 3
    assert len(said) == 2
    folder.mkdir()
    emit(logger, exchanged())
    assert log.lost == 3
    assert (folder / "log").read_text().count("\n") == 1


def test_a_closed_log_takes_events_and_keeps_none(tmp_path: Path) -> None:
    log = opened(Logging(file=str(tmp_path / "log")))
    log.close()
    emit(Logger("openaiproxy.access", observer=log), exchanged())
    assert (tmp_path / "log").read_text() == ""
    assert log.lost == 0


def test_a_link_is_a_mistake_that_names_itself(tmp_path: Path) -> None:
    (tmp_path / "log").symlink_to("elsewhere")
    with pytest.raises(Misconfigured, match=r"log file .*/log: .*symbolic link"):
        opened(Logging(file=str(tmp_path / "log")))


def test_a_missing_folder_is_a_mistake_that_names_itself(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="none/log: No such file"):
        opened(Logging(file=str(tmp_path / "none" / "log")))


def test_an_unknown_format_is_a_mistake_that_names_itself() -> None:
    with pytest.raises(Misconfigured, match="log format 'xml': expected text or json"):
        open_log(Logging(format="xml"), Clock().seconds)


def test_less_than_the_level_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "log"
    observer = opened(Logging(file=str(path), level="warn"))
    logger = Logger("openaiproxy", observer=observer)
    emit(logger, exchanged(status=200))
    logger.warn("Look at this")
    logger.error("And at that")
    said = [line.rpartition("] ")[2] for line in path.read_text().splitlines()]
    assert said == ["Look at this", "And at that"]
