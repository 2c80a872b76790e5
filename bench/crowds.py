"""Two checks of many connections: 1,000 streams at once, and clients that leave in every phase."""

import asyncio
import socket
import struct
import time

from attrs import define, field
from http_ends import Received, body_of, chunk, connect, head_of, noticed_close, serve
from scene import MB, SSE_HEAD, Scene, answer_small, request, warm

__all__ = ["abort", "streams"]

STREAMS, CHUNKS = 1_000, 8
_RESET = struct.pack("ii", 1, 0)


# 1,000 streams.


def _event(stream: str, number: int) -> bytes:
    return b'data: {"stream": %b, "chunk": %d}\n\n' % (stream.encode(), number)


async def _answer_slowly(received: Received) -> None:
    if "/v1/models" in received.head.line:
        await answer_small(received)
        return
    stream = received.head.line.partition("stream=")[2].partition(" ")[0]
    loop = asyncio.get_running_loop()
    began = loop.time()
    received.writer.write(SSE_HEAD)
    for number in range(CHUNKS):
        received.writer.write(chunk(_event(stream, number)))
        await asyncio.sleep(max(0.0, began + number + 1 - loop.time()))
    received.writer.write(chunk(b""))


async def _read_stream(scene: Scene, number: int, open_now: list[int]) -> bool:
    await asyncio.sleep(number / STREAMS)
    reader, writer = await connect(scene.port)
    fields = ("Content-Type: application/json", "Content-Length: 2")
    writer.write(request(scene.port, f"/v1/chat/completions?stream={number}", *fields) + b"{}")
    expected = b"".join(_event(str(number), each) for each in range(CHUNKS))
    try:
        head = await head_of(reader)
        open_now[0] += 1
        open_now[1] = max(open_now)
        body = b"".join([piece async for piece in body_of(head, reader)])
        return body == expected
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
    finally:
        open_now[0] -= 1
        writer.close()


async def streams(scene: Scene) -> None:
    """1,000 clients read a stream each; they arrive within a second."""
    async with await serve(scene.upstream, _answer_slowly):
        await warm(scene)
        before, cpu, began = scene.proxy.rss(), scene.proxy.cpu(), time.monotonic()
        open_now = [0, 0]
        whole = sum(
            await asyncio.gather(
                *(_read_stream(scene, number, open_now) for number in range(STREAMS))
            )
        )
        took, peak = time.monotonic() - began, scene.proxy.peak_rss()
        used = scene.proxy.cpu() - cpu
        scene.report.say(f"{took:.1f} s, {open_now[1]} open at once, {used / took:.2f} of a core")
        scene.report.say(
            f"{used / STREAMS / CHUNKS * 1e6:.0f} us of CPU time a chunk, requests included"
        )
        scene.report.bound(f"{whole} of {STREAMS} streams whole and in order", whole == STREAMS)
        scene.report.bound(f"{open_now[1]} streams open at once", open_now[1] == STREAMS)
        scene.report.bound(
            f"peak RSS {peak / MB:.0f} MB, {before / MB:.0f} before (bound 250)", peak < 250 * MB
        )


# A client that leaves.


@define
class _Deserted:
    """An upstream that gets as far as a phase says, then waits for the close and notes its time."""

    phase: str
    reached: asyncio.Event = field(factory=asyncio.Event)
    closed: "asyncio.Future[float]" = field(
        factory=lambda: asyncio.get_running_loop().create_future()
    )

    async def answer(self, received: Received) -> None:
        begin, _ = PHASES[self.phase]
        if "body" not in self.phase:
            async for _piece in body_of(received.head, received.reader):
                pass
        else:
            await received.reader.read(1)
        received.writer.write(begin)
        self.reached.set()
        self.closed.set_result(await noticed_close(received.reader))


_HALF = b"POST-BODY-THAT-"
_WHOLE_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
#: What the upstream has written when the client leaves, and how many bytes of its body of 30 the client has.
PHASES: dict[str, tuple[bytes, int]] = {
    "before the body is complete": (b"", 15),
    "before the upstream's head": (b"", 30),
    "mid-stream": (SSE_HEAD + chunk(b'data: {"n": 1}\n\n'), 30),
    "in a whole answer": (_WHOLE_HEAD + b"{" * 40_000, 30),
    "in a body, answered early": (SSE_HEAD + chunk(b'data: {"n": 1}\n\n'), 15),
}


async def _leave(scene: Scene, phase: str, reset: bool) -> float:
    """:returns: seconds from the client's close to the upstream's noticing it."""
    begin, sent = PHASES[phase]
    deserted = _Deserted(phase)
    loop = asyncio.get_running_loop()
    async with await serve(scene.upstream, deserted.answer):
        client = socket.create_connection(("127.0.0.1", scene.port))
        client.setblocking(False)
        fields = ("Content-Type: application/json", "Content-Length: 30")
        await loop.sock_sendall(
            client, request(scene.port, "/v1/chat/completions", *fields) + b"{" * sent
        )
        await asyncio.wait_for(deserted.reached.wait(), 5)
        while begin and await loop.sock_recv(client, 1 << 20) == b"":
            pass
        await asyncio.sleep(0.05)
        if reset:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        left = loop.time()
        client.close()
        return await asyncio.wait_for(deserted.closed, 5) - left


async def abort(scene: Scene) -> None:
    """A client closes, or resets, in each phase, five times."""
    for phase in PHASES:
        for reset in (False, True):
            try:
                delays = [await _leave(scene, phase, reset) for _ in range(5)]
            except TimeoutError:
                delays = [float("inf")]
            what = f"{'reset' if reset else 'close'} {phase}: upstream closed after {max(delays) * 1000:.1f} ms at most"
            scene.report.bound(f"{what} (bound 100)", max(delays) < 0.1)
