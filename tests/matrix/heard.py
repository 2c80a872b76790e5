"""What every client is asked, whatever it speaks, and what it is said to have heard.

A :class:`Question` is put by each client in its own words. What it makes of the answers comes back
as :class:`Heard` values, one for each answer of the upstream: a conversation with tools has several.
"""

import struct
import zlib
from collections import Counter
from typing import Any, Protocol

from attrs import field, frozen
from pydantic import BaseModel

__all__ = ["IMAGE", "IMAGE_URL", "SCHEMAS", "Heard", "Question", "Talk", "Tools", "Verdict"]


class Verdict(BaseModel):
    """What a structured answer holds."""

    label: str
    score: float
    sure: bool


def _schema(name: str) -> dict[str, Any]:
    properties = {name: {"type": "string"}}
    return {
        "type": "object",
        "properties": properties,
        "required": [name],
        "additionalProperties": False,
    }


SCHEMAS = {"weather": _schema("city"), "clock": _schema("zone")}
"""The tools that are offered, and their arguments."""

IMAGE_URL = "https://example.com/a.png"


def _png() -> bytes:
    """One black pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    )


IMAGE = _png()


@frozen
class Question:
    """What is asked.

    :param image: whether :data:`IMAGE` comes with it, and (where the client lets it) its URL.
    :param tools: whether :data:`SCHEMAS` are offered, and calls answered until none is made.
    :param schema: whether the answer is to be a :class:`Verdict`.
    :param thinks: whether the model is to think, and to show it.
    """

    text: str
    model: str
    stream: bool = False
    image: bool = False
    tools: bool = False
    schema: bool = False
    thinks: bool = False

    @property
    def raw(self) -> bool:
        """Whether it is nothing but a stream of text, which is read event by event, without the
        class that SDKs put together streams with; all other streams are read with it."""
        return self.stream and not (self.image or self.tools or self.schema or self.thinks)


@frozen
class Heard:
    """One answer, as a client's program sees it.

    :param calls: name and arguments of each call of a tool.
    :param end: ``stop``, ``tools``, or the client's own word where it is neither.
    :param usage: tokens in and out.
    :param pieces: in how many pieces the text came; of a whole answer one.
    :param parsed: what a structured answer was parsed to, as plain values.
    """

    text: str = ""
    calls: list[tuple[str, Any]] = field(factory=list)
    end: str = ""
    usage: tuple[int, int] = (0, 0)
    thoughts: str = ""
    pieces: int = 1
    parsed: Any = None


@frozen
class Tools:
    """The tools: each answers with its name and how often it was called."""

    counts: Counter[str] = field(factory=Counter)

    def run(self, name: str) -> str:
        """Call one."""
        self.counts[name] += 1
        return f"{name} {self.counts[name]}"


class Talk(Protocol):
    """A client at one port."""

    def ask(self, question: Question) -> list[Heard]:
        """Ask, and hear every answer up to the last."""
        ...

    def models(self) -> list[str]:
        """The names of the models that it is shown."""
        ...

    def count(self, text: str) -> int:
        """How many tokens a question has, as far as it is told."""
        ...

    def close(self) -> None:
        """Close its connections."""
        ...
