"""What the proxy holds and how soon it lets go, against a real ``twistd`` process.

``python bench/bounds.py [stall upload streams abort]`` prints what was seen and PASS or FAIL for each bound, and exits
1 when one failed. Each check starts its own proxy (profile ``passthrough``), upstream and clients on 127.0.0.1.

* ``stall``: a client that stops reading a 64 MB stream holds the upstream below 8 MB, and the process grows by less
  than 32 MB; when it reads on it gets every byte.
* ``upload``: 1 GB of multipart, chunked and with a length: the process grows by less than 64 MB, opens no temporary
  file, and the upstream gets every byte.
* ``streams``: 1,000 streams at once of one chunk a second, the proxy on one core and its soft limit of open files at
  1,024: none lost, all chunks in order, under 250 MB.
* ``abort``: a client that leaves in any phase has the upstream connection closed within 100 ms.
"""

import asyncio
import hashlib
import os
import resource
import socket
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

from attrs import define, field
from http_ends import Received, body_of, chunk, connect, head_of, noticed_close, serve
from processes import (
    LOAD_CORE,
    PROXY_CORE,
    Household,
    Process,
    free_port,
    ours,
    pin_self,
    versions_of,
)

MB = 1_000_000
STALLED_ANSWER = 64 * MB
UPLOAD = 1_000 * MB
STREAMS, CHUNKS = 1_000, 8
SOFT_DESCRIPTORS = 1_024
_RESET = struct.pack("ii", 1, 0)
_SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


@define
class Report:
    """What was seen, and whether every bound held."""

    failed: list[str] = field(factory=list)

    def say(self, what: str) -> None:
        """Print a figure that nothing is asked of."""
        print(f"     {what}", flush=True)

    def bound(self, what: str, holds: bool) -> None:
        """Print a figure, and whether it is within its bound."""
        print(f"{'PASS' if holds else 'FAIL'} {what}", flush=True)
        if not holds:
            self.failed.append(what)


@define
class Scene:
    """A proxy, its folder for temporary files, the port of the upstream behind it, and the report."""

    proxy: Process
    port: int
    upstream: int
    temporary: Path
    report: Report


def _request(port: int, target: str, *fields: str, method: str = "POST") -> bytes:
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Authorization: Bearer sk-bench",
        *fields,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def _warm(scene: Scene) -> None:
    """A few requests, so that what grows later is the load's and not the first request's."""
    for _ in range(20):
        reader, writer = await connect(scene.port)
        writer.write(_request(scene.port, "/v1/models", "Connection: close", method="GET"))
        async for _piece in body_of(await head_of(reader), reader):
            pass
        writer.close()
    scene.proxy.forget_peak()


async def _answer_small(received: Received) -> None:
    async for _ in body_of(received.head, received.reader):
        pass
    received.writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )


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
            await _answer_small(received)
            return
        async for _ in body_of(received.head, received.reader):
            pass
        self.writer = writer = received.writer
        writer.write(_SSE_HEAD)
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
        await _warm(scene)
        before = scene.proxy.rss()
        sock = socket.socket()
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(sock, ("127.0.0.1", scene.port))
        await loop.sock_sendall(
            sock, _request(scene.port, "/v1/chat/completions", "Content-Length: 0")
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
        await _answer_small(Received(type(received.head)("", {}), received.reader, received.writer))


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
        _request(
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
            await _warm(scene)
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


# 1,000 streams.


def _event(stream: str, number: int) -> bytes:
    return b'data: {"stream": %b, "chunk": %d}\n\n' % (stream.encode(), number)


async def _answer_slowly(received: Received) -> None:
    if "/v1/models" in received.head.line:
        await _answer_small(received)
        return
    stream = received.head.line.partition("stream=")[2].partition(" ")[0]
    loop = asyncio.get_running_loop()
    began = loop.time()
    received.writer.write(_SSE_HEAD)
    for number in range(CHUNKS):
        received.writer.write(chunk(_event(stream, number)))
        await asyncio.sleep(max(0.0, began + number + 1 - loop.time()))
    received.writer.write(chunk(b""))


async def _read_stream(scene: Scene, number: int, open_now: list[int]) -> bool:
    await asyncio.sleep(number / STREAMS)
    reader, writer = await connect(scene.port)
    fields = ("Content-Type: application/json", "Content-Length: 2")
    writer.write(_request(scene.port, f"/v1/chat/completions?stream={number}", *fields) + b"{}")
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
        await _warm(scene)
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
    "mid-stream": (_SSE_HEAD + chunk(b'data: {"n": 1}\n\n'), 30),
    "in a whole answer": (_WHOLE_HEAD + b"{" * 40_000, 30),
    "in a body, answered early": (_SSE_HEAD + chunk(b'data: {"n": 1}\n\n'), 15),
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
            client, _request(scene.port, "/v1/chat/completions", *fields) + b"{" * sent
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


CHECKS: dict[str, Callable[[Scene], Coroutine[object, object, None]]] = {
    "stall": stall,
    "upload": upload,
    "streams": streams,
    "abort": abort,
}


def check(name: str, report: Report) -> None:
    """Run one check against a proxy of its own."""
    print(f"\n{name}: {(CHECKS[name].__doc__ or '').strip()}", flush=True)
    with tempfile.TemporaryDirectory() as folder, Household(Path(folder)) as household:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        port, upstream = free_port(), free_port()
        command = ours(port, f"http://127.0.0.1:{upstream}/v1")
        environment = {"TMPDIR": str(temporary)}
        proxy = household.start(
            "openaiproxy", command, port, PROXY_CORE, environment, SOFT_DESCRIPTORS
        )
        asyncio.run(CHECKS[name](Scene(proxy, port, upstream, temporary, report)))


def main(names: list[str]) -> int:
    """:returns: the exit code."""
    unknown = set(names) - set(CHECKS)
    if unknown:
        print(
            f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(CHECKS)}", file=sys.stderr
        )
        return 2
    print(
        versions_of("Twisted", "treq"),
        "-",
        "one core each for proxy and load" if LOAD_CORE else "a single core",
    )
    pin_self(LOAD_CORE)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    for name in names or CHECKS:
        check(name, report)
    print(f"\n{len(report.failed)} bounds failed" if report.failed else "\nall bounds hold")
    return 1 if report.failed else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
