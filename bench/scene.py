"""What every check of a bound needs: a proxy with its port, an upstream's, and a place to say what was seen."""

from pathlib import Path

from attrs import define, field
from http_ends import Received, body_of, connect, head_of
from processes import Process

__all__ = ["MB", "SSE_HEAD", "Report", "Scene", "answer_small", "request", "warm"]

MB = 1_000_000
SSE_HEAD = (
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


def request(port: int, target: str, *fields: str, method: str = "POST") -> bytes:
    """A request's head."""
    lines = [
        f"{method} {target} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Authorization: Bearer sk-bench",
        *fields,
    ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


async def warm(scene: Scene) -> None:
    """A few requests, so that what grows later is the load's and not the first request's."""
    for _ in range(20):
        reader, writer = await connect(scene.port)
        writer.write(request(scene.port, "/v1/models", "Connection: close", method="GET"))
        async for _piece in body_of(await head_of(reader), reader):
            pass
        writer.close()
    scene.proxy.forget_peak()


async def answer_small(received: Received) -> None:
    """Answer with two bytes of JSON."""
    async for _ in body_of(received.head, received.reader):
        pass
    received.writer.write(
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    )
