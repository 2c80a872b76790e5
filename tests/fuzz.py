"""Arbitrary bytes for every parser: no exception but ours, and nothing that grows without bound.

``python -m tests.fuzz --seconds 60`` spoils recordings (and answers made by hand, where there are
none) and feeds them to everything that reads what others send: requests, whole answers, streams
cut anywhere, bad answers, the tap. What goes wrong is printed once for each place in the code, with
the bytes in a file and the seed that made them; ``--seed`` tries one again.
"""

import argparse
import gc
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from itertools import count
from pathlib import Path
from random import Random
from types import FunctionType, MethodType, ModuleType
from typing import Any

from attrs import frozen

from openaiproxy.errors import BadRequest, BadUpstream
from openaiproxy.passthrough import Tap
from openaiproxy.translation import Translation
from openaiproxy.wire import json
from openaiproxy.wire.sse import Decoder
from tests import corpus
from tests.corpus import load
from tests.exchange import RESPONSES, between, frames
from tests.mutation import spoilt
from tests.scripted import call, created, done, ended, message, reasoning, speech, thinking
from tests.wires import WIRES, read

__all__ = ["Trouble", "fuzz", "main", "tried"]

ROOM = 30_000
"""Bytes that may be held beside what was read."""
TIMES = 20
"""Bytes that may be held for each byte read: Python's objects are large, and short texts many."""


@frozen
class Trouble:
    """What went wrong with some bytes.

    :param where: the place in the code, or what was found to be wrong.
    """

    seed: int
    target: str
    where: str
    body: bytes


@frozen
class Seed:
    """Something that was really sent."""

    dialect: str
    kind: str
    body: bytes


@cache
def seeds() -> tuple[Seed, ...]:
    """Recordings of moderate size, or what we say ourselves."""
    found = [seed for name in WIRES for seed in _own(name)]
    for entry in corpus.entries():
        if entry.size > 40_000 or sha256(entry.file.encode()).digest()[0] % 4:
            continue
        recording = load(entry)
        kind = "error" if entry.status >= 400 else "stream" if entry.stream else "whole"
        found.append(Seed(entry.dialect, kind, recording.body))
        if recording.request is not None:
            found.append(Seed(entry.dialect, "request", json.dumps(recording.request)))
    return tuple(found)


def _own(name: str) -> Iterator[Seed]:
    words, called, thought = message("Hi"), call("f", '{"a":1}'), reasoning("Hm.")
    translation = between(WIRES[name].dialect, RESPONSES, {"stream": True})
    events = (created(), *thinking(0, thought), *speech(1, words, "Hi"), done(2, called), ended())
    stream = translation.stream()
    yield Seed(name, "stream", stream.feed(frames(*events)) + stream.eof())
    yield Seed(name, "whole", translation.collect(frames(*events)).body)
    yield Seed(name, "request", between(WIRES[name].dialect, WIRES[name].dialect, {}).body)


def _request(body: bytes, caller: str, upstream: str, dice: Random) -> list[Any]:
    """A request is read, or refused in our words; what was read can be written."""
    numbers = count()
    try:
        made = Translation.of(
            body,
            caller=WIRES[caller].dialect,
            upstream=WIRES[upstream].dialect,
            now=lambda: 1.0,
            new_id=lambda prefix: f"{prefix}{next(numbers)}",
        )
    except BadRequest:
        return []
    json.loads_object(made.body)
    return [made]


def _stream(body: bytes, source: str, target: str, dice: Random) -> list[Any]:
    """A stream becomes one that is finished or failed, never both, and never neither."""
    stream = between(WIRES[target].dialect, WIRES[source].dialect, {"stream": True}).stream()
    written, start = [], 0
    while start < len(body):
        end = start + dice.choice([1, 7, 100, 5_000])
        written.append(stream.feed(body[start:end]))
        start = end
    written.append(stream.eof())
    told = read(b"".join(written))
    wire = WIRES[target]
    assert wire.failed(told) != (wire.finish(told) is not None), "finished and failed, or neither"
    assert stream.over
    return [stream]


