"""Who is let in, and whose key is spent (rows 31, 32, 34, 35)."""

import json

import pytest

from openaiproxy.profile import ClientAuth, Credential, Simple, Upstream
from tests.web.plugged import fields_of
from tests.web.simple.asked import KEY, OWN, answer_json, ask, open_simple, sent_json, told
from tests.web.wiring import request

PATHS = [
    ("POST", "/openai"),
    ("POST", "/openai2"),
    ("GET", "/openai2/resp_1"),
    ("DELETE", "/openai2/resp_1"),
    ("POST", "/openai2/resp_1/cancel"),
    ("GET", "/openai2/resp_1/input_items"),
    ("POST", "/openai2/compact"),
    ("POST", "/openai2/input_tokens"),
    ("POST", "/openai2/diagnostics/sse-cap"),
    ("POST", "/chatgpt"),
    ("POST", "/embeddings"),
    ("POST", "/anthropic"),
    ("POST", "/anthropic/stream"),
]


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("shown", [{}, {"security_key": "wrong"}, {"security_key": None}])
def test_without_the_key_nothing_goes_up_row_31(method: str, path: str, shown: object) -> None:
    wired = open_simple()
    client = ask(wired, path, json.dumps(shown).encode(), method=method)
    status, error = told(client)
    assert (status, error["type"], error["code"]) == (403, "forbidden", "OPENAI_PROXY_FORBIDDEN")
    assert error["message"] == "Forbidden"
    assert wired.upstream.asked == []


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("shown", [{}, {"security_key": None}, {"security_key": ""}, OWN])
def test_where_no_key_is_configured_nobody_is_let_in_defect_2(
    method: str, path: str, shown: object
) -> None:
    wired = open_simple(auth=ClientAuth((), ("x-security-key",)))
    client = ask(wired, path, json.dumps(shown).encode(), "X-Security-Key: ", method=method)
    assert told(client)[0] == 403
    assert wired.upstream.asked == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_key_may_stand_in_a_query_and_goes_no_further_row_31_defect_4(method: str) -> None:
    wired = open_simple()
    target = f"/openai2/resp_1?security_key={KEY}&timeout=5000&openai_api_key=sk-mine"
    ask(wired, target, method=method)
    [asked] = wired.upstream.asked
    assert asked.target == b"/v1/responses/resp_1"
    assert asked.header(b"authorization") == [b"Bearer sk-mine"]


def test_the_key_of_a_body_goes_no_further_row_31_defect_4() -> None:
    wired = open_simple()
    ask(wired, "/openai2", {"model": "m", "input": "x", "timeout": 5, "project": "p"})
    [asked] = wired.upstream.asked
    assert sent_json(asked) == {"model": "m", "input": "x"}
    assert not any(KEY.encode() in value for _, value in asked.headers)


def test_the_key_may_stand_in_a_header_too_row_32() -> None:
    wired = open_simple()
    ask(wired, "/openai2", b'{"model":"m"}', f"X-Security-Key: {KEY}")
    [asked] = wired.upstream.asked
    assert asked.header(b"x-security-key") == []


def test_a_cancel_without_a_body_shows_its_key_in_the_query() -> None:
    wired = open_simple()
    ask(wired, f"/openai2/resp_1/cancel?security_key={KEY}", b"")
    [asked] = wired.upstream.asked
    assert (asked.method, asked.target) == (b"POST", b"/v1/responses/resp_1/cancel")


def test_no_key_is_in_the_log_defect_4() -> None:
    wired = open_simple()
    client = ask(wired, f"/openai2/resp_1?security_key={KEY}&openai_api_key=sk-mine", method="GET")
    answer_json(wired.upstream.asked[0], {})
    assert client.received().startswith(b"HTTP/1.1 200")
    ask(wired, "/openai2", {"openai_api_key": "sk-mine", "stream": 1}).lose()
    assert len(wired.lines) == 2
    assert wired.lines[0]["path"] == "/openai2/resp_1?security_key=&openai_api_key="
    assert KEY not in str(wired.lines)
    assert "sk-mine" not in str(wired.lines)


def test_the_callers_name_is_in_the_log() -> None:
    wired = open_simple()
    ask(wired, "/openai2", {"model": "m"})
    answer_json(wired.upstream.asked[0], {})
    assert wired.lines[0]["client"] == "alice"
    assert wired.lines[0]["model"] == "m"


def test_the_servers_key_project_and_organization_are_spent_rows_28_35() -> None:
    wired = open_simple()
    ask(wired, "/openai2", {"model": "m"})
    [asked] = wired.upstream.asked
    assert asked.header(b"authorization") == [b"Bearer sk-server"]
    assert asked.header(b"openai-project") == [b"proj-s"]
    assert asked.header(b"openai-organization") == [b"org-s"]


