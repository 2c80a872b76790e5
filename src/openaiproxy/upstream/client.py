"""What the rest of the shell sees of the upstream: ask it, get its answer or a fault with a name.

Nothing is kept from one request to the next but idle connections. A request leaves exactly as it
was given, plus ``Host``, its framing, and what a proxy wants; an answer is handed on as it came,
its body undecoded.

Failures of the upstream become :class:`~openaiproxy.errors.BadUpstream`; whatever the request's own
body failed with passes as it is, and so does ``CancelledError``. Waiting for the answer has no
limit here: that is the exchange's affair.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from attrs import field, frozen
from twisted.internet.defer import Deferred, fail
from twisted.internet.interfaces import IProtocol, IReactorTime, IStreamClientEndpoint
from twisted.python.failure import Failure
from twisted.web.iweb import UNKNOWN_LENGTH, IBodyProducer

from openaiproxy.errors import BadUpstream
from openaiproxy.profile import WIRE, Timeouts, Upstream
from openaiproxy.upstream.agent import Asker
from openaiproxy.upstream.connect import proxy_refused
from openaiproxy.upstream.connection import CutShort, Request, Unanswered
from openaiproxy.upstream.endpoints import find_way
from openaiproxy.upstream.heads import InvalidAnswer
from openaiproxy.upstream.incoming import Incoming
from openaiproxy.upstream.pool import Pool
from openaiproxy.upstream.reading import reading
from openaiproxy.wire.headers import Field, is_token
from openaiproxy.wire.media import Media, media_of

__all__ = ["Answer", "UpstreamClient"]

_REQUEST_LINE = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /[\x21-\x7e\x80-\xff]*")
_OURS: Final = frozenset((b"host", b"content-length", b"transfer-encoding", b"connection"))
_NAMES_KEPT: Final = 1024
# Methods that usually have a body say so when they have none (RFC 9110, 8.6).
_USUALLY_WITH_BODY: Final = frozenset((b"POST", b"PUT", b"PATCH"))
_PROXY_AUTHENTICATION_REQUIRED: Final = 407


@frozen(slots=False)
class Answer:
    """An upstream's answer, whose body is still to be taken.

    :param headers: end-to-end fields as they came; repeated ones stay repeated; ``Content-Length``
        is not among them.
    :ivar named: the values of those fields by their names in lower case; of repeated ones, the first.
    :param length: bytes of the body, ``None`` where unknown. To a HEAD and in a 304 it is what the
        upstream says of the body that it does not send.
    """

    status: int
    phrase: bytes
    headers: list[Field]
    length: int | None
    _incoming: Incoming = field(repr=False)
    named: dict[bytes, bytes] = field(init=False, repr=False, eq=False)

    @property
    def media(self) -> Media:
        """What its body is."""
        named = self.named
        return media_of(named.get(b"content-type"), named.get(b"content-encoding"))

    @named.default
    def _name(self) -> dict[bytes, bytes]:
        return {name.lower(): value for name, value in reversed(self.headers)}

    def deliver(self, protocol: IProtocol) -> None:
        """Have the body given to a protocol. To be called once, and soon: until then nothing is
        read.

        Its transport offers ``pauseProducing``, ``resumeProducing`` and ``stopProducing``. Its
        ``connectionLost`` is called once, with ``ResponseDone``, with ``PotentialDataLoss`` (ended
        by the close alone), or with anything else, which means that the body is broken.
        """
        self._incoming.deliverBody(protocol)

    def abort(self) -> None:
        """Close the upstream connection at once, unless the answer is whole. May be called at any
        time and again.
        """
        self._incoming.abort()


class UpstreamClient:
    """One profile's upstream.

    :param reactor: clock and name resolver.
    :param endpoint: reaches the upstream in place of its address: the embedded one, or a test's.
    :param wire: who reads answers, ``ours`` or ``twisted``.
    :raises Misconfigured: when base, proxy or CA bundle are unusable.
    """

    def __init__(
        self,
        reactor: IReactorTime,
        upstream: Upstream,
        timeouts: Timeouts,
        endpoint: IStreamClientEndpoint | None = None,
        wire: str = WIRE,
    ) -> None:
        way = find_way(reactor, upstream, timeouts.connect, endpoint)
        self._peer = way.origin.peer
        self._proxy = way.peer if way.by_proxy else None
        self._before_target = way.before_target
        self._host = b"Host: " + way.origin.authority.encode()
        if way.authorization is not None:
            self._host += b"\r\nProxy-Authorization: " + way.authorization
        self._breaks_in_host = self._host.count(b"\n")
        self._pool = Pool(reactor, way.endpoint, way.peer, timeouts.connect, reading(wire))
        self._asker = Asker(self._pool, reactor)
        self._names: set[bytes] = set()  # of fields that may be sent; most requests have the same

    def fetch(
        self,
        method: bytes,
        target: bytes,
        headers: Sequence[Field],
        body: IBodyProducer | None = None,
    ) -> "Deferred[Answer]":
        """Send a request.

        :param target: path and query as they are to arrive, beginning with a slash; the base's path
            is put before it.
        :param headers: end-to-end fields, without ``Host`` and ``Content-Length``.
        :param body: its ``length`` decides between ``Content-Length`` and chunks. It is started once
            there is a connection, and told to stop only if it was started.
        :return: fires with the :class:`Answer` when its head is there. May be cancelled at any
            time, which closes the connection at once. Fails with
            :class:`~openaiproxy.errors.BadUpstream`; with what ``body`` failed with,
            ``WrongBodyLength`` included; or with ``ValueError`` when this is no request.
        """
        try:
            request = Request(method, self._head(method, target, headers, body), body)
        except ValueError as error:
            return fail(error)
        return self._asker.ask(request).addCallbacks(self._answered, self._failed)

    def close(self) -> "Deferred[None]":
        """Close the idle connections; those in use close after their answer.

        :return: fires when the idle ones are closed.
        """
        return self._pool.close()

    def _answered(self, response: Any) -> Answer:
        incoming: Incoming = response.original
        head = incoming.head
        if self._proxy is not None and head.status == _PROXY_AUTHENTICATION_REQUIRED:
            incoming.abort()
            raise proxy_refused(self._proxy, f"answered {head.status}")
        length = None if head.status == 204 else head.length
        return Answer(head.status, head.phrase, head.headers, length, incoming)

    def _failed(self, failure: Failure) -> Failure:
        error = failure.value
        if isinstance(error, (Unanswered, CutShort)):
            raise self._closed(error) from None
        if isinstance(error, InvalidAnswer):
            message = f"the answer of {self._peer} is invalid: {error}"
            raise BadUpstream(502, "upstream_invalid_answer", message) from None
        return failure

    def _closed(self, error: Exception) -> BadUpstream:
        what = "within" if isinstance(error, CutShort) else "without"
        return BadUpstream(
            502, "upstream_closed", f"{self._peer} closed the connection {what} an answer"
        )

    def _head(
        self, method: bytes, target: bytes, headers: Sequence[Field], body: IBodyProducer | None
    ) -> bytes:
        if _REQUEST_LINE.fullmatch(b"%b %b" % (method, target)) is None:
            raise ValueError("no method and target that could stand in a request line")
        names = self._names
        lines = [b"%b %b%b HTTP/1.1" % (method, self._before_target, target), self._host]
        for name, value in headers:
            if name not in names:
                self._admit(name)
            lines.append(b"%b: %b" % (name, value))
        if body is None:
            if method in _USUALLY_WITH_BODY:
                lines.append(b"Content-Length: 0")
        elif body.length is UNKNOWN_LENGTH:
            lines.append(b"Transfer-Encoding: chunked")
        else:
            lines.append(b"Content-Length: %d" % body.length)
        breaks = len(lines) + self._breaks_in_host + 1
        written = b"\r\n".join([*lines, b"", b""])
        if written.count(b"\n") != breaks or written.count(b"\r") != breaks or b"\0" in written:
            raise ValueError("a header field has a line break or NUL in it")
        return written

    def _admit(self, name: bytes) -> None:
        if not is_token(name):
            raise ValueError("the name of a header field is none")
        if name.lower() in _OURS:
            raise ValueError("Host, Connection and framing are not the caller's to give")
        if len(self._names) < _NAMES_KEPT:
            self._names.add(name)
