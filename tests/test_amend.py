"""What is changed about a request on its way."""

from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from openaiproxy.amend.draft import word
from openaiproxy.amend.naming import Named, resolve, variants
from openaiproxy.amend.table import AMENDMENTS
from openaiproxy.bridging import Alias, Amendments, Bridging, Mode, Unsupported
from openaiproxy.choosing import Plan, may_differ, plan
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.errors import BadRequest
from openaiproxy.hub.parts import Opaque, Reasoning, Text
from openaiproxy.hub.request import ReasoningSettings, Request, Role, Turn
from openaiproxy.learning import Remedy
from openaiproxy.wire import json

DIALECTS = {dialect.name: dialect for dialect in (CHAT, RESPONSES, MESSAGES)}
OPENAI = ("responses", "chat")
SAYS = [{"role": "user", "content": "Hi"}]
ENCRYPTED = "reasoning.encrypted_content"


NOTHING = Amendments()


def planned(
    caller: str,
    body: Mapping[str, Any],
    amendments: Amendments = NOTHING,
    speaks: tuple[str, ...] = OPENAI,
    learnt: frozenset[Remedy] = frozenset(),
    session: str | None = None,
) -> Plan:
    """The plan, checked against what bytes alone foretell."""
    talk: dict[str, Any] = {"input": SAYS} if caller == "responses" else {"messages": SAYS}
    if caller == "messages":
        talk["max_tokens"] = 100
    said, bridging = {**talk, **body}, Bridging(Mode.AUTO, amendments)
    made = plan(
        DIALECTS[caller].parse_request(said),
        caller=caller,
        bridging=bridging,
        speaks=speaks,
        learnt=learnt,
        session=session,
    )
    assert made.upstream is None or may_differ(
        json.dumps(said),
        said["model"],
        caller=caller,
        bridging=bridging,
        speaks=speaks,
        learnt=learnt,
    )
    return made


def sent(made: Plan) -> Mapping[str, Any]:
    """What goes upstream."""
    assert made.upstream is not None
    return DIALECTS[made.upstream].render_request(made.request).body


def paths(made: Plan, *, hints: bool = True) -> list[str]:
    return [loss.path for loss in made.losses if hints or not loss.hint]


# Names.


NAMES = Amendments(
    (
        Alias("claude-gpt", "gpt-5.6", effort="high", summary="none"),
        Alias("deep:res-high", "o3"),
        Alias("tuned", "gpt-5:res-low"),
        Alias("claude", "claude-gpt"),
    ),
    suffixes=True,
)


@pytest.mark.parametrize(
    ("name", "named"),
    [
        ("gpt-5", Named("gpt-5")),
        ("gpt-5:res-high", Named("gpt-5", "high", "auto")),
        ("gpt-5:res-low:sum-auto", Named("gpt-5", "low", "auto")),
        ("gpt-5:res-low:sum-none", Named("gpt-5", "low", "none")),
        ("gpt-5:res-low:sum-never", Named("gpt-5", "low", "none")),
        ("gpt-5:res-xhigh:sum-detailed", Named("gpt-5", "xhigh", "detailed")),
        ("gpt-5:res-none", Named("gpt-5", "none", "auto")),
        ("x:res-bogus", Named("x:res-bogus")),
        ("x:res-bogus:sum-auto", Named("x:res-bogus:sum-auto")),
        ("gpt-5:res-low:sum-odd", Named("gpt-5")),
        (":res-low", Named(":res-low")),
        ("gpt-5:res-low:res-high", Named("gpt-5:res-low:res-high")),
        ("ft:gpt-4.1:org::id:res-low", Named("ft:gpt-4.1:org::id", "low", "auto")),
        ("claude-gpt", Named("gpt-5.6", "high", "none")),
        ("claude-gpt:res-low", Named("gpt-5.6", "low", "auto")),
        ("deep:res-high", Named("o3")),
        ("tuned", Named("gpt-5", "low", "auto")),
        ("claude", Named("claude-gpt")),
    ],
)
def test_row_46_names_say_model_effort_and_summary(name: str, named: Named) -> None:
    assert resolve(name, NAMES) == named


def test_suffixes_are_read_only_where_a_port_wants_them() -> None:
    assert resolve("gpt-5:res-high", Amendments()) == Named("gpt-5:res-high")


def test_row_46_every_listed_name_is_resolved() -> None:
    found = [resolve(name, NAMES) for name in variants("gpt-5-codex")]
    assert len(found) == 5
    assert {one.model for one in found} == {"gpt-5-codex"}
    assert all(one.effort in ("low", "medium", "high") for one in found)


