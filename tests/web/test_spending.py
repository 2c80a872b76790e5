"""What requests spend, in memory: a played purse, a scripted upstream, and a fake clock."""

import json
from typing import Any

import pytest
from attrs import define, evolve, field
from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock

from openaiproxy.codex.account import Account
from openaiproxy.errors import Misconfigured
from openaiproxy.presets import PRESETS
from openaiproxy.profile import Credential, Profile
from openaiproxy.upstream.login.document import Mode, defect
from openaiproxy.upstream.login.login import open_login
from openaiproxy.upstream.login.spent import Spent
from openaiproxy.web.purses import Purses
from openaiproxy.web.spending import OfLogin, Purse, Spending
from tests.scripted import created, ended, message, speech
from tests.web.test_bridge import EVENTS, framed, parts, post
from tests.web.wiring import Wired, request

BASE = "https://chatgpt.com/backend-api/codex"


def spent(token: str, mode: Mode = Mode.CHATGPT, base: str = BASE) -> Spent:
    headers = [(b"Authorization", b"Bearer " + token.encode())]
    account = "a" if mode is Mode.CHATGPT else None
    return Spent(base, tuple(headers), mode, f"digest-{token}", account)


@define(eq=False)
class PlayedLogin:
    """A login that the test plays.

    :ivar asked: waits for the credential, if it is to be waited for.
    :ivar next: what follows a refused one.
    """

    holds: Any
    next: Any = None
    waiting: "Deferred[None] | None" = None
    account: Account = field(factory=lambda: Account("auth.json"))
    renewals: int = 0

    async def credential(self) -> Any:
        if self.waiting is not None:
            await self.waiting
        if isinstance(self.holds, Exception):
            raise self.holds
        return self.holds

    async def renewed(self, refused: Any) -> Any:
        self.renewals += 1
        if isinstance(self.next, Exception):
            raise self.next
        return self.next


def played(login: PlayedLogin, **changes: Any) -> Wired:
    profile = evolve(PRESETS["codex"].profile, **changes)
    wired = Wired(profile)
    client: Any = wired.upstream
    any_login: Any = login
    wired.port.purse = OfLogin(any_login, profile, lambda base: client)
    return wired


def test_a_refused_login_is_asked_once_more_with_other_tokens() -> None:
    login = PlayedLogin(spent("one"), spent("two"))
    wired = played(login)
    client = post(wired, {"model": "gpt-5.5", "messages": [{"role": "user", "content": "hi"}]})
    first = wired.upstream.asked[0].answer(status=401)
    assert first.aborted
    again = wired.upstream.asked[1]
    assert again.header(b"authorization") == [b"Bearer two"]
    assert again.upload.data == wired.upstream.asked[0].upload.data
    answer = again.answer(headers=EVENTS)
    item = message("Hello")
    answer.send(framed(created(), *speech(0, item, "Hello"), ended()))
    answer.end()
    assert b"200 OK" in client.received()
    assert login.renewals == 1


@pytest.mark.parametrize("follows", [None, defect("expired", "Run codex login."), spent("two")])
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/chat/completions"),
        ("POST", "/v1/responses"),
        ("POST", "/v1/responses/compact"),
        ("GET", "/api/codex/usage"),
        ("GET", "/v1/models"),
    ],
)
def test_a_login_that_stays_refused_is_503_on_every_path_pitfall_68(
    follows: Any, method: str, path: str
) -> None:
    wired = played(PlayedLogin(spent("one"), follows))
    body = {"model": "gpt-5.5", "input": "hi", "messages": [{"role": "user", "content": "hi"}]}
    del body["messages" if "responses" in path else "input"]
    raw = json.dumps(body).encode() if method == "POST" else None
    client = wired.client().send(request(method, path, body=raw))
    wired.upstream.asked[0].answer(status=401)
    if isinstance(follows, Spent):
        wired.upstream.asked[1].answer(status=401)
    assert b"503 Service Unavailable" in client.received()
    assert b"codex login" in client.received()
    assert all(asked.target.startswith(b"/backend-api/") for asked in wired.upstream.asked)


def test_no_login_is_503_and_nobody_is_asked() -> None:
    wired = played(PlayedLogin(defect("absent", "There is no auth.json.")))
    client = wired.client().send(request("GET", "/v1/models"))
    assert b"503 Service Unavailable" in client.received()
    assert b"login_absent" in client.received()
    assert wired.upstream.asked == []


def test_who_leaves_while_tokens_are_refreshed_is_gone() -> None:
    login = PlayedLogin(spent("one"), waiting=Deferred())
    wired = played(login)
    client = wired.client().send(request("GET", "/api/codex/usage"))
    client.lose()
    assert wired.lines[-1]["ending"] == "client-gone"
    assert wired.upstream.asked == []


