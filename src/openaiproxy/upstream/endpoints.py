"""From the settings of an upstream to the way there: which endpoint to dial, and how a request
names its target.

========  =======  ====================================  ==================
upstream  proxy    dialled                               target
========  =======  ====================================  ==================
http      none     TCP                                   ``/path``
https     none     TLS over TCP                          ``/path``
http      any      TCP or TLS to the proxy               ``http://host/path``
https     any      TLS over CONNECT over either          ``/path``
========  =======  ====================================  ==================

All of it is made once per profile, so that every mistake shows before a port is opened. URLs may
hold passwords, so no message quotes one.
"""

from base64 import b64encode
from typing import Final
from urllib.parse import SplitResult, unquote_to_bytes, urlsplit

from attrs import field, frozen
from hyperlink import URL
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.interfaces import IReactorTime, IStreamClientEndpoint

from openaiproxy.errors import Misconfigured
from openaiproxy.profile import Upstream
from openaiproxy.upstream.connect import TunnelEndpoint
from openaiproxy.upstream.tls import TlsEndpoint, client_options, trust

__all__ = ["Origin", "Way", "find_way", "parse_origin"]

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_EMBEDDED: Final = "http://embedded"


@frozen
class Origin:
    """Scheme, host and port of a URL, and its path.

    :param host: in ASCII, without brackets.
    :param path: as written, without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    path: bytes

    @property
    def peer(self) -> str:
        """``host:port``, with brackets where they belong."""
        return f"{self._bracketed}:{self.port}"

    @property
    def authority(self) -> str:
        """What ``Host`` says: as :attr:`peer`, without a default port."""
        return self._bracketed if self.port == _DEFAULT_PORTS[self.scheme] else self.peer

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


@frozen
class Way:
    """How requests reach their upstream.

    :param origin: the upstream itself.
    :param endpoint: what to dial.
    :param peer: ``host:port`` that is dialled first: the upstream or the proxy.
    :param before_target: what a request's target begins with.
    :param authorization: ``Proxy-Authorization`` for each request, where requests go to a proxy.
    :param by_proxy: whether it is a proxy that reads the requests.
    """

    origin: Origin
    endpoint: IStreamClientEndpoint
    peer: str
    before_target: bytes
    authorization: bytes | None = field(default=None, repr=False)
    by_proxy: bool = False


def parse_origin(url: str, setting: str) -> Origin:
    """Take a URL apart.

    :param setting: its name, for messages.
    :raises Misconfigured: when it is no absolute ``http`` or ``https`` URL, or says more than can
        be used.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Misconfigured(f"{setting}: expected a URL such as https://host:8080") from None
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname:
        raise Misconfigured(f"{setting}: expected an http or https URL with a host")
    if parts.query or parts.fragment:
        raise Misconfigured(f"{setting}: a query or fragment can't be part of it")
    if not parts.path.isascii() or any(c <= " " or c == "\x7f" for c in parts.path):
        raise Misconfigured(f"{setting}: its path must be percent-encoded")
    return Origin(
        scheme=parts.scheme,
        host=_ascii_host(parts.hostname, setting),
        port=_DEFAULT_PORTS[parts.scheme] if port is None else port,
        path=parts.path.rstrip("/").encode(),
    )


def _ascii_host(host: str, setting: str) -> str:
    try:
        ascii_host = host if host.isascii() else URL(host=host).to_uri().host
    except (ValueError, UnicodeError):
        raise Misconfigured(f"{setting}: its host is not a name") from None
    if any(c <= " " or c in '\x7f"<>\\^`{|}' for c in ascii_host):
        raise Misconfigured(f"{setting}: its host is not a name")
    return ascii_host


def find_way(
    reactor: IReactorTime,
    upstream: Upstream,
    connect_timeout: float,
    endpoint: IStreamClientEndpoint | None = None,
) -> Way:
    """Prepare the way to an upstream.

    :param endpoint: where given, it reaches the upstream, and neither TLS nor a proxy is put before
        it.
    :raises Misconfigured: when a URL or the CA bundle is unusable, or an embedded upstream comes
        without endpoint.
    """
    base = _EMBEDDED if upstream.embedded else upstream.base
    origin = parse_origin(base, "base")
    if "@" in urlsplit(base).netloc:
        raise Misconfigured("base: credentials can't be part of it")
    if endpoint is not None:
        return Way(origin, endpoint, origin.peer, origin.path)
    if upstream.embedded:
        raise Misconfigured("embedded: the stand-in has no address; give its endpoint")
    dialler = _Dialler(reactor, upstream, connect_timeout)
    if upstream.proxy is None:
        return Way(origin, dialler.reach(origin), origin.peer, origin.path)
    return _by_proxy(dialler, origin, upstream.proxy)


def _by_proxy(dialler: "_Dialler", origin: Origin, url: str) -> Way:
    proxy = parse_origin(url, "proxy")
    authorization = _basic(urlsplit(url))
    outer = dialler.reach(proxy)
    if origin.scheme == "http":
        absolute = f"http://{origin.authority}".encode() + origin.path
        return Way(origin, outer, proxy.peer, absolute, authorization, by_proxy=True)
    tunnel = TunnelEndpoint(outer, proxy.peer, origin.peer, authorization)
    return Way(origin, dialler.secure(tunnel, origin), proxy.peer, origin.path)


def _basic(parts: SplitResult) -> bytes | None:
    if parts.username is None:
        return None
    user, password = unquote_to_bytes(parts.username), unquote_to_bytes(parts.password or "")
    return b"Basic " + b64encode(user + b":" + password)


class _Dialler:
    """Makes endpoints that share a clock, a time limit and a set of trusted authorities."""

    def __init__(self, reactor: IReactorTime, upstream: Upstream, timeout: float) -> None:
        self._reactor = reactor
        self._timeout = timeout
        self._trusted = trust(upstream.ca_bundle)  # even where unused: a wrong bundle is a mistake

    def reach(self, origin: Origin) -> IStreamClientEndpoint:
        """TCP, and TLS over it where the scheme says so."""
        tcp = HostnameEndpoint(self._reactor, origin.host, origin.port, timeout=self._timeout)
        return self.secure(tcp, origin) if origin.scheme == "https" else tcp

    def secure(self, inner: IStreamClientEndpoint, origin: Origin) -> IStreamClientEndpoint:
        """TLS with an origin, over whatever reaches it."""
        options = client_options(origin.host, self._trusted)
        return TlsEndpoint(inner, options, origin.peer, self._reactor)
