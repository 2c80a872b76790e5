"""The same bytes into both of the server's wires, and what each made of them.

``python -m tests.web.both_wires --seconds 600 --seed 1`` goes on for a while by itself, with the rows of the table
of bad requests cut, joined and spoilt.
"""

import argparse
import random
import time
from collections.abc import Sequence

from attrs import frozen

from openaiproxy.web.site import OURS, TWISTED
from tests.web.connections import connect
from tests.web.test_bad_requests import BAD, GOOD, SMUGGLED, answer_all
from tests.web.wiring import Wired, wire

__all__ = ["ROWS", "Seen", "assert_no_looser", "see", "spoil"]

ROWS = [each.raw for each in (*BAD, *GOOD) if len(each.raw) < 4000]
_BYTES = [
    b"\r",
    b"\n",
    b"\r\n",
    b"\x00",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"0",
    b"5",
    b"\x80",
    b"\xff",
    b"chunked",
]


@frozen
class Seen:
    """What a wire made of one connection's bytes.

    :param requests: those that the application saw: method, target, body as far as it came, whether that was whole.
    :param refused: whether the wire refused anything.
    """

    requests: tuple[tuple[bytes, bytes, bytes, bool], ...]
    refused: bool


def see(on: str, pieces: Sequence[bytes]) -> Seen:
    """Send the pieces on a wire, and have every whole request answered.

    :raises Exception: whatever comes out of it.
    """
    wired = wire(on_wire=on)
    client = connect(wired)
    for piece in pieces:
        client.send(piece)
        answer_all(wired)
    client.lose()
    assert not wired.clock.getDelayedCalls(), "a timer is left"
    assert not [line for line in wired.lines if line["status"] == 500], "an exception was logged"
    return Seen(_requests(wired), any(_is_refusal(line) for line in wired.lines))


def _requests(wired: Wired) -> tuple[tuple[bytes, bytes, bytes, bool], ...]:
    return tuple(
        (
            each.method,
            each.target,
            bytes(each.upload.data),
            each.body is None or each.upload.finished,
        )
        for each in wired.upstream.asked
    )


def _is_refusal(line: dict[str, object]) -> bool:
    return line["method"] == "-" or line["code"] == "bad_framing"


def assert_no_looser(pieces: Sequence[bytes]) -> None:
    """Ours sees nothing that Twisted's refuses, nor anything else than it where both see.

    It may see more requests where Twisted's closed a connection for an answer that was given before the body was read.
    """
    ours, twisted = see(OURS, pieces), see(TWISTED, pieces)
    both = min(len(ours.requests), len(twisted.requests))
    for mine, theirs in zip(ours.requests[:both], twisted.requests[:both], strict=True):
        assert mine[:2] == theirs[:2], (mine, theirs)
        if mine[3]:
            assert mine == theirs, (mine, theirs)
        else:
            assert theirs[2].startswith(mine[2]) or mine[2].startswith(theirs[2]), (mine, theirs)
    if len(ours.requests) > both:
        assert not twisted.refused, (ours, twisted)


def spoil(chance: random.Random) -> list[bytes]:
    """Rows of the table, cut, joined and spoilt, in pieces."""
    raw = bytearray(b"".join(chance.choices(ROWS, k=chance.randint(1, 3))) + SMUGGLED)
    for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
        at = chance.randrange(len(raw))
        match chance.randrange(4):
            case 0:
                del raw[at : at + chance.choice((1, 1, 2, 20))]
            case 1:
                raw[at:at] = chance.choice(_BYTES)
            case 2:
                raw[at : at + 1] = bytes([chance.randrange(256)])
            case _:
                raw[at:at] = raw[at : at + chance.choice((1, 2, 10, 60))]
        raw = raw or bytearray(b"\r\n")
    return _cut(bytes(raw), chance)


def _cut(raw: bytes, chance: random.Random) -> list[bytes]:
    if chance.random() < 0.4:
        return [raw]
    size = chance.choice((1, 3, 17, 64))
    return [raw[start : start + size] for start in range(0, len(raw), size)]


def main() -> None:
    """Go on for a while."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    end, count = time.monotonic() + options.seconds, 0
    while time.monotonic() < end:
        pieces = spoil(random.Random(f"{options.seed}-{count}"))
        try:
            assert_no_looser(pieces)
        except BaseException:
            print(f"seed {options.seed}, round {count}: {pieces!r}")
            raise
        count += 1
    print(f"{count} connections on both wires, none seen differently")


if __name__ == "__main__":
    main()
