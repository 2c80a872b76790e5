"""Between treq and our connections: an agent for one request, which sends that and nothing else.

treq adds ``Accept-Encoding``, takes gzip apart, keeps cookies, upper-cases methods and rewrites
URLs. So it gets a URL that means nothing, no headers, and a jar that is always empty;
:class:`OneRequest`, under it, knows the bytes to send. What comes back shows treq no header
(:class:`~openaiproxy.upstream.incoming.Incoming`), hence nothing to decode.

A request is sent a second time, on a fresh connection, only if it went out on a reused one that
turned out to be closed, no byte of an answer came, it has no body, and its method is one that
changes nothing.
"""

from collections.abc import Iterator
from http.cookiejar import Cookie
from typing import Any, Final, cast

from hyperlink import EncodedURL
from treq.client import HTTPClient
from treq.cookies import IndexableCookieJar
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from openaiproxy.upstream.connection import Request, Unanswered
from openaiproxy.upstream.incoming import Incoming
from openaiproxy.upstream.pool import Pool

__all__ = ["NoCookies", "OneRequest", "ask"]

_SAFE: Final = frozenset((b"GET", b"HEAD", b"OPTIONS"))


class NoCookies(IndexableCookieJar):
    """A jar that takes nothing and gives nothing, so that no caller meets another's cookies."""

    def __iter__(self) -> Iterator[Cookie]:
        return iter(())

    def set_cookie(self, cookie: Cookie) -> None:
        """Forget it."""

    def add_cookie_header(self, request: object) -> None:
        """Add none."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Take none."""


class _Placeholder(EncodedURL):
    """A URL that treq can pass on without parsing or encoding it again."""

    def to_uri(self) -> "_Placeholder":
        return self

    def to_text(self, with_password: bool = False) -> str:
        return "http://upstream/"


_URL: Final = _Placeholder.from_text("http://upstream/")


@implementer(IAgent)
class OneRequest:
    """Sends one request over a pool.

    :ivar incoming: its answer, once there is one.
    """

    def __init__(self, pool: Pool, request: Request) -> None:
        self.incoming: Incoming | None = None
        self._pool = pool
        self._request = request

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> "Deferred[IResponse]":
        """``IAgent``: the arguments are not looked at."""
        return Deferred.fromCoroutine(self._send())

    async def _send(self) -> IResponse:
        self.incoming = await self._exchange()
        return self.incoming

    async def _exchange(self) -> Incoming:
        request = self._request
        reused = self._pool.take()
        if reused is not None:
            try:
                return await reused.send(request)
            except Unanswered:
                if request.body is not None or request.method not in _SAFE:
                    raise
        connection = await self._pool.dial()
        return await connection.send(request)


async def ask(pool: Pool, request: Request, jar: NoCookies, reactor: IReactorTime) -> Incoming:
    """Send a request by way of treq.

    :return: the answer, whose head is there.
    :raises Exception: as :meth:`Connection.send <openaiproxy.upstream.connection.Connection.send>`
        and :meth:`Pool.dial <openaiproxy.upstream.pool.Pool.dial>` do.
    """
    agent = OneRequest(pool, request)
    await HTTPClient(agent, jar, _as_it_is).request(
        "GET" if request.body is None else "POST",
        _URL,
        data=request.body,
        cookies=jar,
        allow_redirects=False,
        unbuffered=True,
        reactor=cast(Any, reactor),  # only so that treq does not import the global one
    )
    assert agent.incoming is not None
    return agent.incoming


def _as_it_is(body: IBodyProducer) -> IBodyProducer:
    return body