# Effort and summary.

THINKING = Amendments(NAMES.aliases, suffixes=True, effort="medium", summary="auto")


def test_row_57_what_is_said_goes_before_an_alias_and_an_alias_before_a_default() -> None:
    assert sent(planned("responses", {"model": "gpt-5"}, THINKING))["reasoning"] == {
        "effort": "medium",
        "summary": "auto",
    }
    named = {"model": "claude-gpt"}
    assert sent(planned("responses", named, THINKING))["reasoning"] == {"effort": "high"}
    said = {**named, "reasoning": {"effort": "low", "summary": "detailed"}}
    assert sent(planned("responses", said, THINKING))["reasoning"] == said["reasoning"]
    half = {"model": "gpt-5", "reasoning": {"summary": "detailed"}}
    assert sent(planned("responses", half, THINKING))["reasoning"] == {
        "effort": "medium",
        "summary": "detailed",
    }


def test_what_is_added_is_told() -> None:
    made = planned("responses", {"model": "gpt-5"}, THINKING)
    assert made.ours == {"reasoning.effort", "reasoning.summary"}
    assert made.losses == ()


@pytest.mark.parametrize("model", ["gpt-4.1", "gpt-3.5-turbo", "unheard-of", "o1-mini"])
def test_defaults_of_reasoning_are_for_models_that_are_known_to_reason(model: str) -> None:
    usual = Amendments(effort="medium", summary="auto")
    for caller in ("chat", "responses", "messages"):
        assert planned(caller, {"model": model}, usual).request.reasoning is None


def test_a_default_that_the_model_does_not_have_is_not_put_in() -> None:
    ours = planned("chat", {"model": "gpt-5-pro"}, Amendments(effort="low")).ours
    assert not [name for name in ours if name.startswith("reasoning")]
    concise = Amendments(summary="concise")
    assert planned("responses", {"model": "o3"}, concise).upstream is None
    assert planned("responses", {"model": "gpt-5"}, concise).ours == {"reasoning.summary"}


@pytest.mark.parametrize(
    ("model", "usual", "sent"),
    [
        ("gpt-5.4", "minimal", "low"),
        ("gpt-5", "minimal", "minimal"),
        ("gpt-5", "none", "minimal"),
        ("gpt-5", "xhigh", "high"),
        ("gpt-5-pro", "medium", "high"),
    ],
)
def test_a_default_effort_that_the_model_does_not_have_is_the_next_one(
    model: str, usual: str, sent: str
) -> None:
    request = planned("responses", {"model": model}, Amendments(effort=usual)).request
    assert request.reasoning is not None
    assert request.reasoning.effort == sent


def test_summaries_are_asked_for_only_where_there_are_words_for_them() -> None:
    made = planned("chat", {"model": "gpt-5"}, Amendments(summary="auto"))
    assert made.upstream is None


def test_a_summary_that_is_declined_stays_declined() -> None:
    request = RESPONSES.parse_request({"model": "gpt-5", "input": "Hi"})
    request = evolve(request, reasoning=ReasoningSettings(effort="low", summary="off"))
    made = plan(
        request,
        caller="responses",
        bridging=Bridging(Mode.AUTO, THINKING),
        speaks=OPENAI,
    )
    assert made.request == request


def test_section_1_3_no_reasoning_is_none_and_no_default_is_put_back() -> None:
    none = planned("responses", {"model": "gpt-5:res-none"}, THINKING)
    assert "reasoning" not in sent(none)
    told = planned("responses", {"model": "gpt-5.6:res-none"}, THINKING)
    assert sent(told)["reasoning"] == {"effort": "none"}
    said = {"model": "gpt-5:res-none", "reasoning": {"effort": "high"}}
    assert sent(planned("responses", said, THINKING))["reasoning"] == {
        "effort": "high",
        "summary": "auto",
    }


def test_a_budget_and_a_refusal_to_think_are_the_callers_words_too() -> None:
    budget = {"model": "gpt-5", "thinking": {"type": "enabled", "budget_tokens": 2000}}
    assert sent(planned("messages", budget, THINKING))["reasoning"]["effort"] == "low"
    off = {"model": "gpt-5.6", "thinking": {"type": "disabled"}}
    assert sent(planned("messages", off, THINKING))["reasoning"] == {"effort": "none"}


