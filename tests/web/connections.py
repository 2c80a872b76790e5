"""Client connections as TCP has them, and a strict reading of what comes back on them."""

from typing import Any

from twisted.internet.interfaces import IHalfCloseableDescriptor
from zope.interface import implementer

from tests.web.wiring import ClientTransport, Connection, Wired


@implementer(IHalfCloseableDescriptor)
class Transport(ClientTransport):
    """A TCP connection: it can be closed on its way out alone, and reading on never raises."""

    write_closed = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, lenient=True, **kwargs)

    def loseWriteConnection(self) -> None:
        self.write_closed = True

    def readConnectionLost(self, reason: Any) -> None:
        raise NotImplementedError

    def writeConnectionLost(self, reason: Any) -> None:
        raise NotImplementedError


def connect(wired: Wired) -> Connection:
    """A new connection over such a transport."""
    transport = Transport()
    protocol = wired.site.buildProtocol(transport.getPeer())
    assert protocol is not None
    protocol.makeConnection(transport)
    return Connection(protocol, transport)


def answers(received: bytes) -> list[tuple[int, dict[bytes, bytes], bytes]]:
    """Read answers strictly: each has a length, and nothing is left over."""
    found = []
    while received:
        head, _, received = received.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        fields = {name.lower(): value for name, value in (each.split(b": ", 1) for each in lines)}
        length = int(fields[b"content-length"])
        found.append((int(first.split(b" ")[1]), fields, received[:length]))
        received = received[length:]
    return found
