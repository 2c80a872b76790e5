"""``twistd -n openaiproxy`` and ``twistd -ny proxy.tac`` as their user meets them: as processes."""

import json
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.endpoints import TCP4ClientEndpoint
from twisted.internet.error import ConnectError, ConnectionRefusedError
from twisted.internet.protocol import Factory, Protocol

from tests.e2e.processes import PROXY_TAC, Twistd, ask

SERVER_KEY = "sk-never-to-be-shown"
CLIENT_KEY = "key-never-to-be-shown"
KEYS = {"OPENAI_API_KEY": SERVER_KEY, "PROXY_X_API_KEY": CLIENT_KEY}
JSON = {"Content-Type": "application/json"}
CALLER = {**JSON, "X-API-Key": CLIENT_KEY}
EMBEDDED = ["--port", "0", "--upstream", "embedded"]

Start = Callable[..., Twistd]


def chat(fault: str = "", *, stream: bool = False) -> bytes:
    """A question; the fault goes with the model's name."""
    model = f"gpt-4.1!{fault}" if fault else "gpt-4.1"
    messages = [{"role": "user", "content": "one two three"}]
    return json.dumps({"model": model, "messages": messages, "stream": stream}).encode()


@pytest.fixture
def start(real_reactor: Any, tmp_path: Path) -> Iterator[Start]:
    """Starts processes, and ends those that still run."""
    started: list[Twistd] = []

    def start(*arguments: str, twistd: tuple[str, ...] = ("openaiproxy",), **environment: str):
        process = Twistd(real_reactor, [*twistd, *arguments], environment, tmp_path)
        started.append(process)
        return process

    yield start
    for process in started:
        process.signal("KILL")
        pytest_twisted.blockon(process.ended())


@pytest_twisted.ensureDeferred
async def test_it_answers_and_streams_and_shows_no_key(start: Start, real_reactor: Any) -> None:
    process = start("--profile", "keyed", *EMBEDDED, **KEYS)
    port = await process.ready()
    command_line = process.command_line

    status, body = await ask(real_reactor, port, "/health", {})
    assert (status, await body.whole()) == (200, True)
    status, body = await ask(real_reactor, port, "/v1/chat/completions", CALLER, chat())
    assert (status, await body.whole()) == (200, True)
    assert "one two three" in json.loads(body.data)["choices"][0]["message"]["content"]
    question = chat(stream=True)
    status, body = await ask(real_reactor, port, "/v1/chat/completions", CALLER, question)
    assert (status, await body.whole()) == (200, True)
    assert body.data.endswith(b"data: [DONE]\n\n")
    status, body = await ask(real_reactor, port, "/v1/chat/completions", JSON, chat())
    assert (status, await body.whole()) == (401, True)

    await stop(process)
    assert process.output.count("/v1/chat/completions") >= 3, "a line for each request"
    for key in (SERVER_KEY, CLIENT_KEY):
        assert key not in process.output
        assert key.encode() not in command_line


@pytest_twisted.ensureDeferred
async def test_the_printed_configuration_hides_keys(start: Start) -> None:
    process = start("--profile", "keyed", "--print-config", **KEYS)
    assert await process.ended() == 0
    assert "[profiles.keyed]" in process.output
    assert SERVER_KEY not in process.output
    assert CLIENT_KEY not in process.output


@pytest_twisted.ensureDeferred
async def test_every_mistake_names_itself_and_nothing_is_opened(start: Start) -> None:
    process = start("--profile", "keyd", "--port", "abc", OPENAIPROXY_DRAIN="soon")
    assert await process.ended() == 1
    for words in ("keyd", "--port", "abc", "OPENAIPROXY_DRAIN", "soon"):
        assert words in process.output
    assert "Traceback" not in process.output
    assert "listens on" not in process.output


