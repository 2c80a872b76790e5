"""The anthropic SDK reads Messages over loopback, and each answer fits the SDK's own schema."""

from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import pytest
import pytest_twisted
from anthropic import Anthropic, DefaultHttpxClient, beta_tool
from twisted.internet import reactor as reactor_module
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from openaiproxy.upstream.embedded.door import site
from tests.upstream.embedded.room import Room, events, message
from tests.upstream.embedded.specs import check_anthropic, needs_specs

reactor: Any = reactor_module
MODEL = "claude-embedded"
TOOL = {
    "name": "weather",
    "input_schema": {"type": "object", "properties": {"a": {"type": "null"}}},
}
BODIES: dict[str, dict[str, Any]] = {
    "text": message("hi"),
    "tools": message("parallel", tools=[TOOL, {**TOOL, "name": "clock"}]),
    "thinking": message("hi", thinking={"type": "adaptive"}),
    "refusal": message("refuse"),
    "stop": message("hi", stop_sequences=["said"]),
    "limit": message("hi", max_tokens=2),
}


@needs_specs
@pytest.mark.parametrize("name", BODIES)
def test_messages_fit_the_sdks_schema(name: str) -> None:
    room = Room()
    check_anthropic("Message", room.post("/v1/messages", BODIES[name]).json)
    told = events(room.post("/v1/messages", {**BODIES[name], "stream": True}).body)
    assert len(told) > 6
    for event in told:
        if event["type"] != "ping":
            check_anthropic("RawMessageStreamEvent", event)


@needs_specs
def test_errors_fit_the_sdks_schema() -> None:
    check_anthropic("ErrorResponse", Room().post("/v1/messages", {}).json)


Run = Callable[[Callable[[Anthropic], Any]], Deferred[Any]]


@pytest.fixture
def run() -> Iterator[Run]:
    """Runs a function with a client, in a thread."""
    port = reactor.listenTCP(0, site(reactor), interface="127.0.0.1")
    url = f"http://127.0.0.1:{port.getHost().port}"

    def in_thread(work: Callable[[Anthropic], Any]) -> Any:
        http = DefaultHttpxClient(trust_env=False)
        with Anthropic(api_key="any", base_url=url, max_retries=0, http_client=http) as client:
            return work(client)

    yield lambda work: deferToThread(in_thread, work)
    pytest_twisted.blockon(port.stopListening())


@pytest_twisted.ensureDeferred
async def test_messages_whole_and_streamed(run: Run) -> None:
    def work(client: Anthropic) -> None:
        for name, body in BODIES.items():
            whole = client.messages.create(**body)
            with client.messages.stream(**body) as stream:
                final = stream.get_final_message()
            assert final.stop_reason == whole.stop_reason, name
            assert final.usage.output_tokens == whole.usage.output_tokens, name
            kinds = [block.type for block in final.content]
            assert kinds == [block.type for block in whole.content], name
            if name == "text":
                assert final.content[0].text == whole.content[0].text

    await run(work)


@pytest_twisted.ensureDeferred
async def test_the_tool_runner_comes_to_an_end(run: Run) -> None:
    @beta_tool
    def weather(city: str) -> str:
        """The weather of a city."""
        return f"sun over {city}"

    def work(client: Anthropic) -> str:
        runner = client.beta.messages.tool_runner(
            model=MODEL,
            max_tokens=1000,
            tools=[weather],
            messages=[{"role": "user", "content": "the weather, twice"}],
        )
        [block] = runner.until_done().content
        assert block.type == "text"
        return block.text

    assert await run(work) == "The tool answered: sun over text; sun over text"


@pytest_twisted.ensureDeferred
async def test_counting_models_and_errors(run: Run) -> None:
    def work(client: Anthropic) -> None:
        messages: Any = [{"role": "user", "content": "one two three"}]
        assert client.messages.count_tokens(model=MODEL, messages=messages).input_tokens > 2
        assert client.models.list(limit=2).data[0].id == "claude-opus-4-5-20251101"
        assert len(list(client.models.list(limit=1))) == 4
        with pytest.raises(anthropic.NotFoundError):
            client.models.retrieve("none")
        with pytest.raises(anthropic.RateLimitError) as caught:
            client.messages.create(model=f"{MODEL}!status=429", max_tokens=9, messages=messages)
        assert caught.value.request_id
        overloaded: Any = {**message("hi"), "model": f"{MODEL}!error=4"}
        with (
            pytest.raises(anthropic.APIStatusError, match="Overloaded"),
            client.messages.stream(**overloaded) as stream,
        ):
            stream.get_final_message()

    await run(work)
