"""A small load generator on asyncio, for where the one in C isn't at hand.

It costs more CPU time than some of what it loads, so it shows ratios between proxies that share its upstream, and
neither rates nor delays below a millisecond. Prints one JSON object: ``done``, ``err``, ``events``, and ``ttft_ms``,
the time from a request to its first event: ``p50`` and ``p99``.
"""

import argparse
import asyncio
import json
import time
from pathlib import Path

from attrs import define, field
from http_ends import body_of, connect, head_of

__all__ = ["Load"]


@define
class Load:
    """Connections that send one request after another, until a number or a time is reached.

    :param request: the bytes of one.
    :param limit: requests in all, ``None`` for no limit.
    :param seconds: after which none is begun.
    """

    port: int
    request: bytes
    limit: int | None
    seconds: float
    done: int = 0
    err: int = 0
    begun: int = 0
    events: int = 0
    first_ms: list[float] = field(factory=list)

    async def run(self, connections: int, ramp: float) -> None:
        """Load the port.

        :param ramp: connections opened per second.
        """
        ends = time.monotonic() + self.seconds
        await asyncio.gather(
            *(self._connection(number / ramp, ends) for number in range(connections))
        )

    async def _connection(self, delay: float, ends: float) -> None:
        await asyncio.sleep(delay)
        reader, writer = await connect(self.port)
        while time.monotonic() < ends and (self.limit is None or self.begun < self.limit):
            self.begun += 1
            try:
                await self._exchange(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                self.err += 1
                writer.close()
                reader, writer = await connect(self.port)
            self.done += 1
        writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = time.monotonic()
        writer.write(self.request)
        head = await head_of(reader)
        first = True
        async for piece in body_of(head, reader):
            if first:
                self.first_ms.append((time.monotonic() - asked) * 1000)
                first = False
            self.events += piece.count(b"\n\n")
        if " 200 " not in head.line:
            self.err += 1


def main() -> None:
    """The command line is a part of that of the generator in C."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-p", type=int, required=True, help="port")
    parser.add_argument("-P", default="/v1/chat/completions", help="path")
    parser.add_argument("-b", type=Path, required=True, help="file of the request's body")
    parser.add_argument("-c", type=int, default=1, help="connections")
    parser.add_argument("-n", type=int, help="requests in all")
    parser.add_argument("-T", type=float, default=600, help="seconds")
    parser.add_argument("-H", action="append", default=[], help="a field of the request")
    parser.add_argument("-r", type=float, default=1e9, help="connections opened per second")
    options = parser.parse_args()
    body = options.b.read_bytes()
    head = [
        f"POST {options.P} HTTP/1.1",
        f"Host: 127.0.0.1:{options.p}",
        *options.H,
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    load = Load(options.p, ("\r\n".join(head) + "\r\n\r\n").encode() + body, options.n, options.T)
    asyncio.run(load.run(options.c, options.r))
    first = sorted(load.first_ms)
    said = {
        "done": load.done,
        "err": load.err,
        "events": load.events,
        "ttft_ms": {f"p{part}": first[(len(first) - 1) * part // 100] for part in (50, 99)}
        if first
        else None,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
