"""What the suite runs against: ports of both presets, an upstream, and a tap on each wire between.

::

    SDK -> tap -> port (passthrough) \\
                                      tap -> the stand-in
    SDK -> tap -> port (keyed)       /
"""

import gzip
import http.client
import os
import re
from pathlib import Path
from typing import Any

from attrs import define, frozen
from twisted.internet.task import deferLater
from twisted.protocols.policies import WrappingFactory
from twisted.web.resource import Resource

from openaiproxy.config.load import load
from openaiproxy.upstream.embedded.door import site
from openaiproxy.web.binding import bind_hosts, resolve
from openaiproxy.web.ports import Ports
from tests.e2e.wiretap import Exchange, Field, Wiretap

__all__ = ["CALLER_KEY", "GZIPPED", "SERVER_KEY", "House", "Place", "Reply", "open_house"]

SERVER_KEY = "sk-the-servers-own"
CALLER_KEY = "key-of-a-caller"
GZIPPED = "resp_gzipped"

# RFC 9110, 7.6.1, and "Host", which each hop names anew. Written out here so as not to trust the
# list under test.
_ONE_HOP = {b"host", b"connection", b"keep-alive", b"te", b"trailer", b"upgrade"}
_ONE_HOP |= {b"transfer-encoding", b"proxy-connection", b"proxy-authorization"}
_CREDENTIALS = {b"authorization", b"x-api-key", b"api-key"}
_OURS = {b"x-openaiproxy-request-id"}
_STREAM = {b"cache-control", b"x-accel-buffering"}


class Front(Resource):
    """The stand-in, and before it one answer that it doesn't have: a compressed one."""

    isLeaf = True

    def __init__(self, behind: Any) -> None:
        super().__init__()
        self._behind = behind
        document = b'{"id":"resp_gzipped","object":"response","output":[],"model":"gpt-4.1"}'
        self.compressed = gzip.compress(document, mtime=0)

    def render(self, request: Any) -> Any:
        if request.path != b"/v1/responses/" + GZIPPED.encode():
            return self._behind.render(request)
        request.setHeader("content-type", "application/json")
        request.setHeader("content-encoding", "gzip")
        request.setHeader("vary", "Accept-Encoding")
        request.setHeader("x-request-id", "req_gzipped")
        return self.compressed


_MODELS = re.compile(rb"/v1/models\b")


@frozen
class Reply:
    """An answer to a plain request."""

    status: int
    headers: dict[str, str]
    body: bytes


