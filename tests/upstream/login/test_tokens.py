"""The token endpoint, to the byte: what it is asked, and what its answers mean."""

import json
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from openaiproxy.errors import BadUpstream, Misconfigured
from openaiproxy.profile import Upstream
from openaiproxy.upstream.login.tokens import Revoked, TokenEndpoint, origin_and_target

from ..peers import Talk, error, got

pytestmark = pytest.mark.usefixtures("nothing_unhandled")


class Endpoint:
    """The endpoint over a connection that the test answers."""

    def __init__(self) -> None:
        origin, target = origin_and_target("https://auth.test/oauth/token?a=b")
        self.talk = Talk(Upstream(origin))
        self.endpoint = TokenEndpoint(
            self.talk.client, target, "app_test", "openaiproxy/1", self.talk.clock
        )
        self.asked = Deferred.fromCoroutine(self.endpoint.refresh("rt-secret"))

    def answer(self, status: int, found: Any) -> None:
        body = found if isinstance(found, bytes) else json.dumps(found).encode()
        self.talk.line.say(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)))
        self.talk.line.say(body)


def test_exactly_this_is_asked() -> None:
    head, _, body = Endpoint().talk.line.heard().partition(b"\r\n\r\n")
    assert head.splitlines() == [
        b"POST /oauth/token?a=b HTTP/1.1",
        b"Host: auth.test",
        b"Content-Type: application/json",
        b"Accept: application/json",
        b"User-Agent: openaiproxy/1",
        b"Content-Length: %d" % len(body),
    ]
    assert json.loads(body) == {
        "client_id": "app_test",
        "grant_type": "refresh_token",
        "refresh_token": "rt-secret",
    }


def test_the_tokens_that_are_there_are_taken() -> None:
    endpoint = Endpoint()
    given = {"access_token": "a", "refresh_token": "", "id_token": None, "expires_in": 7}
    endpoint.answer(200, given)
    assert got(endpoint.asked) == {"access_token": "a"}


@pytest.mark.parametrize(
    ("status", "found", "code"),
    [
        (401, {"error": {"code": "refresh_token_reused"}}, "refresh_token_reused"),
        (401, {"error": {"code": "refresh_token_expired"}}, "refresh_token_expired"),
        (401, {"error": "refresh_token_invalidated"}, "refresh_token_invalidated"),
        (401, {"code": "refresh_token_reused"}, "refresh_token_reused"),
        (401, {"error": {"code": "rt-secret"}}, "refresh_token_refused"),
        (401, b"<html>", "refresh_token_refused"),
        (400, {"error": "invalid_grant"}, "invalid_grant"),
        (400, {"error": {"code": "refresh_token_reused"}}, "refresh_token_reused"),
    ],
)
def test_some_answers_are_for_good(status: int, found: Any, code: str) -> None:
    endpoint = Endpoint()
    endpoint.answer(status, found)
    failed = error(endpoint.asked)
    assert isinstance(failed, Revoked)
    assert failed.code == code


@pytest.mark.parametrize(
    ("status", "found"),
    [
        (200, {}),
        (200, []),
        (200, b"<html>"),
        (400, {"error": "invalid_request"}),
        (403, b"<!DOCTYPE html>"),
        (429, {"error": {"code": "refresh_token_reused"}}),
        (500, {"error": {"code": "refresh_token_expired"}}),
        (503, b""),
    ],
)
def test_others_may_pass(status: int, found: Any) -> None:
    endpoint = Endpoint()
    endpoint.answer(status, found)
    failed = error(endpoint.asked)
    assert isinstance(failed, BadUpstream)
    assert failed.code == "token_failed"


def test_it_is_not_waited_for_longer_than_half_a_minute() -> None:
    endpoint = Endpoint()
    endpoint.talk.clock.advance(29)
    assert not endpoint.talk.line.aborted
    endpoint.talk.clock.advance(1)
    failed = error(endpoint.asked)
    assert isinstance(failed, BadUpstream)
    assert failed.code == "token_timeout"
    assert endpoint.talk.line.aborted


def test_nor_for_the_end_of_a_body() -> None:
    endpoint = Endpoint()
    endpoint.talk.clock.advance(20)
    endpoint.talk.line.say(b"HTTP/1.1 200 X\r\nContent-Length: 9\r\n\r\n{")
    endpoint.talk.clock.advance(10)
    failed = error(endpoint.asked)
    assert isinstance(failed, BadUpstream)
    assert failed.code == "token_timeout"


def test_a_lost_connection_may_pass() -> None:
    endpoint = Endpoint()
    endpoint.talk.line.reset()
    assert isinstance(error(endpoint.asked), BadUpstream)


@pytest.mark.parametrize(
    ("url", "origin", "target"),
    [
        ("https://auth.openai.com/oauth/token", "https://auth.openai.com", b"/oauth/token"),
        ("http://127.0.0.1:99", "http://127.0.0.1:99", b"/"),
        ("http://h/a/b?c=d", "http://h", b"/a/b?c=d"),
    ],
)
def test_a_url_is_an_origin_and_a_target(url: str, origin: str, target: bytes) -> None:
    assert origin_and_target(url) == (origin, target)


@pytest.mark.parametrize("url", ["https://h/a b", "https://h/é", "https://h/a?é"])
def test_a_url_that_can_not_be_asked_for_is_a_mistake_named_at_once(url: str) -> None:
    with pytest.raises(Misconfigured, match="refresh URL"):
        origin_and_target(url)
