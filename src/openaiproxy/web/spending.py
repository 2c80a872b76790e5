"""What a request spends: whose credential, by which way, and under which rules.

A caller's own key, a key of the server's and the user's Codex login are three values of one thing.
Two of them are the same for every request of a port. A login is asked each time, since its tokens
change, and since what it holds decides where requests go:

==============  ==================================  ================================================
a login holds   requests go to                      which takes
==============  ==================================  ================================================
an API key      OpenAI's API                        everything
ChatGPT tokens  the backend of ChatGPT              Responses alone, and not all of that
==============  ==================================  ================================================

What a login is refused with (401) is no affair of the caller, whose program would go and log in
anew: it is asked once more with other tokens, if there are any, and is 503 then (pitfall 68).
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from attrs import define, evolve, field, frozen
from twisted.web.http_headers import Headers

from openaiproxy.codex.refusals import Refusal, refusal
from openaiproxy.codex.targets import backend_target
from openaiproxy.errors import Unavailable
from openaiproxy.profile import Profile
from openaiproxy.upstream.client import Answer, UpstreamClient
from openaiproxy.upstream.login.document import Mode as Holds
from openaiproxy.upstream.login.document import defect
from openaiproxy.upstream.login.login import Login
from openaiproxy.upstream.login.spent import Spent
from openaiproxy.web.fields import reread_fields, translated_fields, upstream_fields
from openaiproxy.wire.headers import Field

__all__ = ["Key", "OfLogin", "Purse", "Spending", "spend"]

_BACKEND = ("responses",)
"""The dialects that it speaks."""
_KEYS = (b"authorization", b"x-api-key", b"openai-organization", b"openai-project")
"""The fields that say whose account is spent."""
_COOKIES = frozenset((b"set-cookie", b"set-cookie2"))


@frozen
class Spending:
    """What one request spends.

    :param client: the way to its upstream.
    :param profile: the port's, as it is with this upstream: what that speaks, and so what is
        translated.
    :param spent: what was taken from a login; ``None`` for a key, be it whose it may.
    :param version: of a client, for the backend's list of models.
    """

    client: UpstreamClient = field(repr=False)
    profile: Profile
    spent: Spent | None = None
    version: str = "1.0.0"

    @property
    def is_backend(self) -> bool:
        """Whether it is spent at the backend of ChatGPT."""
        return self.spent is not None and self.spent.mode is Holds.CHATGPT

    def target(self, target: bytes) -> bytes:
        """What to ask this upstream for.

        :param target: path and query as for OpenAI's API.
        :raises BadRequest: 404, for what the backend doesn't have.
        """
        if self.spent is None:
            return target
        if self.is_backend:
            return backend_target(target, self.spent.prefix, self.version)
        return self.spent.prefix + target

    def passed(self, headers: Headers) -> list[Field]:
        """A caller's fields, for a body that goes as it came."""
        return self.over(upstream_fields(headers, self.profile))

    def reread(self, headers: Headers) -> list[Field]:
        """A caller's fields, for a body that was read here, and is of the same kind."""
        return self.over(reread_fields(headers, self.profile))

    def translated(self, headers: Headers, dialect: str, *, stream: bool) -> list[Field]:
        """A caller's fields, for a body that was made here.

        :param dialect: the body's.
        :param stream: whether it asks for a stream.
        """
        return self.over(translated_fields(headers, self.profile, dialect, stream=stream))

    def over(self, fields: list[Field]) -> list[Field]:
        """Fields with the login in place of whatever they spend or claim."""
        return fields if self.spent is None else self.spent.over(fields)

    def whose(self, fields: Iterable[Field]) -> bytes:
        """What stands for whose credential these fields spend. A login's stays the same when its tokens
        are refreshed. A secret may be in it: it is for digests.

        :param fields: as :meth:`passed`, :meth:`reread` or :meth:`translated` made them.
        """
        if self.spent is not None:
            return (self.spent.account or self.spent.digest).encode("ascii")
        said = [(name.lower(), value) for name, value in fields if name.lower() in _KEYS]
        return b"\0".join(name + b":" + value for name, value in said)

    def foreign(self, fields: Iterable[Field]) -> list[Field]:
        """Fields without the login's own."""
        own = {name for name, _ in self.spent.headers} if self.spent is not None else set()
        return [each for each in fields if each[0] not in own]

    def refusal(self, answer: Answer, body: bytes, now: float) -> Refusal | None:
        """A bad answer that means something else than it says, as the backend's may.

        :param now: seconds since 1970.
        """
        return refusal(answer.status, answer.headers, body, now) if self.is_backend else None


