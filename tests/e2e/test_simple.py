"""``--listen simple=...`` as its callers meet it: a process, ``curl``, and unchanged SDKs, on the embedded upstream."""

import hashlib
import http.client
import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
import pytest_twisted
from twisted.internet.defer import Deferred

from tests.e2e.processes import Twistd
from tests.e2e.threads import Thread

KEY = "security-key-never-to-be-shown"
TOKEN = "access-token-never-to-be-shown"
OWN_KEY = "sk-own-key-never-to-be-shown"
SECRETS = (KEY, TOKEN, OWN_KEY)

curl_needed = pytest.mark.skipif(shutil.which("curl") is None, reason="no curl is installed here")


@pytest.fixture(scope="module")
def simple(real_reactor: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Twistd]:
    """The process; at its end its log is searched for whatever must not be there."""
    process = Twistd(
        real_reactor,
        ["openaiproxy", "--listen", "simple=tcp:0:interface=127.0.0.1", "--upstream", "embedded"],
        {"SECURITY_KEY": KEY, "ACCESS_TOKEN": TOKEN},
        tmp_path_factory.mktemp("simple"),
    )
    pytest_twisted.blockon(Deferred.fromCoroutine(process.ready()))
    yield process
    process.signal("TERM")
    assert pytest_twisted.blockon(process.ended()) in (0, -signal.SIGTERM)
    assert not any(secret in process.output for secret in SECRETS)
    assert "Traceback" not in process.output


def curl(process: Twistd, path: str, *options: str, folder: Path | None = None) -> tuple[int, Any]:
    """Status and body of what ``curl`` is told to ask; a body that is no JSON is text."""
    url = f"http://127.0.0.1:{process.ports()[0]}{path}"
    command = ["curl", "-sS", "--noproxy", "*", "-m", "20", "-w", "\n%{http_code}", url, *options]
    done = subprocess.run(command, capture_output=True, cwd=folder, check=True)
    body, _, status = done.stdout.decode().rpartition("\n")
    try:
        return int(status), json.loads(body)
    except ValueError:
        return int(status), body


def said(**fields: Any) -> tuple[str, ...]:
    """A JSON body, as the documentation's examples write it."""
    body = json.dumps({"security_key": KEY, **fields})
    return "-H", "Content-Type: application/json", "-d", body


