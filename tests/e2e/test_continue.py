"""Continue reads what we emit: its line rules, and its manner of asking three kinds of models."""

import json
from pathlib import Path
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from openaiproxy.profile import Upstream
from openaiproxy.upstream.embedded.conversation import REASONING
from tests.e2e.continuing import LineReader, Malformed, read_lines
from tests.e2e.processes import Twistd, ask
from tests.matrix.house import SPEAKS, open_house
from tests.upstream.embedded.room import Room
from tests.web.test_bridge import parts, post
from tests.web.wiring import Wired, wire

SIZES = [[0], [1], [2, 3, 5, 17, 64, 300]]
WORDS = "Hello, Grüße, 世界 🙂"
ANSWER = "This is the embedded upstream. You said: "
PATHS = {
    b"/v1/chat/completions": "chat",
    b"/v1/responses": "responses",
    b"/v1/messages": "messages",
}
HEADERS = {
    "Content-Type": "application/json",
    "Authorization": "Bearer sk-of-the-caller",
    "api-key": "sk-of-the-caller",
}
_SYSTEM = "You are a helpful assistant."


def chat(model: str) -> dict[str, Any]:
    """Continue's body for Chat; of the o-series it says ``max_completion_tokens``."""
    limit = "max_completion_tokens" if model.startswith("o") else "max_tokens"
    return {
        "model": model,
        "messages": [
            {"role": "system", "content": _SYSTEM},
            {"role": "user", "content": [{"type": "text", "text": WORDS}]},
        ],
        limit: 2048,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def responses(model: str) -> dict[str, Any]:
    """Continue's body for Responses."""
    content = [{"type": "input_text", "text": WORDS}]
    return {
        "model": model,
        "input": [{"type": "message", "role": "user", "content": content}],
        "instructions": _SYSTEM,
        "temperature": None,
        "top_p": None,
        "reasoning": {"effort": "medium", "summary": "auto"},
        "include": ["reasoning.encrypted_content"],
        "stream": True,
    }


BODIES = {"chat": chat, "responses": responses}


def text_of(dialect: str, found: list[Any]) -> str:
    """The text that Continue shows."""
    if dialect == "chat":
        choices = [choice for chunk in found for choice in chunk["choices"]]
        return "".join(choice["delta"].get("content") or "" for choice in choices)
    deltas = [event for event in found if event["type"] == "response.output_text.delta"]
    return "".join(event["delta"] for event in deltas)


def check(dialect: str, model: str, found: list[Any]) -> None:
    """It is the whole answer, with its end. To o1-mini the user says the instructions."""
    said = _SYSTEM + WORDS if model == "o1-mini" else WORDS
    assert text_of(dialect, found) == ANSWER + said
    if dialect == "chat":
        finishes = [choice["finish_reason"] for chunk in found for choice in chunk["choices"]]
        assert [finish for finish in finishes if finish] == ["stop"]
        assert [chunk["usage"]["completion_tokens"] > 0 for chunk in found if chunk["usage"]] == [
            True
        ]
    else:
        assert found[-1]["type"] == "response.completed"
        assert found[-1]["response"]["usage"]["output_tokens"] > 0


# The rules themselves.


def test_a_ping_hides_what_is_buffered_behind_it_and_a_keepalive_does_not() -> None:
    assert read_lines(b': ping\n\ndata: {"a":1}\n\ndata: {"a":2}\n\n', [0]) == []
    assert read_lines(b': keepalive\n\ndata: {"a":1}\n\n', [0]) == [{"a": 1}]


def test_bytes_that_come_later_bring_back_what_waited() -> None:
    reader = LineReader()
    reader.feed(': ping\ndata: {"a":1}\n')
    assert reader.found == []
    reader.feed("\n")
    assert reader.found == [{"a": 1}]


def test_the_rest_is_one_line_with_or_without_a_space() -> None:
    assert read_lines(b'data:{"a":1}\ndata: {"a":2}', [3]) == [{"a": 1}, {"a": 2}]
    with pytest.raises(Malformed):
        read_lines(b'data: {"a":', [0])
    with pytest.raises(Malformed, match="slow"):
        read_lines(b'data: {"error":{"message":"slow"}}\n', [0])


# What we emit, with a sign of life in every gap.


def play(caller: str, model: str, speaks: str) -> tuple[Wired, bytes]:
    """A stream through the gateway, silence before each of its events.

    :return: the port, and the body of its answer.
    """
    wired = wire("gateway", upstream=Upstream(speaks=SPEAKS[speaks]))
    path = "/v1/chat/completions" if caller == "chat" else "/v1/responses"
    client = post(wired, BODIES[caller](model), path=path)
    wired.clock.advance(16)
    asked = wired.upstream.asked[0]
    said = json.loads(bytes(asked.upload.data))
    answered = Room().post(asked.target.decode(), said)
    assert answered.status == 200, bytes(answered.body)
    stream = bool(said.get("stream"))
    kind = b"text/event-stream" if stream else b"application/json"
    played = asked.answer(headers=[(b"Content-Type", kind)])
    ends = b"\n\n" if stream else b"\0"
    pieces = bytes(answered.body).split(ends)
    for piece in pieces[:-1]:
        wired.clock.advance(16)
        played.send(piece + ends)
    played.send(pieces[-1]) if pieces[-1] else None
    played.end()
    assert wired.lines[0]["ending"] == "complete", wired.lines[0]
    return wired, parts(client)[1]


# OpenAI has o1-mini in Chat only.
MANNERS = [
    *(("gpt-4.1", "chat", speaks) for speaks in SPEAKS),
    *(("gpt-5", "responses", speaks) for speaks in SPEAKS),
    *(("o1-mini", caller, speaks) for caller in BODIES for speaks in ("chat", "both")),
]


@pytest.mark.parametrize(("model", "caller", "speaks"), MANNERS)
def test_every_line_that_we_emit_can_be_read_by_itself_pitfall_58(
    model: str, caller: str, speaks: str
) -> None:
    _, body = play(caller, model, speaks)
    assert body.count(b": keepalive\n\n") >= 1
    assert b"\n: ping" not in b"\n" + body
    for sizes in SIZES:
        check(caller, model, read_lines(body, sizes))


@pytest.mark.parametrize("caller", ["chat", "responses"])
def test_there_was_a_keepalive_in_every_gap_relayed_and_translated(caller: str) -> None:
    for speaks in (caller, "messages"):
        _, body = play(caller, "gpt-4.1" if caller == "chat" else "gpt-5", speaks)
        assert body.count(b": keepalive\n\n") > 5, speaks


# Its manner, over loopback.


@pytest.fixture(scope="module")
def places(real_reactor: Any) -> Any:
    """The gateway before each upstream."""
    house = open_house(real_reactor)
    yield house.places
    pytest_twisted.blockon(Deferred.fromCoroutine(house.close()))


@pytest.mark.parametrize(("model", "caller", "speaks"), MANNERS)
@pytest_twisted.ensureDeferred
async def test_a_model_streams_in_continues_manner_pitfall_4(
    real_reactor: Any, places: Any, model: str, caller: str, speaks: str
) -> None:
    port = int(places[speaks].url.rpartition(":")[2])
    # {apiBase} ends in a slash: http://0.0.0.0:4567/v1/
    path = "/v1/" + ("chat/completions" if caller == "chat" else "responses")
    raw = json.dumps(BODIES[caller](model)).encode()
    status, body = await ask(real_reactor, port, path, HEADERS, raw)
    assert await body.whole()
    assert status == 200, body.data
    for sizes in SIZES:
        found = read_lines(body.data, sizes)
        check(caller, model, found)
    if model == "gpt-5" and speaks != "chat":
        kind = "response.reasoning_summary_text.delta"
        assert "".join(e["delta"] for e in found if e["type"] == kind) == REASONING


@pytest_twisted.ensureDeferred
async def test_three_kinds_of_models_stream_from_twistd_as_it_comes(
    real_reactor: Any, tmp_path: Path
) -> None:
    arguments = ["openaiproxy", "--port", "0", "--upstream", "embedded"]
    process = Twistd(real_reactor, arguments, {}, tmp_path)
    try:
        port = await process.ready()
        for model, caller in (("o1-mini", "chat"), ("gpt-4.1", "chat"), ("gpt-5", "responses")):
            raw = json.dumps(BODIES[caller](model)).encode()
            path = "/v1/" + ("chat/completions" if caller == "chat" else "responses")
            status, body = await ask(real_reactor, port, path, HEADERS, raw)
            assert await body.whole()
            assert status == 200, body.data
            check(caller, model, read_lines(body.data, [0]))
    finally:
        process.signal("TERM")
        await process.ended()


@pytest_twisted.ensureDeferred
async def test_its_list_of_models_and_an_error_are_as_it_reads_them(
    real_reactor: Any, places: Any
) -> None:
    port = int(places["both"].url.rpartition(":")[2])
    status, body = await ask(real_reactor, port, "/v1/models", HEADERS)
    assert await body.whole()
    assert (status, json.loads(body.data)["object"]) == (200, "list")
    raw = json.dumps(chat("gpt-4.1!status=429")).encode()
    status, body = await ask(real_reactor, port, "/v1/chat/completions", HEADERS, raw)
    assert await body.whole()
    assert status == 429
    assert json.loads(body.data)["error"]["message"]