def test_defect_5_10_17_a_stream_gives_signs_of_life_while_the_backend_is_silent() -> None:
    wired = played(PlayedLogin(spent("one")))
    asked = {"model": "gpt-5.5", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    client = post(wired, asked)
    wired.clock.pump([5.0] * 4)
    head, body = parts(client)
    assert "200 OK" in head
    assert body.startswith(b": keepalive")


def test_a_list_belongs_to_an_account_and_not_to_its_tokens() -> None:
    login = PlayedLogin(spent("one"))
    wired = played(login)
    wired.client().send(request("GET", "/v1/models"))
    answer = wired.upstream.asked[0].answer()
    answer.send(b'{"models": [{"slug": "gpt-5.5", "visibility": "list"}]}')
    answer.end()
    login.holds = spent("two")
    client = wired.client().send(request("GET", "/v1/models"))
    assert b"gpt-5.5" in client.received()
    assert len(wired.upstream.asked) == 1
    login.holds = evolve(spent("three"), account="b")
    wired.client().send(request("GET", "/v1/models"))
    assert len(wired.upstream.asked) == 2


def test_an_upload_is_not_read_to_be_sent_twice() -> None:
    key = spent("key", Mode.API_KEY, "https://api.openai.com")
    wired = played(PlayedLogin(key, spent("other", Mode.API_KEY, "https://api.openai.com")))
    client = wired.client().send(request("POST", "/v1/files", body=b"much"))
    assert wired.upstream.asked[0].target == b"/v1/files"
    assert bytes(wired.upstream.asked[0].upload.data) == b"much"
    wired.upstream.asked[0].answer(status=401)
    assert b"503 Service Unavailable" in client.received()
    assert len(wired.upstream.asked) == 1


def test_a_login_shows_neither_secret_nor_account() -> None:
    client: Any = None
    shown = repr(Spending(client, PRESETS["codex"].profile, spent("secret-token")))
    assert "secret-token" not in shown.replace("digest-secret-token", "")


def codex(file: str = "/home/me/.codex/auth.json", **more: Any) -> Profile:
    account = Account(file, **more)
    return evolve(PRESETS["codex"].profile, credential=Credential(login=account))


def opened(purses: Purses, profile: Profile) -> Purse:
    client: Any = None
    return purses.open(profile, client)


def test_one_login_for_one_file_whoever_spends_it() -> None:
    purses = Purses(MemoryReactorClock())
    one, other = opened(purses, codex()), opened(purses, evolve(codex(), name="mine"))
    assert one.login is not None
    assert one.login is other.login
    assert opened(purses, codex("/elsewhere.json")).login is not one.login
    assert opened(purses, PRESETS["keyed"].profile).login is None


def test_one_login_is_not_spent_under_different_settings() -> None:
    one, other = codex(), evolve(codex(originator="another"), name="mine")
    with pytest.raises(
        Misconfigured, match=r"codex and mine spend the login in .* under different"
    ):
        Purses(MemoryReactorClock()).prepare([one, other])


def test_a_login_under_other_settings_is_another_one_and_the_same_ones_share_it() -> None:
    purses = Purses(MemoryReactorClock())
    purses.prepare([codex()])
    before = opened(purses, codex()).login
    purses.prepare([codex()])
    assert opened(purses, codex()).login is before
    changed = codex(refresh_url="https://elsewhere.test/token")
    purses.prepare([changed, evolve(changed, name="mine")])
    after = opened(purses, changed).login
    assert after is not before
    assert after is opened(purses, evolve(changed, name="mine")).login
    assert after is not None
    assert after.account.refresh_url == "https://elsewhere.test/token"
    detour = evolve(changed, upstream=evolve(changed.upstream, proxy="http://127.0.0.1:9"))
    purses.prepare([detour])
    assert opened(purses, detour).login is not after, "its token endpoint has another way, too"


def test_defect_5_10_9_how_often_tokens_were_refreshed_is_known_to_the_port() -> None:
    wired = played(PlayedLogin(spent("one")))
    profile = codex()
    account = profile.credential.login
    assert account is not None
    login = open_login(MemoryReactorClock(), account, profile.upstream, profile.timeouts)
    wired.port.purse = OfLogin(login, profile, lambda base: wired.port.client)
    assert wired.port.login is login
    assert login.refreshed == 0


@pytest.mark.parametrize("holds", [spent("one"), defect("expired", "Run codex login.")])
def test_a_port_knows_whether_its_login_is_good(holds: Any) -> None:
    wired = played(PlayedLogin(holds))
    fault = Deferred.fromCoroutine(wired.port.purse.fault())
    assert fault.result == (None if isinstance(holds, Spent) else "login_expired")
    assert Deferred.fromCoroutine(Wired(PRESETS["keyed"].profile).port.purse.fault()).result is None
