"""Requests as they are put to the backend, without any socket."""

import json
from typing import Any

import pytest
from attrs import evolve

from openaiproxy.asking import DIALECTS, Asking, Attempt
from openaiproxy.bridging import Amendments
from openaiproxy.codex.requests import fit_request
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Profile
from tests.scripted import created, ended, message, speech
from tests.upstream.login.backend import complaint_about

CODEX = PRESETS["codex"].profile
BACKEND = evolve(CODEX, upstream=evolve(CODEX.upstream, speaks=("responses",)))
MODEL = "gpt-5.5"


def asking(caller: str, body: dict[str, Any], profile: Profile = BACKEND) -> Asking:
    return Asking(
        json.dumps({"model": MODEL, **body}).encode(),
        caller=DIALECTS[caller],
        profile=profile,
        now=lambda: 1.0,
        new_id=lambda prefix: f"{prefix}1",
        fit=fit_request,
    )


def put(caller: str, body: dict[str, Any], profile: Profile = BACKEND) -> Attempt:
    return asking(caller, body, profile).attempt(frozenset())


def sent(attempt: Attempt) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(attempt.body)
    assert complaint_about(found) is None
    return found


def test_a_stream_of_responses_passes_and_its_request_fits() -> None:
    attempt = put("responses", {"input": "Hi", "stream": True, "temperature": 1, "odd": {"a": 1}})
    assert attempt.translation is None
    assert sent(attempt)["odd"] == {"a": 1}
    assert {loss.path for loss in attempt.losses} == {"temperature"}


def test_a_whole_answer_of_responses_is_collected() -> None:
    attempt = put("responses", {"input": "Hi", "max_output_tokens": 50, "odd": {"a": 1}})
    assert attempt.translation is not None
    assert sent(attempt)["odd"] == {"a": 1}
    assert attempt.translation.upstream is RESPONSES
    item = message("Hello")
    events = [created(), *speech(0, item, "Hello"), ended()]
    stream = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
    whole = attempt.translation.collect(stream)
    assert json.loads(whole.body)["output"][0]["content"][0]["text"] == "Hello"


def test_a_default_changes_a_request_of_responses_too() -> None:
    bridging = evolve(BACKEND.bridging, amendments=Amendments(verbosity="low"))
    attempt = put("responses", {"input": "Hi", "stream": True}, evolve(BACKEND, bridging=bridging))
    assert attempt.translation is not None
    assert sent(attempt)["text"]["verbosity"] == "low"


def test_responses_on_chats_path_fit_as_well() -> None:
    attempt = put("chat", {"input": "Hi", "temperature": 0.5})
    assert attempt.translation is not None
    assert attempt.translation.caller is CHAT
    assert sent(attempt)["stream"] is True
    assert "temperature" in {loss.path for loss in attempt.losses}


@pytest.mark.parametrize(
    "body",
    [
        {"previous_response_id": "resp_1"},
        {"conversation": "conv_1"},
        {"input": [{"type": "item_reference", "id": "msg_1"}]},
    ],
)
@pytest.mark.parametrize("stream", [False, True])
def test_what_points_to_words_that_nobody_kept_is_refused(
    body: dict[str, Any], stream: bool
) -> None:
    with pytest.raises(BadRequest) as raised:
        put("responses", {"input": "Hi", "stream": stream, **body})
    assert raised.value.status == 400
    assert raised.value.message.startswith(next(iter(body)))
