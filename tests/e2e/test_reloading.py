"""SIGHUP to a real process: files are read again, and a bad one is refused."""

import json
from pathlib import Path
from typing import Any

import pytest_twisted

from tests.e2e.processes import ask
from tests.e2e.test_process import JSON, Start, chat, start, stop

__all__ = ["start"]

CONFIG = """
[profiles.team]
preset = "gateway"
upstream = "embedded"
client-keys-file = "{keys}"

[[listen]]
profile = "team"
endpoint = "tcp:0:interface=127.0.0.1"
"""


@pytest_twisted.ensureDeferred
async def test_sighup_takes_over_keys_and_refuses_a_bad_file(
    start: Start, real_reactor: Any, tmp_path: Path
) -> None:
    keys, config = tmp_path / "keys", tmp_path / "proxy.toml"
    keys.write_text("one = the-first-key")
    keys.chmod(0o600)
    config.write_text(CONFIG.format(keys=keys))
    process = start("--config", str(config))
    port = await process.ready()

    async def status(key: str) -> int:
        caller = {**JSON, "X-API-Key": key}
        code, body = await ask(real_reactor, port, "/v1/chat/completions", caller, chat())
        await body.whole()
        return code

    assert [await status("the-first-key"), await status("the-second-key")] == [200, 401]

    keys.write_text("two = the-second-key")
    slow = chat("chunks=20,pace=0.02", stream=True)
    caller = {**JSON, "X-API-Key": "the-second-key"}
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    assert [await status("the-first-key"), await status("the-second-key")] == [401, 200]

    _, running = await ask(real_reactor, port, "/v1/chat/completions", caller, slow)
    await running.begun()
    config.write_text("drain = 'soon'\n" + CONFIG.format(keys=tmp_path / "none"))
    process.signal("HUP")
    await process.wrote("not reloaded, the old configuration stays: ")
    await process.wrote("'soon'")
    assert await status("the-second-key") == 200
    config.write_text("wire = 'twisted'\n" + CONFIG.format(keys=keys))
    process.signal("HUP")
    await process.wrote("stays: wire: from ours to twisted takes a restart")
    assert await status("the-second-key") == 200
    assert await running.whole()
    await stop(process)


@pytest_twisted.ensureDeferred
async def test_sighup_moves_the_log(start: Start, real_reactor: Any, tmp_path: Path) -> None:
    config = tmp_path / "proxy.toml"
    text = '[logging]\nformat = "json"\nfile = "{}"\n'
    config.write_text(text.format(tmp_path / "one.log"))
    process = start("--config", str(config), "--port", "0", "--upstream", "embedded")
    port = await process.ready()
    config.write_text(text.format(tmp_path / "two.log"))
    process.signal("HUP")
    await process.wrote("the configuration is reloaded")
    await (await ask(real_reactor, port, "/health", {}))[1].whole()
    for _ in range(50):
        await (await ask(real_reactor, port, "/health", {}))[1].whole()
        if '"/health"' in (tmp_path / "two.log").read_text():
            break
    lines = (tmp_path / "two.log").read_text().splitlines()
    assert "/health" in [json.loads(line).get("path") for line in lines]
    await stop(process)
