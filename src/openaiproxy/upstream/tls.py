"""TLS to an upstream or a proxy: who is trusted, and a dial that includes the handshake.

Twisted's own wrapper calls a connection made when TCP is up, and a failed handshake then looks like
a lost request. Here the handshake belongs to the dial: it is bounded by the dial's time and has an
error of its own.
"""

from typing import Any, Final

from cryptography.x509 import load_pem_x509_certificates
from OpenSSL import SSL, crypto
from service_identity.exceptions import VerificationError
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import wrapClientTLS
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.ssl import (
    Certificate,
    optionsForClientTLS,
    platformTrust,
    trustRootFromCertificates,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from openaiproxy.errors import BadUpstream, Misconfigured
from openaiproxy.upstream.threshold import Threshold, Thresholds

__all__ = ["TlsEndpoint", "TrustRoot", "client_options", "trust"]

# What Twisted takes as a trust root; its own interface for that has no public name.
TrustRoot = Any

_ALPN: Final = (b"http/1.1",)


def trust(ca_bundle: str | None) -> TrustRoot:
    """Whose certificates are accepted.

    :param ca_bundle: a PEM file of the only authorities to trust; ``None`` is the platform's.
    :raises Misconfigured: when the file can't be read or holds no certificate.
    """
    if ca_bundle is None:
        return platformTrust()
    try:
        with open(ca_bundle, "rb") as file:
            found = load_pem_x509_certificates(file.read())
    except OSError as error:
        raise Misconfigured(f"ca_bundle {ca_bundle}: {error.strerror}") from None
    except ValueError:
        raise Misconfigured(f"ca_bundle {ca_bundle}: expected certificates in PEM form") from None
    return trustRootFromCertificates(
        [Certificate(crypto.X509.from_cryptography(certificate)) for certificate in found]
    )


def client_options(host: str, trusted: TrustRoot) -> IOpenSSLClientConnectionCreator:
    """How to talk TLS to a host: its name or address is checked, HTTP/1.1 is all that is offered.

    :param host: a name or an address without brackets.
    """
    return optionsForClientTLS(host, trustRoot=trusted, acceptableProtocols=_ALPN)


@implementer(IHandshakeListener)
class _Handshake(Threshold):
    def __init__(self, factory: IProtocolFactory, peer: str) -> None:
        super().__init__(factory)
        self._peer = peer

    def handshakeCompleted(self) -> None:
        self.cross()

    def heard(self, data: bytes) -> None:
        """Not reached: nothing is decrypted before the handshake is over."""

    def lost(self, reason: Failure) -> Exception:
        return BadUpstream(
            502, "upstream_tls_failed", f"TLS with {self._peer}: {_why(reason.value)}"
        )


def _why(error: BaseException | None) -> str:
    """What went wrong, in OpenSSL's words for it, which hold nothing of the traffic."""
    if isinstance(error, VerificationError):
        return "the certificate is not for this host"
    if isinstance(error, SSL.Error) and error.args and isinstance(error.args[0], list):
        return ", ".join(str(entry[-1]) for entry in error.args[0]) or "failed"
    return "the connection was closed within the handshake"


@implementer(IStreamClientEndpoint)
class TlsEndpoint:
    """Another endpoint, with TLS over it.

    :param inner: reaches the peer.
    :param options: of :func:`client_options`.
    :param peer: ``host:port``, for messages.
    :param clock: for the TLS layer's own small delays.
    """

    def __init__(
        self,
        inner: IStreamClientEndpoint,
        options: IOpenSSLClientConnectionCreator,
        peer: str,
        clock: IReactorTime,
    ) -> None:
        self._wrapped = wrapClientTLS(options, inner, clock)
        self._peer = peer

    def connect(self, protocolFactory: IProtocolFactory) -> "Deferred[IProtocol]":
        """``IStreamClientEndpoint``: fires when the handshake is over.

        Fails with :class:`~openaiproxy.errors.BadUpstream` 502 ``upstream_tls_failed``, or as
        ``inner`` does.
        """
        return Deferred.fromCoroutine(self._connect(protocolFactory))

    async def _connect(self, factory: IProtocolFactory) -> IProtocol:
        handshake = _Handshake(factory, self._peer)
        await self._wrapped.connect(Thresholds(handshake))
        return await handshake.ready
