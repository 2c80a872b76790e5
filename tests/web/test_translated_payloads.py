"""Bodies on file where a port translates: what went up, what came, and what the caller got (row 120)."""

import json
import re

from tests.ops.test_payloads import in_memory
from tests.scripted import response
from tests.web.test_bridge import ASKED, EVENTS, HELLO, JSON, NOT_CHAT, STREAM, framed, post, refuse
from tests.web.wiring import wire


def entries(lines: list[bytes]) -> dict[str, str]:
    """The bodies by direction; of one direction, the last."""
    text = b"".join(lines).decode()
    found = re.findall(
        r"^\[[^]]+\] port=4567 direction=(\S+) path=/v1/chat/completions\n", text, re.M
    )
    bodies = re.split(r"^\[[^]]+\] port=.*\n", text, flags=re.M)[1:]
    assert len(found) == len(bodies)
    return {way: body.removesuffix("\n---\n") for way, body in zip(found, bodies, strict=True)}


def test_a_stream_is_kept_as_it_came_and_as_it_went_row_120() -> None:
    log, disk = in_memory()
    wired = wire("bridge", payloads=log)
    post(wired, {**ASKED, "stream": True}, "Authorization: Bearer sk-callers-own-0123")
    answer = wired.upstream.asked[0].answer(headers=EVENTS)
    answer.send(framed(*STREAM[:3]))
    answer.send(framed(*STREAM[3:]))
    answer.end()
    kept = entries(disk.lines)
    assert set(kept) == {"upstream-request", "upstream-response", "downstream-response"}
    assert json.loads(kept["upstream-request"])["input"]
    assert kept["upstream-response"] == framed(*STREAM).decode()
    assert kept["downstream-response"].startswith("data: {")
    assert "chat.completion.chunk" in kept["downstream-response"]
    assert kept["downstream-response"].endswith("data: [DONE]\n\n")
    assert "sk-callers" not in str(disk.lines)


def test_a_whole_answer_is_kept_likewise() -> None:
    log, disk = in_memory()
    wired = wire("bridge", payloads=log)
    post(wired, ASKED)
    answer = wired.upstream.asked[0].answer(headers=JSON)
    answer.send(json.dumps(response(HELLO)).encode())
    answer.end()
    kept = entries(disk.lines)
    assert json.loads(kept["upstream-response"])["object"] == "response"
    assert json.loads(kept["downstream-response"])["object"] == "chat.completion"


def test_a_refusal_that_taught_something_is_kept_too() -> None:
    log, disk = in_memory()
    wired = wire("gateway", payloads=log)
    post(wired, {**ASKED, "model": "strange-model"})
    refuse(wired, 0, 404, NOT_CHAT)
    answer = wired.upstream.asked[1].answer(headers=JSON)
    answer.send(json.dumps(response(HELLO)).encode())
    answer.end()
    text = b"".join(disk.lines).decode()
    assert text.count("direction=upstream-request") == 2
    assert text.count("direction=upstream-response") == 2
    assert text.count("direction=downstream-response") == 1
    assert "not a chat model" in text


def test_what_passes_as_it_is_is_kept_once() -> None:
    log, disk = in_memory()
    wired = wire("passthrough", payloads=log)
    post(wired, ASKED)
    answer = wired.upstream.asked[0].answer(headers=JSON)
    answer.send(b"{}")
    answer.end()
    assert set(entries(disk.lines)) == {"upstream-request", "upstream-response"}
