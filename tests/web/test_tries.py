"""Wrong admin tokens, seen here and elsewhere."""

from twisted.internet.task import Clock

from openaiproxy.web.tries import Tries


def test_five_tries_are_enough_wherever_they_were_seen() -> None:
    clock, told = Clock(), list[str]()
    tries = Tries(clock.seconds, told.append)
    for _ in range(3):
        tries.hear("there")
    assert tries.wait("there") == 0
    tries.note("there")
    tries.note("there")
    assert told == ["there", "there"], "what was heard is not told again"
    assert tries.wait("there") == 60
    assert tries.wait("elsewhere") == 0
    clock.advance(59.5)
    assert tries.wait("there") == 1
    clock.advance(0.5)
    assert tries.wait("there") == 0


def test_tries_of_an_earlier_minute_are_forgotten() -> None:
    clock = Clock()
    tries = Tries(clock.seconds)
    for _ in range(4):
        tries.hear("there")
    clock.advance(60)
    tries.hear("there")
    assert tries.wait("there") == 0


def test_so_many_places_are_remembered_and_no_more() -> None:
    tries = Tries(Clock().seconds)
    for _ in range(5):
        tries.note("first")
    for number in range(1024):
        tries.note(str(number))
    assert tries.wait("first") == 0
