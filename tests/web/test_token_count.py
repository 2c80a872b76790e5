"""Tokens of a request, counted by the upstream or estimated, with a scripted upstream."""

import json
from typing import Any

import pytest
from attrs import evolve
from twisted.internet.error import ConnectionLost

from openaiproxy.bridging import Alias, Amendments
from openaiproxy.errors import BadUpstream
from openaiproxy.presets import PRESETS
from openaiproxy.web.token_count import count_tokens
from tests.web.plugged import fields_of, head_and_json, plug
from tests.web.wiring import Asked, Connection, Wired, request

TARGET = "/v1/messages/count_tokens?beta=true"
ESTIMATED = "x-openaiproxy-estimated"
VERSION = "anthropic-version: 2023-06-01"
TOOL = {
    "name": "read",
    "description": "Reads a file.",
    "input_schema": {"type": "object", "properties": {"path": {"type": "string"}}},
}
ASKED = {
    "model": "gpt-5",
    "system": "Be brief.",
    "messages": [{"role": "user", "content": "Read it."}],
    "tools": [TOOL],
}


def port(*speaks: str, aliases: tuple[Alias, ...] = (), **changes: Any) -> Wired:
    profile = PRESETS["gateway"].profile
    return plug(
        count_tokens,
        upstream=evolve(profile.upstream, speaks=speaks or ("responses", "chat")),
        bridging=evolve(profile.bridging, amendments=Amendments(aliases=aliases)),
        **changes,
    )


def ask(wired: Wired, body: Any = None, *fields: str) -> Connection:
    sent = body if isinstance(body, bytes) else json.dumps(body or ASKED).encode()
    return wired.client().send(request("POST", TARGET, VERSION, *fields, body=sent))


def give(
    asked: Asked,
    body: bytes = b'{"object": "response.input_tokens", "input_tokens": 42}',
    **answer: Any,
) -> None:
    played = asked.answer(length=len(body), **answer)
    played.send(body)
    played.end()


def count_of(client: Connection) -> int:
    head, said = head_and_json(client)
    assert head.startswith(b"HTTP/1.1 200 "), head
    assert set(said) == {"input_tokens"}
    return int(said["input_tokens"])


def is_estimated(client: Connection) -> bool:
    return count_of(client) > 0 and fields_of(client).get(ESTIMATED) == "input_tokens"


# Where the upstream speaks Responses.


def test_the_upstream_counts_the_translated_request_pitfall_53() -> None:
    wired = port()
    client = ask(wired, None, "Authorization: Bearer mine", "anthropic-beta: x")
    asked = wired.upstream.asked[0]
    assert (asked.method, asked.target) == (b"POST", b"/v1/responses/input_tokens")
    assert asked.header(b"authorization") == [b"Bearer mine"]
    assert asked.header(b"content-type") == [b"application/json"]
    assert asked.header(b"anthropic-version") == []
    sent = json.loads(bytes(asked.upload.data))
    assert sent["model"] == "gpt-5"
    assert "Be brief." in json.dumps(sent)
    assert sent["tools"][0]["name"] == "read"
    assert "stream" not in sent
    assert "max_output_tokens" not in sent
    give(asked)
    assert count_of(client) == 42
    assert ESTIMATED not in fields_of(client)


def test_an_alias_is_counted_as_its_model_pitfall_56() -> None:
    wired = port(aliases=(Alias("claude-gpt-5", "gpt-5"),))
    ask(wired, {**ASKED, "model": "claude-gpt-5"})
    assert json.loads(bytes(wired.upstream.asked[0].upload.data))["model"] == "gpt-5"


def test_equal_questions_are_asked_once_and_the_answer_is_good_for_a_while_pitfall_53() -> None:
    wired = port()
    clients = [ask(wired) for _ in range(50)]
    assert len(wired.upstream.asked) == 1
    give(wired.upstream.asked[0])
    assert {count_of(client) for client in clients} == {42}
    wired.clock.advance(59.0)
    assert count_of(ask(wired)) == 42
    assert len(wired.upstream.asked) == 1
    wired.clock.advance(1.0)
    ask(wired)
    assert len(wired.upstream.asked) == 2


def test_other_questions_and_other_credentials_are_asked_for_themselves() -> None:
    wired = port()
    ask(wired, None, "x-api-key: a")
    ask(wired, None, "x-api-key: b")
    ask(wired, {**ASKED, "tools": []}, "x-api-key: a")
    assert len(wired.upstream.asked) == 3


def test_few_are_asked_at_once_pitfall_53() -> None:
    wired = port()
    clients = [ask(wired, {**ASKED, "system": f"{number}"}) for number in range(50)]
    assert len(wired.upstream.asked) == 8
    for number in range(50):
        give(wired.upstream.asked[number])
        assert len(wired.upstream.asked) == min(50, 9 + number)
    assert {count_of(client) for client in clients} == {42}


def test_who_waits_too_long_gets_an_estimate_pitfall_53() -> None:
    wired = port()
    clients = [ask(wired, {**ASKED, "system": f"{number}"}) for number in range(10)]
    wired.clock.advance(3.9)
    assert clients[0].received() == b""
    wired.clock.advance(0.1)
    assert all(is_estimated(client) for client in clients)
    assert len(wired.upstream.asked) == 10
    assert all(asked.cancelled for asked in wired.upstream.asked)


