"""The ways to put one request to an upstream."""

import json
from typing import Any

import pytest
from attrs import evolve

from openaiproxy.asking import DIALECTS, Asking
from openaiproxy.bridging import Bridging, Mode
from openaiproxy.errors import BadRequest
from openaiproxy.learning import Remedy
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Upstream

WORDS = [{"role": "user", "content": "hi"}]
NOT_CHAT = (
    b'{"error": {"message": "This is not a chat model and thus not supported in the v1/chat/completions endpoint.",'
    b' "type": "invalid_request_error", "param": "model", "code": null}}'
)


def asking(
    body: Any, *, caller: str = "chat", speaks: tuple[str, ...] = ("responses", "chat")
) -> Asking:
    profile = evolve(
        PRESETS["gateway"].profile,
        upstream=Upstream(speaks=speaks),
        bridging=Bridging(mode=Mode.AUTO),
    )
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Asking(
        raw,
        caller=DIALECTS[caller],
        profile=profile,
        now=lambda: 0.0,
        new_id=lambda prefix: prefix + "1",
    )


def test_bytes_pass_where_a_look_shows_that_nothing_is_to_be_done() -> None:
    one = asking({"model": "gpt-4.1", "messages": WORDS})
    attempt = one.attempt(frozenset())
    assert (attempt.body, attempt.plan, attempt.translation) == (one.raw, None, None)


def test_bytes_pass_where_the_plan_shows_that_nothing_is_to_be_done() -> None:
    one = asking({"model": "gpt-4.1", "messages": WORDS, "temperature": 1})
    attempt = one.attempt(frozenset({Remedy.WITHOUT_SAMPLING}) - {Remedy.WITHOUT_SAMPLING})
    seen = asking({"model": "o3", "messages": WORDS, "temperature": 1}).attempt(frozenset())
    assert attempt.body == one.raw
    assert seen.plan is not None
    assert seen.plan.upstream is None
    assert seen.translation is None


def test_a_refusal_teaches_also_where_nobody_looked() -> None:
    one = asking({"model": "strange", "messages": WORDS})
    attempt = one.attempt(frozenset())
    assert attempt.plan is None
    assert one.remedy(attempt, 404, NOT_CHAT) is Remedy.USE_RESPONSES
    again = one.attempt(frozenset({Remedy.USE_RESPONSES}))
    assert again.translation is not None
    assert again.translation.upstream.name == "responses"


def test_a_body_that_only_the_upstream_can_read_teaches_nothing() -> None:
    one = asking(b'{"model": "strange", "messages": 5}')
    assert one.remedy(one.attempt(frozenset()), 404, NOT_CHAT) is None


@pytest.mark.parametrize(
    ("body", "reader"),
    [
        ({"model": "m", "input": "hi"}, "responses"),
        ({"model": "m", "input": "hi", "messages": WORDS}, "chat"),
        ({"model": "m", "input": "hi", "messages": None}, "responses"),
        ({"model": "m", "messages": WORDS}, "chat"),
    ],
)
def test_a_body_on_chats_path_is_read_as_what_it_is_pitfall_3(body: Any, reader: str) -> None:
    assert asking(body).reader.name == reader


@pytest.mark.parametrize(
    "body", [{"model": "m"}, {"messages": WORDS}, {"model": "", "messages": WORDS}, {}]
)
def test_chat_can_do_without_neither_model_nor_messages_row_68(body: Any) -> None:
    with pytest.raises(BadRequest, match="Both 'model' and 'messages' parameters are required"):
        asking(body).attempt(frozenset())


def test_no_body_at_all_is_the_callers_mistake() -> None:
    with pytest.raises(BadRequest):
        asking(b"[]").attempt(frozenset())
