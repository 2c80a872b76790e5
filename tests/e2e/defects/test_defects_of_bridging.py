"""Chapter 1.9: what the pass-through and the bridge on ports 5101 and 5102 did wrong."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.scene import CHAT, MESSAGES, RESPONSES, Call, Played, Scene, asking
from tests.scripted import created, ended, message, response, speech, usage

PRESETS = ["bridge", "o1"]
FUNCTION = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}
TOOLS = [{"type": "function", "function": FUNCTION}]


def said(call: Call, stream: bool) -> dict[str, Any]:
    """The first choice, a stream's put together."""
    if not stream:
        found: dict[str, Any] = call.json["choices"][0]
        return found
    calls = [one for pieces in call.deltas("tool_calls") for one in pieces]
    text = "".join(call.deltas())
    return {"message": {"content": text, "tool_calls": calls}, "finish_reason": call.finishes()[-1]}


@pytest.mark.parametrize("preset", ["passthrough", "bridge"])
def test_defect_1_9_1_query_strings_are_kept_to_the_byte(preset: str) -> None:
    scene = Scene(preset)
    query = "limit=5&include[]=a&include[]=b&after=x%2Fy&empty="
    scene.get(f"/v1/files?{query}")
    scene.get(f"/v1/responses/resp_1?{query}")
    assert [sent.target.partition("?")[2] for sent in scene.sent] == [query, query]


def test_defect_1_9_2_the_host_field_chooses_no_port() -> None:
    passing = Scene("passthrough")
    passing.post(CHAT, asking(CHAT), host="127.0.0.1:5102")
    assert passing.sent[0].target == CHAT
    assert "input" not in passing.sent[0].json
    listed = passing.get("/v1/models", host="127.0.0.1:5102").json["data"]
    assert not any("codex" in entry["id"] for entry in listed)
    bridging = Scene("bridge")
    bridging.post(CHAT, asking(CHAT), host="localhost")
    assert bridging.sent[0].target == RESPONSES


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-5-codex"])
@pytest.mark.parametrize("stream", [True, False])
def test_defect_1_9_3_tools_are_called_and_their_results_arrive(
    preset: str, model: str, stream: bool
) -> None:
    scene = Scene(preset)
    first = said(scene.post(CHAT, asking(CHAT, model, tools=TOOLS, stream=stream)), stream)
    assert first["finish_reason"] == "tool_calls"
    (call, *rest) = first["message"]["tool_calls"]
    assert call["function"]["name"] == "look_up"
    assert "".join(each["function"]["arguments"] for each in (call, *rest)) == "{}"
    turns = [
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": call["id"], "content": "42"},
    ]
    body = asking(CHAT, model, tools=TOOLS, messages=turns, stream=stream)
    assert "The tool answered: 42" in said(scene.post(CHAT, body), stream)["message"]["content"]


def test_defect_1_9_4_every_setting_is_mapped() -> None:
    scene = Scene("bridge")
    schema = {"name": "s", "schema": {"type": "object", "properties": {}}, "strict": True}
    body = asking(
        CHAT,
        "gpt-5",
        max_completion_tokens=900,
        response_format={"type": "json_schema", "json_schema": schema},
        reasoning_effort="low",
        verbosity="low",
        tools=TOOLS,
        tool_choice={"type": "function", "function": {"name": "look_up"}},
        stream=True,
        stream_options={"include_usage": True},
        service_tier="flex",
    )
    call = scene.post(CHAT, body)
    assert call.status == 200
    sent = scene.sent[0].json
    assert sent["max_output_tokens"] == 900
    assert sent["text"] == {"format": {"type": "json_schema", **schema}, "verbosity": "low"}
    assert sent["reasoning"]["effort"] == "low"
    assert sent["tool_choice"] == {"type": "function", "name": "look_up"}
    assert sent["tools"] == [{"type": "function", **FUNCTION, "strict": False}]
    assert sent["service_tier"] == "flex"
    assert not body.keys() & sent.keys() & {"stream_options", "response_format", "verbosity"}
    assert "x-openaiproxy-dropped" not in call.headers


