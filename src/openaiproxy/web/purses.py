"""The purses of a process: one for each open port, and behind them one login for each ``auth.json``.

Two logins over one file would refresh each other's tokens. The ways that a login leads to are of the
profile whose port it is, with its waits and its proxy.

Where another configuration has a login under other settings, another one is opened. Requests that run keep the old
one; the file's lock stands between the two, as between two processes.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from attrs import define, evolve, field, frozen

from openaiproxy.codex.account import Account
from openaiproxy.errors import Misconfigured
from openaiproxy.profile import WIRE, Profile, Timeouts, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.login.login import Login, open_login
from openaiproxy.web.spending import Key, OfLogin, Purse, Spending

__all__ = ["Purses", "check_logins"]


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
    _logins: dict[str, "tuple[_Terms, Login]"] = field(factory=dict, init=False)
    _past: list[Login] = field(factory=list, init=False)
    _ways: list["_Ways"] = field(factory=list, init=False)

    def prepare(self, profiles: Iterable[Profile]) -> None:
        """See to it that ports that are opened from now on spend logins as these profiles say.

        :param profiles: those of all ports.
        :raises Misconfigured: where two of them spend one login under different settings.
        """
        for path, profile in check_logins(profiles).items():
            former = self._logins.get(path)
            if former is not None and former[0] != _Terms.of(profile):
                self._past.append(former[1])
                del self._logins[path]

    def open(self, profile: Profile, client: UpstreamClient) -> Purse:
        """The purse of a port.

        :param client: the way to the profile's own upstream.
        :raises Misconfigured: when one of its URLs is unusable.
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
        for login in (*self._past, *(login for _, login in self._logins.values())):
            await login.close()
        for ways in self._ways:
            await ways.close()

    def _login(self, profile: Profile, account: Account) -> Login:
        found = self._logins.get(account.auth_file)
        if found is not None:
            return found[1]
        terms = _Terms.of(profile)
        login = open_login(self._reactor, account, terms.way, terms.timeouts)
        login.tell(partial(self._told, profile.name))
        self._logins[account.auth_file] = terms, login
        return login


@frozen
class _Terms:
    """On what terms a login is opened.

    :param way: to the token endpoint.
    """

    account: Account
    way: Upstream
    timeouts: Timeouts

    @classmethod
    def of(cls, profile: Profile) -> "_Terms":
        account = profile.credential.login
        assert account is not None, "seen before"
        return cls(account, _way(profile.upstream, account, account.refresh_url), profile.timeouts)


def check_logins(profiles: Iterable[Profile]) -> dict[str, Profile]:
    """The first profile that spends each login.

    :raises Misconfigured: where another one spends it under other settings.
    """
    owners: dict[str, Profile] = {}
    for profile in profiles:
        account = profile.credential.login
        if account is None:
            continue
        owner = owners.setdefault(account.auth_file, profile)
        if owner.credential.login != account:
            raise Misconfigured(
                f"profiles {owner.name} and {profile.name} spend the login in {account.auth_file} under different "
                "settings"
            )
    return owners


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
