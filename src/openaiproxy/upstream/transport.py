"""What connections to an upstream ask of whatever carries them: TCP, TLS, or a thing in memory."""

from typing import Protocol

from twisted.internet.interfaces import IPushProducer

__all__ = ["Transport"]


class Transport(Protocol):
    """The parts of Twisted's several transport interfaces that are used here."""

    def write(self, data: bytes) -> None:
        """Send bytes, in due course."""

    def abortConnection(self) -> None:
        """Close at once. The protocol's ``connectionLost`` follows."""

    def pauseProducing(self) -> None:
        """Read no more."""

    def resumeProducing(self) -> None:
        """Read on."""

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:
        """Pause and resume this producer as there is room to write."""

    def unregisterProducer(self) -> None:
        """Forget the producer."""
