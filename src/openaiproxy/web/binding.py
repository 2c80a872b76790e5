"""Which addresses a server endpoint would bind, found out without opening it; and opening it.

Every endpoint of Twisted ends in a call of the reactor's ``listenTCP``, ``listenUNIX`` or ``adoptStreamPort``. The
endpoint is built on a recorder in the reactor's place and asked to listen; the recorder opens nothing and notes what
it was asked for. So plugins and wrappers (``haproxy:``, ``ssl:``) are understood without being known. A socket that was
handed to the process (``systemd:``) is closed by its endpoint once it was taken over; here it is put back in its place.
"""

import os
import socket
from typing import Any

from attrs import define, field
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
from twisted.python.failure import Failure

from openaiproxy.errors import Misconfigured

__all__ = ["bind_hosts", "listen_now", "resolve", "tls_of"]


@define
class _Recorder:
    """Takes the calls that open a port, and opens none."""

    hosts: list[str] = field(factory=list)
    contexts: list[Any] = field(factory=list)
    _kept: list[tuple[int, int]] = field(factory=list)

    def listenTCP(self, port: int, factory: Any, backlog: int = 50, interface: str = "") -> None:
        _check_port(port)
        self.hosts.append(interface)

    def listenSSL(
        self, port: int, factory: Any, contextFactory: Any, backlog: int = 50, interface: str = ""
    ) -> None:
        _check_port(port)
        self.hosts.append(interface)
        self.contexts.append(contextFactory)

    def listenUNIX(self, *_: Any, **__: Any) -> None:
        self.hosts.append("unix")

    def adoptStreamPort(self, descriptor: int, family: int, factory: Any) -> None:
        self._kept.append((os.dup(descriptor), descriptor))
        if family not in (socket.AF_INET, socket.AF_INET6):
            self.hosts.append("unix")
            return
        with socket.socket(fileno=os.dup(descriptor)) as adopted:
            self.hosts.append(adopted.getsockname()[0])

    def restore(self) -> None:
        """Put handed sockets back where their endpoint closed them."""
        for kept, descriptor in self._kept:
            os.dup2(kept, descriptor, inheritable=False)
            os.close(kept)
        self._kept.clear()


def bind_hosts(endpoint: str) -> list[str]:
    """The hosts that an endpoint's description binds.

    :returns: interfaces as they are written, ``""`` for all of them, ``unix`` for a socket file.
    :raises ValueError: with what is wrong with the description.
    """
    return _record(endpoint).hosts


def tls_of(endpoint: str) -> list[Any]:
    """What makes the TLS contexts of an endpoint, from the files that it names, as they are now.

    :returns: an ``IOpenSSLContextFactory``, or nothing where it doesn't speak TLS.
    :raises ValueError: with what is wrong with the description, or the files.
    """
    return _record(endpoint).contexts


def _record(endpoint: str) -> _Recorder:
    recorder = _Recorder()
    problems: list[Any] = []
    try:
        serverFromString(recorder, endpoint).listen(_nothing).addErrback(problems.append)
    except Exception as error:
        raise ValueError(f"not an endpoint that Twisted can open: {error}") from error
    finally:
        recorder.restore()
    if problems:
        raise ValueError(f"not an endpoint that Twisted can open: {problems[0].getErrorMessage()}")
    return recorder


def _check_port(port: int) -> None:
    if not 0 <= port <= 65535:
        raise ValueError(f"{port} is no TCP port, expected 0 to 65535")


def listen_now(endpoint: IStreamServerEndpoint, shown: str, factory: Any) -> IListeningPort:
    """Open an endpoint. All of Twisted's do that at once; one that doesn't is of no use here.

    :param shown: its description.
    :raises Misconfigured: when it can't be opened.
    """
    outcome: list[IListeningPort | Failure] = []
    endpoint.listen(factory).addBoth(outcome.append)
    if not outcome:
        raise Misconfigured(f"{shown}: did not open at once")
    if isinstance(outcome[0], Failure):
        error = outcome[0].value
        why = error.socketError if isinstance(error, CannotListenError) else error
        raise Misconfigured(f"{shown}: can't be opened: {why}")
    return outcome[0]


class _Nothing:
    """Stands where a factory would."""


_nothing: Any = _Nothing()


def resolve(host: str) -> list[str]:
    """The addresses of a host name, as text.

    :raises OSError: where it has none.
    """
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return sorted({str(sockaddr[0]) for *_, sockaddr in found})