def test_pitfall_19_a_summary_that_was_refused_is_not_asked_for_again() -> None:
    learnt = frozenset({Remedy.WITHOUT_SUMMARY})
    ours = planned("responses", {"model": "gpt-5"}, Amendments(summary="auto"), learnt=learnt)
    assert ours.upstream is None
    shown = {"model": "gpt-5", "thinking": {"type": "adaptive", "display": "summarized"}}
    made = planned("messages", shown, learnt=learnt)
    assert "summary" not in sent(made).get("reasoning", {})
    assert "thinking.display" in paths(made)
    own = planned("responses", {"model": "gpt-5", "reasoning": {"summary": "auto"}}, learnt=learnt)
    assert own.upstream is None


def test_how_to_think_is_not_told_to_models_that_do_not() -> None:
    said = {"model": "gpt-4.1", "thinking": {"type": "enabled", "budget_tokens": 2000}}
    made = planned("messages", said)
    assert "reasoning" not in sent(made)
    assert paths(made) == ["thinking.budget_tokens", "thinking"]
    made = planned("chat", {"model": "gpt-4o", "reasoning_effort": "low"})
    assert (made.upstream, paths(made, hints=False)) == ("chat", ["reasoning_effort"])
    made = planned("chat", {"model": "gpt-4o", "reasoning_effort": "none"})
    assert (made.upstream, paths(made, hints=False)) == ("chat", [])


@pytest.mark.parametrize(
    ("model", "said", "nearest"),
    [
        ("gpt-5", "max", "high"),
        ("gpt-5.1", "minimal", "low"),
        ("gpt-5.2", "max", "xhigh"),
        ("o3", "minimal", "low"),
        ("gpt-5-pro", "low", "high"),
        ("gpt-5.6", "max", "max"),
        ("unheard-of", "max", "max"),
        ("gpt-5", "odd", "odd"),
    ],
)
def test_pitfall_49_an_effort_is_said_as_the_model_has_it(
    model: str, said: str, nearest: str
) -> None:
    made = planned("messages", {"model": model, "output_config": {"effort": said}})
    assert sent(made)["reasoning"]["effort"] == nearest
    assert ("output_config.effort" in paths(made)) == (said != nearest)
    assert planned("responses", {"model": model, "reasoning": {"effort": said}}).upstream is None


def test_no_thought_is_the_least_thought_where_a_model_cannot_but_think() -> None:
    made = planned("messages", {"model": "gpt-5", "thinking": {"type": "disabled"}})
    assert sent(made)["reasoning"]["effort"] == "minimal"


# Sampling.

HOT = {
    "temperature": 0.2,
    "top_p": 1,
    "presence_penalty": 1,
    "frequency_penalty": 0,
    "logprobs": True,
    "top_logprobs": 2,
    "logit_bias": {"50256": -100},
}
NAMED = ["temperature", "presence_penalty", "logit_bias", "logprobs", "top_logprobs"]


@pytest.mark.parametrize("model", ["gpt-5", "o3", "o4-mini", "gpt-5.5", "gpt-5.6-sol"])
def test_pitfall_9_all_sampling_goes_in_one_step_and_is_named(model: str) -> None:
    made = planned("chat", {"model": model, **HOT})
    assert not sent(made).keys() & HOT.keys()
    assert paths(made, hints=False) == NAMED
    assert paths(made) == [
        "temperature",
        "top_p",
        *["presence_penalty", "frequency_penalty"],
        *NAMED[2:],
    ]


@pytest.mark.parametrize("model", ["gpt-5.5", "gpt-5.6-sol", "gpt-5.4"])
def test_pitfall_9_newer_models_take_sampling_unthinking(model: str) -> None:
    assert planned("chat", {"model": model, "reasoning_effort": "none", **HOT}).upstream is None


def test_pitfall_9_models_that_do_not_think_unasked_take_sampling_then() -> None:
    assert planned("chat", {"model": "gpt-5.1", **HOT}).upstream is None
    assert planned("chat", {"model": "gpt-5.1", "reasoning_effort": "low", **HOT}).losses
    budget = {"type": "enabled", "budget_tokens": 2000}
    made = planned("messages", {"model": "gpt-5.1", "thinking": budget, "temperature": 0.5})
    assert "temperature" not in sent(made)


def test_sampling_that_changes_nothing_passes() -> None:
    usual = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "logprobs": False}
    assert planned("chat", {"model": "gpt-5", **usual}).upstream is None