@pytest.mark.parametrize("path", ["/openai", "/openai2", "/embeddings", "/openai2/compact"])
def test_a_request_may_bring_its_own_row_34(path: str) -> None:
    wired = open_simple()
    own = {"openai_api_key": "sk-mine", "project": "p-mine", "organization": "o-mine"}
    ask(wired, path, {"model": "m", **own})
    [asked] = wired.upstream.asked
    assert asked.header(b"authorization") == [b"Bearer sk-mine"]
    assert asked.header(b"openai-project") == [b"p-mine"]
    assert asked.header(b"openai-organization") == [b"o-mine"]
    assert sent_json(asked).keys() <= {"model"}


def test_without_any_key_for_the_upstream_it_is_401() -> None:
    wired = open_simple(credential=Credential(), simple=Simple())
    assert told(ask(wired, "/openai2", {"model": "m"}))[1]["code"] == "OPENAI_PROXY_UNAUTHORIZED"
    assert told(ask(wired, "/anthropic", {"model": "m"}))[0] == 401
    assert wired.upstream.asked == []


def test_the_embedded_upstream_needs_none() -> None:
    embedded = Upstream("", embedded=True)
    wired = open_simple(
        credential=Credential(), upstream=embedded, simple=Simple(anthropic=embedded)
    )
    ask(wired, "/openai2", {"model": "m"})
    assert wired.upstream.asked[0].header(b"authorization") == []
    ask(wired, "/anthropic", {"model": "m"})
    assert wired.port.anthropic.asked[0].header(b"x-api-key") == []


def test_the_callers_authorization_and_cookies_stay_here() -> None:
    wired = open_simple()
    ask(wired, "/openai2", {"model": "m"}, "Authorization: Bearer sk-other", "Cookie: a=b")
    [asked] = wired.upstream.asked
    assert asked.header(b"authorization") == [b"Bearer sk-server"]
    assert asked.header(b"cookie") == []


def test_anthropic_is_asked_by_its_own_way_and_key_row_22() -> None:
    wired = open_simple()
    ask(wired, "/anthropic", {"model": "c"}, "anthropic-beta: b1")
    assert wired.upstream.asked == []
    [asked] = wired.port.anthropic.asked
    assert asked.target == b"/v1/messages"
    assert asked.header(b"x-api-key") == [b"sk-ant-server"]
    assert asked.header(b"authorization") == []
    assert asked.header(b"anthropic-version") == [b"2023-06-01"]
    assert asked.header(b"anthropic-beta") == [b"b1"]


def test_a_request_may_bring_a_key_for_anthropic_row_34() -> None:
    wired = open_simple()
    ask(wired, "/anthropic", {"model": "c", "anthropic_api_key": "sk-ant-mine"})
    [asked] = wired.port.anthropic.asked
    assert asked.header(b"x-api-key") == [b"sk-ant-mine"]
    assert sent_json(asked) == {"model": "c"}


@pytest.mark.parametrize("target", ["/debug/runtime", "/debug/runtime?access_token=wrong"])
def test_the_ports_state_is_shown_to_the_access_token_alone_row_33(target: str) -> None:
    wired = open_simple()
    assert told(ask(wired, target, method="GET"))[0] == 403
    shut = open_simple(token=None)
    assert told(ask(shut, "/debug/runtime?access_token=", method="GET"))[0] == 403
    client = ask(wired, "/debug/runtime?access_token=the-access-token", method="GET")
    assert client.received().startswith(b"HTTP/1.1 200")
    assert fields_of(client)["cache-control"] == "no-store"
    assert "the-access-token" not in str(wired.lines)


def test_a_page_of_another_host_cannot_reach_a_port_on_loopback() -> None:
    wired = open_simple()
    data = request("GET", f"/openai2/r?security_key={KEY}").replace(b"localhost", b"evil.example")
    assert told(wired.client().send(data))[1]["code"] == "OPENAI_PROXY_FORBIDDEN"
    assert wired.upstream.asked == []


LARGE = {"input": "x" * 100_000}


def test_a_large_body_without_a_key_is_not_taken_apart() -> None:
    wired = open_simple()
    body = b'{"input": [' + b'{"a": [' * 20_000  # It isn't even JSON.
    assert told(ask(wired, "/openai2", body))[0] == 403
    assert not wired.upstream.asked


@pytest.mark.parametrize("key", [KEY, KEY.replace("k", "\\u006b")], ids=["plain", "escaped"])
def test_a_large_body_with_its_key_is_let_in(key: str) -> None:
    wired = open_simple()
    body = json.dumps(LARGE)[:-1].encode() + b', "security_key": "' + key.encode() + b'"}'
    ask(wired, "/openai2", body)
    assert len(wired.upstream.asked) == 1
