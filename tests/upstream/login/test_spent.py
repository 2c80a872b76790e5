"""What goes upstream with a request, and what does not."""

import json
from typing import Any

import pytest

from openaiproxy.codex.account import Account
from openaiproxy.upstream.login.document import parse_document
from openaiproxy.upstream.login.spent import Spent, spent

from .home import ACCOUNT, START, jwt, login_of

TOKEN = jwt("0", START)


def credential(found: Any, **account: Any) -> Spent:
    return spent(parse_document(json.dumps(found).encode()), Account("auth.json", **account))


def test_with_a_login_the_backend_is_told_the_account_and_who_we_are() -> None:
    found = credential(login_of(TOKEN), user_agent="mine/1")
    assert found.base == "https://chatgpt.com/backend-api/codex"
    assert (found.origin, found.prefix) == ("https://chatgpt.com", b"/backend-api/codex")
    assert found.headers == (
        (b"Authorization", b"Bearer " + TOKEN.encode()),
        (b"ChatGPT-Account-ID", ACCOUNT.encode()),
        (b"originator", b"openaiproxy"),
        (b"User-Agent", b"mine/1"),
    )


def test_we_pass_for_nobody_else() -> None:
    fields = dict(credential(login_of(TOKEN)).headers)
    assert fields[b"originator"] == b"openaiproxy"
    assert fields[b"User-Agent"].startswith(b"openaiproxy")


def test_residency_and_fedramp_are_sent_only_where_they_hold() -> None:
    found = login_of(TOKEN)
    found["tokens"]["id_token"] = jwt("id", None, fedramp=True)
    fields = dict(credential(found, residency="us", originator="me").headers)
    assert fields[b"X-OpenAI-Fedramp"] == b"true"
    assert fields[b"x-openai-internal-codex-residency"] == b"us"
    assert fields[b"originator"] == b"me"


def test_with_a_key_nothing_but_the_key_is_sent() -> None:
    """Chapter 5, defect 15."""
    found = credential({"OPENAI_API_KEY": "sk-1"}, residency="us", originator="me", user_agent="me")
    assert (found.base, found.prefix) == ("https://api.openai.com", b"")
    assert found.headers == ((b"Authorization", b"Bearer sk-1"),)


CALLERS = [
    (b"authorization", b"Bearer local"),
    (b"X-API-Key", b"local"),
    (b"Cookie", b"a=b"),
    (b"ChatGPT-Account-Id", b"somebody"),
    (b"X-OpenAI-Internal-Codex-Residency", b"eu"),
    (b"Originator", b"codex_cli_rs"),
    (b"User-Agent", b"codex_cli_rs/0.1"),
    (b"Session-Id", b"s"),
    (b"Accept", b"text/event-stream"),
]


def test_a_caller_neither_spends_nor_claims_anything_of_its_own() -> None:
    found = credential(login_of(TOKEN))
    assert found.over(CALLERS) == [CALLERS[4], CALLERS[7], CALLERS[8], *found.headers]
    found = credential(login_of(TOKEN), residency="us")
    assert found.over(CALLERS) == [CALLERS[7], CALLERS[8], *found.headers]


def test_what_is_for_the_backend_never_goes_to_the_api() -> None:
    """Chapter 5, defect 15."""
    found = credential({"OPENAI_API_KEY": "sk-1"})
    assert found.over(CALLERS) == [*CALLERS[6:], *found.headers]


@pytest.mark.parametrize("found", [{"OPENAI_API_KEY": "sk-1"}, login_of(TOKEN)])
def test_it_shows_no_secret(found: Any) -> None:
    shown = repr(credential(found))
    assert "sk-1" not in shown
    assert TOKEN not in shown
    assert ACCOUNT not in shown


def test_two_credentials_differ_in_their_digests() -> None:
    one, other = credential(login_of("one")), credential(login_of("other"))
    assert one.digest != other.digest
    assert one.account == other.account
