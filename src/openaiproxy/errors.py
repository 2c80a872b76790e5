"""The errors that the proxy means to raise, by culprit. Anything else that is raised is a bug of ours.

Each carries the status that it is answered with, a stable ``code`` that a program can test, and a
``message`` for a person. Messages never hold a header value, a body, or a credential.
"""

from collections.abc import Mapping

from attrs import field, frozen

__all__ = ["BadRequest", "BadUpstream", "Misconfigured", "ProxyError", "Unavailable"]


@frozen
class ProxyError(Exception):
    """The common shape; raise one of its three children.

    :param status: the HTTP status to answer with.
    :param code: a stable word, such as ``upstream_connect_timeout``.
    :param message: a sentence for a person.
    :param headers: response headers to send beside it, name and value.
    :param details: what Anthropic's callers are told for their programs.
    """

    status: int
    code: str
    message: str
    headers: tuple[tuple[bytes, bytes], ...] = field(default=(), kw_only=True)
    details: Mapping[str, str] | None = field(default=None, kw_only=True)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


class BadRequest(ProxyError):
    """The caller sent what can't be served: 4xx."""


class BadUpstream(ProxyError):
    """The upstream failed, or couldn't be reached: 502 or 504."""


class Unavailable(ProxyError):
    """The proxy itself can't serve now (too busy, draining): 503."""


class Misconfigured(Exception):
    """A mistake in flags, environment or configuration file, named with its place, before a port is opened."""
