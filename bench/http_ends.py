"""Both ends of a proxied exchange on asyncio streams, as plain as they can be: no library that might be kind.

An upstream is a coroutine that gets a :class:`Received` and writes whatever it likes. A client writes bytes and reads
an answer's head and body. Bodies are read as they are framed, and a body that isn't whole raises.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from attrs import define

__all__ = ["Head", "Received", "body_of", "chunk", "connect", "head_of", "noticed_close", "serve"]

_BUFFER = 1 << 18


@define
class Head:
    """The head of a message: its first line, and its fields with lower-case names."""

    line: str
    fields: dict[str, str]


@define
class Received:
    """A request's head, and the connection on which its body comes and its answer goes."""

    head: Head
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


async def serve(port: int, answer: Callable[[Received], Awaitable[None]]) -> asyncio.Server:
    """Listen on 127.0.0.1; each connection is answered request after request until either side closes."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await answer(Received(await head_of(reader), reader, writer))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass  # cancelled when the loop ends
        finally:
            writer.close()

    return await asyncio.start_server(connected, "127.0.0.1", port, limit=_BUFFER, backlog=4096)


async def connect(port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A client's connection."""
    return await asyncio.open_connection("127.0.0.1", port, limit=_BUFFER)


async def head_of(reader: asyncio.StreamReader) -> Head:
    """Read a head.

    :raises asyncio.IncompleteReadError: when the peer closed instead.
    """
    line, *fields = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (field.partition(":") for field in fields if field)
    return Head(line, {name.lower(): value.strip() for name, _, value in pairs})


async def body_of(head: Head, reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """Read a body piece by piece, as its head frames it.

    :raises asyncio.IncompleteReadError: when it ends before it is whole.
    """
    if head.fields.get("transfer-encoding") == "chunked":
        while size := int(await reader.readuntil(b"\r\n"), 16):
            yield (await reader.readexactly(size + 2))[:-2]
        await reader.readexactly(2)
        return
    left = int(head.fields.get("content-length", 0))
    while left:
        piece = await reader.read(min(left, _BUFFER))
        if not piece:
            raise asyncio.IncompleteReadError(b"", left)
        left -= len(piece)
        yield piece


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; empty data is its end."""
    return b"%x\r\n%b\r\n" % (len(data), data)


async def noticed_close(reader: asyncio.StreamReader) -> float:
    """Wait until the peer's close or reset is noticed.

    :returns: the loop's time then.
    """
    try:
        while await reader.read(_BUFFER):
            pass
    except ConnectionError:
        pass
    return asyncio.get_running_loop().time()
