"""What an upstream's refusal teaches, and for how long."""

import pytest
from attrs import evolve

from openaiproxy.bridging import Amendments, Bridging, Mode, Unsupported
from openaiproxy.choosing import Plan, plan
from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.events import Fault
from openaiproxy.hub.parts import JsonObject
from openaiproxy.learning import REFUSALS, Memory, Remedy, remedy_for
from openaiproxy.wire import json

AUTO = Bridging(Mode.AUTO)
BOTH = ("responses", "chat")
VERIFY = (
    " Please go to: https://platform.openai.com/settings/organization/general and click on Verify"
    " Organization."
)


def asked(dialect: Dialect = CHAT, bridging: Bridging = AUTO, **body: object) -> Plan:
    name = "input" if dialect is RESPONSES else "messages"
    said: JsonObject = {
        "model": "new-model",
        name: [{"role": "user", "content": "Hi"}],
        "stream": True,
        **body,
    }
    request = dialect.parse_request(said)
    return plan(request, caller=dialect.name, bridging=bridging, speaks=BOTH)


def refused(
    status: int,
    message: object,
    code: object = None,
    param: str | None = None,
    dialect: Dialect = CHAT,
) -> Fault:
    error = {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": code,
    }
    return dialect.parse_fault(status, json.dumps({"error": error}))


TOOLS = "Function tools with reasoning_effort are not supported for {} in /v1/chat/completions. {}"
CASES = [
    (400, TOOLS.format("gpt-5.4", "Please use /v1/responses instead."), None, "reasoning_effort"),
    (
        400,
        TOOLS.format(
            "gpt-5.6-sol",
            "To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
        ),
        None,
        "reasoning_effort",
    ),
    (
        404,
        "This is not a chat model and thus not supported in the v1/chat/completions endpoint. Did you"
        " mean to use v1/completions?",
        None,
        "model",
    ),
    (
        404,
        "This model is only supported in v1/responses and not in v1/chat/completions.",
        None,
        "model",
    ),
    (
        400,
        "model gpt-5.3-codex is not accessible via the /chat/completions endpoint",
        "unsupported_api_for_model",
        None,
    ),
]


@pytest.mark.parametrize(("status", "message", "code", "param"), CASES)
def test_pitfalls_1_and_2_chats_refusals_send_to_responses(
    status: int, message: str, code: str | None, param: str | None
) -> None:
    fault = refused(status, message, code, param)
    assert remedy_for(status, fault, asked()) is Remedy.USE_RESPONSES


def test_pitfall_19_a_summary_of_ours_is_taken_back_but_not_the_callers_own() -> None:
    words = "Your organization must be verified to generate reasoning summaries." + VERIFY
    fault = refused(400, words, "unsupported_value", "reasoning.summary", RESPONSES)
    ours = Bridging(Mode.AUTO, Amendments(summary="auto"))
    added = asked(RESPONSES, ours, model="gpt-5")
    assert "reasoning.summary" in added.ours
    assert remedy_for(400, fault, added) is Remedy.WITHOUT_SUMMARY
    own = asked(RESPONSES, model="gpt-5", reasoning={"summary": "auto"})
    assert remedy_for(400, fault, own) is None


def test_pitfall_9_any_sampling_setting_that_is_refused_takes_all() -> None:
    words = "Unsupported parameter: 'temperature' is not supported with this model."
    for code in ("unsupported_parameter", None):
        fault = refused(400, words, code, "temperature")
        assert remedy_for(400, fault, asked(temperature=0)) is Remedy.WITHOUT_SAMPLING
        assert remedy_for(400, fault, asked()) is None
        lenient = Bridging(Mode.AUTO, Amendments(unsupported=Unsupported.PASS))
        assert remedy_for(400, fault, asked(CHAT, lenient, temperature=0)) is None
    words = "Unsupported value: 'top_p' does not support 0.2 with this model."
    fault = refused(400, words, "unsupported_value", "top_p")
    assert remedy_for(400, fault, asked(top_p=0.2)) is Remedy.WITHOUT_SAMPLING


