"""Clients as they come: some read to the end, some slowly, some not for a while; some leave, some fall silent for good.

Each is a coroutine that makes one request and says what it found: ``True`` for an answer that it read and that was
whole, ``False`` for one that wasn't, ``None`` where it didn't stay for it. What they do is drawn from a seeded source.
"""

import asyncio
import json
import re
import socket
import struct
from collections.abc import Awaitable, Callable
from random import Random

from attrs import frozen
from http_ends import body_of, head_of
from tools import FIELDS, SHAPES, Tools

__all__ = ["Ask", "Caller", "call", "draw"]

_RESET = struct.pack("ii", 1, 0)
_SMALL = 1 << 14
_STAMP = re.compile(rb"@\d{19}@")
_PATIENCE = 120.0


@frozen
class Ask:
    """A request: to which port, what is sent, and the shape of the answer."""

    port: int
    sent: bytes
    shape: str

    @classmethod
    def made(cls, tools: Tools, port: int, shape: str) -> "Ask":
        """A request for Chat."""
        body = tools.body(shape).read_bytes()
        fields = {**FIELDS, "Content-Type": "application/json", "Content-Length": str(len(body))}
        head = ["POST /v1/chat/completions HTTP/1.1", f"Host: 127.0.0.1:{port}"]
        head += [f"{name}: {value}" for name, value in fields.items()]
        return cls(port, "\r\n".join(head).encode() + b"\r\n\r\n" + body, shape)

    def whole(self, status: str, body: bytes) -> bool:
        """Whether an answer is all that was asked for."""
        if " 200 " not in status:
            return False
        if SHAPES[self.shape].whole:
            return _is_whole(body)
        ended = body.rstrip().endswith(b"data: [DONE]")
        return ended and len(_STAMP.findall(body)) == SHAPES[self.shape].chunks


def _is_whole(body: bytes) -> bool:
    try:
        choice = json.loads(body)["choices"][0]
        return choice["finish_reason"] == "stop" and bool(choice["message"]["content"])
    except (ValueError, KeyError, IndexError):
        return False


@frozen
class Caller:
    """One who has connected."""

    ask: Ask
    random: Random
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def finish(self) -> bool:
        """Read to the end."""
        self.writer.write(self.ask.sent)
        return await self._read()

    async def crawl(self) -> bool:
        """Read to the end, with a rest after each piece for a while."""
        self.writer.write(self.ask.sent)
        return await self._read(rests=self.random.randrange(20, 200), rest=0.02)

    async def pause(self) -> bool:
        """Read nothing for some seconds, then to the end."""
        self.writer.write(self.ask.sent)
        return await self._read(rests=1, rest=self.random.uniform(2, 8))

    async def leave_before_asked(self) -> None:
        """Leave in the middle of the request."""
        self.writer.write(self.ask.sent[: self.random.randrange(1, len(self.ask.sent))])
        await asyncio.sleep(self.random.uniform(0, 0.05))

    async def leave_waiting(self) -> None:
        """Leave at some moment after the request."""
        self.writer.write(self.ask.sent)
        await asyncio.sleep(self.random.uniform(0, 0.02))

    async def leave_within(self) -> None:
        """Leave after the first bytes of the answer."""
        self.writer.write(self.ask.sent)
        await self.reader.read(self.random.randrange(1, _SMALL))

    async def vanish_asking(self) -> None:
        """Send a part of the request and then nothing, until the other side has had enough."""
        self.writer.write(self.ask.sent[: self.random.randrange(1, len(self.ask.sent))])
        while await self.reader.read(_SMALL):
            pass

    async def vanish_listening(self) -> None:
        """Read nothing of the answer and say nothing, for longer than the other side waits."""
        self.writer.write(self.ask.sent)
        self.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await asyncio.sleep(self.random.uniform(20, 40))

    async def _read(self, rests: int = 0, rest: float = 0.0) -> bool:
        try:
            head = await head_of(self.reader)
            body = bytearray()
            async for piece in body_of(head, self.reader):
                body += piece
                if rests:
                    rests -= 1
                    await asyncio.sleep(rest)
        except (asyncio.IncompleteReadError, ConnectionError):
            return False
        return self.ask.whole(head.line, bytes(body))


Course = Callable[[Caller], Awaitable[bool | None]]

#: What they do, how often, and for which answers.
_COURSES: tuple[tuple[Course, int, tuple[str, ...]], ...] = (
    (Caller.finish, 8, ("whole", "text", "fast", "paced", "large")),
    (Caller.crawl, 4, ("fast", "paced", "large", "long")),
    (Caller.pause, 2, ("fast", "paced", "large", "long")),
    (Caller.leave_before_asked, 4, ("whole", "fast")),
    (Caller.leave_waiting, 6, ("whole", "text", "fast", "paced")),
    (Caller.leave_within, 8, ("large", "fast", "paced", "long")),
    (Caller.vanish_asking, 1, ("whole", "fast")),
    (Caller.vanish_listening, 1, ("large", "paced", "long")),
)


def draw(random: Random) -> tuple[Course, str]:
    """What the next client does, and the shape of the answer that it asks for."""
    course, _, shapes = random.choices(_COURSES, [weight for _, weight, _ in _COURSES])[0]
    return course, random.choice(shapes)


async def call(ask: Ask, course: Course, random: Random) -> bool | None:
    """One client, from its connection to its going, which is a close or a reset.

    :returns: see the module's text; ``False`` as well for one that was kept waiting for two minutes.
    """
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", ask.port))
    reader, writer = await asyncio.open_connection(sock=sock, limit=_SMALL)
    try:
        async with asyncio.timeout(_PATIENCE):
            return await course(Caller(ask, random, reader, writer))
    except TimeoutError:
        return False
    except ConnectionError:
        return None
    finally:
        if random.random() < 0.5:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        writer.transport.abort()
