"""The examples for chatgpt-proxy's clients run as they are written: by a shell, with ``curl``, against a process.

``curl`` finds the process where the examples say ``localhost:3002`` by its own configuration file, which also makes it
fail where it is refused. Of other programs' examples the address alone is another.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from openaiproxy.simple import faults
from openaiproxy.simple.endpoints import ENDPOINTS
from openaiproxy.simple.stock import STOCK_PATHS
from tests.e2e.processes import Twistd, python_path
from tests.e2e.threads import Thread

PAGE = Path(__file__).parents[2] / "docs" / "clients" / "chatgpt-proxy.rst"
KEY, TOKEN = "your-secret-key", "your-access-token"
HERE = "localhost:3002"
OTHERS = (
    "POST /openai/audio/transcriptions",
    "POST /openai2/diagnostics/sse-cap",
    "GET /debug/runtime",
    "GET /log",
    "GET /log_errors",
    "GET /health",
    "GET /",
    *(f"POST {path.decode()}" for path in STOCK_PATHS),
)
#: What stands in the output, blanks behind colons left out, by the path that was asked.
SAID = {
    "/": "<h1>Hello, World!</h1><div>31.01.2025</div>",
    "/anthropic": '"type":"message"',
    "/anthropic/stream": "data: [DONE]",
    "/chatgpt": '"parentMessageId":',
    "/debug/runtime": '"maxParallelRequests":32',
    "/embeddings": '"embedding":[',
    "/health": '"ok":true',
    "/log": "Max parallel requests",
    "/log_errors": "Error count",
    "/openai": '"object":"chat.completion"',
    "/openai/audio/transcriptions": '"text":"',
    "/openai2": '"object":"response"',
    "/openai2/*": '"object":"response"',
    "/openai2/*/cancel": '"background":true',
    "/openai2/*/input_items": '"object":"list"',
    "/openai2/compact": '"object":"response.compaction"',
    "/openai2/diagnostics/sse-cap": "event: probe-complete",
    "/openai2/input_tokens": '"input_tokens":',
    "/v1/chat/completions": '"object":"chat.completion"',
    "/v1/responses": "event: response.completed",
}


def examples() -> list[str]:
    """Every example of the page: a paragraph of a literal block that begins with a command."""
    page = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"::\n\n((?:(?: {4}.*)?\n)+)", page)
    found = [
        "\n".join(line.removeprefix("    ") for line in paragraph.strip("\n").split("\n"))
        for block in blocks
        for paragraph in block.split("\n\n")
    ]
    return [
        each for each in found if re.match(r"curl |id=\$\(curl |\S+ openaiproxy sse-cap ", each)
    ]


def asked(example: str) -> list[str]:
    """The requests of an example, such as ``POST /openai2/*/cancel``."""
    requests = []
    for command in re.split(r"\n(?=curl )|\n  \| ", example):
        for path in re.findall(rf"{HERE}([^\s\"?]*)", command):
            said = re.search(r"-X (\w+)", command)
            method = said[1] if said else "POST" if " -d " in command else "GET"
            requests.append(f"{method} {path.replace('$id', '*')}")
    return requests


@pytest.fixture(scope="module")
def simple(real_reactor: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twistd]:
    process = Twistd(
        real_reactor,
        ["openaiproxy", "--listen", "simple=tcp:0:interface=127.0.0.1", "--upstream", "embedded"],
        {"SECURITY_KEY": KEY, "ACCESS_TOKEN": TOKEN},
        tmp_path_factory.mktemp("examples"),
    )
    pytest_twisted.blockon(Deferred.fromCoroutine(process.ready()))
    yield process
    process.signal("TERM")
    pytest_twisted.blockon(process.ended())
    assert "Traceback" not in process.output


def run(example: str, port: int, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run an example, as somebody does who copied it."""
    (folder / ".curlrc").write_text(
        f'connect-to = "{HERE}:127.0.0.1:{port}"\nnoproxy = "*"\n'
        "silent\nshow-error\nfail-with-body\nmax-time = 20\n"
    )
    (folder / "audio.mp3").write_bytes(b"ID3" + bytes(5000))
    program = folder / "openaiproxy"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -P -m openaiproxy "$@"\n')
    program.chmod(0o755)
    environ = {
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(python_path()),
        "CURL_HOME": str(folder),
    }
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", example],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl is installed here")
@pytest.mark.parametrize("example", examples())
def test_an_example_of_the_documentation_runs_as_written_chapter_3_1(
    thread: Thread, simple: Twistd, tmp_path: Path, example: str
) -> None:
    port = simple.ports()[0]
    if not asked(example):
        pytest.fail(f"nothing is asked: {example}")
    if "openaiproxy sse-cap" in example:
        done = run(example.replace(HERE, f"127.0.0.1:{port}"), port, tmp_path)
        assert json.loads(done.stdout)["conclusion"] == "cap-not-reproduced"
    else:
        done = run(example, port, tmp_path)
        for request in asked(example):
            method, _, path = request.partition(" ")
            expected = '"deleted":true' if method == "DELETE" else SAID[path]
            assert expected in done.stdout.replace('": ', '":'), request
    assert (done.returncode, done.stderr) == (0, "")
    if '"stream": true' in example and "/openai2" in example:
        assert done.stdout.endswith("data: [DONE]\n\n")


def test_every_route_has_an_example_chapter_3_1() -> None:
    requests = {request for example in examples() for request in asked(example)}
    routes = {f"{each.method} {each.path}" for each in ENDPOINTS}
    assert routes | set(OTHERS) <= requests


def test_every_error_code_is_documented_chapter_3_3() -> None:
    page = PAGE.read_text(encoding="utf-8")
    source = Path(faults.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r"``(OPENAI_PROXY_\w+)``", page)) == set(
        re.findall(r'"(OPENAI_PROXY_\w+)"', source)
    )


def test_a_refused_example_fails_the_test_chapter_3_1(
    thread: Thread, simple: Twistd, tmp_path: Path
) -> None:
    if shutil.which("curl") is None:
        pytest.skip("no curl is installed here")
    example = next(each for each in examples() if asked(each) == ["POST /chatgpt"])
    done = run(example.replace(KEY, "another"), simple.ports()[0], tmp_path)
    assert done.returncode != 0
    assert "OPENAI_PROXY_FORBIDDEN" in done.stdout
