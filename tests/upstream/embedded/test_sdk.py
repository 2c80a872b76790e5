"""The openai SDK reads everything, over loopback: one test for each API, whole and streamed."""

import io
import json
import wave
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import openai
import pytest
import pytest_twisted
from openai import OpenAI
from pydantic import BaseModel
from twisted.internet import reactor as reactor_module
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from openaiproxy.upstream.embedded.door import site

reactor: Any = reactor_module
MESSAGES: Any = [{"role": "user", "content": "good morning"}]
TOOL: Any = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


class Weather(BaseModel):
    """What structured output is parsed to."""

    city: str
    degrees: int


@pytest.fixture
def port() -> Iterator[Any]:
    """A port of the stand-in, closed when the test is over."""
    listening = reactor.listenTCP(0, site(reactor), interface="127.0.0.1")
    yield listening
    pytest_twisted.blockon(listening.stopListening())


Run = Callable[[Callable[[OpenAI], Any]], Deferred[Any]]


@pytest.fixture
def run(port: Any) -> Run:
    """Runs a function with a client, in a thread."""
    url = f"http://127.0.0.1:{port.getHost().port}/v1"

    def in_thread(work: Callable[[OpenAI], Any]) -> Any:
        # No proxy of the environment's stands between the two.
        http = httpx.Client(trust_env=False)
        with OpenAI(api_key="sk-any", base_url=url, max_retries=0, http_client=http) as client:
            return work(client)

    return lambda work: deferToThread(in_thread, work)


@pytest_twisted.ensureDeferred
async def test_models(run: Run) -> None:
    def work(client: OpenAI) -> None:
        names = {model.id for model in client.models.list()}
        assert {"gpt-4.1", "gpt-5-codex", "o1-mini", "whisper-1", "tts-1"} <= names
        assert client.models.retrieve("gpt-4o-mini").owned_by == "openai"
        with pytest.raises(openai.NotFoundError):
            client.models.retrieve("gpt-9")

    await run(work)


@pytest_twisted.ensureDeferred
async def test_chat(run: Run) -> None:
    def work(client: OpenAI) -> None:
        whole = client.chat.completions.create(model="gpt-4.1", messages=MESSAGES)
        text = whole.choices[0].message.content
        with client.chat.completions.stream(
            model="gpt-4.1", messages=MESSAGES, stream_options={"include_usage": True}
        ) as stream:
            final = stream.get_final_completion()
        assert final.choices[0].message.content == text
        assert final.usage == whole.usage
        parsed = client.chat.completions.parse(
            model="gpt-4.1", messages=MESSAGES, response_format=Weather
        )
        assert isinstance(parsed.choices[0].message.parsed, Weather)

    await run(work)


@pytest_twisted.ensureDeferred
async def test_responses(run: Run) -> None:
    def work(client: OpenAI) -> None:
        whole = client.responses.create(model="gpt-5", input="hi", reasoning={"summary": "auto"})
        with client.responses.stream(
            model="gpt-5", input="hi", reasoning={"summary": "auto"}
        ) as stream:
            kinds = [event.type for event in stream]
            final = stream.get_final_response()
        assert final.output_text == whole.output_text
        assert final.usage == whole.usage
        assert kinds[-1] == "response.completed"
        parsed = client.responses.parse(model="gpt-5", input="hi", text_format=Weather)
        assert isinstance(parsed.output_parsed, Weather)

    await run(work)


@pytest_twisted.ensureDeferred
async def test_a_round_trip_through_a_tool(run: Run) -> None:
    def work(client: OpenAI) -> None:
        first = client.responses.create(model="gpt-5", input="weather?", tools=[TOOL])
        [call] = first.output
        assert call.type == "function_call"
        assert json.loads(call.arguments) == {"city": "text"}
        output: Any = {
            "type": "function_call_output",
            "call_id": call.call_id,
            "output": "21 degrees",
        }
        last = client.responses.create(
            model="gpt-5", input=[output], previous_response_id=first.id, tools=[TOOL]
        )
        assert last.output_text == "The tool answered: 21 degrees"

    await run(work)


@pytest_twisted.ensureDeferred
async def test_what_is_done_with_a_response(run: Run) -> None:
    def work(client: OpenAI) -> None:
        made = client.responses.create(model="gpt-5", input="hi")
        assert client.responses.retrieve(made.id) == made
        again = list(client.responses.retrieve(made.id, stream=True, starting_after=2))
        assert again[0].sequence_number == 3
        assert again[-1].type == "response.completed"
        assert [item.type for item in client.responses.input_items.list(made.id)] == ["message"]
        assert client.responses.input_tokens.count(model="gpt-5", input="hi").input_tokens > 0
        compacted = client.responses.compact(model="gpt-5", input="hi")
        assert compacted.output[-1].type == "compaction"
        slow = client.responses.create(model="gpt-5", input="later", background=True)
        assert client.responses.cancel(slow.id).status == "cancelled"
        client.responses.delete(made.id)
        with pytest.raises(openai.NotFoundError):
            client.responses.retrieve(made.id)

    await run(work)


@pytest_twisted.ensureDeferred
async def test_completions(run: Run) -> None:
    def work(client: OpenAI) -> None:
        whole = client.completions.create(model="gpt-3.5-turbo-instruct", prompt="hi")
        parts = client.completions.create(
            model="gpt-3.5-turbo-instruct",
            prompt="hi",
            stream=True,
            stream_options={"include_usage": True},
        )
        chunks = list(parts)
        assert "".join(c.text for p in chunks for c in p.choices) == whole.choices[0].text
        assert chunks[-1].usage == whole.usage

    await run(work)


