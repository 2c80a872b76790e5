"""Writes that leave at once, and what becomes of those that the kernel doesn't take."""

from typing import Any

from attrs import define, field
from twisted.internet.protocol import Factory, Protocol
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from openaiproxy.web.outlet import Outlet, way_out


@define
class Tcp:
    """A TCP transport, as far as writing goes.

    :param room: bytes that its socket takes at once; ``None`` for a broken connection.
    """

    room: int | None = 1 << 20
    sent: bytes = b""
    held: bytes = b""
    producer: Any = None

    def writeSomeData(self, data: bytes) -> int | Exception:
        if self.room is None:
            return ConnectionError()
        took = data[: self.room]
        self.room -= len(took)
        self.sent += took
        return len(took)

    def write(self, data: bytes) -> None:
        self.held += data

    def registerProducer(self, producer: Any, streaming: bool) -> None:
        assert not streaming
        self.producer = producer
        producer.resumeProducing()

    def unregisterProducer(self) -> None:
        self.producer = None

    def drain(self, room: int = 1 << 20) -> None:
        """Its socket has room again; all that is held is written."""
        self.sent, self.held, self.room = self.sent + self.held, b"", room
        self.producer.resumeProducing()


@define
class Writer:
    """Who produces what is written."""

    told: list[str] = field(factory=list)

    def outlet(self, transport: Any) -> Outlet:
        at_once = getattr(transport, "writeSomeData", None)
        told = self.told.append
        return Outlet(transport, at_once, lambda: told("pause"), lambda: told("resume"))


def test_what_the_kernel_takes_leaves_at_once() -> None:
    transport, writer = Tcp(), Writer()
    outlet = writer.outlet(transport)
    outlet.write(b"one")
    outlet.write(b"two")
    assert (transport.sent, transport.held, writer.told) == (b"onetwo", b"", [])
    assert not outlet.tells


def test_the_rest_is_left_to_the_transport_in_order_and_the_writer_waits() -> None:
    transport, writer = Tcp(room=4), Writer()
    outlet = writer.outlet(transport)
    outlet.write(b"first")
    assert (transport.sent, transport.held, writer.told) == (b"firs", b"t", ["pause"])
    assert outlet.behind
    transport.room = 99
    outlet.write(b"second")
    assert (transport.sent, transport.held) == (b"firs", b"tsecond")
    transport.drain()
    assert (transport.sent, writer.told) == (b"firstsecond", ["pause", "resume"])
    assert transport.producer is None
    outlet.write(b"third")
    assert transport.sent == b"firstsecondthird"


def test_a_broken_connection_is_left_to_the_transport_to_find() -> None:
    transport, writer = Tcp(room=None), Writer()
    writer.outlet(transport).write(b"lost")
    assert (transport.held, writer.told) == (b"lost", ["pause"])


def test_nothing_is_written_after_the_close_and_the_rest_is_still_sent() -> None:
    transport, writer = Tcp(room=2), Writer()
    outlet = writer.outlet(transport)
    outlet.write(b"four")
    outlet.close()
    outlet.write(b"more")
    assert (transport.sent, transport.held, transport.producer) == (b"fo", b"ur", None)


def test_a_transport_without_that_way_gets_everything() -> None:
    class Other:
        """A TLS transport, as far as this goes."""

        written = b""

        def write(self, data: bytes) -> None:
            self.written += data

    transport = Other()
    outlet = Writer().outlet(transport)
    assert outlet.tells
    outlet.write(b"all")
    assert transport.written == b"all"


def test_a_connection_within_another_is_not_written_past() -> None:
    wrapped = ProtocolWrapper(WrappingFactory(Factory()), Protocol())
    wrapped.transport = Tcp()
    assert wrapped.writeSomeData is not None
    assert way_out(wrapped) is None
