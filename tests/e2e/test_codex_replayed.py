"""What the backend of ChatGPT was recorded to answer, played behind a port of the preset ``codex`` in login mode.

The caller of each dialect, streamed and whole, reads with its vendor's SDK what the recording says. The stand-in
refuses whatever the real backend is known to refuse (:func:`complaint_about`), so an answer also shows that all that
was sent is accepted. Issue 6, proof 2.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests import corpus
from tests.corpus import Entry, Recording, entries, load
from tests.e2e.codexhouse import CodexHouse, framed
from tests.e2e.test_replayed import asked
from tests.oracle import alike, facts
from tests.replaying import PATHS
from tests.test_oracle import readable
from tests.upstream.login.backend import REFUSED
from tests.wires import WIRES, read

pytestmark = [
    pytest.mark.skipif(corpus.root() is None, reason=corpus.ABSENT),
    pytest.mark.usefixtures("thread"),
]

Open = Callable[..., CodexHouse]
RECORDED = [entry for entry in entries() if entry.provider == "chatgpt-codex"]
STREAMS = [entry for entry in RECORDED if entry.status == 200]


def recorded(entry: Entry) -> str:
    return entry.file.rpartition("/")[2]


def complete(recording: Recording) -> bytes:
    """The recorded stream as OpenAI would send it: the backend leaves the last event's output empty."""
    events = read(recording.body)
    items = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"]["output"] == []
    events[-1]["response"]["output"] = items
    return framed(*events)


def spoken(recording: Recording, caller: str, *, stream: bool) -> dict[str, Any]:
    """What the recording's caller asked, in this caller's words, and all that the backend refuses beside it."""
    body = asked(recording, caller, stream=stream)
    if caller == "responses":
        return {**body, **refused_anyway(), "stream": stream}
    return {**body, "temperature": 0.5, "top_p": 0.5, "max_tokens": 99}


def refused_anyway() -> dict[str, Any]:
    """A value for each parameter that is on the list, but for those that decide what is asked."""
    values: dict[str, Any] = {
        "truncation": "auto",
        "user": "me",
        "metadata": {"a": "b"},
        "context_management": [],
        "prompt_cache_retention": "24h",
        "prompt_cache_options": {"mode": "explicit"},
        "stream_options": {"include_obfuscation": False},
        "temperature": 0.5,
        "top_p": 0.5,
    }
    numbers = {name: 99 for name in REFUSED if name.startswith("max_")}
    return {**values, **numbers, "service_tier": "flex", "parallel_tool_calls": True}


def test_the_whole_list_is_tried() -> None:
    # previous_response_id is refused by us, as nobody has kept what it points to.
    assert set(refused_anyway()) >= REFUSED - {"previous_response_id"}
    assert len(RECORDED) >= 6


@pytest.mark.parametrize("stream", [True, False], ids=["streamed", "whole"])
@pytest.mark.parametrize("caller", WIRES)
@pytest.mark.parametrize("entry", STREAMS, ids=recorded)
def test_the_client_reads_what_the_backend_was_recorded_to_say(
    open_house_of_codex: Open, entry: Entry, caller: str, stream: bool
) -> None:
    house, recording = open_house_of_codex(), load(entry)
    house.backend.say = lambda body: recording.body
    body = spoken(recording, caller, stream=stream)
    reply = house.plain("POST", PATHS[caller].decode(), body)
    assert reply.status == 200, reply.body
    original = facts("responses", complete(recording), True)
    found = facts(caller, readable(caller, reply.body), stream)
    assert alike(original, found, ("responses", caller)) == []
    assert found.failed == ""
    assert bool(found.text) or bool(found.calls)
    [sent] = house.backend.bodies
    assert sent["stream"] is True
    assert not REFUSED & set(sent)


@pytest.mark.parametrize("entry", STREAMS, ids=recorded)
def test_the_recorded_request_itself_goes_up_unchanged(
    open_house_of_codex: Open, entry: Entry
) -> None:
    house, recording = open_house_of_codex(), load(entry)
    house.backend.say = lambda body: recording.body
    assert house.plain("POST", "/backend-api/codex/responses", recording.request).status == 200
    assert house.backend.bodies == [recording.request]


@pytest.mark.parametrize("caller", WIRES)
@pytest.mark.parametrize(
    "entry", [entry for entry in RECORDED if entry.status == 401], ids=recorded
)
def test_the_recorded_refusal_of_a_token_is_503_after_one_refresh_pitfall_68(
    open_house_of_codex: Open, entry: Entry, caller: str
) -> None:
    house, recording = open_house_of_codex(), load(entry)
    house.backend.refuse = (401, {"content-type": "application/json"}, recording.body)
    body = asked(recording, caller, stream=True)
    reply = house.plain("POST", PATHS[caller].decode(), body)
    assert reply.status == 503
    assert house.backend.refreshes == 1
    assert len(house.backend.seen) == 2, "once more with the new token, and no third time"
    error = json.loads(reply.body)
    assert ("type" in error) is (caller == "messages"), "in the caller's envelope"
    assert b"sign" not in reply.body.lower() or b"codex login" in reply.body