@define(eq=False)
class Place:
    """One port of ours, as the suite sees it.

    :param tap: on the wire between callers and the port.
    :param upstream: the tap on the other side.
    """

    name: str
    tap: Wiretap
    upstream: Wiretap

    @property
    def keyed(self) -> bool:
        """Whether it shows the upstream its own key and wants one from callers."""
        return self.name == "keyed"

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.tap.number}/v1"

    @property
    def caller_headers(self) -> dict[str, str]:
        """What a caller of this port adds."""
        return {"X-API-Key": CALLER_KEY} if self.keyed else {}

    def clear(self) -> None:
        """Forget what passed."""
        self.tap.exchanges.clear()
        self.upstream.exchanges.clear()

    def passed(self) -> list[tuple[Exchange, Exchange]]:
        """What callers sent beside what the upstream saw; the list of models is no relay."""
        sent = [each for each in self.tap.exchanges if not _MODELS.match(each.target)]
        seen = [each for each in self.upstream.exchanges if not _MODELS.match(each.target)]
        assert len(sent) == len(seen), (
            [(each.method, each.target) for each in sent],
            [(each.method, each.target) for each in seen],
        )
        return list(zip(sent, seen, strict=True))

    def last(self) -> tuple[Exchange, Exchange]:
        """The last of them."""
        return self.passed()[-1]

    def check_requests(self) -> None:
        """The upstream saw what was sent: method, target, body, and every end-to-end field."""
        for sent, seen in self.passed():
            assert sent.whole
            assert seen.whole
            assert (seen.method, seen.target) == (sent.method, sent.target)
            assert seen.body == sent.body
            assert _by_name(seen.headers, _ONE_HOP) == self._expected(sent)
            chunked = [value.lower() for value in sent.values(b"transfer-encoding")]
            assert [value.lower() for value in seen.values(b"transfer-encoding")] == chunked

    def _expected(self, sent: Exchange) -> list[Field]:
        if not self.keyed:
            return _by_name(sent.headers, _ONE_HOP)
        authorization = (b"authorization", b"Bearer " + SERVER_KEY.encode())
        return sorted([*_by_name(sent.headers, _ONE_HOP | _CREDENTIALS), authorization], key=_name)

    def check_answers(self) -> None:
        """The caller got what the upstream answered: status, body, and every end-to-end field."""
        for sent, seen in self.passed():
            got, given = sent.answer(), seen.answer()
            assert (got.status, got.body, got.whole) == (given.status, given.body, given.whole)
            stream = b"text/event-stream" in b"".join(
                v for _, v in _of(given.headers, b"content-type")
            )
            aside = _ONE_HOP | _OURS | (_STREAM if stream else set())
            # A body of unknown length may be framed anew; its bytes were compared.
            assert _by_name(got.headers, aside) == _by_name(given.headers, aside)
            assert len(_of(got.headers, b"x-openaiproxy-request-id")) == 1
            if stream:
                assert _of(got.headers, b"x-accel-buffering") == [(b"x-accel-buffering", b"no")]

    def plain(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """A request with nothing but what is given, the target exactly so. Blocks."""
        connection = http.client.HTTPConnection("127.0.0.1", self.tap.number, timeout=10)
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (self.caller_headers if headers is None else headers).items():
            connection.putheader(name, value)
        chunked = headers is not None and "Transfer-Encoding" in headers
        if (body or method in ("POST", "PUT", "PATCH")) and not chunked:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body or None)
        response = connection.getresponse()
        try:
            fields = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, fields, response.read())
        finally:
            connection.close()


@define(eq=False)
class House:
    """All of it, running."""

    places: dict[str, Place]
    _ports: Ports
    _behind: WrappingFactory
    _upstream: Any
    _wire: Wiretap
    _reactor: Any

    async def close(self) -> None:
        """Stop it, from the callers' side on."""
        for place in self.places.values():
            await place.tap.stop()
        await self._ports.stopService()
        await self._wire.stop()
        await self._upstream.stopListening()
        while self._behind.protocols:
            await deferLater(self._reactor, 0)


def open_house(reactor: Any) -> House:
    """Open it, on ports that the system chooses."""
    stand_in = site(reactor)
    stand_in.resource = Front(stand_in.resource)
    behind = WrappingFactory(stand_in)
    upstream = reactor.listenTCP(0, behind, interface="127.0.0.1")
    wire = Wiretap(reactor, upstream.getHost())
    config = load(
        {"listen": [f"{name}=tcp:0:interface=127.0.0.1" for name in ("passthrough", "keyed")]},
        {
            "OPENAIPROXY_UPSTREAM": f"http://127.0.0.1:{wire.number}",
            "OPENAI_API_KEY": SERVER_KEY,
            "PROXY_X_API_KEY": CALLER_KEY,
        },
        _no_file,
        Path("/nowhere"),
        bind_hosts,
        resolve,
        lambda path: 0o600,
    )
    ports = Ports(reactor, config, salt=os.urandom(32), payloads=lambda profile: None)
    ports.privilegedStartService()
    ports.startService()
    names = [port.profile.name for port in config.ports]
    places = {
        name: Place(name, Wiretap(reactor, address), wire)
        for name, address in zip(names, ports.addresses, strict=True)
    }
    return House(places, ports, behind, upstream, wire, reactor)


def _no_file(path: Path) -> str:
    raise FileNotFoundError(path)


def _name(item: Field) -> bytes:
    return item[0]


def _by_name(headers: list[Field], without: set[bytes]) -> list[Field]:
    """Fields in the order of their names; those of one name keep their order."""
    lower = ((name.lower(), value) for name, value in headers)
    return sorted((item for item in lower if item[0] not in without), key=_name)


def _of(headers: list[Field], name: bytes) -> list[Field]:
    return [(key.lower(), value) for key, value in headers if key.lower() == name]
