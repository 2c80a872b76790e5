"""The login as an exchange sees it: what to spend now, and what to spend after a 401.

::

    spent = await login.credential()            where to, with which fields, under which rules
    answer = ...
    if answer.status == 401:
        again = await login.renewed(spent)      None: that answer stands

Tokens are refreshed five minutes before they end. As long as they are good, nobody waits for that.
"""

from collections.abc import Callable
from time import time
from typing import Any, Final

from attrs import define, evolve, field, frozen
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint
from twisted.internet.threads import deferToThreadPool

from openaiproxy.codex.account import Account
from openaiproxy.profile import Timeouts, Upstream
from openaiproxy.upstream.client import UpstreamClient
from openaiproxy.upstream.login.disk import AuthFile, Calls
from openaiproxy.upstream.login.document import Document, Mode, defect, digest
from openaiproxy.upstream.login.patience import look
from openaiproxy.upstream.login.renewal import Renewal
from openaiproxy.upstream.login.spent import Spent, spent, user_agent
from openaiproxy.upstream.login.tokens import TokenEndpoint, origin_and_target

__all__ = ["Login", "Standing", "open_login"]

_LEEWAY: Final = 30.0


@frozen
class Standing:
    """How a login stands, for whoever runs the proxy.

    :param expires: when its access token ends, in seconds since 1970, where that can be told.
    :param refreshed: when its tokens were made, likewise.
    :param refreshable: whether it has a refresh token.
    """

    path: str
    mode: Mode
    expires: float | None
    refreshed: float | None
    refreshable: bool


@define(eq=False)
class Login:
    """The user's login.

    :param account: the setting.
    :param file: its file.
    :param renewal: refreshes its tokens.
    :param clock: for waits.
    :param now: seconds since 1970.
    """

    account: Account
    _file: AuthFile
    _renewal: Renewal
    _clock: IReactorTime
    _now: Callable[[], float]
    _made: tuple[Document, Spent] | None = field(default=None, init=False, repr=False)

    @property
    def refreshed(self) -> int:
        """How often tokens were got, for the metrics."""
        return self._renewal.refreshed

    def tell(self, told: Callable[[bool], None]) -> None:
        """Have it told of each refresh of this process.

        :param told: whether tokens were got; must not raise.
        """
        self._renewal.told = told

    async def credential(self) -> Spent:
        """What to spend now.

        :raises Unavailable: 503 ``login_...``, when there is nothing.
        """
        document = await self._look()
        if self._renewal.is_due(document):
            renewing = self._renewal.begin(document)
            if self._is_good(document):
                renewing.addErrback(lambda _: None)  # the renewal has said it in the log
            else:
                document = await renewing
        return self._spend(document)

    async def renewed(self, refused: Spent) -> Spent | None:
        """What to spend instead of a credential that was answered with 401.

        :return: ``None`` where nothing else would be answered otherwise; the 401 stands.
        :raises Unavailable: 503 ``login_...``, when there is nothing, or the login is another one by now.
        """
        document = await self._look()
        if digest(document.secret) == refused.digest:
            if document.mode is Mode.API_KEY or self._renewal.is_young(document.secret):
                return None
            document = await self._renewal.begin(document, refused=True)
        again = self._spend(document)
        if (again.mode, again.account) != (refused.mode, refused.account):
            message = "The Codex login was changed for another one meanwhile; please ask again."
            raise defect("changed", message)
        return None if again.digest == refused.digest else again

    async def standing(self) -> Standing:
        """How it stands; nothing is refreshed.

        :raises Unavailable: 503 ``login_...``, when it can't be used.
        """
        found = await self._look()
        return Standing(
            self._file.path,
            found.mode,
            found.claims.expires,
            found.refreshed,
            found.refresh is not None,
        )

    async def close(self) -> None:
        """Let a refresh that is under way come to its end, and close what is open."""
        await self._renewal.close()

    async def _look(self) -> Document:
        return self._renewal.overlay(await look(self._file, self._clock))

    def _spend(self, document: Document) -> Spent:
        """The same again for the same document: most requests find it unchanged."""
        if self._made is None or self._made[0] is not document:
            self._made = document, spent(document, self.account)
        return self._made[1]

    def _is_good(self, document: Document) -> bool:
        expires = document.claims.expires
        return expires is None or expires > self._now() + _LEEWAY


def open_login(
    reactor: Any,
    account: Account,
    upstream: Upstream,
    timeouts: Timeouts,
    *,
    now: Callable[[], float] = time,
    endpoint: IStreamClientEndpoint | None = None,
    calls: Calls | None = None,
) -> Login:
    """Make a login ready for use. Nothing is read yet.

    :param reactor: clock, name resolver and threads.
    :param upstream: its proxy and authorities hold for the way to the token endpoint, too.
    :param endpoint: reaches the token endpoint in place of its address.
    :param calls: to the system, in place of its own.
    :raises Misconfigured: when the refresh URL can't be used.
    """
    origin, target = origin_and_target(account.refresh_url)
    client = UpstreamClient(
        reactor, evolve(upstream, base=origin, embedded=False), timeouts, endpoint
    )
    tokens = TokenEndpoint(client, target, account.client_id, user_agent(account), reactor)
    file = AuthFile(account.auth_file, now, calls or Calls())

    def aside(call: Callable[[], None]) -> Any:
        return deferToThreadPool(reactor, reactor.getThreadPool(), call)

    return Login(account, file, Renewal(file, tokens, reactor, now, aside), reactor, now)
