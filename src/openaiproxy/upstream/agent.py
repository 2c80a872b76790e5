"""Between treq and our connections: an agent that sends a prepared request, and nothing else.

treq adds ``Accept-Encoding``, takes gzip apart, keeps cookies, upper-cases methods and rewrites
URLs. So it gets a URL that means nothing, a jar that is always empty, and headers of a class of
ours (:class:`Prepared`) that change for nobody and hold the request's very bytes; :class:`PoolAgent`,
under it, looks at nothing else. What comes back shows treq no header
(:class:`~openaiproxy.upstream.incoming.Incoming`), hence nothing to decode. All of this costs treq
little time, too: it has no header to copy, no cookie to look for, and its callbacks stand on the
one ``Deferred`` that the connection made.

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
from twisted.python.failure import Failure
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer, IResponse
from zope.interface import implementer

from openaiproxy.upstream.connection import Request, Unanswered
from openaiproxy.upstream.incoming import Incoming
from openaiproxy.upstream.pool import Pool

__all__ = ["Asker", "NoCookies", "PoolAgent", "Prepared"]

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


class Prepared(Headers):
    """A whole request, in the place where treq expects headers. Nothing can be added to it.

    :ivar request: what is sent.
    """

    def __init__(self, request: Request) -> None:
        self.request = request

    def __repr__(self) -> str:
        """Nothing of the request, whose fields hold keys."""
        return "<a prepared request>"

    def copy(self) -> "Prepared":
        """It is handed on as it is."""
        return self

    def hasHeader(self, name: str | bytes) -> bool:
        """Nobody needs to add a ``Cookie``."""
        return True

    def addRawHeader(self, name: str | bytes, value: str | bytes) -> None:
        """Not taken: what is sent is fixed."""


@implementer(IAgent)
class PoolAgent:
    """Sends requests over a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def request(
        self,
        method: bytes,
        uri: bytes,
        headers: Headers | None = None,
        bodyProducer: IBodyProducer | None = None,
    ) -> "Deferred[IResponse]":
        """``IAgent``: only the headers are looked at, which are :class:`Prepared`."""
        assert isinstance(headers, Prepared)
        request = headers.request
        reused = self._pool.take()
        if reused is None:
            answered = Deferred.fromCoroutine(self._afresh(request))
        else:
            answered = reused.send(request)
            if request.body is None and request.method in _SAFE:
                answered.addErrback(self._again, request)
        return cast("Deferred[IResponse]", answered)

    def _again(self, failure: Failure, request: Request) -> "Deferred[Incoming]":
        failure.trap(Unanswered)
        return Deferred.fromCoroutine(self._afresh(request))

    async def _afresh(self, request: Request) -> Incoming:
        connection = await self._pool.dial()
        return await connection.send(request)


class Asker:
    """Sends requests by way of treq.

    :param reactor: only so that treq does not import the global one.
    """

    def __init__(self, pool: Pool, reactor: IReactorTime) -> None:
        self._jar = NoCookies()
        self._treq = HTTPClient(PoolAgent(pool), self._jar, _as_it_is)
        self._reactor = cast(Any, reactor)

    def ask(self, request: Request) -> "Deferred[Any]":
        """:return: fires with treq's response when its head is there, whose ``original`` is the
        :class:`~openaiproxy.upstream.incoming.Incoming`; may be cancelled. Fails as
        :meth:`Connection.send <openaiproxy.upstream.connection.Connection.send>` and
        :meth:`Pool.dial <openaiproxy.upstream.pool.Pool.dial>` do.
        """
        answered = self._treq.request(
            "GET" if request.body is None else "POST",
            _URL,
            headers=Prepared(request),
            data=request.body,
            cookies=self._jar,
            allow_redirects=False,
            unbuffered=True,
            reactor=self._reactor,
        )
        return cast("Deferred[Any]", answered)


def _as_it_is(body: IBodyProducer) -> IBodyProducer:
    return body