@pytest_twisted.ensureDeferred
async def test_embeddings(run: Run) -> None:
    def work(client: OpenAI) -> None:
        # Left to itself the SDK asks for base64 and unpacks it.
        ask: Any = {"model": "text-embedding-3-small", "input": "hi", "dimensions": 64}
        packed = client.embeddings.create(**ask).data[0].embedding
        plain = client.embeddings.create(**ask, encoding_format="float").data[0].embedding
        assert len(plain) == 64
        assert plain == pytest.approx(packed, rel=1e-6)

    await run(work)


@pytest_twisted.ensureDeferred
async def test_moderations(run: Run) -> None:
    def work(client: OpenAI) -> None:
        results = client.moderations.create(input=["peace", "violence"]).results
        assert [result.flagged for result in results] == [False, True]
        assert results[1].categories.violence

    await run(work)


@pytest_twisted.ensureDeferred
async def test_images(run: Run) -> None:
    def work(client: OpenAI) -> None:
        made = client.images.generate(model="gpt-image-1", prompt="a cat")
        assert made.data
        assert made.data[0].b64_json
        events = list(
            client.images.generate(
                model="gpt-image-1", prompt="a cat", stream=True, partial_images=1
            )
        )
        assert events[-1].type == "image_generation.completed"
        assert events[-1].b64_json == made.data[0].b64_json
        picture = ("a.png", io.BytesIO(b"\x89PNG"), "image/png")
        edited = client.images.edit(model="gpt-image-1", image=[picture, picture], prompt="x")
        assert edited.usage
        assert edited.usage.input_tokens_details.image_tokens == 2 * 272
        varied = client.images.create_variation(image=picture, n=2)
        assert varied.data
        assert [bool(image.url) for image in varied.data] == [True, True]

    await run(work)


@pytest_twisted.ensureDeferred
async def test_speech(run: Run) -> None:
    def work(client: OpenAI) -> None:
        with client.audio.speech.with_streaming_response.create(
            model="tts-1", input="hello there", voice="alloy", response_format="wav"
        ) as answer:
            assert answer.headers["content-type"] == "audio/wav"
            assert answer.headers["transfer-encoding"] == "chunked"
            data = answer.read()
        with wave.open(io.BytesIO(data)) as file:
            assert (file.getnchannels(), file.getnframes()) == (1, 4000)

    await run(work)


@pytest_twisted.ensureDeferred
async def test_transcripts(run: Run) -> None:
    def work(client: OpenAI) -> None:
        audio = ("a.wav", b"RIFF" * 8000, "audio/wav")
        ask: Any = {"model": "gpt-4o-transcribe", "file": audio}
        whole = client.audio.transcriptions.create(**ask)
        assert whole.text == "This is a transcript of a.wav, 32000 bytes."
        events = list(client.audio.transcriptions.create(**ask, stream=True))
        assert events[-1].text == whole.text
        verbose = client.audio.transcriptions.create(
            model="whisper-1",
            file=audio,
            response_format="verbose_json",
            timestamp_granularities=["word"],
        )
        assert verbose.duration == 2.0
        assert verbose.words
        srt = client.audio.transcriptions.create(
            model="whisper-1", file=audio, response_format="srt"
        )
        assert str(srt).startswith("1\n00:00:00,000 --> ")
        translated = client.audio.translations.create(model="whisper-1", file=audio)
        assert translated.text.startswith("This is a translation of a.wav")

    await run(work)


@pytest_twisted.ensureDeferred
async def test_files(run: Run) -> None:
    def work(client: OpenAI) -> None:
        data = bytes(range(256)) * 1000
        made = client.files.create(file=("a.bin", data), purpose="user_data")
        assert client.files.retrieve(made.id) == made
        assert client.files.content(made.id).read() == data
        assert [file.id for file in client.files.list(purpose="user_data", limit=1)] == [made.id]
        assert client.files.delete(made.id).deleted
        assert list(client.files.list()) == []

    await run(work)


@pytest_twisted.ensureDeferred
async def test_faults_are_the_sdks_own_exceptions(run: Run, port: Any) -> None:
    def work(client: OpenAI) -> None:
        def ask(fault: str, stream: bool = False) -> Any:
            model = f"gpt-4.1!{fault}"
            if stream:
                return list(
                    client.chat.completions.create(model=model, messages=MESSAGES, stream=True)
                )
            return client.chat.completions.create(model=model, messages=MESSAGES)

        with pytest.raises(openai.RateLimitError) as limited:
            ask("status=429,retry-after=3")
        assert limited.value.response.headers["retry-after"] == "3"
        with pytest.raises(openai.InternalServerError):
            ask("html")
        with pytest.raises(openai.APIError, match="The server had an error"):
            ask("error=2", stream=True)
        with pytest.raises((httpx.RemoteProtocolError, openai.APIConnectionError)):
            ask("cut=2", stream=True)
        with pytest.raises(openai.APIConnectionError) as reset:
            ask("reset")
        assert isinstance(reset.value.__cause__, httpx.ReadError)
        with pytest.raises(openai.BadRequestError, match="'burn'"):
            ask("burn")

    await run(work)
    assert port.factory.tally.requests == 6
    assert port.factory.tally.active == 0