def test_pitfall_9_sampling_of_others_is_theirs() -> None:
    for model in ("gpt-4.1", "unheard-of"):
        assert planned("chat", {"model": model, **HOT}).upstream is None


def test_pitfall_9_learnt_sampling_goes_whole_with_its_include() -> None:
    learnt = frozenset({Remedy.WITHOUT_SAMPLING})
    said = {
        "model": "new",
        "temperature": 1,
        "include": ["message.output_text.logprobs", "file_search_call.results"],
    }
    made = planned("responses", said, learnt=learnt)
    assert "temperature" not in sent(made)
    assert sent(made)["include"] == ["file_search_call.results"]
    assert paths(made, hints=False) == ["include"]


def test_pitfall_9_refused_settings_are_dropped_refused_or_passed() -> None:
    said = {"model": "gpt-5", "temperature": 0.2}
    assert planned("chat", said, Amendments(unsupported=Unsupported.PASS)).upstream is None
    with pytest.raises(BadRequest) as caught:
        planned("chat", said, Amendments(unsupported=Unsupported.REJECT))
    assert caught.value.status == 400
    assert caught.value.message.startswith("temperature: ")
    bias = {"model": "gpt-5", "logit_bias": {"1": 2}}
    with pytest.raises(BadRequest, match="logit_bias: "):
        planned("chat", bias, Amendments(unsupported=Unsupported.REJECT))
    usual = {"model": "gpt-5", "temperature": 1}
    assert planned("chat", usual, Amendments(unsupported=Unsupported.REJECT)).upstream is None


# o1-preview and o1-mini.

TALK = [
    {"role": "system", "content": "Be kind"},
    {"role": "user", "content": "What is 2+2?"},
    {
        "role": "assistant",
        "content": None,
        "tool_calls": [
            {"id": "c", "type": "function", "function": {"name": "add", "arguments": "[2,2]"}}
        ],
    },
    {"role": "tool", "tool_call_id": "c", "content": "4"},
    {"role": "developer", "content": "Be brief"},
    {"role": "user", "content": "Well?"},
]
PLAIN = {
    "model": "o1-mini",
    "messages": TALK,
    "stream": True,
    "temperature": 0.3,
    "max_tokens": 90,
    "tools": [{"type": "function", "function": {"name": "add"}}],
    "tool_choice": "auto",
    "stop": ["END"],
    "n": 2,
    "response_format": {"type": "json_object"},
    "reasoning_effort": "low",
    "user": "me",
}


def test_row_66_first_models_hear_users_and_assistants_only() -> None:
    made = planned("chat", PLAIN, speaks=("chat",))
    told = sent(made)["messages"]
    assert [one["role"] for one in told] == ["user", "assistant", "user"]
    text = str(told)
    for words in ("Be kind", "What is 2+2?", "add", "[2,2]", "'4'", "Be brief", "Well?"):
        assert words in text


def test_row_67_first_models_take_few_settings_and_the_rest_is_named() -> None:
    made = planned("chat", PLAIN, speaks=("chat",))
    assert sent(made).keys() == {"model", "messages", "stream", "max_completion_tokens", "user"}
    assert sent(made)["stream"] is False
    assert set(paths(made, hints=False)) == {
        "temperature",
        "tools",
        "tool_choice",
        "stop",
        "n",
        "response_format",
        "reasoning_effort",
        "messages[].role",
        "messages[].tool_calls",
    }


def test_first_models_with_nothing_to_mend_are_passed() -> None:
    assert planned("chat", {"model": "o1-preview", "n": 1}).upstream is None
    assert planned("chat", {"model": "o1-preview", "messages": []}).upstream is None


def test_users_whom_left_out_reasoning_parted_are_joined() -> None:
    lone = {"type": "reasoning", "id": "rs_1", "summary": []}
    learnt = frozenset({Remedy.WITHOUT_REASONING_ITEMS})
    made = planned("responses", {"model": "o1-mini", "input": [*SAYS, lone, *SAYS]}, learnt=learnt)
    assert len(sent(made)["messages"]) == 1


def test_first_models_that_may_refuse_by_themselves_still_hear_users_only() -> None:
    lenient = Amendments(unsupported=Unsupported.PASS)
    made = planned("chat", PLAIN, lenient, speaks=("chat",))
    assert sent(made)["stop"] == ["END"]
    assert {one["role"] for one in sent(made)["messages"]} == {"user", "assistant"}


