"""Check an installed wheel in a folder away from the source: ``check_installed.py FOLDER``.

The folder holds ``venv`` (with the wheel installed) and ``proxy.tac``. Exits 1 with what failed.
"""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

CHAT = b'{"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}'


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(port: int, path: str, body: bytes | None = None) -> bytes:
    """One request to a port of this machine."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return bytes(answer.read())


def check_answers(command: list[str], port: int, environment: dict[str, str], cwd: Path) -> None:
    """Start a process, wait until it lives, have a chat answered, and end it."""
    process = subprocess.Popen(command, env=environment, cwd=cwd)
    try:
        for _ in range(200):
            try:
                assert ask(port, "/health").startswith(b'{"ok":true,')
                break
            except OSError:
                if process.poll() is not None:
                    raise SystemExit(f"{command} ended with {process.returncode}") from None
                time.sleep(0.1)
        assert b"chat.completion" in ask(port, "/v1/chat/completions", CHAT)
    finally:
        process.terminate()
        code = process.wait(timeout=40)
    # twistd stops in good order and then ends by the signal that it was sent.
    assert code in (0, -signal.SIGTERM), f"{command} ended with {code}"
    print("answers:", " ".join(Path(part).name for part in command))


def check_commands(folder: Path, environment: dict[str, str]) -> None:
    """The console script starts a process that answers, tells how it fares, and ends it."""

    def run(*arguments: str) -> str:
        command = [str(folder / "venv/bin/openaiproxy"), *arguments]
        ended = subprocess.run(
            command, capture_output=True, text=True, env=environment, cwd=folder, timeout=100
        )
        assert ended.returncode == 0, f"{arguments} ended with {ended.returncode}: {ended.stderr}"
        return ended.stdout

    assert run("version").startswith("openaiproxy 0."), "the version is the wheel's"
    port = free_port()
    options = ("--port", str(port), "--upstream", "embedded")
    assert "the configuration is good" in run("check-config", *options)
    assert " started with pid " in run("start", *options)
    try:
        assert b"chat.completion" in ask(port, "/v1/chat/completions", CHAT)
        assert " running with pid " in run("status", "--verbose")
        assert " started with pid " in run("restart")
        assert b"chat.completion" in ask(port, "/v1/chat/completions", CHAT)
    finally:
        assert " stopped pid " in run("stop")
    assert "is reachable" in run("doctor", *options)
    print("answers: openaiproxy start, status, restart, stop, doctor")


def main(folder: Path) -> None:
    """The four things that an installed wheel must do."""
    twistd = str(folder / "venv/bin/twistd")
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    listed = subprocess.run(
        [twistd, "--help"], capture_output=True, text=True, env=environment, cwd=folder, check=True
    )
    assert "openaiproxy" in listed.stdout, "twistd --help does not list openaiproxy"
    print("listed: twistd --help")
    port = free_port()
    options = ["--port", str(port), "--upstream", "embedded"]
    check_answers([twistd, "-n", "--pidfile=", "openaiproxy", *options], port, environment, folder)
    port = free_port()
    environment |= {"OPENAIPROXY_PORT": str(port), "OPENAIPROXY_UPSTREAM": "embedded"}
    check_answers([twistd, "-n", "--pidfile=", "-y", "proxy.tac"], port, environment, folder)
    check_commands(folder, {"PATH": os.environ["PATH"], "HOME": str(folder)})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
