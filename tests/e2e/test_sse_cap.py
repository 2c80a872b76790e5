"""``openaiproxy sse-cap`` against a port, and against what is none (row 26)."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from openaiproxy.cli.hops import question_for
from tests.e2e.processes import Twistd, python_path
from tests.e2e.threads import Thread

KEY = "the-key-of-the-probe"


@pytest.fixture(scope="module")
def simple(real_reactor: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twistd]:
    process = Twistd(
        real_reactor,
        ["openaiproxy", "--listen", "simple=tcp:0:interface=127.0.0.1", "--upstream", "embedded"],
        {"SECURITY_KEY": KEY},
        tmp_path_factory.mktemp("hops"),
    )
    pytest_twisted.blockon(Deferred.fromCoroutine(process.ready()))
    yield process
    process.signal("TERM")
    pytest_twisted.blockon(process.ended())


def probe(*arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """The command, as a process."""
    full = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(python_path())}
    command = [sys.executable, "-P", "-m", "openaiproxy", "sse-cap", *arguments]
    return subprocess.run(
        command, env=full | environ, capture_output=True, text=True, timeout=30, check=False
    )


def test_three_streams_that_come_through_say_so_row_26(thread: Thread, simple: Twistd) -> None:
    url = f"http://127.0.0.1:{simple.ports()[0]}"
    done = probe("--seconds", "0.5", url, SECURITY_KEY=KEY)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["conclusion"] == "cap-not-reproduced"
    assert said["durationMs"] == 500
    seen = {each["mode"]: each for each in said["observations"]}
    assert seen.keys() == {"active-data", "comment-heartbeat", "silent-control"}
    assert all(each["completed"] and each["statusCode"] == 200 for each in seen.values())
    assert all(each["endElapsedMs"] >= 500 for each in seen.values())


def test_a_wrong_key_concludes_nothing_and_is_not_shown_row_26(
    thread: Thread, simple: Twistd
) -> None:
    url = f"http://127.0.0.1:{simple.ports()[0]}"
    done = probe("--seconds", "0.5", url, SSE_CAP_PROBE_SECURITY_KEY="wrong-key", SECURITY_KEY=KEY)
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["conclusion"] == "inconclusive"
    assert {each["statusCode"] for each in said["observations"]} == {403}
    assert "wrong-key" not in done.stdout + done.stderr


class Cutting(BaseHTTPRequestHandler):
    """A hop that ends each stream after its head."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("X-SSE-Cap-Probe-Version", "1")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_what_is_no_probes_stream_concludes_nothing_row_26(tmp_path: Path) -> None:
    with HTTPServer(("127.0.0.1", 0), Cutting) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            done = probe(f"http://127.0.0.1:{server.server_port}/below", SECURITY_KEY=KEY)
        finally:
            server.shutdown()
            thread.join()
    assert done.returncode == 1
    failures = {each["failure"] for each in json.loads(done.stdout)["observations"]}
    assert failures == {"no such stream"}


def test_a_name_that_no_host_can_have_concludes_nothing() -> None:
    done = probe("--seconds", "0.5", "http://no..host", SECURITY_KEY=KEY)
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["conclusion"] == "inconclusive"
    assert {each["failure"] for each in said["observations"]} == {"UnicodeError"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "expected one URL"),
        (("nowhere",), "expected a URL"),
        (("http://127.0.0.1:9",), "expected the security key in"),
        (("--seconds", "500", "http://127.0.0.1:9"), "expected --seconds from 0.3 to 180"),
        (("--patience", "-1", "http://127.0.0.1:9"), "expected --patience from above 0 to 600"),
        (("--patience", "nan", "http://127.0.0.1:9"), "expected --patience from above 0 to 600"),
        (("http://127.0.0.1:99999",), "Port out of range"),
    ],
)
def test_what_is_missing_is_said_row_26(arguments: tuple[str, ...], words: str) -> None:
    done = probe(*arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_stream_is_given_up_after_its_time_and_half_a_minute_row_26() -> None:
    asked = question_for("https://a.example", 90.0, None, {"SECURITY_KEY": KEY})
    assert (asked.seconds, asked.patience) == (90.0, 120.0)
    assert KEY not in repr(asked)