MESSAGES = [{"role": "user", "content": "Hello"}]
POSTS = [
    ("/openai", {"model": "gpt-4.1", "messages": MESSAGES}, "object", "chat.completion"),
    (
        "/openai",
        {
            "model": "gpt-4.1",
            "messages": MESSAGES,
            "image": {
                "base64": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
            },
        },
        "object",
        "chat.completion",
    ),
    ("/openai2", {"model": "gpt-4.1", "input": "Hello"}, "status", "completed"),
    ("/openai2/compact", {"model": "gpt-4.1", "input": "Hello"}, "object", "response.compaction"),
    (
        "/openai2/input_tokens",
        {"model": "gpt-4.1", "input": "Hello"},
        "object",
        "response.input_tokens",
    ),
    ("/chatgpt", {"prompt": "Hello"}, "role", "assistant"),
    ("/embeddings", {"input": "Hello"}, "object", "list"),
    (
        "/anthropic",
        {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": MESSAGES},
        "type",
        "message",
    ),
]


@curl_needed
@pytest.mark.parametrize(("path", "body", "name", "value"), POSTS)
def test_the_documented_examples_run_rows_4_8_11_19_20_22(
    thread: Thread, simple: Twistd, path: str, body: dict[str, Any], name: str, value: str
) -> None:
    status, answer = curl(simple, path, *said(**body))
    assert status == 200, answer
    assert answer[name] == value


@curl_needed
def test_a_response_is_stored_retrieved_listed_and_deleted_rows_6_7_9_defect_3(
    thread: Thread, simple: Twistd
) -> None:
    _, created = curl(simple, "/openai2", *said(model="gpt-4.1", input="Hello"))
    path, shown = f"/openai2/{created['id']}", f"security_key={KEY}"
    assert curl(simple, f"{path}?{shown}")[1]["id"] == created["id"]
    items = curl(simple, f"{path}/input_items?{shown}&order=asc&limit=10")[1]
    assert items["object"] == "list"
    assert items["data"][0]["content"][0]["text"] == "Hello"
    status, streamed = curl(simple, f"{path}?{shown}&stream=true&starting_after=2")
    assert status == 200
    assert streamed.endswith("data: [DONE]\n\n")
    assert "response.created" not in streamed
    _, deleted = curl(simple, f"{path}?{shown}", "-X", "DELETE")
    assert deleted == {"id": created["id"], "object": "response", "deleted": True}
    status, error = curl(simple, f"{path}?{shown}")
    assert (status, error["error"]["upstream"]["status"]) == (404, 404)


@curl_needed
def test_a_background_response_is_cancelled_row_6(thread: Thread, simple: Twistd) -> None:
    _, created = curl(simple, "/openai2", *said(model="gpt-4.1", input="slowly", background=True))
    status, cancelled = curl(simple, f"/openai2/{created['id']}/cancel", *said())
    # The stand-in ends it by itself when its clock's next second begins.
    assert (status, cancelled["status"] in ("cancelled", "completed")) == (200, True)
    assert cancelled["id"] == created["id"]


@curl_needed
@pytest.mark.parametrize(
    ("path", "body", "last"),
    [
        ("/openai2", {"model": "gpt-4.1", "input": "Hi", "stream": True}, "response.completed"),
        (
            "/anthropic/stream",
            {"model": "claude-sonnet-4-5", "max_tokens": 99, "messages": MESSAGES},
            "message_stop",
        ),
    ],
)
def test_streams_come_in_data_lines_with_a_mark_rows_5_22(
    thread: Thread, simple: Twistd, path: str, body: dict[str, Any], last: str
) -> None:
    status, text = curl(simple, path, "-N", *said(**body))
    assert status == 200
    *events, mark = text.removesuffix("\n\n").split("\n\n")
    assert mark == "data: [DONE]"
    assert all(event.startswith("data: {") for event in events)
    assert json.loads(events[-1].removeprefix("data: "))["type"] == last


@curl_needed
@pytest.mark.parametrize("fault", ["cut=2", "reset"])
def test_a_broken_upstream_is_never_shown_as_a_finished_stream_row_81_defect_1(
    thread: Thread, simple: Twistd, fault: str
) -> None:
    body = said(model=f"gpt-4.1!{fault}", input="one two three", stream=True)
    status, text = curl(simple, "/openai2", *body)
    assert "[DONE]" not in str(text)
    assert "OPENAI_PROXY_" in str(text)
    assert status in (200, 502)
    assert curl(simple, "/health")[0] == 200


@curl_needed
def test_a_refusal_comes_with_its_status_and_code_row_108(thread: Thread, simple: Twistd) -> None:
    body = said(model="gpt-4.1!status=429", input="x", stream=True)
    status, answer = curl(simple, "/openai2", *body)
    assert status == 429
    assert answer["error"]["code"] == "OPENAI_PROXY_UPSTREAM_API_ERROR"


@curl_needed
@pytest.mark.parametrize("key", ["wrong", ""])
def test_a_wrong_key_is_403_row_31_defect_2(thread: Thread, simple: Twistd, key: str) -> None:
    status, answer = curl(simple, "/openai", *said(security_key=key, model="gpt-4.1"))
    assert (status, answer["error"]["code"]) == (403, "OPENAI_PROXY_FORBIDDEN")


@curl_needed
@pytest.mark.parametrize("key_first", [True, False])
@pytest.mark.parametrize("form", ["json", "srt"])
def test_a_recording_is_transcribed_wherever_its_key_stands_rows_13_31(
    thread: Thread, simple: Twistd, tmp_path: Path, key_first: bool, form: str
) -> None:
    (tmp_path / "hello.wav").write_bytes(b"RIFF" + bytes(500_000))
    file, key = ("-F", "file=@hello.wav"), ("-F", f"security_key={KEY}")
    both = (*key, *file) if key_first else (*file, *key)
    path = "/openai/audio/transcriptions"
    status, answer = curl(simple, path, *both, "-F", f"response_format={form}", folder=tmp_path)
    assert status == 200, answer
    assert "hello.wav, 500004 bytes" in (answer["text"] if form == "json" else answer)


def test_a_large_form_made_on_the_fly_goes_up_whole_row_13(thread: Thread, simple: Twistd) -> None:
    size, block = 20_000_000, hashlib.sha256(b"seed").digest() * 2048
    start = (
        f'--b\r\nContent-Disposition: form-data; name="security_key"\r\n\r\n{KEY}\r\n--b\r\n'
        'Content-Disposition: form-data; name="file"; filename="big.wav"\r\n\r\n'
    ).encode()
    end = b"\r\n--b--\r\n"

    def pieces() -> Iterator[bytes]:
        yield start
        for at in range(0, size, len(block)):
            yield block[: size - at]
        yield end

    connection = http.client.HTTPConnection("127.0.0.1", simple.ports()[0], timeout=60)
    headers = {
        "Content-Type": "multipart/form-data; boundary=b",
        "Content-Length": str(len(start) + size + len(end)),
    }
    connection.request("POST", "/openai/audio/transcriptions", pieces(), headers)
    response = connection.getresponse()
    assert response.status == 200
    assert f"big.wav, {size} bytes" in json.loads(response.read())["text"]
    connection.close()


@curl_needed
def test_the_ports_state_is_shown_to_the_access_token_row_33_row_118(
    thread: Thread, simple: Twistd
) -> None:
    assert curl(simple, "/debug/runtime")[0] == 403
    status, answer = curl(simple, f"/debug/runtime?access_token={TOKEN}")
    assert (status, answer["limits"]["maxParallelRequests"]) == (200, 32)


@curl_needed
def test_a_probe_runs_as_long_as_it_says_row_26(thread: Thread, simple: Twistd) -> None:
    body = said(mode="comment-heartbeat", durationMs=300, intervalMs=100)
    status, text = curl(simple, "/openai2/diagnostics/sse-cap", "-N", *body)
    assert status == 200
    assert ": probe 1 " in text
    assert "event: probe-complete\n" in text


@curl_needed
def test_pages_of_any_origin_get_their_preflight_row_97(thread: Thread, simple: Twistd) -> None:
    status, body = curl(simple, "/openai2", "-X", "OPTIONS", "-H", "Origin: https://a.example")
    assert (status, body) == (200, "")


def test_an_unchanged_sdk_streams_chat_and_responses_rows_1_3_32_defect_8(
    thread: Thread, simple: Twistd
) -> None:
    client = openai.OpenAI(
        base_url=f"http://127.0.0.1:{simple.ports()[0]}/v1",
        api_key=OWN_KEY,
        default_headers={"X-Security-Key": KEY},
        max_retries=0,
        timeout=20,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    )
    with client:
        chat = client.chat.completions.create(model="gpt-4.1", messages=MESSAGES)
        assert "Hello" in chat.choices[0].message.content
        stream = client.chat.completions.create(model="gpt-4.1", messages=MESSAGES, stream=True)
        assert "Hello" in "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
        events = list(client.responses.create(model="gpt-4.1", input="Hello", stream=True))
        assert events[-1].type == "response.completed"
        with pytest.raises(openai.RateLimitError) as caught:
            client.responses.create(model="gpt-4.1!status=429", input="Hello", stream=True)
        assert caught.value.code == "OPENAI_PROXY_UPSTREAM_API_ERROR"


def test_an_unchanged_sdk_without_the_proxys_key_is_401_row_32(
    thread: Thread, simple: Twistd
) -> None:
    http_client = openai.DefaultHttpxClient(trust_env=False)
    url = f"http://127.0.0.1:{simple.ports()[0]}/v1"
    client = openai.OpenAI(base_url=url, api_key=OWN_KEY, max_retries=0, http_client=http_client)
    with client, pytest.raises(openai.AuthenticationError):
        client.responses.create(model="gpt-4.1", input="Hello")


@pytest_twisted.ensureDeferred
async def test_without_a_security_key_it_does_not_start_defect_2_row_42(
    real_reactor: Any, tmp_path: Path
) -> None:
    arguments = ["openaiproxy", "--profile", "simple", "--port", "0", "--upstream", "embedded"]
    process = Twistd(real_reactor, arguments, {}, tmp_path)
    assert await process.ended() == 1
    assert "profile simple needs client keys" in process.output
    assert "SECURITY_KEY" in process.output
