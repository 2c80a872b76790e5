"""Rows 18, 27 to 30, 36 to 49 and 110 to 114 as the preset ``codex`` has them, behind a login and its double."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.e2e.codexhouse import CodexHouse
from tests.upstream.login.home import ACCOUNT, HOUR, jwt, login_of

pytestmark = pytest.mark.usefixtures("thread")
Open = Callable[..., CodexHouse]
MODEL = "gpt-5.5"
HI = {"role": "user", "content": "Hi"}
CREATES: dict[str, dict[str, Any]] = {
    "/chat/completions": {"model": MODEL, "messages": [HI]},
    "/responses": {"model": MODEL, "input": "Hi"},
    "/messages": {"model": MODEL, "max_tokens": 9, "messages": [HI]},
}
CHAT = "/v1/chat/completions"
ADMIN = {"OPENAIPROXY_ADMIN_TOKEN": "an-admin-token"}
SHOWN = {"Authorization": "Bearer an-admin-token"}


def ask(house: CodexHouse, **headers: str) -> Any:
    return house.plain("POST", CHAT, CREATES["/chat/completions"], headers)


@pytest.mark.parametrize("before", ["", "/v1"])
@pytest.mark.parametrize("path", CREATES)
def test_row_18_every_path_stands_with_and_without_v1(
    open_house_of_codex: Open, before: str, path: str
) -> None:
    house = open_house_of_codex()
    assert house.plain("POST", before + path, CREATES[path]).status == 200
    assert house.backend.seen[-1].target == "/backend-api/codex/responses"
    assert json.loads(house.plain("GET", f"{before}/models").body)["data"]


def test_rows_27_28_the_callers_own_key_never_goes_up_and_the_logins_does(
    open_house_of_codex: Open,
) -> None:
    house = open_house_of_codex()
    shown = {"Authorization": "Bearer sk-of-the-caller", "X-Api-Key": "another"}
    assert ask(house, **shown).status == 200
    [seen] = house.backend.seen
    assert seen.headers["authorization"] == f"Bearer {house.backend.access}"
    assert "sk-of-the-caller" not in json.dumps([seen.headers, seen.body])
    assert "another" not in json.dumps(seen.headers)


@pytest.mark.parametrize("path", [*CREATES, "/models"])
@pytest.mark.parametrize(
    ("shown", "status"),
    [
        ({"Authorization": "Bearer a-local-key"}, 200),
        ({"x-api-key": "a-local-key"}, 200),
        ({"Authorization": "Bearer a-local-ke"}, 401),
        ({"x-api-key": "a-local-keyy"}, 401),
        ({}, 401),
    ],
)
def test_rows_29_30_a_local_key_is_bearer_or_x_api_key_on_every_path(
    open_house_of_codex: Open, path: str, shown: dict[str, str], status: int
) -> None:
    house = open_house_of_codex(environ={"CODEX_PROXY_API_KEY": "a-local-key"})
    method = "GET" if path == "/models" else "POST"
    reply = house.plain(method, f"/v1{path}", CREATES.get(path), shown)
    assert reply.status == status
    assert len(house.backend.seen) == (1 if status == 200 else 0)


def test_row_36_the_login_of_codex_home_is_spent_and_read_again_when_it_changes(
    open_house_of_codex: Open,
) -> None:
    house = open_house_of_codex()
    assert ask(house).status == 200
    house.path.write_text(json.dumps({"OPENAI_API_KEY": "sk-of-the-file", "tokens": None}))
    assert json.loads(ask(house).body)["choices"][0]["message"]["content"] == "From the API"
    backend, api = house.backend.seen
    assert backend.target == "/backend-api/codex/responses"
    assert api.target == CHAT
    assert api.headers["authorization"] == "Bearer sk-of-the-file"


@pytest.mark.parametrize("fedramp", [False, True])
@pytest.mark.parametrize("residency", [None, "us"])
def test_row_37_the_backend_is_told_the_account_and_who_we_are(
    open_house_of_codex: Open, fedramp: bool, residency: str | None
) -> None:
    access = jwt("0", time.time() + HOUR, fedramp=fedramp)
    environ = {} if residency is None else {"CODEX_API_PROXY_RESIDENCY": residency}
    house = open_house_of_codex(login=login_of(access), environ=environ)
    house.backend.access = access
    assert ask(house).status == 200
    headers = house.backend.seen[0].headers
    assert headers["authorization"] == f"Bearer {access}"
    assert headers["chatgpt-account-id"] == ACCOUNT
    assert headers.get("x-openai-fedramp") == ("true" if fedramp else None)
    assert headers.get("x-openai-internal-codex-residency") == residency
    assert headers["originator"] == "openaiproxy"
    assert headers["user-agent"].startswith("openaiproxy")
    assert "codex_cli" not in json.dumps(headers)


def test_row_37_originator_and_user_agent_can_be_set(open_house_of_codex: Open) -> None:
    said = {
        "CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "my-own",
        "CODEX_API_PROXY_USER_AGENT": "my-own/1.0",
    }
    house = open_house_of_codex(environ=said)
    ask(house, **{"User-Agent": "the-callers/2.0", "originator": "the-callers"})
    headers = house.backend.seen[0].headers
    assert (headers["originator"], headers["user-agent"]) == ("my-own", "my-own/1.0")


@pytest.mark.parametrize(("left", "refreshes"), [(-1.0, 1), (200.0, 1), (400.0, 0), (HOUR, 0)])
def test_row_38_tokens_are_refreshed_five_minutes_ahead(
    open_house_of_codex: Open, left: float, refreshes: int
) -> None:
    house = open_house_of_codex(left=left)
    assert ask(house).status == 200
    for _ in range(50):  # what is begun ahead is waited for by nobody
        if house.backend.refreshes == refreshes:
            break
        ask(house)
    assert house.backend.refreshes == refreshes


def test_row_39_a_401_is_refreshed_and_asked_once_more_and_not_twice(
    open_house_of_codex: Open,
) -> None:
    house = open_house_of_codex()
    house.backend.access = jwt("unknown here", time.time() + HOUR)
    assert ask(house).status == 200
    assert (house.backend.refreshes, len(house.backend.seen)) == (1, 2)
    house = open_house_of_codex()
    house.backend.refuse = (401, {"content-type": "application/json"}, b'{"detail":"no"}')
    assert ask(house).status == 503
    assert (house.backend.refreshes, len(house.backend.seen)) == (1, 2)


@pytest.mark.parametrize("query", ["", "?refresh=1", "?refresh=true", "?refresh=yes"])
def test_rows_48_49_the_backends_list_is_openais_sorted_kept_and_refreshed_on_demand(
    open_house_of_codex: Open, query: str
) -> None:
    house = open_house_of_codex()
    for target in ("/v1/models", f"/v1/models{query}"):
        found = json.loads(house.plain("GET", target).body)
        assert found["object"] == "list"
        assert [each["id"] for each in found["data"]] == ["gpt-5.4", "gpt-5.5"]
        assert {each["object"] for each in found["data"]} == {"model"}
        assert {each["owned_by"] for each in found["data"]} == {"openai"}
    assert len(house.backend.seen) == (2 if query else 1)
    assert "client_version=1.0.0" in house.backend.seen[0].target


def test_row_110_health_touches_no_login_and_no_upstream(open_house_of_codex: Open) -> None:
    house = open_house_of_codex(left=-1)
    house.path.unlink()
    reply = house.plain("GET", "/health")
    found = json.loads(reply.body)
    assert (reply.status, found["ok"]) == (200, True)
    assert set(found) == {"ok", "version", "uptime_seconds"}
    assert (house.backend.calls, house.backend.seen) == (0, [])


def test_row_111_ready_knows_the_login_and_defect_5_10_7_shows_no_secret_of_it(
    open_house_of_codex: Open,
) -> None:
    house = open_house_of_codex(proxy="http://me:a-secret@127.0.0.1:9", environ=ADMIN)
    reply = house.plain("GET", "/ready")
    found = json.loads(reply.body)
    assert (reply.status, found["ok"], found["mode"]) == (200, True, "chatgpt")
    assert found["https_proxy"] == "http://127.0.0.1:9"
    for secret in ("a-secret", str(house.path), house.backend.access, ACCOUNT):
        assert secret not in reply.body.decode()
    for page in ("/metrics", "/metrics/prometheus", "/status", "/docs", "/openapi.json"):
        assert house.plain("GET", page).status in (401, 404), page
    house.path.write_text("{}")
    reply = house.plain("GET", "/ready")
    assert (reply.status, json.loads(reply.body)) == (503, {"ok": False, "error": "login_empty"})


def test_row_112_the_deep_check_asks_the_backend_and_is_the_operators(
    open_house_of_codex: Open,
) -> None:
    house = open_house_of_codex(environ=ADMIN, health_model=MODEL)
    assert house.plain("GET", "/health?deep=1").status == 401
    assert house.backend.seen == []
    assert house.plain("GET", "/health?deep=1", None, SHOWN).status == 200
    assert house.backend.bodies[0]["model"] == MODEL
    assert house.plain("GET", "/health?deep=1", None, SHOWN).status == 429, "not again so soon"
    assert len(house.backend.bodies) == 1


def test_rows_113_114_and_defect_5_10_12_every_route_and_refresh_is_counted(
    open_house_of_codex: Open,
) -> None:
    house = open_house_of_codex(left=-1, environ=ADMIN)
    for path, body in CREATES.items():
        assert house.plain("POST", f"/v1{path}", body).status == 200
    house.backend.refuse = (
        429,
        {"content-type": "application/json"},
        b'{"error":{"message":"slow"}}',
    )
    assert ask(house).status == 429
    house.backend.refuse = None
    for _ in range(2):
        house.plain("GET", "/v1/models")
    found = json.loads(house.plain("GET", "/metrics", None, SHOWN).body)
    assert found["requests_total"] == 6
    assert (found["requests_ok"], found["requests_error"]) == (5, 1)
    assert found["errors_by_status"] == {"429": 1}
    assert found["token_refresh_total"] == 1
    assert (found["models_cache_hits"], found["models_cache_misses"]) == (1, 1)
    assert found["uptime_seconds"] >= 0
    reply = house.plain("GET", "/metrics/prometheus", None, SHOWN)
    assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    told = reply.body.decode()
    for route in ("chat_completions", "responses", "messages", "models"):
        assert f'route="{route}"' in told
    assert 'openaiproxy_token_refreshes_total{profile="codex",result="ok"} 1.0' in told
    assert told.count("# HELP ") == told.count("# TYPE ") > 10
