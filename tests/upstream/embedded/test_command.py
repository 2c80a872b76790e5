"""``python -m openaiproxy.upstream.embedded``."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

COMMAND = [sys.executable, "-m", "openaiproxy.upstream.embedded"]


@pytest.fixture
def served() -> Iterator[str]:
    """The base URL of the stand-in, served by a process of its own."""
    process = subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip()
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_the_command_serves_and_says_where(served: str) -> None:
    assert served.startswith("http://127.0.0.1:")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with direct.open(f"{served}/models", timeout=10) as answer:
        assert answer.status == 200
        assert b"gpt-4.1" in answer.read()


def test_a_missing_port_is_named() -> None:
    asked = subprocess.run(COMMAND, capture_output=True, text=True, timeout=20, check=False)
    assert asked.returncode == 2
    assert "--port" in asked.stderr
