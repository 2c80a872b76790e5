"""Pitfalls 1 to 5, 9 and 19: which path a request takes, and what is learnt from a refusal."""

from typing import Any

import pytest

from tests.e2e.scene import CHAT, MESSAGES, RESPONSES, Scene, asking

FUNCTION = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}
TOOLS = [{"type": "function", "function": FUNCTION}]


def paths(scene: Scene) -> list[str]:
    return [sent.target for sent in scene.sent]


@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_1_function_tools_of_a_model_that_wants_responses_for_them(stream: bool) -> None:
    scene = Scene()
    call = scene.post(CHAT, asking(CHAT, "gpt-5.6-terra", tools=TOOLS, stream=stream))
    assert paths(scene) == [RESPONSES]
    assert call.status == 200
    if stream:
        assert call.finishes() == ["tool_calls"]
        assert call.events()[-1] == "[DONE]"
    else:
        assert call.json["choices"][0]["message"]["tool_calls"][0]["function"]["name"] == "look_up"


def test_pitfall_1_an_unknown_models_refusal_teaches_where_its_tools_are_taken() -> None:
    scene = Scene()
    body = asking(CHAT, "later-model!refuse=tools", tools=TOOLS)
    first = scene.post(CHAT, body)
    assert paths(scene) == [CHAT, RESPONSES]
    assert first.json["choices"][0]["finish_reason"] == "tool_calls"
    scene.post(CHAT, body)
    assert paths(scene)[2:] == [RESPONSES]


@pytest.mark.parametrize("model", ["gpt-5-codex", "gpt-5-pro", "codex-mini-latest", "o3-pro"])
def test_pitfall_2_models_of_responses_alone_answer_chat(model: str) -> None:
    scene = Scene()
    call = scene.post(CHAT, asking(CHAT, model))
    assert paths(scene) == [RESPONSES]
    assert "You said: hello" in call.json["choices"][0]["message"]["content"]


@pytest.mark.parametrize("veto", ["not-chat", "responses-only"])
def test_pitfall_2_an_unknown_one_is_learnt_of(veto: str) -> None:
    scene = Scene()
    body = asking(CHAT, f"later-model!refuse={veto}", stream=True)
    for expected in ([CHAT, RESPONSES], [CHAT, RESPONSES, RESPONSES]):
        call = scene.post(CHAT, body)
        assert paths(scene) == expected
        assert "".join(call.deltas()).endswith("You said: hello")


@pytest.mark.parametrize("preset", ["gateway", "bridge", "o1"])
@pytest.mark.parametrize("given", ["hello", [{"role": "user", "content": "hello"}]])
def test_pitfall_3_a_body_of_responses_on_chats_path_is_answered_as_chat(
    preset: str, given: Any
) -> None:
    scene = Scene(preset)
    call = scene.post(CHAT, {"model": "gpt-4.1", "input": given, "stream": True})
    assert paths(scene) == [RESPONSES]
    assert "".join(call.deltas()).endswith("You said: hello")
    assert call.finishes() == ["stop"]


@pytest.mark.parametrize("preset", ["gateway", "bridge", "o1", "passthrough", "keyed"])
def test_pitfall_4_every_port_serves_responses(preset: str) -> None:
    scene = Scene(preset)
    call = scene.post(RESPONSES, asking(RESPONSES, stream=True), x_api_key="key-of-a-caller")
    assert call.status == 200
    assert call.events()[-1]["type"] == "response.completed"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (CHAT, asking(CHAT)),
        (RESPONSES, asking(RESPONSES)),
        (MESSAGES, asking(MESSAGES)),
        (f"{MESSAGES}/count_tokens", {"model": "m", "messages": asking(MESSAGES)["messages"]}),
    ],
)
@pytest.mark.parametrize(
    "spelt", ["{}", "{}/", "{}?", "{}?beta=true", "{}/?beta=true", "/v1{}", "/openai{}"]
)
@pytest.mark.parametrize("bare", [False, True], ids=["v1", "bare"])
def test_pitfall_5_every_way_to_write_a_path_arrives(
    path: str, body: Any, spelt: str, bare: bool
) -> None:
    scene = Scene()
    call = scene.post(spelt.format(path.removeprefix("/v1") if bare else path), body)
    assert call.status == 200, call.body
    assert call.json


@pytest.mark.parametrize("target", ["/v1/models?", "/models", "/v1/v1/models/", "/v1/models?x=1"])
def test_pitfall_5_the_list_of_models_too(target: str) -> None:
    assert Scene().get(target).json["object"] == "list"


@pytest.mark.parametrize("model", ["gpt-5", "o3", "later-model!refuse=sampling"])
def test_pitfall_9_all_sampling_goes_in_one_step_and_is_named(model: str) -> None:
    scene = Scene()
    sampling = {"temperature": 0.2, "top_p": 0.5, "logprobs": True, "presence_penalty": 1}
    call = scene.post(CHAT, asking(CHAT, model, **sampling))
    assert call.status == 200
    assert len(scene.sent) == (2 if "!" in model else 1)
    assert not sampling.keys() & scene.sent[-1].json.keys()
    for name in ("temperature", "top_p", "logprobs", "presence"):
        assert name in call.headers["x-openaiproxy-dropped"]


def test_pitfall_9_a_model_that_need_not_think_keeps_it() -> None:
    scene = Scene()
    call = scene.post(CHAT, asking(CHAT, "gpt-5.6-terra", temperature=0.2, reasoning_effort="none"))
    assert call.status == 200
    assert scene.sent[0].json["temperature"] == 0.2


def test_pitfall_9_a_port_may_reject_instead() -> None:
    scene = Scene(unsupported="reject")
    call = scene.post(CHAT, asking(CHAT, "gpt-5", temperature=0.2))
    assert call.status == 400
    assert "temperature" in call.json["error"]["message"]
    assert not scene.sent


@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_19_a_summary_of_ours_that_is_refused_is_not_asked_for_again(stream: bool) -> None:
    scene = Scene("bridge")
    body = asking(CHAT, "gpt-5", stream=stream)
    asked: list[Any] = []
    for key in ("Bearer mine", "Bearer mine", "Bearer another"):
        call = scene.post(CHAT, body, authorization=key, x_embedded_fault="refuse=summary")
        assert call.status == 200
        asked.append([sent.json["reasoning"].get("summary") for sent in scene.sent])
        scene.front.sent.clear()
    assert asked == [["auto", None], [None], ["auto", None]]


def test_pitfall_19_the_callers_own_wish_is_refused_in_the_upstreams_words() -> None:
    scene = Scene("bridge")
    body = asking(RESPONSES, "gpt-5", reasoning={"summary": "detailed"})
    call = scene.post(RESPONSES, body, x_embedded_fault="refuse=summary")
    assert call.status == 400
    assert call.json["error"]["param"] == "reasoning.summary"
    assert len(scene.sent) == 1
