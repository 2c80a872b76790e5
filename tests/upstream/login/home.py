"""A home with an ``auth.json`` in it, and a token endpoint that a test plays."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.task import Clock

from openaiproxy.codex.account import Account
from openaiproxy.upstream.login.disk import AuthFile, Calls
from openaiproxy.upstream.login.login import Login
from openaiproxy.upstream.login.renewal import Renewal

START = 1_790_000_000.0
HOUR = 3600.0
ACCOUNT = "11111111-2222-3333-4444-555555555555"


def jwt(serial: str, expires: float | None, account: str = ACCOUNT, fedramp: bool = False) -> str:
    """A token as the endpoint makes it; ``serial`` makes it another one."""
    auth = {"chatgpt_account_id": account, "chatgpt_account_is_fedramp": fedramp}
    claims: dict[str, Any] = {"jti": serial, "https://api.openai.com/auth": auth}
    if expires is not None:
        claims["exp"] = expires
    parts = ({"alg": "RS256"}, claims, {"signature": serial})
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts
    )


def login_of(access: str, refresh: str | None = "rt-0", **more: Any) -> dict[str, Any]:
    """What ``codex login`` leaves, with members of tomorrow."""
    return {
        "future": {"kept": [1, 2.5, "ü", 18446744073709551617]},
        "auth_mode": "chatgpt",
        "OPENAI_API_KEY": None,
        "tokens": {
            "id_token": jwt("id", None),
            "access_token": access,
            "refresh_token": refresh,
            "account_id": ACCOUNT,
            "also_future": True,
        },
        "last_refresh": "2026-09-20T12:34:56.789Z",
        **more,
    }


@define(eq=False)
class PlayedEndpoint:
    """Refreshes when the test says so.

    :ivar asked: the refresh tokens that it was given.
    """

    asked: list[str] = field(factory=list, repr=False)
    waiting: "list[Deferred[Mapping[str, str]]]" = field(factory=list)
    closed: bool = False

    async def refresh(self, token: str) -> Mapping[str, str]:
        self.asked.append(token)
        waiting: Deferred[Mapping[str, str]] = Deferred()
        self.waiting.append(waiting)
        return await waiting

    def close(self) -> "Deferred[None]":
        self.closed = True
        return maybeDeferred(lambda: None)

    def grant(self, serial: str, expires: float = START + HOUR * 2) -> dict[str, str]:
        tokens = {"access_token": jwt(serial, expires), "refresh_token": f"rt-{serial}"}
        self.waiting.pop(0).callback(tokens)
        return tokens

    def refuse(self, error: Exception) -> None:
        self.waiting.pop(0).errback(error)


class Home:
    """One login, one file, one clock."""

    def __init__(self, folder: Path, calls: Calls | None = None) -> None:
        self.path = folder / "auth.json"
        self.clock = Clock()
        self.clock.advance(START)
        self.endpoint = PlayedEndpoint()
        self.account = Account(str(self.path))
        self.calls = calls or Calls()
        self.login = self.another()

    def another(self, endpoint: PlayedEndpoint | None = None) -> Login:
        """A login over the same file, as another process would have it."""
        file = AuthFile(str(self.path), self.clock.seconds, self.calls)
        seconds = self.clock.seconds
        played: Any = endpoint or self.endpoint
        renewal = Renewal(file, played, self.clock, seconds, maybeDeferred)
        return Login(self.account, file, renewal, self.clock, seconds)

    def write(self, found: Any) -> None:
        self.path.write_text(found if isinstance(found, str) else json.dumps(found, indent=2))

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.path.read_text())
        return found

    def access(self, serial: str = "0", left: float = HOUR) -> str:
        """An access token of so many more seconds, which is put into the file."""
        token = jwt(serial, self.clock.seconds() + left)
        self.write(login_of(token, f"rt-{serial}"))
        return token

    def ask(self, login: Login | None = None) -> "Deferred[Any]":
        return Deferred.fromCoroutine((login or self.login).credential())

    def after_401(self, refused: Any, login: Login | None = None) -> "Deferred[Any]":
        return Deferred.fromCoroutine((login or self.login).renewed(refused))


def bearer(spent: Any) -> str:
    """The token that a credential spends."""
    value: bytes = dict(spent.headers)[b"Authorization"]
    return value.decode().removeprefix("Bearer ")
