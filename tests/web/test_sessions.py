"""Sessions: what admits, and what does not."""

import pytest
from twisted.internet.task import Clock

from openaiproxy.web.sessions import LIFETIME, Sessions

TOKEN = "the-operators-token"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sessions(clock: Clock) -> Sessions:
    return Sessions(TOKEN, b"salt", clock.seconds)


def test_a_session_admits_until_its_time_is_over(sessions: Sessions, clock: Clock) -> None:
    value = sessions.begin()
    clock.advance(LIFETIME - 1)
    assert sessions.admits([b"", b"another", value])
    clock.advance(1)
    assert not sessions.admits([value])


def test_a_session_is_not_the_token_and_no_two_are_the_same(sessions: Sessions) -> None:
    one, other = sessions.begin(), sessions.begin()
    assert one != other
    assert TOKEN.encode() not in one


def test_a_value_with_any_byte_changed_admits_nobody(sessions: Sessions) -> None:
    value = sessions.begin()
    for place in range(len(value)):
        changed = bytearray(value)
        changed[place] ^= 1
        assert not sessions.admits([bytes(changed)])


@pytest.mark.parametrize(
    "value", [b"", b".", b"..", b"9999999999.x.", b"9999999999..", b"a.b.c", b"1" * 10_000]
)
def test_what_is_no_session_admits_nobody(sessions: Sessions, value: bytes) -> None:
    assert not sessions.admits([value])
    sessions.end([value])


@pytest.mark.parametrize(
    ("token", "salt"), [("another-token", b"salt"), (TOKEN, b"another salt"), (None, b"salt")]
)
def test_a_session_outlives_neither_its_token_nor_its_process(
    sessions: Sessions, clock: Clock, token: str | None, salt: bytes
) -> None:
    assert not Sessions(token, salt, clock.seconds).admits([sessions.begin()])


def test_a_session_that_was_ended_admits_nobody(sessions: Sessions) -> None:
    one, other = sessions.begin(), sessions.begin()
    sessions.end([one])
    assert not sessions.admits([one])
    assert sessions.admits([other])


def test_a_session_that_was_ended_elsewhere_admits_nobody_and_is_not_told_again(
    clock: Clock,
) -> None:
    told: list[str] = []
    here, elsewhere = (Sessions(TOKEN, b"salt", clock.seconds, told.append) for _ in range(2))
    value = here.begin()
    elsewhere.end([value])
    assert told == [value.decode()]
    here.hear(told[0])
    here.hear("no session")
    assert not here.admits([value])
    assert told == [value.decode()]


def test_what_was_ended_is_remembered_as_long_as_it_matters(
    sessions: Sessions, clock: Clock
) -> None:
    for _ in range(3000):
        sessions.end([sessions.begin()])
    assert len(sessions._ended) == 1024
    clock.advance(LIFETIME)
    sessions.end([])
    assert sessions._ended == {}
