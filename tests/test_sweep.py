"""The sweep finds what leaked, names the test, and fails the session; and it hears what it should."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.sweep import Sweep

CHECKOUT = Path(__file__).parents[1]
SECRET = "sk-swept-0123456789"
CONFTEST = """\
from tests.sweep import SWEEP, Plugin

def pytest_configure(config):
    config.pluginmanager.register(Plugin(SWEEP), "openaiproxy-sweep")
"""
BEGINNING = f"""\
from twisted.internet.task import Clock
from twisted.logger import Logger
from twisted.python.failure import Failure
from openaiproxy.ops.logfile import RotatedFile
from openaiproxy.profile import ClientAuth, ClientKey
from tests.ops.test_access import exchanged
from tests.web.wiring import request, wire

SECRET = "{SECRET}"
LOG = Logger("openaiproxy.x", observer=lambda event: None)

def known():
    return wire(auth=ClientAuth((ClientKey("a", SECRET),), ("x-api-key",)))

def call(key):
    wire().client().send(request("GET", "/v1/x", "Authorization: Bearer " + key))

def test_innocent():
    LOG.info("no secret of {{who}}", who="anybody")
"""
LEAKS = {
    "an_event": "LOG.info('it is {what}', what=SECRET)",
    "a_field": "LOG.info('it is hidden', beside={'what': SECRET})",
    "a_traceback": "LOG.failure('oh', failure=Failure(ValueError(SECRET)))",
    "a_log_file": "RotatedFile(str(tmp_path / 'log'), Clock().seconds).write(b'x ' + SECRET.encode())",
    "a_metric": "known().port.watch.note(exchanged(route=SECRET))",
    "an_answer": "wire('keyed', fixed_errors={404: SECRET.encode()}).client().send(request(target='/x'))",
    "a_callers_own": "call('of-a-caller-012345'); LOG.info('{what} called', what='of-a-caller-012345')",
}


def swept(tmp_path: Path, tests: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """A session of its own under the sweep.

    :param tests: a line of code by the test's name.
    """
    (tmp_path / "conftest.py").write_text(CONFTEST)
    made = [
        f"\ndef test_{name}(tmp_path):\n    known()\n    {line}\n" for name, line in tests.items()
    ]
    (tmp_path / "test_made.py").write_text(BEGINNING + "".join(made))
    path = os.pathsep.join([*sys.path, str(CHECKOUT / "src"), str(CHECKOUT)])
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)],
        env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": path, "LC_ALL": "C.UTF-8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_leaks_fail_the_session_and_name_their_tests(tmp_path: Path) -> None:
    session = swept(tmp_path, LEAKS)
    assert f"{len(LEAKS) + 1} passed" in session.stdout, session.stdout
    assert session.returncode == 1
    told = session.stdout.split("secrets that leaked")[1]
    assert set(re.findall(r"test_made\.py::test_(\w+): a secret in ", told)) == set(LEAKS)
    assert SECRET not in told


def test_a_session_that_keeps_its_secrets_passes(tmp_path: Path) -> None:
    session = swept(tmp_path, {"good": "LOG.info('sk-somebody-elses')"})
    assert (session.returncode, "leaked" in session.stdout) == (0, False)


def test_a_secret_that_becomes_known_later_is_looked_for_in_what_was_said_before() -> None:
    sweep = Sweep()
    sweep.test = "first"
    sweep.hear("an event", "a long-secret here")
    sweep.test = "second"
    sweep.hide(b"long-secret")
    [leak] = sweep.leaks()
    assert (leak.test, leak.kind) == ("first", "an event")
    assert "long-secret" not in str(leak)


def test_short_words_are_no_secrets() -> None:
    sweep = Sweep()
    sweep.hide("key")
    sweep.hide(None)
    sweep.hear("an event", "a key")
    assert sweep.leaks() == []


def test_variables_are_secret_by_their_names() -> None:
    sweep = Sweep()
    named = ["OPENAI_API_KEY", "OPENAIPROXY_CLIENT_KEYS", "ACCESS_TOKEN"]
    sweep.hide_environment((name, f"value-of-{name}") for name in [*named, "HOME", "KEYBOARD"])
    assert sweep.secrets == {f"value-of-{name}" for name in named}