def test_defect_1_9_4_what_has_no_word_is_emulated_or_named() -> None:
    scene = Scene("bridge")
    odd = {"seed": 5, "presence_penalty": 1, "logit_bias": {"1": 2}}
    call = scene.post(CHAT, asking(CHAT, stop=[" You"], **odd))
    assert call.status == 200
    assert call.json["choices"][0]["message"]["content"] == "This is the embedded upstream."
    assert not {"stop", *odd} & scene.sent[0].json.keys()
    for name in ("seed", "presence", "bias"):
        assert name in call.headers["x-openaiproxy-dropped"]
    several = scene.post(CHAT, asking(CHAT, n=2))
    assert several.status == 400
    assert several.json["error"]["message"].startswith("n: ")


def test_defect_1_9_5_defaults_are_for_models_that_have_them() -> None:
    scene = Scene("bridge")
    for model in ("gpt-5", "gpt-4.1", "gpt-4", "unheard-of"):
        scene.post(CHAT, asking(CHAT, model))
    found = [
        (sent.json.get("reasoning"), [tool["type"] for tool in sent.json.get("tools", [])])
        for sent in scene.sent
    ]
    assert found == [
        ({"effort": "medium", "summary": "auto"}, ["web_search"]),
        (None, ["web_search"]),
        (None, []),
        (None, []),
    ]


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("fault", ["failed=7", "error=7", "cut=7", "noend"])
def test_defect_1_9_6_a_failure_amid_a_stream_is_no_silence(preset: str, fault: str) -> None:
    scene = Scene(preset)
    body = asking(CHAT, "gpt-5-codex", stream=True)
    call = scene.post(CHAT, body, x_embedded_fault=fault)
    errors = [event for event in call.events() if event != "[DONE]" and event.get("error")]
    assert len(errors) == 1
    assert call.finishes() == []


@pytest.mark.parametrize("preset", ["passthrough", "o1"])
@pytest.mark.parametrize("fault", ["cut=7", "cut=7,reset"])
def test_defect_1_9_6_nor_is_one_of_a_stream_that_passes(preset: str, fault: str) -> None:
    call = Scene(preset).post(CHAT, asking(CHAT, stream=True), x_embedded_fault=fault)
    assert call.ended
    assert not call.whole
    assert call.finishes() == []


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize(
    ("more", "fault", "finish"),
    [
        ({"max_tokens": 16}, "chunks=50", "length"),
        ({"tools": TOOLS}, "", "tool_calls"),
        ({}, "filtered", "content_filter"),
        ({}, "", "stop"),
    ],
)
def test_defect_1_9_7_every_finish_is_told(
    preset: str, stream: bool, more: Any, fault: str, finish: str
) -> None:
    scene = Scene(preset)
    call = scene.post(
        CHAT, asking(CHAT, "gpt-5-codex", stream=stream, **more), x_embedded_fault=fault
    )
    assert said(call, stream)["finish_reason"] == finish


@pytest.mark.parametrize("stream", [True, False])
def test_defect_1_9_7_the_time_is_the_upstreams(stream: bool) -> None:
    hello = message("Hello")
    scene = Scene("bridge")
    events = Played.events(created(), *speech(0, hello, "Hello"), ended(hello))
    scene.play(events if stream else Played(body=response(hello)))
    call = scene.post(CHAT, asking(CHAT, stream=stream))
    times = {event["created"] for event in call.events()[:-1]} if stream else {call.json["created"]}
    assert times == {5}


