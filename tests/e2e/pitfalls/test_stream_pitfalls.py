"""Pitfalls 25 to 29 and 58 to 61: how streams begin, fail, end, keep still, and stop."""

import json
from typing import Any

import pytest

from tests.e2e.scene import CHAT, MESSAGES, PATHS, RESPONSES, Call, Played, Scene, asking

CALLERS = list(PATHS.values())
KEEPALIVE = {CHAT: b": keepalive", RESPONSES: b": keepalive", MESSAGES: b"event: ping\n"}


def bridging(path: str, **flags: Any) -> Scene:
    """A port whose upstream speaks another dialect than the caller."""
    return Scene(speaks=["chat" if path == RESPONSES else "responses"], mode="bridge", **flags)


def problem(call: Call, path: str) -> Any:
    """The error that a stream tells, in its caller's dialect."""
    *_, last = [event for event in call.events() if event != "[DONE]"]
    if path == RESPONSES and last["type"] == "response.failed":
        return last["response"]["error"]
    if path == RESPONSES:
        return last.get("error", last)
    assert (last.get("type") == "error") == (path == MESSAGES)
    return last["error"]


def finished(call: Call) -> bool:
    """Whether a stream claims to have come to a good end."""
    said = call.body.decode()
    return bool(
        '"finish_reason":"' in said.replace(": ", ":")
        or "message_stop" in said
        or "response.completed" in said
    )


@pytest.mark.parametrize(
    ("path", "fault", "status"),
    [
        *((path, fault, 500) for path in CALLERS for fault in ("failed=0", "error=1")),
        *((path, "failed=0,code=rate_limit_exceeded", 429) for path in (CHAT, MESSAGES)),
        (CHAT, "failed=1,code=server_is_overloaded", 503),
        (MESSAGES, "failed=1,code=server_is_overloaded", 529),
    ],
)
def test_pitfall_25_what_fails_before_the_first_words_has_a_status(
    path: str, fault: str, status: int
) -> None:
    call = bridging(path).post(path, asking(path, stream=True), x_embedded_fault=fault)
    assert call.status == status
    assert call.headers["content-type"] == "application/json"
    assert call.json["error"]["message"]
    assert (call.json.get("type") == "error") == (path == MESSAGES)


@pytest.mark.parametrize("path", CALLERS)
@pytest.mark.parametrize("word", ["failed", "error"])
def test_pitfall_25_what_fails_later_is_told_within_the_stream(path: str, word: str) -> None:
    call = bridging(path).post(path, asking(path, stream=True), x_embedded_fault=f"{word}=7")
    assert call.status == 200
    assert call.whole
    assert problem(call, path)["message"]
    assert not finished(call)
    assert (call.events()[-1] == "[DONE]") == (path == CHAT)


@pytest.mark.parametrize("path", CALLERS)
@pytest.mark.parametrize("fault", ["noend", "cut=9", "cut=9,reset"])
def test_pitfall_26_a_stream_without_its_end_is_an_error(path: str, fault: str) -> None:
    scene = bridging(path)
    call = scene.post(path, asking(path, stream=True), x_embedded_fault=fault)
    assert call.status == 200
    told = problem(call, path)
    assert "ended before it was finished" in told["message"]
    assert path == MESSAGES or told["code"] == "upstream_stream_truncated"
    assert not finished(call)
    assert scene.lines[0]["ending"] in ("upstream-fault", "upstream-cut")


@pytest.mark.parametrize("path", CALLERS)
@pytest.mark.parametrize("fault", ["cut=1", "cut=1,reset"])
def test_pitfall_26_so_is_half_of_a_whole_answer(path: str, fault: str) -> None:
    call = bridging(path).post(path, asking(path, text="long " * 200), x_embedded_fault=fault)
    assert call.status == 502
    assert call.json["error"]["message"]


@pytest.mark.parametrize("path", CALLERS)
def test_pitfall_26_a_stream_that_passes_and_breaks_off_says_so_too(path: str) -> None:
    scene = Scene(speaks=["responses", "chat", "messages"])
    call = scene.post(path, asking(path, stream=True), x_embedded_fault="cut=3")
    assert problem(call, path)["message"]
    assert not call.whole
    assert not finished(call)