SEALED = [
    (400, "The encrypted content gAAA...DQ== could not be verified.", "invalid_encrypted_content"),
    (
        400,
        "The encrypted content for item rs_0a18 could not be verified. Reason: Encrypted content could"
        " not be decrypted or parsed.",
        "invalid_encrypted_content",
    ),
    (
        400,
        "Item 'rs_68b' of type 'reasoning' was provided without its required following item.",
        None,
    ),
    (
        400,
        "Item 'fc_68b' of type 'function_call' was provided without its required 'reasoning' item:"
        " 'rs_68b'.",
        None,
    ),
    (404, "Item with id 'rs_68b' not found. Items are not persisted when `store` is false.", None),
]


@pytest.mark.parametrize(("status", "message", "code"), SEALED)
def test_pitfall_38_reasoning_that_is_refused_is_left_out(
    status: int, message: str, code: str | None
) -> None:
    history = [
        {"role": "user", "content": "Hi"},
        {"type": "reasoning", "id": "rs_68b", "summary": [], "encrypted_content": "gAAA"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Go on"},
    ]
    fault = refused(status, message, code, None, RESPONSES)
    assert remedy_for(status, fault, asked(RESPONSES, input=history)) is (
        Remedy.WITHOUT_REASONING_ITEMS
    )
    assert remedy_for(status, fault, asked(RESPONSES)) is None


def test_a_signature_that_anthropic_refuses_is_left_out() -> None:
    words = "messages.1.content.0: Invalid `signature` in `thinking` block"
    body = json.dumps(
        {"type": "error", "error": {"type": "invalid_request_error", "message": words}}
    )
    thoughts = {"type": "thinking", "thinking": "Hm", "signature": "x"}
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": [thoughts, {"type": "text", "text": "Hello"}]},
        {"role": "user", "content": "Go on"},
    ]
    request = MESSAGES.parse_request({"model": "claude", "max_tokens": 9, "messages": messages})
    made = plan(request, caller="messages", bridging=AUTO, speaks=("messages",))
    fault = MESSAGES.parse_fault(400, body)
    assert remedy_for(400, fault, made) is Remedy.WITHOUT_REASONING_ITEMS


def test_a_stream_that_is_refused_is_asked_for_whole() -> None:
    words = "Your organization must be verified to stream this model." + VERIFY
    fault = refused(400, words, "unsupported_value", "stream")
    assert remedy_for(400, fault, asked()) is Remedy.WHOLE_ANSWER
    assert remedy_for(400, fault, asked(stream=False)) is None


def test_pitfall_7_either_word_for_the_limit_is_learnt() -> None:
    words = (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use"
        " 'max_completion_tokens' instead."
    )
    fault = refused(400, words, "unsupported_parameter", "max_tokens")
    assert remedy_for(400, fault, asked(max_tokens=5)) is Remedy.NEW_LIMIT
    detail = [
        {
            "type": "extra_forbidden",
            "loc": ["body", "max_completion_tokens"],
            "msg": "Extra inputs are not permitted",
            "input": 5,
        }
    ]
    strict = CHAT.parse_fault(422, json.dumps({"object": "error", "message": {"detail": detail}}))
    assert remedy_for(422, strict, asked(max_completion_tokens=5)) is Remedy.OLD_LIMIT
    words = (
        "[{'type': 'extra_forbidden', 'loc': ('body', 'max_completion_tokens'), 'msg': 'Extra inputs"
        " are not permitted', 'input': 8192}]"
    )
    assert remedy_for(400, refused(400, words, 400), asked(max_tokens=5)) is Remedy.OLD_LIMIT
    words = "Unrecognized request argument supplied: max_completion_tokens"
    assert remedy_for(400, refused(400, words), asked(max_tokens=5)) is Remedy.OLD_LIMIT
    assert remedy_for(400, refused(400, words), asked()) is None


