"""``openaiproxy`` as its user meets it: as processes, in a home of their own."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from openaiproxy.cli.pidfile import Held, hold, look
from tests.e2e.processes import python_path

EMBEDDED = ("--port", "0", "--upstream", "embedded")
SECRET = "sk-never-to-be-shown"


class Home:
    """A user's home, and the command line in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.folder = path / ".openaiproxy"
        self.pid_file = self.folder / "openaiproxy.pid"

    def run(self, *arguments: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        full = {"PATH": os.environ["PATH"], "HOME": str(self.path), "LC_ALL": "C.UTF-8"}
        full |= {"PYTHONPATH": os.pathsep.join(python_path()), "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-P", "-W", "ignore", "-m", "openaiproxy", *arguments]
        return subprocess.run(
            command,
            env=full | environ,
            cwd=self.path,
            capture_output=True,
            text=True,
            timeout=60,
            stdin=subprocess.DEVNULL,
            check=False,
        )

    @property
    def pid(self) -> int:
        found = look(self.pid_file)
        assert found.running
        assert found.pid is not None
        return found.pid


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    home = Home(tmp_path)
    yield home
    with contextlib.suppress(OSError):  # where a test has put something else in its place
        found = look(home.pid_file)
        if found.running and found.pid is not None:
            os.kill(found.pid, signal.SIGKILL)


def urls(output: str) -> list[str]:
    return [line.split(" ")[-1] for line in output.splitlines() if "base_url" in line]


def test_rows_127_and_129_start_status_restart_stop(home: Home) -> None:
    assert home.run("status").stdout == "openaiproxy stopped\n"
    started = home.run("start", *EMBEDDED, OPENAI_API_KEY=SECRET)
    assert started.returncode == 0, started.stderr
    pid = home.pid
    lines = started.stdout.splitlines()
    assert lines[0] == f"openaiproxy started with pid {pid}"
    assert lines[1] == f"config: {home.folder / 'config.toml'}"
    assert lines[2] == f"log: {home.folder / 'openaiproxy.log'}"
    [url] = urls(started.stdout)
    with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
        assert json.loads(answer.read())["ok"] is True

    again = home.run("start", *EMBEDDED)
    assert (again.returncode, again.stdout) == (0, f"openaiproxy already running with pid {pid}\n")
    status = home.run("status", "--verbose")
    assert status.returncode == 0
    assert status.stdout.startswith(f"openaiproxy running with pid {pid}\n")
    assert "  upstream: embedded\n" in status.stdout

    restarted = home.run("restart")
    assert restarted.returncode == 0, restarted.stderr
    assert restarted.stdout.startswith(f"openaiproxy stopped pid {pid}\n")
    assert "upstream: embedded" in restarted.stdout
    pid = home.pid
    command_line = Path(f"/proc/{pid}/cmdline")
    shown = command_line.read_text() if command_line.exists() else ""
    stopped = home.run("stop")
    assert (stopped.returncode, stopped.stdout) == (0, f"openaiproxy stopped pid {pid}\n")
    assert not home.pid_file.exists()
    for file in home.folder.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600
        assert SECRET not in file.read_text()
    assert SECRET not in started.stdout + shown


def test_row_127_the_start_of_a_login_tells_what_codex_api_proxys_told(home: Home) -> None:
    (home.path / ".codex").mkdir()
    (home.path / ".codex" / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": SECRET}))
    codex = ("--profile", "codex", "--port", "0")
    key = {"CODEX_PROXY_API_KEY": "a-local-key-of-mine"}
    for more, fast, tier in ((["--fast"], "true", "priority"), ([], "false", "<request/default>")):
        started = home.run("start", *codex, "--verbosity", "low", *more, **key)
        assert started.returncode == 0, started.stderr
        for line in (
            "host: 127.0.0.1",
            "port: 0",
            "api_key: <redacted>",
            "proxy: <none>",
            "log_level: info",
            "log_format: text",
            "models_cache_ttl: 300",
            f"fast: {fast}",
            "verbosity: low",
            f"service_tier: {tier}",
            f"pid_file: {home.pid_file}",
        ):
            assert started.stdout.count(f"  {line}\n") == 1, line
        assert "a-local-key-of-mine" not in started.stdout
        assert SECRET not in started.stdout
        assert home.run("stop").returncode == 0


def test_a_stop_of_nothing_is_no_failure_and_takes_a_stale_file_away(home: Home) -> None:
    assert home.run("stop").stdout == "openaiproxy is not running\n"
    home.folder.mkdir()
    home.pid_file.write_text(f"{os.getpid()}\n")
    stopped = home.run("stop")
    assert (stopped.returncode, stopped.stdout) == (0, "openaiproxy is not running\n")
    assert f"pid {os.getpid()} is another process" in stopped.stderr
    assert not home.pid_file.exists()


def test_row_127_a_process_that_does_not_end_is_forced_and_then_given_up(home: Home) -> None:
    held = hold(home.pid_file)
    assert isinstance(held, Held)
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "if sys.argv[1] == 'deaf': signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    for how, code in (("deaf", 1), ("stubborn", 0)):
        command = [sys.executable, "-c", program, how]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(held.descriptor,),
        ) as running:
            assert running.stdout is not None
            running.stdout.readline()
            held.write(running.pid)
            if code == 0:
                held.close()
            stopped = home.run("stop", "--timeout", "0.2")
            assert stopped.returncode == code
            assert stopped.stdout.startswith(f"forcing openaiproxy pid {running.pid} to stop\n")
            left = f"openaiproxy pid {running.pid} did not stop after SIGTERM and SIGINT\n"
            assert (stopped.stderr == left) is (code == 1)
            running.kill()


def test_a_stale_file_does_not_keep_it_from_starting(home: Home) -> None:
    home.folder.mkdir()
    home.pid_file.write_text(f"{os.getpid()}\n")
    assert home.run("start", *EMBEDDED).returncode == 0
    os.kill(home.pid, signal.SIGKILL)


def test_chapter_5_defect_10_a_process_that_can_not_serve_was_not_started(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        started = home.run("start", "--port", port, "--upstream", "embedded")
    assert started.returncode == 1
    assert "did not start" in started.stderr
    assert "in use" in started.stderr
    assert not home.pid_file.exists()
    assert not (home.folder / "config.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["start", "--listen", "gateway=tcp:0:interface=0.0.0.0"], "client keys"),
        (["start", "--port", "x"], "--port"),
        (["start", "--proxy", f"http://me:{SECRET}@proxy"], "OPENAIPROXY_PROXY"),
        (["start", "--api-key", SECRET], "environment"),
        (["start", "--nonsense"], "nonsense"),
        (["nonsense"], "nonsense"),
        ([], "expected a command"),
        (["check-config", "--profile", "gatway"], "gatway"),
    ],
)
def test_what_is_wrong_is_said_with_exit_code_2(
    arguments: list[str], words: str, home: Home
) -> None:
    ended = home.run(*arguments, OPENAI_API_KEY=SECRET)
    assert ended.returncode == 2
    assert ended.stderr.startswith("ERROR: ")
    assert words in ended.stderr
    assert SECRET not in ended.stderr + ended.stdout
    assert not home.pid_file.exists()


def test_a_restart_needs_a_start(home: Home) -> None:
    ended = home.run("restart")
    assert ended.returncode == 1
    assert ended.stderr == f"openaiproxy config file not found: {home.folder / 'config.toml'}\n"


def test_a_restart_with_a_mistake_leaves_the_old_process_alone(home: Home) -> None:
    home.run("start", *EMBEDDED)
    pid = home.pid
    assert home.run("restart", "--port", "x").returncode == 2
    assert home.pid == pid


def test_row_128_the_doctor_says_what_to_do(home: Home) -> None:
    well = home.run("doctor", *EMBEDDED)
    assert well.returncode == 0, well.stdout
    assert well.stdout.startswith("openaiproxy doctor\n✓ config file: <none>\n")
    assert "is reachable, " in well.stdout
    assert "\x1b" not in well.stdout
    skipped = home.run("doctor", "--port", "0", "--skip-upstream", OPENAI_API_KEY=SECRET)
    assert skipped.returncode == 0
    assert "✓ upstream models: skipped\n" in skipped.stdout
    assert "from environment OPENAI_API_KEY" in skipped.stdout
    assert SECRET not in skipped.stdout
    ill = home.run("doctor", "--port", "0", "--upstream", "http://127.0.0.1:9")
    assert ill.returncode == 1
    assert "✗ upstream models of gateway: http://127.0.0.1:9 answers 502" in ill.stdout
    mistaken = home.run("doctor", "--port", "x")
    assert mistaken.returncode == 1
    assert "✗ configuration: --port" in mistaken.stdout


def test_row_128_the_doctor_of_a_login_says_what_codex_api_proxys_said(home: Home) -> None:
    codex = ("doctor", "--profile", "codex", "--port", "0", "--skip-upstream")
    absent = home.run(*codex)
    assert absent.returncode == 1
    assert f"✗ auth file of codex: {home.path}/.codex/auth.json\n" in absent.stdout
    (home.path / ".codex").mkdir()
    tokens = {"access_token": "at-never-to-be-shown", "refresh_token": "rt-never-to-be-shown"}
    login = {"auth_mode": "chatgpt", "tokens": tokens, "last_refresh": "2026-11-20T12:34:56Z"}
    (home.path / ".codex" / "auth.json").write_text(json.dumps(login))
    found = home.run(*codex, HTTPS_PROXY="http://me:never-to-be-shown@proxy.test:3128")
    assert found.returncode == 0, found.stdout
    for line in (
        f"✓ auth file of codex: {home.path}/.codex/auth.json",
        "✓ upstream proxy of codex: proxy.test:3128",
        "✓ models cache ttl of codex: 300s",
        "✓ upstream models: skipped",
    ):
        assert f"{line}\n" in found.stdout
    assert "(chatgpt)" in found.stdout
    assert "never-to-be-shown" not in found.stdout + found.stderr
    direct = home.run(*codex, "--models-cache-ttl", "0")
    assert "✓ upstream proxy of codex: <none>, direct connection\n" in direct.stdout
    assert "✓ models cache ttl of codex: 0s\n" in direct.stdout


def test_a_good_configuration_is_shown_and_nothing_opened(home: Home) -> None:
    checked = home.run("check-config", *EMBEDDED)
    assert checked.returncode == 0
    assert checked.stdout.splitlines()[-1] == "  gateway: tcp:0:interface=127.0.0.1"
    printed = home.run("check-config", *EMBEDDED, "--print-config")
    assert "[profiles.gateway]" in printed.stdout


def test_versions_and_help(home: Home) -> None:
    assert home.run("version").stdout == home.run("--version").stdout
    assert home.run("version").stdout.startswith("openaiproxy ")
    shown = home.run("--help").stdout
    assert "doctor" in shown
    assert "_serve" not in shown
    assert "--max-requests" in home.run("run", "--help").stdout


def test_row_131_a_health_check_asks_a_port_and_needs_no_file(home: Home) -> None:
    assert home.run("status", "--url", "http://127.0.0.1:9").returncode == 1
    [url] = urls(home.run("start", *EMBEDDED).stdout)
    assert home.run("status", "--url", url).returncode == 0


def test_what_lies_in_the_working_folder_is_not_imported(home: Home) -> None:
    (home.path / "twisted.py").write_text("raise SystemExit('imported')")
    assert home.run("version").returncode == 0
    assert home.run("start", *EMBEDDED).returncode == 0
