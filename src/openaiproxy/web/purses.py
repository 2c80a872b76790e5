"""The purses of a process: one for each open port, and behind them one login for each ``auth.json``.

Two logins over one file would refresh each other's tokens. The ways that a login leads to are of the
profile whose port it is, with its waits and its proxy.
"""

from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from attrs import define, evolve, field

from openaiproxy.codex.account import Account
from openaiproxy.errors import Misconfigured
from openaiproxy.profile import WIRE, Profile, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.login.login import Login, open_login
from openaiproxy.web.spending import Key, OfLogin, Purse, Spending

__all__ = ["Purses"]


@define(eq=False)
class Purses:
    """What the ports of a process spend.

    :param reactor: clock, name resolver and threads.
    :param wire: who reads answers, ``ours`` or ``twisted``.
    :param told: is told of each refresh of a login: the first profile that spends it, and whether
        tokens were got.
    """

    _reactor: Any
    _told: Callable[[str, bool], None] = lambda profile, ok: None
    _wire: str = WIRE
    _logins: dict[str, Login] = field(factory=dict, init=False)
    _ways: list["_Ways"] = field(factory=list, init=False)

    def open(self, profile: Profile, client: UpstreamClient) -> Purse:
        """The purse of a port.

        :param client: the way to the profile's own upstream.
        :raises Misconfigured: when another port spends the same login under other settings, or one
            of its URLs is unusable.
        """
        account = profile.credential.login
        if account is None:
            return Key(Spending(client, profile))
        ways = _Ways(self._reactor, profile, account, self._wire)
        login = self._login(profile, account)
        self._ways.append(ways)
        return OfLogin(login, profile, ways.to)

    async def close(self) -> None:
        """Close all that is open, once nothing is spent any more; a refresh that is under way is waited
        for, as it may hold the only copy of a token."""
        for login in self._logins.values():
            await login.close()
        for ways in self._ways:
            await ways.close()

    def _login(self, profile: Profile, account: Account) -> Login:
        login = self._logins.get(account.auth_file)
        if login is None:
            upstream = _way(profile.upstream, account, account.refresh_url)
            login = open_login(self._reactor, account, upstream, profile.timeouts)
            login.tell(partial(self._told, profile.name))
            self._logins[account.auth_file] = login
        elif login.account != account:
            raise Misconfigured(
                f"profile {profile.name}: the login in {account.auth_file} is spent by another profile, under "
                "other settings"
            )
        return login


@define(eq=False)
class _Ways:
    """The ways from one profile to the upstreams that its login names, each with connections of its
    own."""

    _reactor: Any
    _profile: Profile
    _account: Account
    _wire: str
    _clients: dict[str, UpstreamClient] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        for base in (self._account.api_base, self._account.backend_base):
            self.to(base)

    def to(self, base: str) -> UpstreamClient:
        """The way to an upstream's origin; what is asked for there holds the base's path."""
        client = self._clients.get(base)
        if client is None:
            profile, parts = self._profile, urlsplit(base)
            upstream = _way(profile.upstream, self._account, base)
            origin = evolve(upstream, base=f"{parts.scheme}://{parts.netloc}", embedded=False)
            client = UpstreamClient(self._reactor, origin, profile.timeouts, wire=self._wire)
            self._clients[base] = client
        return client

    async def close(self) -> None:
        for client in self._clients.values():
            await client.close()


def _way(upstream: Upstream, account: Account, url: str) -> Upstream:
    """The way out to one of those whom a login is shown to."""
    return evolve(upstream, proxy=None) if url in account.direct else upstream
