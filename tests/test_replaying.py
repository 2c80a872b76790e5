"""Recordings, played: what comes is what was recorded, and an SDK reads it."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import pytest_twisted
from openai import DefaultHttpxClient, OpenAI
from twisted.internet import reactor as reactor_module
from twisted.internet.threads import deferToThread

from tests.corpus import ABSENT, Entry, entries, load, sample
from tests.replaying import PATHS, Replaying

reactor: Any = reactor_module


@pytest.fixture
def replaying() -> Replaying:
    return Replaying(reactor)


@pytest.fixture
def url(replaying: Replaying) -> Iterator[str]:
    port = reactor.listenTCP(0, replaying.site(), interface="127.0.0.1")
    yield f"http://127.0.0.1:{port.getHost().port}"
    pytest_twisted.blockon(port.stopListening())


def ask(url: str, dialect: str) -> tuple[int, bytes]:
    """Status and body."""
    with httpx.Client(trust_env=False) as client:
        answer = client.post(url + PATHS[dialect].decode(), json={"model": "any"})
        return answer.status_code, answer.content


def some(dialect: str, count: int) -> tuple[Entry, ...]:
    found = sample(tuple(e for e in entries() if e.dialect == dialect), count)
    if not found:
        pytest.skip(ABSENT)
    return found


@pytest.mark.parametrize("seed", [None, 1, 2])
@pytest.mark.parametrize("dialect", list(PATHS))
@pytest_twisted.ensureDeferred
async def test_a_recording_comes_as_it_was(
    replaying: Replaying, url: str, dialect: str, seed: int | None
) -> None:
    for entry in some(dialect, 6):
        replaying.play(entry, seed)
        status, body = await deferToThread(ask, url, dialect)
        assert (status, body) == (entry.status, load(entry).body), entry.file
        assert replaying.asked[-1].json == {"model": "any"}


@pytest_twisted.ensureDeferred
async def test_the_sdk_reads_a_played_stream(replaying: Replaying, url: str) -> None:
    streams = [e for e in some("responses", 60) if e.stream and e.provider == "openai"]
    spoken = [e for e in streams if b"event: response.output_text.done" in load(e).body]
    completed = [e for e in spoken if b"event: response.completed" in load(e).body]
    assert len(completed) >= 4

    def read() -> tuple[str, str]:
        http = DefaultHttpxClient(trust_env=False)
        with OpenAI(api_key="any", base_url=f"{url}/v1", max_retries=0, http_client=http) as client:
            grown, told = "", ""
            for event in client.responses.create(model="any", input="any", stream=True):
                if event.type == "response.output_text.delta":
                    grown += event.delta
                elif event.type == "response.completed":
                    told = event.response.output_text
            return grown, told

    for entry in completed[:4]:
        replaying.play(entry, seed=3)
        grown, told = await deferToThread(read)
        assert grown == told != "", entry.file


@pytest_twisted.ensureDeferred
async def test_another_path_is_not_played(replaying: Replaying, url: str) -> None:
    replaying.play(some("chat", 1)[0])
    status, body = await deferToThread(ask, url, "responses")
    assert status == 404
    assert b"not played: b'/v1/responses'" in body