@pytest_twisted.ensureDeferred
async def test_a_port_in_use_is_one_line_and_exit_1(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = taken.getsockname()[1]
        process = start("--port", str(number), "--upstream", "embedded")
        assert await process.ended() == 1
    lines = [line for line in process.output.splitlines() if "openaiproxy: " in line]
    assert len(lines) == 1
    assert str(number) in lines[0]
    assert "in use" in lines[0]
    assert "Traceback" not in process.output


@pytest_twisted.ensureDeferred
async def test_row_130_env_files_count_behind_the_environment(
    start: Start, real_reactor: Any, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        f"OPENAI_API_KEY='{SERVER_KEY}'\nPROXY_X_API_KEY=key-of-the-file\nOPENAIPROXY_PORT=0\n"
        "OPENAIPROXY_PROFILE=keyed\nOPENAIPROXY_UPSTREAM=http://127.0.0.1:9\n"
    )
    (tmp_path / ".env.local").write_text("OPENAIPROXY_UPSTREAM=embedded\n")
    process = start(PROXY_X_API_KEY=CLIENT_KEY)
    port = await process.ready()
    statuses = []
    for shown in ("key-of-the-file", CLIENT_KEY):
        fields = {**JSON, "X-API-Key": shown}
        status, body = await ask(real_reactor, port, "/v1/chat/completions", fields, chat())
        await body.whole()
        statuses.append(status)
    assert statuses == [401, 200], "the environment before .env, and .env.local before .env"
    assert SERVER_KEY not in process.output
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_several_ports_open_in_one_process_row_132(start: Start, real_reactor: Any) -> None:
    process = start(
        *("--listen", "passthrough=tcp:0:interface=127.0.0.1"),
        *("--listen", "keyed=tcp:0:interface=127.0.0.1"),
        *("--upstream", "embedded"),
        **KEYS,
    )
    await process.wrote("keyed listens on ")
    await process.wrote("passthrough listens on ")
    for port, expected in zip(process.ports(), (200, 404), strict=True):
        status, body = await ask(real_reactor, port, "/v1/models", {})
        assert (status, await body.whole()) == (expected, True)
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_row_41_a_server_key_is_not_offered_to_the_network(start: Start) -> None:
    process = start("--listen", "gateway=tcp:0:interface=0.0.0.0", OPENAI_API_KEY=SERVER_KEY)
    assert await process.ended() == 1
    assert "client keys" in process.output
    assert SERVER_KEY not in process.output
    assert "listens on" not in process.output


@pytest_twisted.ensureDeferred
async def test_sigterm_lets_a_running_stream_end(start: Start, real_reactor: Any) -> None:
    process = start(*EMBEDDED)
    port = await process.ready()
    question = chat("chunks=20,pace=0.02", stream=True)
    status, body = await ask(real_reactor, port, "/v1/chat/completions", JSON, question)
    await body.begun()
    process.signal("TERM")
    assert (status, await body.whole()) == (200, True)
    assert body.data.endswith(b"data: [DONE]\n\n")
    await stopped(process)


@pytest_twisted.ensureDeferred
async def test_a_second_sigterm_cuts_at_once(start: Start, real_reactor: Any) -> None:
    process = start(*EMBEDDED)
    port = await process.ready()
    question = chat("stall=2", stream=True)
    _, body = await ask(real_reactor, port, "/v1/chat/completions", JSON, question)
    await body.begun()
    process.signal("TERM")
    await process.wrote("Received SIGTERM")
    await _closed(real_reactor, port)
    process.signal("TERM")
    assert await body.whole() is False
    await stopped(process)


@pytest.mark.skipif(not PROXY_TAC.exists(), reason="proxy.tac stands beside the tests")
@pytest_twisted.ensureDeferred
async def test_proxy_tac_answers(start: Start, real_reactor: Any) -> None:
    environment = {"OPENAIPROXY_PORT": "0", "OPENAIPROXY_UPSTREAM": "embedded"}
    process = start(twistd=("-y", str(PROXY_TAC)), **environment)
    port = await process.ready()
    status, body = await ask(real_reactor, port, "/v1/models", {})
    assert (status, await body.whole()) == (200, True)
    await stop(process)


async def stop(process: Twistd) -> None:
    """Have it stop."""
    process.signal("TERM")
    await stopped(process)


async def stopped(process: Twistd) -> None:
    """It shut down in order. ``twistd`` then ends by the signal that it was sent, as shells and
    service managers expect of a program that was asked to go.
    """
    assert await process.ended() in (0, -signal.SIGTERM)
    assert "Server Shut Down." in process.output
    assert "Traceback" not in process.output


async def _closed(reactor: Any, port: int) -> None:
    """Wait until the port takes no more callers, which is when draining has begun."""
    while True:
        try:
            there = TCP4ClientEndpoint(reactor, "127.0.0.1", port, timeout=5)
            protocol = await there.connect(Factory.forProtocol(Protocol))
        except ConnectionRefusedError:
            return
        except ConnectError:
            continue  # it closed just now
        protocol.transport.abortConnection()


@pytest_twisted.ensureDeferred
async def test_sighup_opens_the_log_anew(start: Start, real_reactor: Any, tmp_path: Path) -> None:
    log = tmp_path / "proxy.log"
    process = start(*EMBEDDED, "--log-file", str(log), "--log-format", "json")
    port = await process.ready()
    await (await ask(real_reactor, port, "/health", {}))[1].whole()
    log.rename(tmp_path / "moved.log")
    process.signal("HUP")
    for _ in range(50):
        await (await ask(real_reactor, port, "/health", {}))[1].whole()
        if log.exists() and '"/health"' in log.read_text():
            break
    paths = [json.loads(line).get("path") for line in log.read_text().splitlines()]
    assert "/health" in paths
    assert log.stat().st_mode & 0o777 == 0o600
    assert "GET /health" not in process.output, "with a file, lines go there alone"
    await stop(process)
