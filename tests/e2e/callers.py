"""The SDK's two clients behind one face, so that each thing is asked once in a test and by both.

What is asked is a function of the client. The sync client answers it at once; the async client's
answer is awaited, in a loop of its own. All methods block, and are for a thread beside the reactor's.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define, field
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from tests.e2e.house import Place

__all__ = ["AsyncCaller", "Caller", "SyncCaller"]

Ask = Callable[[Any], Any]


def _settings(place: Place) -> dict[str, Any]:
    """What both are told. Proxies of the machine's own are left aside (``trust_env``)."""
    return {
        "base_url": place.base_url,
        "api_key": "unused" if place.keyed else "sk-of-the-caller",
        "organization": "org-of-the-caller",
        "project": "proj-of-the-caller",
        "default_headers": place.caller_headers,
        "max_retries": 0,
        "timeout": 10.0,
    }


@define(eq=False)
class SyncCaller:
    """``OpenAI``."""

    place: Place
    client: OpenAI = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.client = OpenAI(
            **_settings(self.place), http_client=DefaultHttpxClient(trust_env=False)
        )

    def call(self, ask: Ask) -> Any:
        """Ask, and return what comes back."""
        return ask(self.client)

    def items(self, ask: Ask, into: list[Any] | None = None) -> list[Any]:
        """The events of a stream, or the things of all pages of a list.

        :param into: where they are put as they come; of use where the stream breaks.
        """
        got = [] if into is None else into
        for each in ask(self.client):
            got.append(each)
        return got

    def save(self, ask: Ask, path: Path) -> None:
        """Stream an answer into a file."""
        with ask(self.client) as response:
            response.stream_to_file(path)

    def leave(self, ask: Ask) -> Any:
        """Take the first event of a stream, and go."""
        with ask(self.client) as stream:
            return next(iter(stream))

    def close(self) -> None:
        """Close its connections."""
        self.client.close()


@define(eq=False)
class AsyncCaller:
    """``AsyncOpenAI``."""

    place: Place
    client: AsyncOpenAI = field(init=False)
    _runner: asyncio.Runner = field(init=False, factory=asyncio.Runner)

    def __attrs_post_init__(self) -> None:
        self.client = AsyncOpenAI(
            **_settings(self.place), http_client=DefaultAsyncHttpxClient(trust_env=False)
        )

    def call(self, ask: Ask) -> Any:
        """Ask, and return what comes back."""

        async def call() -> Any:
            return await ask(self.client)

        return self._runner.run(call())

    def items(self, ask: Ask, into: list[Any] | None = None) -> list[Any]:
        """The events of a stream, or the things of all pages of a list.

        :param into: where they are put as they come; of use where the stream breaks.
        """
        got = [] if into is None else into

        async def items() -> None:
            async for each in await ask(self.client):
                got.append(each)

        self._runner.run(items())
        return got

    def save(self, ask: Ask, path: Path) -> None:
        """Stream an answer into a file."""

        async def save() -> None:
            async with ask(self.client) as response:
                await response.stream_to_file(path)

        self._runner.run(save())

    def leave(self, ask: Ask) -> Any:
        """Take the first event of a stream, and go."""

        async def leave() -> Any:
            async with await ask(self.client) as stream:
                return await anext(aiter(stream))

        return self._runner.run(leave())

    def close(self) -> None:
        """Close its connections and its loop."""
        self._runner.run(self.client.close())
        self._runner.close()


Caller = SyncCaller | AsyncCaller