def _whole(body: bytes, source: str, target: str, dice: Random) -> list[Any]:
    """A whole answer is read as one, as a stream, and as a bad answer."""
    translation = between(WIRES[target].dialect, WIRES[source].dialect, {})
    for answer in (translation.reply(body), translation.collect(body)):
        json.loads_object(answer.body)
        assert (answer.status < 400) == (answer.fault is None), "a status unlike its fault"
    read(translation.replay(body))
    refusal = translation.refusal(dice.choice([400, 404, 429, 500, 529, 999]), body)
    json.loads_object(refusal.body)
    return [translation]


def _tap(body: bytes, source: str, target: str, dice: Random) -> list[Any]:
    """The tap reads what it can, of any stream or answer."""
    taps = [Tap(WIRES[source].dialect, stream) for stream in (True, False)]
    cut = dice.randint(0, len(body))
    for tap in taps:
        tap.feed(body[:cut])
        tap.feed(body[cut:])
        tap.eof()
    return taps


def _bytes(body: bytes, source: str, target: str, dice: Random) -> list[Any]:
    """Framing and JSON by themselves."""
    decoder = Decoder()
    for blame in (BadRequest, BadUpstream):
        try:
            found = json.loads(body, blame)
            json.dumps(found)
        except blame:
            continue
    try:
        decoder.feed(body)
    except BadUpstream:
        return []
    return [decoder]


TARGETS: dict[str, Callable[[bytes, str, str, Random], list[Any]]] = {
    "request": _request,
    "stream": _stream,
    "whole": _whole,
    "tap": _tap,
    "bytes": _bytes,
}
FITTING = {"request": "request", "stream": "stream", "whole": "whole", "error": "whole"}


def tried(seed: int) -> Trouble | None:
    """One spoilt body, given to one reader.

    :param seed: says which, and how it is spoilt.
    """
    dice = Random(seed)
    one, other = dice.choice(seeds()), dice.choice(seeds())
    body = spoilt(one.body, other.body, dice)
    target = FITTING[one.kind] if dice.random() < 0.8 else dice.choice(list(TARGETS))
    other_name = dice.choice(list(WIRES))
    try:
        kept = TARGETS[target](body, one.dialect, other_name, dice)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{type(error).__name__} {place.name} {Path(place.filename).name}:{place.lineno}"
        return Trouble(seed, f"{target} {one.dialect} to {other_name}", f"{where}: {error}", body)
    if seed % 50 == 0 and held(kept) > ROOM + TIMES * len(body):
        where = f"{held(kept):,} bytes are held of {len(body):,}"
        return Trouble(seed, f"{target} {one.dialect} to {other_name}", where, body)
    return None


_SHARED = (type, ModuleType, FunctionType, MethodType)


def held(things: list[Any]) -> int:
    """Bytes of all that these hold, but for code."""
    seen: dict[int, Any] = {}
    waiting = list(things)
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, _SHARED) or found in _STATIC:
            continue
        seen[id(found)] = found
        waiting += gc.get_referents(found)
    return sum(map(sys.getsizeof, seen.values()))


class _Static:
    """What belongs to no exchange: the dialects."""

    def __contains__(self, found: Any) -> bool:
        return any(found is wire.dialect for wire in WIRES.values())


_STATIC = _Static()


def fuzz(numbers: Iterator[int], until: Callable[[], bool]) -> Iterator[Trouble]:
    """The troubles of these seeds, each place in the code once."""
    known: set[str] = set()
    for number in numbers:
        if until():
            return
        trouble = tried(number)
        if trouble is not None and trouble.where[:60] not in known:
            known.add(trouble.where[:60])
            yield trouble


def main(arguments: list[str]) -> int:
    """Spoil and feed; the status is 1 if something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, help="try this one alone")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    options = parser.parse_args(arguments)
    end = time.monotonic() + options.seconds
    tally = count()
    if options.seed is not None:
        numbers, until = iter([options.seed]), lambda: False
    else:
        numbers, until = count(options.start), lambda: next(tally) < 0 or time.monotonic() > end
    status = 0
    for trouble in fuzz(numbers, until):
        status = 1
        with tempfile.NamedTemporaryFile(prefix="fuzz-", delete=False) as file:
            file.write(trouble.body)
        print(f"seed {trouble.seed}, {trouble.target}: {trouble.where}\n  {file.name}", flush=True)
    print(f"{max(0, next(tally) - 1):,} bodies tried from seed {options.start}")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