@pytest.mark.parametrize(
    ("status", "message", "code", "param"),
    [
        (429, CASES[0][1], None, "reasoning_effort"),
        (400, "Invalid 'tools[0].name': string does not match pattern.", "invalid_value", "tools"),
        (400, "I was told: " + str(CASES[3][1]), None, None),
        (400, "Unsupported parameter: 'temperature' is not supported.", "other", "temperature"),
        (400, "Unsupported parameter: 'temperature' is not supported.", None, "tools"),
        (
            500,
            "Your organization must be verified to stream this model.",
            "unsupported_value",
            "stream",
        ),
    ],
)
def test_nothing_is_learnt_from_anything_else(
    status: int, message: str, code: str | None, param: str | None
) -> None:
    fault = refused(status, message, code, param)
    assert remedy_for(status, fault, asked(temperature=0)) is None


def test_a_remedy_that_was_taken_is_not_proposed_again() -> None:
    fault = refused(*CASES[2])
    request = CHAT.parse_request({"model": "m", "messages": [{"role": "user", "content": "Hi"}]})
    second = plan(
        request,
        caller="chat",
        bridging=AUTO,
        speaks=BOTH,
        learnt=frozenset({Remedy.USE_RESPONSES}),
    )
    assert second.upstream == "responses"
    assert remedy_for(404, fault, second) is None


def test_every_remedy_has_a_refusal_and_only_short_heads_of_messages_are_read() -> None:
    assert {refusal.remedy for refusal in REFUSALS} == set(Remedy)
    late = refused(
        400,
        "x" * 5000 + " To use function tools, use /v1/responses or set reasoning_effort to 'none'",
    )
    assert remedy_for(400, late, asked()) is None


class _Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_remedy_holds_for_its_model_and_credential_until_it_is_old() -> None:
    time = _Time()
    memory = Memory(time, ttl=60)
    assert memory.learnt("m", b"key") == frozenset()
    assert memory.blank
    memory.note("m", b"key", Remedy.USE_RESPONSES)
    assert not memory.blank
    time.now += 30
    memory.note("m", b"key", Remedy.WITHOUT_SUMMARY)
    assert memory.learnt("m", b"key") == {Remedy.USE_RESPONSES, Remedy.WITHOUT_SUMMARY}
    assert memory.learnt("m", b"other") == memory.learnt("n", b"key") == frozenset()
    assert memory.learnt("mk", b"ey") == frozenset()
    time.now += 30
    assert memory.learnt("m", b"key") == {Remedy.WITHOUT_SUMMARY}
    time.now += 30
    assert memory.learnt("m", b"key") == frozenset()


def test_pitfall_38_what_concerns_one_conversation_is_not_remembered() -> None:
    memory = Memory(_Time())
    memory.note("m", b"", Remedy.WITHOUT_REASONING_ITEMS)
    assert memory.learnt("m", b"") == frozenset()
    assert [one for one in Remedy if not one.remembered] == [Remedy.WITHOUT_REASONING_ITEMS]


def test_the_memory_is_bounded_and_forgets_what_was_long_not_asked_for() -> None:
    memory = Memory(_Time(), size=2)
    for model in ("a", "b"):
        memory.note(model, b"", Remedy.WHOLE_ANSWER)
    memory.learnt("a", b"")
    memory.note("c", b"", Remedy.WHOLE_ANSWER)
    assert [bool(memory.learnt(model, b"")) for model in "abc"] == [True, False, True]


def test_the_memory_shows_nobody_a_credential() -> None:
    memory = Memory(_Time())
    memory.note("m", b"sk-secret", Remedy.WHOLE_ANSWER)
    assert "secret" not in repr(memory)
    assert "sk-" not in repr(evolve(asked(user="sk-user")))