class Purse(Protocol):
    """Where a port's requests take what they spend."""

    @property
    def login(self) -> Login | None:
        """The login that it is taken from, if it is one."""

    async def spending(self) -> Spending:
        """What to spend now.

        :raises Unavailable: 503 ``login_...``, when there is nothing.
        """

    async def renewed(self, refused: Spending) -> Spending | None:
        """What to spend in place of what was refused; ``None`` if there is nothing better.

        :raises Unavailable: 503 ``login_...``, likewise.
        """

    async def fault(self) -> str | None:
        """Why there is nothing to spend, in one word such as ``login_expired``; ``None`` if there is."""


@frozen
class Key:
    """A key: the server's, or the caller's own. It is for nobody here to renew."""

    _spending: Spending
    login: None = None

    async def spending(self) -> Spending:
        """The same each time."""
        return self._spending

    async def renewed(self, refused: Spending) -> Spending | None:
        """Nothing."""
        return None

    async def fault(self) -> str | None:
        """Whether it is good, only the upstream knows."""
        return None


@define(eq=False)
class OfLogin:
    """The user's login.

    :param profile: the port's, as it is at the API.
    :param client_for: the way to an upstream, by the base that a login names.
    """

    login: Login
    _profile: Profile
    _client_for: Callable[[str], UpstreamClient]
    _made: Spending | None = field(default=None, init=False)

    async def spending(self) -> Spending:
        """What the login holds now."""
        return self._of(await self.login.credential())

    async def renewed(self, refused: Spending) -> Spending | None:
        """Its tokens, refreshed, unless that would change nothing."""
        assert refused.spent is not None, "it was taken from a login"
        again = await self.login.renewed(refused.spent)
        return None if again is None else self._of(again)

    async def fault(self) -> str | None:
        """What is wrong with the login. Tokens that are due are refreshed."""
        try:
            await self.login.credential()
        except Unavailable as error:
            return error.code
        return None

    def _of(self, spent: Spent) -> Spending:
        if self._made is None or self._made.spent is not spent:
            profile = self._profile
            if spent.mode is Holds.CHATGPT:
                profile = evolve(profile, upstream=evolve(profile.upstream, speaks=_BACKEND))
            version = self.login.account.client_version
            self._made = Spending(self._client_for(spent.base), profile, spent, version)
        return self._made


Send = Callable[[Spending], Awaitable[Answer]]


async def spend(purse: Purse, spending: Spending, send: Send, *, again: bool = True) -> Answer:
    """Ask an upstream, and once more if it refuses a login.

    :param send: asks it.
    :param again: whether it can be asked twice.
    :raises Unavailable: 503 ``login_refused``, when the login is no good.
    """
    answer = await send(spending)
    if spending.spent is None:
        return answer
    if answer.status == 401:
        answer.abort()
        renewed = await purse.renewed(spending) if again else None
        if renewed is None:
            raise _refused(spending)
        answer = await send(renewed)
        if answer.status == 401:
            answer.abort()
            raise _refused(spending)
    kept = _without_cookies(answer.headers)
    return answer if len(kept) == len(answer.headers) else evolve(answer, headers=kept)


def _refused(spending: Spending) -> Exception:
    what = "tokens are" if spending.is_backend else "API key is"
    return defect("refused", f"The Codex login's {what} refused: run `codex login`.")


def _without_cookies(fields: Iterable[Field]) -> list[Field]:
    """They are the login's, and callers are not to carry them on."""
    return [(name, value) for name, value in fields if name.lower() not in _COOKIES]
