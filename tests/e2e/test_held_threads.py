"""Conversations that Anthropic's API holds between requests (beta): here nothing is held, and its SDK copes."""

from collections.abc import Iterator
from typing import Any

import pytest
from anthropic import Anthropic, DefaultHttpxClient, beta_tool

from tests.e2e.loopback import Loopback
from tests.e2e.scene import MESSAGES, RESPONSES, Scene, asking
from tests.e2e.threads import Thread

CREATE = {"type": "create"}
CONTINUE = {"type": "continue", "previous_message_id": "msg_1"}


def test_a_thread_that_is_begun_is_a_hint() -> None:
    scene = Scene(refuse_losses="yes")
    call = scene.post(MESSAGES, asking(MESSAGES, thread=CREATE), anthropic_beta="message-threads")
    assert call.status == 200
    assert call.headers["x-openaiproxy-dropped"] == "thread"
    assert "thread" not in scene.sent[0].json
    assert "anthropic-beta" not in scene.sent[0].headers


@pytest.mark.parametrize("preset", ["gateway", "bridge"])
@pytest.mark.parametrize("stream", [True, False])
def test_a_thread_that_is_continued_is_not_found(preset: str, stream: bool) -> None:
    scene = Scene(preset)
    call = scene.post(MESSAGES, asking(MESSAGES, thread=CONTINUE, stream=stream))
    assert call.status == 404
    assert call.json["type"] == "error"
    assert call.json["error"]["type"] == "not_found_error"
    assert call.json["error"]["details"] == {"error_code": "thread_not_found"}
    assert call.json["request_id"]
    assert not scene.sent


def test_an_upstream_that_holds_threads_is_asked() -> None:
    scene = Scene(speaks=["messages"])
    first = scene.post(MESSAGES, asking(MESSAGES, thread=CREATE))
    thread = {**CONTINUE, "previous_message_id": first.json["id"]}
    assert scene.post(MESSAGES, asking(MESSAGES, text="again", thread=thread)).status == 200
    assert scene.post(MESSAGES, asking(MESSAGES, thread=CONTINUE)).status == 404
    assert len(scene.sent) == 3


@pytest.fixture
def loopback(real_reactor: Any) -> Iterator[Loopback]:
    loopback = Loopback.start(real_reactor)
    yield loopback
    loopback.stop()


@pytest.mark.parametrize("stream", [True, False])
def test_the_sdks_tool_runner_sends_everything_again(
    stream: bool, loopback: Loopback, thread: Thread
) -> None:
    called: list[str] = []

    @beta_tool
    def look_up(name: str) -> str:
        """Look something up."""
        called.append(name)
        return f"answer {len(called)}"

    with Anthropic(
        base_url=f"http://127.0.0.1:{loopback.number}",
        api_key="sk-of-the-caller",
        max_retries=0,
        timeout=10.0,
        http_client=DefaultHttpxClient(trust_env=False),
    ) as client:
        runner = client.beta.messages.tool_runner(
            model="gpt-5",
            max_tokens=2000,
            thinking={"type": "enabled", "budget_tokens": 1024},
            messages=[{"role": "user", "content": "look it up twice"}],
            tools=[look_up],
            stream=stream,
        )
        final: Any = runner.until_done()
    assert len(called) == 2
    assert "answer 1; answer 2" in final.content[-1].text
    sent = [seen.target for seen in loopback.stand_in.tally.recent]
    assert sent == [RESPONSES] * 3