def test_defect_4_3_later_models_keep_roles_tools_and_streams() -> None:
    for model in ("o1", "o3-mini", "gpt-5"):
        said = {name: PLAIN[name] for name in ("messages", "stream", "tools", "tool_choice")}
        assert planned("chat", {"model": model, **said}).upstream is None


def test_a_users_words_in_a_row_are_one_turn_and_named_users_are_apart() -> None:
    talk = [
        {"role": "user", "content": "One"},
        {"role": "user", "content": "Two"},
        {"role": "user", "name": "ann", "content": "Three"},
    ]
    made = planned("chat", {"model": "o1-mini", "messages": talk}, speaks=("chat",))
    assert len(sent(made)["messages"]) == 2
    assert paths(made) == ["messages[]"]


def test_a_failed_result_is_told_as_failed_in_words() -> None:
    result = {"type": "tool_result", "tool_use_id": "c", "content": "no", "is_error": True}
    call = {"type": "tool_use", "id": "c", "name": "add", "input": {}}
    talk = [*SAYS, {"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
    made = planned("messages", {"model": "o1-mini", "messages": talk})
    assert "[result failed]" in str(sent(made)["messages"])


def test_a_developer_is_the_system_to_those_who_know_no_other() -> None:
    said = {"model": "llama3", "messages": [{"role": "developer", "content": "x"}, *SAYS]}
    made = planned("chat", said, speaks=("chat",))
    assert [one["role"] for one in sent(made)["messages"]] == ["system", "user"]
    assert paths(made) == ["messages[].role"]
    assert planned("chat", said).upstream is None
    asked = {"model": "llama3", "input": said["messages"]}
    assert sent(planned("responses", asked, speaks=("chat",)))["messages"][0]["role"] == "system"


def test_a_stream_that_was_refused_is_not_asked_for() -> None:
    learnt = frozenset({Remedy.WHOLE_ANSWER})
    made = planned("chat", {"model": "o3", "stream": True}, learnt=learnt)
    assert (made.upstream, made.request.stream) == ("chat", False)


def test_pitfall_7_an_upstream_may_know_the_older_word_only() -> None:
    learnt = frozenset({Remedy.OLD_LIMIT})
    made = planned("chat", {"model": "m", "max_tokens": 9, "x": 1}, speaks=("chat",), learnt=learnt)
    body = sent(made)
    assert (body["max_tokens"], body["x"]) == (9, 1)
    assert "max_completion_tokens" not in body
    said = {"model": "m", "max_tokens": 9, "container": "c", "top_k": 5}
    made = planned("messages", said, speaks=("chat",), learnt=learnt)
    assert sent(made)["max_tokens"] == 9
    assert "container" in paths(made)


# Defaults of other kinds.


def test_row_56_a_web_search_is_put_in_where_there_are_no_tools() -> None:
    search = Amendments(web_search=True)
    made = planned("responses", {"model": "gpt-5"}, search)
    assert sent(made)["tools"] == [{"type": "web_search"}]
    assert made.ours == {"tools.web_search"}
    codex = planned("chat", {"model": "gpt-5-codex"}, search)
    assert sent(codex)["tools"] == [{"type": "web_search"}]


@pytest.mark.parametrize(
    "said",
    [
        {"model": "gpt-5", "tools": [{"type": "function", "name": "f", "parameters": {}}]},
        {"model": "gpt-5", "tools": [{"type": "file_search", "vector_store_ids": []}]},
        {"model": "gpt-5", "tool_choice": "none"},
        {"model": "gpt-5", "reasoning": {"effort": "minimal"}},
        {"model": "gpt-5", "prompt": {"id": "pmpt_1"}},
        {"model": "gpt-4.1-nano"},
        {"model": "o3-mini"},
        {"model": "unheard-of"},
    ],
)
def test_row_56_a_web_search_is_not_put_in_elsewhere(said: dict[str, Any]) -> None:
    assert planned("responses", said, Amendments(web_search=True)).upstream is None


def test_a_web_search_is_not_put_into_chat() -> None:
    assert planned("chat", {"model": "gpt-4o"}, Amendments(web_search=True)).upstream is None


def test_row_58_verbosity_and_tier_have_defaults() -> None:
    usual = Amendments(verbosity="low", tier="flex")
    body = sent(planned("responses", {"model": "gpt-5"}, usual))
    assert (body["text"], body["service_tier"]) == ({"verbosity": "low"}, "flex")
    said = {"model": "gpt-5", "text": {"verbosity": "high"}, "service_tier": "auto"}
    assert planned("responses", said, usual).upstream is None
    assert planned("responses", {"model": "gpt-4.1"}, usual).ours == {"tier"}
    assert planned("messages", {"model": "m"}, usual, ("messages",)).upstream is None


def test_row_65_the_upstream_keeps_what_the_profile_and_the_caller_want() -> None:
    forget = Amendments(store=False)
    assert sent(planned("responses", {"model": "gpt-4.1"}, forget))["store"] is False
    assert sent(planned("messages", {"model": "gpt-4.1"}, forget))["store"] is False
    assert planned("responses", {"model": "gpt-4.1", "store": True}, forget).upstream is None
    assert planned("responses", {"model": "gpt-4.1", "background": True}, forget).upstream is None
    assert planned("chat", {"model": "gpt-4.1"}, forget).upstream is None
    assert sent(planned("chat", {"model": "gpt-4.1"}, Amendments(store=True)))["store"] is True
    others = planned("chat", {"model": "m"}, Amendments(store=True), ("chat",))
    assert others.upstream is None
    assert planned("messages", {"model": "m"}, forget, ("messages",)).upstream is None


# History.

REASONED = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gA"}
SAID = {
    "type": "message",
    "role": "assistant",
    "id": "msg_1",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
CALLED = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
DONE = {"type": "function_call_output", "call_id": "c", "output": "done"}
SEARCHED = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
PAINTED = {"type": "image_generation_call", "id": "ig_1", "status": "completed", "result": "A"}


def test_pitfall_39_without_store_reasoning_is_asked_for_sealed_and_ids_are_left_out() -> None:
    talk: list[dict[str, Any]] = [*SAYS, REASONED, SAID, SEARCHED, REASONED, CALLED, DONE, PAINTED]
    made = planned("responses", {"model": "gpt-5", "store": False, "input": talk})
    body = sent(made)
    assert body["include"] == [ENCRYPTED]
    assert made.ours == {"include"}
    kinds = [one["type"] for one in body["input"]]
    assert kinds == [one.get("type", "message") for one in talk]
    assert [one["id"] for one in body["input"] if "id" in one] == ["ig_1"]
    assert [one.get("encrypted_content") for one in body["input"]].count("gA") == 2
    assert paths(made) == ["input[].id"]


def test_pitfall_39_the_same_for_a_store_of_ours() -> None:
    talk = [*SAYS, REASONED, SAID, *SAYS]
    made = planned("responses", {"model": "gpt-5", "input": talk}, Amendments(store=False))
    assert sent(made)["include"] == [ENCRYPTED]
    assert not any("id" in one for one in sent(made)["input"])


def test_pitfall_39_with_store_ids_stay() -> None:
    talk = [*SAYS, REASONED, SAID, *SAYS]
    assert planned("responses", {"model": "gpt-5", "input": talk}).upstream is None


def test_pitfall_39_reasoning_that_was_only_an_id_goes() -> None:
    lone = {"type": "reasoning", "id": "rs_1", "summary": []}
    talk = [*SAYS, lone, CALLED, DONE]
    made = planned("responses", {"model": "gpt-5", "store": False, "input": talk})
    assert [one["type"] for one in sent(made)["input"]] == [
        "message",
        "function_call",
        "function_call_output",
    ]
    assert "input[].reasoning" in paths(made)


def test_a_message_kept_whole_loses_its_id_too() -> None:
    empty = {"type": "message", "role": "assistant", "id": "msg_2", "content": []}
    talk = [*SAYS, empty, {"type": "item_reference", "id": "msg_3"}]
    made = planned("responses", {"model": "gpt-5", "store": False, "input": talk})
    parts = [part for turn in made.request.turns for part in turn.parts if isinstance(part, Opaque)]
    assert ["id" in part.raw for part in parts] == [False, True]


def test_sealed_reasoning_is_not_asked_of_models_that_do_not_reason() -> None:
    made = planned("responses", {"model": "gpt-4.1", "store": False})
    assert made.upstream is None
    assert planned("responses", {"model": "unheard-of", "store": False}).upstream is None


def test_pitfall_37_callers_of_messages_are_always_given_sealed_reasoning() -> None:
    assert sent(planned("messages", {"model": "gpt-5"}))["include"] == [ENCRYPTED]
    assert "include" not in sent(planned("messages", {"model": "gpt-4.1"}))


def thought(text: str = "Hm") -> dict[str, Any]:
    return {"type": "thinking", "thinking": text, "signature": "openaiproxy.1.responses..gAAA"}


def test_pitfall_38_reasoning_that_nothing_followed_is_left_out() -> None:
    talk = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [thought()]},
        {"role": "user", "content": "Go on"},
        {"role": "assistant", "content": [thought(), {"type": "text", "text": "Hello"}, thought()]},
        {"role": "user", "content": "And?"},
    ]
    made = planned("messages", {"model": "gpt-5", "messages": talk})
    kinds = [one["type"] for one in sent(made)["input"]]
    assert kinds == ["message", "message", "reasoning", "message", "message"]
    assert "messages[].reasoning" in paths(made)


def test_pitfall_38_reasoning_followed_in_the_next_turn_stays() -> None:
    talk = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [thought()]},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Go on"},
    ]
    made = planned("messages", {"model": "gpt-5", "messages": talk})
    assert [one["type"] for one in sent(made)["input"]].count("reasoning") == 1


