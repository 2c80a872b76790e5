"""Without a log file of ours, what goes to twistd's log is masked: lines and tracebacks, ours and others' (row 124)."""

import re
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted

from tests.e2e.processes import Twistd

KEY = "sk-proj-never0to1be2shown"
# What an application of an operator's own may hold beside the service.
APPLICATION = """
import sys
from twisted.application.service import Application
from twisted.internet import reactor
from twisted.internet.defer import Deferred, fail
from twisted.logger import ILogObserver, Logger, jsonFileLogObserver
from twisted.python import log
from openaiproxy.tap import Options, makeService

KEY = "-".join(["sk", "proj", "never0to1be2shown"])
options = Options()
options.parseOptions(["--port", "0", "--upstream", "embedded", *{arguments}])
application = Application("masked")
makeService(options).setServiceParent(application)
if {json}:
    application.setComponent(ILogObserver, jsonFileLogObserver(sys.stdout))

def refuse():
    raise ValueError("refused, said " + KEY)

def say():
    Logger(namespace="openaiproxy.exchange").error("ours 1 {{why}}", why=KEY)
    Logger(namespace="elsewhere").warn("theirs 2 {{why!r}}", why=KEY.encode())
    log.msg("older 3 " + KEY)
    print("printed 4 " + KEY)
    for namespace in ("openaiproxy.exchange", "elsewhere"):
        try:
            refuse()
        except ValueError:
            Logger(namespace=namespace).failure("failed 5")
    fail(ValueError("nobody 6 looked at " + KEY))
    reactor.callLater(0, refuse)
    reactor.callLater(0.1, print, "said all")

reactor.callWhenRunning(say)
"""
SAID = ("ours 1", "theirs 2", "older 3", "printed 4", "failed 5", "nobody 6", "refused, said")


def application(folder: Path, *arguments: str, json: bool = False) -> str:
    """The path of such an application."""
    path = folder / "masked.tac"
    path.write_text(APPLICATION.format(arguments=list(arguments), json=json))
    return str(path)


async def output(reactor: Any, tac: str, folder: Path) -> str:
    """All that such an application writes."""
    process = Twistd(reactor, ["-y", tac], {}, folder)
    try:
        await process.wrote("said all")
    finally:
        process.signal("TERM")
        await process.ended()
    return process.output


@pytest.mark.parametrize("json", [False, True])
@pytest_twisted.ensureDeferred
async def test_no_line_and_no_traceback_shows_a_key_row_124(
    real_reactor: Any, tmp_path: Path, json: bool
) -> None:
    said = await output(real_reactor, application(tmp_path, json=json), tmp_path)
    assert KEY not in said
    for words in SAID:
        assert words in said
    assert len(re.findall(r"Traceback \(most recent call last\)", said)) >= 3
    assert len(re.findall(r"ValueError: refused, said \[redacted\]", said)) >= 3


@pytest_twisted.ensureDeferred
async def test_the_log_file_has_its_own_tracebacks_still_row_124(
    real_reactor: Any, tmp_path: Path
) -> None:
    log = tmp_path / "own-log"
    tac = application(tmp_path, "--log-file", str(log))
    said = await output(real_reactor, tac, tmp_path)
    written = log.read_text()
    assert KEY not in said + written
    assert "ours 1 [redacted]" in written
    assert "\tTraceback (most recent call last):" in written
    assert "ValueError: refused, said [redacted]" in written
