"""Recorded exchanges with the real services, read where they lie.

The folder is the one that ``OPENAIPROXY_CORPUS`` names, or ``../shared/corpus`` beside the
project. It is not part of the project: where it is absent, :func:`entries` is empty and
:data:`ABSENT` says so, and the tests that need it skip with these words.
"""

import base64
import json
import os
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from attrs import field, frozen

__all__ = ["ABSENT", "ALL", "Entry", "Recording", "entries", "load", "root", "sample", "supplement"]

ABSENT = "no recordings: set OPENAIPROXY_CORPUS to their folder"
ALL = os.environ.get("OPENAIPROXY_CORPUS_ALL") == "1"
"""Whether everything is to be tried, and not a sample."""

_DIALECTS = ("chat", "responses", "messages")


@frozen
class Entry:
    """One line of the index."""

    file: str
    dialect: str
    provider: str
    stream: bool
    status: int
    size: int


@frozen
class Recording:
    """One exchange.

    :param request: as it was sent; ``None`` where only the answer was kept.
    :param body: of the answer, decompressed.
    """

    entry: Entry
    request: dict[str, Any] | None = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def whole(self) -> bool:
        """Whether it is a whole answer that succeeded."""
        return not self.entry.stream and self.entry.status < 400

    @property
    def streamed(self) -> bool:
        """Whether it is a stream."""
        return self.entry.stream and self.entry.status < 400


def root() -> Path | None:
    """Where the recordings are, if they are."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus"
    found = Path(os.environ.get("OPENAIPROXY_CORPUS", beside))
    return found if (found / "index.jsonl").is_file() else None


@cache
def entries() -> tuple[Entry, ...]:
    """Every create call of the three dialects, in the order of the index."""
    folder = root()
    if folder is None:
        return ()
    lines = (json.loads(line) for line in (folder / "index.jsonl").read_bytes().splitlines())
    return tuple(
        Entry(
            line["file"],
            line["dialect"],
            line["provider"],
            line["stream"],
            line["status"],
            line["bytes"],
        )
        for line in lines
        if line["op"] == "create" and line["dialect"] in _DIALECTS
    )


def load(entry: Entry) -> Recording:
    """An entry's exchange."""
    folder = root()
    assert folder is not None, ABSENT
    found = json.loads((folder / entry.file).read_bytes())
    body = found["response"]["body"]
    coded = found["response"].get("body_encoding") == "base64"
    request = found["request"]["body"] if found["request"].get("known") else None
    return Recording(
        entry,
        request if isinstance(request, dict) else None,
        base64.b64decode(body) if coded else body.encode(),
    )


def supplement() -> tuple[Entry, ...]:
    """Streams glued from a real beginning and a real error frame."""
    folder = root()
    files = sorted((folder / "supplement").glob("*.json")) if folder else []
    return tuple(
        Entry(f"supplement/{file.name}", file.name.partition("_")[0], "", True, 200, 0)
        for file in files
    )


def sample(found: tuple[Entry, ...], count: int) -> tuple[Entry, ...]:
    """Some of them, the same ones everywhere and always; all of them if ``ALL``.

    Small files are preferred (no more than 60 kB), so that a sample is quick.
    """
    if ALL:
        return found
    small = [entry for entry in found if entry.size <= 60_000]
    return tuple(sorted(small, key=lambda entry: sha256(entry.file.encode()).digest())[:count])
