"""``/log`` and ``/log_errors``, as chatgpt-proxy had them, without what it gave away."""

import re
from html import unescape

import pytest

from openaiproxy.profile import Limits
from tests.ops.test_metrics import said
from tests.web.pages.test_status import ADMIN, TOKEN, get, status_of
from tests.web.plugged import fields_of
from tests.web.wiring import Connection, Wired, request, wire

EVIL = "<script>alert(1)</script>"


def entries(connection: Connection) -> list[str]:
    page = connection.received().decode()
    return [unescape(each) for each in re.findall(r"<code>(.*?)</code>", page)]


def log(wired: Wired, path: str = "/log") -> Connection:
    return get(wired, f"{path}?access_token={TOKEN}")


@pytest.mark.parametrize("path", ["/log", "/log_errors"])
def test_the_token_may_stand_in_the_query_row_117(path: str) -> None:
    wired = wire("gateway", token=TOKEN)
    assert status_of(log(wired, path)) == 200
    assert status_of(get(wired, path, ADMIN)) == 200
    assert TOKEN not in str(wired.lines)
    assert TOKEN.encode() not in log(wired, path).received()


@pytest.mark.parametrize(
    "query", ["", "?access_token=", "?access_token=wrong", "?token=x", "?" + "a=1&" * 99]
)
def test_others_are_told_forbidden_in_chatgpt_proxys_words_row_117(query: str) -> None:
    refused = get(wire("simple", token=TOKEN), "/log" + query)
    assert status_of(refused) == 403
    assert refused.received().endswith(b"\r\n\r\nForbidden")
    assert fields_of(refused)["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("path", ["/log", "/log_errors"])
def test_without_a_token_the_simple_port_forbids_them_to_all_row_117(path: str) -> None:
    wired = wire("simple")
    assert status_of(get(wired, f"{path}?access_token=")) == 403
    assert status_of(get(wired, f"{path}?access_token=undefined")) == 403
    assert wired.upstream.asked == []


def test_tokens_are_tried_five_times_there_too() -> None:
    wired = wire("gateway", token=TOKEN)
    for _ in range(5):
        get(wired, "/log?access_token=guess")
    shut = log(wired)
    assert status_of(shut) == 429
    assert shut.received().endswith(b"Too Many Requests")
    assert fields_of(shut)["retry-after"] == "60"


def test_the_last_fifty_of_each_kind_the_newest_first_row_117() -> None:
    wired = wire("gateway", token=TOKEN)
    for number in range(150):
        wired.port.watch.note(said(id=f"r{number}", status=500 if number % 3 == 0 else 200))
    well, badly = entries(log(wired)), entries(log(wired, "/log_errors"))
    assert len(well) == len(badly) == 50
    assert "id=r149" in well[0]
    assert "id=r147" in badly[0]
    assert "id=r0 " in badly[-1]
    assert all(" 200 " in each for each in well)


def test_the_figures_of_chatgpt_proxy_row_115_row_116() -> None:
    wired = wire("gateway", token=TOKEN, limits=Limits(requests=1))
    wired.client().send(request())
    wired.client().send(request())
    wired.clock.advance(2.5)
    wired.upstream.asked[0].answer().end()
    wired.port.watch.note(said(duration=0.0, tokens_in=12, tokens_cached=3, tokens_out=5))
    page = log(wired).received().decode()
    assert re.findall(r"<li>([^<]*)</li>", page) == [
        "Request count: 3",
        "Total request time: 2.5s",
        "Average request time: 0.8s",
        "Max request time: 2.5s",
        "Current parallel requests: 0",
        "Max parallel requests: 1",
        "Max prompt tokens: 12",
        "Max cached tokens: 3",
        "Max completion tokens: 5",
        "Error count: 1",
        "Overload count: 1",
        "Cancelled request count: 0",
    ]


def test_what_is_hostile_is_escaped_and_prompts_are_not_there() -> None:
    wired = wire("passthrough", token=TOKEN)
    body = b'{"model": "%s", "input": "my prompt"}' % EVIL.encode()
    wired.client().send(request("POST", "/v1/responses", "X-Request-Id: <b>", body=body))
    wired.upstream.asked[0].answer().end()
    page = log(wired)
    assert EVIL in entries(page)[0]
    text = page.received()
    assert EVIL.encode() not in text
    assert b"<b>" not in text
    assert b"my prompt" not in text
    assert "script-src" not in fields_of(page)["content-security-policy"]


def test_the_pages_address_is_given_to_no_other_page() -> None:
    fields = fields_of(log(wire("gateway", token=TOKEN)))
    assert fields["referrer-policy"] == "no-referrer"
    assert fields["cache-control"] == "no-store"
