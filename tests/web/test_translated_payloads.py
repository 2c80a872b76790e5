"""Bodies on file where a port translates: what went up, what came, and what the caller got (row 120)."""

import json
import re

from openaiproxy.errors import BadUpstream
from tests.ops.test_payloads import in_memory
from tests.scripted import response
from tests.web.test_bridge import ASKED, EVENTS, HELLO, JSON, NOT_CHAT, STREAM, framed, post, refuse
from tests.web.wiring import Connection, wire


def entries(lines: list[bytes]) -> dict[str, str]:
    """The bodies by direction; of one direction, all of them together."""
    text = b"".join(lines).decode()
    found = re.findall(
        r"^\[[^]]+\] port=4567 direction=(\S+) path=/v1/chat/completions\n", text, re.M
    )
    bodies = re.split(r"^\[[^]]+\] port=.*\n", text, flags=re.M)[1:]
    assert len(found) == len(bodies)
    kept: dict[str, str] = {}
    for way, body in zip(found, bodies, strict=True):
        kept[way] = kept.get(way, "") + body.removesuffix("\n---\n")
    return kept


def test_a_stream_is_kept_as_it_came_and_as_it_went_row_120() -> None:
    log, disk = in_memory()
    wired = wire("bridge", payloads=log)
    post(wired, {**ASKED, "stream": True}, "Authorization: Bearer sk-callers-own-0123")
    answer = wired.upstream.asked[0].answer(headers=EVENTS)
    answer.send(framed(*STREAM[:3]))
    answer.send(framed(*STREAM[3:]))
    answer.end()
    kept = entries(disk.lines)
    assert set(kept) == {
        "upstream-request",
        "upstream-response-chunk",
        "downstream-response-chunk",
    }
    assert json.loads(kept["upstream-request"])["input"]
    assert kept["upstream-response-chunk"] == framed(*STREAM).decode()
    assert kept["downstream-response-chunk"].startswith("data: {")
    assert "chat.completion.chunk" in kept["downstream-response-chunk"]
    assert kept["downstream-response-chunk"].endswith("data: [DONE]\n\n")
    assert b"".join(disk.lines).count(b"direction=upstream-response-chunk") == 2
    assert b"direction=upstream-request " in disk.lines[0]
    assert "sk-callers" not in str(disk.lines)


def test_signs_of_life_before_a_stream_are_kept_row_120() -> None:
    log, disk = in_memory()
    wired = wire("bridge", payloads=log)
    client = post(wired, {**ASKED, "stream": True})
    wired.clock.advance(15.1)
    answer = wired.upstream.asked[0].answer(headers=EVENTS)
    answer.send(framed(*STREAM))
    answer.end()
    told = entries(disk.lines)["downstream-response-chunk"]
    assert told.startswith(": keepalive\n\ndata: {")
    assert told.encode() == chunked(client)


def test_the_last_words_of_a_stream_that_failed_here_are_kept_row_120() -> None:
    log, disk = in_memory()
    wired = wire("bridge", payloads=log)
    client = post(wired, {**ASKED, "stream": True})
    wired.clock.advance(15.1)
    wired.upstream.asked[0].fail(BadUpstream(502, "upstream_closed", "closed"))
    told = entries(disk.lines)["downstream-response-chunk"]
    assert "upstream_closed" in told
    assert told.encode() == chunked(client)


def test_the_last_words_of_a_stream_that_passes_are_kept_row_120() -> None:
    log, disk = in_memory()
    wired = wire("gateway", payloads=log)
    body = {"model": "gpt-4.1", "input": "x", "stream": True}
    client = post(wired, body, path="/v1/responses")
    answer = wired.upstream.asked[0].answer(headers=EVENTS)
    answer.send(framed(*STREAM[:2]))
    answer.end()
    text = b"".join(disk.lines).decode()
    words = text.partition("direction=downstream-response-chunk path=/v1/responses\n")[2]
    assert "upstream_stream_truncated" in words
    assert chunked(client).decode().endswith(words.removesuffix("\n---\n"))


def chunked(client: Connection) -> bytes:
    """The body of a chunked answer."""
    rest, body = client.received().partition(b"\r\n\r\n")[2], b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        count = int(size, 16)
        body, rest = body + rest[:count], rest[count + 2 :]
    return body


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
