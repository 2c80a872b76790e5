"""A short run of the fuzz, the same bodies every time; ``python -m tests.fuzz`` is the long one."""

from itertools import islice
from random import Random

from tests import corpus
from tests.fuzz import ROOM, fuzz, held, seeds, tried
from tests.mutation import spoilt
from tests.wires import WIRES

MANY = 40_000 if corpus.ALL else 2_000


def test_whatever_is_sent_only_our_own_errors_are_raised_and_little_is_held() -> None:
    found = list(islice(fuzz(iter(range(MANY)), lambda: False), 3))
    assert [(trouble.seed, trouble.target, trouble.where) for trouble in found] == []


def test_there_is_something_of_every_dialect_and_kind_to_spoil() -> None:
    kinds = {(seed.dialect, seed.kind) for seed in seeds()}
    assert {(name, kind) for name in WIRES for kind in ("request", "stream", "whole")} <= kinds


def test_a_seed_spoils_in_the_same_way_again() -> None:
    body = seeds()[0].body
    assert spoilt(body, body, Random(7)) == spoilt(body, body, Random(7)) != body
    assert tried(7) == tried(7)


def test_what_is_held_is_counted_whole() -> None:
    assert held([{"a": ["x" * ROOM]}]) > ROOM
    assert held([WIRES["chat"].dialect]) < 1_000
