"""What it costs to translate one text delta, against reading its JSON with the standard library.

``python bench/translate.py`` prints, for each direction, how the deltas come (each in a chunk of
its own, or twenty in a chunk), and several lengths of a stream: microseconds for one delta, SSE
bytes in and SSE bytes out, and how many times the cost of ``json.loads`` of the same event this is.

Two things are judged, and the exit status is 1 if either fails:

* in the directions from Responses, a delta costs at most 2.5 times ``json.loads``;
* in each direction, one of a longer stream costs at most 1.2 times one of the shortest.

All cases are timed in turn, round after round, each with ``json.loads`` right before it, so that a
noisy machine troubles both alike. The least of the rounds is judged, and the median shown beside
it. Time is that of the processor. Garbage is collected as in service.
"""

import argparse
import itertools
import json
import re
import sys
import time
from collections.abc import Callable, Iterator
from statistics import median

from attrs import field, frozen

from openaiproxy.dialects.chat.wire import CHAT
from openaiproxy.dialects.dialect import Dialect
from openaiproxy.dialects.messages.wire import MESSAGES
from openaiproxy.dialects.responses.wire import RESPONSES
from openaiproxy.hub.parts import Text
from openaiproxy.hub.request import Request, Role, Turn
from openaiproxy.translation import Stream, Translation

__all__ = ["main"]

LIMIT, GROWTH = 2.5, 1.2
LENGTHS = (2_000, 20_000, 80_000)
BATCHES = (1, 20)
WORDS = (" the", " quick", " brown", " fox", " said:", ' "no"', " and", " left.", " caf\u00e9")
PADDING = "Zn8rWq0aYk3xT"
SAID = re.compile(r'"(?:text|content|delta)":("(?:[^"\\]|\\.)+")')
"""Text in what is written."""


def record(body: dict[str, object], event: str = "") -> bytes:
    """One event as its vendor frames it."""
    data = json.dumps(body, separators=(",", ":"), ensure_ascii=False)
    return (f"event: {event}\ndata: {data}\n\n" if event else f"data: {data}\n\n").encode()


def response(kind: str, number: int, **fields: object) -> bytes:
    """One event of Responses."""
    return record({"type": kind, **fields, "sequence_number": number}, kind)


def response_opening() -> bytes:
    """What stands before the first delta."""
    reply = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "output": []}
    item = {"id": "msg_1", "type": "message", "content": [], "role": "assistant"}
    part = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    place = {"output_index": 0, "item_id": "msg_1", "content_index": 0}
    return (
        response("response.created", 0, response={**reply, "status": "in_progress"})
        + response("response.output_item.added", 1, output_index=0, item=item)
        + response("response.content_part.added", 2, **place, part=part)
    )


def response_delta(number: int, word: str) -> bytes:
    """A delta, padded as OpenAI pads it."""
    return response(
        "response.output_text.delta",
        number + 3,
        content_index=0,
        delta=word,
        item_id="msg_0e10670c091907160068f6fab0d2b08190872e4c7e64f1a219",
        logprobs=[],
        obfuscation=PADDING[: 4 + number % 9],
        output_index=0,
    )


def chat_delta(number: int, word: str) -> bytes:
    """A chunk of one word, padded as OpenAI pads it."""
    choice = {"index": 0, "delta": {"content": word}, "logprobs": None, "finish_reason": None}
    return record(
        {
            "id": "chatcmpl-CNkSZ9l1Yq0cPnXyV3mW7dR2tB8uA",
            "object": "chat.completion.chunk",
            "created": 1760000000,
            "model": "gpt-4o-mini-2024-07-18",
            "service_tier": "default",
            "system_fingerprint": "fp_560af6e559",
            "choices": [choice],
            "usage": None,
            "obfuscation": PADDING[: 4 + number % 9],
        }
    )


def messages_opening() -> bytes:
    """What stands before the first delta."""
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": []}
    usage = {"input_tokens": 9, "output_tokens": 1}
    block = {"type": "text", "text": ""}
    start, begin = "message_start", "content_block_start"
    return record({"type": start, "message": {**message, "usage": usage}}, start) + record(
        {"type": begin, "index": 0, "content_block": block}, begin
    )


def messages_delta(_number: int, word: str) -> bytes:
    """A delta of a block."""
    kind = "content_block_delta"
    return record({"type": kind, "index": 0, "delta": {"type": "text_delta", "text": word}}, kind)


