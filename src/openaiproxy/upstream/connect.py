"""``CONNECT``: a way through an HTTP proxy for what it need not understand (RFC 9110, 9.3.6) ::

    CONNECT api.openai.com:443 HTTP/1.1        HTTP/1.1 200 Connection established
    Host: api.openai.com:443
    Proxy-Authorization: Basic dXNlcjpwYXNz

and then bytes, both ways. What the proxy says is bounded and, beyond its status, told to nobody.
"""

from typing import Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.python.failure import Failure
from zope.interface import implementer

from openaiproxy.errors import BadUpstream
from openaiproxy.upstream.heads import HeadReader, InvalidAnswer
from openaiproxy.upstream.threshold import Threshold, Thresholds

__all__ = ["TunnelEndpoint", "proxy_refused"]

_HEAD_LIMIT: Final = 64 * 1024


def proxy_refused(peer: str, what: str) -> BadUpstream:
    """The error for a proxy that does not let a request through.

    :param peer: the proxy's ``host:port``.
    :param what: what it did, such as ``answered 407``.
    """
    return BadUpstream(502, "proxy_refused", f"the proxy {peer} {what}")


class _Tunnel(Threshold):
    def __init__(self, factory: IProtocolFactory, peer: str, question: bytes) -> None:
        super().__init__(factory)
        self._peer = peer
        self._question = question
        self._head = HeadReader(limit=_HEAD_LIMIT)

    def connectionMade(self) -> None:
        assert self.transport is not None
        self.transport.write(self._question)

    def heard(self, data: bytes) -> None:
        try:
            found = self._head.feed(data)
        except InvalidAnswer:
            self.refuse(proxy_refused(self._peer, "answered CONNECT with something else than HTTP"))
            return
        if found is None:
            return
        head, rest = found
        if 200 <= head.status < 300:
            self.cross(rest)
        else:
            self.refuse(proxy_refused(self._peer, f"answered {head.status} to CONNECT"))

    def lost(self, reason: Failure) -> Exception:
        return proxy_refused(self._peer, "closed the connection instead of answering CONNECT")


@implementer(IStreamClientEndpoint)
class TunnelEndpoint:
    """A connection to ``target`` by way of a proxy.

    :param proxy: reaches the proxy.
    :param peer: the proxy's ``host:port``, for messages.
    :param target: ``host:port`` to ask for.
    :param authorization: the value of ``Proxy-Authorization``, if any.
    """

    def __init__(
        self, proxy: IStreamClientEndpoint, peer: str, target: str, authorization: bytes | None
    ) -> None:
        self._proxy = proxy
        self._peer = peer
        lines = [b"CONNECT %b HTTP/1.1" % target.encode(), b"Host: " + target.encode()]
        if authorization is not None:
            lines.append(b"Proxy-Authorization: " + authorization)
        self._question = b"\r\n".join([*lines, b"", b""])

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        """``IStreamClientEndpoint``: fires when the proxy has opened the way.

        Fails with :class:`~openaiproxy.errors.BadUpstream` 502 ``proxy_refused``, or as ``proxy``
        does.
        """
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        tunnel = _Tunnel(factory, self._peer, self._question)
        await self._proxy.connect(Thresholds(tunnel))
        return await tunnel.ready