def test_pitfall_38_a_second_try_has_no_reasoning_and_nothing_that_would_miss_it() -> None:
    learnt = frozenset({Remedy.WITHOUT_REASONING_ITEMS})
    talk = [*SAYS, REASONED, SAID, REASONED, CALLED, DONE, *SAYS, REASONED]
    made = planned("responses", {"model": "gpt-5", "input": talk}, learnt=learnt)
    kinds = [one["type"] for one in sent(made)["input"]]
    assert kinds == ["message", "message", "function_call", "function_call_output", "message"]
    assert not any("id" in one for one in sent(made)["input"])
    assert paths(made) == ["input[].reasoning"]
    parts = [part for turn in made.request.turns for part in turn.parts]
    assert not any(isinstance(part, Reasoning) for part in parts)


def test_pitfall_38_calls_and_results_always_stay() -> None:
    talk = [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Hm", "signature": "of somebody else"},
                {"type": "tool_use", "id": "c", "name": "f", "input": {}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c", "content": "x"}]},
    ]
    made = planned("messages", {"model": "gpt-5", "messages": talk})
    kinds = [one["type"] for one in sent(made)["input"]]
    assert kinds == ["message", "function_call", "function_call_output"]


BILLED = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1; cch=abc;"}


def test_pitfall_48_the_attribution_block_is_left_out_elsewhere_and_kept_at_home() -> None:
    kind = {"type": "text", "text": "You are kind"}
    said = {"model": "gpt-5", "system": [BILLED, kind]}
    made = planned("messages", said)
    assert sent(made)["instructions"] == "You are kind"
    assert paths(made) == ["system"]
    assert planned("messages", said, speaks=("messages",)).upstream is None
    alone = planned("messages", {"model": "gpt-5", "system": [BILLED]})
    assert "instructions" not in sent(alone)
    joined = f"{BILLED['text']}\n\nYou are kind"
    made = planned("messages", {"model": "gpt-5", "system": joined})
    assert sent(made)["instructions"] == "You are kind"
    later = planned("messages", {"model": "gpt-5", "system": [kind, BILLED]})
    assert "billing" in sent(later)["instructions"]


# Cache and ids.


def test_pitfall_47_a_conversation_has_one_cache_key_that_tells_nothing() -> None:
    said = {"model": "gpt-5", "metadata": {"user_id": "user_1_session_2"}}
    first, again = sent(planned("messages", said)), sent(planned("messages", said))
    key = first["prompt_cache_key"]
    assert key == again["prompt_cache_key"]
    assert len(key) <= 64
    assert "session_2" not in key
    other = {"model": "gpt-5", "metadata": {"user_id": "user_1_session_3"}}
    assert sent(planned("messages", other))["prompt_cache_key"] != key
    by_header = sent(planned("messages", said, session="s"))["prompt_cache_key"]
    assert by_header not in (key, "s")
    assert sent(planned("messages", other, session="s"))["prompt_cache_key"] == by_header


def test_pitfall_47_the_callers_key_goes_before_all_and_is_shortened_if_it_must() -> None:
    said = {"model": "gpt-5-codex", "prompt_cache_key": "mine"}
    assert sent(planned("chat", said, session="s"))["prompt_cache_key"] == "mine"
    said["prompt_cache_key"] = "m" * 65
    made = planned("chat", said)
    assert len(sent(made)["prompt_cache_key"]) <= 64
    assert paths(made) == ["prompt_cache_key"]


def test_pitfall_47_no_key_is_made_where_none_is_wanted_or_known() -> None:
    said = {"model": "gpt-5", "metadata": {"user_id": "u"}}
    bare = planned("messages", said, Amendments(cache_key=False), session="s")
    assert "prompt_cache_key" not in sent(bare)
    assert "prompt_cache_key" not in sent(planned("messages", {"model": "gpt-5"}))
    others = planned("messages", said, speaks=("chat",), session="s")
    assert "prompt_cache_key" not in sent(others)
    assert planned("chat", {"model": "gpt-5"}, session="s").upstream is None
    end_user = planned("chat", {"model": "gpt-5-codex", "user": "u"})
    assert "prompt_cache_key" not in sent(end_user)


def test_an_upstream_of_messages_is_told_what_it_has_words_for() -> None:
    said = {"model": "gpt-4.1", "reasoning_effort": "low"}
    speaks = ("messages", "responses")
    made = planned("chat", said, speaks=speaks, session="s")
    assert made.upstream == "messages"
    assert sent(made)["output_config"] == {"effort": "low"}
    assert made.request.cache.key is None


def test_pitfall_18_ids_of_the_end_user_fit() -> None:
    made = planned("messages", {"model": "gpt-5", "metadata": {"user_id": "u" * 150}})
    assert len(sent(made)["user"]) <= 64
    assert "metadata.user_id" in paths(made)
    short = planned("messages", {"model": "gpt-5", "metadata": {"user_id": "u" * 64}})
    assert sent(short)["user"] == "u" * 64
    said = {"model": "gpt-5-codex", "safety_identifier": "s" * 65}
    assert len(sent(planned("chat", said))["safety_identifier"]) <= 64


# The words of losses, and the table.


@pytest.mark.parametrize(
    ("path", "chat", "responses", "messages"),
    [
        ("sampling.bias", "logit_bias", "logit_bias", "logit_bias"),
        ("stop", "stop", "stop", "stop_sequences"),
        ("format", "response_format", "text.format", "output_config.format"),
        ("reasoning.effort", "reasoning_effort", "reasoning.effort", "output_config.effort"),
        ("turns.role", "messages[].role", "input[].role", "messages[].role"),
        ("turns", "messages[]", "input[]", "messages[]"),
        ("tools", "tools", "tools", "tools"),
    ],
)
def test_losses_are_in_the_callers_words(
    path: str, chat: str, responses: str, messages: str
) -> None:
    found = [word(path, dialect) for dialect in ("chat", "responses", "messages")]
    assert found == [chat, responses, messages]


def test_losses_never_hold_a_value() -> None:
    made = planned("chat", {**PLAIN, "user": "secret" * 30}, speaks=("chat",))
    assert made.losses
    assert "secret" not in repr(made)
    assert not any("0.3" in loss.why or "END" in loss.why for loss in made.losses)


def test_every_amendment_stands_in_the_table_once() -> None:
    rows = [row.apply for row in AMENDMENTS]
    assert len(set(rows)) == len(rows)


def test_roles_of_the_hub_are_all_thought_of() -> None:
    told = {turn.role for turn in planned("chat", PLAIN, speaks=("chat",)).request.turns}
    assert told == {Role.USER, Role.ASSISTANT}


@pytest.mark.parametrize("caller", ["chat", "responses"])
def test_an_effort_towards_messages_asks_for_thoughts_too(caller: str) -> None:
    asked = Request("claude-x", reasoning=ReasoningSettings(effort="low"))
    made = plan(asked, caller=caller, bridging=Bridging(mode=Mode.BRIDGE), speaks=("messages",))
    assert made.request.reasoning == ReasoningSettings(effort="low", adaptive=True, summary="auto")
    silent = plan(
        Request("claude-x"),
        caller=caller,
        bridging=Bridging(mode=Mode.BRIDGE),
        speaks=("messages",),
    )
    assert silent.request.reasoning is None


def test_a_long_conversation_is_amended_in_time_linear_in_its_turns() -> None:
    """Counted, not timed: values made for each turn."""
    from cProfile import Profile as Calls
    from pstats import Stats

    def calls(turns: int) -> int:
        pair = (Turn(Role.USER, (Text("a"),)), Turn(Role.ASSISTANT, (Reasoning(), Text("b"))))
        asked = Request("gpt-5", pair * turns, store=False)
        profile = Calls()
        profile.runcall(
            plan, asked, caller="chat", bridging=Bridging(mode=Mode.BRIDGE), speaks=("responses",)
        )
        return Stats(profile).total_calls

    assert calls(2000) < 2.2 * calls(1000)
