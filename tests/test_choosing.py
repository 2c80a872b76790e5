"""Whether a request is translated, and into what."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openaiproxy.bridging import Alias, Amendments, Bridging, Mode, Unsupported
from openaiproxy.choosing import Plan, may_differ, plan
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest
from openaiproxy.learning import Remedy
from openaiproxy.wire import json

DIALECTS = {dialect.name: dialect for dialect in (CHAT, RESPONSES, MESSAGES)}
AUTO, BRIDGE, RELAY = Bridging(Mode.AUTO), Bridging(Mode.BRIDGE), Bridging(Mode.RELAY)
OPENAI = ("responses", "chat")
SAYS = [{"role": "user", "content": "Hi"}]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}


def body(caller: str, model: str, **fields: Any) -> dict[str, Any]:
    talk: dict[str, Any] = {"input": SAYS} if caller == "responses" else {"messages": SAYS}
    if caller == "messages":
        talk["max_tokens"] = 100
    return {"model": model, **talk, **fields}


def made(
    caller: str,
    model: str,
    bridging: Bridging = AUTO,
    speaks: tuple[str, ...] = OPENAI,
    learnt: frozenset[Remedy] = frozenset(),
    session: str | None = None,
    **fields: Any,
) -> Plan:
    """The plan, checked against what bytes alone foretell."""
    said = body(caller, model, **fields)
    request = DIALECTS[caller].parse_request(said)
    foretold = may_differ(
        json.dumps(said), model, caller=caller, bridging=bridging, speaks=speaks, learnt=learnt
    )
    try:
        found = plan(
            request,
            caller=caller,
            bridging=bridging,
            speaks=speaks,
            learnt=learnt,
            session=session,
        )
    except BadRequest:
        assert foretold
        raise
    assert foretold or found.upstream is None
    return found


@pytest.mark.parametrize("caller", ["chat", "responses", "messages"])
@pytest.mark.parametrize("model", ["gpt-5.6", "gpt-5-codex", "o1-mini", "unheard-of"])
def test_a_relay_changes_nothing_for_anyone(caller: str, model: str) -> None:
    found = made(caller, model, RELAY, ("chat",), temperature=0.5)
    assert found == Plan(None, found.request)


@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-5", "unheard-of"])
def test_auto_passes_what_the_upstream_takes(model: str) -> None:
    assert made("chat", model).upstream is None
    assert made("responses", model).upstream is None
    assert made("messages", model, speaks=("messages",)).upstream is None


def test_auto_translates_for_an_upstream_that_does_not_speak_the_callers_dialect() -> None:
    assert made("messages", "gpt-5").upstream == "responses"
    assert made("messages", "gpt-5", speaks=("chat",)).upstream == "chat"
    assert made("responses", "qwen3", speaks=("chat",)).upstream == "chat"
    assert made("chat", "claude", speaks=("messages",)).upstream == "messages"


def test_a_bridge_takes_the_first_dialect_and_passes_it_by_itself() -> None:
    assert made("chat", "gpt-4.1", BRIDGE).upstream == "responses"
    assert made("messages", "gpt-4.1", BRIDGE).upstream == "responses"
    assert made("responses", "gpt-4.1", BRIDGE).upstream is None
    assert made("responses", "gpt-4.1", BRIDGE, ("chat", "responses")).upstream == "chat"
    assert made("chat", "gpt-4.1", BRIDGE, ("chat", "responses")).upstream is None


def test_a_bridge_takes_a_dialect_in_which_the_model_is_there() -> None:
    assert made("messages", "o1-mini", BRIDGE).upstream == "chat"
    assert made("chat", "gpt-5-codex", BRIDGE, ("chat", "responses")).upstream == "responses"


@pytest.mark.parametrize(
    "model", ["gpt-5-codex", "gpt-5.1-codex-max", "o3-pro", "gpt-5.5-pro", "openai/gpt-5-pro"]
)
def test_pitfall_2_models_of_responses_alone_are_bridged(model: str) -> None:
    assert made("chat", model).upstream == "responses"
    assert made("responses", model).upstream is None
    assert made("chat", model, speaks=("chat",)).upstream is None


@pytest.mark.parametrize("model", ["gpt-5.4", "gpt-5.4-mini", "gpt-5.6", "gpt-5.6-sol"])
def test_pitfall_1_function_tools_of_reasoning_models_go_to_responses(model: str) -> None:
    assert made("chat", model, tools=[TOOL]).upstream == "responses"
    assert made("chat", model, tools=[TOOL], reasoning_effort="low").upstream == "responses"
    assert made("chat", model, tools=[TOOL], reasoning_effort="none").upstream is None
    assert made("chat", model, functions=[{"name": "f"}]).upstream == "responses"
    assert made("chat", model).upstream is None
    assert made("chat", model, web_search_options={}).upstream is None
    assert made("chat", model, tools=[TOOL], speaks=("chat",)).upstream is None


def test_pitfall_1_a_default_effort_of_none_keeps_tools_in_chat() -> None:
    none = Bridging(Mode.AUTO, Amendments(effort="none"))
    assert made("chat", "gpt-5.6", none, tools=[TOOL]).upstream == "chat"


def test_pitfall_1_what_was_learnt_goes_to_responses() -> None:
    learnt = frozenset({Remedy.USE_RESPONSES})
    assert made("chat", "new", learnt=learnt).upstream == "responses"
    assert made("chat", "new", BRIDGE, ("chat", "responses"), learnt).upstream == "responses"
    assert made("chat", "new", speaks=("chat",), learnt=learnt).upstream is None


@pytest.mark.parametrize("speaks", [("responses",), ("chat",), ("messages",)])
def test_a_conversation_held_elsewhere_is_not_found_but_where_it_may_be(
    speaks: tuple[str, ...],
) -> None:
    thread = {"type": "continue", "previous_message_id": "msg_1"}
    if speaks == ("messages",):
        assert made("messages", "claude-x", speaks=speaks, thread=thread).upstream is None
        return
    with pytest.raises(BadRequest) as caught:
        made("messages", "gpt-5", speaks=speaks, thread=thread)
    assert caught.value.status == 404
    assert caught.value.details == {"error_code": "thread_not_found"}
    begun = made("messages", "gpt-5", speaks=speaks, thread={"type": "create"})
    assert begun.upstream == speaks[0]


def test_models_of_chat_alone_are_asked_in_chat() -> None:
    assert made("responses", "o1-mini").upstream == "chat"
    assert made("messages", "o1-preview").upstream == "chat"
    assert made("responses", "gpt-4o-audio-preview").upstream == "chat"


def test_pitfall_10_stop_sequences_go_where_they_are_cut_by_hand() -> None:
    assert made("chat", "o3", stop="END").upstream == "responses"
    assert made("chat", "gpt-4.1", stop="END").upstream is None
    alone = made("chat", "o3", speaks=("chat",), stop="END")
    assert (alone.upstream, alone.request.stop) == ("chat", ())
    assert [loss.path for loss in alone.losses] == ["stop"]


def test_pitfall_10_stop_sequences_are_cut_by_hand_also_where_settings_pass() -> None:
    lenient = Bridging(Mode.AUTO, Amendments(unsupported=Unsupported.PASS))
    assert made("chat", "o3", lenient, stop="END").upstream == "responses"
    assert made("chat", "o3", lenient, ("chat",), stop="END").upstream is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("conversation", "conv_1"),
        ("background", True),
        ("prompt", {"id": "pmpt_1"}),
    ],
)
def test_what_only_responses_keeps_is_refused_by_name_elsewhere(name: str, value: Any) -> None:
    fields = {name: value}
    assert made("responses", "gpt-5", **fields).upstream is None
    for bridging in (AUTO, BRIDGE):
        with pytest.raises(BadRequest) as caught:
            made("responses", "qwen3", bridging, ("chat",), **fields)
        assert caught.value.status == 400
        assert caught.value.message.startswith(f"{name}:")
    kept = made("responses", "gpt-5", BRIDGE, ("chat", "responses"), **fields)
    assert kept.upstream is None


def test_background_that_is_not_asked_for_hinders_nothing() -> None:
    assert made("responses", "qwen3", speaks=("chat",), background=False).upstream == "chat"


def test_pitfall_7_a_reasoning_models_limit_is_said_in_the_newer_word() -> None:
    found = made("chat", "o3", max_tokens=50)
    assert found.upstream == "chat"
    rendered = CHAT.render_request(found.request).body
    assert rendered["max_completion_tokens"] == 50
    assert "max_tokens" not in rendered
    assert made("chat", "gpt-4.1", max_tokens=50).upstream is None
    learnt = frozenset({Remedy.NEW_LIMIT})
    assert made("chat", "new", learnt=learnt, max_tokens=50).upstream == "chat"
    assert made("chat", "new", learnt=learnt).upstream is None


def test_names_that_stand_for_others_are_never_passed() -> None:
    bridging = Bridging(Mode.AUTO, Amendments((Alias("fast", "gpt-4.1"),), suffixes=True))
    found = made("chat", "fast", bridging)
    assert (found.upstream, found.request.model) == ("chat", "gpt-4.1")
    assert made("chat", "gpt-5:res-low", bridging).request.model == "gpt-5"
    same = Bridging(Mode.AUTO, Amendments((Alias("gpt-5", "gpt-5", effort="high"),)))
    assert made("chat", "gpt-5", same).upstream == "chat"


def test_what_a_glance_cannot_tell_is_read() -> None:
    def glance(data: bytes, model: str | None = "m") -> bool:
        return may_differ(
            data, model, caller="chat", bridging=AUTO, speaks=OPENAI, learnt=frozenset()
        )

    assert not glance(b'{"model": "m", "messages": []}')
    assert glance(b'{"model": "m", "messages": []}', None)
    assert glance(b'{"model": "m", "metadata": {"model": "o1-mini"}}')
    assert glance(b'{"mod\\u0065l": "o1-mini", "a": "m"}')
    assert glance(b'{"model": "m", "x": "\\u0041"}')
    assert not glance(b'{"model": "m", "x": "\\u00e9\\u001b\\u003c"}')


def test_a_glance_sees_a_sign_only_where_it_matters() -> None:
    def glance(model: str, **fields: Any) -> bool:
        data = json.dumps(body("chat", model, **fields))
        return may_differ(
            data, model, caller="chat", bridging=AUTO, speaks=OPENAI, learnt=frozenset()
        )

    assert glance("gpt-5.6", tools=[TOOL])
    assert not glance("gpt-4.1", tools=[TOOL], temperature=0.5, max_tokens=9, stop="x")
    assert not glance("unheard-of", tools=[TOOL], temperature=0.5, reasoning_effort="low")


# Properties.

MODELS = st.sampled_from(
    [
        "gpt-5",
        "gpt-5.1",
        "gpt-5.4",
        "gpt-5.6-sol",
        "gpt-5-codex",
        "gpt-5-pro",
        "o1-mini",
        "o3",
        "o3-mini",
        "gpt-4.1",
        "gpt-4o-audio-preview",
        "unheard-of",
        "fast",
        "fast:res-high",
        "gpt-5.6:res-none",
        "gpt-5:res-low:sum-none",
        "x:res-bogus",
    ]
)
EFFORTS = st.sampled_from(["none", "minimal", "low", "medium", "high", "xhigh", "max", "odd"])
TALK = {
    "chat": st.lists(
        st.sampled_from(
            [
                {"role": "user", "content": "Hi"},
                {"role": "system", "content": "Be kind"},
                {"role": "developer", "content": "Be brief"},
                {"role": "assistant", "content": "Hello"},
                {
                    "role": "assistant",
                    "content": None,
                    "reasoning_content": "Hm",
                    "tool_calls": [
                        {
                            "id": "c",
                            "type": "function",
                            "function": {"name": "f", "arguments": "{}"},
                        }
                    ],
                },
                {"role": "assistant", "content": None, "reasoning_content": "Hm"},
                {"role": "tool", "tool_call_id": "c", "content": "done"},
            ]
        ),
        max_size=5,
    ),
    "responses": st.lists(
        st.sampled_from(
            [
                {"role": "user", "content": "Hi"},
                {"role": "developer", "content": "Be brief"},
                {
                    "type": "message",
                    "role": "assistant",
                    "id": "msg_1",
                    "content": [{"type": "output_text", "text": "Hello"}],
                },
                {"type": "message", "role": "assistant", "id": "msg_2", "content": []},
                {"type": "reasoning", "id": "rs_1", "summary": []},
                {"type": "reasoning", "id": "rs_2", "summary": [], "encrypted_content": "gA"},
                {
                    "type": "function_call",
                    "id": "fc_1",
                    "call_id": "c",
                    "name": "f",
                    "arguments": "{}",
                },
                {"type": "function_call_output", "call_id": "c", "output": "done"},
                {"type": "web_search_call", "id": "ws_1", "status": "completed"},
                {"type": "item_reference", "id": "msg_3"},
            ]
        ),
        max_size=6,
    ),
    "messages": st.lists(
        st.sampled_from(
            [
                {"role": "user", "content": "Hi"},
                {"role": "assistant", "content": [{"type": "text", "text": "Hello"}]},
                {
                    "role": "assistant",
                    "content": [
                        {
                            "type": "thinking",
                            "thinking": "Hm",
                            "signature": "openaiproxy.1.responses..g",
                        },
                        {"type": "tool_use", "id": "c", "name": "f", "input": {}},
                    ],
                },
                {
                    "role": "assistant",
                    "content": [
                        {
                            "type": "thinking",
                            "thinking": "Hm",
                            "signature": "openaiproxy.1.responses..g",
                        }
                    ],
                },
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "c", "content": "done"}],
                },
            ]
        ),
        max_size=5,
    ),
}
SAMPLED = {
    "temperature": st.sampled_from([0, 0.5, 1]),
    "top_p": st.sampled_from([0.1, 1]),
}
FIELDS: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "chat": {
        **SAMPLED,
        "messages": TALK["chat"],
        "presence_penalty": st.sampled_from([0, 1]),
        "logprobs": st.booleans(),
        "logit_bias": st.sampled_from([{}, {"1": 2}]),
        "stop": st.sampled_from(["END", ["A", "B"], []]),
        "n": st.sampled_from([1, 2]),
        "stream": st.booleans(),
        "max_tokens": st.just(9),
        "max_completion_tokens": st.just(9),
        "tools": st.sampled_from([[], [TOOL]]),
        "reasoning_effort": EFFORTS,
        "store": st.booleans(),
        "verbosity": st.just("low"),
        "service_tier": st.just("flex"),
        "prompt_cache_key": st.sampled_from(["k", "k" * 99]),
        "user": st.sampled_from(["u", "u" * 99]),
        "response_format": st.just({"type": "json_object"}),
        "prediction": st.just({"type": "content", "content": "x"}),
    },
    "responses": {
        **SAMPLED,
        "input": TALK["responses"],
        "instructions": st.just("Be kind"),
        "include": st.sampled_from(
            [[], ["reasoning.encrypted_content"], ["message.output_text.logprobs"]]
        ),
        "top_logprobs": st.sampled_from([0, 3]),
        "stream": st.booleans(),
        "tools": st.sampled_from([[], [{"type": "function", "name": "f", "parameters": {}}]]),
        "reasoning": st.fixed_dictionaries(
            {}, optional={"effort": EFFORTS, "summary": st.sampled_from(["auto", None])}
        ),
        "store": st.booleans(),
        "background": st.booleans(),
        "previous_response_id": st.just("resp_1"),
        "text": st.just({"verbosity": "low"}),
        "max_output_tokens": st.just(50),
    },
    "messages": {
        **SAMPLED,
        "messages": TALK["messages"],
        "system": st.sampled_from(
            [
                "Be kind",
                [
                    {"type": "text", "text": "x-anthropic-billing-header: cc_version=1;"},
                    {"type": "text", "text": "Be kind"},
                ],
                [{"type": "text", "text": "x-anthropic-billing-header: cc_version=1;"}],
            ]
        ),
        "stop_sequences": st.just(["END"]),
        "stream": st.booleans(),
        "thinking": st.sampled_from(
            [
                {"type": "disabled"},
                {"type": "enabled", "budget_tokens": 2000},
                {"type": "adaptive", "display": "summarized"},
            ]
        ),
        "output_config": st.fixed_dictionaries({"effort": EFFORTS}),
        "metadata": st.sampled_from([{"user_id": "u"}, {"user_id": "u" * 99}]),
        "tools": st.just([{"name": "f", "input_schema": {"type": "object"}}]),
    },
}


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, dict[str, Any]]:
    caller = draw(st.sampled_from(sorted(DIALECTS)))
    fields = draw(st.fixed_dictionaries({}, optional=FIELDS[caller]))
    return caller, {**body(caller, draw(MODELS)), **fields}


AMENDED = st.builds(
    Amendments,
    aliases=st.sampled_from([(), (Alias("fast", "gpt-5", effort="low", summary="auto"),)]),
    suffixes=st.booleans(),
    effort=st.sampled_from([None, "none", "low", "xhigh"]),
    summary=st.sampled_from([None, "auto", "concise"]),
    verbosity=st.sampled_from([None, "high"]),
    tier=st.sampled_from([None, "flex"]),
    web_search=st.booleans(),
    store=st.sampled_from([None, True, False]),
    cache_key=st.booleans(),
    unsupported=st.sampled_from(Unsupported),
)
PORTS = st.builds(Bridging, st.sampled_from([Mode.AUTO, Mode.BRIDGE]), AMENDED)
SPOKEN = st.sampled_from(
    [
        ("responses", "chat"),
        ("chat", "responses"),
        ("chat",),
        ("responses",),
        ("messages",),
        ("messages", "chat"),
        ("responses", "chat", "messages"),
    ]
)
LEARNT = st.one_of(st.just(frozenset()), st.frozensets(st.sampled_from(Remedy), max_size=3))


@settings(max_examples=300, deadline=None)
@given(asked(), PORTS, SPOKEN, LEARNT, st.sampled_from([None, "session"]))
def test_a_glance_never_overlooks_what_a_plan_would_change(
    said: tuple[str, dict[str, Any]],
    bridging: Bridging,
    speaks: tuple[str, ...],
    learnt: frozenset[Remedy],
    session: str | None,
) -> None:
    caller, fields = said
    try:
        made(caller, fields["model"], bridging, speaks, learnt, session, **fields_of(fields))
    except BadRequest:
        return


def fields_of(said: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in said.items() if name != "model"}


@settings(max_examples=300, deadline=None)
@given(asked(), PORTS, SPOKEN, LEARNT, st.sampled_from([None, "session"]))
def test_a_plan_of_what_was_planned_changes_nothing_more(
    said: tuple[str, dict[str, Any]],
    bridging: Bridging,
    speaks: tuple[str, ...],
    learnt: frozenset[Remedy],
    session: str | None,
) -> None:
    caller, fields = said
    request = DIALECTS[caller].parse_request(fields)
    try:
        first = plan(
            request,
            caller=caller,
            bridging=bridging,
            speaks=speaks,
            learnt=learnt,
            session=session,
        )
    except BadRequest:
        return
    second = plan(
        first.request,
        caller=caller,
        bridging=bridging,
        speaks=speaks,
        learnt=learnt,
        session=session,
    )
    assert second.request == first.request
    assert not second.losses
    assert second.upstream in (first.upstream, None)


@settings(max_examples=150, deadline=None)
@given(asked(), PORTS, SPOKEN)
def test_a_remedy_that_is_open_makes_another_plan(
    said: tuple[str, dict[str, Any]], bridging: Bridging, speaks: tuple[str, ...]
) -> None:
    caller, fields = said
    request = DIALECTS[caller].parse_request(fields)

    def planned(learnt: frozenset[Remedy]) -> Plan:
        return plan(request, caller=caller, bridging=bridging, speaks=speaks, learnt=learnt)

    try:
        first = planned(frozenset())
        for remedy in first.remedies:
            second = planned(frozenset({remedy}))
            assert (second.upstream, second.request) != (first.upstream, first.request), remedy
    except BadRequest:
        return
