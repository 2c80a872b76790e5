"""Whether a port answers: asked as a client would, with ``GET /health``.

A port that wants more than HTTP before it answers (another proxy's greeting) is found open, which has to do.
"""

import http.client
import socket
import ssl
from urllib.parse import urlsplit

__all__ = ["probe"]

_SECONDS = 5.0


def probe(url: str, seconds: float = _SECONDS) -> str:
    """Ask a port.

    :param url: ``http://host:port``, ``https://`` of any certificate, or ``tcp://`` to see whether it is open.
    :returns: what is wrong; nothing if it answers.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 0
    except ValueError:
        return "is no URL of a port"
    if parts.scheme not in ("http", "https", "tcp") or not host or not port:
        return "is no URL of a port"
    try:
        if parts.scheme == "tcp":
            socket.create_connection((host, port), seconds).close()
            return ""
        return _ask(_connection(parts.scheme, host, port, seconds))
    except (OSError, http.client.HTTPException) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return f"does not answer ({reason or str(error) or type(error).__name__})"


def _connection(scheme: str, host: str, port: int, seconds: float) -> http.client.HTTPConnection:
    if scheme == "http":
        return http.client.HTTPConnection(host, port, timeout=seconds)
    # Its own certificate names other hosts, and nothing is told to it.
    context = ssl._create_unverified_context()
    return http.client.HTTPSConnection(host, port, timeout=seconds, context=context)


def _ask(connection: http.client.HTTPConnection) -> str:
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    finally:
        connection.close()
    return "" if status == 200 else f"answers {status} where openaiproxy answers 200"
