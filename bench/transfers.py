"""Two checks of what is held in memory: a stream that nobody reads, and 1 GB that goes up."""

import asyncio
import hashlib
import os
import socket
import time
from collections.abc import AsyncIterator

from attrs import define, field
from http_ends import Received, body_of, chunk, connect, head_of, serve
from scene import MB, SSE_HEAD, Scene, answer_small, request, warm

__all__ = ["stall", "upload"]

STALLED_ANSWER = 64 * MB
UPLOAD = 1_000 * MB


# A stalled client.


@define
class _Torrent:
    """An upstream that streams as fast as it may, and knows how much it got rid of."""

    written: int = 0
    writer: asyncio.StreamWriter | None = None
    digest: "hashlib._Hash" = field(factory=hashlib.sha256)

    @property
    def gone(self) -> int:
        held = self.writer.transport.get_write_buffer_size() if self.writer is not None else 0
        return self.written - int(held)

    async def answer(self, received: Received) -> None:
        if "/v1/models" in received.head.line:
            await answer_small(received)
            return
        async for _ in body_of(received.head, received.reader):
            pass
        self.writer = writer = received.writer
        writer.write(SSE_HEAD)
        number = 0
        while self.written < STALLED_ANSWER:
            event = b'data: {"n": %d, "pad": "' % number + b"x" * 16_000 + b'"}\n\n'
            number += 1
            self.digest.update(event)
            writer.write(chunk(event))
            self.written += len(event)
            await writer.drain()
        writer.write(chunk(b""))


async def stall(scene: Scene) -> None:
    """A client stops reading after the first bytes, and reads on after three seconds."""
    torrent = _Torrent()
    async with await serve(scene.upstream, torrent.answer):
        await warm(scene)
        before = scene.proxy.rss()
        sock = socket.socket()
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", scene.port))
        await loop.sock_sendall(
            sock, request(scene.port, "/v1/chat/completions", "Content-Length: 0")
        )
        first = await loop.sock_recv(sock, 1000)
        await asyncio.sleep(3)
        held, grown = torrent.gone, scene.proxy.peak_rss() - before
        await asyncio.sleep(0.5)
        scene.report.bound(
            f"upstream held: {held / MB:.1f} MB of 64 MB left it (bound 8)", held < 8 * MB
        )
        scene.report.bound(
            f"and no more followed: {(torrent.gone - held) / MB:.1f} MB", torrent.gone == held
        )
        scene.report.bound(f"the process grew by {grown / MB:.1f} MB (bound 32)", grown < 32 * MB)
        reader, _writer = await asyncio.open_connection(sock=sock, limit=1 << 18)
        reader._buffer[:0] = first  # type: ignore[attr-defined]
        digest = hashlib.sha256()
        async for piece in body_of(await head_of(reader), reader):
            digest.update(piece)
        _writer.close()
        scene.report.bound(
            "when it read on it got every byte", digest.digest() == torrent.digest.digest()
        )
        grown = scene.proxy.peak_rss() - before
        scene.report.bound(
            f"and then the process had grown by {grown / MB:.1f} MB (bound 32)", grown < 32 * MB
        )


# An upload of 1 GB.


def _multipart() -> tuple[bytes, bytes]:
    start = b'--b0und\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--b0und\r\n'
    start += b'Content-Disposition: form-data; name="file"; filename="big.bin"\r\n'
    start += b"Content-Type: application/octet-stream\r\n\r\n"
    return start, b"\r\n--b0und--\r\n"


async def _upload_pieces() -> AsyncIterator[bytes]:
    start, end = _multipart()
    block = os.urandom(1 << 16)
    yield start
    for number in range(UPLOAD // len(block)):
        yield number.to_bytes(8, "big") + block[8:]
    yield b"z" * (UPLOAD % len(block))
    yield end


@define
class _Sink:
    """An upstream that hashes what it gets."""

    received: int = 0
    digest: "hashlib._Hash" = field(factory=hashlib.sha256)

    async def answer(self, received: Received) -> None:
        if "/v1/models" not in received.head.line:
            async for piece in body_of(received.head, received.reader):
                self.received += len(piece)
                self.digest.update(piece)
        await answer_small(Received(type(received.head)("", {}), received.reader, received.writer))


async def _watch_files(scene: Scene, seen: set[str]) -> None:
    while True:
        await asyncio.sleep(0.1)
        seen.update(str(path) for path in scene.temporary.iterdir())
        # The log is the one file that a process may have open; a deleted one shows as "(deleted)".
        names = [name for name in scene.proxy.open_files() if name.startswith("/")]
        seen.update(
            name
            for name in names
            if not name.startswith("/dev/") and not name.endswith(f"{scene.proxy.name}.log")
        )


async def _upload(scene: Scene, framing: str, sink: _Sink) -> tuple[str, bytes]:
    start, end = _multipart()
    chunked = framing == "chunked"
    size = (
        "Transfer-Encoding: chunked"
        if chunked
        else f"Content-Length: {len(start) + UPLOAD + len(end)}"
    )
    reader, writer = await connect(scene.port)
    writer.write(
        request(
            scene.port, "/v1/files", 'Content-Type: multipart/form-data; boundary="b0und"', size
        )
    )
    digest = hashlib.sha256()
    async for piece in _upload_pieces():
        digest.update(piece)
        writer.write(chunk(piece) if chunked else piece)
        await writer.drain()
    if chunked:
        writer.write(chunk(b""))
    head = await head_of(reader)
    writer.close()
    return head.line, digest.digest()


async def upload(scene: Scene) -> None:
    """1 GB of multipart goes up, chunked and with a length."""
    sink = _Sink()
    async with await serve(scene.upstream, lambda received: sink.answer(received)):
        for framing in ("chunked", "Content-Length"):
            sink = _Sink()
            await warm(scene)
            before, cpu, began = scene.proxy.rss(), scene.proxy.cpu(), time.monotonic()
            seen: set[str] = set()
            watch = asyncio.create_task(_watch_files(scene, seen))
            line, sent = await _upload(scene, framing, sink)
            watch.cancel()
            grown, took = scene.proxy.peak_rss() - before, time.monotonic() - began
            scene.report.say(
                f"{framing}: {line!r}, {took:.1f} s, {scene.proxy.cpu() - cpu:.1f} s of the proxy's CPU time"
            )
            whole = sink.digest.digest() == sent
            scene.report.bound(
                f"{framing}: the upstream got every byte ({sink.received / MB:.0f} MB)", whole
            )
            scene.report.bound(
                f"{framing}: the process grew by {grown / MB:.1f} MB (bound 64)", grown < 64 * MB
            )
            scene.report.bound(f"{framing}: no temporary file {sorted(seen) or ''}", not seen)
