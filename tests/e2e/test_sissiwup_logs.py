"""The console's lines and the payload file of sissiwup's two ports, by a process (rows 120 and 121)."""

import json
import re
from pathlib import Path
from typing import Any

import pytest_twisted

from openaiproxy.ops.redaction import redact
from tests.e2e.processes import Twistd, ask

KEY = "sk-callers-own-0123456789"
HEADERS = {"Content-Type": "application/json", "Authorization": f"Bearer {KEY}"}
START = re.compile(r"^START: (\S+) +\| Input: +(\d+) bytes \| ?(.*)$", re.MULTILINE)
END = re.compile(
    r"^END:   (\S+) +\| Output: +(\d+) bytes \| \d+\.\d\ds \| Tokens: (\S+)(.*)$", re.MULTILINE
)
ENTRY = re.compile(
    r"\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] port=(\S+) direction=(\S+) path=(\S+)\n(.*?)\n---\n",
    re.DOTALL,
)


def question(words: str, **more: Any) -> bytes:
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": words}], **more}
    return json.dumps(body).encode()


@pytest_twisted.ensureDeferred
async def test_both_ports_write_what_people_know_rows_120_121(
    real_reactor: Any, tmp_path: Path
) -> None:
    file = tmp_path / "payload-log"
    process = Twistd(
        real_reactor,
        [
            "openaiproxy",
            *("--listen", "passthrough=tcp:0:interface=127.0.0.1"),
            *("--listen", "bridge=tcp:0:interface=127.0.0.1"),
            *("--upstream", "embedded", "--payload-log", str(file)),
        ],
        {},
        tmp_path,
    )
    try:
        await process.wrote("bridge listens on ")
        await process.wrote("passthrough listens on ")
        bodies = []
        for port in process.ports():
            for more in ({"stream": True}, {"reasoning_effort": "high"}):
                asked = question(f"Hello, my key is {KEY}", **more)
                _, body = await ask(real_reactor, port, "/v1/chat/completions", HEADERS, asked)
                assert await body.whole()
                bodies.append(body.data)
    finally:
        process.signal("TERM")
        await process.ended()
    _look_at_the_console(process.output, bodies)
    _look_at_the_file(file.read_text(), process.ports(), bodies)


def _look_at_the_console(output: str, bodies: list[bytes]) -> None:
    starts, ends = START.findall(output), END.findall(output)
    assert len(starts) == len(ends) == len(bodies) == 4
    assert {model for model, *_ in starts + ends} == {"gpt-5"}
    assert [int(size) for _, size, *_ in ends] == [len(body) for body in bodies]
    assert any("stream=true" in settings for *_, settings in starts)
    assert any("reasoning[effort=high" in settings for *_, settings in starts)
    assert any(tokens.isdigit() and int(tokens) > 0 for _, _, tokens, _ in ends)


def _look_at_the_file(text: str, ports: list[int], bodies: list[bytes]) -> None:
    entries = ENTRY.findall(text)
    assert "".join(found[0] for found in ENTRY.finditer(text)) == text, "nothing but entries"
    assert entries[0][:3] == ("system", "info", "/-")
    assert KEY not in text
    assert "my key is [redacted]" in text
    plain, bridge = (str(port) for port in ports)
    told: dict[tuple[str, str], list[str]] = {}
    for port, direction, path, payload in entries[1:]:
        assert path == "/v1/chat/completions"
        told.setdefault((port, direction), []).append(payload)
    once = {"upstream-request": 2, "upstream-response": 1}
    for port, answers in ((plain, ()), (bridge, ("downstream-response",))):
        for direction, count in {**once, **dict.fromkeys(answers, 1)}.items():
            assert len(told[port, direction]) == count
        assert len(told[port, "upstream-response-chunk"]) >= 1
    assert {direction for port, direction in told if port == plain} == {
        *("upstream-request", "upstream-response", "upstream-response-chunk"),
    }
    assert "".join(told[plain, "upstream-response-chunk"]) == redact(bodies[0].decode())
    assert "".join(told[bridge, "downstream-response-chunk"]) == redact(bodies[2].decode())
    assert told[bridge, "downstream-response"][0] == redact(bodies[3].decode())