def test_defect_1_9_8_reasoning_is_live_apart_and_before_the_answer() -> None:
    scene = Scene("bridge")
    call = scene.post(CHAT, asking(CHAT, "gpt-5", stream=True))
    thoughts = call.deltas("reasoning_content")
    assert len(thoughts) > 5
    fields = [name for event in call.events()[:-1] for name in event["choices"][0]["delta"]]
    assert fields.index("reasoning_content") < len(fields) - fields[::-1].index("content")
    whole = Scene("bridge").post(CHAT, asking(CHAT, "gpt-5")).json["choices"][0]["message"]
    assert whole["reasoning_content"] == "".join(thoughts)
    assert whole["content"] == "".join(call.deltas())


def test_defect_1_9_8_in_the_content_it_has_one_order_and_an_end() -> None:
    streamed = Scene("bridge", reasoning_shown="content")
    call = streamed.post(CHAT, asking(CHAT, "gpt-5", stream=True))
    whole = Scene("bridge", reasoning_shown="content").post(CHAT, asking(CHAT, "gpt-5"))
    text = whole.json["choices"][0]["message"]["content"]
    assert text == "".join(call.deltas())
    head, thoughts, answer = text.replace("\n\n", "\n").split("\n")
    assert head == "Reasoning Summary:"
    assert thoughts.startswith("**Reading")
    assert answer.startswith("This is")


SOURCE = {
    "type": "url_citation",
    "start_index": 0,
    "end_index": 5,
    "url": "https://example.com/",
    "title": "Example",
}


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("shown", ["off", "content"])
def test_defect_1_9_9_sources_are_kept(stream: bool, shown: str) -> None:
    from tests.scripted import added, done, reasoning, thinking

    scene = Scene("bridge", reasoning_shown=shown)
    part = {"type": "output_text", "text": "Hello", "annotations": [SOURCE]}
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    hello, thought = message(part), reasoning("Why.")
    note = {
        "type": "response.output_text.annotation.added",
        "item_id": "msg_1",
        "output_index": 2,
        "content_index": 0,
        "annotation_index": 0,
        "annotation": SOURCE,
    }
    spoken = speech(2, hello, "Hello")
    events = [
        created(),
        *thinking(0, thought),
        added(1, search),
        done(1, search),
        *spoken[:3],
        note,
        *spoken[3:],
        ended(thought, search, hello),
    ]
    whole = Played(body=response(thought, search, hello))
    scene.play(Played.events(*events) if stream else whole)
    call = scene.post(CHAT, asking(CHAT, "gpt-5", stream=stream))
    assert scene.sent[0].json["tools"] == [{"type": "web_search"}]
    notes = (
        [one for pieces in call.deltas("annotations") for one in pieces]
        if stream
        else call.json["choices"][0]["message"]["annotations"]
    )
    text = "".join(call.deltas()) if stream else call.json["choices"][0]["message"]["content"]
    (found,) = (one["url_citation"] for one in notes if isinstance(one, dict))
    assert found["url"] == "https://example.com/"
    assert text[found["start_index"] : found["end_index"]] == "Hello"
    assert said(call, stream)["finish_reason"] == "stop"
    assert not said(call, stream)["message"].get("tool_calls")


def test_defect_1_9_10_one_limit_goes_up() -> None:
    scene = Scene("bridge")
    call = scene.post(CHAT, asking(CHAT, max_tokens=100, max_output_tokens=200))
    assert scene.sent[0].json["max_output_tokens"] == 100
    assert "max_tokens" not in scene.sent[0].json
    assert "max_output_tokens" in call.headers["x-openaiproxy-dropped"]


@pytest.mark.parametrize("preset", [*PRESETS, "passthrough"])
def test_defect_1_9_11_many_streams_flow_at_once(preset: str) -> None:
    scene = Scene(preset)
    calls = [
        scene.post(CHAT, asking(CHAT, stream=True), x_embedded_fault="stall=6") for _ in range(40)
    ]
    assert scene.active == 40
    assert all("".join(call.deltas()) for call in calls)


