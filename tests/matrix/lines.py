"""A vendor's client, sync or async, behind one face; both block, in a thread beside the reactor's.

What is asked is a function of the client, since both have the same methods and differ only in what
has to be awaited.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from attrs import define, field

__all__ = ["AsyncLine", "Line", "SyncLine"]

Ask = Callable[[Any], Any]


@define(eq=False)
class SyncLine:
    """A client that blocks."""

    client: Any

    def call(self, ask: Ask) -> Any:
        """Ask, and return what comes back."""
        return ask(self.client)

    def listed(self, ask: Ask) -> list[Any]:
        """What a stream or a list of pages holds."""
        return list(ask(self.client))

    def helped(self, ask: Ask, final: str) -> tuple[list[Any], Any]:
        """Stream with the client's own stream class.

        :param final: its method that gives the whole answer.
        :return: the events, and the whole answer.
        """
        with ask(self.client) as stream:
            return list(stream), getattr(stream, final)()

    def close(self) -> None:
        """Close its connections."""
        self.client.close()


@define(eq=False)
class AsyncLine:
    """A client that is awaited, in a loop of its own."""

    client: Any
    _runner: asyncio.Runner = field(init=False, factory=asyncio.Runner)

    def call(self, ask: Ask) -> Any:
        """As :meth:`SyncLine.call`."""

        async def call() -> Any:
            return await ask(self.client)

        return self._runner.run(call())

    def listed(self, ask: Ask) -> list[Any]:
        """As :meth:`SyncLine.listed`."""

        async def listed() -> list[Any]:
            asked = ask(self.client)
            stream = await asked if asyncio.iscoroutine(asked) else asked
            return [each async for each in stream]

        return self._runner.run(listed())

    def helped(self, ask: Ask, final: str) -> tuple[list[Any], Any]:
        """As :meth:`SyncLine.helped`."""

        async def helped() -> tuple[list[Any], Any]:
            async with ask(self.client) as stream:
                events = [each async for each in stream]
                return events, await getattr(stream, final)()

        return self._runner.run(helped())

    def close(self) -> None:
        """Close its connections and its loop."""
        self._runner.run(self.client.close())
        self._runner.close()


Line = SyncLine | AsyncLine
