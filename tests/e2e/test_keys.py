"""``keyed``: its path comes before its key, its key before its upstream."""

import json

import openai
import pytest

from tests.e2e.callers import Caller
from tests.e2e.house import CALLER_KEY, SERVER_KEY, Place

pytestmark = pytest.mark.parametrize("place", ["keyed"], indirect=True)

BODY = json.dumps({"model": "gpt-4.1", "messages": [{"role": "user", "content": "x"}]}).encode()


def ask(place: Place, headers: dict[str, str], path: str = "/v1/chat/completions"):
    return place.plain("POST", path, {"Content-Type": "application/json", **headers}, BODY)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "wrong"},
        {"X-API-Key": ""},
        {"X-API-Key": CALLER_KEY[:-1]},
        {"X-API-Key": CALLER_KEY + "x"},
        {"Authorization": f"Bearer {CALLER_KEY}"},
        {"Authorization": f"Bearer {SERVER_KEY}"},
    ],
    ids=["none", "wrong", "empty", "shorter", "longer", "elsewhere", "servers"],
)
def test_without_its_key_a_caller_gets_401_and_nothing_goes_up(place: Place, headers) -> None:
    reply = ask(place, headers)
    assert reply.status == 401
    assert reply.body == b'{"error":"unauthorized"}'
    assert reply.headers["content-type"] == "application/json"
    assert place.upstream.exchanges == []


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "wrong"}, {"X-API-Key": CALLER_KEY}])
@pytest.mark.parametrize(
    "path", ["/v1/models", "/", "/v1/chat/completions/x", "/v1/responsesx", "/v2/responses"]
)
def test_a_path_that_is_not_offered_is_404_whatever_the_key(place: Place, path, headers) -> None:
    reply = ask(place, headers, path)
    assert (reply.status, reply.body) == (404, b'{"detail":"Not found"}')
    assert place.upstream.exchanges == []


@pytest.mark.parametrize(
    "path",
    ["/v1/responses/../models", "/v1/responses/%2e%2e/models", "/v1/responses/..%2fmodels"],
)
def test_no_way_leads_out_of_the_list(place: Place, path) -> None:
    assert ask(place, {"X-API-Key": CALLER_KEY}, path).status in (400, 404)
    assert place.upstream.exchanges == []


def test_a_wrong_key_is_an_authentication_error_to_the_sdk(refused: Caller) -> None:
    with pytest.raises(openai.AuthenticationError):
        refused.call(
            lambda c: c.chat.completions.create(
                model="gpt-4.1",
                messages=[{"role": "user", "content": "x"}],
                extra_headers={"X-API-Key": "wrong"},
            )
        )


def test_the_callers_authorization_is_replaced_and_its_key_stays_here(place: Place) -> None:
    headers = {"X-API-Key": CALLER_KEY, "Authorization": "Bearer unused", "api-key": "other"}
    assert ask(place, headers).status == 200
    _, seen = place.last()
    assert seen.values(b"authorization") == [b"Bearer " + SERVER_KEY.encode()]
    assert seen.values(b"x-api-key") == seen.values(b"api-key") == []


def test_the_server_key_is_in_no_answer(place: Place) -> None:
    ask(place, {"X-API-Key": CALLER_KEY})
    ask(place, {"X-API-Key": CALLER_KEY, "x-embedded-fault": "status=401"})
    for exchange in place.tap.exchanges:
        assert SERVER_KEY.encode() not in exchange.answered