@frozen
class Direction:
    """From an upstream's dialect to a caller's.

    :param judged: whether it can be too dear.
    """

    upstream: Dialect
    caller: Dialect
    opening: bytes = field(repr=False)
    delta: Callable[[int, str], bytes]
    judged: bool = False

    @property
    def title(self) -> str:
        """Its name in the table."""
        return f"{self.upstream.name} -> {self.caller.name}"

    def deltas(self, count: int) -> list[bytes]:
        """That many events."""
        return [self.delta(n, WORDS[n % len(WORDS)]) for n in range(count)]

    def stream(self) -> Stream:
        """A fresh stream that has begun."""
        asked = Request("m", (Turn(Role.USER, (Text("hi"),)),), stream=True)
        ids = itertools.count()
        made = Translation.of(
            json.dumps(self.caller.render_request(asked).body).encode(),
            caller=self.caller,
            upstream=self.upstream,
            now=lambda: 1.0,
            new_id=lambda prefix: f"{prefix}{next(ids)}",
        ).stream()
        made.feed(self.opening)
        return made


DIRECTIONS = (
    Direction(RESPONSES, CHAT, response_opening(), response_delta, judged=True),
    Direction(RESPONSES, MESSAGES, response_opening(), response_delta, judged=True),
    Direction(CHAT, MESSAGES, chat_delta(0, ""), chat_delta),
    Direction(CHAT, RESPONSES, chat_delta(0, ""), chat_delta),
    Direction(MESSAGES, CHAT, messages_opening(), messages_delta),
    Direction(MESSAGES, RESPONSES, messages_opening(), messages_delta),
)


@frozen
class Case:
    """A stream to be timed.

    :param chunks: its deltas, as they arrive.
    :param datas: the JSON of some of them.
    :param costs: microseconds for a delta, one of each round.
    :param reads: microseconds for ``json.loads``, one of each round.
    """

    direction: Direction
    length: int
    batch: int
    chunks: list[bytes] = field(repr=False)
    datas: list[bytes] = field(repr=False)
    costs: list[float] = field(factory=list)
    reads: list[float] = field(factory=list)

    def time(self) -> None:
        """One round."""
        loads, feed, clock = json.loads, self.direction.stream().feed, time.process_time
        begun = clock()
        for data in self.datas:
            loads(data)
        read = clock()
        for chunk in self.chunks:
            feed(chunk)
        done = clock()
        self.reads.append((read - begun) / len(self.datas) * 1e6)
        self.costs.append((done - read) / self.length * 1e6)

    def works(self) -> bool:
        """Whether every word comes out: what does nothing is fast."""
        stream = self.direction.stream()
        written = b"".join(map(stream.feed, self.chunks)).decode()
        expected = itertools.islice(itertools.cycle(WORDS), self.length)
        return [json.loads(word) for word in SAID.findall(written)] == list(expected)


def cases(lengths: tuple[int, ...]) -> Iterator[Case]:
    """All that is timed."""
    for direction in DIRECTIONS:
        events = direction.deltas(max(lengths))
        datas = [one.partition(b"data: ")[2].rstrip() for one in events[: min(lengths)]]
        for batch, length in itertools.product(BATCHES, lengths):
            chunks = [b"".join(events[at : at + batch]) for at in range(0, length, batch)]
            yield Case(direction, length, batch, chunks, datas)


def verdict(what: str, passed: bool) -> bool:
    """Prints a judgement, and gives it back."""
    print(f"{'PASS' if passed else 'FAIL'}  {what}")
    return passed


def report(timed: list[Case]) -> bool:
    """Prints the figures; whether those that are judged pass."""
    reads = {d: min(min(case.reads) for case in timed if case.direction is d) for d in DIRECTIONS}
    print("direction              a chunk   length   json.loads    delta   times   (medians)")
    worst = growth = 0.0
    shortest: float
    for case in timed:
        read, cost = reads[case.direction], min(case.costs)
        if case.length == min(one.length for one in timed):
            shortest = cost
        growth = max(growth, cost / shortest)
        usual = median(cost / read for cost, read in zip(case.costs, case.reads, strict=True))
        print(
            f"{case.direction.title:22} {case.batch:7} {case.length:8} {read:9.2f} us"
            f" {cost:5.2f} us  {cost / read:6.2f}      {usual:.2f}"
        )
        if case.direction.judged:
            worst = max(worst, cost / read)
    cheap = verdict(f"at most {LIMIT} times json.loads: {worst:.2f} at worst", worst <= LIMIT)
    flat = verdict(
        f"does not grow with the length of the stream: {growth:.2f} times (of at most {GROWTH})",
        growth <= GROWTH,
    )
    return cheap and flat


def main(arguments: list[str]) -> int:
    """Print the figures; the status to end with."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7, help="timings of each case")
    options = parser.parse_args(arguments)
    timed = list(cases(LENGTHS))
    broken = sorted({case.direction.title for case in timed if not case.works()})
    if broken:
        return int(not verdict(f"every word comes out: not {', '.join(broken)}", False))
    for _ in range(options.rounds):
        for case in timed:
            case.time()
    return int(not report(timed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