def test_pitfall_26_a_finish_is_enough_without_the_last_word() -> None:
    scene = Scene(speaks=["chat"], mode="bridge")
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    hello = {"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "finish_reason": None}
    stop = {"index": 0, "delta": {}, "finish_reason": "stop"}
    scene.play(Played.events(*({**head, "choices": [one]} for one in (hello, stop)), named=False))
    call = scene.post(RESPONSES, asking(RESPONSES, stream=True))
    assert call.events()[-1]["type"] == "response.completed"
    assert call.events()[-1]["response"]["output"][0]["content"][0]["text"] == "Hello"


THOUGHTS = "**Reading the question** The answer is a quotation; there is little to think about."
ANSWER = "This is the embedded upstream. You said: hello"
SHOWN = {
    "reasoning_content": {"content": ANSWER, "reasoning_content": THOUGHTS},
    "reasoning": {"content": ANSWER, "reasoning": THOUGHTS},
    "both": {"content": ANSWER, "reasoning_content": THOUGHTS, "reasoning": THOUGHTS},
    "think": {"content": f"<think>\n{THOUGHTS}\n</think>\n\n{ANSWER}"},
    "content": {"content": f"Reasoning Summary:\n{THOUGHTS}\n\n{ANSWER}"},
    "off": {"content": ANSWER},
}


@pytest.mark.parametrize("how", list(SHOWN))
@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_27_reasoning_is_shown_where_the_port_says(how: str, stream: bool) -> None:
    scene = Scene("bridge", reasoning_shown=how)
    call = scene.post(CHAT, asking(CHAT, "gpt-5", stream=stream))
    fields = ("content", "reasoning_content", "reasoning")
    if stream:
        found = {name: "".join(call.deltas(name)) for name in fields}
        assert how == "off" or len(call.deltas("reasoning" if how == "reasoning" else "content"))
    else:
        found = {name: call.json["choices"][0]["message"].get(name) for name in fields}
    assert {name: text for name, text in found.items() if text} == SHOWN[how]


def test_pitfall_27_a_blank_line_is_between_parts_of_a_summary() -> None:
    from tests.scripted import created, ended, message, reasoning, speech, thinking

    thought, hello = reasoning("First.", "Second."), message("Hello")
    events = [
        created(),
        *thinking(0, thought),
        *speech(1, hello, "Hel", "lo"),
        ended(thought, hello),
    ]
    scene = Scene("bridge")
    scene.play(Played.events(*events))
    call = scene.post(CHAT, asking(CHAT, "gpt-5", stream=True))
    assert "".join(call.deltas("reasoning_content")) == "First.\n\nSecond."


@pytest.mark.parametrize("preset", ["gateway", "bridge", "o1"])
@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-5-codex"])
@pytest.mark.parametrize("asked", [True, False])
def test_pitfall_28_usage_is_told_once_to_who_asks(preset: str, model: str, asked: bool) -> None:
    options = {"stream_options": {"include_usage": True}} if asked else {}
    call = Scene(preset).post(CHAT, asking(CHAT, model, stream=True, **options))
    *chunks, done = call.events()
    assert done == "[DONE]"
    told = [chunk for chunk in chunks if chunk.get("usage")]
    if asked:
        assert told == chunks[-1:]
        assert told[0]["choices"] == []
        assert told[0]["usage"]["total_tokens"] > 0
        assert all(chunk["usage"] is None for chunk in chunks[:-1])
    else:
        assert told == []
        assert all(chunk["choices"] for chunk in chunks)


@pytest.mark.parametrize("path", [RESPONSES, MESSAGES])
@pytest.mark.parametrize("stream", [True, False])
def test_pitfall_29_stream_options_go_up_with_a_stream_alone(path: str, stream: bool) -> None:
    scene = Scene(speaks=["chat"])
    call = scene.post(path, asking(path, stream=stream))
    assert ("stream_options" in scene.sent[0].json) == stream
    told = call.events()[-1]["response"] if path == RESPONSES and stream else None
    assert told is None or told["usage"]["input_tokens"] > 0


def test_pitfall_29_options_without_a_stream_are_left_out() -> None:
    scene = Scene(speaks=["chat"])
    body = asking(MESSAGES, stream_options={"include_usage": True})
    assert scene.post(MESSAGES, body).status == 200
    assert "stream_options" not in scene.sent[0].json


@pytest.mark.parametrize("path", CALLERS)
@pytest.mark.parametrize("fault", ["stall", "stall=2", "stall=8"], ids=["before", "held", "amid"])
def test_pitfall_58_silence_is_filled_in_the_callers_dialect(path: str, fault: str) -> None:
    call = bridging(path).post(path, asking(path, stream=True), x_embedded_fault=fault)
    call._scene.run(47)
    assert call.status == 200
    assert call.body.count(KEEPALIVE[path]) == 3
    assert b"\n: ping" not in b"\n" + call.body
    assert not call.ended


@pytest.mark.parametrize("path", [CHAT, RESPONSES])
def test_pitfall_58_a_stream_that_passes_is_kept_alive_too(path: str) -> None:
    scene = Scene("passthrough")
    call = scene.post(path, asking(path, stream=True), x_embedded_fault="stall=2")
    scene.run(31)
    assert call.body.count(b": keepalive\n\n") == 2


@pytest.mark.parametrize("path", CALLERS)
def test_pitfall_58_the_answer_is_whole_after_it(path: str) -> None:
    scene = bridging(path)
    call = scene.post(path, asking(path, stream=True), x_embedded_fault="delay=40")
    scene.run(41)
    assert call.body.count(KEEPALIVE[path]) == 2
    assert call.whole
    assert finished(call)


@pytest.mark.parametrize("path", CALLERS)
@pytest.mark.parametrize("preset", ["gateway", "bridge", "passthrough"])
def test_pitfall_59_no_hop_is_invited_to_hold_a_stream(path: str, preset: str) -> None:
    scene = bridging(path) if preset == "gateway" else Scene(preset)
    call = scene.post(path, asking(path, stream=True), accept_encoding="gzip, br")
    assert call.status == 200
    assert call.headers["cache-control"] == "no-cache, no-transform"
    assert call.headers["x-accel-buffering"] == "no"
    assert "content-length" not in call.headers
    assert "content-encoding" not in call.headers


def test_pitfall_59_each_event_goes_out_by_itself() -> None:
    scene = bridging(CHAT)
    call = scene.post(CHAT, asking(CHAT, stream=True), x_embedded_fault="pace=1")
    seen: list[int] = []
    while not call.ended:
        scene.run(1)
        seen.append(len(call.deltas()))
    assert len(set(seen)) >= 8


PHASES = {
    "before the head": "stall",
    "before the words": "stall=2",
    "amid": "size=5000,stall=8",
}


@pytest.mark.parametrize("path", CALLERS)
@pytest.mark.parametrize("way", ["relayed", "bridged"])
@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize("phase", list(PHASES))
def test_pitfall_60_a_caller_that_leaves_takes_its_call_with_it(
    path: str, way: str, stream: bool, phase: str
) -> None:
    scene = bridging(path) if way == "bridged" else Scene(speaks=["responses", "chat", "messages"])
    call = scene.post(path, asking(path, stream=stream), x_embedded_fault=PHASES[phase])
    assert scene.active == 1
    assert not call.ended
    call.leave()
    scene.run(0.5)
    assert (scene.active, scene.abandoned) == (0, 1)
    assert [line["ending"] for line in scene.lines] == ["client-gone"]
    scene.run(2)
    assert not scene.clock.getDelayedCalls()


def test_pitfall_25_nothing_of_a_held_beginning_is_in_the_errors_body() -> None:
    call = bridging(CHAT).post(CHAT, asking(CHAT, stream=True), x_embedded_fault="failed=2")
    assert json.loads(call.body).keys() == {"error"}


TIMERS = {"total": "total_timeout", "idle": "idle_timeout", "first_byte": "first_byte_timeout"}


@pytest.mark.parametrize("path", CALLERS)
@pytest.mark.parametrize(
    ("timer", "fault"),
    [
        ("first_byte", "stall"),
        ("total", "stall"),
        ("total", "stall=2"),
        ("total", "stall=8"),
        ("idle", "stall=2"),
        ("idle", "stall=8"),
    ],
)
@pytest.mark.parametrize("early", [True, False], ids=["early", "late"])
def test_pitfall_66_the_timer_that_fired_is_named(
    path: str, timer: str, fault: str, early: bool
) -> None:
    scene = bridging(path, **{TIMERS[timer]: "10" if early else "20"})
    call = scene.post(path, asking(path, stream=True), x_embedded_fault=fault)
    scene.run(21)
    held = early and fault != "stall=8" and not (path == RESPONSES and fault == "stall=2")
    assert call.status == (504 if held else 200)
    assert call.whole
    told = call.json["error"] if held else problem(call, path)
    words = {"total": "longer than", "idle": "fell silent", "first_byte": "did not begin"}
    assert words[timer] in told["message"]
    assert path == MESSAGES or told["code"] == f"upstream_{timer}_timeout"
    assert not finished(call)
    assert scene.active == 0
    assert scene.lines[0]["ending"] == f"timeout-{timer.replace('_', '-')}"


@pytest.mark.parametrize("path", CALLERS)
def test_pitfall_60_a_caller_that_leaves_after_signs_of_life_takes_its_call_with_it(
    path: str,
) -> None:
    scene = bridging(path)
    call = scene.post(path, asking(path, stream=True), x_embedded_fault="stall")
    scene.run(20)
    call.leave()
    scene.run(1)
    assert (scene.active, scene.abandoned) == (0, 1)
    assert not scene.clock.getDelayedCalls()


def test_pitfall_1_a_remedy_is_tried_after_signs_of_life_too() -> None:
    function = {"name": "f", "parameters": {"type": "object", "properties": {}}}
    tools = [{"type": "function", "function": function}]
    scene = Scene()
    body = asking(CHAT, "later-model", tools=tools, stream=True)
    call = scene.post(CHAT, body, x_embedded_fault="delay=20,refuse=tools")
    scene.run(45)
    assert [sent.target for sent in scene.sent] == [CHAT, RESPONSES]
    assert call.finishes() == ["tool_calls"]
    assert call.whole