@pytest.mark.parametrize("status", [400, 401, 404, 405, 429, 500])
def test_a_failure_is_met_with_an_estimate_and_never_passed_pitfall_53(status: int) -> None:
    wired = port()
    client = ask(wired)
    give(wired.upstream.asked[0], b'{"error": {"message": "no"}}', status=status)
    assert is_estimated(client)


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"input_tokens": "7"}', b'{"input_tokens": true}']
)
def test_what_is_no_count_is_none(body: bytes) -> None:
    wired = port()
    client = ask(wired)
    give(wired.upstream.asked[0], body)
    assert is_estimated(client)
    ask(wired)
    assert len(wired.upstream.asked) == 2, "failures are not kept"


def test_nor_is_half_an_answer_or_no_answer() -> None:
    wired = port()
    cut, closed = ask(wired), ask(wired, {**ASKED, "system": "x"})
    played = wired.upstream.asked[0].answer()
    played.send(b'{"input_tokens": 4')
    played.end(ConnectionLost())
    wired.upstream.asked[1].fail(BadUpstream(502, "upstream_closed", "gone"))
    assert is_estimated(cut)
    assert is_estimated(closed)


def test_an_upstream_without_that_path_is_left_alone_for_a_while_pitfall_53() -> None:
    wired = port()
    ask(wired)
    give(wired.upstream.asked[0], b"Not Found", status=404)
    assert is_estimated(ask(wired, {**ASKED, "system": "other"}))
    assert len(wired.upstream.asked) == 1
    wired.clock.advance(60.0)
    ask(wired)
    assert len(wired.upstream.asked) == 2


def test_a_model_that_it_does_not_know_says_nothing_of_the_path() -> None:
    wired = port()
    ask(wired)
    give(wired.upstream.asked[0], b'{"error": {"code": "model_not_found"}}', status=404)
    ask(wired, {**ASKED, "model": "gpt-6"})
    assert len(wired.upstream.asked) == 2


def test_a_caller_that_leaves_ends_its_question_pitfall_60() -> None:
    wired = port()
    first, second = ask(wired), ask(wired)
    first.lose()
    assert not wired.upstream.asked[0].cancelled
    second.lose()
    assert wired.upstream.asked[0].cancelled
    assert wired.clock.getDelayedCalls() == []


def test_an_estimate_grows_with_the_request() -> None:
    wired = port("chat")
    small, large = ask(wired), ask(wired, {**ASKED, "system": "word " * 4000})
    assert is_estimated(small)
    assert count_of(large) > count_of(small) + 2000


# Where it speaks something else.


def test_an_upstream_that_only_speaks_chat_is_not_asked() -> None:
    wired = port("chat")
    assert is_estimated(ask(wired))
    assert wired.upstream.asked == []


def test_an_upstream_that_speaks_messages_answers_itself() -> None:
    wired = port("messages")
    body = json.dumps({**ASKED, "model": "claude-x", "custom": 1}, indent=1).encode()
    client = ask(wired, body)
    asked = wired.upstream.asked[0]
    assert asked.target == TARGET.encode()
    assert bytes(asked.upload.data) == body
    assert asked.header(b"anthropic-version") == [b"2023-06-01"]
    give(asked, b'{"input_tokens": 9, "context_management": {}}')
    assert head_and_json(client)[1] == {"input_tokens": 9, "context_management": {}}
    assert ESTIMATED not in fields_of(client)


def test_its_errors_pass_but_a_missing_path_is_met_with_an_estimate_pitfall_53() -> None:
    wired = port("messages")
    refused, missing, closed = ask(wired), ask(wired), ask(wired)
    error = b'{"type": "error", "error": {"type": "authentication_error", "message": "no"}}'
    give(wired.upstream.asked[0], error, status=401)
    assert refused.received().startswith(b"HTTP/1.1 401 ")
    assert refused.received().endswith(error)
    played = wired.upstream.asked[1].answer(status=404)
    assert is_estimated(missing)
    assert played.aborted
    wired.upstream.asked[2].fail(BadUpstream(502, "upstream_closed", "gone"))
    assert is_estimated(closed)


def test_an_alias_for_a_model_of_messages_is_asked_for_by_its_name() -> None:
    wired = port("messages", aliases=(Alias("mine", "claude-x"),))
    ask(wired, {**ASKED, "model": "mine"})
    sent = json.loads(bytes(wired.upstream.asked[0].upload.data))
    assert sent["model"] == "claude-x"
    assert sent["messages"][0]["role"] == "user"
    assert "max_tokens" not in sent
    assert "stream" not in sent


# What is no question.


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"model": 7}', b'{"messages": "x"}'])
def test_a_body_that_is_no_request_is_the_callers_mistake_pitfall_54(body: bytes) -> None:
    wired = port()
    head, said = head_and_json(ask(wired, body))
    assert head.startswith(b"HTTP/1.1 400 ")
    assert said["type"] == "error"
    assert said["error"]["type"] == "invalid_request_error"
    assert wired.upstream.asked == []