@pytest.mark.parametrize("preset", [*PRESETS, "passthrough"])
def test_defect_1_9_12_other_scripts_arrive_as_they_were_sent(preset: str) -> None:
    scene = Scene(preset)
    words = "Größe 大小 😀 \u2028"
    call = scene.post(
        CHAT, asking(CHAT, text=words, stream=True), x_embedded_fault="framing=bytewise"
    )
    assert call.headers["content-type"].startswith("text/event-stream")
    assert "".join(call.deltas()).strip().endswith(words.strip())


KEYS = {"OPENAIPROXY_CLIENT_KEYS": "mine=key-of-a-caller"}


@pytest.mark.parametrize("preset", ["bridge", "passthrough"])
def test_defect_1_9_13_callers_can_be_asked_for_a_key_and_pages_be_let_in(preset: str) -> None:
    scene = Scene(preset, KEYS, allow_origin=["https://app.example"])
    origin = {"origin": "https://app.example"}
    assert scene.post(CHAT, asking(CHAT), **origin).status == 401
    call = scene.post(CHAT, asking(CHAT), x_api_key="key-of-a-caller", **origin)
    assert call.status == 200
    assert call.headers["access-control-allow-origin"] == "https://app.example"
    preflight = scene.ask("OPTIONS", CHAT, None, **origin, access_control_request_method="POST")
    assert preflight.status == 204
    assert scene.get("/health").status == 200
    assert len(scene.sent) == 1


@pytest.mark.parametrize("preset", [*PRESETS, "passthrough"])
def test_defect_1_9_13_the_log_holds_no_prompts(preset: str) -> None:
    scene = Scene(preset)
    scene.post(CHAT, asking(CHAT, text="a-private-question"), authorization="Bearer sk-private")
    assert len(scene.lines) == 1
    assert "private" not in repr({k: v for k, v in scene.lines[0].items() if k != "log_logger"})


@pytest.mark.parametrize("preset", [*PRESETS, "passthrough"])
def test_defect_1_9_14_errors_are_english_and_in_openais_shape(preset: str) -> None:
    scene = Scene(preset, first_byte_timeout="20")
    call = scene.post(CHAT, asking(CHAT), x_embedded_fault="stall")
    scene.run(21)
    assert call.status == 504
    assert call.json["error"].keys() == {"message", "type", "param", "code"}
    assert call.json["error"]["code"] == "upstream_first_byte_timeout"
    assert call.json["error"]["message"].isascii()
    reset = scene.post(CHAT, asking(CHAT), x_embedded_fault="reset")
    assert reset.status == 502
    assert reset.json["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("preset", ["bridge", "passthrough"])
def test_defect_1_9_15_a_list_of_ones_own_needs_neither_key_nor_network(
    preset: str, tmp_path: Path
) -> None:
    file = tmp_path / "models.json"
    file.write_text(json.dumps(["gpt-mine", {"id": "gpt-yours-codex", "owned_by": "you"}]))
    scene = Scene(preset, models_file=str(file))
    listed = scene.get("/v1/models").json
    assert listed["object"] == "list"
    assert "gpt-mine" in [entry["id"] for entry in listed["data"]]
    assert not scene.front.sent


def test_defect_1_9_16_where_requests_go_is_said() -> None:
    for preset in (*PRESETS, "passthrough"):
        scene = Scene(preset, upstream="http://models.example:8080/api/v1")
        assert scene.post(RESPONSES, asking(RESPONSES)).status == 404
        assert scene.sent[0].target == "/api/v1/responses"
        assert scene.sent[0].headers["host"] == "models.example:8080"


@pytest.mark.parametrize("path", [CHAT, MESSAGES])
def test_defect_1_9_17_nothing_need_be_stored(path: str) -> None:
    scene = Scene("bridge", store="no")
    scene.post(path, asking(path))
    assert scene.sent[0].json["store"] is False


def test_defect_1_9_17_the_callers_own_wish_goes_first() -> None:
    scene = Scene("bridge")
    scene.post(CHAT, asking(CHAT, store=False))
    assert scene.sent[0].json["store"] is False
    assert usage()["total_tokens"] == 15
