"""Bodies in memory: only where they are asked for, and never more than their room."""

from typing import Any

from attrs import evolve
from twisted.internet.task import Clock

from openaiproxy.ops.shelf import Shelf
from openaiproxy.ops.watch import Watch
from openaiproxy.presets import PRESETS
from openaiproxy.profile import LogPolicy
from tests.ops.test_metrics import said


def kept(shelf: Shelf, *pieces: bytes, media: str = "application/json", coding: str = "") -> str:
    entries: list[str] = []
    body = shelf.body(entries.append, "upstream-request", media, coding)
    for piece in pieces:
        body.feed(piece)
    body.close()
    shelf.put(1, entries)
    [text] = shelf.of(1) or ("",)
    return text


def watch(**policy: Any) -> Watch:
    clock = Clock()
    profile = evolve(PRESETS["gateway"].profile, log=LogPolicy(**policy))
    return Watch([profile], clock.seconds, clock.seconds)


def test_none_are_kept_unless_the_profile_says_so_row_120() -> None:
    seen = watch()
    assert seen.shelves == {}
    seen.note(said(), ["upstream-request\nprompt\n---\n"])
    assert seen.bodies(1, "1") is None


def test_a_body_is_kept_by_its_requests_number_row_120() -> None:
    seen = watch(payload_ring=1000)
    seen.note(said(), ["upstream-request\nprompt\n---\n"])
    seen.note(said())
    assert seen.bodies(1, "1") == ("upstream-request\nprompt",)
    assert seen.bodies(2, "1") is None
    assert seen.bodies(1, "another") is None


def test_a_shelf_has_another_size_after_a_reload() -> None:
    seen = watch(payload_ring=1000)
    seen.note(said(), ["x" * 400])
    seen.note(said(), ["y" * 400])
    profile = PRESETS["gateway"].profile
    seen.keep([evolve(profile, log=LogPolicy(payload_ring=500))])
    assert seen.bodies(1, "1") is None
    assert seen.bodies(2, "1") == ("y" * 400,)
    seen.keep([profile])
    assert seen.bodies(2, "1") is None


def test_what_looks_like_a_key_is_masked_and_what_controls_a_terminal_is_escaped_row_124() -> None:
    shown = kept(Shelf(10_000, 1000), b'{"a": "sk-proj-abcdefgh', b'ijk", "b": "\x1b[2J"}')
    assert "sk-proj" not in shown
    assert "[redacted]" in shown
    assert "\\x1b[2J" in shown


def test_a_body_is_cut_and_what_is_no_text_is_named_by_its_size() -> None:
    shelf = Shelf(10_000, 10)
    assert kept(shelf, b"x" * 50_000).endswith("x... [truncated 49990 chars]")
    assert kept(shelf, b"\0" * 70, media="image/png") == "upstream-request\n<70 bytes of image/png>"


def test_the_oldest_go_when_the_room_is_spent_row_126() -> None:
    shelf = Shelf(1000, 10_000)
    for number in range(1, 10_001):
        shelf.put(number, ["é" * 50, "y" * 100])
    held = [number for number in range(1, 10_001) if number in shelf]
    assert held == [9996, 9997, 9998, 9999, 10_000]
    assert sum(len(each.encode()) for number in held for each in shelf.of(number) or ()) == 1000


def test_what_is_larger_than_all_the_room_is_not_kept() -> None:
    shelf = Shelf(100, 10_000)
    shelf.put(1, ["x" * 101])
    assert 1 not in shelf
    shelf.put(2, ["x" * 100])
    assert 2 in shelf
