"""Long answers wait for their reader, and nothing of them exists before it's written."""

import tracemalloc
from collections.abc import Iterable
from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from openaiproxy.upstream.embedded.door import EmbeddedSite, site
from openaiproxy.upstream.embedded.outflow import BURST

FULL = 4 * BURST
SIZE = 64 * 2**20
BODIES = {
    "chat/completions": b'{"model":"gpt-4.1","messages":[{"role":"user","content":"hi"}]',
    "responses": b'{"model":"gpt-4.1","input":"hi"',
    "audio/speech": b'{"model":"tts-1","input":"hi","voice":"alloy"',
}


class FullPipe(StringTransport):
    """A transport that asks for a pause, as a socket does, once it holds more than it should."""

    def write(self, data: bytes) -> None:
        super().write(data)
        if len(self.value()) > FULL:
            self.producer.pauseProducing()

    def writeSequence(self, data: Iterable[bytes]) -> None:
        self.write(b"".join(data))


def opened(path: str, stream: bool) -> tuple[EmbeddedSite, Clock, Any, StringTransport]:
    """A connection on which a long answer has been asked for."""
    clock = Clock()
    made = site(clock)
    transport = FullPipe()
    protocol = made.buildProtocol(None)
    protocol.makeConnection(transport)
    body = BODIES[path] + (b',"stream":true}' if stream else b"}")
    protocol.dataReceived(
        b"POST /v1/%b HTTP/1.1\r\nHost: x\r\nX-Embedded-Fault: size=%d\r\nContent-Length: %d\r\n\r\n%b"
        % (path.encode(), SIZE, len(body), body)
    )
    return made, clock, protocol, transport


def flowing(clock: Clock) -> bool:
    """Whether an answer means to go on by itself."""
    return any("_flow" in str(call) for call in clock.getDelayedCalls())


asks = pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("chat/completions", True),
        ("chat/completions", False),
        ("responses", True),
        ("responses", False),
        ("audio/speech", False),
    ],
)


@asks
def test_a_full_pipe_stops_the_answer(path: str, stream: bool) -> None:
    _, clock, _, transport = opened(path, stream)
    for _ in range(50):
        clock.advance(1)
    held = len(transport.value())
    assert FULL < held < FULL + 2 * BURST
    assert not flowing(clock)
    transport.clear()
    clock.advance(1)
    assert transport.value() == b""
    transport.producer.resumeProducing()
    clock.advance(1)
    assert FULL < len(transport.value()) < FULL + 2 * BURST


@asks
def test_a_long_answer_is_never_in_memory(path: str, stream: bool) -> None:
    tracemalloc.start()
    try:
        _, clock, _, transport = opened(path, stream)
        seen = 0
        while seen < 4 * 2**20:
            clock.advance(0)
            seen += len(transport.value())
            transport.clear()
            transport.producer.resumeProducing()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3 * 2**20


def test_a_client_that_goes_ends_a_long_answer() -> None:
    made, clock, protocol, _ = opened("responses", True)
    assert (made.tally.active, made.tally.streaming) == (1, 1)
    protocol.connectionLost(Failure(ConnectionDone()))
    assert (made.tally.active, made.tally.streaming, made.tally.abandoned) == (0, 0, 1)
    assert not flowing(clock)


def test_an_upload_beyond_the_limit_is_dropped_as_it_comes() -> None:
    clock, transport = Clock(), StringTransport()
    protocol = site(clock).buildProtocol(None)
    protocol.makeConnection(transport)
    head = b"POST /v1/files HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    block = b"100000\r\n" + bytes(2**20) + b"\r\n"
    protocol.dataReceived(head)
    for _ in range(40):
        protocol.dataReceived(block)
    request = protocol._channel.requests[0]
    assert request.content.tell() < 33 * 2**20
    protocol.dataReceived(b"0\r\n\r\n")
    assert transport.value().startswith(b"HTTP/1.1 413 ")
