"""What the proxy holds of a recording that is transcribed, against a real ``twistd`` process.

``python bench/forms.py`` prints what was seen and PASS or FAIL for each bound, and exits 1 when one failed. A form of
100 MB, made on the fly, is sent to the profile ``simple`` in three ways; each time the process grows by less than
32 MB:

* the security key before the file: every byte of the file reaches the upstream, and no temporary file is opened;
* the security key behind the file: the form waits in a temporary file, which is gone afterwards;
* no right key at all: nothing reaches the upstream.
"""

import asyncio
import hashlib
import os
import resource
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from attrs import define, field
from http_ends import Head, Received, body_of, connect, head_of, serve
from processes import LOAD_CORE, PROXY_CORE, Household, free_port, ours, pin_self
from scene import MB, Report, Scene, answer_small

SIZE = 100 * MB
GROWTH = 32 * MB
KEY = "a-security-key"
TARGET = "/openai/audio/transcriptions"
_PART = '--b0und\r\nContent-Disposition: form-data; name="{}"{}\r\n\r\n'
_FILE = _PART.format("file", '; filename="long.wav"').encode()
_BLOCK = os.urandom(1 << 16)


def _key(shown: str) -> bytes:
    return (_PART.format("security_key", "") + shown + "\r\n").encode()


@define
class _Sink:
    """An upstream that hashes the file in what it gets.

    :ivar asked: requests that came.
    """

    asked: int = 0
    size: int = 0
    digest: "hashlib._Hash" = field(factory=hashlib.sha256)

    async def answer(self, received: Received) -> None:
        self.asked += 1
        head, left = b"", SIZE
        async for piece in body_of(received.head, received.reader):
            if head is not None:
                head += piece
                at = head.find(b"\r\n\r\n", max(head.find(b'name="file"'), 0))
                if b'name="file"' not in head or at < 0:
                    continue
                piece, head = head[at + 4 :], None
            taken = piece[:left]
            left -= len(taken)
            self.size += len(taken)
            self.digest.update(taken)
        # The body is read already.
        empty = Head("", {})
        await answer_small(Received(empty, received.reader, received.writer))


async def _form(before: bytes, behind: bytes, digest: "hashlib._Hash") -> AsyncIterator[bytes]:
    yield before + _FILE
    for at in range(0, SIZE, len(_BLOCK)):
        piece = (at.to_bytes(8, "big") + _BLOCK[8:])[: SIZE - at]
        digest.update(piece)
        yield piece
    yield b"\r\n" + behind + b"--b0und--\r\n"


async def _send(scene: Scene, before: bytes, behind: bytes) -> tuple[str, bytes]:
    """:returns: the answer's first line, and the file's digest."""
    length = len(before) + len(_FILE) + SIZE + 2 + len(behind) + len(b"--b0und--\r\n")
    lines = [
        f"POST {TARGET} HTTP/1.1",
        f"Host: 127.0.0.1:{scene.port}",
        "Content-Type: multipart/form-data; boundary=b0und",
        f"Content-Length: {length}",
    ]
    reader, writer = await connect(scene.port)
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    digest = hashlib.sha256()
    async for piece in _form(before, behind, digest):
        writer.write(piece)
        await writer.drain()
    head = await head_of(reader)
    writer.close()
    return head.line, digest.digest()


async def _check(
    scene: Scene, sink: _Sink, what: str, before: bytes, behind: bytes, status: int
) -> None:
    sink.asked, sink.size, sink.digest = 0, 0, hashlib.sha256()
    scene.proxy.forget_peak()
    rss, began, cpu = scene.proxy.rss(), time.monotonic(), scene.proxy.cpu()
    line, sent = await _send(scene, before, behind)
    grown, took = scene.proxy.peak_rss() - rss, time.monotonic() - began
    report = scene.report
    report.say(f"{what}: {line!r}, {took:.1f} s, {scene.proxy.cpu() - cpu:.1f} s of CPU time")
    report.bound(f"{what}: answered {status}", f" {status} " in line)
    if status == 200:
        whole = sink.size == SIZE and sink.digest.digest() == sent
        report.bound(f"{what}: the upstream got every byte ({sink.size / MB:.0f} MB)", whole)
    else:
        report.bound(f"{what}: nothing reached the upstream", sink.asked == 0)
    report.bound(f"{what}: the process grew by {grown / MB:.1f} MB (bound 32)", grown < GROWTH)
    left = [name for name in scene.proxy.open_files() if name.startswith(str(scene.temporary))]
    report.bound(f"{what}: no temporary file is left {left or ''}", not left)


async def _checks(scene: Scene) -> None:
    sink = _Sink()
    async with await serve(scene.upstream, sink.answer):
        await _check(scene, sink, "key first", _key(KEY), b"", 200)
        await _check(scene, sink, "key last", b"", _key(KEY), 200)
        await _check(scene, sink, "wrong key", _key("wrong"), b"", 403)


def main() -> int:
    """:returns: the exit code."""
    pin_self(LOAD_CORE)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    report = Report()
    with tempfile.TemporaryDirectory() as folder, Household(Path(folder)) as household:
        temporary = Path(folder) / "tmp"
        temporary.mkdir()
        port, upstream = free_port(), free_port()
        command = ours(port, f"http://127.0.0.1:{upstream}/v1")
        command[command.index("passthrough")] = "simple"
        environment = {"TMPDIR": str(temporary), "SECURITY_KEY": KEY}
        environment["OPENAIPROXY_API_KEY"] = "sk-bench"
        proxy = household.start("openaiproxy", command, port, PROXY_CORE, environment)
        asyncio.run(_checks(Scene(proxy, port, upstream, temporary, report)))
    print(f"\n{len(report.failed)} bounds failed" if report.failed else "\nall bounds hold")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
