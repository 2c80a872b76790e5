"""A request's body, held and read: whole, and without its content coding."""

from attrs import define, field
from twisted.internet.interfaces import IConsumer, IProducer
from zope.interface import implementer

from openaiproxy.errors import BadRequest
from openaiproxy.web.body import Body
from openaiproxy.web.exchange import Exchange
from openaiproxy.web.request import Request
from openaiproxy.wire.coding import Decoding

__all__ = ["read_body", "read_whole"]


@implementer(IConsumer)
@define(eq=False)
class _Store:
    """Takes the pieces of a body as they arrive."""

    _body: Body
    _decoding: Decoding
    _pieces: list[bytes] = field(factory=list)
    _error: BadRequest | None = None

    def write(self, data: bytes) -> None:
        if self._error is not None:
            return
        try:
            self._pieces.append(self._decoding.feed(data))
        except BadRequest as error:
            self._error = error
            self._body.fail(error)

    def whole(self) -> bytes:
        if self._error is not None:
            raise self._error
        self._pieces.append(self._decoding.end())
        return b"".join(self._pieces)

    def registerProducer(self, producer: IProducer, streaming: bool) -> None:
        """Whoever holds everything has no need to slow anybody."""

    def unregisterProducer(self) -> None:
        """Likewise."""


async def read_whole(request: Request, most: int, wait: float) -> bytes:
    """The whole body of a request, its content coding taken off.

    :param most: bytes, as sent and as decoded.
    :param wait: seconds that its next piece may take.
    :raises BadRequest: 413 past ``most``; 400 for a body that is no such coding; 415 for an unknown one; 408 when it
        stops coming.
    """
    request.body.limit(most, wait)
    codings = request.requestHeaders.getRawHeaders("content-encoding", [])
    store = _Store(request.body, Decoding(", ".join(codings), most))
    await request.body.startProducing(store)
    return store.whole()


async def read_body(exchange: Exchange, at_most: int | None = None) -> bytes:
    """The whole body of a request that takes its course, as far as its profile allows.

    :param at_most: bytes, in place of the profile's limit for bodies that are read.
    :raises BadRequest: as :func:`read_whole`.
    """
    request, profile = exchange.request, exchange.port.profile
    read = profile.limits.read if at_most is None else at_most
    most = min(read, profile.limits.body or read)
    whole = await read_whole(request, most, profile.timeouts.client_body)
    exchange.work()
    return whole
