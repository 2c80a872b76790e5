"""What stands in ``auth.json``, and what is wrong with it."""

import json
from typing import Any

import pytest

from openaiproxy.errors import Unavailable
from openaiproxy.upstream.login.document import HalfWritten, Mode, parse_document

from .home import ACCOUNT, START, jwt, login_of


def parsed(found: Any) -> Any:
    return parse_document(json.dumps(found).encode())


def test_a_chatgpt_login_is_read() -> None:
    token = jwt("0", START)
    found = parsed(login_of(token))
    assert (found.mode, found.secret, found.refresh) == (Mode.CHATGPT, token, "rt-0")
    assert (found.account, found.fedramp, found.claims.expires) == (ACCOUNT, False, START)
    assert found.refreshed == 1789907696.789


def test_an_api_key_is_read() -> None:
    found = parsed({"OPENAI_API_KEY": " sk-1\n", "tokens": None})
    assert (found.mode, found.secret, found.refresh) == (Mode.API_KEY, "sk-1", None)


@pytest.mark.parametrize(
    ("mode", "key", "tokens", "expected"),
    [
        (None, "sk-1", True, Mode.API_KEY),
        (None, None, True, Mode.CHATGPT),
        (None, " ", True, Mode.CHATGPT),
        ("chatgpt", "sk-1", True, Mode.CHATGPT),
        ("chatgpt", "sk-1", False, Mode.API_KEY),
        ("chatgptAuthTokens", None, True, Mode.CHATGPT),
        ("apikey", "sk-1", True, Mode.API_KEY),
        ("apiKey", None, True, Mode.CHATGPT),
        (7, "sk-1", True, Mode.API_KEY),
    ],
)
def test_auth_mode_holds_where_what_it_needs_is_there(
    mode: Any, key: str | None, tokens: bool, expected: Mode
) -> None:
    found = login_of(jwt("0", START), auth_mode=mode, OPENAI_API_KEY=key)
    if not tokens:
        found["tokens"] = None
    assert parsed(found).mode is expected


def test_the_account_is_taken_from_the_claims_where_the_file_has_none() -> None:
    found = login_of(jwt("0", START, "of-access"))
    found["tokens"] |= {"account_id": None, "id_token": jwt("id", None, "of-id")}
    assert parsed(found).account == "of-id"
    found["tokens"]["id_token"] = {"https://api.openai.com/auth": {"chatgpt_account_id": "kept"}}
    assert parsed(found).account == "kept"
    found["tokens"]["id_token"] = "no.token"
    assert parsed(found).account == "of-access"


def test_fedramp_is_a_claim_of_the_identity() -> None:
    found = login_of(jwt("0", START))
    found["tokens"]["id_token"] = jwt("id", None, fedramp=True)
    assert parsed(found).fedramp


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "a.!!.c", "a.bnVsbA.c", "a.e30.c", "...."])
def test_a_token_without_readable_claims_is_still_spent(token: str) -> None:
    found = parsed(login_of(token))
    assert found.secret == token
    assert found.claims.expires is None


@pytest.mark.parametrize("stamp", [None, 7, "", "yesterday"])
def test_an_unreadable_last_refresh_says_nothing(stamp: Any) -> None:
    assert parsed(login_of("t", last_refresh=stamp)).refreshed is None


@pytest.mark.parametrize("stamp", ["2026-09-20T12:34:56.789123456Z", "2026-09-20T12:34:56"])
def test_last_refresh_is_read_as_codex_writes_it(stamp: str) -> None:
    assert int(parsed(login_of("t", last_refresh=stamp)).refreshed) == 1789907696


@pytest.mark.parametrize(
    ("found", "code", "words"),
    [
        ([], "login_unreadable", "must hold a JSON object"),
        ({}, "login_empty", "has no OPENAI_API_KEY or tokens object"),
        ({"OPENAI_API_KEY": "", "tokens": []}, "login_empty", "has no OPENAI_API_KEY"),
        ({"tokens": {}}, "login_empty", "tokens.access_token is missing"),
        ({"tokens": {"access_token": "a\nb"}}, "login_unreadable", "tokens.access_token"),
        ({"tokens": {"access_token": "a", "account_id": "é"}}, "login_unreadable", "account_id"),
        ({"OPENAI_API_KEY": "sk é"}, "login_unreadable", "OPENAI_API_KEY"),
        ({"auth_mode": "agentIdentity"}, "login_unsupported", "agent's identity"),
    ],
)
def test_each_defect_has_its_words(found: Any, code: str, words: str) -> None:
    with pytest.raises(Unavailable) as raised:
        parsed(found)
    assert (raised.value.status, raised.value.code) == (503, code)
    assert words in raised.value.message


@pytest.mark.parametrize("text", [b"", b"{", b'{"tokens": {"access_token": "secret-part', b"nope"])
def test_what_is_no_json_may_be_half_written(text: bytes) -> None:
    with pytest.raises(HalfWritten) as raised:
        parse_document(text)
    assert "secret" not in repr(raised.value)


def test_what_is_written_back_is_what_was_read_but_for_the_tokens() -> None:
    given = login_of(jwt("0", START))
    again = json.loads(parsed(given).renewed({"access_token": "new"}, START).written())
    tokens = given["tokens"] | {"access_token": "new"}
    assert again == given | {"tokens": tokens, "last_refresh": "2026-09-21T14:13:20.000Z"}
    assert list(again) == list(given)
    assert list(again["tokens"]) == list(given["tokens"])


def test_no_secret_is_in_a_repr() -> None:
    token = jwt("0", START)
    shown = repr(parsed(login_of(token))) + repr(parsed({"OPENAI_API_KEY": "sk-1"}))
    assert token not in shown
    assert "rt-0" not in shown
    assert "sk-1" not in shown
    assert ACCOUNT not in shown
